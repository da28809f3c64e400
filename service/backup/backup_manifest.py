"""The manifest (清单) of a backup: written last, so that what has one is whole."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ValidationError

from catalog.dumps.facts import DatabaseFacts
from catalog.kit.errors import NotReady
from index.files.manifest import FileFacts

NAME = "backup.json"
DATABASE, DATA = "database", "data"
"""The folders of a backup: the copy of the database, and files as they lie in the data directory."""


class BackupDamaged(NotReady):
    """A backup is not whole, or not what its manifest says."""

    title = "备份不可用"


class NotedModel(BaseModel):
    """The model of the index, which a backup does not hold."""

    name: str
    fingerprint: str


class BackupManifest(BaseModel):
    """The contents of a backup; `files` by path within its folder. `remarks` say what was left out."""

    name: str
    made_at: datetime
    program_version: str
    database: DatabaseFacts
    generations: list[str]
    model: NotedModel | None
    remarks: list[str]
    files: dict[str, FileFacts]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(facts.bytes for facts in self.files.values())


def is_backup(folder: Path) -> bool:
    """Whether the folder is a backup that was finished."""
    return (folder / NAME).is_file()


def read(folder: Path) -> BackupManifest:
    """The manifest of the backup in `folder`. Raises BackupDamaged."""
    if not is_backup(folder):
        within = [one.name for one in finished(folder)]
        hint = (
            f"请指定其中的一份备份：{'、'.join(within[:5])}"
            if within
            else "请用 patentdock backups list 查看备份"
        )
        raise BackupDamaged(f"{folder} 不是一份完整的备份：其中没有清单 {NAME}", hint=hint)
    try:
        return BackupManifest.model_validate_json((folder / NAME).read_bytes())
    except (OSError, ValidationError) as error:
        raise BackupDamaged(f"备份 {folder} 的清单 {NAME} 已损坏", hint="请改用另一份备份") from error


def finished(folder: Path) -> Iterator[Path]:
    """The finished backups in a folder of backups, newest first."""
    found = folder.iterdir() if folder.is_dir() else iter(())
    return iter(sorted((one for one in found if one.name[0] != "." and is_backup(one)), reverse=True))
