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
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from time import monotonic

from catalog.kit.errors import Conflict, NotFound
from index.files.checksums import SMALL, Checksums, read_manifest
from index.files.damage import GenerationDamaged, GenerationUnread, damaged
from index.files.manifest import Manifest
from index.generations.collection import Collection
from index.generations.sides import NeedSide, PatentSide, need_side, patent_side
from index.generations.verification import verify

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
        except Exception as error:  # whatever a reader makes of files that nobody wrote
            raise damaged(folder.name, f"无法打开（{error}）") from error
        return cls(folder.name, manifest, patents, needs, products)


@dataclass(frozen=True, slots=True)
class GenerationEntry:
    """A generation in a list; without `manifest` where that cannot be read."""

    name: str
    in_use: bool
    bytes: int
    manifest: Manifest | None


@dataclass(frozen=True, slots=True)
class IndexState:
    """The state of the index of a service: the generation served, the one being read, and the problem with the one that should be.

    `read` and `to_read` are bytes. `problem` is empty where the generation in use is served.
    """

    served: str | None
    reading: str | None
    read: int
    to_read: int
    problem: str


class GenerationStore:
    """The generations of one installation; one instance serves many threads.

    What is opened has been read and compared with its manifest (`index.files.checksums`): at once, or, in a service, in the background
    while the last good generation goes on being served (`read_in_background`). `retry` are the seconds between two looks at a
    generation in use that cannot be served.
    """

    def __init__(self, root: Path, small: int = SMALL, retry: float = 1.0) -> None:
        self.root = root
        self._lock = Lock()
        self._seen: tuple[int, int] | None = None
        self._current: Generation | None = None
        self._published: tuple[Generation | None, Generation | None] = None, None
        self._checksums = Checksums(root, small)
        self._retry, self._look_again = retry, 0.0
        self._is_service = False
        self._problem = ""
        self._waiting: str | None = None
        self._progress = 0, 0
        self._damaged: dict[str, GenerationDamaged] = {}

    def current(self) -> Generation | None:
        """The generation in use, reopened when the pointer has changed; None when there is none.

        A service that cannot serve it gets the last good one. Raises GenerationDamaged, GenerationUnread, and NotFound when its
        folder is missing.
        """
        try:
            stat = (self.root / _POINTER).stat()
        except FileNotFoundError:
            return None
        seen = (stat.st_ino, stat.st_mtime_ns)
        with self._lock:
            is_due = self._problem and monotonic() >= self._look_again
            if self._current is None or seen != self._seen or is_due:
                self._reopen()
                self._seen = seen
            return self._current

    def _reopen(self) -> None:
        """Opens the generation in use; in a service the last good one where that cannot be done."""
        try:
            name = self._named()
            if self._current is None or self._current.name != name or name in self._damaged:
                self._current = self.open(name)
            self._problem = ""
        except (GenerationDamaged, GenerationUnread, NotFound) as error:
            if self._is_service:
                self._current = self._last_good()
            self._problem, self._look_again = error.message, monotonic() + self._retry
            if self._current is None or not self._is_service:
                self._current = None
                raise

    def _last_good(self) -> Generation | None:
        """The generation that is served, if nothing is wrong with it, else the newest that can be opened."""
        if self._current is not None and self._current.name not in self._damaged:
            return self._current
        wanted = self._waiting
        for name in reversed(self.names()):
            with suppress(GenerationDamaged, GenerationUnread, NotFound):
                return self.open(name)
        self._waiting = wanted or self._waiting
        return None

    def _named(self) -> str:
        """The name in the pointer. Raises GenerationDamaged."""
        name = self.current_name()
        if name is None:
            raise GenerationDamaged(
                f"文件 {self.root / _POINTER} 已被删除", hint="请用 generations rollback 指定版本"
            )
        return name

    def read_in_background(self) -> None:
        """From now on large files are read by whoever calls `read_waiting`, and the last good generation is served meanwhile."""
        self._is_service = True

    def read_waiting(self) -> None:
        """Read the large files of the generation that waits to be served, if any. Raises GenerationDamaged."""
        if name := self._waiting:
            try:
                self._read(name, is_new=True)
            finally:
                self._waiting, self._look_again = None, 0.0

    def read_again(self) -> None:
        """Read all files of the generation that is served once more; one that has been damaged since is served no longer.

        Raises GenerationDamaged.
        """
        if self._current is not None:
            self._read(self._current.name, is_new=False)

    def _read(self, name: str, *, is_new: bool) -> None:
        def report(done: int, total: int) -> None:
            self._progress = done, total

        try:
            folder = self._folder(name)
            manifest = read_manifest(folder)
            self._checksums.read_small(folder, manifest)
            names = self._checksums.unread(folder, manifest) if is_new else None
            self._checksums.read(folder, manifest, names, report)
        except GenerationDamaged as error:
            self._damaged[name] = error
            self._checksums.forget(name)
            self._seen = None
            raise

    @property
    def state(self) -> IndexState:
        """The generation that is served and the one that is being read, as of the last call of `current`."""
        held, (read, to_read) = self._current, self._progress
        return IndexState(held.name if held else None, self._waiting, read, to_read, self._problem)

    def latest(self) -> Generation | None:
        """The generation in use with the view published of it, else as it was built. Raises as `current`."""
        current, (built, view) = self.current(), self._published
        return view if current is built else current

    def publish(self, built: Generation | None, view: Generation | None) -> None:
        """Serve `view` in place of this generation for as long as it is in use."""
        self._published = built, view

    def current_name(self) -> str | None:
        """Name of the generation in use. Raises GenerationDamaged where the pointer does not hold a name."""
        path = self.root / _POINTER
        try:
            name = path.read_bytes().decode("ascii", "replace").strip()
        except FileNotFoundError:
            return None
        if not _NAME.fullmatch(name):
            raise GenerationDamaged(
                f"文件 {path} 已损坏：内容不是索引版本的名称",
                hint=f"请用 patentdock generations rollback 名称 指定一个版本（可用的：{'、'.join(self.names())}），"
                "或运行 patentdock reindex 重建索引",
            )
        return name

    def open(self, name: str) -> Generation:
        """Open a generation by name, once its files have been read.

        Raises NotFound, GenerationDamaged, and in a service GenerationUnread while large files are still to be read.
        """
        folder = self._folder(name)
        if name in self._damaged:
            raise self._damaged[name]
        manifest = read_manifest(folder)
        self._checksums.read_small(folder, manifest)
        if unread := self._checksums.unread(folder, manifest):
            if self._is_service:
                self._waiting = self._waiting or name
                raise GenerationUnread(f"索引版本 {name} 正在校验", hint="请稍后重试；进度见 /readyz")
            self._checksums.read(folder, manifest, unread)
        return Generation.open(folder)

    def names(self) -> list[str]:
        """The complete generations, oldest first."""
        if not self.root.is_dir():
            return []
        return sorted(path.name for path in self.root.iterdir() if _NAME.fullmatch(path.name))

    def entries(self) -> list[GenerationEntry]:
        """The complete generations, newest first."""
        try:
            current = self.current_name()
        except GenerationDamaged:
            current = None
        return [self._entry(name, name == current) for name in reversed(self.names())]

    def verify(self, name: str) -> Manifest:
        """Check a generation; returns its manifest. Raises NotFound and GenerationDamaged."""
        folder = self._folder(name)
        manifest = verify(folder)
        self._checksums.note(folder, manifest)
        return manifest

    def manifest(self, name: str) -> Manifest:
        """The manifest of a generation. Raises NotFound and GenerationDamaged."""
        return read_manifest(self._folder(name))

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
            self._checksums.forget(name)
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
        self._checksums.note(self.root / manifest.name, self.manifest(manifest.name))

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
