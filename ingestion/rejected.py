"""The workbook of rejected rows (退回的行): original cells, the bad ones marked with a comment that says what is wrong.

It is corrected and imported again as it is: the added columns at the end are names that the importer ignores, and where
the file had no header the recognised roles stand in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from catalog import imports
from ingestion.cells import Cell, is_blank, text
from ingestion.columns import Mapping
from ingestion.errors import RowError
from ingestion.headers import vocabulary
from ingestion.sheets import Row
from ingestion.tables import Table

ADDED = ("拒绝原因", "原工作表", "原行号")
MAX_CELL = 32_767
MAX_ROWS = 1_000_000
MAX_COMMENTS = 20_000
CUT = "（原文过长，此处只保留前面部分，请从原文件补全）"
_FORBIDDEN = str.maketrans("", "", "[]:*?/\\")


def file_name(import_id: int, source: str) -> str:
    """Name of the workbook of an import.

    >>> file_name(7, "专利 清单.csv")
    '退回-7-专利 清单.xlsx'
    """
    return f"退回-{import_id}-{Path(source).stem[:80]}.xlsx"


def find(folder: Path, import_id: int) -> Path | None:
    """The workbook of an import, None when it has none."""
    return next(iter(sorted(folder.glob(f"退回-{import_id}-*.xlsx"))), None)


def column_titles(mapping: Mapping, width: int) -> list[str]:
    """Column names for the workbook: those of the file, the role where the name was none or misleading."""
    known = vocabulary(mapping.kind)
    roles = {place: known.label(role) for role, places in mapping.columns.items() for place in places}
    titles = []
    for place in range(width):
        header = mapping.headers[place] if place < len(mapping.headers) else ""
        titles.append(
            roles[place] if place in mapping.by_value else header or roles.get(place, f"列{place + 1}")
        )
    return titles


def bad_columns(mapping: Mapping, error: RowError) -> list[int]:
    """The columns that an error speaks of."""
    known = vocabulary(mapping.kind)
    return [
        place
        for role, places in mapping.columns.items()
        if known.label(role) == error.field
        for place in places
    ]


def row_for(import_id: int, table: Table, mapping: Mapping, row: Row, error: RowError) -> imports.RejectedRow:
    """A rejected row as the catalogue keeps it, its cells by name."""
    titles = column_titles(mapping, max(len(row.cells), len(mapping.headers)))
    cells = {
        titles[place]
        if titles.index(titles[place]) == place
        else f"{titles[place]}（第 {place + 1} 列）": text(cell)
        for place, cell in enumerate(row.cells)
        if not is_blank(cell)
    }
    return imports.RejectedRow(
        import_id=import_id,
        sheet=table.name[:200],
        line=row.line,
        field=error.field[:100],
        value=error.value.replace("\x00", "\ufffd"),
        reason=error.reason,
        cells={name: value.replace("\x00", "\ufffd") for name, value in cells.items()},
    )


class RejectedBook:
    """Written row by row with bounded memory; appears under its name only when closed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._partial = path.with_suffix(".part")
        self._book = xlsxwriter.Workbook(str(self._partial), {"constant_memory": True})
        self._bad = self._book.add_format({"bg_color": "#FFC7CE"})
        self._head = self._book.add_format({"bold": True, "bg_color": "#D9E1F2"})
        self._date = self._book.add_format({"num_format": "yyyy-mm-dd"})
        self._bad_date = self._book.add_format({"num_format": "yyyy-mm-dd", "bg_color": "#FFC7CE"})
        self._page: Worksheet | None = None
        self._key: object = None
        self._row = 0
        self._width = 0
        self._comments = 0

    def write(
        self, sheet: str, mapping: Mapping, line: int, cells: Sequence[Cell], bad: Sequence[int], reason: str
    ) -> None:
        """Add a rejected row; `bad` are the columns to mark, none marks the first one."""
        page = self._page_for(sheet, mapping, len(cells))
        self._row += 1
        marked = [place for place in bad if place < self._width] or [0]
        for place, cell in enumerate(cells[: self._width]):
            self._cell(page, place, cell, bad=place in marked)
        for place in marked:
            self._comment(page, place, reason)
        for offset, value in enumerate((reason, sheet, str(line))):
            page.write_string(self._row, self._width + offset, value[:MAX_CELL])

    def close(self) -> Path:
        """Finish the workbook and put it under its name."""
        self._book.close()
        self._partial.replace(self.path)
        return self.path

    def discard(self) -> None:
        """Drop the workbook."""
        self._book.close()
        self._partial.unlink(missing_ok=True)

    def _page_for(self, sheet: str, mapping: Mapping, width: int) -> Worksheet:
        key = (sheet, id(mapping))
        if self._page is None or key != self._key or width > self._width or self._row >= MAX_ROWS:
            self._start_page(sheet, mapping, max(width, len(mapping.headers)))
            self._key = key
        assert self._page is not None  # noqa: S101
        return self._page

    def _start_page(self, sheet: str, mapping: Mapping, width: int) -> None:
        number = len(self._book.worksheets()) + 1
        name = sheet.translate(_FORBIDDEN).strip("'")[:24] or "退回"
        taken = {page.get_name().lower() for page in self._book.worksheets()}
        self._page = self._book.add_worksheet(name if name.lower() not in taken else f"{name}-{number}")
        self._page.freeze_panes(1, 0)
        self._row, self._width = 0, width
        for place, title in enumerate((*column_titles(mapping, width), *ADDED)):
            self._page.write_string(0, place, title[:MAX_CELL], self._head)

    def _cell(self, page: Worksheet, place: int, cell: Cell, *, bad: bool) -> None:
        style: Format | None = self._bad if bad else None
        if is_blank(cell):
            page.write_blank(self._row, place, None, style)
        elif isinstance(cell, bool):
            page.write_boolean(self._row, place, cell, style)
        elif isinstance(cell, (int, float)) and abs(cell) < 10**15:
            page.write_number(self._row, place, cell, style)
        elif isinstance(cell, (date, datetime)):
            page.write_datetime(self._row, place, cell, self._bad_date if bad else self._date)
        else:
            page.write_string(self._row, place, _fitting(cell), style)

    def _comment(self, page: Worksheet, place: int, reason: str) -> None:
        # Comments are the one thing that stays in memory; the reason stands in its own column all the same.
        if self._comments < MAX_COMMENTS:
            self._comments += 1
            page.write_comment(self._row, place, reason[:1000], {"author": "PatentDock", "x_scale": 2})


def _fitting(cell: Cell | time | timedelta) -> str:
    shown = str(cell)
    return shown if len(shown) <= MAX_CELL else shown[: MAX_CELL - len(CUT)] + CUT
