"""The workbook of rejected rows (退回的行): original cells, the bad ones marked with a comment that says what is wrong.

It is corrected and imported again as it is: the added columns at the end are names that the importer ignores, and where
the file had no header the recognised roles stand in it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from catalog.imports import imports
from ingestion.columns.headers import role_of, vocabulary
from ingestion.columns.mappings import REASON
from ingestion.columns.recognition import Mapping
from ingestion.errors import RowError
from ingestion.readers.sheets import Row
from ingestion.storing.tables import SheetTable
from ingestion.values.cells import Cell, is_blank, text

ADDED = (REASON, "原工作表", "原行号")
MAX_CELL = 32_767
MAX_ROWS = 1_000_000
MAX_COMMENTS = 20_000
NARROWEST, WIDEST, REASON_WIDTH = 8, 50, 60
# Numbers by look, texts by nature: a spreadsheet rounds or rewrites what is typed into such a column otherwise.
IDENTIFIERS = (
    "application_number",
    "publication_number",
    "credit_code",
    "code",
    "citation",
    "ipc",
    "main_ipc",
    "locarno",
)
CUT = "（原文过长，此处只保留前面部分，请从原文件补全）"
DATE, TEXT = "yyyy-mm-dd", "@"
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
    """Column names for the workbook: those of the file, with the role where they do not lead to it."""
    roles = {place: role for role, places in mapping.columns.items() for place in places}
    headers = [*mapping.headers, *[""] * (width - len(mapping.headers))]
    return [_title(mapping, place, headers[place], roles.get(place)) for place in range(width)]


def _title(mapping: Mapping, place: int, header: str, role: str | None) -> str:
    leads_to = role_of(mapping.kind, header)
    if role is None:
        # Columns that a saved mapping omits must not be recognised when the workbook comes back without the mapping.
        return f"未导入的{header}" if mapping.source and leads_to else header or f"列{place + 1}"
    label = vocabulary(mapping.kind).label(role)
    if place in mapping.by_value or not header:
        return label
    # The workbook keeps the name of the file, which may state the unit of the numbers.
    return header if leads_to and leads_to[0] == role else f"{label}/{header}"


def bad_columns(mapping: Mapping, error: RowError) -> list[int]:
    """The columns that an error refers to; a role without a column of its own is part of the citation."""
    known = vocabulary(mapping.kind)
    wrong = (error.field, *error.also)
    found = [
        place for role, places in mapping.columns.items() if known.label(role) in wrong for place in places
    ]
    return found or (mapping.columns.get("citation", []) if error.field else [])


def row_for(
    import_id: int, table: SheetTable, mapping: Mapping, row: Row, error: RowError
) -> imports.RejectedRow:
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
        self._head = self._format(bold=True, bg_color="#D9E1F2", text_wrap=True, valign="top")
        self._formats = {
            (kind, bad): self._format(
                **({"num_format": kind} if kind else {}), **({"bg_color": "#FFC7CE"} if bad else {})
            )
            for kind in ("", DATE, TEXT)
            for bad in (False, True)
        }
        self._reason = self._format(text_wrap=True)
        self._page: Worksheet | None = None
        self._key = ("", 0)
        self._titles: list[str] = []
        self._row = 0
        self._width = 0
        self._widths: list[int] = []
        self._identifiers: set[int] = set()
        self._comments = 0

    def _format(self, **properties: object) -> Format:
        return self._book.add_format(properties)

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
        page.write_string(self._row, self._width, reason[:MAX_CELL], self._reason)
        page.write_string(self._row, self._width + 1, sheet)
        page.write_number(self._row, self._width + 2, line)

    def close(self) -> Path:
        """Finish the workbook and put it under its name."""
        self._set_widths()
        self._book.close()
        self._partial.replace(self.path)
        return self.path

    def discard(self) -> None:
        """Drop the workbook."""
        self._book.close()
        self._partial.unlink(missing_ok=True)

    def _page_for(self, sheet: str, mapping: Mapping, width: int) -> Worksheet:
        columns = max(width, len(mapping.headers))
        if self._page is None or not self._fits(sheet, mapping, columns) or self._row >= MAX_ROWS:
            self._start_page(sheet, mapping, columns)
        self._key = (sheet, id(mapping))
        assert self._page is not None  # noqa: S101
        return self._page

    def _fits(self, sheet: str, mapping: Mapping, columns: int) -> bool:
        """Whether the page is of this sheet and has these columns, also where they were recognised once more."""
        if columns > self._width:
            return False
        return self._key == (sheet, id(mapping)) or (
            self._key[0] == sheet and self._titles == column_titles(mapping, self._width)
        )

    def _start_page(self, sheet: str, mapping: Mapping, width: int) -> None:
        self._set_widths()
        number = len(self._book.worksheets()) + 1
        name = sheet.translate(_FORBIDDEN).strip("'")[:24] or "退回"
        taken = {page.get_name().lower() for page in self._book.worksheets()}
        self._page = self._book.add_worksheet(name if name.lower() not in taken else f"{name}-{number}")
        self._page.freeze_panes(1, 0)
        self._row, self._width, self._widths = 0, width, [NARROWEST] * width
        self._identifiers = {place for role in IDENTIFIERS for place in mapping.columns.get(role, [])}
        self._titles = column_titles(mapping, width)
        for place, title in enumerate((*self._titles, *ADDED)):
            self._page.write_string(0, place, title[:MAX_CELL], self._head)
            if place < width:
                self._widen(place, title)

    def _widen(self, place: int, shown: str) -> None:
        longest = max(map(_columns, shown[: WIDEST * 4].splitlines()), default=0)
        self._widths[place] = min(max(self._widths[place], longest + 2), WIDEST)

    def _set_widths(self) -> None:
        """Make the columns of the page as wide as what stands in them, identifiers text for what is typed in."""
        if self._page is None:
            return
        for place, width in enumerate(self._widths):
            style = self._formats[TEXT, False] if place in self._identifiers else None
            self._page.set_column(place, place, width, style)
        for offset, width in enumerate((REASON_WIDTH, 16, NARROWEST)):
            self._page.set_column(self._width + offset, self._width + offset, width)

    def _cell(self, page: Worksheet, place: int, cell: Cell, *, bad: bool) -> None:
        is_identifier = place in self._identifiers
        style = self._formats[TEXT if is_identifier else "", bad]
        if is_blank(cell):
            page.write_blank(self._row, place, None, style)
        elif isinstance(cell, (date, datetime)):
            page.write_datetime(self._row, place, cell, self._formats[DATE, bad])
            self._widen(place, "2000-01-01")
        elif isinstance(cell, bool):
            page.write_boolean(self._row, place, cell, style)
        elif isinstance(cell, (int, float)) and abs(cell) < 10**15 and not is_identifier:
            page.write_number(self._row, place, cell, style)
            self._widen(place, text(cell))
        else:
            page.write_string(self._row, place, shown := _fitting(cell, is_identifier), style)
            self._widen(place, shown)

    def _comment(self, page: Worksheet, place: int, reason: str) -> None:
        # Comments are the one thing that stays in memory; the reason stands in its own column all the same.
        if self._comments < MAX_COMMENTS:
            self._comments += 1
            lines = 1 + _columns(reason) // 34  # characters on a line of twice the usual width
            size = {"x_scale": 2, "y_scale": max(1, lines / 4)}
            page.write_comment(self._row, place, reason[:1000], {"author": "PatentDock", **size})


def _columns(shown: str) -> int:
    """The number of columns of a terminal or letters of a sheet that a text takes; Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in shown)


def _fitting(cell: Cell | time | timedelta, is_identifier: bool) -> str:
    shown = text(cell) if is_identifier else str(cell)
    return shown if len(shown) <= MAX_CELL else shown[: MAX_CELL - len(CUT)] + CUT
