"""Rows of spreadsheets: xlsx, xlsb, old binary xls and ods through calamine, every sheet of the workbook."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from io import BytesIO
from itertools import repeat
from pathlib import Path

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from ingestion.errors import UnreadableFile
from ingestion.readers import binary_marks, workbook_marks, workbook_size, xlsb_marks
from ingestion.readers.encodings import REPLACED
from ingestion.readers.guards import may_hold_guard, unguarded
from ingestion.readers.sheets import Block, Row, Sheet, Spans, may_hold_errors
from ingestion.readers.workbook_marks import Range, SheetMarks, WorkbookMarks
from ingestion.values.cells import Cell

# Excel holds 32,767 characters in a cell and no record takes more than 50,000 in a field; what is longer is no cell of
# a register, and judging it by content takes a second a megabyte.
MAX_CELL = 100_000
KEPT = 1000
TOO_LONG = f"该行有单元格超过 {MAX_CELL // 10_000} 万字，无法读取；请检查文件是否正确，缩短后重新导入"
ZIP_MAGIC = b"PK\x03\x04"
OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def read(path: Path) -> Iterator[Sheet]:
    """All worksheets of a workbook. Raises UnreadableFile when it is damaged, encrypted or no workbook."""
    parts = workbook_size.check(path)
    try:
        workbook = _opened(path)
    except PasswordError as error:
        raise UnreadableFile(f"文件 {path.name} 已加密", hint="请取消密码保护后重新导入") from error
    except (CalamineError, OSError, ValueError) as error:
        raise _damaged(path) from error
    marks = _marks(path, parts)
    for place, meta in enumerate(workbook.sheets_metadata):
        if meta.typ is SheetTypeEnum.WorkSheet:
            sheet = _sheet(workbook, meta.name, path)
            marked = marks.sheets[place] if place < len(marks.sheets) else SheetMarks()
            workbook_size.refuse_above(marked.blocks * workbook_size.MERGED, path, meta.name)
            yield Sheet(
                meta.name,
                _rows(sheet, marked),
                likely_rows=sheet.height,
                hidden=meta.visible is not SheetVisibleEnum.Visible,
                hidden_columns=marked.hidden_columns,
                from_1904=marks.from_1904,
                remarks=_remarks(meta.name, marked),
            )
            del sheet  # it would stay beside the next one


def suffixes(path: Path) -> tuple[str, ...]:
    """The suffixes under which a workbook with this content goes; none where it is damaged."""
    if not zipfile.is_zipfile(path):
        return (".xls", ".xlt", ".et")
    try:
        with zipfile.ZipFile(path) as archive:
            members = {name.lower() for name in archive.namelist()}
    except zipfile.BadZipFile:
        return ()
    if xlsb_marks.BOOK in members:
        return (".xlsb",)
    return (".ods",) if "content.xml" in members else (".xlsx", ".xlsm", ".xltx", ".xltm", ".et")


def _opened(path: Path) -> CalamineWorkbook:
    # By its path calamine judges a workbook by its name, by its content alone after reading it into memory.
    if path.suffix.lower() in suffixes(path):
        return CalamineWorkbook.from_path(str(path))
    return CalamineWorkbook.from_filelike(BytesIO(path.read_bytes()))


def _marks(path: Path, parts: dict[str, SheetMarks]) -> WorkbookMarks:
    if not zipfile.is_zipfile(path):
        return binary_marks.of_binary(path)
    return xlsb_marks.of_xlsb(path) if ".xlsb" in suffixes(path) else workbook_marks.of_archive(path, parts)


def _remarks(name: str, marks: SheetMarks) -> list[str]:
    """Remarks on the cells of the sheet that have no value although they are not empty."""
    remarks = []
    if without := marks.uncalculated:
        remarks.append(
            f"工作表“{name}”：{without.count} 个公式单元格没有保存计算结果，按空白读取（{without}）；"
            "请用 Excel 或 WPS 打开并保存后重新导入"
        )
    if wrong := marks.errors:
        remarks.append(f"工作表“{name}”：{wrong.count} 个单元格是公式错误（如 #REF!），按空白读取（{wrong}）")
    return remarks


def _sheet(workbook: CalamineWorkbook, name: str, path: Path) -> CalamineSheet:
    try:
        return workbook.get_sheet_by_name(name)
    except (CalamineError, OSError, ValueError) as error:
        raise _damaged(path) from error


def _rows(sheet: CalamineSheet, marks: SheetMarks) -> Iterator[Row]:
    # Empty rows before the first filled one are delivered, empty columns before it are not.
    margin = [""] * sheet.start[1] if sheet.start else []
    merged = sheet.merged_cell_ranges or marks.merged
    tops = _tops(merged)
    across = {top + 1: last - first + 1 for (top, first), (bottom, last) in merged if top == bottom}
    spans = Spans()
    for place, given in enumerate(_given(sheet, marks), start=1):
        row = Row(place, [*margin, *given], hidden=place in marks.hidden_rows, across=across.get(place, 0))
        if place in marks.constants:
            _set_constants(row.cells, marks.constants[place])
        _look_at_texts(row)
        if tops:
            spans.start_row(place)
            row.above = spans.above
            for first, width, until in tops.get(place, ()):
                value = row.cells[first] if first < len(row.cells) else ""
                spans.begin(first, width, until, Block(place, value))
        yield row


def _given(sheet: CalamineSheet, marks: SheetMarks) -> Iterator[Sequence[Cell]]:
    """The rows that calamine gives, and those behind them in which it sees no value but constants stand."""
    height = sheet.end[0] + 1 if sheet.end else 0
    if height:
        yield from sheet.iter_rows()
    yield from repeat([], max(marks.constants, default=0) - height)


def _tops(merged: Sequence[Range]) -> dict[int, list[tuple[int, int, int]]]:
    """The blocks over several rows by the line on which they begin: first column, width, last line."""
    tops: dict[int, list[tuple[int, int, int]]] = {}
    for (top, first), (bottom, last) in merged:
        if bottom > top:
            tops.setdefault(top + 1, []).append((first, last - first + 1, bottom + 1))
    return tops


def _set_constants(cells: list[Cell], constants: dict[int, str]) -> None:
    """Put the texts of formulas that are nothing but a text into their cells."""
    cells.extend([""] * (max(constants) + 1 - len(cells)))
    for column, text in constants.items():
        cells[column] = text


def _look_at_texts(row: Row) -> None:
    """Removes guards, reports lost characters, and truncates cells longer than a spreadsheet allows."""
    text = "".join([cell for cell in row.cells if isinstance(cell, str)])
    if may_hold_guard(text):
        row.cells = [unguarded(cell) if isinstance(cell, str) else cell for cell in row.cells]
    if REPLACED in text:
        row.replaced = True
    row.has_errors = may_hold_errors(text)
    if len(text) > MAX_CELL and any(isinstance(cell, str) and len(cell) > MAX_CELL for cell in row.cells):
        row.cells = [cell[:KEPT] if isinstance(cell, str) else cell for cell in row.cells]
        row.problem = TOO_LONG


def _damaged(path: Path) -> UnreadableFile:
    return UnreadableFile(
        f"文件 {path.name} 已损坏、已加密，或不是 Excel 工作簿",
        hint="请用 Excel 或 WPS 打开后另存为 xlsx，再重新导入",
    )
