"""Restoring a backup into an empty installation.

Files are copied into a folder of their own, moved to their places, and the database comes last, by one rename or one transaction: a
restore that is killed leaves an installation without a database, which says so, and is begun again.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from catalog.db import Database, sqlite_url
from catalog.dumps import postgresql_dumps, sqlite_files
from catalog.dumps.facts import is_known_revision
from catalog.kit.errors import Conflict, InvalidInput, NotReady, system_reason
from catalog.kit.progress import StepProgress
from index.generations.build import note_in_catalogue
from index.generations.generation import GenerationStore
from service.backup import data_files
from service.backup.backup_manifest import DATA, DATABASE, BackupDamaged, BackupManifest
from service.backup.copying import sync, taken
from service.backup.verifying import verify
from service.installation.checks import RESTORING
from service.installation.runtime import Runtime


def restore(runtime: Runtime, folder: Path, progress: StepProgress) -> BackupManifest:
    """Restore the backup in `folder` into the empty installation; returns its manifest.

    The backup is verified before, what was restored afterwards. The schema is upgraded where it is older. Raises Conflict where
    there is anything already, InvalidInput for a backup of another kind of database or of a newer program, NotReady for one that is
    damaged or when the disk refuses.
    """
    manifest = verify(folder, runtime.settings.pg_bin, progress)
    _require_same_kind(runtime.database, manifest)
    data = runtime.settings.data
    try:
        _require_empty(runtime, folder)
        staging = data / RESTORING
        if staging.exists():
            shutil.rmtree(staging)
        staging.mkdir(mode=0o700)
        _stage(folder, manifest, staging, progress)
        _put_in_place(staging, data)
        _load_database(runtime, folder / DATABASE, manifest)
        shutil.rmtree(staging)
    except OSError as error:
        raise NotReady(
            f"恢复未能完成：{system_reason(error)}",
            hint=f"请检查 {data} 的写权限和磁盘空间，然后再次运行 patentdock restore，从头恢复",
        ) from error
    _verify_restored(runtime, manifest, progress)
    return manifest


def _require_same_kind(database: Database, manifest: BackupManifest) -> None:
    kinds = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
    mine, its_kind = "sqlite" if database.is_sqlite else "postgresql", manifest.database.kind
    if mine != its_kind:
        raise InvalidInput(
            f"备份中是 {kinds[its_kind]} 数据库，而 PATENTDOCK_DATABASE_URL 指向 {kinds[mine]}",
            hint=f"请先恢复到 {kinds[its_kind]}，再用 patentdock move-database 搬迁",
        )
    if not is_known_revision(database, manifest.database.revision):
        raise InvalidInput(
            f"备份出自更新的程序（{manifest.program_version}，数据库结构 {manifest.database.revision}）",
            hint="请先升级程序，再恢复",
        )


def _require_empty(runtime: Runtime, folder: Path) -> None:
    """Raises Conflict unless there is nothing, or what a killed restore has put in place and will be put there again."""
    data, database = runtime.settings.data, runtime.database
    hint = (
        "请用 PATENTDOCK_DATA 指定一个空的数据目录（PostgreSQL 还须指定一个空的数据库），或先把原有内容移走"
    )
    is_filled = not database.is_missing and database.revisions()[0] is not None
    if is_filled or (database.file and database.file.exists() and database.file.stat().st_size):
        raise Conflict("已有数据库，不能在其上恢复", hint=hint)
    there = data_files.in_backups(data)
    if (data / RESTORING).exists():
        again = {path.name for path in (folder / DATA).iterdir()} if (folder / DATA).is_dir() else set()
        there = [name for name in there if name not in again]
    if there:
        raise Conflict(f"数据目录 {data} 不是空的（其中有 {'、'.join(there[:8])}）", hint=hint)


def _stage(folder: Path, manifest: BackupManifest, staging: Path, progress: StepProgress) -> None:
    files = {name: facts for name, facts in manifest.files.items() if name.startswith(f"{DATA}/")}
    for done, (name, facts) in enumerate(files.items(), 1):
        if taken(folder / name, staging / Path(name).relative_to(DATA)) != facts:
            raise BackupDamaged(f"备份中的 {name} 在复制时校验值不符", hint="请检查磁盘，或改用另一份备份")
        progress("恢复文件", done, len(files))
    if manifest.generations:
        GenerationStore(staging / "generations").activate(manifest.generations[0])
    os.sync()


def _put_in_place(staging: Path, data: Path) -> None:
    for path in sorted(staging.iterdir()):
        place = data / path.name
        if place.is_dir():
            shutil.rmtree(place)
        path.rename(place)
    sync(data)


def _load_database(runtime: Runtime, folder: Path, manifest: BackupManifest) -> None:
    database = runtime.database
    if database.file is None:
        postgresql_dumps.load(database, folder, manifest.database, runtime.settings.pg_bin)
        database.upgrade()
        return
    fresh = database.file.with_name(f".{database.file.name}.restoring")
    fresh.unlink(missing_ok=True)
    taken(folder / sqlite_files.NAME, fresh)
    upgraded = Database(sqlite_url(fresh))
    upgraded.upgrade()
    upgraded.dispose()  # the last connection takes the write-ahead log with it
    sync(fresh)
    fresh.rename(database.file)
    sync(database.file.parent)


def _verify_restored(runtime: Runtime, manifest: BackupManifest, progress: StepProgress) -> None:
    """Raises NotReady where the installation is not as it should be."""
    if runtime.database.is_sqlite and runtime.database.file:
        # Rows may differ where the schema was upgraded.
        newest = runtime.database.revisions()[1] == manifest.database.revision
        facts = manifest.database if newest else sqlite_files.facts_of(runtime.database.file)
        sqlite_files.check(runtime.database.file, facts)
    if manifest.generations:
        runtime.store.verify(manifest.generations[0])
        note_in_catalogue(runtime.database, runtime.store)
    progress("校验恢复的内容", 1, 1)
