"""Moving meetings by hand: where one may stand, what each place would break, and the schedule with it there."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BaseModel, Field

from catalog.db import Session
from catalog.docking import activities, meetings, rules, schedules
from catalog.docking.meetings import ActivityMeeting, ScheduleRun
from catalog.docking.schedules import MeetingMove
from catalog.docking.terms import MeetingState, ScheduleKind, ScheduleState
from catalog.kit.base import Schema
from catalog.kit.errors import Conflict, InvalidInput, WrongState
from matching.docking.checker import breaks_of, value_of
from matching.docking.moves import MoveTarget, move_target, move_targets, newly_broken
from matching.docking.schedule import HeldMeeting, Schedule, gap_of
from service.requests.docking.composing import fill
from service.requests.docking.programmes import BuiltProgramme, build, pair_id

Place = Annotated[int, Field(strict=True, ge=1, le=500)]


class MoveInput(Schema):
    """The place to which a meeting is moved."""

    session: Place = Field(description="场次序号", examples=[1])
    slot: Place = Field(description="时段序号", examples=[3])
    table: Place = Field(description="桌号", examples=[2])


class TargetPublic(BaseModel):
    """A place for a meeting, and what the schedule would break with it there."""

    session: int = Field(description="场次序号")
    slot: int = Field(description="时段序号")
    table: int = Field(description="桌号")
    clock: str = Field(description="起止时刻")
    allowed: bool = Field(description="是否可以调整到此")
    problems: list[str] = Field(description="调整到此所违反的规则")
    breaks: int = Field(description="调整后各方等待的空档总数")


class MoveDone(BaseModel):
    """A meeting that was moved, and the schedule that holds it."""

    schedule: int = Field(description="调整后现行日程的编号")
    moves: list[MeetingMove] = Field(description="变动及须通知的参会方")


def targets(session: Session, activity_id: int, meeting_id: int, today: date) -> list[TargetPublic]:
    """All places for a meeting, by time and table. Raises NotFound, and Conflict without a schedule."""
    run, meeting, built = _current(session, activity_id, meeting_id, today)
    schedule = built.schedule_of(schedules.plan_of(run))
    pair = _movable(built, meeting)
    return [_target(built, one) for one in move_targets(built.programme, schedule, pair)]


def _target(built: BuiltProgramme, one: MoveTarget) -> TargetPublic:
    number, slot = built.records.slots[one.meeting.slot - 1]
    clock = next(one for one in built.records.sessions if one.number == number).clock(slot)
    return TargetPublic(
        session=number,
        slot=slot,
        table=one.meeting.table,
        clock=clock,
        allowed=one.allowed,
        problems=[broken.sentence for broken in one.broken],
        breaks=one.breaks,
    )


def _movable(built: BuiltProgramme, meeting: ActivityMeeting) -> str:
    """The pair of a meeting for the composer. Raises Conflict where one of both takes no part any more."""
    pair = pair_id((meeting.firm_id, meeting.team_id))
    if pair not in built.programme.pair:
        raise Conflict("会谈的一方不参加活动，不能调整", hint="请重新编排，或取消这场会谈")
    return pair


def _current(
    session: Session, activity_id: int, meeting_id: int, today: date
) -> tuple[ScheduleRun, ActivityMeeting, BuiltProgramme]:
    row = activities.get(session, activity_id)
    rules.require(row, rules.SCHEDULED, "调整会谈")
    meeting = meetings.get(session, activity_id, meeting_id)
    run = schedules.current(session, row)
    if run is None:
        raise WrongState("尚无日程，不能调整会谈", hint="请先编排日程")
    if meeting.state in (MeetingState.HELD, MeetingState.NO_SHOW):
        raise WrongState(f"会谈{MeetingState(meeting.state).label}，不能调整", hint="只能调整尚未举行的会谈")
    return run, meeting, build(session, activity_id, today, pairs=schedules.pairs_of(run))


def move(
    session: Session, activity_id: int, meeting_id: int, to: MoveInput, today: date, *, actor: str = ""
) -> MoveDone:
    """Moves a meeting, if that breaks no rule, and puts the schedule with it in force.

    Raises NotFound, InvalidInput for a place that there is not, and Conflict naming what it would break.
    """
    run, meeting, built = _current(session, activity_id, meeting_id, today)
    if (to.session, to.slot) not in built.records.slots:
        raise InvalidInput(f"没有第 {to.session} 场第 {to.slot} 时段", hint="请核对场次与时段序号")
    held = HeldMeeting(built.index_of(to.session, to.slot), to.table, _movable(built, meeting))
    schedule = built.schedule_of(schedules.plan_of(run))
    target = move_target(built.programme, schedule, held)
    if not target.allowed:
        reasons = "；".join(one.sentence.rstrip("。") for one in target.broken)
        raise Conflict(f"不能调整：{reasons}", hint="请另选时段或桌号，或先解除锁定")
    return _by_hand(session, run, built, schedule.with_meeting(held), actor)


def drop(session: Session, activity_id: int, meeting_id: int, today: date, *, actor: str = "") -> MoveDone:
    """Takes a meeting out of the schedule. Raises NotFound, and Conflict where a rule demands the meeting."""
    run, meeting, built = _current(session, activity_id, meeting_id, today)
    before = built.schedule_of(schedules.plan_of(run))
    schedule = before.without([pair_id((meeting.firm_id, meeting.team_id))])
    if broken := newly_broken(built.programme, before, schedule):
        reasons = "；".join(one.sentence.rstrip("。") for one in broken)
        raise Conflict(f"不能取消：{reasons}", hint="请先解除锁定，或改动编排规则")
    return _by_hand(session, run, built, schedule, actor)


def _by_hand(
    session: Session,
    before: ScheduleRun,
    built: BuiltProgramme,
    schedule: Schedule,
    actor: str,
) -> MoveDone:
    """Keeps a schedule that was changed by hand as a new one; the bound is that of the one before."""
    run = ScheduleRun(
        activity_id=before.activity_id,
        number=0,
        kind=ScheduleKind.BY_HAND,
        state=ScheduleState.FINISHED,
        settings=before.settings,
        seed=before.seed,
        actor=actor,
        bound=before.bound,
        method="手工调整",
    )
    unmet = before.settings.get("unmet", ())
    fill(run, built, schedule, value_of(built.programme, schedule), unmet)
    run.night_run_id, run.breaks = before.night_run_id, breaks_of(built.programme, schedule)
    run.gap = gap_of(run.value, run.bound)
    moves = schedules.put_in_force(session, meetings.add_run(session, run), actor=actor)
    return MoveDone(schedule=run.number, moves=moves)
