"""Composing is long work: followed, stopped, resumed, killed without harm; rules that clash are named."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from api_tests.catalog.docking.invented import TODAY, fill, invited
from catalog.db import Database
from catalog.docking import activities, edits, invitations, meetings, results, schedules
from catalog.docking.activities import ActivityUpdate
from catalog.docking.invitations import AnswerStated
from catalog.docking.terms import ActivityStatus, InvitationAnswer, ScheduleKind, ScheduleState
from catalog.kit.base import id_of
from catalog.kit.errors import Conflict, InvalidInput
from matching.docking.checker import check
from service.requests.docking import composing, moving, publishing
from service.requests.docking.composing import ComposeWish
from service.requests.docking.moving import MoveInput
from service.requests.docking.programmes import Since, build

SHARES = {(0, 0): 0.7, (0, 1): 0.5, (1, 1): 0.6, (2, 2): 0.9, (2, 1): 0.45}
QUICK = ComposeWish(quick=True)


@pytest.fixture
def filled(database: Database) -> Database:
    fill(database, SHARES)
    return database


def composed(database: Database, activity: int, wish: ComposeWish = QUICK) -> int:
    """Composes and answers the number of the schedule."""
    with database.write() as session:
        run = composing.begin(session, activity, wish, actor="甲")
    composing.work(database, id_of(run), TODAY)
    return run.number


def test_a_schedule_keeps_what_was_proven_of_it_and_every_meeting_is_allowed(filled: Database) -> None:
    activity = invited(filled)
    number = composed(filled, activity)
    with filled.read() as session:
        run = meetings.run_of(session, activity, number)
        assert (run.state, run.is_checked, run.findings) == (ScheduleState.FINISHED, True, [])
        assert run.bound is not None
        assert run.value == 700 + 500 + 600 + 900 + 450 <= run.bound
        built = build(session, activity, TODAY)
        assert check(built.programme, built.schedule_of(schedules.plan_of(run))) == []
        rows = meetings.of_activity(session, activity)
        assert sum(row.value for row in rows) == run.value
        assert activities.get(session, activity).status == ActivityStatus.COMPOSED


def test_only_one_schedule_is_composed_at_a_time_and_it_can_be_stopped_and_resumed(filled: Database) -> None:
    activity = invited(filled)
    with filled.write() as session:
        run = composing.begin(session, activity, ComposeWish(seconds=2))
        with pytest.raises(Conflict, match="正在编排"):
            composing.begin(session, activity, QUICK)
        composing.stop(session, activity, run.number)
    ended = composing.work(filled, id_of(run), TODAY)
    with filled.write() as session:
        stopped = meetings.run_of(session, activity, run.number)
        assert ended == stopped.state
        if ended == ScheduleState.CANCELLED:
            assert activities.get(session, activity).run is None
        stopped.state = ScheduleState.CANCELLED
        with pytest.raises(Conflict, match="无须停止"):
            composing.stop(session, activity, run.number)
    number = composed(filled, activity, ComposeWish(resumed=run.number))
    with filled.read() as session:
        again = meetings.run_of(session, activity, number)
        assert (again.state, again.settings["resumed"]) == (ScheduleState.FINISHED, run.number)


KILLED = """
import os, sys
from datetime import date
from catalog.db import Database
from service.requests.docking import composing
from service.requests.docking.composing import ComposeWish
database = Database(sys.argv[1])
with database.write() as session:
    run = composing.begin(session, 1, ComposeWish())
