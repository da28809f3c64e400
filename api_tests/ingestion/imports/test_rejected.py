"""The workbook of rejected rows: original cells, bad ones marked, corrected and imported as it is."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from api_tests.ingestion.invented import Import, checked, counts, number
from catalog.db import Database
from catalog.kit.days import beijing_today
from ingestion.imports.importer import import_file
from ingestion.imports.rejected import find


def open_book(path: Path | None) -> tuple[openpyxl.Workbook, Worksheet]:
    assert path is not None
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    return book, sheet


def wrong(serial: int) -> str:
    right = number(serial)
    return right[:-1] + ("1" if right[-1] != "1" else "2")


def test_original_cells_marked_and_importable_after_correction(
    database: Database, import_text: Import, tmp_path: Path
) -> None:
    report = import_text(
        "备注,申请号,名称,申请日,自定义\n"
        f"=1+1,{wrong(1)},一种水泵,2019.01.02,x\nb,{wrong(2)},一种阀门,2019.03.02,y\nc,{number(3)},一种管道,20190102,z\n"
    )
    assert counts(report) == (1, 0, 0, 2)
    book, sheet = open_book(report.rejected_file)
    assert [cell.value for cell in sheet[1]] == [
        "备注",
        "申请号",
        "名称",
        "申请日",
        "自定义",
        "拒绝原因",
        "原工作表",
        "原行号",
    ]
    assert [cell.value for cell in sheet[2]][:5] == ["=1+1", wrong(1), "一种水泵", "2019.01.02", "x"]
    assert sheet["A2"].data_type == "s"
    assert [(row, column) for row in (2, 3) for column in "ABCDE" if sheet[f"{column}{row}"].comment] == [
        (2, "B"), (3, "B"),
    ]  # fmt: skip
    assert "校验位" in sheet["B2"].comment.text
    sheet["B2"], sheet["B3"] = number(1), number(2)
    book.save(tmp_path / "改正.xlsx")
    again = checked(
        import_file(database, tmp_path / "改正.xlsx", "patents", today=beijing_today(), rejected_dir=tmp_path)
    )
    assert counts(again) == (2, 0, 0, 0)
    assert find(tmp_path / "rejected", report.import_id or 0) == report.rejected_file


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (
            "无表头.csv",
            "20190102,{wrong},示例大学,一种离心水泵叶轮\n20190203,{right},示例大学,一种电磁阀门装置\n",
        ),
        (
            "a.jsonl",
            '{{"title": "一种水泵", "number": "{wrong}"}}\n{{"title": "一种阀门", "number": "{right}"}}\n',
        ),
        (
            "a.txt",
            "[1]示例大学. 一种水泵:{wrong}[P]. 2020-01-02.\n[2]示例大学. 一种阀门:{right}[P]. 2020-01-02.\n",
        ),
    ],
)
def test_files_without_a_header_get_one(
    database: Database, import_text: Import, tmp_path: Path, name: str, content: str
) -> None:
    report = import_text(content.format(wrong=wrong(1), right=number(2)), name)
    assert counts(report) == (1, 0, 0, 1)
    book, sheet = open_book(report.rejected_file)
    for cell in sheet[2]:
        if isinstance(cell.value, str) and wrong(1) in cell.value:
            cell.value = cell.value.replace(wrong(1), number(1))
    book.save(tmp_path / "改正.xlsx")
    again = checked(
        import_file(database, tmp_path / "改正.xlsx", "patents", today=beijing_today(), rejected_dir=tmp_path)
    )
    assert counts(again) == (1, 0, 0, 0)


def test_cells_longer_than_excel_allows_say_so(import_text: Import) -> None:
    report = import_text("名称,申请号,摘要\n一种水泵," + wrong(1) + "," + "长" * 40_000 + "\n")
    _, sheet = open_book(report.rejected_file)
    assert sheet["C2"].value.endswith("请从原文件补全）")


def test_columns_are_wide_enough_and_identifiers_stay_text(import_text: Import, tmp_path: Path) -> None:
    source = openpyxl.Workbook()
    page = source.worksheets[0]
    page.append(["申请号", "名称", "申请日", "授权公告日", "摘要"])
    page.append(
        [
            wrong(1),
            "一种名称相当长的水泵装置及其控制方法",
            date(2019, 1, 2),
            date(2021, 1, 2),
            "很长的摘要" * 60,
        ]
    )
    page.append([2.02e12, "一种阀门", date(2019, 1, 2), None, ""])
    source.save(tmp_path / "source.xlsx")
    report = import_text((tmp_path / "source.xlsx").read_bytes(), "清单.xlsx")
    assert report.rejected == 2
    _, sheet = open_book(report.rejected_file)
    widths = {name: sheet.column_dimensions[name].width for name in "ABCDE"}
    assert widths["A"] > len(wrong(1))
    assert widths["B"] > 2 * len("一种名称相当长的水泵装置及其控制方法")
    assert min(widths["C"], widths["D"]) > len("2019-01-02")
    assert widths["E"] < 60
    assert sheet.freeze_panes == "A2"
    assert [sheet[f"A{row}"].number_format for row in (2, 3)] == ["@", "@"]
    assert sheet["A3"].value == "2020000000000"
    assert sheet["C2"].number_format == "yyyy-mm-dd"


def test_both_cells_that_may_be_wrong_are_marked(import_text: Import) -> None:
    report = import_text(
        f"名称,公开号,申请日\n一种水泵,CN199900001B,2019-01-02\n一种阀门,CN199900001B,2019-01-02\n{number(3)},,\n"
    )
    _, sheet = open_book(report.rejected_file)
    assert [cell.column_letter for cell in sheet[2] if cell.comment] == ["A", "B"]
