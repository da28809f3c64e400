"""Tables in markup: HTML pages that web systems save under the name .xls, and XML spreadsheets of 2003.

Cells that span rows (rowspan, ss:MergeDown) keep their column in the rows below, as a browser lays them out: a cell goes
to the first column that is free. A table inside a cell is text of the cell where the row around it is a record, and a
table of its own where the row only lays out the page.
"""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from ingestion.readers.delimited import TOO_LONG, UNDECODABLE
from ingestion.readers.encodings import REPLACED, UNDECODED, open_text, shown
from ingestion.readers.guards import unguarded
from ingestion.readers.sheets import Block, Row, Sheet, Spans, may_hold_errors
from ingestion.values.cells import MAX_CELL_BYTES, is_blank

BLOCK = 1 << 16
MOST_SPANNED = 1000
_ROWS = frozenset({"tr", "row"})
_CELLS = frozenset({"td", "th", "cell"})
_GROUPS = frozenset({"thead", "tbody", "tfoot"})
_COLUMNS = frozenset({"col", "column"})
_BREAKS = frozenset({"br", "p", "div", "data", *_ROWS})
_SILENT = frozenset({"script", "style", "head", "styles", "comment"})
_HIDDEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)

Attributes = dict[str, str | None]


class _Table:
    """One table that is open: the row at hand, the cell in it, and what reaches down from the rows above."""

    def __init__(self) -> None:
        self.spans = Spans()
        self.place = 0  # rows of this table so far; lines go on through tables inside
        self.row: Row | None = None
        self.text: list[str] | None = None
        self.size = 0
        self.width, self.until = 1, 0.0
        self.is_list = False  # some row has several non-empty cells

    def start_row(self, line: int, *, rows: int, hidden: bool) -> None:
        self.place += rows
        self.spans.start_row(self.place)
        self.row = Row(line, [], above=self.spans.above, hidden=hidden)
        self.size = 0

    def start_cell(self, attributes: Attributes) -> None:
        if self.row is None:
            return
        cells = self.row.cells
        # XML spreadsheets skip empty cells and give the index of the next one.
        index = _number(attributes.get("ss:index"), len(cells) + 1)
        place = self.spans.free(max(len(cells), min(index - 1, len(cells) + MOST_SPANNED)))
        cells.extend([""] * (place - len(cells)))
        across = _number(attributes.get("ss:mergeacross"), 0)
        self.width = min(max(1, _number(attributes.get("colspan"), across + 1)), MOST_SPANNED)
        down = _number(attributes.get("ss:mergedown"), 0)
        height = _number(attributes.get("rowspan"), down + 1)
        # As the standard of HTML has it, rowspan="0" reaches to the end of the group of rows.
        self.until = self.place + height - 1 if height else math.inf
        if self.width > 1 and height == 1:
            self.row.across = self.width
        self.text = []

    def end_cell(self) -> None:
        if self.text is None or self.row is None:
            return
        value = unguarded("".join(self.text).strip())
        if self.until > self.place:
            self.spans.begin(len(self.row.cells), self.width, self.until, Block(self.row.line, value))
        self.row.cells.append(value)
        self.row.cells.extend([""] * (self.width - 1))
        self.text = None

    def end_row(self) -> Row | None:
        """The row at hand, None where there is none."""
        self.end_cell()
        row, self.row = self.row, None
        if row is None:
            return None
        texts = [*map(str, row.cells)]
        self.is_list |= sum(map(bool, texts)) > 1
        if any(UNDECODED in text for text in texts):
            row.cells, row.problem = [*map(shown, texts)], UNDECODABLE
        elif self.size > MAX_CELL_BYTES:
            row.problem = TOO_LONG
        row.replaced = any(REPLACED in text for text in texts)
        row.has_errors = any(map(may_hold_errors, texts))
        return row

    def holds_records(self) -> bool:
        """Whether a table that begins now is part of a record rather than laid out in a cell."""
        is_filled = self.row is not None and not all(map(is_blank, [*self.row.cells, *(self.text or [])]))
        return self.is_list and is_filled


