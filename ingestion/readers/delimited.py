"""Rows of delimited text (csv, tab- or semicolon-separated), with bounded memory whatever the file holds.

The csv module reads well-formed files; around it stand three guards. A line longer than a megabyte is read in pieces
and dropped, and its row says so. A quote that is never closed would swallow the rest of the file into one cell: such a
row is read again without quotes and the lines behind it are handed back. Bytes that do not decode are left in the text
as U+FFFD and the row says so.

The delimiter is recognised by the records that the start of the file holds under each: inside quotes stand line breaks and
any delimiter.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter, deque
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from ingestion.readers.encodings import REPLACED, UNDECODED, open_text, shown
from ingestion.readers.guards import may_hold_guard, unguarded
from ingestion.readers.sheets import Row, Sheet, may_hold_errors
from ingestion.values.cells import MAX_CELL_BYTES

MAX_LINE = MAX_CELL_BYTES
KEPT = 1000
DELIMITERS = ",\t;|"
SAMPLE = 1 << 16
_QUOTED_END = re.compile(rf'[{DELIMITERS}]"|"[{DELIMITERS}]')

TOO_LONG = f"该行超过 {MAX_LINE // 1000} kB，无法读取；请检查文件是否缺少换行，拆分后重新导入"
UNDECODABLE = "该行含有无法解码的字节；请将文件另存为 UTF-8 编码后重新导入"
# The csv module's own limit is lower than ours.
csv.field_size_limit(MAX_LINE + 1)

UNCLOSED = "该行的引号没有配对；请补全或删除多余的引号"


class _Lines:
    """Lines of a text stream, none longer than MAX_LINE, with the possibility to hand lines back."""

    def __init__(self, stream: TextIO, delimiter: str) -> None:
        self.stream = stream
        # A guarded text that holds the delimiter: ="甲,乙",丙 has two cells.
        between = re.escape(delimiter)
        self._guard = re.compile(rf'(?:^|(?<={between}))=(?:T\()?("[^"]*")\)?(?={between}|[\r\n]|$)')
        self.number = 0
        self.taken: list[str] = []
        self.too_long = False
        self._size = 0
        self._back: deque[str] = deque()

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._back.popleft() if self._back else self._read()
        if not line:
            raise StopIteration
        self.number += 1
        self.taken.append(line)
        self._size += len(line)
        if self._size > MAX_LINE:
            self.too_long = True
            raise StopIteration
        return self._guard.sub(r"\1", line) if "=" in line else line

    def plain(self) -> str | None:
        """The next line where it is a row by itself, being short and without any quote; else None, and it stays."""
        line = self._back.popleft() if self._back else self._read()
        if not line or self.too_long or '"' in line:
            self._back.appendleft(line)
            return None
        self.number += 1
        self.taken.append(line)
        return line

    def _read(self) -> str:
        line = self.stream.readline(MAX_LINE)
        if len(line) < MAX_LINE or line.endswith("\n"):
            return line
        while rest := self.stream.readline(MAX_LINE):
            if rest.endswith("\n"):
                break
        self.too_long = True
        return line[:KEPT]

    def start_row(self) -> None:
        self.taken, self.too_long, self._size = [], False, 0

    def hand_back(self, lines: list[str]) -> None:
        self.number -= len(lines)
        self._back.extendleft(reversed(lines))


def sniff_delimiter(sample: str) -> str:
    """The delimiter under which most lines belong to records of one width, a comma where none divides anything.

    >>> sniff_delimiter("申请号\\t名称\\n1\\t甲,乙\\n")
    '\\t'
    >>> sniff_delimiter('号,摘要\\n1,"甲; 乙\\n丙; 丁"\\n')
    ','
    """
    evenness = {delimiter: _evenness(sample, delimiter) for delimiter in DELIMITERS}
    best = max(DELIMITERS, key=lambda delimiter: evenness[delimiter])
    return best if evenness[best][0] else ","


def _evenness(sample: str, delimiter: str) -> tuple[int, int]:
    """The number of lines of the records of the commonest width above one, and that width."""
    lines: Counter[int] = Counter()
    for row in _rows(io.StringIO(sample, newline=""), delimiter):
        texts = [*map(str, row.cells)]
        if len(texts) > 1 and not row.problem and not any(map(_is_cut, texts)):
            lines[len(texts)] += 1 + sum(cell.count("\n") for cell in texts)
    width, count = max(lines.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
    return count, width


def _is_cut(cell: str) -> bool:
    """Whether a cell holds one end of a quoted one, which was cut through by what is no delimiter."""
    return bool(cell.count('"') % 2 and _QUOTED_END.search(cell))


def read(path: Path) -> Iterator[Sheet]:
    """The one table of a delimited text file."""
    with open_text(path, newline="") as stream:
        sample = stream.read(SAMPLE) + stream.readline(SAMPLE)
        delimiter = sniff_delimiter(sample)
        records = sum(1 for _ in _rows(io.StringIO(sample, newline=""), delimiter))
        size = max(1, len(sample.encode(stream.encoding, errors="ignore")))
        stream.seek(0)
        yield Sheet(
            path.stem, _rows(stream, delimiter), likely_rows=path.stat().st_size * max(1, records) // size
        )


def _rows(stream: TextIO, delimiter: str) -> Iterator[Row]:
    lines = _Lines(stream, delimiter)
    width = 0
    while True:
        lines.start_row()
        start = lines.number + 1
        if (line := lines.plain()) is not None:
            plain = line.rstrip("\r\n").split(delimiter) if line.strip("\r\n") else []
            width = width or len(plain)
            yield _row(start, plain, [line])
            continue
        cells = _next_record(lines, delimiter)
        if cells is None and not lines.taken:
            return
        if lines.too_long and len(lines.taken) == 1:
            yield Row(start, [shown(lines.taken[0][:KEPT])], TOO_LONG)
            continue
        if cells is None or _swallowed(cells, lines.taken, delimiter, width):
            yield _reread_first(lines, delimiter, start, width)
            continue
        width = width or len(cells)
        yield _row(start, cells, lines.taken)


def _row(start: int, cells: list[str], taken: list[str], problem: str = "") -> Row:
    """The row of the lines `taken`: guards dropped, characters that are lost or not decoded reported."""
    row = Row(start, [*cells], problem)
    text = "".join(taken)
    if may_hold_guard(text):
        row.cells = [*map(unguarded, cells)]
    if REPLACED in text:
        row.replaced = True
    row.has_errors = may_hold_errors(text)
    if UNDECODED in text:
        row.cells, row.problem = [*map(shown, cells)], UNDECODABLE
    return row


def _next_record(lines: _Lines, delimiter: str) -> list[str] | None:
    """The cells of the next record; None at the end of the file or where its quotes do not agree."""
    try:
        return next(csv.reader(lines, delimiter=delimiter, strict=True), None)
    except csv.Error:
        if len(lines.taken) != 1 or lines.taken[0].count('"') % 2:
            return None
        return next(csv.reader(lines.taken, delimiter=delimiter))


def _swallowed(cells: list[str], taken: list[str], delimiter: str, width: int) -> bool:
    """Whether paired but misplaced quotes drew lines into the record that are rows of their own."""
    if len(taken) == 1:
        return False
    inner = (line for cell in cells for line in cell.split("\n")[1:-1])
    return width > 2 and len(cells) != width and any(line.count(delimiter) >= width - 1 for line in inner)


def _reread_first(lines: _Lines, delimiter: str, start: int, width: int) -> Row:
    """The first line of a record alone, its quotes taken as they stand; the other lines are handed back."""
    first, *rest = lines.taken
    lines.hand_back(rest)
    plain = csv.reader([first.rstrip("\r\n")], delimiter=delimiter, quoting=csv.QUOTE_NONE)
    try:
        cells = next(plain, [])
    except csv.Error:
        cells = [first[:KEPT]]
    cells = [_without_stray_quote(cell) for cell in cells]
    # A quote that is part of a text (an inch sign) is no fault when the columns come out right.
    return _row(start, cells, [first], "" if width and len(cells) == width else UNCLOSED)


def _without_stray_quote(cell: str) -> str:
    """The cell without a quote that was opened and never closed."""
    return cell[1:] if cell.startswith('"') and cell.count('"') == 1 else cell
