"""Every column of a file is told: what it was taken for, by what, and what became of its cells."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pytest

from api_tests.ingestion.invented import TODAY, Import, checked, counts, number
from catalog.db import Database
from catalog.imports import imports
from catalog.imports.columns import FileColumn
from catalog.reference import places
from ingestion.columns.mappings import SavedMapping
from ingestion.errors import NotARegister
from ingestion.imports.importer import import_file
from ingestion.imports.report import ImportReport

LONG = "本发明公开了一种示例阀，包括阀体和阀芯，阀体内设有导流片，用于降低噪声，便于安装，适用于管道。"


def taken(report: ImportReport) -> dict[str, tuple[str, str]]:
    """Field and basis by the name of the column, or by its letter where it has none."""
    return {column.header or column.letter: (column.field, column.by.value) for column in report.columns}


def became(report: ImportReport) -> dict[str, tuple[int, int, int, int, int]]:
    """Filled, read, remarked, unread, rejected by the name of the column."""
    return {
        column.header: (column.filled, column.read, column.remarked, column.unread, column.rejected)
        for column in report.columns
    }


def column_of(report: ImportReport, header: str) -> FileColumn:
    return next(column for column in report.columns if column.header == header)


def test_what_a_column_is_taken_for_and_by_what(import_text: Import) -> None:
    report = import_text(
        "序号,专利名称,申请号,我们的说法,内部代号,\n"
        + "".join(f"{n},一种示例阀{n},{number(n)},{LONG},N-{n},示例大学\n" for n in range(3))
    )
    assert taken(report) == {
        "序号": ("", "ignored"), "专利名称": ("title", "header"), "申请号": ("application_number", "header"),
        "我们的说法": ("abstract", "content"), "内部代号": ("", "unknown"), "F": ("holders", "values"),
    }  # fmt: skip
    assert {column.letter: column.label for column in report.columns}["F"] == "专利权人"
    unknown = column_of(report, "内部代号")
    assert (unknown.filled, unknown.read, unknown.unread) == (3, 0, 3)
    assert [(cell.line, cell.value) for cell in unknown.examples] == [(2, "N-0"), (3, "N-1"), (4, "N-2")]


def test_columns_of_a_saved_mapping(database: Database, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"甲,乙,丙\n一种示例阀,{number(1)},别的\n", "utf-8")
    saved = SavedMapping("台账", "patents", {"title": ["甲"], "application_number": ["第 2 列"]})
    path = tmp_path / "a.csv"
    report = import_file(database, path, "patents", today=TODAY, rejected_dir=tmp_path, mapping=saved)
    assert taken(report) == {
        "甲": ("title", "mapping"), "乙": ("application_number", "mapping"), "丙": ("", "ignored"),
    }  # fmt: skip


def test_read_remarked_unread_and_rejected(import_text: Import) -> None:
    report = import_text(
        "申请号,专利名称,法律状态,申请日,拟许可费用,IPC\n"
        f"{number(1)},一种示例阀,有效,2019-01-02,5万元,F16K1/00\n"
        f"{number(2)},一种示例泵,某种状态,2019-13-40,面议,\n"
        f"{number(3)},一种示例屏,,,,某类\n"
        f"{number(4)[:-1]}Y,一种示例管,有效,2019-01-02,,F16K1/00\n"
    )
    assert counts(report) == (3, 0, 0, 1)
    assert became(report) == {
        "申请号": (4, 3, 0, 1, 1), "专利名称": (4, 3, 0, 1, 1), "法律状态": (3, 1, 1, 1, 1),
        "申请日": (3, 1, 1, 1, 1), "拟许可费用": (2, 0, 2, 0, 0), "IPC": (3, 1, 0, 2, 1),
    }  # fmt: skip
    # What was left out of an accepted row goes before what was refused with its row.
    assert [(cell.line, cell.value) for cell in column_of(report, "IPC").examples] == [
        (4, "某类"),
        (5, "F16K1/00"),
    ]


def test_an_amount_that_is_read_is_read_though_its_words_are_kept(import_text: Import) -> None:
    report = import_text(
        "需求名称,需求描述,预算（万元）\n要泵,要高效的泵。,30万元（含税）\n要阀,要耐磨的阀。,面谈\n要屏,要亮的屏。,若干\n",
        kind="needs",
    )
    assert became(report)["预算（万元）"] == (3, 1, 2, 0, 0)


def test_of_two_columns_of_one_field_the_second_is_read_where_the_first_is_empty(import_text: Import) -> None:
    report = import_text(
        "标题 (英文),申请号,标题 (中文)\n"
        f"Example valve,{number(1)},一种示例阀\nExample pump,{number(2)},\n,{number(3)},一种示例屏\n"
    )
    assert became(report) == {
        "标题 (英文)": (2, 1, 0, 1, 0),
        "申请号": (3, 3, 0, 0, 0),
        "标题 (中文)": (2, 2, 0, 0, 0),
    }
    assert {column.header: column.rank for column in report.columns} == {
        "标题 (英文)": 2, "申请号": 1, "标题 (中文)": 1,
    }  # fmt: skip
    assert [cell.value for cell in column_of(report, "标题 (英文)").examples] == ["Example valve"]


def test_a_cell_that_repeats_the_name_of_its_column_is_not_read(import_text: Import) -> None:
    content = f"专利名称,申请号,法律状态\n一种示例阀,{number(1)},法律状态\n一种示例泵,{number(2)},有效\n"
    for _ in range(2):  # once read, once known to be unchanged
        assert became(import_text(content))["法律状态"] == (2, 1, 0, 1, 0)


def test_columns_of_every_sheet_and_of_every_header(import_text: Import, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    first = book.worksheets[0]
    first.title = "甲"
    for row in (
        ["申请号", "专利名称"],
        [number(1), "一种示例阀"],
        ["专利名称", "摘要", "申请号"],
        ["一种示例泵", LONG, number(2)],
    ):
        first.append(row)
    book.create_sheet("乙").append(["申请号", "专利名称"])
    book.create_sheet("丙")
    book.create_sheet("丁")
    book.save(tmp_path / "made.xlsx")
    report = import_text((tmp_path / "made.xlsx").read_bytes(), "a.xlsx")
    assert [(column.sheet, column.header, column.filled) for column in report.columns] == [
        ("甲", "申请号", 1), ("甲", "专利名称", 1),
        ("甲（第 4 行起）", "专利名称", 1), ("甲（第 4 行起）", "摘要", 1), ("甲（第 4 行起）", "申请号", 1),
        ("乙", "申请号", 0), ("乙", "专利名称", 0),
    ]  # fmt: skip
    assert report.messages[-2:] == ["工作表“乙”只有表头，没有数据行", "没有内容的工作表：丙、丁"]


def test_names_of_json_that_come_late_are_counted_with_the_rest(import_text: Import) -> None:
    lines = [
        {"title": f"一种示例阀{n}", "number": number(n)} | ({"abstract": LONG} if n == 1200 else {})
        for n in range(1300)
    ]
    report = import_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines), "a.jsonl")
    assert became(report) == {
        "title": (1300, 1300, 0, 0, 0), "number": (1300, 1300, 0, 0, 0), "abstract": (1, 1, 0, 0, 0),
    }  # fmt: skip


def test_the_object_is_kept_with_the_import(database: Database, import_text: Import) -> None:
    report = import_text(f"专利名称,申请号,内部代号\n一种示例阀,{number(1)},N-1\n")
    with database.read() as session:
        kept = imports.detail(imports.get(session, report.import_id or 0), 0)
    assert kept.columns == report.columns
    assert (kept.places_version, report.places_version) == (places.shipped().version,) * 2


@pytest.mark.parametrize("kind", ["patents", "needs", "enterprises", "licences", "facts", "deals"])
def test_a_file_none_of_whose_columns_is_known_is_refused_with_what_was_found(
    import_text: Import, kind: str
) -> None:
    with pytest.raises(NotARegister) as caught:
        import_text("甲,乙,丙\n1,2,3\n4,5,6\n", kind=kind)
    assert "甲、乙、丙" in caught.value.message
    assert "已识别：无" in caught.value.message


@pytest.mark.parametrize(
    ("kind", "header"), [("patents", "专利名称,申请号"), ("needs", "需求名称,需求描述"), ("enterprises", "企业名称,地址")]
)  # fmt: skip
def test_a_file_of_names_alone_is_refused_as_such(import_text: Import, kind: str, header: str) -> None:
    with pytest.raises(NotARegister, match="没有数据行：工作表“清单”只有表头"):
        import_text(f"{header}\n", kind=kind)


def test_the_names_of_places_of_the_operator_are_used_and_their_version_told(
    database: Database, tmp_path: Path
) -> None:
    own = replace_zones("示例片区", "420506")
    (tmp_path / "a.csv").write_text("企业名称,所属地市\n示例甲有限公司,示例片区\n", "utf-8")

    def run(names: places.PlaceNames | None) -> ImportReport:
        return checked(
            import_file(
                database,
                tmp_path / "a.csv",
                "enterprises",
                today=TODAY,
                places=names,
                rejected_dir=tmp_path,
            )
        )

    assert became(run(None))["所属地市"] == (1, 0, 1, 0, 0)
    report = run(own)
    assert became(report)["所属地市"] == (1, 1, 0, 0, 0)
    assert (report.changed, report.preview[0]["区县"], report.places_version) == (1, "夷陵区", "示例版本")


def replace_zones(name: str, code: str) -> places.PlaceNames:
    """The shipped names with another zone, as an operator writes them."""
    shipped = places.shipped()
    return shipped.model_copy(update={"zones": shipped.zones | {name: code}, "version": "示例版本"})
