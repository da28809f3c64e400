"""Saved mappings: kept as TOML, edited by an operator, used by the name of the source."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

from api_tests.ingestion.invented import Import, checked, counts, number
from catalog.db import Database
from catalog.kit.days import beijing_today
from catalog.kit.errors import InvalidInput, NotFound, PatentDockError
from ingestion.columns.mappings import SavedMapping, as_toml, from_columns, load, names, parse, remove, save
from ingestion.errors import NotARegister
from ingestion.imports.importer import import_file


def test_a_recognised_mapping_is_saved_edited_and_used(
    database: Database, import_text: Import, tmp_path: Path
) -> None:
    content = f"台账,,\n甲,乙,丙\n一种水泵装置,{number(1)},示例大学\n一种阀门装置,{number(2)},示例大学\n"
    trial = import_text(content, dry_run=True)
    folder = tmp_path / "mappings"
    path = save(folder, from_columns("示例 台账/一", "patents", trial.columns))
    assert names(folder) == [path.stem]
    path.write_text(
        'source = "示例 台账/一"\nkind = "patents"\n[columns]\n"专利名称" = "甲"\napplication_number = ["乙"]\nholders = ["第 3 列"]\n',
        encoding="utf-8",
    )
    saved = load(folder, "示例 台账/一")
    report = checked(
        import_file(
            database,
            tmp_path / "清单.csv",
            "patents",
            today=beijing_today(),
            rejected_dir=tmp_path,
            mapping=saved,
        )
    )
    assert counts(report) == (2, 0, 0, 0)
    assert {column.label: column.header for column in report.columns} == {
        "专利名称": "甲",
        "申请号": "乙",
        "专利权人": "丙",
    }
    assert load(folder, save(folder, saved).stem) == saved


def test_a_file_that_lacks_a_column_of_the_mapping_is_refused_unless_it_is_optional(
    database: Database, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text("名称,号\n一种水泵,x\n", encoding="utf-8")
    strict = SavedMapping("甲", "patents", {"title": ["名称"], "holders": ["权利人", "持有人"]})
    with pytest.raises(NotARegister) as caught:
        import_file(
            database,
            tmp_path / "a.csv",
            "patents",
            today=beijing_today(),
            rejected_dir=tmp_path,
            mapping=strict,
        )
    assert "没有列权利人或持有人（专利权人）（列名：名称、号）" in caught.value.message
    lenient = replace(strict, optional=("holders",))
    report = import_file(
        database, tmp_path / "a.csv", "patents", today=beijing_today(), rejected_dir=tmp_path, mapping=lenient
    )
    assert counts(report) == (1, 0, 0, 0)
    assert any("权利人" in message for message in report.messages)
    with pytest.raises(InvalidInput, match="用于专利"):
        import_file(
            database,
            tmp_path / "a.csv",
            "needs",
            today=beijing_today(),
            rejected_dir=tmp_path,
            mapping=strict,
        )


def test_the_mapping_of_a_file_reads_it_again_just_so(
    database: Database, import_text: Import, tmp_path: Path
) -> None:
    """Whatever the headers are: over two rows, repeated, missing, in several sheets with different columns."""
    for content, name in (
        (f"专利,,申请\n号,名称,日期\n{number(1)},一种水泵,2019-01-02\n", "两行.csv"),
        (f"编号,日期,申请号,名称,日期\n1,x,{number(2)},一种阀门,y\n", "重复.csv"),
        (f"一种泵装置,{number(3)},示例大学\n一种风扇装置,{number(4)},示例大学\n", "无表头.csv"),
        (
            f"名称,申请号\n一种甲,{number(5)}\n\n申请号,摘要,专利名称\n{number(6)},摘要内容,一种乙\n",
            "两表.csv",
        ),
    ):
        trial = import_text(content, name, dry_run=True)
        saved = from_columns("来源", "patents", trial.columns)
        assert parse(as_toml(saved), "x", source="") == saved
        path = tmp_path / name
        report = import_file(
            database,
            path,
            "patents",
            today=beijing_today(),
            rejected_dir=tmp_path,
            dry_run=True,
            mapping=saved,
        )
        assert (counts(report), report.preview) == (counts(trial), trial.preview), name
        assert {column.how for column in report.columns if column.field} == {"列对应关系"}


def test_rows_rejected_under_a_mapping_come_back_with_and_without_it(
    database: Database, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text(
        "专利名称,甲,乙（万元）,丙\n内部编号1,,20,示例有限公司\n", encoding="utf-8"
    )
    saved = SavedMapping(
        "来源",
        "needs",
        {"title": ["甲"], "text": ["第 2 列"], "budget": ["乙（万元）"], "enterprise": ["丙"]},
    )
    report = import_file(
        database, tmp_path / "a.csv", "needs", today=beijing_today(), rejected_dir=tmp_path, mapping=saved
    )
    assert counts(report) == (0, 0, 0, 1)
    book = openpyxl.load_workbook(report.rejected_file or "")
    sheet = book.worksheets[0]
    sheet["B2"].value = "一种水泵"
    book.save(tmp_path / "改正.xlsx")
    for mapping in (None, saved):
        again = import_file(
            database,
            tmp_path / "改正.xlsx",
            "needs",
            today=beijing_today(),
            rejected_dir=tmp_path,
            dry_run=True,
            mapping=mapping,
        )
        assert counts(again) == (1, 0, 0, 0)
        assert again.preview[0]["预算"] == "200000.00"


def test_a_mapping_is_removed(tmp_path: Path) -> None:
    path = save(tmp_path, SavedMapping("甲", "needs", {"title": ["名称"]}))
    assert remove(tmp_path, "甲") == path
    assert names(tmp_path) == []
    with pytest.raises(NotFound):
        remove(tmp_path, "甲")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("kind = ", "写法有误"),
        ('kind = "patents"\n', "缺少"),
        ('kind = "patents"\n[columns]\ncolour = ["颜色"]\n', "colour"),
        ('kind = "patents"\n[columns]\ntitle = [1]\n', "列名的列表"),
        ('kind = "patents"\noptional = ["颜色"]\n[columns]\ntitle = ["名称"]\n', "颜色"),
        ('{"kind": "patents", "columns": {"title": "名称"', "写法有误"),
    ],
)
def test_bad_edits(tmp_path: Path, content: str, says: str) -> None:
    (tmp_path / "甲.toml").write_text(content, encoding="utf-8")
    with pytest.raises(PatentDockError, match=says):
        load(tmp_path, "甲")


def test_an_unknown_source_names_the_saved_ones(tmp_path: Path) -> None:
    save(tmp_path, SavedMapping("甲", "needs", {"title": ["名称"]}))
    with pytest.raises(NotFound, match="乙") as caught:
        load(tmp_path, "乙")
    assert "甲" in str(caught.value.hint)
