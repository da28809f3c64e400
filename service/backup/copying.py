"""Files into a backup and out of it: linked where they never change, else copied."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from index.files.manifest import FileFacts


@dataclass(frozen=True, slots=True)
class Earlier:
    """The copy of a file in an earlier backup, and the facts that were noted of it."""

    path: Path
    facts: FileFacts


def taken(source: Path, target: Path, *, link: bool = False, earlier: Earlier | None = None) -> FileFacts:
    """Put a file at `target`; returns its facts. Raises OSError, FileNotFoundError when it has moved away.

    A file that never changes may share its blocks, with the source by `link` or with an intact copy made earlier, where the file
    system allows it.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    if link and _linked(source, target):
        return FileFacts.of(target)
    if earlier and _linked_to_same(source, target, earlier.path):
        if (facts := FileFacts.of(target)) == earlier.facts:
            return facts
        target.unlink()
    shutil.copyfile(source, target)
    shutil.copystat(source, target)
    return FileFacts.of(target)


def sync(path: Path) -> None:
    """Force a file or the entries of a folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _linked(source: Path, target: Path) -> bool:
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:  # another file system, or one without links
        return False
    return True


def _linked_to_same(source: Path, target: Path, earlier: Path) -> bool:
    """Links to the earlier copy, where that has size and time of the source."""
    if not earlier.is_file():
        return False
    old, new = earlier.stat(), source.stat()
    return (old.st_size, old.st_mtime_ns) == (new.st_size, new.st_mtime_ns) and _linked(earlier, target)
