"""The marks of an old binary workbook (xls): a compound file ([MS-CFB]) that holds a stream of records ([MS-XLS] 2.1.4).

calamine gives the cells and the merged blocks; here only what it does not tell is read. Where the file is not what it
says it is, there are no marks: whether it can be read at all is for calamine to say.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from xlsxwriter.utility import xl_col_to_name

from ingestion.readers.workbook_marks import SheetMarks, WorkbookMarks

_FREE = 0xFFFFFFFA
"""Sector numbers from here on lead nowhere."""
_NAMES = ("Workbook", "Book")
_ENTRY = 128
_SMALL = 64
_DATE_MODE, _BOUND_SHEET, _ROW, _COLUMNS, _MERGED, _END = 0x22, 0x85, 0x208, 0x7D, 0xE5, 0x0A
_ERROR, _FORMULA, _ERROR_VALUE = 0x205, 0x06, 2
_BEGIN = frozenset({0x09, 0x209, 0x409, 0x809})
_ROW_HIDDEN, _COLUMN_HIDDEN = 0x20, 0x01


def of_binary(path: Path) -> WorkbookMarks:
    """The marks of the workbook at `path`."""
    try:
        return _marks(_stream(path.read_bytes()))
    except (struct.error, IndexError):
        return WorkbookMarks()


def _marks(stream: bytes) -> WorkbookMarks:
    marks = WorkbookMarks()
    for kind, place, _ in _records(stream, 0):
        if kind == _DATE_MODE:
            marks.from_1904 = struct.unpack_from("<H", stream, place) == (1,)
        elif kind == _BOUND_SHEET:
            (start,) = struct.unpack_from("<I", stream, place)
            marks.sheets.append(_sheet(stream, start))
    return marks


def _sheet(stream: bytes, start: int) -> SheetMarks:
    marks = SheetMarks()
    for kind, place, length in _records(stream, start):
        if kind == _ROW and length >= 14:
            row, flags = struct.unpack_from("<H10xH", stream, place)
            if flags & _ROW_HIDDEN:
                marks.hidden_rows.add(row + 1)
        elif kind == _COLUMNS and length >= 10:
            first, last, flags = struct.unpack_from("<HH4xH", stream, place)
            if flags & _COLUMN_HIDDEN:
                marks.hidden_columns |= {*range(first, min(last, 255) + 1)}
        elif kind == _MERGED:
            marks.blocks += length // 8
        elif kind in (_ERROR, _FORMULA) and length >= 8 and _is_error(stream, kind, place):
            row, column = struct.unpack_from("<HH", stream, place)
            marks.errors.add(f"{xl_col_to_name(column)}{row + 1}")
    return marks


def _is_error(stream: bytes, kind: int, place: int) -> bool:
    """Whether a cell holds an error, by itself or as what its formula came to."""
    if kind == _ERROR:
        return stream[place + 7] == 1
    return stream[place + 6] == _ERROR_VALUE and stream[place + 12 : place + 14] == b"\xff\xff"


def _records(stream: bytes, place: int) -> Iterator[tuple[int, int, int]]:
    """Kind, place and length of the records of one substream; those of charts inside a sheet are passed over."""
    depth = 0
    header, size = struct.Struct("<HH").unpack_from, len(stream)
    while place + 4 <= size:
        kind, length = header(stream, place)
        place += 4
        if kind in _BEGIN:
            depth += 1
        elif kind == _END:
            depth -= 1
            if depth <= 0:
                return
        elif depth == 1:
            yield kind, place, length
        place += length


def _stream(content: bytes) -> bytes:
    """The stream of the workbook inside the compound file, empty where there is none. Raises struct.error, IndexError."""
    shift, small_shift = struct.unpack_from("<HH", content, 30)
    (directory, cutoff, small_table) = struct.unpack_from("<I4xII", content, 48)
    size = 1 << min(shift, 16)
    table = _table(content, size)
    entries = _chain(content, table, directory, size, offset=size)
    found = {name: (start, length) for name, start, length in _entries(entries)}
    start, length = next((found[name] for name in _NAMES if name in found), (_FREE, 0))
    if length >= cutoff:
        return _chain(content, table, start, size, offset=size)[:length]
    small = _chain(
        content, table, found["Root Entry"][0] if "Root Entry" in found else _FREE, size, offset=size
    )
    numbers = _numbers(_chain(content, table, small_table, size, offset=size))
    return _chain(small, numbers, start, 1 << min(small_shift, 16), offset=0)[:length]


def _entries(directory: bytes) -> Iterator[tuple[str, int, int]]:
    """Name, first sector and length of the streams in a directory."""
    for place in range(0, len(directory) - _ENTRY + 1, _ENTRY):
        (named,) = struct.unpack_from("<H", directory, place + 64)
        start, length = struct.unpack_from("<II", directory, place + 116)
        yield (
            directory[place : place + max(0, min(named, 64) - 2)].decode("utf-16-le", "replace"),
            start,
            length,
        )


def _table(content: bytes, size: int) -> list[int]:
    """The table that leads from each sector to the next one: its own sectors stand in the header and behind it."""
    sectors = list(struct.unpack_from("<109I", content, 76))
    further, _ = struct.unpack_from("<II", content, 68)
    for _ in range(len(content) // size):
        if further >= _FREE:
            break
        if not (numbers := _numbers(content[(further + 1) * size : (further + 2) * size])):
            break
        sectors += numbers[:-1]
        further = numbers[-1]
    used = islice((sector for sector in sectors if sector < _FREE), len(content) // size)
    return [
        number for sector in used for number in _numbers(content[(sector + 1) * size : (sector + 2) * size])
    ]


def _numbers(content: bytes) -> list[int]:
    return list(struct.unpack(f"<{len(content) // 4}I", content[: len(content) // 4 * 4]))


def _chain(content: bytes, table: list[int], sector: int, size: int, *, offset: int) -> bytes:
    """The sectors of a stream from its first one on; a circle ends when it is as long as the file."""
    pieces = []
    for _ in range(len(content) // size + 1):
        if sector >= _FREE or sector >= len(table):
            break
        pieces.append(content[offset + sector * size : offset + (sector + 1) * size])
        sector = table[sector]
    return b"".join(pieces)
