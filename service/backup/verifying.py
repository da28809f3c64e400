"""Verifying a backup: every file, the copy of the database, the index."""

from __future__ import annotations

from pathlib import Path

from catalog.dumps import postgresql_dumps, sqlite_files
from catalog.kit.progress import StepProgress
from index.files.manifest import FileFacts
from index.generations.verification import verify as verify_generation
from service.backup import backup_manifest
from service.backup.backup_manifest import DATA, DATABASE, BackupDamaged, BackupManifest

_SHOWN = 5


def verify(folder: Path, tools: Path | None, progress: StepProgress) -> BackupManifest:
    """Check the backup in `folder`: checksums, the database row by row, the generations; returns its manifest.

    Raises BackupDamaged, CopyDamaged and GenerationDamaged naming what is wrong, NotReady without the programs of PostgreSQL.
    """
    manifest = backup_manifest.read(folder)
    problems = []
    for done, (name, facts) in enumerate(manifest.files.items(), 1):
        if problem := _problem(folder / name, facts):
            problems.append(f"{name} {problem}")
        progress("核对校验值", done, len(manifest.files))
    if problems:
        more = f"等 {len(problems)} 处" if len(problems) > _SHOWN else ""
        raise BackupDamaged(
            f"备份 {folder} 已损坏：{'；'.join(problems[:_SHOWN])}{more}", hint="请改用另一份备份"
        )
    if manifest.database.kind == "sqlite":
        sqlite_files.check(folder / DATABASE / sqlite_files.NAME, manifest.database)
    else:
        postgresql_dumps.check(folder / DATABASE, manifest.database, tools)
    progress("检查数据库", 1, 1)
    for done, name in enumerate(manifest.generations, 1):
        verify_generation(folder / DATA / "generations" / name)
        progress("打开索引", done, len(manifest.generations))
    return manifest


def _problem(path: Path, facts: FileFacts) -> str:
    try:
        return "" if FileFacts.of(path) == facts else "校验值不符"
    except FileNotFoundError:
        return "缺失"
    except OSError as error:
        return f"无法读取（{error.strerror}）"
