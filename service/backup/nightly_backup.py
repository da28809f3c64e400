"""The backup of every night, and the removal of old ones."""

from __future__ import annotations

from typing import Any

from catalog.kit.errors import PatentDockError, system_reason
from catalog.kit.progress import StepProgress
from service.backup import kept
from service.backup.making import BackupOptions, make
from service.installation.runtime import Runtime


def back_up(runtime: Runtime, progress: StepProgress) -> dict[str, Any]:
    """Backs up into the folder of the settings; the result names the backup, nothing without a folder, or the failure.

    Old backups are removed only when a new one is whole.
    """
    folder = runtime.settings.backup_dir
    result: dict[str, Any] = {
        "folder": str(folder or ""),
        "name": "",
        "files": 0,
        "bytes": 0,
        "remarks": [],
        "removed": [],
        "failed": "",
    }
    if folder is None:
        return result
    try:
        made = make(runtime, folder, BackupOptions(), progress)
        result |= {"name": made.name, "files": len(made.files), "bytes": made.size, "remarks": made.remarks}
        result["removed"] = kept.prune(folder, runtime.settings.backup_days, runtime.settings.backup_least)
    except PatentDockError as error:
        result["failed"] = str(error)
    except OSError as error:
        result["failed"] = f"{error.filename or folder} 无法读写：{system_reason(error)}"
    return result
