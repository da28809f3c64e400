"""Declarations from registers: owners, reports and days; declarations in time; undo of an import with its history."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from api_tests.ingestion.invented import Import, counts, number
from catalog.db import Database
from catalog.kit.days import beijing_today
from catalog.kit.paging import ListQuery
from catalog.kit.terms import Conclusion, LicenceStatus, OwnerConsent
from catalog.licences import history as licence_history
from catalog.licences import licences
from catalog.licences import lists as licence_lists
from catalog.licences.licences import Licence
from catalog.mending import undo

D = date
PATENTS = (
    "专利名称,申请号,专利类型,申请日,授权公告日,专利权人\n"
    f"一种泵,{number(1)},发明,2019-03-01,2021-02-03,示例大学;示例公司\n"
    f"一种阀,{number(2)},发明,2019-03-01,2021-02-03,示例大学\n"
)
HEADER = "专利号,支付方式,许可费（万元）,声明日,状态,撤回日,共有人同意情况,评价报告编号,评价报告结论,联系人,联系电话,许可期限\n"
FIRST = f"{number(1)},一次总付,3,2022-01-05,已撤回,2023-02-01,已同意,,,,,2022-01-01至2024-12-31\n"
SECOND = (
    f"{number(1)},分期支付,5,2024-06-01,已公告,,示例大学：已同意（2024-05-01）；示例公司：不同意,ZL-1,未发现不符合授予条件,"
    "示例处,027-0,2024-07-01至2027-06-30\n"
)


@pytest.fixture
def granted(import_text: Import) -> None:
    assert counts(import_text(PATENTS)) == (2, 0, 0, 0)


def rows(database: Database) -> list[Licence]:
    with database.read() as session:
        return list(licence_lists.page(session, ListQuery(sort="id"), today=beijing_today()).rows)


def actions(database: Database, licence_id: int) -> list[str]:
    with database.read() as session:
        return [change.action_name for change in licence_history.of_licence(session, licence_id)]


@pytest.mark.usefixtures("granted")
def test_declarations_in_time(database: Database, import_text: Import) -> None:
    both = HEADER + FIRST + SECOND
    assert counts(import_text(both, "许可.csv", "licences")) == (2, 0, 0, 0)
    assert counts(import_text(both, "许可.csv", "licences")) == (0, 0, 2, 0)
    former, current = rows(database)
    assert (former.status, former.withdrawn_on) == (LicenceStatus.WITHDRAWN, D(2023, 2, 1))
    assert [c.consent for c in licences.stated_consents(former)] == [OwnerConsent.GIVEN]
    assert (current.status, current.fixed_fee, current.contact) == (
        LicenceStatus.PUBLISHED,
        Decimal(50000),
        "示例处，027-0",
    )
    assert (current.report_number, current.report_conclusion) == ("ZL-1", Conclusion.GRANTABLE)
    consents = {c.holder: (c.consent, c.on) for c in licences.stated_consents(current)}
    assert consents == {
        "示例大学": (OwnerConsent.GIVEN, D(2024, 5, 1)),
        "示例公司": (OwnerConsent.NOT_GIVEN, None),
    }


@pytest.mark.usefixtures("granted")
def test_a_withdrawn_declaration_is_not_revived(database: Database, import_text: Import) -> None:
    import_text(HEADER + FIRST, "一.csv", "licences")
    revived = FIRST.replace("已撤回,2023-02-01", "已公告,")
    report = import_text(HEADER + revived, "二.csv", "licences")
    assert counts(report) == (0, 0, 0, 1)
    assert "新的声明日" in report.refusals[0].reason or "不能改为" in report.refusals[0].reason
    anew = revived.replace("2022-01-05", "2024-01-05").replace("2022-01-01至", "2024-02-01至")
    assert counts(import_text(HEADER + anew, "三.csv", "licences")) == (1, 0, 0, 0)
    assert [row.status for row in rows(database)] == [LicenceStatus.WITHDRAWN, LicenceStatus.PUBLISHED]


@pytest.mark.usefixtures("granted")
def test_caps_and_wording_are_noted(import_text: Import) -> None:
    line = f"{number(2)},一次总付,3000,2024-06-01,已公告,,,,,全国第一的单位,,\n"
    report = import_text(HEADER + line + line.replace(number(2), number(3)), "许可.csv", "licences")
    assert counts(report) == (1, 0, 0, 1)
    assert any("2000 万元" in message for message in report.messages)


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [("已同意（2024-05-01）", "大概", "应写成"), ("2024-05-01）", "2024-13-01）", "日历中无此日"),
     ("未发现不符合授予条件", "尚可", "结论无法识别"), ("2024-07-01至2027-06-30", "若干年", "不是期限"), (",5,", ",若干,", "不是金额"),
     ("已公告", "某状态", "状态无法识别")],
)  # fmt: skip
@pytest.mark.usefixtures("granted")
def test_what_cannot_be_read_is_kept_and_named(
    database: Database, import_text: Import, before: str, after: str, reason: str
) -> None:
    content = HEADER + SECOND.replace(before, after)
    report = import_text(content, "许可.csv", "licences")
    assert counts(report) == (1, 0, 0, 0)
    assert any(reason in message for message in report.messages)
    assert after.strip(",）") in rows(database)[0].remark
    assert counts(import_text(content, "许可.csv", "licences")) == (0, 0, 1, 0)


@pytest.mark.parametrize(
    ("header", "cells", "kept"),
    [
        ("许可使用费支付方式和标准", "一次性支付5万元", ("lump_sum", 50_000, None)),
        ("许可使用费支付方式和标准", "5万元/年", ("annual", 50_000, None)),
        ("许可使用费支付方式和标准", "利润的10%", ("royalty", None, 10)),
        ("许可使用费支付方式和标准", "0元", ("free", None, None)),
        ("许可使用费支付方式和标准", "面议", ("other", None, None)),
        ("支付方式", "双方另行约定", ("other", None, None)),
        ("许可费（万元）", "5万元/年", ("annual", 50_000, None)),
        ("支付方式,许可费（万元）", "免费,3", ("other", 30_000, None)),
        ("支付方式,许可费（万元）,提成比例", "一次总付,3,5%", ("other", 30_000, 5)),
        ("支付方式,分期期数", "一次总付,3", ("lump_sum", None, None)),
    ],
)
@pytest.mark.usefixtures("granted")
def test_wordings_of_the_fee(
    database: Database, import_text: Import, header: str, cells: str, kept: tuple[str, int | None, int | None]
) -> None:
    report = import_text(f"专利号,{header}\n{number(2)},{cells}\n", "许可.csv", "licences")
    assert counts(report) == (1, 0, 0, 0), report.refusals
    (row,) = rows(database)
    assert (row.payment_form.value, row.fixed_fee, row.royalty_rate) == kept


@pytest.mark.parametrize(
    ("period", "kept"),
    [
        ("2024-01-01 至 2026-12-31", (D(2024, 1, 1), D(2026, 12, 31), None)),
        ("2024.01.01-2026.12.31", (D(2024, 1, 1), D(2026, 12, 31), None)),
        ("3年", (None, None, 36)),
        ("自公告之日起3年", (None, None, 36)),
        ("长期有效", (None, None, None)),
        ("3-5年", (None, None, None)),
    ],
)
@pytest.mark.usefixtures("granted")
def test_wordings_of_the_period(
    database: Database, import_text: Import, period: str, kept: tuple[date | None, date | None, int | None]
) -> None:
    content = f"专利号,支付方式,许可费（万元）,许可期限\n{number(2)},一次总付,5,{period}\n"
    assert counts(import_text(content, "许可.csv", "licences")) == (1, 0, 0, 0)
    (row,) = rows(database)
    assert (row.starts_on, row.ends_on, row.term_months) == kept
    assert (period in row.remark) == (kept == (None, None, None))


@pytest.mark.usefixtures("granted")
def test_a_length_counts_from_a_known_announcement(database: Database, import_text: Import) -> None:
    import_text(
        f"专利号,支付方式,公告日,许可期限\n{number(2)},免费,2024-03-01,自公告之日起3年\n",
        "许可.csv",
        "licences",
    )
    (row,) = rows(database)
    assert (row.starts_on, row.ends_on, row.term_months) == (D(2024, 3, 1), D(2027, 2, 28), 36)


@pytest.mark.usefixtures("granted")
def test_no_word_on_payment_is_refused(import_text: Import) -> None:
    report = import_text(f"专利号,支付方式,许可期限\n{number(2)},,3年\n", "许可.csv", "licences")
    assert counts(report) == (0, 0, 0, 1)
    assert "支付方式" in report.refusals[0].reason


@pytest.mark.usefixtures("granted")
def test_an_undo_takes_the_history_along(database: Database, import_text: Import) -> None:
    running = SECOND.replace("2024-07-01至2027-06-30", "2021-07-01至2022-06-30").replace(
        "2024-06-01", "2021-06-01"
    ).replace("2024-05-01", "2021-05-01")  # fmt: skip
    first = import_text(HEADER + running, "一.csv", "licences").import_id
    second = import_text(HEADER + SECOND, "二.csv", "licences").import_id
    old, new = rows(database)
    assert (old.status, new.status) == (LicenceStatus.EXPIRED, LicenceStatus.PUBLISHED)
    with database.write() as session:
        undone = undo.undo(session, second or 0, actor="测试")
    assert (undone.removed, undone.restored) == (1, 1)
    (left,) = rows(database)
    assert left.status == LicenceStatus.PUBLISHED
    assert actions(database, left.id or 0) == ["登记", "届满", "撤销导入"]
    with database.write() as session:
        undo.undo(session, first or 0)
    assert rows(database) == []
