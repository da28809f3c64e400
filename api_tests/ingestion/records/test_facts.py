"""Registers of licences, transfers, pledges, reports; and what registers of patents say of use in passing."""

from __future__ import annotations

from datetime import date

import pytest

from api_tests.ingestion.invented import Import, counts, number
from catalog.db import Database
from catalog.kit.days import beijing_today
from catalog.mending import undo
from catalog.supply import facts
from catalog.supply.facts import FactPublic
from catalog.supply.patents import find
from catalog.supply.patents_shown import PatentPublic, publics

ONE, TWO = number(1), number(2)


@pytest.fixture
def two_patents(import_text: Import) -> Import:
    import_text(f"专利名称,申请号,申请人\n一种泵,{ONE},示例大学\n一种阀,{TWO},示例大学\n", "专利.csv")
    return import_text


def recorded(database: Database) -> list[FactPublic]:
    with database.read() as session:
        return [facts.public(row) for rows in facts.of_patents(session, [1, 2]).values() for row in rows]


def shown(database: Database) -> PatentPublic:
    with database.read() as session:
        found = find(session, ONE)
        assert found
        return publics(session, [found], today=beijing_today())[0]


REGISTERS = [
    ("专利号,被许可人,许可方式,备案日期,许可期限", "甲公司,独占实施许可,2024-03-01,2024-03-01至2029-02-28",
     ("licence", "exclusive", "甲公司", date(2024, 3, 1), date(2029, 2, 28), False)),
    ("专利号,转让人,受让人,登记生效日", "示例大学,乙公司,2023.05.06", ("transfer", "", "乙公司", date(2023, 5, 6), None, False)),
    ("专利号,质权人,质押登记日,质押注销日,质权人是否同意", "丙银行,20220101,20230102,同意开放许可",
     ("pledge", "given", "丙银行", date(2022, 1, 1), date(2023, 1, 2), True)),
    ("专利号,登记种类,质权人,登记日", "专利权质押合同登记的注销,丙银行,2023-01-02", ("pledge", "", "丙银行", None, date(2023, 1, 2), True)),
    ("专利号,产品名称,备案主体,备案日期", "示例泵,丁公司,2024-01-01",
     ("product_filing", "示例泵", "丁公司", date(2024, 1, 1), None, False)),
    ("专利号,评价报告结论,报告日期", "全部权利要求未发现存在不符合授予专利权条件的缺陷,2024-02-02",
     ("evaluation_report", "grantable", "", date(2024, 2, 2), None, False)),
    ("专利号,保全法院,保全起始日,保全期限止", "示例法院,2026-01-01,2030-01-01",
     ("suspension", "示例法院", "", date(2026, 1, 1), date(2030, 1, 1), False)),
    ("专利号,实施单位,实施日期", "甲公司,2021-01-01", ("implementation", "", "甲公司", date(2021, 1, 1), None, False)),
    ("专利号,记录种类,取值,日期", "核查无记录,许可,2026-01-01", ("no_record", "licence", "", date(2026, 1, 1), None, False)),
    ("专利号,记录种类,取值", "被引证次数,12", ("citations", "12", "", None, None, False)),
]  # fmt: skip


@pytest.mark.parametrize(("header", "row", "expected"), REGISTERS)
def test_registers_are_read_by_their_columns(
    database: Database, two_patents: Import, header: str, row: str, expected: tuple[object, ...]
) -> None:
    text = f"{header}\nZL{ONE},{row}\n"
    report = two_patents(text, "登记簿.csv", "facts")
    assert counts(report) == (1, 0, 0, 0), report.refusals
    (fact,) = recorded(database)
    assert (fact.kind, fact.value, fact.party, fact.happened_on, fact.ends_on, fact.ended) == expected
    assert fact.source == "登记簿.csv"
    assert counts(two_patents(text, "登记簿.csv", "facts")) == (0, 0, 1, 0)


def test_the_name_of_the_table_tells_the_kind_and_nothing_is_lost(
    database: Database, two_patents: Import
) -> None:
    text = f"专利号,登记日,登记号,金额（万元）,备注\n{ONE},2024-01-01,质1号,30,第一笔\n"
    assert counts(two_patents(text, "质押登记.csv", "facts")) == (1, 0, 0, 0)
    (fact,) = recorded(database)
    assert (fact.kind, fact.note) == ("pledge", "第一笔；登记编号：质1号；金额：300000 元")


@pytest.mark.parametrize(
    ("header", "row", "field", "reason"),
    [
        ("专利号,被许可人,备案日期", f"{number(3)},甲,2024-01-01", "申请号", "系统中没有申请号"),
        ("专利号,备案日期,备注", f"{ONE},2024-01-01,甲", "记录种类", "不能判断是哪一种记录"),
        ("专利号,被许可人,受让人", f"{ONE},甲,乙", "受让人", "请分成几行"),
        ("专利号,质权人,质押状态", f"{ONE},甲,已注销", "终止日", "没有终止日"),
        ("专利号,记录种类,取值", f"{ONE},权利要求项数,很多", "取值", "不小于 0 的整数"),
    ],
)
def test_bad_rows_come_back(two_patents: Import, header: str, row: str, field: str, reason: str) -> None:
    report = two_patents(f"{header}\n{row}\n", "登记.csv", "facts")
    assert counts(report) == (0, 0, 0, 1)
    (refusal,) = report.refusals
    assert (refusal.field, reason in refusal.reason) == (field, True), refusal.reason


