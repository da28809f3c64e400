"""Meetings (会谈): a firm and a team at a table in a slot, about a need and a patent; and the schedules they come from.

A meeting keeps its number however often it is moved; one that a later schedule leaves out is cancelled and may come back.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Text, UniqueConstraint, func, select
from sqlmodel import Field, Session, col

from catalog.docking.terms import MeetingState, ScheduleKind, ScheduleState
from catalog.kit.base import NEVER_TWICE, Timestamps, UtcDateTime, enum_type, now
from catalog.kit.errors import NotFound
from catalog.kit.processes import is_alive


class ActivityMeeting(Timestamps, table=True):
    """A meeting; `session` and `slot` count from 1, `value` is in thousandths."""

    __tablename__ = "meetings"
    __table_args__ = (UniqueConstraint("activity_id", "firm_id", "team_id"), NEVER_TWICE)
    __noted_as__ = "meeting"

    id: int | None = Field(default=None, primary_key=True)
    activity_id: int = Field(foreign_key="activities.id", index=True)
    firm_id: int = Field(foreign_key="invitations.id", index=True, description="企业的邀请")
    team_id: int = Field(foreign_key="invitations.id", index=True, description="团队的邀请")
    need_id: int | None = Field(default=None, foreign_key="needs.id", index=True, description="技术需求")
    patent_id: int | None = Field(default=None, foreign_key="patents.id", index=True, description="专利")
    session: int = Field(description="场次序号")
    slot: int = Field(description="时段序号")
    # A word of SQL in its plain form; quoted by the library.
    table: int = Field(description="桌号")
    value: int = Field(default=0, description="匹配强度（千分之一）")
    why: str = Field(default="", max_length=500, description="安排的理由")
    pinned: bool = Field(default=False, description="已锁定，编排时不改动")
    state: MeetingState = Field(
        default=MeetingState.PLANNED, sa_type=enum_type(MeetingState), description="会谈状态"
    )


class ScheduleRun(Timestamps, table=True):
    """A schedule (日程) of an activity, numbered from 1, with how it came about and what its checker said.

    `pairs` are the candidate pairs it was made from: firm, team, need, patent, value. `plan` are its meetings: firm, team, session,
    slot, table. `moves` are the differences from the schedule before, each with who is to be told.
    """

    __tablename__ = "schedule_runs"
    __table_args__ = (UniqueConstraint("activity_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    activity_id: int = Field(foreign_key="activities.id", index=True)
    number: int = Field(description="日程编号，从 1 起")
    kind: ScheduleKind = Field(sa_type=enum_type(ScheduleKind), description="编排方式")
    state: ScheduleState = Field(
        default=ScheduleState.WAITING, sa_type=enum_type(ScheduleState), description="编排状态"
    )
    process: str = Field(default="", max_length=300, description="进行编排的进程")
    settings: dict[str, Any] = Field(default_factory=dict, sa_type=JSON, description="编排所用的规则与时限")
    seed: int = Field(default=1, description="随机种子")
    night_run_id: int | None = Field(default=None, description="候选组合所据的夜间批处理")
    value: int | None = Field(default=None, description="总价值（千分之一）")
    bound: int | None = Field(default=None, description="总价值的上界（千分之一）")
    gap: float | None = Field(default=None, description="与上界的差距：（上界 − 总价值）÷ 上界")
    breaks: int | None = Field(default=None, description="各方等待的空档数")
    seconds: float | None = Field(default=None, description="编排用时（秒）")
    method: str = Field(default="", max_length=100, description="编排所用的方法")
    is_checked: bool = Field(default=False, description="通过独立核对")
    findings: list[str] = Field(
        default_factory=list, sa_type=JSON, description="核对发现的问题；规则冲突时为冲突的规则"
    )
    pairs: list[list[Any]] = Field(default_factory=list, sa_type=JSON, description="候选组合")
    plan: list[list[int]] = Field(default_factory=list, sa_type=JSON, description="安排的会谈")
    moves: list[dict[str, Any]] = Field(
        default_factory=list, sa_type=JSON, description="与上一份日程的不同及须通知的参会方"
    )
    progress: dict[str, Any] = Field(default_factory=dict, sa_type=JSON, description="编排的进展")
    is_stopping: bool = Field(default=False, description="已要求停止")
    published_at: datetime | None = Field(
        default=None, sa_type=UtcDateTime, description="发布时间；空为未发布"
    )
    actor: str = Field(default="", max_length=100)
    message: str = Field(default="", sa_type=Text, description="未完成的原因")

    @property
    def standing(self) -> ScheduleState:
        """The state of the work: it is interrupted where its process has ended."""
        ended = self.state.is_open and is_alive(self.process) is False
        return ScheduleState.INTERRUPTED if ended else ScheduleState(self.state)


def of_activity(session: Session, activity_id: int) -> Sequence[ActivityMeeting]:
    """All meetings of an activity in the order of time and table."""
    query = select(ActivityMeeting).where(col(ActivityMeeting.activity_id) == activity_id)
    order = (ActivityMeeting.session, ActivityMeeting.slot, ActivityMeeting.table, ActivityMeeting.id)
    return session.execute(query.order_by(*(col(one) for one in order))).scalars().all()


def get(session: Session, activity_id: int, meeting_id: int) -> ActivityMeeting:
    """A meeting of an activity. Raises NotFound."""
    row = session.get(ActivityMeeting, meeting_id)
    if row is None or row.activity_id != activity_id:
        raise NotFound(f"编号为 {activity_id} 的活动没有编号为 {meeting_id} 的会谈")
    return row


def states(session: Session, ids: Sequence[int]) -> dict[int, dict[MeetingState, int]]:
    """The number of meetings of these activities in each state."""
    columns = col(ActivityMeeting.activity_id), col(ActivityMeeting.state)
    query = select(*columns, func.count()).where(columns[0].in_(list(ids))).group_by(*columns)
    found: dict[int, dict[MeetingState, int]] = {id_: {} for id_ in ids}
    for activity_id, state, count in session.execute(query):
        found[activity_id][MeetingState(state)] = count
    return found


def run_of(session: Session, activity_id: int, number: int) -> ScheduleRun:
    """A schedule of an activity by its number. Raises NotFound."""
    query = select(ScheduleRun).where(
        col(ScheduleRun.activity_id) == activity_id, col(ScheduleRun.number) == number
    )
    row: ScheduleRun | None = session.execute(query).scalar_one_or_none()
    if row is None:
        raise NotFound(f"编号为 {activity_id} 的活动没有第 {number} 份日程")
    return row


def runs_of(session: Session, activity_id: int) -> Sequence[ScheduleRun]:
    """All schedules of an activity, the newest first."""
    query = select(ScheduleRun).where(col(ScheduleRun.activity_id) == activity_id)
    return session.execute(query.order_by(col(ScheduleRun.number).desc())).scalars().all()


def run_with_id(session: Session, run_id: int) -> ScheduleRun:
    """The schedule with this id. Raises NotFound, where its activity was deleted meanwhile."""
    row = session.get(ScheduleRun, run_id)
    if row is None:
        raise NotFound("这份日程所属的活动已删除", hint="请核对活动编号")
    return row


def open_runs(session: Session, activity_id: int | None = None) -> Sequence[ScheduleRun]:
    """The schedules on which somebody works, of one activity or of all."""
    going = [state.value for state in ScheduleState if state.is_open]
    query = select(ScheduleRun).where(col(ScheduleRun.state).in_(going))
    if activity_id is not None:
        query = query.where(col(ScheduleRun.activity_id) == activity_id)
    return session.execute(query.order_by(col(ScheduleRun.id))).scalars().all()


def add_run(session: Session, row: ScheduleRun) -> ScheduleRun:
    """Stores a schedule under the next number of its activity."""
    query = select(func.max(col(ScheduleRun.number))).where(col(ScheduleRun.activity_id) == row.activity_id)
    row.number = (session.execute(query).scalar_one() or 0) + 1
    session.add(row)
    session.flush()
    return row


def note_progress(session: Session, run_id: int, progress: dict[str, Any]) -> bool:
    """Keeps how far the work on a schedule has come; returns whether it is to stop."""
    row = session.get(ScheduleRun, run_id)
    if row is None:
        return True
    row.progress, row.updated_at = progress, now()
    session.flush()
    return row.is_stopping
