"""Tables in markup: HTML pages that web systems save under the name .xls, and XML spreadsheets of 2003."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from ingestion.readers.delimited import TOO_LONG, UNDECODABLE
from ingestion.readers.encodings import BAD, detect
from ingestion.readers.sheets import Row, Sheet
from ingestion.values.cells import MAX_CELL_BYTES, Cell

BLOCK = 1 << 16
_ROWS = frozenset({"tr", "row"})
_CELLS = frozenset({"td", "th", "cell"})
_TABLES = frozenset({"table"})
_SILENT = frozenset({"script", "style", "head", "styles"})


class _Tables(HTMLParser):
    """Collects the rows of all tables; a nested table counts as text of its cell."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.done: list[Row] = []
        self.row: list[Cell] | None = None
        self.text: list[str] | None = None
        self.size = 0
        self.count = 0
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self.silent += 1
        elif tag in _ROWS:
            self._end_row()
            self.row = []
        elif tag in _CELLS:
            self._end_cell()
            self._start_cell(dict(attrs))
        elif tag in ("br", "p", "div", "data") and self.text:
            self.text.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self.silent = max(0, self.silent - 1)
        elif tag in _CELLS:
            self._end_cell()
        elif tag in _ROWS or tag in _TABLES:
            self._end_row()

    def handle_data(self, data: str) -> None:
        if self.text is not None and not self.silent:
            self.size += len(data)
            if self.size <= MAX_CELL_BYTES:
                self.text.append(data)

    def close(self) -> None:
        super().close()
        self._end_row()

    def _start_cell(self, attributes: dict[str, str | None]) -> None:
        if self.row is None:
            self.row = []
        # XML spreadsheets skip empty cells and say where the next one stands.
        index = attributes.get("ss:index") or ""
        if index.isdigit():
            self.row.extend([""] * min(int(index) - 1 - len(self.row), 1000))
        span = attributes.get("colspan") or ""
        self.span = min(int(span), 1000) if span.isdigit() else 1
        self.text, self.size = [], 0

    def _end_cell(self) -> None:
        if self.text is None or self.row is None:
            return
        self.row.append("".join(self.text).strip())
        self.row.extend([""] * (self.span - 1))
        self.text = None

    def _end_row(self) -> None:
        self._end_cell()
        if self.row is not None:
            self.count += 1
            problem = TOO_LONG if self.size > MAX_CELL_BYTES else ""
            if any(isinstance(cell, str) and BAD in cell for cell in self.row):
                problem = UNDECODABLE
            self.done.append(Row(self.count, self.row, problem))
        self.row = None


def read(path: Path) -> Iterator[Sheet]:
    """The tables of the page as one sheet; the next header inside it is recognised like a repeated one."""
    yield Sheet(path.stem, _rows(path))


def _rows(path: Path) -> Iterator[Row]:
    parser = _Tables()
    with path.open(encoding=detect(path), errors="replace") as stream:
        while block := stream.read(BLOCK):
            parser.feed(block)
            yield from parser.done
            parser.done = []
    parser.close()
    yield from parser.done
