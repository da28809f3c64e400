"""Generations (索引版本): immutable folders, verified and put in use by one atomic step.

    <root>/<name>/patents/…, needs/…, manifest.json     a generation
    <root>/current                                      the name of the one in use
    <root>/.building-<name>                             one that is not finished; a killed build leaves it behind

A folder gets its name only when all its files are on the disk, and the pointer is replaced by a rename: whoever is killed
when, a complete generation stays in use. Requests keep the one they hold; files of a removed one live as long as they are
mapped.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock

from pydantic import BaseModel, ValidationError

from catalog.errors import Conflict, NotFound, NotReady
from index.collection import Collection

SIDES = ("patents", "needs")
_MANIFEST, _POINTER, _LOCK = "manifest.json", "current", ".lock"
_BUILDING = ".building-"
_NAME = re.compile(r"\d{8}-\d{6}-\d{3}")


class GenerationDamaged(NotReady):
    """The files of a generation are not what its manifest says."""

    title = "索引版本已损坏"


class ModelFacts(BaseModel):
    """The model whose vectors a generation holds, the number format it ran in and why."""

    name: str
    fingerprint: str
    dimensions: int
    precision: str
    precision_reason: str


class FileFacts(BaseModel):
    """Size and sha256 of a file."""

    bytes: int
    sha256: str


class Manifest(BaseModel):
    """What a generation is made of; `files` by path within its folder."""

    name: str
    started_at: datetime
    finished_at: datetime
    patents: int
    needs: int
    model: ModelFacts
    segment_catalogue: str
    code_version: str
    files: dict[str, FileFacts] = {}


@dataclass(frozen=True, slots=True)
class Generation:
    """An open generation."""

    name: str
    manifest: Manifest
    patents: Collection
    needs: Collection

    @classmethod
    def open(cls, folder: Path) -> Generation:
        """Map the generation in `folder`. Raises GenerationDamaged."""
        try:
            manifest = _manifest(folder)
            patents, needs = (Collection.open(folder / side) for side in SIDES)
        except (OSError, RuntimeError, ValueError, KeyError) as error:
            raise GenerationDamaged(
                f"索引版本 {folder.name} 无法打开：{error}",
                hint="请运行 patentdock reindex 重建索引，或用 patentdock generations rollback 退回上一版本",
            ) from error
        return cls(folder.name, manifest, patents, needs)


class GenerationStore:
    """The generations of one installation; one instance serves many threads."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._lock = Lock()
        self._seen: tuple[int, int] | None = None
        self._current: Generation | None = None

    def current(self) -> Generation | None:
        """The generation in use, opened anew when the pointer has changed; None when there is none.

        Raises GenerationDamaged.
        """
        try:
            stat = (self.root / _POINTER).stat()
        except FileNotFoundError:
            return None
        seen = (stat.st_ino, stat.st_mtime_ns)
        with self._lock:
            if self._current is None or seen != self._seen:
                name = self.current_name()
                if name is None:
                    return None
                self._current, self._seen = self.open(name), seen
            return self._current

    def current_name(self) -> str | None:
        """Name of the generation in use."""
        try:
            return (self.root / _POINTER).read_text("ascii").strip()
        except FileNotFoundError:
            return None

    def open(self, name: str) -> Generation:
        """Open a generation by name. Raises NotFound and GenerationDamaged."""
        return Generation.open(self._folder(name))

    def names(self) -> list[str]:
        """The complete generations, oldest first."""
        if not self.root.is_dir():
            return []
        return sorted(path.name for path in self.root.iterdir() if _NAME.fullmatch(path.name))

    def manifest(self, name: str) -> Manifest:
        """The manifest of a generation. Raises NotFound and GenerationDamaged."""
        folder = self._folder(name)
        try:
            return _manifest(folder)
        except (OSError, ValidationError) as error:
            raise GenerationDamaged(f"索引版本 {name} 的清单无法读取：{error}") from error

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the right to build and to switch; a killed holder loses it. Raises Conflict while another has it."""
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / _LOCK).open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise Conflict(
                    "另一个重建或切换索引的任务正在进行", hint="请等它结束后再试；它被中止时会自动让出"
                ) from error
            yield

    def begin(self, name: str) -> Path:
        """A new empty folder to build generation `name` in; what killed builds left behind is removed."""
        for left in self.root.glob(f"{_BUILDING}*"):
            shutil.rmtree(left)
        folder = self.root / f"{_BUILDING}{name}"
        folder.mkdir()
        return folder

    def seal(self, folder: Path, manifest: Manifest) -> Manifest:
        """Complete the generation built in `folder`: manifest with checksums, all on the disk, then its own name."""
        facts = {str(path.relative_to(folder)): _facts(path) for path in _files(folder)}
        complete = manifest.model_copy(update={"files": facts})
        (folder / _MANIFEST).write_text(complete.model_dump_json(indent=2), "utf-8")
        for path in sorted(folder.rglob("*"), reverse=True):
            _sync(path)
        _sync(folder)
        folder.rename(self.root / manifest.name)
        _sync(self.root)
        return complete

    def activate(self, name: str) -> None:
        """Put a generation in use. Raises NotFound."""
        self._folder(name)
        fresh = self.root / f".{_POINTER}.new"
        fresh.write_text(f"{name}\n", "ascii")
        _sync(fresh)
        fresh.replace(self.root / _POINTER)
        _sync(self.root)

    def verify(self, name: str) -> Manifest:
        """Check every file of a generation against its manifest. Raises NotFound and GenerationDamaged."""
        folder, manifest = self._folder(name), self.manifest(name)
        problems = [f"{path} 缺失" for path in manifest.files if not (folder / path).is_file()]
        if not problems:
            problems = [
                f"{path} 校验值不符"
                for path, facts in manifest.files.items()
                if _facts(folder / path) != facts
            ]
        if problems:
            raise GenerationDamaged(
                f"索引版本 {name} 已损坏：{'；'.join(problems)}", hint="请运行 patentdock reindex 重建索引"
            )
        return manifest

    def _folder(self, name: str) -> Path:
        folder = self.root / name
        if not _NAME.fullmatch(name) or not folder.is_dir():
            raise NotFound(f"没有名为“{name}”的索引版本", hint="可用的版本：" + "、".join(self.names()))
        return folder


def _manifest(folder: Path) -> Manifest:
    return Manifest.model_validate_json((folder / _MANIFEST).read_bytes())


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _facts(path: Path) -> FileFacts:
    with path.open("rb") as file:
        return FileFacts(bytes=path.stat().st_size, sha256=hashlib.file_digest(file, "sha256").hexdigest())


def _sync(path: Path) -> None:
    """Force a file or the entries of a folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
