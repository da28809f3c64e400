"""Word papers: pages of titles, lines and tables in the fonts of office papers (公文)."""

from __future__ import annotations

import io
from collections.abc import Sequence

import docx
from docx.enum.section import WD_ORIENT
from docx.enum.table import WD_ALIGN_VERTICAL
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.oxml.parser import parse_xml
from docx.shared import Cm, Pt
from docx.table import Table, _Row
from docx.text.paragraph import Paragraph
from docx.text.run import Run

from service.sheets.documents import FONT, printable

HEAD_FONT = "黑体"
LATIN = "Times New Roman"
_LONG, _SHORT, _MARGIN, _EDGE = 29.7, 21.0, 2.0, 1.7
BOX = "☐"


class WordPaper:
    """A Word file under construction; `width` is that of the text in centimetres."""

    def __init__(self, title: str, footer: str = "", *, landscape: bool = False) -> None:
        self._word = docx.Document()
        self._word.core_properties.title = printable(title)[:255]
        self._word.core_properties.author = "PatentDock"
        self._pages = 0
        self.width = (_LONG if landscape else _SHORT) - 2 * _MARGIN
        self._lay_out(landscape)
        self._fonts()
        self._foot(footer)

    def _lay_out(self, landscape: bool) -> None:
        section = self._word.sections[0]
        section.orientation = WD_ORIENT.LANDSCAPE if landscape else WD_ORIENT.PORTRAIT
        long, short = Cm(_LONG), Cm(_SHORT)
        section.page_width, section.page_height = (long, short) if landscape else (short, long)
        section.left_margin = section.right_margin = Cm(_MARGIN)
        section.top_margin = section.bottom_margin = Cm(_EDGE)

    def _fonts(self) -> None:
        style = self._word.styles["Normal"]
        style.font.size = Pt(10.5)
        properties = style.element.get_or_add_rPr()
        _use(properties, FONT)
        # Without the language, programs that lack these fonts may take traditional or Japanese shapes.
        language = OxmlElement("w:lang")
        language.set(qn("w:val"), "en-US")
        language.set(qn("w:eastAsia"), "zh-CN")
        properties.append(language)
        style.paragraph_format.space_after = Pt(4)

    def _foot(self, text: str) -> None:
        line = self._word.sections[0].footer.paragraphs[0]
        line.alignment = WD_ALIGN_PARAGRAPH.CENTER
        _write(line, f"{text}　第 " if text else "第 ", size=9)
        number = line.add_run()
        number.font.size = Pt(9)
        for kind, code in (("begin", ""), ("", "PAGE"), ("end", "")):
            number._r.append(_field(kind, code))
        _write(line, " 页", size=9)

    def page(self, title: str, *, size: float = 18) -> None:
        """Begins a page under a title."""
        line = self._line(title, size=size, bold=True, font=HEAD_FONT)
        line.alignment = WD_ALIGN_PARAGRAPH.CENTER
        line.paragraph_format.page_break_before = self._pages > 0
        line.paragraph_format.space_after = Pt(10)
        self._pages += 1

    def heading(self, text: str) -> None:
        """A heading that stays with what follows it."""
        line = self._line(text, size=12, bold=True, font=HEAD_FONT)
        line.paragraph_format.space_before = Pt(3)
        line.paragraph_format.keep_with_next = True

    def text(self, text: str, *, size: float = 10.5, indented: bool = False, bold: bool = False) -> None:
        """A paragraph, with `indented` its first line by two characters."""
        line = self._line(text, size=size, bold=bold)
        if indented:
            line.paragraph_format.first_line_indent = Pt(2 * size)

    def centred(self, text: str, *, size: float = 10.5, bold: bool = False) -> None:
        """A line in the middle of the page."""
        self._line(text, size=size, bold=bold).alignment = WD_ALIGN_PARAGRAPH.CENTER

    def right(self, text: str) -> None:
        """A line at the right margin, for signatures."""
        self._line(text).alignment = WD_ALIGN_PARAGRAPH.RIGHT

    def _line(self, text: str, *, size: float = 10.5, bold: bool = False, font: str = FONT) -> Paragraph:
        line = self._word.add_paragraph()
        _write(line, text, size=size, bold=bold, font=font)
        return line

    def facts(self, rows: Sequence[tuple[str, str]], *, first: float = 3.2) -> None:
        """A table of names and values without headings."""
        table = self._table(len(rows), [first, self.width - first])
        for row, (name, value) in zip(table.rows, rows, strict=True):
            _fill(row, [name, value], bold_first=True)

    def table(
        self,
        headings: Sequence[str],
        rows: Sequence[Sequence[str]],
        shares: Sequence[float],
        *,
        size: float = 10.5,
        height: float = 0,
    ) -> None:
        """A table whose headings come again on every page; columns by their shares of the width, rows at least `height` cm."""
        widths = [self.width * share / sum(shares) for share in shares]
        table = self._table(len(rows) + 1, widths)
        head, *others = table.rows
        _fill(head, headings, size=size, bold=True)
        head._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
        for row, cells in zip(others, rows, strict=True):
            _fill(row, cells, size=size)
            if height:
                row.height = Cm(height)

    def _table(self, rows: int, widths: Sequence[float]) -> Table:
        table: Table = self._word.add_table(rows=rows, cols=len(widths), style="Table Grid")
        table.autofit = False
        for column, width in zip(table.columns, widths, strict=True):
            column.width = Cm(width)
        for row in table.rows:
            row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
            for cell, width in zip(row.cells, widths, strict=True):
                cell.width = Cm(width)
        gap = self._word.add_paragraph().paragraph_format
        gap.space_after, gap.line_spacing = Pt(0), Pt(8)
        return table

    def to_bytes(self) -> bytes:
        """The file."""
        out = io.BytesIO()
        self._word.save(out)
        return out.getvalue()


def _fill(
    row: _Row, texts: Sequence[str], *, size: float = 10.5, bold: bool = False, bold_first: bool = False
) -> None:
    for place, (cell, text) in enumerate(zip(row.cells, texts, strict=True)):
        line = cell.paragraphs[0]
        line.paragraph_format.space_before = line.paragraph_format.space_after = Pt(2)
        cell.vertical_alignment = WD_ALIGN_VERTICAL.CENTER
        _write(line, text, size=size, bold=bold or (bold_first and place == 0))


def _write(line: Paragraph, text: str, *, size: float = 10.5, bold: bool = False, font: str = FONT) -> Run:
    run = line.add_run(printable(text))
    run.font.size, run.bold = Pt(size), bold
    _use(run._r.get_or_add_rPr(), font)
    return run


def _use(properties: object, font: str) -> None:
    """Sets the font: Chinese characters take it from another attribute than Latin letters."""
    fonts = properties.get_or_add_rFonts()  # type: ignore[attr-defined]
    fonts.set(qn("w:ascii"), LATIN)
    fonts.set(qn("w:hAnsi"), LATIN)
    fonts.set(qn("w:eastAsia"), font)


def _field(kind: str, code: str) -> object:
    """A part of the field that shows the number of the page."""
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    if kind:
        return parse_xml(f'<w:fldChar {space} w:fldCharType="{kind}"/>')
    return parse_xml(f'<w:instrText {space} xml:space="preserve">{code}</w:instrText>')
