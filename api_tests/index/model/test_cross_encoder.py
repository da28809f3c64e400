"""The cross-encoder: loading, refusals in words, and logits that are those of the library."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from sentence_transformers import CrossEncoder

from api_tests.index.model import tiny_cross_encoder
from index.model.cross_encoder import PairReader
from index.model.package import ModelUnavailableError

NEED = "电池在低温下充电慢"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_cross_encoder.write(tmp_path_factory.mktemp("reranker"))


def test_logits_are_the_library_s(folder: Path) -> None:
    reader = PairReader.load(folder)
    texts = ["一种动力电池加热方法", "一种养殖尾水处理装置" * 40, ""]
    expected = CrossEncoder(str(folder), device="cpu", local_files_only=True).predict(
        [(NEED, text) for text in texts], activation_fn=torch.nn.Identity(), show_progress_bar=False
    )
    assert [reader.logit(NEED, text) for text in texts] == pytest.approx(expected.tolist(), abs=1e-5)
    assert len(set(expected.tolist())) == 3
    assert reader.name == folder.name
    assert reader.logit(NEED, texts[0]) == reader.logit(NEED, texts[0])
    assert isinstance(reader.logit("半个\ud800", ""), float)


def test_what_is_no_cross_encoder_is_refused(folder: Path, tmp_path: Path, model_dir: Path) -> None:
    with pytest.raises(ModelUnavailableError, match="不是交叉编码器"):
        PairReader.load(model_dir)
    with pytest.raises(ModelUnavailableError, match="不是交叉编码器"):
        PairReader.load(tmp_path)
    with pytest.raises(ModelUnavailableError, match="找不到交叉编码器 示例/没有"):
        PairReader.load("示例/没有")
    with pytest.raises(ModelUnavailableError, match="有 3 个输出"):
        PairReader.load(tiny_cross_encoder.write(tmp_path / "three", labels=3))
    (folder_without_weights := tmp_path / "empty").mkdir()
    (folder_without_weights / "config.json").write_bytes((folder / "config.json").read_bytes())
    with pytest.raises(ModelUnavailableError, match="无法加载") as refusal:
        PairReader.load(folder_without_weights)
    assert "PATENTDOCK_RERANKER" in (refusal.value.hint or "")
