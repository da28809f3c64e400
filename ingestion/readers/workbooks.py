"""Rows of spreadsheets: xlsx, old binary xls and ods through calamine, every sheet of the workbook."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError, SheetTypeEnum

from ingestion.errors import UnreadableFile
from ingestion.readers import workbook_size
from ingestion.readers.sheets import Row, Sheet

# Excel holds 32,767 characters in a cell and no record takes more than 50,000 in a field; what is longer is no cell of
# a register, and judging it by content takes a second a megabyte.
MAX_CELL = 100_000
KEPT = 1000
TOO_LONG = f"该行有单元格超过 {MAX_CELL // 10_000} 万字，无法读取；请检查文件是否正确，缩短后重新导入"
ZIP_MAGIC = b"PK\x03\x04"
OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def read(path: Path) -> Iterator[Sheet]:
    """All worksheets of a workbook. Raises UnreadableFile when it is damaged, encrypted or no workbook."""
    workbook_size.check(path)
    try:
        workbook = CalamineWorkbook.from_path(str(path))
    except PasswordError as error:
        raise UnreadableFile(f"文件 {path.name} 已加密", hint="请取消密码保护后重新导入") from error
    except (CalamineError, OSError, ValueError) as error:
        raise _damaged(path) from error
    for meta in workbook.sheets_metadata:
        if meta.typ is SheetTypeEnum.WorkSheet:
            sheet = _sheet(workbook, meta.name, path)
            yield Sheet(meta.name, _rows(sheet), likely_rows=sheet.height)
            del sheet  # it would stay beside the next one


def _sheet(workbook: CalamineWorkbook, name: str, path: Path) -> CalamineSheet:
    try:
        return workbook.get_sheet_by_name(name)
    except (CalamineError, OSError, ValueError) as error:
        raise _damaged(path) from error


def _rows(sheet: CalamineSheet) -> Iterator[Row]:
    if not sheet.start:
        return
    # Empty rows before the first filled one are delivered, empty columns before it are not.
    margin = [""] * sheet.start[1]
    for place, cells in enumerate(sheet.iter_rows(), start=1):
        if any(isinstance(cell, str) and len(cell) > MAX_CELL for cell in cells):
            short = [cell[:KEPT] if isinstance(cell, str) else cell for cell in cells]
            yield Row(place, [*margin, *short], TOO_LONG)
        else:
            yield Row(place, [*margin, *cells])


def _damaged(path: Path) -> UnreadableFile:
    return UnreadableFile(
        f"文件 {path.name} 已损坏、已加密，或不是 Excel 工作簿",
        hint="请用 Excel 或 WPS 打开后另存为 xlsx，再重新导入",
    )