class _Tables(HTMLParser):
    """Collects the rows of all tables, each with the sheet that it belongs to."""

    def __init__(self, name: str) -> None:
        super().__init__(convert_charrefs=True)
        self.done: deque[tuple[Sheet, Row]] = deque()
        self.sheet = Sheet(name, iter(()))
        self.tables = [_Table()]
        self.line = 0
        self.columns = 0
        self.inner = 0  # tables inside a cell that are text of it
        self.silent = 0
        self.from_1904 = False
        self.tag = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tag = tag = tag.removeprefix("ss:")
        if tag in _SILENT:
            self.silent += 1
        elif tag == "table":
            self._start_table()
        elif self.inner:
            self._break(tag)
        elif tag in _ROWS:
            self._end_row()
            self._start_row(dict(attrs))
        elif tag in _CELLS:
            self._start_cell(dict(attrs))
        elif tag in _COLUMNS:
            self._column(dict(attrs))
        elif tag == "worksheet":
            self._start_sheet(dict(attrs).get("ss:name") or self.sheet.name)
        elif tag.endswith("date1904"):
            self.from_1904 = self.sheet.from_1904 = True
        elif tag in _GROUPS:
            self._end_group()
        else:
            self._break(tag)

    def handle_endtag(self, tag: str) -> None:
        tag = tag.removeprefix("ss:")
        if tag in _SILENT:
            self.silent = max(0, self.silent - 1)
        elif tag == "table":
            self._end_table()
        elif self.inner:
            return
        elif tag in _CELLS:
            self.tables[-1].end_cell()
        elif tag in _ROWS:
            self._end_row()
        elif tag in _GROUPS:
            self._end_group()

    def handle_data(self, data: str) -> None:
        table = self.tables[-1]
        if table.text is not None and not self.silent:
            table.size += len(data)
            if table.size <= MAX_CELL_BYTES:
                table.text.append(data)
        elif self.tag.endswith("visible") and "hidden" in data.lower():
            self.sheet.hidden = True

    def close(self) -> None:
        super().close()
        while len(self.tables) > 1:
            self._end_table()
        self._end_row()

    def _start_sheet(self, name: str) -> None:
        self._end_group()
        self.sheet = Sheet(name, iter(()), from_1904=self.from_1904)
        self.tables, self.line, self.columns = [_Table()], 0, 0

    def _start_table(self) -> None:
        self.columns = 0
        if self.inner or self.tables[-1].holds_records():
            self.inner += 1
            self._break("br")
        else:
            self.tables.append(_Table())

    def _end_table(self) -> None:
        if self.inner:
            self.inner -= 1
            return
        self._end_row()
        if len(self.tables) > 1:
            self.tables.pop()

    def _start_row(self, attributes: Attributes) -> None:
        rows = max(1, _number(attributes.get("ss:index"), 0) - self.line)
        self.line += rows
        self.tables[-1].start_row(self.line, rows=rows, hidden=_is_hidden(attributes))

    def _start_cell(self, attributes: Attributes) -> None:
        table = self.tables[-1]
        table.end_cell()
        if table.row is None:
            self._start_row({})
        table.start_cell(attributes)

    def _end_row(self) -> None:
        if row := self.tables[-1].end_row():
            self.done.append((self.sheet, row))

    def _end_group(self) -> None:
        self._end_row()
        self.tables[-1].spans.end()

    def _column(self, attributes: Attributes) -> None:
        """Note the columns that a column element hides."""
        first = _number(attributes.get("ss:index"), self.columns + 1) - 1
        more = _number(attributes.get("ss:span"), 0)
        self.columns = first + min(max(1, _number(attributes.get("span"), more + 1)), MOST_SPANNED)
        if _is_hidden(attributes):
            self.sheet.hidden_columns = {*self.sheet.hidden_columns, *range(first, self.columns)}

    def _break(self, tag: str) -> None:
        """Divide the text of a cell where a line ends, or a cell of a table inside it."""
        text = self.tables[-1].text
        if text and tag in _BREAKS:
            text.append("\n")
        elif text and tag in _CELLS and text[-1] != "\n":
            text.append(" ")


def _number(stated: str | None, otherwise: int) -> int:
    """A count among the attributes, `otherwise` where it is none."""
    found = (stated or "").strip()
    return int(found) if found.isascii() and found.isdigit() and len(found) < 8 else otherwise


def _is_hidden(attributes: Attributes) -> bool:
    stated = "hidden" in attributes or attributes.get("ss:hidden") == "1"
    return stated or bool(_HIDDEN.search(attributes.get("style") or ""))


def read(path: Path) -> Iterator[Sheet]:
    """The worksheets of a spreadsheet, or the tables of a page as one sheet, in which the next header is recognised."""
    for sheet, rows in groupby(_rows(path), key=itemgetter(0)):
        sheet.rows = (row for _, row in rows)
        yield sheet


def _rows(path: Path) -> Iterator[tuple[Sheet, Row]]:
    parser = _Tables(path.stem)
    with open_text(path) as stream:
        while block := stream.read(BLOCK):
            parser.feed(block)
            while parser.done:
                yield parser.done.popleft()
    parser.close()
    yield from parser.done
