"""Schedules (日程) in force: the meetings that a plan makes, the changes against the one before, and the parties to notify."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlmodel import Field, Session, SQLModel

from catalog.docking import activities, edits, history, invitations, meetings, rules
from catalog.docking.activities import Activity
from catalog.docking.meetings import ActivityMeeting, ScheduleRun
from catalog.docking.terms import ActivityAction, ActivityStatus, MeetingState, ScheduleKind
from catalog.kit.base import apply_changes, id_of, now
from catalog.kit.errors import Conflict, WrongState

PairKey = tuple[int, int]


class PlannedMeeting(NamedTuple):
    """A meeting of a plan: the invitations of firm and team, session, slot and table, all from 1."""

    firm: int
    team: int
    session: int
    slot: int
    table: int

    @property
    def pair(self) -> PairKey:
        """The two parties of the meeting."""
        return self.firm, self.team

    @property
    def at(self) -> tuple[int, int, int]:
        """The session, slot and table of the meeting."""
        return self.session, self.slot, self.table


class CandidatePair(NamedTuple):
    """A pair that may meet, with its best need and patent (0 where it only was wished); `value` is in thousandths."""

    firm: int
    team: int
    need: int
    patent: int
    value: int
    why: str = ""


class MeetingMove(SQLModel):
    """A difference between two schedules; one of `before` and `after` is empty where a meeting is dropped or new."""

    firm_id: int = Field(description="企业邀请的编号")
    team_id: int = Field(description="团队邀请的编号")
    firm: str = Field(description="企业名称")
    team: str = Field(description="专利权人团队")
    before: list[int] | None = Field(description="原场次、时段、桌号；空为新增")
    after: list[int] | None = Field(description="现场次、时段、桌号；空为取消")
    text: str = Field(description="变动的说明")
    tell: list[int] = Field(description="须通知的参会方的邀请编号")


def plan_of(run: ScheduleRun | None) -> list[PlannedMeeting]:
    """The meetings of a schedule; none where there is none."""
    return [PlannedMeeting(*one) for one in run.plan] if run else []


def pairs_of(run: ScheduleRun | None) -> dict[PairKey, CandidatePair]:
    """The candidate pairs of a schedule."""
    found = (CandidatePair(*one) for one in run.pairs) if run else ()
    return {(pair.firm, pair.team): pair for pair in found}


def current(session: Session, row: Activity) -> ScheduleRun | None:
    """The schedule in force."""
    return None if row.run is None else meetings.run_of(session, id_of(row), row.run)


def published(session: Session, row: Activity) -> ScheduleRun | None:
    """The schedule that was published last."""
    return None if row.published_run is None else meetings.run_of(session, id_of(row), row.published_run)


def moves(
    before: Sequence[PlannedMeeting], after: Sequence[PlannedMeeting], names: Mapping[int, str]
) -> list[MeetingMove]:
    """All meetings that are new, dropped, or at another time or table."""
    old, new = ({one.pair: one for one in plan} for plan in (before, after))
    return [
        _move(pair, old.get(pair), new.get(pair), names)
        for pair in sorted(old.keys() | new.keys())
        if pair not in old or pair not in new or old[pair].at != new[pair].at
    ]


def _move(
    pair: PairKey, old: PlannedMeeting | None, new: PlannedMeeting | None, names: Mapping[int, str]
) -> MeetingMove:
    firm, team = (names.get(one, f"邀请 {one}") for one in pair)
    if old is None:
        text = f"新增：{_where(new)}"
    elif new is None:
        text = f"取消：原定{_where(old)}"
    else:
        text = f"改期：由{_where(old)}改为{_where(new)}"
    return MeetingMove(
        firm_id=pair[0],
        team_id=pair[1],
        firm=firm,
        team=team,
        before=list(old.at) if old else None,
        after=list(new.at) if new else None,
        text=f"{firm} 与 {team} {text}",
        tell=list(pair),
    )


def _where(one: PlannedMeeting | None) -> str:
    return f"第 {one.session} 场第 {one.slot} 时段 {one.table} 号桌" if one else ""


def names_of(session: Session, activity_id: int) -> dict[int, str]:
    """The names of the invited parties by the id of the invitation."""
    return {id_of(one): one.title for one in invitations.of_activity(session, activity_id)}


def put_in_force(session: Session, run: ScheduleRun, *, actor: str) -> list[MeetingMove]:
    """Makes the plan of a finished schedule the one in force; returns what changed. Raises Conflict in a wrong status.

    Meetings that were held, or to which somebody did not come, stay as they are.
    """
    row = activities.get(session, run.activity_id)
    rules.require(row, (ActivityStatus.INVITING, *rules.SCHEDULED), "更新日程")
    found = moves(plan_of(current(session, row)), plan_of(run), names_of(session, id_of(row)))
    run.moves = [one.model_dump() for one in found]
    row.run = run.number
    _put_meetings(session, run)
    is_by_hand = run.kind is ScheduleKind.BY_HAND
    history.note(
        session,
        row,
        ActivityAction.MOVED if is_by_hand else ActivityAction.COMPOSED,
        actor,
        f"第 {run.number} 份日程",
        kind=run.kind.label,
        meetings=len(run.plan),
        value=run.value,
        moves=[one.text for one in found] if is_by_hand else len(found),
    )
    if row.status == ActivityStatus.INVITING:
        edits.move_to(session, row, ActivityStatus.COMPOSED, actor=actor)
    return found


def _put_meetings(session: Session, run: ScheduleRun) -> None:
    """Brings the meetings of the activity to what the plan says."""
    known = {(one.firm_id, one.team_id): one for one in meetings.of_activity(session, run.activity_id)}
    pairs, planned = pairs_of(run), {one.pair: one for one in plan_of(run)}
    for pair, one in planned.items():
        row = known.get(pair)
        if row is None:
            row = ActivityMeeting(
                activity_id=run.activity_id,
                firm_id=one.firm,
                team_id=one.team,
                **_values(one, pairs.get(pair)),
            )
            session.add(row)
        elif MeetingState(row.state).is_to_come or row.state == MeetingState.CANCELLED:
            back = {"state": MeetingState.PLANNED} if row.state == MeetingState.CANCELLED else {}
            apply_changes(row, _values(one, pairs.get(pair)) | back)
    for pair, row in known.items():
        if pair not in planned and MeetingState(row.state).is_to_come:
            apply_changes(row, {"state": MeetingState.CANCELLED, "pinned": False})
    session.flush()


def _values(one: PlannedMeeting, pair: CandidatePair | None) -> dict[str, Any]:
    values: dict[str, Any] = {"session": one.session, "slot": one.slot, "table": one.table}
    if pair is not None:
        values |= {"need_id": pair.need or None, "patent_id": pair.patent or None}
        values |= {"value": pair.value, "why": pair.why[:500]}
    return values


def publish(session: Session, activity_id: int, *, actor: str = "") -> tuple[Activity, list[MeetingMove]]:
    """Publishes the schedule in force; returns what changed since the one that was published last.

    Raises NotFound, and Conflict without a checked schedule, or where it is published already.
    """
    row = activities.get(session, activity_id)
    rules.require(row, rules.SCHEDULED, "发布日程")
    run = current(session, row)
    if run is None or not run.is_checked:
        number = f"第 {run.number} 份日程未通过核对" if run else "尚无日程"
        raise Conflict(f"不能发布：{number}", hint="请先编排，并按核对结果调整")
    if row.published_run == run.number:
        raise WrongState(f"第 {run.number} 份日程已经发布", hint="改动日程后方可再次发布")
    before = published(session, row)
    found = unpublished(session, row)
    _mark_moved(session, activity_id, found if before else [])
    run.published_at, row.published_run = now(), run.number
    history.note(session, row, ActivityAction.PUBLISHED, actor, f"第 {run.number} 份日程", moves=len(found))
    if row.status == ActivityStatus.COMPOSED:
        edits.move_to(session, row, ActivityStatus.PUBLISHED, actor=actor)
    return row, found


def unpublished(session: Session, row: Activity) -> list[MeetingMove]:
    """The changes since the schedule that was published last; all of it where none was."""
    before, after = plan_of(published(session, row)), plan_of(current(session, row))
    return moves(before, after, names_of(session, id_of(row)))


def _mark_moved(session: Session, activity_id: int, found: Sequence[MeetingMove]) -> None:
    """Marks the meetings that take place at another time than was published."""
    moved = {(one.firm_id, one.team_id) for one in found if one.before and one.after}
    for row in meetings.of_activity(session, activity_id):
        if (row.firm_id, row.team_id) in moved and row.state == MeetingState.PLANNED:
            apply_changes(row, {"state": MeetingState.MOVED})
    session.flush()
