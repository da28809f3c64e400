"""Checksums (校验值) of the files of generations: nothing is served that was not read whole since it was written.

Small files are read every time. What was read of a large one is noted with its size, time and number in the file system, and holds as
long as these do: a restart does not read tens of gigabytes. The notes lie beside the generations, in `.checked`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from index.files.damage import damaged
from index.files.manifest import MANIFEST, FileFacts, Manifest

SMALL = 1024 * 1024
"""Bytes of a file that is read every time: a millisecond."""
_NOTES = ".checked"

Stamp = list[int]
"""Size, time of change in nanoseconds, number in the file system."""
BytesRead = Callable[[int, int], None]
"""Called with the bytes read and the bytes to be read."""


def read_manifest(folder: Path) -> Manifest:
    """The manifest of the generation in `folder`. Raises GenerationDamaged."""
    try:
        return Manifest.read(folder)
    except (OSError, ValueError) as error:
        raise damaged(folder.name, f"清单 {MANIFEST} 无法读取或校验值不符") from error


class Checksums:
    """The checksums of the generations in `root`; files of up to `small` bytes are read every time."""

    def __init__(self, root: Path, small: int = SMALL) -> None:
        self._folder, self._small = root / _NOTES, small

    def unread(self, folder: Path, manifest: Manifest) -> list[str]:
        """The large files of a generation that have to be read before it can be trusted."""
        noted = self._noted(folder.name)
        return [name for name in self._large(manifest) if noted.get(name) != _stamp(folder / name)]

    def read_small(self, folder: Path, manifest: Manifest) -> None:
        """Compare the small files. Raises GenerationDamaged naming the first that differs."""
        for name, facts in manifest.files.items():
            if facts.bytes <= self._small:
                _compare(folder, manifest, name)

    def read(
        self,
        folder: Path,
        manifest: Manifest,
        names: Sequence[str] | None = None,
        report: BytesRead | None = None,
    ) -> None:
        """Compare these files, without `names` all large ones, and note it. Raises GenerationDamaged naming the first that differs."""
        wanted = self._large(manifest) if names is None else names
        total, done, noted = sum(manifest.files[name].bytes for name in wanted), 0, self._noted(folder.name)
        for name in wanted:
            if report:
                report(done, total)
            stamp = _stamp(folder / name)
            noted.pop(name, None)
            _compare(folder, manifest, name)
            noted[name] = stamp
            done += manifest.files[name].bytes
        self._write(folder.name, noted)

    def note(self, folder: Path, manifest: Manifest) -> None:
        """Note that all files of a generation have just been read."""
        self._write(folder.name, {name: _stamp(folder / name) for name in self._large(manifest)})

    def forget(self, name: str) -> None:
        """Drop the notes on a generation."""
        with suppress(OSError):
            (self._folder / f"{name}.json").unlink(missing_ok=True)

    def _large(self, manifest: Manifest) -> list[str]:
        return [name for name, facts in manifest.files.items() if facts.bytes > self._small]

    def _noted(self, name: str) -> dict[str, Stamp | None]:
        try:
            found = json.loads((self._folder / f"{name}.json").read_bytes())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _write(self, name: str, noted: dict[str, Stamp | None]) -> None:
        # Where nothing can be written, files are read again the next time.
        with suppress(OSError):
            self._folder.mkdir(exist_ok=True)
            fresh = self._folder / f"{name}.json.part"
            fresh.write_text(json.dumps(noted), "utf-8")
            fresh.replace(self._folder / f"{name}.json")


def _stamp(path: Path) -> Stamp | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return [stat.st_size, stat.st_mtime_ns, stat.st_ino]


def _compare(folder: Path, manifest: Manifest, name: str) -> None:
    try:
        problem = "" if FileFacts.of(folder / name) == manifest.files[name] else "校验值不符"
    except FileNotFoundError:
        problem = "缺失"
    except OSError as error:
        problem = f"无法读取（{error.strerror}）"
    if problem:
        raise damaged(folder.name, f"{name} {problem}")
