"""Excel papers: sheets that print on A4 pages with their headings on each, and columns with lists to choose from."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from math import ceil
from typing import Any

import xlsxwriter

from service.sheets.documents import printable

A3, A4 = 8, 9
_LINE, _PADDING = 15.5, 4
"""Heights of a line of text and of the space around it, in points."""
GridCell = str | int | Decimal | date | None


@dataclass(frozen=True, slots=True)
class GridColumn:
    """A column: heading, width in Latin characters, what may be chosen in it, and whether it holds numbers or days."""

    heading: str
    width: int
    options: Sequence[str] = ()
    holds: type[str] | type[Decimal] | type[date] = str
    to_fill: bool = False


@dataclass(frozen=True, slots=True)
class GridSheet:
    """A sheet with headings in its first row."""

    name: str
    title: str
    columns: Sequence[GridColumn]
    rows: Sequence[Sequence[GridCell]]
    paper: int = A4


def to_workbook(sheets: Sequence[GridSheet]) -> bytes:
    """The sheets as a workbook; text never runs as a formula."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        formats = _formats(book)
        for sheet in sheets:
            _sheet(book, sheet, formats)
    return out.getvalue()


def _formats(book: xlsxwriter.Workbook) -> dict[str, Any]:
    cell = {"border": 1, "text_wrap": True, "valign": "vcenter"}
    return {
        "heading": book.add_format(cell | {"bold": True, "bg_color": "#DCE6F1", "align": "center"}),
        "to_fill": book.add_format(cell | {"bold": True, "bg_color": "#FFF2CC", "align": "center"}),
        "text": book.add_format(cell),
        "count": book.add_format(cell | {"align": "center"}),
        "number": book.add_format(cell | {"num_format": "#,##0.######"}),
        "day": book.add_format(cell | {"num_format": "yyyy-mm-dd"}),
    }


def _sheet(book: xlsxwriter.Workbook, sheet: GridSheet, formats: dict[str, Any]) -> None:
    page = book.add_worksheet(sheet.name)
    _print_setup(page, sheet)
    for place, column in enumerate(sheet.columns):
        page.set_column(place, place, column.width)
        page.write_string(0, place, column.heading, formats["to_fill" if column.to_fill else "heading"])
        _restrict(page, place, column, len(sheet.rows))
    page.set_row(0, _height([one.heading for one in sheet.columns], sheet.columns))
    for line, row in enumerate(sheet.rows, 1):
        page.set_row(line, _height(row, sheet.columns))
        for place, (column, value) in enumerate(zip(sheet.columns, row, strict=True)):
            _write(page, (line, place), value, formats["day" if column.holds is date else "text"], formats)
    if sheet.rows:
        page.autofilter(0, 0, len(sheet.rows), len(sheet.columns) - 1)


def _height(row: Sequence[GridCell], columns: Sequence[GridColumn]) -> float:
    """The height of a row in which all text shows: not every program fits rows to wrapped text by itself."""
    lines = [
        sum(
            ceil(max(text_columns(part), 1) / max(column.width - 1, 1))
            for part in str(value or "").split("\n")
        )
        for value, column in zip(row, columns, strict=True)
    ]
    return _LINE * max(lines) + _PADDING


def text_columns(text: str) -> int:
    """The width of the text in Latin characters."""
    return sum(2 if ord(c) > 0x2E7F else 1 for c in text)


def _print_setup(page: Any, sheet: GridSheet) -> None:
    page.freeze_panes(1, 0)
    page.set_landscape()
    page.set_paper(sheet.paper)
    page.set_margins(left=0.4, right=0.4, top=0.8, bottom=0.6)
    page.fit_to_pages(1, 0)
    page.repeat_rows(0)
    # "&" begins a command in headers; the limit of a header is 255 characters.
    title = printable(sheet.title).replace("&", "&&")[:200]
    # A space keeps a title that begins with a digit apart from the size of the font.
    page.set_header(f"&C&14 {title}")
    page.set_footer("&C第 &P 页，共 &N 页")


def _restrict(page: Any, place: int, column: GridColumn, rows: int) -> None:
    """Lets only values that can be read back be typed into a column."""
    if not rows:
        return
    area = (1, place, rows, place)
    rule: dict[str, Any]
    if column.options:
        rule = {"validate": "list", "source": list(column.options), "error_message": "请从下拉列表中选择"}
    elif column.holds is Decimal:
        rule = {"validate": "decimal", "criteria": ">=", "value": 0, "error_message": "请填写不小于 0 的数字"}
    elif column.holds is date:
        first = {"validate": "date", "criteria": ">=", "value": date(2000, 1, 1)}
        rule = first | {"error_message": "请填写日期，如 2027-03-31"}
    else:
        return
    page.data_validation(*area, rule | {"error_title": "填写有误"})


def _write(page: Any, at: tuple[int, int], value: GridCell, text: Any, formats: dict[str, Any]) -> None:
    if value is None or value == "":
        page.write_blank(*at, None, text)
    elif isinstance(value, date):
        page.write_datetime(*at, value, formats["day"])
    elif isinstance(value, int | Decimal):
        page.write_number(*at, float(value), formats["count" if isinstance(value, int) else "number"])
    else:
        page.write_string(*at, printable(value)[:32_767], text)
