"""The yearly review: a workbook for each holder goes out, its filled copy comes back."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from assessment.screening import weights as screening_weights
from assessment.screening.dormancy import screen
from catalog.db import Database, sqlite_url
from catalog.imports import imports
from catalog.kit.days import beijing_today
from catalog.kit.errors import NotFound
from catalog.kit.paging import ListQuery
from catalog.kit.terms import FactKind, HolderKind, LegalStatus, PatentKind
from catalog.registers.patents import upsert
from catalog.supply import facts
from catalog.supply.facts import FactCreate
from catalog.supply.holders import HolderRef
from catalog.supply.patent_lists import PatentFilter, page
from catalog.supply.patents import PatentCreate
from catalog.supply.patents_shown import many
from ingestion.errors import NotARegister
from ingestion.identifiers.application_number import check_digit
from ingestion.reviews.answers import AnswerReport, import_answers
from ingestion.reviews.workbook import COLUMNS, HEADER_ROW, export_reviews, file_name

AS_OF, ANSWERED = date(2026, 6, 1), date(2026, 7, 1)
WEIGHTS = screening_weights.load()
UNIVERSITY = HolderRef(name="示例/大学", kind=HolderKind.UNIVERSITY)
PLACE = {name: place for place, name in enumerate(COLUMNS, start=1)}


def number(serial: int) -> str:
    body = f"2016199{serial:05d}"
    return f"{body}.{check_digit(body)}"


def patent(serial: int, **changes: object) -> PatentCreate:
    values: dict[str, object] = {
        "application_number": number(serial),
        "title": f"=一种装置{serial}",
        "kind": PatentKind.INVENTION,
        "filing_date": date(2016, 6, 1),
        "grant_date": date(2019, 6, 1),
        "holders": [UNIVERSITY],
    }
    return PatentCreate.model_validate(values | changes)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    """Six patents: three dormant with a number, one draft, one undecided, one abandoned; one more of an institute."""
    db = Database(sqlite_url(tmp_path / "catalog.db"))
    db.upgrade()
    with db.write() as session:
        upsert(
            session,
            [
                patent(1),
                patent(2),
                patent(3),
                patent(4, application_number=None),
                patent(5, filing_date=None),
                patent(6, legal_status=LegalStatus.ABANDONED, legal_status_date=date(2020, 1, 1)),
                patent(7, holders=[HolderRef(name="示例研究所", kind=HolderKind.INSTITUTE)]),
            ],
        )
        facts.store(session, [FactCreate(patent_id=2, kind=FactKind.CITATIONS, value="12")])
    screen(db, AS_OF, WEIGHTS, {2: 0.9})
    return db


def workbook(database: Database, folder: Path) -> Path:
    return export_reviews(database, folder, WEIGHTS, ANSWERED, [1]).files[0]


def fill(path: Path, rows: dict[int, dict[str, Any]]) -> Path:
    """Fill in answers, by the line below the header, which is line 1."""
    book = openpyxl.load_workbook(path)
    for line, cells in rows.items():
        for name, value in cells.items():
            book.active.cell(line + HEADER_ROW - 1, PLACE[name]).value = value
    book.save(path)
    return path


def counts(report: AnswerReport) -> tuple[int, ...]:
    assert report.rows == (
        report.new + report.changed + report.unchanged + report.blank + len(report.rejected)
    )
    return report.new, report.changed, report.unchanged, report.blank, len(report.rejected)


def test_a_workbook_for_each_holder(database: Database, tmp_path: Path) -> None:
    export = export_reviews(database, tmp_path / "out", WEIGHTS, ANSWERED)
    assert [path.name for path in export.files] == [
        "年度盘点表_1_示例_大学.xlsx",
        "年度盘点表_2_示例研究所.xlsx",
    ]
    assert export.rows == 6
    sheet = openpyxl.load_workbook(export.files[0]).active
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    head, rows = [row[0] for row in rows[: HEADER_ROW - 1]], rows[HEADER_ROW - 1 :]
    assert "示例/大学" in head[0]
    assert "盘点基准日 2026-06-01　权重 默认-" in head[1]
    assert "填写方法" in head[2]
    assert rows[0] == list(COLUMNS)
    assert rows[1][:6] == [number(2), "=一种装置2", "发明", "2016-06-01", 10, 67]
    assert sheet["B5"].data_type == "s"
    assert rows[1][7] == "许可"
    assert "需求匹配 20/20：与当前技术需求匹配度高（0.90）" in rows[1][6]
    assert "数据缺失：权利要求、同族专利、自评" in rows[1][6]
    assert rows[-1][4:8:3] == [None, "先补录资料"]
    lists = {str(v.sqref): v.formula1 for v in sheet.data_validations.dataValidation}
    assert lists.items() >= {"I5:I9": '"维持,转让,许可,放弃"', "J5:J9": '"高,中,低"'}.items()
    assert lists["K5:K9"].startswith('"未运用,已实施,已许可')


def test_answers_come_back_once(database: Database, tmp_path: Path) -> None:
    filled = {
        2: {"处置意见": "许可", "产业化前景": "高", "备注": "愿意开放许可"},
        3: {"处置意见": " 放弃 "},
        5: {"处置意见": "维持"},  # the draft, known by its system id
    }
    path = fill(workbook(database, tmp_path), filled)
    assert counts(import_answers(database, path, ANSWERED, actor="张三")) == (3, 0, 0, 2, 0)
    assert counts(import_answers(database, path, date(2026, 8, 1))) == (0, 0, 3, 2, 0)
    with database.read() as session:
        rows = facts.of_patents(session, [2])[2]
        kept = imports.page(session, ListQuery(), kind="answers").rows
    stored = {
        row.kind: (row.value, row.happened_on, row.note) for row in rows if row.kind != FactKind.CITATIONS
    }
    assert stored == {
        FactKind.DISPOSITION: ("licence", ANSWERED, "愿意开放许可"),
        FactKind.SELF_RATING: ("high", ANSWERED, "愿意开放许可"),
    }
    assert {row.source for row in rows[1:]} == {"年度盘点表 " + path.name}
    assert [(row.rows, row.new, row.unchanged, row.actor) for row in reversed(kept)] == [
        (5, 3, 2, "张三"),
        (5, 0, 5, ""),
    ]
    changed = fill(path, {2: {"产业化前景": "低"}})
    assert counts(import_answers(database, changed, ANSWERED)) == (0, 1, 2, 2, 0)
    screen(database, AS_OF.replace(year=2027), WEIGHTS, {2: 0.9})
    with database.read() as session:
        first = page(session, ListQuery(sort="-potential"), PatentFilter(dormant=True)).rows[0]
    assert first.application_number == number(2)


def test_holders_say_what_was_used(database: Database, tmp_path: Path) -> None:
    path = fill(workbook(database, tmp_path), {2: {"运用情况": "未运用"}, 3: {"运用情况": "已实施"}})
    assert counts(import_answers(database, path, ANSWERED)) == (2, 0, 0, 3, 0)
    assert counts(import_answers(database, path, date(2026, 8, 1))) == (0, 0, 2, 3, 0)
    screen(database, date(2026, 9, 1), WEIGHTS, {})
    with database.read() as session:
        ids = [row.id or 0 for row in page(session, ListQuery(), PatentFilter()).rows]
        said = {key: public.screening for key, public in many(session, ids, today=beijing_today()).items()}
    second, first = said[2], said[1]
    assert first
    assert second
    assert (first.dormant, first.reason) == (False, "已有运用记录：实施")
    assert "核查无实施、许可、转让、作价入股、质押、专利产品备案记录（2026-07-01 核查）" in second.reason
    bad = fill(path, {2: {"运用情况": "不知道"}})
    assert import_answers(database, bad, ANSWERED).rejected[0].field == "运用情况"


def test_bad_answers_are_named(database: Database, tmp_path: Path) -> None:
    rows: dict[int, dict[str, Any]] = {
        2: {"处置意见": "卖掉"},
        3: {"处置意见": "转让", "申请号": "201619900001.0"},
        4: {"处置意见": "转让", "申请号": number(99)},
        5: {"备注": "再议"},
        6: {"产业化前景": "高", "系统编号": 1},
        7: {"申请号": number(7), "处置意见": "维持"},
        8: {"申请号": number(7), "处置意见": "放弃"},
        9: {"处置意见": "放弃"},
        10: {"处置意见": "放弃", "系统编号": "9" * 30},
    }
    report = import_answers(database, fill(workbook(database, tmp_path), rows), ANSWERED)
    assert counts(report) == (1, 0, 0, 0, 8)
    assert [(bad.line, bad.field) for bad in report.rejected] == [
        (5, "处置意见"),
        (6, "申请号"),
        (7, "申请号"),
        (8, "备注"),
        (9, "申请号"),
        (11, "申请号"),
        (12, "申请号"),
        (13, "系统编号"),
    ]
    assert report.rejected[0].reason == "处置意见应为：维持、转让、许可、放弃"
    assert report.rejected[0].value == "卖掉"
    with database.read() as session:
        kept = imports.rejected(session, report.import_id, ListQuery()).rows
    assert [(row.line, row.reason) for row in kept] == [(bad.line, bad.reason) for bad in report.rejected]


def test_other_files_and_empty_catalogues_are_refused(database: Database, tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("申请号,名称\n201310699744.2,一种装置\n", "utf-8")
    with pytest.raises(NotARegister, match="不是年度盘点表"):
        import_answers(database, other, ANSWERED)
    with pytest.raises(NotFound):
        export_reviews(database, tmp_path / "none", WEIGHTS, ANSWERED, [99])
    empty = Database(sqlite_url(tmp_path / "empty.db"))
    empty.upgrade()
    with pytest.raises(NotFound, match="尚无盘点筛选结果"):
        export_reviews(empty, tmp_path / "none", WEIGHTS, ANSWERED)


def test_file_names_are_safe() -> None:
    assert file_name(3, "../a\\b:c*?\n大学..") == "年度盘点表_3_a_b_c_大学.xlsx"
