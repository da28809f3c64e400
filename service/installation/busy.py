"""The work that keeps the database busy (系统繁忙), as far as the installation knows it."""

from __future__ import annotations

from pathlib import Path

from catalog.kit.errors import Busy
from catalog.kit.processes import is_alive
from ingestion.imports.queue import QueueFull
from service.installation.runtime import Runtime

NIGHT_LOCK = ".nightly.lock"
"""The file that a nightly run holds; it names its process."""


def explained(runtime: Runtime, error: Busy) -> Busy:
    """The error with what is being done at the moment, where that is known."""
    doing = [] if isinstance(error, QueueFull) else _doing(runtime)
    if not doing:
        return error
    return Busy(f"{error.message}；{'，'.join(doing)}", hint=error.hint, retry_after=error.retry_after)


def _doing(runtime: Runtime) -> list[str]:
    importing = [f"正在导入《{file.file_name}》" for file in runtime.import_queue.files()[:1]]
    return [*importing, *(["夜间批处理正在运行"] if _is_night(runtime.settings.data) else [])]


def _is_night(data: Path) -> bool:
    try:
        process = (data / NIGHT_LOCK).read_text(encoding="utf-8")
    except OSError:
        return False
    return is_alive(process) is True
