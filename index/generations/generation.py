"""Generations (索引版本): immutable folders, verified and put in use by one atomic step.

    <root>/<name>/patents/…, needs/…, products/…, manifest.json     a generation
    <root>/current                                                  the name of the one in use
    <root>/.building-<name>, .removed-<name>                        one that is not finished, or no longer whole

A folder gets its name only when all its files are on the disk and have been verified, and the pointer is replaced by a
rename: a complete generation stays in use whenever a process is killed. Requests keep the generation they hold; the files of
a removed one exist as long as they are mapped.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from catalog.kit.errors import Conflict, NotFound
from index.generations.collection import Collection
from index.generations.manifest import Manifest
from index.generations.sides import NeedSide, PatentSide, need_side, patent_side
from index.generations.verification import damaged, verify

KEPT = 3
"""Generations that stay when older ones are pruned, the one in use among them."""

_POINTER, _LOCK = "current", ".lock"
_BUILDING, _REMOVED = ".building-", ".removed-"
_NAME = re.compile(r"\d{8}-\d{6}-\d{3}")


@dataclass(frozen=True)
class Generation:
    """An open generation. `products` are those of firms, by firm; None in a generation from before they were indexed.

    `left` counts the changes in the catalogue since the build that are known to be missing: 0 except where an overlay is
    applied (`index.live.overlay`).
    """

    name: str
    manifest: Manifest
    patents: PatentSide
    needs: NeedSide
    products: NeedSide | None = None
    left: int = 0

    @classmethod
    def open(cls, folder: Path) -> Generation:
        """Map the generation in `folder`. Raises GenerationDamaged."""
        try:
            manifest = Manifest.read(folder)
            patents = patent_side(Collection.open(folder / "patents"))
            words, indexed = patents.statistics.words, manifest.products is not None
            needs = need_side(Collection.open(folder / "needs"), words)
            products = need_side(Collection.open(folder / "products"), words) if indexed else None
        except (OSError, RuntimeError, ValueError, KeyError) as error:
            raise damaged(folder.name, f"无法打开（{error}）") from error
        return cls(folder.name, manifest, patents, needs, products)


@dataclass(frozen=True, slots=True)
class GenerationEntry:
    """A generation in a list; without `manifest` where that cannot be read."""

    name: str
    in_use: bool
    bytes: int
    manifest: Manifest | None


class GenerationStore:
    """The generations of one installation; one instance serves many threads."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._lock = Lock()
        self._seen: tuple[int, int] | None = None
        self._current: Generation | None = None
        self._published: tuple[Generation | None, Generation | None] = None, None

    def current(self) -> Generation | None:
        """The generation in use, reopened when the pointer has changed; None when there is none.

        Raises GenerationDamaged, and NotFound when its folder is missing.
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

    def latest(self) -> Generation | None:
        """The generation in use with the view published of it, else as it was built. Raises as `current`."""
        current, (built, view) = self.current(), self._published
        return view if current is built else current

    def publish(self, built: Generation | None, view: Generation | None) -> None:
        """Serve `view` in place of this generation for as long as it is in use."""
        self._published = built, view

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

    def entries(self) -> list[GenerationEntry]:
        """The complete generations, newest first."""
        current = self.current_name()
        return [self._entry(name, name == current) for name in reversed(self.names())]

    def verify(self, name: str) -> Manifest:
        """Check a generation; returns its manifest. Raises NotFound and GenerationDamaged."""
        return verify(self._folder(name))

    def manifest(self, name: str) -> Manifest:
        """The manifest of a generation. Raises NotFound and GenerationDamaged."""
        folder = self._folder(name)
        try:
            return Manifest.read(folder)
        except (OSError, ValueError) as error:
            raise damaged(name, "清单无法读取") from error

    def activate(self, name: str) -> None:
        """Put a generation in use. Raises NotFound."""
        self._folder(name)
        fresh = self.root / f".{_POINTER}.new"
        fresh.write_text(f"{name}\n", "ascii")
        _sync(fresh)
        fresh.replace(self.root / _POINTER)
        _sync(self.root)

    def rollback(self, name: str | None = None) -> Manifest:
        """Verify an older generation and put it in use: the one before the one in use, or `name`.

        Returns its manifest. Raises NotFound, GenerationDamaged, and Conflict while a build runs.
        """
        with self.locked():
            manifest = self.verify(name or self._one_before())
            self.activate(manifest.name)
        return manifest

    def prune(self, keep: int = KEPT) -> list[str]:
        """Remove all but the newest `keep` generations and the one in use; returns the names removed.

        Raises Conflict while a build runs.
        """
        with self.locked():
            return self.prune_locked(keep)

    def prune_locked(self, keep: int = KEPT) -> list[str]:
        """`prune` for a caller that holds the lock."""
        kept = {self.current_name(), *self.names()[-max(keep, 1) :]}
        removed = [name for name in self.names() if name not in kept]
        for name in removed:
            (self.root / name).rename(self.root / f"{_REMOVED}{name}")
        self._clear(_REMOVED)
        return removed

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the right to build and to switch; a killed holder loses it. Raises Conflict while another has it."""
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / _LOCK).open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise Conflict(
                    "另一个重建或切换索引的任务正在进行", hint="请待其结束后重试；该任务异常中止时自动释放"
                ) from error
            yield

    def begin(self, name: str) -> Path:
        """A new empty folder to build generation `name` in; what killed builds left behind is removed."""
        self._clear(_BUILDING)
        folder = self.root / f"{_BUILDING}{name}"
        folder.mkdir()
        return folder

    def seal(self, folder: Path, manifest: Manifest) -> None:
        """Complete the generation built in `folder`: manifest, all on the disk, verified; then it gets its name.

        Raises GenerationDamaged.
        """
        manifest.write(folder)
        for path in folder.rglob("*"):
            _sync(path)
        _sync(folder)
        verify(folder)
        folder.rename(self.root / manifest.name)
        _sync(self.root)

    def _one_before(self) -> str:
        current = self.current_name()
        older = [name for name in self.names() if current is not None and name < current]
        if not older:
            raise NotFound("没有更早的索引版本可以退回", hint="可用的版本：" + "、".join(self.names()))
        return older[-1]

    def _entry(self, name: str, in_use: bool) -> GenerationEntry:
        folder = self.root / name
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        try:
            manifest = Manifest.read(folder)
        except (OSError, ValueError):
            manifest = None
        return GenerationEntry(name, in_use, size, manifest)

    def _clear(self, prefix: str) -> None:
        for left in self.root.glob(f"{prefix}*"):
            shutil.rmtree(left)

    def _folder(self, name: str) -> Path:
        folder = self.root / name
        if not _NAME.fullmatch(name) or not folder.is_dir():
            raise NotFound(f"没有名为“{name}”的索引版本", hint="可用的版本：" + "、".join(self.names()))
        return folder


def _sync(path: Path) -> None:
    """Force a file or the entries of a folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
