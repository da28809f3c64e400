"""Declarations from registers: owners, reports and days; declarations in time; undo of an import with its history."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from api_tests.ingestion.invented import Import, counts, number
from catalog.db import Database
from catalog.kit.paging import PageQuery
from catalog.kit.terms import Conclusion, LicenceStatus, OwnerConsent
from catalog.licences import history as declaration_history
from catalog.licences import licences
from catalog.licences import lists as licence_lists
from catalog.licences.licences import Licence
from catalog.registers import undo

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
        return list(licence_lists.page(session, PageQuery(sort="id")).rows)


def actions(database: Database, licence_id: int) -> list[str]:
    with database.read() as session:
        return [change.action_name for change in declaration_history.of_licence(session, licence_id)]


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
    [("已同意（2024-05-01）", "大概", "应写成"), ("2024-05-01）", "2024-13-01）", "没有这一天"),
     ("未发现不符合授予条件", "尚可", "结论无法识别")],
)  # fmt: skip
@pytest.mark.usefixtures("granted")
def test_what_cannot_be_read_is_refused(import_text: Import, before: str, after: str, reason: str) -> None:
    report = import_text(HEADER + SECOND.replace(before, after), "许可.csv", "licences")
    assert counts(report) == (0, 0, 0, 1)
    assert reason in report.refusals[0].reason


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
