"""The outcome of the rows of a file, 17 bytes each: their place, the record they spoke of, the outcome."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence

from ingestion.errors import UnreadableFile
from ingestion.storing.rows import Taken

_OUTCOMES = ("", "new", "changed", "unchanged", "waiting")
_CODES = {outcome: code for code, outcome in enumerate(_OUTCOMES)}


class Ledger:
    """The rows of all sheets of a file, numbered from 1 in the order of reading."""

    def __init__(self) -> None:
        self._lines, self._records, self._outcomes = array("L"), array("L"), bytearray()
        self._starts: list[int] = []
        self._sheets: list[str] = []

    def enter(self, batch: Sequence[Taken]) -> None:
        """Numbers the rows of a batch, which are of one sheet."""
        start = len(self._lines) + 1
        if not self._sheets or batch[0].table.name != self._sheets[-1]:
            self._starts.append(start)
            self._sheets.append(batch[0].table.name)
        self._lines.extend([taken.row.line for taken in batch])
        self._records.extend([0] * len(batch))
        self._outcomes.extend(bytes(len(batch)))
        for number, taken in enumerate(batch, start):
            taken.number = number

    def note(self, taken: Taken, record_id: int) -> None:
        """Notes the outcome of a row that was stored into a record, or that waits because of one."""
        self._records[taken.number - 1] = record_id
        self._outcomes[taken.number - 1] = _CODES[taken.outcome]

    def of(self, record_ids: Iterable[int]) -> dict[int, str]:
        """The outcomes of the rows that spoke of these records, by number."""
        wanted = set(record_ids)
        return {
            number: _OUTCOMES[outcome]
            for number, (record, outcome) in enumerate(zip(self._records, self._outcomes, strict=True), 1)
            if outcome and record in wanted
        }

    def outcome(self, number: int) -> str:
        """The outcome of a row, empty for one that was refused."""
        return _OUTCOMES[self._outcomes[number - 1]]

    def record(self, number: int) -> int:
        """The record that a row spoke of."""
        return self._records[number - 1]

    def again(self, number: int, rows: Mapping[int, Taken]) -> Taken:
        """The row of that number as it was read once more. Raises UnreadableFile where another row stands in its place."""
        taken = rows.get(number)
        if taken is None or (taken.table.name, taken.row.line) != self.where(number):
            raise UnreadableFile("文件在导入期间被改动", hint="请重新导入")
        taken.number = number
        return taken

    def where(self, number: int) -> tuple[str, int]:
        """The sheet of a row and its line there."""
        return self._sheets[bisect_right(self._starts, number) - 1], self._lines[number - 1]

    def place(self, number: int, beside: str) -> str:
        """The place of a row, in words for a row of the sheet `beside`."""
        sheet, line = self.where(number)
        return f"第 {line} 行" if sheet == beside else f"工作表“{sheet}”第 {line} 行"
