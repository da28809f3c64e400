"""Invitations with answers, and result sheets filled in, come back by import; what they state can be undone."""

from __future__ import annotations

import pytest

from api_tests.catalog.docking.invented import DAY, fill, invited, scheduled
from api_tests.ingestion.invented import Import
from catalog.db import Database
from catalog.docking import edits, invitations, meetings, outcomes, schedules
from catalog.docking.terms import ActivityStatus, InvitationAnswer, MeetingState, OutcomeForm, OutcomeResult
from catalog.kit.terms import FeedbackReason
from catalog.mending import undo

ALL = {(0, 0): 0.7, (1, 1): 0.6, (2, 2): 0.9}
PLAN = [(0, 0, 1, 1, 1), (1, 1, 1, 1, 2), (2, 2, 2, 1, 1)]
INVITATIONS = """活动编号,参会身份,单位名称,是否参加,参会人员,参加场次,不能参加的时段,希望对接的单位
HD2026-001,企业,甲0有限公司,不参加,,,,
HD2026-001,专利权人团队,示例1大学,确认参会,李某 教授；王某,第2场,2-1,甲0有限公司；无名公司
HD2026-001,银行,示例银行,参加,,,,
HD2026-009,企业,甲0有限公司,参加,,,,
HD2026-001,评委,某人,,,,,
"""
RESULTS = """会谈编号,企业,专利权人,时间,对接结果,原因,拟合作方式,意向金额（万元）,下一步工作,责任人,完成期限
1,甲0有限公司,示例0大学,09:00,达成签约意向,,普通许可,30,签订许可合同,张某,2027-01-31
2,甲1有限公司,示例1大学,09:00,无意向,价格偏高,,,,,
3,甲1有限公司,示例2大学,14:00,有意向,,,,,,
,甲2有限公司,示例2大学,14:00,有意向,,,,,,
"""


@pytest.fixture
def filled(database: Database) -> Database:
    fill(database, ALL)
    return database


def test_answers_come_back_and_can_be_taken_back(filled: Database, import_text: Import) -> None:
    activity = invited(filled)
    report = import_text(INVITATIONS, kind="invitations")
    assert (report.new, report.changed, report.rejected) == (1, 2, 2)
    assert [row.reason for row in report.refusals] == [
        "没有活动编号为“HD2026-009”的对接活动（请先登记活动，或核对活动编号）",
        "参会身份无法识别，应为：企业、专利权人团队、专家、金融机构",
    ]
    assert any("无名公司" in message for message in report.messages)
    with filled.read() as session:
        firm, team = (invitations.get(session, activity, id_) for id_ in (1, 5))
        assert firm.answer == InvitationAnswer.DECLINED
        assert (team.people, team.sessions, team.absent, team.wished) == (
            ["李某 教授", "王某"],
            [2],
            ["2-1"],
            [1],
        )
    again = import_text(INVITATIONS, kind="invitations", name="再次.csv")
    assert (again.new, again.changed, again.unchanged) == (0, 0, 3)
    with filled.write() as session:
        undo.undo(session, report.import_id or 0)
        firm, team = (invitations.get(session, activity, id_) for id_ in (1, 5))
        assert (firm.answer, team.people, team.wished) == (InvitationAnswer.COMING, [], [])
        assert len(invitations.of_activity(session, activity)) == 6


def test_the_result_sheet_comes_back_filled_in(filled: Database, import_text: Import) -> None:
    activity = invited(filled)
    scheduled(filled, activity, PLAN)
    early = import_text(RESULTS, kind="outcomes")
    assert (early.new, early.rejected) == (0, 4)
    assert "不能登记对接结果" in early.refusals[0].reason
    with filled.write() as session:
        schedules.publish(session, activity)
        edits.set_status(session, activity, ActivityStatus.RUNNING, today=DAY)
    report = import_text(RESULTS, kind="outcomes", name="登记表.csv")
    assert (report.new, report.rejected) == (2, 2)
    assert report.refusals[0].reason == "会谈 3 的参会方是“甲2有限公司”，不是“甲1有限公司”（请核对是否错行）"
    assert "缺少会谈编号" in report.refusals[1].reason
    with filled.read() as session:
        first, second = (outcomes.get(session, id_) for id_ in (1, 2))
        assert (first.result, first.form) == (OutcomeResult.SIGNING, OutcomeForm.LICENCE)
        assert first.amount_in_view == 300_000
        assert (second.result, second.reason) == (OutcomeResult.NONE, FeedbackReason.PRICE)
        assert meetings.get(session, activity, 1).state == MeetingState.HELD
        assert len(outcomes.follow_ups_of(session, [first.id or 0])[first.id or 0]) == 3
    mended = RESULTS.replace("达成签约意向", "继续洽谈").replace("价格偏高", "其他")
    changed = import_text(mended, kind="outcomes", name="更正.csv")
    assert (changed.new, changed.changed) == (0, 2)
    with filled.write() as session:
        undo.undo(session, changed.import_id or 0)
        assert outcomes.get(session, 1).result == OutcomeResult.SIGNING
        undo.undo(session, report.import_id or 0)
        assert outcomes.of_meeting(session, 1) is None
