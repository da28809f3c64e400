"""Activities go from status to status only as the rules allow; every change is kept; each step is whole or not at all."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from api_tests.catalog.docking.invented import DAY, TODAY, fill, invited, scheduled, stated
from catalog.db import Database
from catalog.docking import activities, edits, history, invitations, meetings, rules, schedules, shown
from catalog.docking.activities import ActivityUpdate, SessionStated
from catalog.docking.invitations import AnswerStated, InvitationCreate
from catalog.docking.terms import ActivityStatus, InvitationAnswer, MeetingState, PartyRole
from catalog.kit.base import id_of
from catalog.kit.errors import Conflict, InvalidInput, NotFound
from catalog.kit.paging import ListQuery
from catalog.mending import removal, restoring
from catalog.mending.tombstones import Why
from catalog.registers.registers import ACTIVITIES

ALL = {(0, 0): 0.7, (0, 1): 0.5, (1, 1): 0.6, (2, 2): 0.9}
S = ActivityStatus


@pytest.fixture
def filled(database: Database) -> Database:
    fill(database, ALL)
    return database


def test_an_activity_gets_the_next_number_of_its_year_and_keeps_who_did_what(database: Database) -> None:
    with database.write() as session:
        first = edits.create(session, stated(), today=TODAY, actor="甲")
        second = edits.create(session, stated(name="另一次"), today=TODAY, actor="乙")
        assert [first.code, second.code] == ["HD2026-001", "HD2026-002"]
        edits.change(
            session, id_of(first), ActivityUpdate(**stated(venue="示例会议中心").model_dump()), actor="丙"
        )
        steps = history.publics(history.page(session, id_of(first), ListQuery()).rows)
    assert [(step.actor, step.action_name) for step in steps] == [("丙", "更正"), ("甲", "登记")]
    assert steps[0].changes == {"venue": ["", "示例会议中心"]}


@pytest.mark.parametrize(
    ("origin", "target"), [(a, b) for a in S for b in S if b not in rules.next_statuses(a)]
)
def test_a_step_that_the_rules_do_not_name_is_refused_with_those_they_do(
    database: Database, origin: ActivityStatus, target: ActivityStatus
) -> None:
    with database.write() as session:
        row = edits.create(session, stated(), today=TODAY)
        row.status = origin
        with pytest.raises(Conflict, match=f"处于“{origin.label}”，不能进入“{target.label}”") as told:
            edits.set_status(session, id_of(row), target, today=TODAY, reason="理由")
    assert told.value.hint == "可以进入：" + ("、".join(s.label for s in rules.next_statuses(origin)) or "无")


def test_what_a_status_requires_is_told(filled: Database) -> None:
    with filled.write() as session:
        bare = id_of(edits.create(session, stated(sessions=[]), today=TODAY))
        with pytest.raises(Conflict, match="尚未填写场次"):
            edits.set_status(session, bare, S.INVITING, today=TODAY)
        row = id_of(edits.create(session, stated(), today=TODAY))
        with pytest.raises(Conflict, match="尚未登记企业的邀请"):
            edits.set_status(session, row, S.INVITING, today=TODAY)
        with pytest.raises(InvalidInput, match="应说明理由"):
            edits.set_status(session, row, S.CANCELLED, today=TODAY)
    activity = invited(filled)
    with filled.write() as session, pytest.raises(Conflict, match="尚无日程"):
        edits.set_status(session, activity, S.COMPOSED, today=TODAY)
    scheduled(filled, activity, [(0, 0, 1, 1, 1)], checked=False)
    with filled.write() as session, pytest.raises(Conflict, match="未通过核对"):
        schedules.publish(session, activity)
    scheduled(filled, activity, [(0, 0, 1, 1, 1)])
    with filled.write() as session:
        schedules.publish(session, activity)
        with pytest.raises(Conflict, match=f"活动于 {DAY} 举行"):
            edits.set_status(session, activity, S.RUNNING, today=TODAY)
        edits.set_status(session, activity, S.RUNNING, today=DAY)
        with pytest.raises(Conflict, match="还有 1 场会谈"):
            edits.set_status(session, activity, S.CLOSED, today=DAY)


def test_sessions_follow_each_other_and_end_within_the_day() -> None:
    one = stated().sessions[0]
    late = one.model_copy(update={"starts": "23:00"})
    with pytest.raises(ValidationError, match="第 1 场超出当日"):
        stated(sessions=[late])
    with pytest.raises(ValidationError, match="第 2 场早于或重叠于上一场"):
        stated(sessions=[one, one])
    with pytest.raises(ValidationError):
        SessionStated(day=DAY, starts="9:00", slots=1, places=one.places)


def test_nobody_is_invited_twice_and_an_answer_names_what_there_is(filled: Database) -> None:
    activity = invited(filled)
    with filled.write() as session:
        with pytest.raises(Conflict, match="已有编号为 1 的邀请"):
            edits.invite(session, activity, InvitationCreate(role=PartyRole.FIRM, name="甲0 有限公司"))
        assert invitations.get(session, activity, 1).special
        wrong = AnswerStated(sessions=[3], absent=["1-4", "上午"], wished=[99], barred=[2, 99])
        with pytest.raises(InvalidInput) as told:
            edits.answer(session, activity, 1, wrong)
        for said in ("没有第 3 场", "1-4", "上午", "编号为 99", "不能既希望又不希望"):
            assert said in str(told.value)
        with pytest.raises(NotFound):
            invitations.get(session, activity + 1, 1)
        party = edits.answer(
            session, activity, 1, AnswerStated(answer=InvitationAnswer.COMING, sessions=[2], absent=["2-1"])
        )
        free = [(n, s) for n in (1, 2) for s in (1, 2, 3) if party.is_available(n, s)]
    assert free == [(2, 2), (2, 3)]


def test_a_schedule_becomes_meetings_that_keep_their_numbers(filled: Database) -> None:
    activity = invited(filled)
    moves = scheduled(filled, activity, [(0, 0, 1, 1, 1), (1, 1, 1, 1, 2)])
    assert [(one.before, one.after) for one in moves] == [(None, [1, 1, 1]), (None, [1, 1, 2])]
    with filled.write() as session:
        _, first = schedules.publish(session, activity)
        assert len(first) == 2
        before = {(one.firm_id, one.team_id): one.id for one in meetings.of_activity(session, activity)}
    scheduled(filled, activity, [(0, 0, 2, 1, 1), (2, 2, 1, 1, 2)])
    with filled.write() as session:
        row, again = schedules.publish(session, activity)
        assert [one.text.split(" ")[3].split("：")[0] for one in again] == ["改期", "取消", "新增"]
        rows = {(one.firm_id, one.team_id): one for one in meetings.of_activity(session, activity)}
        with pytest.raises(Conflict, match="已经发布"):
            schedules.publish(session, activity)
        moved, dropped, new = rows[1, 4], rows[2, 5], rows[3, 6]
        assert (moved.id, moved.state) == (before[1, 4], MeetingState.MOVED)
        assert (dropped.id, dropped.state) == (before[2, 5], MeetingState.CANCELLED)
        assert new.state == MeetingState.PLANNED
        public = shown.meetings_shown(session, [moved])[0]
        assert (public.room, public.clock, public.firm, public.need_title) == (
            "一号厅", "14:00-14:25", "甲0有限公司", "需求0",
        )  # fmt: skip
        assert row.status == S.PUBLISHED


def test_a_step_that_fails_leaves_the_activity_in_its_last_saved_state(filled: Database) -> None:
    activity = invited(filled)
    scheduled(filled, activity, [(0, 0, 1, 1, 1)])

    def killed() -> None:
        with filled.write() as session:
            schedules.publish(session, activity)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        killed()
    with filled.read() as session:
        row = activities.get(session, activity)
        assert (row.status, row.published_run) == (S.COMPOSED, None)
        actions = [step.action for step in history.page(session, activity, ListQuery()).rows]
    assert "published" not in actions


def test_a_deleted_activity_comes_back_whole(filled: Database) -> None:
    activity = invited(filled)
    scheduled(filled, activity, [(0, 0, 1, 1, 1)])
    with filled.read() as session:
        before = shown.activity(session, activities.get(session, activity)).model_dump()
    with filled.write() as session:
        stone = id_of(removal.delete(session, ACTIVITIES, activity, Why("甲", "重复登记")))
    with filled.read() as session, pytest.raises(NotFound):
        activities.get(session, activity)
    with filled.write() as session:
        restoring.restore(session, stone)
    with filled.read() as session:
        after = shown.activity(session, activities.get(session, activity)).model_dump()
    assert before | {"updated_at": None} == after | {"updated_at": None}
