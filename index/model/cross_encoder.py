"""Reads a need and a patent together with a cross-encoder (交叉编码器) of sentence-transformers.

The one place that knows the library's `CrossEncoder`. Pairs are read one at a time: without neighbours in a batch there is no
padding, so a pair's logit never depends on what else was read or when.
"""

from __future__ import annotations

import json
from pathlib import Path
from threading import Lock
from typing import Any

import torch
from sentence_transformers import CrossEncoder
from transformers.utils.logging import disable_progress_bar

from index.model.package import ModelUnavailableError

_HINT = (
    "请检查 PATENTDOCK_RERANKER，应指向用 CrossEncoder.save_pretrained 保存的完整文件夹；删去该设置则不重排"
)
_HEAD = "ForSequenceClassification"


class PairReader:
    """A cross-encoder with one output; threads may share it."""

    def __init__(self, model: CrossEncoder, name: str) -> None:
        self._model = model
        self._tokenizer_lock = Lock()
        self.name = name

    @classmethod
    def load(cls, model: str | Path) -> PairReader:
        """Load a cross-encoder from a folder or, by name, from the hub's files on this machine; nothing is downloaded.

        Raises ModelUnavailableError.
        """
        folder = cross_encoder_folder(model)
        disable_progress_bar()  # type: ignore[no-untyped-call]  # of the weights, on standard error
        try:
            loaded = CrossEncoder(str(folder), device="cpu", local_files_only=True)
        except (OSError, ValueError, ImportError, RuntimeError, KeyError) as error:
            raise ModelUnavailableError(f"交叉编码器 {model} 无法加载：{error}", hint=_HINT) from error
        if loaded.num_labels != 1:
            raise ModelUnavailableError(
                f"交叉编码器 {model} 有 {loaded.num_labels} 个输出，重排需要恰好一个", hint=_HINT
            )
        return cls(loaded.eval(), Path(model).name)

    @torch.inference_mode()
    def logit(self, need: str, text: str) -> float:
        """How well the text answers the need, any real number; both are cut to the model's length."""
        with self._tokenizer_lock:
            features = self._model.preprocess([(_clean(need), _clean(text))])
        scores: torch.Tensor = self._model(features)["scores"]
        return float(scores.float().reshape(-1)[0])


def cross_encoder_folder(model: str | Path) -> Path:
    """The folder of a cross-encoder given as a folder or as a name. Raises ModelUnavailableError."""
    folder = Path(model) if Path(model).is_dir() else _known_to_hub(str(model))
    # The library would give any other model a new head with random weights, and only log it.
    if not _is_cross_encoder(folder):
        raise ModelUnavailableError(
            f"文件夹 {folder} 不是交叉编码器：config.json 没有注明 {_HEAD} 结构", hint=_HINT
        )
    return folder


def _known_to_hub(name: str) -> Path:
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, local_files_only=True))
    except (OSError, ValueError) as error:
        raise ModelUnavailableError(
            f"找不到交叉编码器 {name}：本机没有这个文件夹，也没有下载过这个模型", hint=_HINT
        ) from error


def _is_cross_encoder(folder: Path) -> bool:
    kinds = _json(folder / "config.json").get("architectures") or []
    return any(str(kind).endswith(_HEAD) for kind in kinds)


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _clean(text: str) -> str:
    """Half surrogate pairs, which no tokenizer takes, become question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")
