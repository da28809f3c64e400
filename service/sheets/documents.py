"""Documents of headed tables, written as Word (for both sides to discuss) and as Excel (to reckon on)."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import docx
import xlsxwriter
from docx.document import Document as WordDocument
from docx.oxml.ns import qn
from docx.shared import Pt

DOCX_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV_TYPE = "text/csv"
FONT = "宋体"
WIDEST, NARROWEST = 60, 10
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_NEGATIVE = re.compile(r"-[0-9]+\.[0-9]+")

Cell = str | int | Decimal | None


@dataclass
class Section:
    """A headed table with remarks; `rows` hold text, whole numbers and exact numbers."""

    title: str
    headings: Sequence[str] = ()
    rows: Sequence[Sequence[Cell]] = ()
    remarks: Sequence[str] = ()


@dataclass
class PrintedDocument:
    """A document: title, lines under it, sections, closing lines."""

    title: str
    lines: Sequence[str] = ()
    sections: list[Section] = field(default_factory=list)
    closing: Sequence[str] = ()


def _text(cell: Cell) -> str:
    return "" if cell is None else f"{cell:f}" if isinstance(cell, Decimal) else str(cell)


def printable(text: str) -> str:
    """The text without characters that no XML file may hold."""
    return "".join(c for c in text if c in "\t\n\r" or (c >= " " and not "\ud800" <= c <= "\udfff"))


def as_csv(rows: Iterable[Sequence[str]]) -> bytes:
    """Rows of texts as CSV in UTF-8 with BOM (which Excel needs); none of them runs as a formula."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    for row in rows:
        writer.writerow([_guarded(cell) for cell in row])
    return out.getvalue().encode("utf-8-sig", "replace")


def _guarded(cell: str) -> str:
    runs = cell.startswith(_FORMULA_STARTS) and not _NEGATIVE.fullmatch(cell)
    return f"'{cell}" if runs else cell


def to_docx(document: PrintedDocument) -> bytes:
    """The document as Word."""
    word = docx.Document()
    style = word.styles["Normal"]
    style.font.name, style.font.size = FONT, Pt(10.5)
    # Chinese characters take their font from another attribute than Latin letters.
    style.element.rPr.rFonts.set(qn("w:eastAsia"), FONT)
    word.add_heading(printable(document.title), level=0)
    for line in document.lines:
        word.add_paragraph(printable(line))
    for section in document.sections:
        _word_section(word, section)
    for line in document.closing:
        word.add_paragraph(printable(line))
    out = io.BytesIO()
    word.save(out)
    return out.getvalue()


def _word_section(word: WordDocument, section: Section) -> None:
    word.add_heading(printable(section.title), level=2)
    if section.headings:
        table = word.add_table(rows=1, cols=len(section.headings), style="Table Grid")
        for cell, heading in zip(table.rows[0].cells, section.headings, strict=True):
            cell.text = ""
            cell.paragraphs[0].add_run(printable(heading)).bold = True
        for row in section.rows:
            for cell, value in zip(table.add_row().cells, row, strict=True):
                cell.text = printable(_text(value))
    for remark in section.remarks:
        word.add_paragraph(printable(remark), style="List Bullet")


def to_xlsx(document: PrintedDocument) -> bytes:
    """The document as Excel, one sheet a section; exact numbers are numbers, text never runs as a formula."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        formats = {
            "heading": book.add_format(
                {"bold": True, "bg_color": "#DCE6F1", "border": 1, "text_wrap": True, "valign": "vcenter"}
            ),
            "body": book.add_format({"text_wrap": True, "valign": "top", "border": 1}),
            "number": book.add_format({"valign": "top", "border": 1, "num_format": "#,##0.######"}),
            "remark": book.add_format({"text_wrap": True, "valign": "top"}),
        }
        for section in [*document.sections, _about(document)]:
            _sheet(book, section, formats)
    return out.getvalue()


def _about(document: PrintedDocument) -> Section:
    return Section(
        "说明", ["说明"], [[line] for line in (document.title, *document.lines, *document.closing)]
    )


def _sheet(book: xlsxwriter.Workbook, section: Section, formats: dict[str, object]) -> None:
    sheet = book.add_worksheet(_sheet_name(section.title))
    sheet.freeze_panes(1, 0)
    for column, heading in enumerate(section.headings):
        cells = [heading, *(_text(row[column]) for row in section.rows)]
        sheet.set_column(column, column, _width(cells))
        sheet.write_string(0, column, printable(heading), formats["heading"])
    for line, row in enumerate(section.rows, 1):
        for column, value in enumerate(row):
            if isinstance(value, int | Decimal):
                sheet.write_number(line, column, float(value), formats["number"])
            else:
                sheet.write_string(line, column, printable(_text(value)), formats["body"])
    if section.headings and section.rows:
        sheet.autofilter(0, 0, len(section.rows), len(section.headings) - 1)
    for line, remark in enumerate(section.remarks, len(section.rows) + 2):
        sheet.write_string(line, 0, printable(remark), formats["remark"])


def _sheet_name(title: str) -> str:
    return "".join(c for c in title if c not in "[]:*?/\\'")[:31]


def _width(cells: Sequence[str]) -> int:
    # A Chinese character is as wide as two Latin ones.
    widest = max(sum(2 if ord(c) > 0x2E7F else 1 for c in cell) for cell in cells)
    return min(max(widest + 2, NARROWEST), WIDEST)
