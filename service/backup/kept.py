"""The backups in a folder: listed, old ones removed."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from service.backup import backup_manifest
from service.backup.backup_manifest import BackupDamaged, BackupManifest

_REMOVED = ".removed-"


@dataclass(frozen=True, slots=True)
class KeptBackup:
    """A finished backup in a folder of backups; without `manifest` where that cannot be read."""

    folder: Path
    manifest: BackupManifest | None


def listed(folder: Path) -> list[KeptBackup]:
    """The finished backups in `folder`, newest first."""
    return [KeptBackup(one, _manifest(one)) for one in backup_manifest.finished(folder)]


def prune(folder: Path, days: int, least: int) -> list[str]:
    """Remove the backups older than `days`, but for the newest `least`; returns their names. Raises OSError."""
    oldest = datetime.now(UTC) - timedelta(days=days)
    readable = [one for one in listed(folder) if one.manifest]
    removed = [one.folder for one in readable[least:] if one.manifest and one.manifest.made_at < oldest]
    for one in removed:
        one.rename(folder / f"{_REMOVED}{one.name}")
    for left in folder.glob(f"{_REMOVED}*"):
        shutil.rmtree(left)
    return [one.name for one in removed]


def _manifest(folder: Path) -> BackupManifest | None:
    try:
        return backup_manifest.read(folder)
    except BackupDamaged:
        return None
