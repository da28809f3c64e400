"""Making a backup while service, imports and the night go on."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from catalog.dumps import postgresql_dumps, sqlite_files
from catalog.dumps.facts import DatabaseFacts
from catalog.kit.errors import Conflict, NotFound, NotReady, system_reason
from catalog.kit.progress import StepProgress
from index.files.damage import GenerationDamaged, damaged
from index.files.manifest import FileFacts, Manifest
from service.backup import backup_manifest, data_files, kept
from service.backup.backup_manifest import DATA, DATABASE, BackupManifest, NotedModel
from service.backup.copying import Earlier, sync, taken
from service.backup.data_files import Turn
from service.installation.checks import check_schema
from service.installation.runtime import Runtime
from service.installation.version import program_version

_MAKING, _LOCK = ".making-", ".lock"
_TRIES = 3
"""Generations tried in turn when the one in use is removed while it is copied."""


@dataclass(frozen=True, slots=True)
class BackupOptions:
    """Whether the index is taken, all its generations or the one in use, and whether files may share blocks by links."""

    index: bool = True
    all_generations: bool = False
    links: bool = True


def make(runtime: Runtime, folder: Path, options: BackupOptions, progress: StepProgress) -> BackupManifest:
    """Make a backup in a new folder within `folder`; returns its manifest.

    Whenever this is killed or fails, nothing is left that looks like a backup. Raises Conflict while another is made there,
    NotReady when the database, the disk or a program of PostgreSQL refuses.
    """
    check_schema(runtime)
    try:
        with _locked(folder):
            at = datetime.now(UTC)
            name = f"{at.astimezone():%Y%m%d-%H%M%S}-{at.microsecond // 1000:03d}"
            partial = folder / f"{_MAKING}{name}"
            partial.mkdir(0o700)
            try:
                manifest = _Making(runtime, folder, partial, options, progress).run(name, at)
            except BaseException:
                shutil.rmtree(partial, ignore_errors=True)
                raise
            partial.rename(folder / name)
            sync(folder)
    except OSError as error:
        raise NotReady(
            f"备份未能写入 {folder}：{system_reason(error)}", hint="请检查该文件夹的写权限和磁盘空间后重试"
        ) from error
    return manifest


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the right to make a backup here; what killed ones left is removed."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _LOCK).open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Conflict(f"{folder} 中正在进行另一个备份", hint="请待其结束后重试") from error
        for left in folder.glob(f"{_MAKING}*"):
            shutil.rmtree(left)
        yield


class _Making:
    def __init__(
        self, runtime: Runtime, folder: Path, partial: Path, options: BackupOptions, progress: StepProgress
    ) -> None:
        self._runtime, self._data = runtime, runtime.settings.data
        self._folder, self._partial, self._options, self._progress = folder, partial, options, progress
        self._before = next((one for one in kept.listed(folder) if one.manifest), None)
        self._files: dict[str, FileFacts] = {}
        self._remarks: list[str] = []

    def run(self, name: str, at: datetime) -> BackupManifest:
        """Everything, in the order that `data_files` explains."""
        self._take_files(Turn.BEFORE, "复制待导入的文件")
        generations = self._take_generations() if self._options.index else []
        database = self._take_database()
        self._take_files(Turn.AFTER, "复制文件")
        if names := data_files.unlisted(self._data, self._folder):
            self._remarks.append(f"数据目录中这些内容不属于本系统，未备份：{'、'.join(names[:10])}")
        manifest = BackupManifest(
            name=name,
            made_at=at,
            program_version=program_version(),
            database=database,
            generations=[generation.name for generation in generations],
            model=_model_of(generations),
            remarks=self._remarks,
            files=self._files,
        )
        self._seal(manifest)
        return manifest

    def _seal(self, manifest: BackupManifest) -> None:
        os.sync()  # one for all: a call for each of many thousand files takes minutes
        fresh = self._partial / f"{backup_manifest.NAME}.new"
        fresh.touch(0o600)
        fresh.write_text(manifest.model_dump_json(indent=2), "utf-8")
        sync(fresh)
        fresh.rename(self._partial / backup_manifest.NAME)
        sync(self._partial)

    def _take_files(self, turn: Turn, step: str) -> None:
        files = list(data_files.files_of(self._data, turn))
        for done, (entry, path) in enumerate(files, 1):
            try:
                self._take(path, is_fixed=entry.is_fixed)
            except FileNotFoundError:  # imported and put away since it was listed
                continue
            self._progress(step, done, len(files))

    def _take(self, path: Path, *, is_fixed: bool) -> None:
        place = (Path(DATA) / path.relative_to(self._data)).as_posix()
        shares = is_fixed and self._options.links
        earlier = self._earlier(place) if shares else None
        self._files[place] = taken(path, self._partial / place, link=shares, earlier=earlier)

    def _earlier(self, place: str) -> Earlier | None:
        """The copy of this file in the backup before."""
        noted = self._before.manifest if self._before else None
        if self._before is None or noted is None or place not in noted.files:
            return None
        return Earlier(self._before.folder / place, noted.files[place])

    def _take_database(self) -> DatabaseFacts:
        self._progress("复制数据库", 0, 1)
        database, folder = self._runtime.database, self._partial / DATABASE
        folder.mkdir(0o700)
        if database.is_sqlite:
            facts = sqlite_files.dump(database, folder)
        else:
            facts = postgresql_dumps.dump(database, folder, self._runtime.settings.pg_bin)
        for path in folder.iterdir():
            self._files[f"{DATABASE}/{path.name}"] = FileFacts.of(path)
        self._progress("复制数据库", 1, 1)
        return facts

    def _take_generations(self) -> list[Manifest]:
        """Takes the generation in use, and the others where they are wanted; returns their manifests, that one first."""
        store = self._runtime.store
        for _ in range(_TRIES):
            try:
                name = store.current_name()
                if name is None:
                    return []
                found = [self._take_generation(name)]
            except FileNotFoundError:  # pruned: another is in use by now
                continue
            except (GenerationDamaged, NotFound) as error:
                self._remarks.append(f"未包括索引：{error.message}；恢复后请运行 patentdock reindex")
                return []
            others = [one for one in store.names() if one != name] if self._options.all_generations else []
            return [*found, *self._take_others(others)]
        raise NotReady("索引版本在备份时不断更换", hint="请待重建索引结束后重试")

    def _take_others(self, names: list[str]) -> Iterator[Manifest]:
        for name in names:
            try:
                yield self._take_generation(name)
            except (GenerationDamaged, NotFound, FileNotFoundError):
                self._remarks.append(f"未包括索引版本 {name}：已损坏或已清理")

    def _take_generation(self, name: str) -> Manifest:
        """Takes a generation whole and undamaged, or none of its files."""
        store = self._runtime.store
        manifest, folder = store.manifest(name), store.root / name
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        known = set(self._files)
        try:
            for done, path in enumerate(paths, 1):
                self._take(path, is_fixed=True)
                self._progress("复制索引", done, len(paths))
            self._compare(manifest, folder)
        except (FileNotFoundError, GenerationDamaged):
            for file in set(self._files) - known:
                (self._partial / file).unlink(missing_ok=True)
                del self._files[file]
            raise
        return manifest

    def _compare(self, manifest: Manifest, folder: Path) -> None:
        """Holds what was taken of a generation against its manifest. Raises GenerationDamaged, FileNotFoundError when it is gone."""
        place = Path(DATA) / folder.relative_to(self._data)
        wrong = [
            name
            for name, facts in manifest.files.items()
            if self._files.get((place / name).as_posix()) != facts
        ]
        if wrong and not folder.is_dir():
            raise FileNotFoundError(folder)
        if wrong:
            raise damaged(manifest.name, f"{wrong[0]} 缺失或校验值不符")


def _model_of(generations: list[Manifest]) -> NotedModel | None:
    return (
        NotedModel(**generations[0].model.model_dump(include={"name", "fingerprint"}))
        if generations
        else None
    )
