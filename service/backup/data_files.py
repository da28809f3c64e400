"""The contents of a data directory, and the part that each has in a backup: the one list.

A backup takes its parts in an order in which nothing can be lost. Files that wait to be imported move away once they are in the
database: they are taken before it, and whatever is in both is imported again, which changes nothing. Files that the database
refers to are written before it does and never changed: they are taken after it. A generation is taken before the database, for a
database that is newer than its index is followed up, and one that is older would miss records.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from fnmatch import fnmatchcase
from pathlib import Path

from service.installation.busy import NIGHT_LOCK
from service.installation.checks import RESTORING


class Turn(Enum):
    """The moments at which a backup takes something."""

    BEFORE = auto()
    """Before the database."""
    AFTER = auto()
    """After the database."""
    APART = auto()
    """By its own means: the database, the index."""
    NEVER = auto()
    """Not at all: it is made again, or means nothing elsewhere."""


@dataclass(frozen=True, slots=True)
class DataEntry:
    """Something in the data directory, by the pattern of its name. `is_fixed`: its files are never changed once written."""

    pattern: str
    label: str
    turn: Turn
    is_fixed: bool = False


ENTRIES = (
    DataEntry("catalog.db", "数据库", Turn.APART),
    DataEntry("catalog.db-*", "数据库", Turn.APART),
    DataEntry("generations", "索引版本", Turn.APART),
    DataEntry("inbox", "待导入文件夹", Turn.BEFORE),
    DataEntry("evidence", "证明材料", Turn.AFTER, is_fixed=True),
    DataEntry("rejected", "退回行工作簿", Turn.AFTER),
    DataEntry("mappings", "列对应关系", Turn.AFTER),
    DataEntry("reports", "夜间批处理报告", Turn.AFTER),
    DataEntry("*.toml", "规则文件与抽检需求", Turn.AFTER),
    DataEntry("*.csv", "规则文件", Turn.AFTER),
    DataEntry("models", "语义模型", Turn.NEVER),
    DataEntry("embeddings", "已计算的向量", Turn.NEVER),
    DataEntry("uploads", "上传中的文件", Turn.NEVER),
    DataEntry("import-queue", "导入队列", Turn.NEVER),
    DataEntry("logs", "出错记录", Turn.NEVER),
    DataEntry(NIGHT_LOCK, "夜间批处理的锁", Turn.NEVER),
    DataEntry(RESTORING, "未完成的恢复", Turn.NEVER),
    DataEntry(".*.restoring*", "未完成的恢复", Turn.NEVER),
    DataEntry("*.part", "未写完的文件", Turn.NEVER),
)


def entry_of(name: str) -> DataEntry | None:
    """The entry of the list for this name in the data directory; None for what nobody has declared."""
    return next((entry for entry in ENTRIES if fnmatchcase(name, entry.pattern)), None)


def unlisted(data: Path, *known: Path) -> list[str]:
    """The names in the data directory that the list does not have, other than `known`."""
    there = sorted(path for path in data.iterdir() if entry_of(path.name) is None)
    return [path.name for path in there if path.absolute() not in [one.absolute() for one in known]]


def in_backups(data: Path) -> list[str]:
    """The names in the data directory that a backup would hold; a new installation has none."""
    return [
        path.name
        for path in sorted(data.iterdir())
        if (entry := entry_of(path.name)) and entry.turn is not Turn.NEVER and _holds_files(path)
    ]


def files_of(data: Path, turn: Turn) -> Iterator[tuple[DataEntry, Path]]:
    """The files that are taken at this turn; those that are being written are left out."""
    for top in sorted(data.iterdir()):
        entry = entry_of(top.name)
        if entry is None or entry.turn is not turn:
            continue
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            if path.is_file() and path.suffix != ".part":
                yield entry, path


def _holds_files(path: Path) -> bool:
    """Whether there is anything but locks and notes of the program's own."""
    return path.is_file() or any(
        one.is_file() and not any(part.startswith(".") for part in one.relative_to(path).parts)
        for one in path.rglob("*")
    )
