"""What an import did: counts, the mapping that was used, what was noticed."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from catalog.imports.imports import ColumnUse

MOST_MESSAGES = 60
MOST_REFUSALS = 20


@dataclass(frozen=True)
class Refusal:
    """A rejected row for a preview."""

    sheet: str
    line: int
    field: str
    value: str
    reason: str


@dataclass
class ImportReport:
    """`rows == new + changed + unchanged + rejected`, always; `import_id` is None for a dry run.

    `mapping` is the Chinese label of each role -> the columns it was read from, `columns` the same by sheet and column;
    `preview` the first records by label, as they are stored, `refusals` the first rejected rows. `source` names the saved
    mapping that was used.
    """

    kind: str
    file_name: str
    import_id: int | None = None
    rows: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0
    rejected_file: Path | None = None
    mapping: dict[str, str] = field(default_factory=dict)
    columns: list[ColumnUse] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    preview: list[dict[str, str]] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    source: str = ""


class Notes:
    """What was noticed on rows, gathered by message: how often, and the first place."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._first: dict[str, str] = {}

    def add(self, message: str, place: str, example: str) -> None:
        """Note a message on a row."""
        self._counts[message] = self._counts.get(message, 0) + 1
        self._first.setdefault(message, f"{place}：{example}" if example else place)

    def lines(self) -> list[str]:
        """One line a message, most frequent first."""
        ranked = sorted(self._counts, key=lambda message: -self._counts[message])
        return [
            f"{self._counts[message]} 行：{message}（例：{self._first[message]}）"
            for message in ranked[:MOST_MESSAGES]
        ]
