"""The memory that a workbook would take, judged before anything of it is loaded.

A workbook of half a megabyte can ask for gigabytes: a single cell far down to the right makes a sheet of millions of
empty ones, a long text shared by many cells is copied into each. So the parts of the archive are read through once, in
pieces, and what loading them would take is added up. The same reading reports what the sheets hide.
"""

from __future__ import annotations

import re
import zipfile
from array import array
from collections.abc import Iterator
from pathlib import Path

from ingestion.errors import UnreadableFile
from ingestion.readers.workbook_marks import SheetMarks, column_number

MAX_MEMORY = 2_000_000_000
"""Bytes that loading one sheet may take: about 500,000 rows of 25 short columns."""
# Measured with calamine: an empty place in the rectangle of a sheet, what a filled cell takes besides its text, and the
# places of a merged block.
PLACE, CELL, MERGED = 32, 48, 400
PIECE = 4_000_000
LONGEST = 16 * PIECE

_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml", re.IGNORECASE)
_STRINGS = re.compile(r"xl/sharedstrings\.xml", re.IGNORECASE)
# Each begins with letters, not with a class of them: ten times as fast on hundreds of megabytes.
_CELL = re.compile(rb"""r=["']([A-Z]{1,3})(\d{1,7})["']""")
_REFERENCE = re.compile(rb"""t=["']s["'][^>]*>\s*<(?:\w+:)?v[^>]*>\s*(\d+)""")
_DOCUMENT = "content.xml"
_REPEATED_ROWS = re.compile(rb'number-rows-repeated="(\d{1,9})"')
_CELLS = re.compile(rb"<table:table-cell\b([^>]*)>(?:(?!<table:table-cell\b).)*", re.DOTALL)
_REPEATED = re.compile(rb'number-columns-repeated="(\d{1,9})"')
_STRING_END = re.compile(rb"</(?:\w+:)?si>|<(?:\w+:)?si\s*/>")


def check(path: Path) -> dict[str, SheetMarks]:
    """Refuses a workbook with a part that would take more memory than `MAX_MEMORY`; returns the hidden parts of its sheets.

    Raises UnreadableFile.
    """
    if not zipfile.is_zipfile(path):
        return {}
    try:
        with zipfile.ZipFile(path) as archive:
            return _check_parts(archive, path)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise UnreadableFile(
            f"文件 {path.name} 已损坏、已加密，或不是 Excel 工作簿",
            hint="请用 Excel 或 WPS 打开后另存为 xlsx，再重新导入",
        ) from error


def _check_parts(archive: zipfile.ZipFile, path: Path) -> dict[str, SheetMarks]:
    marks: dict[str, SheetMarks] = {}
    members = archive.infolist()
    for member in members:
        refuse_above(member.file_size, path, member.filename)
    lengths = array("L")
    for member in members:
        if _STRINGS.fullmatch(member.filename):
            lengths = _lengths(archive, member)
    for member in members:
        if _SHEET.fullmatch(member.filename):
            found = marks[member.filename.lower()] = SheetMarks()
            refuse_above(_memory_of(archive, member, lengths, found), path, member.filename)
        elif member.filename == _DOCUMENT:
            refuse_above(_memory_of_document(archive, member), path, member.filename)
    return marks


def refuse_above(memory: int, path: Path, part: str) -> None:
    """Refuse a workbook of which a part would take `memory` bytes, where this is too much. Raises UnreadableFile."""
    if memory > MAX_MEMORY:
        raise UnreadableFile(
            f"文件 {path.name} 中的 {part} 读入后约需 {memory / 1e9:.1f} GB 内存，超过上限 {MAX_MEMORY / 1e9:.0f} GB",
            hint="请删去数据区以外的单元格，拆成几个文件，或另存为 csv（UTF-8）后导入：csv 逐行读取，不受此限",
        )


def _pieces(archive: zipfile.ZipFile, member: zipfile.ZipInfo, opening: bytes) -> Iterator[bytes]:
    """The part in pieces, each of which begins with an opening tag (or what follows its prefix)."""
    rest = b""
    with archive.open(member) as stream:
        while data := stream.read(PIECE):
            data = rest + data
            cut = data.rfind(opening)
            if cut <= 0 and len(data) > LONGEST:
                cut = len(data)
            rest = data[max(cut, 0) :]
            yield data[: max(cut, 0)]
    yield rest


def _lengths(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> array[int]:
    """The most that each shared string takes: its length with its tags."""
    lengths = array("L")
    before = 0
    for piece in _pieces(archive, member, b"<si"):
        last = 0
        for match in _STRING_END.finditer(piece):
            lengths.append(before + match.end() - last)
            before, last = 0, match.end()
        before += len(piece) - last
    return lengths


def _memory_of(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, lengths: array[int], marks: SheetMarks
) -> int:
    """The memory that loading a sheet takes: its rectangle, its cells, the text in them and the text they share, its blocks."""
    cells = last_row = last_column = beside = 0
    for piece in _pieces(archive, member, b"<c "):
        places = _CELL.findall(piece)
        cells += len(places)
        last_row = max([last_row, *map(int, {row for _, row in places})])
        last_column = max([last_column, *map(column_number, {letters for letters, _ in places})])
        # The blocks stand behind the last cell.
        beside += marks.look(piece) + (MERGED * piece.count(b"<mergeCell ") if len(places) < 2 else 0)
        if beside > MAX_MEMORY:
            return beside
    memory = member.file_size + cells * CELL + last_row * last_column * PLACE + beside
    # The exact sum takes another reading, and is needed only where the longest text in every cell would be too much.
    if memory + cells * max(lengths, default=0) <= MAX_MEMORY:
        return memory
    return memory + sum(
        lengths[number]
        for piece in _pieces(archive, member, b"<c ")
        for number in map(int, _REFERENCE.findall(piece))
        if number < len(lengths)
    )


def _memory_of_document(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> int:
    """The memory that loading an ods document takes, which writes rows and cells that repeat only once."""
    memory = rows = last_row = last_column = 0
    for piece in _pieces(archive, member, b"<table:table-row"):
        for row in piece.split(b"<table:table-row")[1:]:
            rows += (repeats := _times(_REPEATED_ROWS, row.partition(b">")[0]))
            column = 0
            for cell in _CELLS.finditer(row):
                column += (width := _times(_REPEATED, cell[1]))
                if b"<text:" in cell[0] or b"office:value" in cell[1]:
                    memory += repeats * width * (CELL + len(cell[0]))
                    last_row, last_column = rows, max(last_column, column)
    return memory + last_row * last_column * PLACE


def _times(repeated: re.Pattern[bytes], attributes: bytes) -> int:
    found = repeated.search(attributes)
    return int(found[1]) if found else 1
