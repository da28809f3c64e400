"""Saved mappings: kept as TOML, edited by an operator, used by the name of the source."""

from __future__ import annotations

from pathlib import Path

import pytest

from api_tests.ingestion.invented import Import, checked, counts, number
from catalog.db import Database
from catalog.errors import InvalidInput, NotFound, PatentDockError
from ingestion.importer import import_file
from ingestion.mappings import SavedMapping, load, names, save


def test_a_recognised_mapping_is_saved_edited_and_used(
    database: Database, import_text: Import, tmp_path: Path
) -> None:
    content = f"台账,,\n甲,乙,丙\n一种水泵装置,{number(1)},示例大学\n一种阀门装置,{number(2)},示例大学\n"
    trial = import_text(content, dry_run=True)
    folder = tmp_path / "mappings"
    path = save(folder, SavedMapping("示例 台账/一", "patents", trial.columns))
    assert names(folder) == [path.stem]
    path.write_text(
        'source = "示例 台账/一"\nkind = "patents"\n[columns]\n"专利名称" = "甲"\napplication_number = ["乙"]\nholders = ["第 3 列"]\n',
        encoding="utf-8",
    )
    saved = load(folder, "示例 台账/一")
    report = checked(
        import_file(database, tmp_path / "清单.csv", "patents", rejected_dir=tmp_path, mapping=saved)
    )
    assert counts(report) == (2, 0, 0, 0)
    assert report.mapping == {"专利名称": "甲", "申请号": "乙", "专利权人": "丙"}
    assert load(folder, save(folder, saved).stem) == saved


def test_columns_that_are_not_there_are_named(database: Database, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("名称,号\n一种水泵,1\n", encoding="utf-8")
    saved = SavedMapping("甲", "patents", {"title": ["名称"], "holders": ["权利人"]})
    report = import_file(database, tmp_path / "a.csv", "patents", rejected_dir=tmp_path, mapping=saved)
    assert any("权利人" in message for message in report.messages)
    with pytest.raises(InvalidInput, match="用于专利"):
        import_file(database, tmp_path / "a.csv", "needs", rejected_dir=tmp_path, mapping=saved)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("kind = ", "写法有误"),
        ('kind = "patents"\n', "缺少"),
        ('kind = "patents"\n[columns]\ncolour = ["颜色"]\n', "colour"),
        ('kind = "patents"\n[columns]\ntitle = [1]\n', "列名的列表"),
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