composing._keep = lambda *_: os._exit(9)
composing.work(database, run.id, date(2026, 12, 1))
"""


def test_a_process_that_is_killed_leaves_the_schedule_in_force(filled: Database) -> None:
    activity = invited(filled)
    first = composed(filled, activity)
    url = filled.engine.url.render_as_string(hide_password=False)
    root = Path(__file__).resolve().parents[3]
    command = [sys.executable, "-c", KILLED, url]
    done = subprocess.run(command, cwd=root, env=os.environ, capture_output=True, check=False, text=True)
    assert done.returncode == 9, done.stderr
    with filled.write() as session:
        row = activities.get(session, activity)
        killed = meetings.runs_of(session, activity)[0]
        assert (row.run, killed.standing) == (first, ScheduleState.INTERRUPTED)
        composing.mark_killed(session)
        assert killed.state == ScheduleState.INTERRUPTED
    assert composed(filled, activity, ComposeWish(resumed=killed.number)) == killed.number + 1


@pytest.mark.parametrize("since", [Since(3, 1), Since(1, 4), Since(0, 1)])
def test_a_slot_that_there_is_not_is_refused_before_the_work(filled: Database, since: Since) -> None:
    activity = invited(filled)
    with filled.write() as session, pytest.raises(InvalidInput, match="没有第"):
        composing.begin(session, activity, ComposeWish(since=since))


def test_rules_that_clash_are_named_and_change_nothing(filled: Database) -> None:
    activity = invited(filled)
    with filled.write() as session:
        row = activities.get(session, activity)
        stated = edits.stated(session, row).model_dump()
        stated["limits"] |= {"least_firm": 3}
        edits.change(session, activity, ActivityUpdate(**stated))
    number = composed(filled, activity)
    with filled.read() as session:
        run = meetings.run_of(session, activity, number)
        assert (run.state, run.message) == (ScheduleState.FAILED, "规则不能同时满足")
        assert any("有限公司至少" in sentence for sentence in run.findings), run.findings
        assert activities.get(session, activity).run is None


def test_after_a_no_show_only_what_must_change_changes(filled: Database) -> None:
    activity = invited(filled)
    composed(filled, activity)
    with filled.write() as session:
        publishing.publish(session, activity, TODAY)
        before = {one.pair: one.at for one in schedules.plan_of(meetings.run_of(session, activity, 1))}
        results.no_show(session, activity, 2)
    number = composed(filled, activity, ComposeWish(kind=ScheduleKind.REPLANNED, since=Since(1, 1)))
    with filled.read() as session:
        run = meetings.run_of(session, activity, number)
        assert run.is_checked
        after = {one.pair: one.at for one in schedules.plan_of(run)}
    assert all(2 not in pair for pair in after)
    assert all(after[pair] == at for pair, at in before.items() if 2 not in pair)


def test_an_answer_that_changes_after_composing_keeps_the_schedule_from_being_published(
    filled: Database,
) -> None:
    activity = invited(filled)
    composed(filled, activity)
    with filled.write() as session:
        edits.answer(session, activity, 3, AnswerStated(answer=InvitationAnswer.DECLINED))
        with pytest.raises(Conflict, match="甲2有限公司与示例2大学的会谈已不能举行"):
            publishing.publish(session, activity, TODAY)
        edits.answer(session, activity, 3, AnswerStated(answer=InvitationAnswer.COMING, absent=["1-1"]))
        assert invitations.get(session, activity, 3).answer == InvitationAnswer.COMING


def test_what_the_grid_says_of_a_place_is_what_the_move_does(filled: Database) -> None:
    activity = invited(filled)
    composed(filled, activity)
    with filled.read() as session:
        meeting = id_of(meetings.of_activity(session, activity)[0])
        places = moving.targets(session, activity, meeting, TODAY)
    assert {one.allowed for one in places} == {True, False}
    for place in places:
        to = MoveInput(session=place.session, slot=place.slot, table=place.table)
        with filled.read() as session:  # what is written is not kept
            if not place.allowed:
                with pytest.raises(Conflict, match=re.escape(place.problems[0].rstrip("。"))):
                    moving.move(session, activity, meeting, to, TODAY)
                continue
            moving.move(session, activity, meeting, to, TODAY)
            run = schedules.current(session, activities.get(session, activity))
            assert run is not None
            assert (run.is_checked, run.breaks) == (True, place.breaks)
