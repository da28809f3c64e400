"""The marks of a binary workbook of the newer kind (xlsb): parts of an archive that hold records ([MS-XLSB] 2.1.4).

calamine gives the cells; here only what it does not tell is read. A damaged part has no marks: whether it can be read at
all is for calamine to say.
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

from xlsxwriter.utility import xl_col_to_name

from ingestion.readers.workbook_marks import SheetMarks, WorkbookMarks, targets_of

BOOK, _RELATIONS = "xl/workbook.bin", "xl/_rels/workbook.bin.rels"
_ROW, _COLUMNS, _BOOK_PROPERTIES, _SHEET, _MERGED = 0, 60, 153, 156, 176
_ERRORS = (3, 11)
_ROW_HIDDEN, _COLUMN_HIDDEN, _FROM_1904 = 0x10, 0x01, 0x01
_LAST_COLUMN = 16_383


def of_xlsb(path: Path) -> WorkbookMarks:
    """The marks of the workbook at `path`."""
    marks = WorkbookMarks()
    with zipfile.ZipFile(path) as archive:
        members = {name.lower(): name for name in archive.namelist()}
        if BOOK not in members or _RELATIONS not in members:
            return marks
        targets = targets_of(archive.read(members[_RELATIONS]))
        for kind, data in _records(archive.read(members[BOOK])):
            if kind == _BOOK_PROPERTIES:
                marks.from_1904 = bool(data[:1] and data[0] & _FROM_1904)
            elif kind == _SHEET:
                part = members.get(targets.get(_relation(data), ""), "")
                marks.sheets.append(of_sheet(archive.read(part)) if part else SheetMarks())
    return marks


def _relation(sheet: bytes) -> str:
    """The relation that leads to the part of a sheet: behind its state and number, a length and so many characters."""
    length = int.from_bytes(sheet[8:12], "little")
    return sheet[12 : 12 + 2 * min(length, 255)].decode("utf-16-le", "replace")


def of_sheet(content: bytes) -> SheetMarks:
    """The marks in the part of one sheet."""
    marks, row = SheetMarks(), 0
    for kind, data in _records(content):
        if kind == _ROW and len(data) >= 12:
            row = int.from_bytes(data[:4], "little") + 1
            if data[11] & _ROW_HIDDEN:
                marks.hidden_rows.add(row)
        elif kind == _COLUMNS and len(data) >= 17:
            first, last = struct.unpack_from("<II", data)
            if data[16] & _COLUMN_HIDDEN:
                marks.hidden_columns |= {*range(first, min(last, _LAST_COLUMN) + 1)}
        elif kind in _ERRORS and len(data) >= 4:
            marks.errors.add(f"{xl_col_to_name(int.from_bytes(data[:2], 'little'))}{row}")
        elif kind == _MERGED and len(data) >= 16:
            top, bottom, first, last = struct.unpack_from("<IIII", data)
            marks.merged.append(((top, first), (bottom, last)))
    marks.blocks = len(marks.merged)
    return marks


def _records(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Kind and content of the records of a part; both its kind and its length are numbers of seven bits a byte."""
    place, size = 0, len(content)
    while place < size:
        kind, place = _number(content, place, 2)
        length, place = _number(content, place, 4)
        yield kind, content[place : place + length]
        place += length


def _number(content: bytes, place: int, longest: int) -> tuple[int, int]:
    """A number of at most so many bytes, and where it ends."""
    number = 0
    for byte in range(longest):
        part = content[place] if place < len(content) else 0
        place += 1
        number |= (part & 0x7F) << 7 * byte
        if not part & 0x80:
            break
    return number, place
