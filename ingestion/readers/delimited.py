"""Rows of delimited text (csv, tab- or semicolon-separated), with bounded memory whatever the file holds.

The csv module reads well-formed files; around it stand three guards. A line longer than a megabyte is read in pieces
and dropped, and its row says so. A quote that is never closed would swallow the rest of the file into one cell: such a
row is read again without quotes and the lines behind it are handed back. Bytes that do not decode are left in the text
as U+FFFD and the row says so.
"""

from __future__ import annotations

import csv
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

from ingestion.readers.encodings import BAD, detect
from ingestion.readers.sheets import Row, Sheet
from ingestion.values.cells import MAX_CELL_BYTES, Cell

MAX_LINE = MAX_CELL_BYTES
KEPT = 1000
DELIMITERS = ",\t;|"
SAMPLE_LINES = 50
SAMPLE_LENGTH = 4096

TOO_LONG = f"该行超过 {MAX_LINE // 1000} kB，无法读取；请检查文件是否缺少换行，拆分后重新导入"
UNDECODABLE = "该行含有无法解码的字节；请将文件另存为 UTF-8 编码后重新导入"
# The csv module's own limit is lower than ours.
csv.field_size_limit(MAX_LINE + 1)

UNCLOSED = "该行的引号没有配对；请补全或删除多余的引号"


class _Lines:
    """Lines of a text stream, none longer than MAX_LINE, with the possibility to hand lines back."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
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
        return line

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


def sniff_delimiter(lines: Iterable[str]) -> str:
    """The delimiter that stands most evenly in the lines; a comma where none does.

    >>> sniff_delimiter(["申请号\\t名称\\n", "1\\t甲,乙\\n"])
    '\\t'
    """
    found = list(lines)

    def evenness(delimiter: str) -> tuple[int, int]:
        counts = Counter(line.count(delimiter) for line in found if line.strip())
        counts.pop(0, None)
        columns, times = max(counts.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
        return times, columns

    best = max(DELIMITERS, key=evenness)
    return best if evenness(best)[0] else ","


def read(path: Path) -> Iterator[Sheet]:
    """The one table of a delimited text file."""
    codec = detect(path)
    with path.open(encoding=codec, errors="replace", newline="") as stream:
        sample = [stream.readline(SAMPLE_LENGTH) for _ in range(SAMPLE_LINES)]
        delimiter = sniff_delimiter(sample)
        lines = max(1, sum(1 for line in sample if line))
        size = max(1, sum(len(line.encode(codec, errors="ignore")) for line in sample))
        stream.seek(0)
        yield Sheet(path.stem, _rows(stream, delimiter), likely_rows=path.stat().st_size * lines // size)


def _rows(stream: TextIO, delimiter: str) -> Iterator[Row]:
    lines = _Lines(stream)
    width = 0
    while True:
        lines.start_row()
        start = lines.number + 1
        if (line := lines.plain()) is not None:
            plain: list[Cell] = [*line.rstrip("\r\n").split(delimiter)] if line.strip("\r\n") else []
            width = width or len(plain)
            yield Row(start, plain, _problem([line]))
            continue
        cells = _next_record(lines, delimiter)
        if cells is None and not lines.taken:
            return
        if lines.too_long and len(lines.taken) == 1:
            yield Row(start, [lines.taken[0][:KEPT]], TOO_LONG)
            continue
        if cells is None or _swallowed(cells, lines.taken, delimiter, width):
            yield _reread_first(lines, delimiter, start, width)
            continue
        width = width or len(cells)
        yield Row(start, list(cells), _problem(lines.taken))


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
        cells: list[Cell] = list(next(plain, []))
    except csv.Error:
        cells = [first[:KEPT]]
    cells = [_without_stray_quote(cell) for cell in cells]
    # A quote that is part of a text (an inch sign) is no fault when the columns come out right.
    problem = _problem([first]) or ("" if width and len(cells) == width else UNCLOSED)
    return Row(start, cells, problem)


def _without_stray_quote(cell: Cell) -> Cell:
    """The cell without a quote that was opened and never closed."""
    alone = isinstance(cell, str) and cell.startswith('"') and cell.count('"') == 1
    return cell[1:] if alone and isinstance(cell, str) else cell


def _problem(taken: list[str]) -> str:
    return UNDECODABLE if any(BAD in line for line in taken) else ""
