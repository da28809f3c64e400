"""Activities (对接活动) with their sessions and places: what is stated of them, and how they are found.

Times are those of the place, without a zone: a session begins on a day at a time of the clock.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator
from sqlalchemy import JSON, Text, UniqueConstraint, func, select
from sqlmodel import Field, Session, col

from catalog.docking.terms import ActivityKind, ActivityStatus
from catalog.kit.base import NEVER_TWICE, Schema, Timestamps, enum_type, id_of
from catalog.kit.errors import NotFound

MOST_SLOTS, MOST_TABLES, MOST_SESSIONS, MOST_PARTIES = 60, 500, 40, 1000
DAY = 24 * 60


class ActivityLimits(BaseModel):
    """The rules of the programme (编排规则) and how many are invited."""

    model_config = ConfigDict(extra="forbid")

    most_firm: int | None = Field(default=None, ge=1, le=MOST_SLOTS, description="每家企业最多会谈场数")
    most_team: int | None = Field(default=None, ge=1, le=MOST_SLOTS, description="每支团队最多会谈场数")
    least_firm: int = Field(default=0, ge=0, le=MOST_SLOTS, description="每家企业最少会谈场数")
    least_team: int = Field(default=0, ge=0, le=MOST_SLOTS, description="每支团队最少会谈场数")
    holder_share: int | None = Field(
        default=None, ge=1, le=100, description="一个专利权人占全部会谈的最大比例（%）"
    )
    spare: int = Field(default=0, ge=0, le=50, description="空余桌位的比例（%）；留 10 至 20 可大为减少空档")
    most_breaks: int | None = Field(default=None, ge=0, le=MOST_SLOTS, description="每方最多空档数")
    fairness: int | None = Field(default=None, ge=0, le=MOST_SLOTS, description="各方空档数之差的上限")
    special_first: bool = Field(default=True, description="专精特新企业有匹配的，至少安排一场")
    firms: int = Field(default=60, ge=1, le=MOST_PARTIES, description="最多邀请多少家企业")
    teams: int = Field(default=40, ge=1, le=MOST_PARTIES, description="最多邀请多少支团队")
    seconds: int = Field(default=60, ge=1, le=3600, description="编排用时上限（秒）")


class PlaceStated(Schema):
    """A room with tables."""

    room: str = Field(min_length=1, max_length=100, description="会场或厅室")
    tables: int = Field(ge=1, le=MOST_TABLES, description="洽谈桌数")


class SessionBase(Schema):
    """The beginning of a session and its division into slots."""

    name: str = Field(default="", max_length=100, description="场次名称，如 上午场")
    day: date = Field(description="日期")
    # SQLModel leaves a pattern of its own `Field` unread.
    starts: Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")] = Field(
        max_length=5, description="开始时刻，如 09:00"
    )
    slot_minutes: int = Field(default=25, ge=5, le=240, description="每场会谈的分钟数")
    gap_minutes: int = Field(default=5, ge=0, le=120, description="两场会谈之间的分钟数")
    slots: int = Field(ge=1, le=MOST_SLOTS, description="时段数")

    def minute(self, slot: int) -> int:
        """The minute of the day at which a slot (from 1) begins."""
        hours, minutes = self.starts.split(":")
        return int(hours) * 60 + int(minutes) + (slot - 1) * (self.slot_minutes + self.gap_minutes)

    @property
    def ends(self) -> int:
        """The minute of the day at which the last slot ends."""
        return self.minute(self.slots) + self.slot_minutes

    def clock(self, slot: int) -> str:
        """The beginning and end of a slot, as 09:30-09:55."""
        first = self.minute(slot)
        return f"{_clock(first)}-{_clock(first + self.slot_minutes)}"


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


class SessionStated(SessionBase):
    """A session with its places."""

    places: list[PlaceStated] = Field(min_length=1, max_length=50, description="会场及桌数")


class ActivityBase(Schema):
    """The stated fields of an activity."""

    code: str | None = Field(
        default=None, min_length=1, max_length=64, description="活动编号；缺省时自动编号"
    )
    name: str = Field(min_length=1, max_length=200, description="活动名称")
    kind: ActivityKind = Field(
        default=ActivityKind.FAIR, sa_type=enum_type(ActivityKind), description="活动形式"
    )
    area: str = Field(default="", max_length=100, description="片区，与年度计划一致")
    field: str = Field(default="", max_length=100, description="领域，与年度计划一致")
    regions: list[str] = Field(
        default_factory=list, sa_type=JSON, description="所涉地区的行政区划代码；空为不限"
    )
    segments: list[str] = Field(
        default_factory=list, sa_type=JSON, description="所涉产业细分领域的代码；空为不限"
    )
    host: str = Field(default="", max_length=300, description="主办单位")
    venue: str = Field(default="", max_length=300, description="地点")
    seed: int = Field(default=1, ge=0, le=2**31 - 1, description="编排的随机种子；相同则结果相同")
    note: str = Field(default="", max_length=2000, sa_type=Text, description="备注")


class Activity(ActivityBase, Timestamps, table=True):
    """An activity, known by its code."""

    __tablename__ = "activities"
    __table_args__ = NEVER_TWICE
    __noted_as__ = "activity"

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(max_length=64, unique=True, description="活动编号")
    limits: dict[str, object] = Field(default_factory=dict, sa_type=JSON, description="编排规则与邀请上限")
    status: ActivityStatus = Field(
        default=ActivityStatus.DRAFT, sa_type=enum_type(ActivityStatus), index=True, description="活动状态"
    )
    run: int | None = Field(default=None, description="现行日程的编号；空为尚未编排")
    published_run: int | None = Field(default=None, description="最近发布的日程的编号；空为尚未发布")
    is_demo: bool = False

    @property
    def rules(self) -> ActivityLimits:
        """The rules of the programme."""
        return ActivityLimits.model_validate(self.limits)


class ActivitySession(SessionBase, table=True):
    """A session of an activity; `number` counts from 1."""

    __tablename__ = "activity_sessions"
    __table_args__ = (UniqueConstraint("activity_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    activity_id: int = Field(foreign_key="activities.id", index=True)
    number: int = Field(description="场次序号，从 1 起")


class ActivityPlace(PlaceStated, table=True):
    """A room of a session; tables are numbered through all rooms of the session."""

    __tablename__ = "activity_places"
    __table_args__ = (UniqueConstraint("session_id", "position"),)

    id: int | None = Field(default=None, primary_key=True)
    session_id: int = Field(foreign_key="activity_sessions.id", index=True)
    position: int


class ActivityCreate(ActivityBase):
    """A new activity with its sessions, which do not overlap and end within their day."""

    limits: ActivityLimits = Field(default_factory=ActivityLimits, description="编排规则与邀请上限")
    sessions: list[SessionStated] = Field(
        default_factory=list, max_length=MOST_SESSIONS, description="场次，按时间先后"
    )

    @model_validator(mode="after")
    def _within_the_day(self) -> Self:
        problems = [
            f"第 {number} 场超出当日 24 时" for number, one in enumerate(self.sessions, 1) if one.ends > DAY
        ]
        pairs = zip(self.sessions, self.sessions[1:], strict=False)
        for number, (earlier, later) in enumerate(pairs, 2):
            if (later.day, later.minute(1)) < (earlier.day, earlier.ends):
                problems.append(f"第 {number} 场早于或重叠于上一场，请按时间先后填写")
        if sum(one.slots for one in self.sessions) > 200:
            problems.append("时段合计超过 200 个，请分作几次活动")
        if problems:
            raise ValueError("；".join(problems))
        return self


class ActivityUpdate(ActivityCreate):
    """The whole new state of an activity (PUT)."""


def get(session: Session, activity_id: int) -> Activity:
    """The activity `activity_id`. Raises NotFound."""
    row = session.get(Activity, activity_id)
    if row is None:
        raise NotFound(f"没有编号为 {activity_id} 的对接活动", record=(Activity.__noted_as__, activity_id))
    return row


def find(session: Session, code: str) -> Activity | None:
    """The activity with this code."""
    return session.execute(select(Activity).where(col(Activity.code) == code)).scalar_one_or_none()


def sessions_of(session: Session, activity_id: int) -> Sequence[ActivitySession]:
    """The sessions of an activity in their order."""
    query = select(ActivitySession).where(col(ActivitySession.activity_id) == activity_id)
    return session.execute(query.order_by(col(ActivitySession.number))).scalars().all()


def places_of(session: Session, sessions: Sequence[ActivitySession]) -> dict[int, list[ActivityPlace]]:
    """The rooms of these sessions in their order, by the number of the session."""
    numbers = {id_of(row): row.number for row in sessions}
    query = select(ActivityPlace).where(col(ActivityPlace.session_id).in_(list(numbers)))
    found: dict[int, list[ActivityPlace]] = {number: [] for number in numbers.values()}
    for place in session.execute(query.order_by(col(ActivityPlace.position))).scalars():
        found[numbers[place.session_id]].append(place)
    return found


def first_days(session: Session, ids: Iterable[int] | None = None) -> dict[int, date]:
    """The day on which each of these activities, or every one, begins; those without a session are left out."""
    column = col(ActivitySession.activity_id)
    query = select(column, func.min(col(ActivitySession.day))).group_by(column)
    if ids is not None:
        query = query.where(column.in_(list(ids)))
    return {row[0]: row[1] for row in session.execute(query)}


def last_day(sessions: Sequence[SessionBase]) -> date | None:
    """The day on which an activity ends."""
    return max((one.day for one in sessions), default=None)


def first_day(sessions: Sequence[SessionBase]) -> date | None:
    """The day on which an activity begins."""
    return min((one.day for one in sessions), default=None)
