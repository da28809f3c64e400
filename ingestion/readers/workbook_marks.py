"""The marks of a workbook that calamine does not give: hidden rows and columns, the day it counts from, its formulas.

A constant is a formula that is nothing but a text (`="0012"`): a program that never calculates leaves no value beside it.
Of any other formula without a value nobody knows what it says.
"""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path

from ingestion.readers.guards import unguarded

LAST_ROW, LAST_COLUMN = 1_048_576, 16_384
MOST_LISTED = 20
CONSTANT = 400
"""Bytes that a constant takes, measured."""

Range = tuple[tuple[int, int], tuple[int, int]]
"""First and last row and column of a merged block, 0-based: (row, column), (row, column)."""

_HIDDEN = re.compile(rb"""<(?:\w+:)?(row|col)\b([^>]*\bhidden=["'](?:1|true)["'][^>]*)>""")
_FORMULA = re.compile(
    rb"""<(?:\w+:)?c\b[^>]*?\br=["']([A-Z]{1,3})([0-9]{1,7})["'][^>]*>\s*<(?:\w+:)?f\b[^>]*>([^<]*)</"""
)
_WITHOUT_VALUE = re.compile(
    rb"""<(?:\w+:)?c\b([^>]*)>\s*<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>([^<]*)</(?:\w+:)?f>)\s*"""
    rb"""(<(?:\w+:)?v\b[^>]*(?:/>|></(?:\w+:)?v>))?\s*</(?:\w+:)?c>"""
)
_ERROR = re.compile(rb"""<(?:\w+:)?c\b([^>]*\bt=["']e["'][^>]*)>""")
_ATTRIBUTE = re.compile(rb"""([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_ELEMENT = re.compile(
    rb"<table:(table|table-row|table-column|table-cell|covered-table-cell)(?=[\s/>])([^>]*)>"
)
_DOCUMENT, _BOOK, _RELATIONS = "content.xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
_SHEET = re.compile(rb"<(?:\w+:)?sheet\b([^>]*)>")
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\b([^>]*)>")
_FROM_1904 = re.compile(rb"""<(?:\w+:)?workbookPr\b[^>]*\bdate1904=["'](?:1|true)["']""")


@dataclass(slots=True)
class NamedCells:
    """Cells of a sheet (B2): how many, and the first of them."""

    count: int = 0
    first: list[str] = field(default_factory=list)

    def add(self, cell: str) -> None:
        """Count a cell."""
        self.count += 1
        if len(self.first) < MOST_LISTED:
            self.first.append(cell)

    def __bool__(self) -> bool:
        return self.count > 0

    def __str__(self) -> str:
        return "、".join(self.first) + ("…" if self.count > len(self.first) else "")


@dataclass(slots=True)
class SheetMarks:
    """Of one sheet: hidden rows (1-based) and columns (0-based), constants by row and column.

    `uncalculated` are the cells with a formula and no value, `errors` those with an error in place of one. `merged` are the
    blocks where calamine does not give them, `blocks` is their number where it was not checked before.
    """

    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    constants: dict[int, dict[int, str]] = field(default_factory=dict)
    uncalculated: NamedCells = field(default_factory=NamedCells)
    errors: NamedCells = field(default_factory=NamedCells)
    merged: list[Range] = field(default_factory=list)
    blocks: int = 0

    def look(self, piece: bytes) -> int:
        """Collects the marks in a piece of the sheet's XML, which ends between two cells; returns the memory that this takes."""
        if b" hidden=" in piece:
            for element, attributes in _HIDDEN.findall(piece):
                self._hide(element, _attributes(attributes))
        if b't="e"' in piece or b"t='e'" in piece:
            for cell in _ERROR.findall(piece):
                self.errors.add(_attributes(cell).get("r", "")[:10])
        if b"<f" not in piece:
            return 0
        for found in _WITHOUT_VALUE.findall(piece):
            self._miss(*found)
        return CONSTANT * sum(self._keep(*found) for found in _FORMULA.findall(piece))

    def _hide(self, element: bytes, attributes: dict[str, str]) -> None:
        if element == b"row":
            self.hidden_rows |= {row for row in [_number(attributes, "r")] if 0 < row <= LAST_ROW}
        else:
            first, last = _number(attributes, "min"), _number(attributes, "max")
            self.hidden_columns |= {*range(max(0, first - 1), min(last, LAST_COLUMN))}

    def _miss(self, cell: bytes, formula: bytes, value: bytes) -> None:
        """Note a formula whose value nobody stored; an empty text is one."""
        attributes, stated = _attributes(cell), f"={unescape(formula.decode(errors='replace'))}"
        if unguarded(stated) == stated and not (value and attributes.get("t") == "str"):
            self.uncalculated.add(attributes.get("r", "")[:10])

    def _keep(self, letters: bytes, row: bytes, formula: bytes) -> bool:
        """Keep the text of a constant; whether the formula is one."""
        stated = f"={unescape(formula.decode(errors='replace'))}"
        line, column = int(row), column_number(letters)
        if (text := unguarded(stated)) == stated or line > LAST_ROW or column > LAST_COLUMN:
            return False
        self.constants.setdefault(line, {})[column - 1] = text
        return True


@dataclass(slots=True)
class WorkbookMarks:
    """Of a workbook: whether its days count from 1904, and the marks of its sheets in their order."""

    from_1904: bool = False
    sheets: list[SheetMarks] = field(default_factory=list)


def of_archive(path: Path, parts: dict[str, SheetMarks]) -> WorkbookMarks:
    """The marks of an xlsx or ods workbook; `parts` are those of the sheets of an xlsx by the name of the part."""
    with zipfile.ZipFile(path) as archive:
        members = {name.lower(): name for name in archive.namelist()}
        if _DOCUMENT in members:
            return WorkbookMarks(sheets=_document(archive, members[_DOCUMENT]))
        if _BOOK not in members or _RELATIONS not in members:
            return WorkbookMarks()
        book, relations = archive.read(members[_BOOK]), archive.read(members[_RELATIONS])
    targets = targets_of(relations)
    sheets = [_attributes(found) for found in _SHEET.findall(book)]
    names = [
        next((targets.get(value, "") for key, value in sheet.items() if key.endswith(":id")), "")
        for sheet in sheets
    ]
    found = [parts.get(name, SheetMarks()) for name in names]
    return WorkbookMarks(bool(_FROM_1904.search(book)), found)


def targets_of(relations: bytes) -> dict[str, str]:
    """The names of the parts that the relations of a workbook lead to."""
    found = map(_attributes, _RELATION.findall(relations))
    return {relation.get("Id", ""): _part(relation.get("Target", "")) for relation in found}


def _part(target: str) -> str:
    """The name of the part that a relation of the workbook leads to."""
    return (target[1:] if target.startswith("/") else f"xl/{target}").lower()


def _document(archive: zipfile.ZipFile, member: str) -> list[SheetMarks]:
    """The marks of the sheets of an ods document; nearly none has any, and then its cells are not looked at."""
    content = archive.read(member)
    if not any(sign in content for sign in (b"-spanned=", b'"collapse"', b'"filter"')):
        return []
    sheets: list[SheetMarks] = []
    row = column = 0
    for element, stated in _ELEMENT.findall(content):
        attributes = _attributes(stated)
        is_hidden = attributes.get("table:visibility") in ("collapse", "filter")
        if element == b"table":
            sheets.append(SheetMarks())
            row = column = 0
        elif not sheets:
            continue
        elif element == b"table-row":
            times, column = _number(attributes, "table:number-rows-repeated", 1), 0
            if is_hidden:
                sheets[-1].hidden_rows |= {*range(row + 1, min(row + times, LAST_ROW) + 1)}
            row += times
        else:
            times = _number(attributes, "table:number-columns-repeated", 1)
            if is_hidden:
                sheets[-1].hidden_columns |= {*range(column, min(column + times, LAST_COLUMN))}
            down = _number(attributes, "table:number-rows-spanned", 1)
            if down > 1:
                across = _number(attributes, "table:number-columns-spanned", 1)
                sheets[-1].merged.append(((row - 1, column), (row + down - 2, column + across - 1)))
            column += times
    return sheets


def _attributes(stated: bytes) -> dict[str, str]:
    return {name.decode(): (a or b).decode(errors="replace") for name, a, b in _ATTRIBUTE.findall(stated)}


def _number(attributes: dict[str, str], name: str, otherwise: int = 0) -> int:
    stated = attributes.get(name, "")
    return int(stated) if stated.isascii() and stated.isdigit() and len(stated) < 10 else otherwise


def column_number(letters: bytes) -> int:
    """The number of a column, 1 for A.

    >>> column_number(b"A"), column_number(b"AA"), column_number(b"XFD")
    (1, 27, 16384)
    """
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
