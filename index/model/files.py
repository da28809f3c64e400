"""Finds a sentence-transformers model on this machine and identifies its content."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path

from index.model.package import MANIFEST, ModelUnavailableError

_FINGERPRINT_CACHE = ".patentdock-fingerprint.json"
_MODEL_SUFFIXES = {".safetensors", ".bin", ".json", ".txt", ".model"}
_OTHER_BACKENDS = ("onnx/*", "openvino/*", "*.onnx", "*.h5", "*.ot", "*.msgpack", "*.md")


def local_model_folder(model: str | Path) -> Path:
    """Return the folder of ``model``: the folder itself, or the hub's snapshot of a model name.

    A name is downloaded when this machine does not have it yet. Raises ``ModelUnavailableError``.
    """
    folder = Path(model)
    if folder.is_dir():
        if not (folder / "modules.json").is_file():
            raise ModelUnavailableError(
                f"文件夹 {folder} 不是 sentence-transformers 模型：缺少 modules.json",
                hint="请检查 PATENTDOCK_MODEL，应指向用 SentenceTransformer.save 保存的完整文件夹",
            )
        return folder
    return _hub_snapshot(str(model))


def _hub_snapshot(name: str) -> Path:
    from huggingface_hub import snapshot_download

    # As sentence-transformers does with the short names of its own models.
    repository = name if "/" in name else f"sentence-transformers/{name}"
    try:
        return Path(snapshot_download(repository, ignore_patterns=list(_OTHER_BACKENDS)))
    except (OSError, ValueError) as error:
        raise ModelUnavailableError(
            f"未找到模型 {name}：本机无此文件夹，也未能从模型站下载",
            hint="请检查 PATENTDOCK_MODEL 的写法，或改为本机的模型文件夹；删去该设置则使用默认模型",
        ) from error


def fingerprint(folder: Path) -> str:
    """Return 64 hex digits over names and content of the weights, tokenizer and configuration in ``folder``.

    Reading half a gigabyte takes a while, so the result is kept in the folder, where that can be written,
    with the size and time of every file.
    """
    files = _model_files(folder)
    state = {name: [(stat := path.stat()).st_size, stat.st_mtime_ns] for name, path in files.items()}
    cache = folder / _FINGERPRINT_CACHE
    with suppress(OSError, ValueError, KeyError):
        cached = json.loads(cache.read_text("utf-8"))
        if cached["files"] == state:
            return str(cached["fingerprint"])
    digest = hashlib.sha256()
    for name, path in files.items():
        with path.open("rb") as handle:
            digest.update(f"{name}\0{hashlib.file_digest(handle, 'sha256').hexdigest()}\n".encode())
    with suppress(OSError):
        fresh = cache.with_suffix(f".{os.getpid()}")
        fresh.write_text(json.dumps({"files": state, "fingerprint": digest.hexdigest()}), "utf-8")
        fresh.replace(cache)
    return digest.hexdigest()


def _model_files(folder: Path) -> dict[str, Path]:
    """Return the files that shape the vectors, by their path in ``folder``."""
    files = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*"))}
    return {
        name: path
        for name, path in files.items()
        if path.suffix in _MODEL_SUFFIXES
        and path.is_file()
        and name not in (MANIFEST, _FINGERPRINT_CACHE)
        and not name.startswith(("onnx/", "openvino/"))
    }