@pytest.mark.parametrize(
    ("header", "row", "note", "reason"),
    [
        ("专利号,被许可人,备案日期", f"{ONE},甲,2999-01-01", "发生日：2999-01-01", "不合理"),
        ("专利号,评价报告结论", f"{ONE},看情况", "评价报告结论：看情况", "无法识别"),
        (
            "专利号,被许可人,备案日期,许可期满日",
            f"{ONE},甲,2024-01-01,2023-01-01",
            "期满日：2023-01-01",
            "早于发生日",
        ),
        ("专利号,被许可人,备案日期,许可期限", f"{ONE},甲,2024-01-01,若干年", "期限：若干年", "不是期限"),
    ],
)
def test_what_cannot_be_read_of_an_event_is_kept(
    database: Database, two_patents: Import, header: str, row: str, note: str, reason: str
) -> None:
    content = f"{header}\n{row}\n"
    report = two_patents(content, "登记.csv", "facts")
    assert counts(report) == (1, 0, 0, 0)
    assert any(reason in message for message in report.messages)
    assert note in recorded(database)[0].note
    assert counts(two_patents(content, "登记.csv", "facts")) == (0, 0, 1, 0)


def test_rows_that_contradict_each_other_are_refused(two_patents: Import) -> None:
    rows = f"{ONE},甲,普通,2024-01-01\n{ONE},甲,独占,2024-01-01\n{ONE},乙,普通,2024-01-01\n"
    report = two_patents("专利号,被许可人,许可方式,备案日\n" + rows, "许可.csv", "facts")
    assert counts(report) == (2, 0, 0, 1)
    assert "与第 2 行的专利、记录种类、日期和相对方相同" in report.refusals[0].reason


def test_an_import_of_facts_is_undone(database: Database, two_patents: Import) -> None:
    two_patents(f"专利号,质权人,质押登记日\n{ONE},甲银行,2024-01-01\n", "质押.csv", "facts")
    report = two_patents(
        f"专利号,质权人,质押注销日\n{ONE},甲银行,2025-01-01\n{TWO},甲银行,2025-01-01\n", "注销.csv", "facts"
    )
    assert counts(report) == (1, 1, 0, 0)
    with database.write() as session:
        assert undo.undo(session, report.import_id or 0).restored == 1
    assert [(fact.happened_on, fact.ends_on, fact.ended) for fact in recorded(database)] == [
        (date(2024, 1, 1), None, False)
    ]


REGISTER = (
    "专利名称,申请号,申请人,权利要求数量,被引证次数,简单同族,许可次数,是否转让,质押次数,实施状态,年费缴至日,查询日期\n"
    f"一种泵,{ONE},示例大学,8项,3,CN102345678A; US7654321B2,2,否,-,未实施,2027-01-02,2026-05-01\n"
)


def test_registers_of_patents_keep_what_they_say_of_use(database: Database, import_text: Import) -> None:
    report = import_text(REGISTER, "专利.csv")
    assert counts(report) == (1, 0, 0, 0)
    assert {
        "权利要求项数",
        "被引证次数",
        "同族专利件数",
        "许可情况",
        "年费缴至日",
    } <= {column.label for column in report.columns}
    looked = date(2026, 5, 1)
    assert {(fact.kind.value, fact.value, fact.happened_on) for fact in recorded(database)} == {
        ("claims", "8", None),
        ("citations", "3", None),
        ("family", "2", None),
        ("licence", "", None),
        ("no_record", "transfer", looked),
        ("no_record", "implementation", looked),
    }
    patent = shown(database)
    assert (patent.annuity_paid_until, patent.annuity_checked_on) == (date(2027, 1, 2), looked)
    assert counts(import_text(REGISTER, "专利.csv")) == (0, 0, 1, 0)
    assert counts(import_text(REGISTER.replace(",3,", ",5,"), "专利.csv")) == (0, 1, 0, 0)
    later = REGISTER.replace("2027-01-02,2026-05-01", "2026-01-02,2025-05-01")
    import_text(later, "旧.csv")
    assert shown(database).annuity_paid_until == date(2027, 1, 2)


def test_a_later_row_of_a_patent_fills_gaps_only(database: Database, import_text: Import) -> None:
    text = f"专利名称,申请号,权利要求数,同族数\n一种泵,{ONE},8,\n一种泵,{ONE},9,2\n"
    import_text(text, "专利.csv")
    assert [(fact.kind.value, fact.value) for fact in recorded(database)] == [
        ("claims", "8"),
        ("family", "2"),
    ]
    assert counts(import_text(text, "专利.csv")) == (0, 0, 2, 0)


def test_a_count_of_licences_gives_way_to_the_licences_themselves(
    database: Database, import_text: Import
) -> None:
    import_text(f"专利名称,申请号,许可次数\n一种泵,{ONE},1\n", "专利.csv")
    import_text(f"专利号,被许可人,备案日\n{ONE},甲,2024-01-01\n", "许可.csv", "facts")
    assert counts(import_text(f"专利名称,申请号,许可次数\n一种泵,{ONE},1\n", "专利.csv")) == (0, 0, 1, 0)
    assert [(fact.kind.value, fact.party) for fact in recorded(database)] == [("licence", "甲")]


def test_patents_leave_with_the_facts_that_came_with_them(database: Database, import_text: Import) -> None:
    report = import_text(REGISTER, "专利.csv")
    with database.write() as session:
        undo.undo(session, report.import_id or 0)
    assert recorded(database) == []
