"""Activities and meetings as users see them, with the names of parties, needs and patents.

Of a need the other side sees its title, field and region; its text, budget and contact stay with the firm.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel
from sqlalchemy import select
from sqlmodel import Field, Session, SQLModel, col

from catalog.demand.needs import Need
from catalog.docking import activities, invitations, meetings, rules
from catalog.docking.activities import (
    Activity,
    ActivityBase,
    ActivityLimits,
    ActivityPlace,
    ActivitySession,
    PlaceStated,
    SessionBase,
)
from catalog.docking.invitations import Invitation
from catalog.docking.meetings import ActivityMeeting, ScheduleRun
from catalog.docking.terms import ActivityStatus, InvitationAnswer, MeetingState, PartyRole, ScheduleState
from catalog.kit.base import Stamps, chunks, id_of
from catalog.kit.paging import PageQuery, Rows, Sorts, paginate
from catalog.reference.lists import region_name
from catalog.segments import segments
from catalog.supply.patents import Patent


class SessionPublic(SessionBase):
    """A session as shown to users."""

    number: int = Field(description="场次序号")
    tables: int = Field(description="桌数合计")
    places: list[PlaceStated] = Field(description="会场与桌数")
    clocks: list[str] = Field(description="各时段的起止时刻")


class InvitedCount(BaseModel):
    """The number of parties of a role that were invited, and their answers."""

    role: PartyRole = Field(description="参会身份")
    role_name: str = Field(description="参会身份的中文名称")
    invited: int = Field(description="已邀请")
    coming: int = Field(description="答复参加")
    declined: int = Field(description="答复不参加")
    pending: int = Field(description="未答复")


class ActivityPublic(ActivityBase, Stamps):
    """An activity as shown to users."""

    id: int = Field(description="对接活动的编号")
    code: str = Field(description="代码")
    kind_name: str = Field(description="活动形式的中文名称")
    status: ActivityStatus = Field(description="活动状态")
    status_name: str = Field(description="状态的中文名称")
    next_statuses: list[ActivityStatus] = Field(description="可以进入的下一状态")
    region_names: list[str] = Field(description="片区所含地区的名称")
    segment_names: list[str] = Field(description="产业细分领域的名称")
    limits: ActivityLimits = Field(description="编排规则")
    sessions: list[SessionPublic] = Field(description="场次")
    starts_on: date | None = Field(description="首日；尚未填写场次时为空")
    ends_on: date | None = Field(description="最后一场的日期；尚无场次为空")
    invited: list[InvitedCount] = Field(description="按身份统计的邀请与答复")
    meetings: int = Field(description="会谈场数，不含已取消的")
    run: int | None = Field(description="现行日程的编号")
    published_run: int | None = Field(description="最近发布的日程的编号")
    is_demo: bool = Field(description="是否为演示数据")


class MeetingPublic(Stamps):
    """A meeting as shown to users."""

    id: int = Field(description="会谈的编号")
    activity_id: int = Field(description="对接活动的编号")
    session: int = Field(description="场次序号")
    slot: int = Field(description="时段序号")
    table: int = Field(description="桌号")
    day: date = Field(description="日期")
    clock: str = Field(description="起止时刻")
    room: str = Field(description="会场")
    firm_id: int = Field(description="企业的邀请编号")
    firm: str = Field(description="企业名称")
    team_id: int = Field(description="团队的邀请编号")
    team: str = Field(description="专利权人团队")
    need_id: int | None = Field(description="所谈需求的编号；没有为空")
    need_title: str | None = Field(description="需求名称")
    patent_id: int | None = Field(description="所谈专利的编号；没有为空")
    application_number: str | None = Field(description="申请号；草稿为空")
    patent_title: str | None = Field(description="专利名称")
    value: int = Field(description="匹配强度（千分之一）")
    why: str = Field(description="安排的理由")
    pinned: bool = Field(description="已锁定")
    state: MeetingState = Field(description="会谈状态")
    state_name: str = Field(description="状态的中文名称")


class SchedulePublic(Stamps):
    """A schedule as shown to users."""

    activity_id: int = Field(description="对接活动的编号")
    number: int = Field(description="第几份日程")
    kind_name: str = Field(description="编排方式的中文名称")
    state: ScheduleState = Field(description="编排状态")
    state_name: str = Field(description="状态的中文名称")
    seed: int = Field(description="随机数种子，用于重现")
    night_run_id: int | None = Field(description="所依据的夜间批处理的编号")
    value: int | None = Field(description="总价值（千分之一）")
    bound: int | None = Field(description="总价值的上界")
    gap: float | None = Field(description="与上界的差距")
    breaks: int | None = Field(description="各方等待的空档数")
    seconds: float | None = Field(description="编排用时（秒）")
    method: str = Field(description="所用的求解方法")
    meetings: int = Field(description="会谈场数")
    pairs: int = Field(description="候选组合数")
    is_checked: bool = Field(description="通过独立核对")
    findings: list[str] = Field(description="核对发现的问题；规则冲突时为冲突的规则")
    moves: list[dict[str, Any]] = Field(description="与上一份日程的不同及须通知的参会方")
    progress: dict[str, Any] = Field(description="编排的进展：总价值、上界、差距")
    message: str = Field(description="编排未能完成的原因；正常为空")
    actor: str = Field(description="操作者：命令行，或接口密钥的名称")
    in_force: bool = Field(description="现行日程")
    published_at: datetime | None = Field(description="发布时间；未发布为空")


class ActivityFilter(SQLModel):
    """Conditions of a list of activities."""

    status: ActivityStatus | None = Field(default=None, description="活动状态")
    area: str | None = Field(default=None, max_length=100, description="片区")
    field: str | None = Field(default=None, max_length=100, description="领域")


SORTS = Sorts(
    {
        "id": Activity.id,
        "code": Activity.code,
        "name": Activity.name,
        "created_at": Activity.created_at,
        "updated_at": Activity.updated_at,
    },
    "-id",
)


def page(session: Session, wanted: PageQuery, where: ActivityFilter) -> Rows[Activity]:
    """The activities that meet all conditions, the newest first by default."""
    query = select(Activity)
    for name in ("status", "area", "field"):
        if (value := getattr(where, name)) is not None:
            query = query.where(getattr(Activity, name) == value)
    return paginate(session, query, wanted, SORTS)


def activity(session: Session, row: Activity) -> ActivityPublic:
    """The activity as shown to users."""
    activity_id = id_of(row)
    sessions = activities.sessions_of(session, activity_id)
    places, names = activities.places_of(session, sessions), segments.names_in_use(session)
    states = meetings.states(session, [activity_id])[activity_id]
    return ActivityPublic(
        **row.model_dump(include=set(ActivityBase.model_fields) | {"id", "status", "run", "published_run"}),
        **row.model_dump(include={"is_demo", "created_at", "updated_at"}),
        kind_name=row.kind.label,
        status_name=ActivityStatus(row.status).label,
        next_statuses=rules.next_statuses(row.status),
        region_names=[region_name(code) or code for code in row.regions],
        segment_names=[names.get(code, code) for code in row.segments],
        limits=row.rules,
        sessions=[_session(one, places[one.number]) for one in sessions],
        starts_on=activities.first_day(sessions),
        ends_on=activities.last_day(sessions),
        invited=_invited(invitations.counts(session, [activity_id])[activity_id]),
        meetings=sum(count for state, count in states.items() if state != MeetingState.CANCELLED),
    )


def _session(row: ActivitySession, places: Sequence[ActivityPlace]) -> SessionPublic:
    return SessionPublic(
        **row.model_dump(include=set(SessionBase.model_fields) | {"number"}),
        tables=sum(place.tables for place in places),
        places=[PlaceStated(room=place.room, tables=place.tables) for place in places],
        clocks=[row.clock(slot) for slot in range(1, row.slots + 1)],
    )


def _invited(counts: dict[tuple[PartyRole, InvitationAnswer], int]) -> list[InvitedCount]:
    return [
        InvitedCount(
            role=role,
            role_name=role.label,
            invited=sum(counts.get((role, answer), 0) for answer in InvitationAnswer),
            coming=counts.get((role, InvitationAnswer.COMING), 0),
            declined=counts.get((role, InvitationAnswer.DECLINED), 0),
            pending=counts.get((role, InvitationAnswer.PENDING), 0),
        )
        for role in PartyRole
        if any(one == role for one, _ in counts)
    ]


def room_at(places: Sequence[PlaceStated], table: int) -> str:
    """The room in which a table stands; tables are numbered through the rooms of a session."""
    for place in places:
        if table <= place.tables:
            return place.room
        table -= place.tables
    return ""


def meetings_shown(session: Session, rows: Sequence[ActivityMeeting]) -> list[MeetingPublic]:
    """The meetings of one activity as shown to users, in the order given."""
    if not rows:
        return []
    sessions = activities.sessions_of(session, rows[0].activity_id)
    by_number, places = {one.number: one for one in sessions}, activities.places_of(session, sessions)
    parties = _parties(session, rows[0].activity_id)
    needs, patents = _needs(session, rows), _patents(session, rows)
    found = []
    for row in rows:
        title, number = patents.get(row.patent_id or 0, (None, None))
        values = row.model_dump()
        found.append(
            MeetingPublic(
                **values,
                day=by_number[row.session].day,
                clock=by_number[row.session].clock(row.slot),
                room=room_at(places[row.session], row.table),
                firm=parties[row.firm_id].title,
                team=parties[row.team_id].title,
                need_title=needs.get(row.need_id or 0),
                application_number=number,
                patent_title=title,
                state_name=MeetingState(row.state).label,
            )
        )
    return found


def _parties(session: Session, activity_id: int) -> dict[int, Invitation]:
    return {id_of(one): one for one in invitations.of_activity(session, activity_id)}


def _needs(session: Session, rows: Sequence[ActivityMeeting]) -> dict[int, str]:
    found: dict[int, str] = {}
    for chunk in chunks(sorted({row.need_id for row in rows if row.need_id})):
        query = select(col(Need.id), col(Need.title)).where(col(Need.id).in_(chunk))
        found.update((id_ or 0, title) for id_, title in session.execute(query))
    return found


def _patents(session: Session, rows: Sequence[ActivityMeeting]) -> dict[int, tuple[str, str | None]]:
    found: dict[int, tuple[str, str | None]] = {}
    for chunk in chunks(sorted({row.patent_id for row in rows if row.patent_id})):
        query = select(col(Patent.id), col(Patent.title), col(Patent.application_number))
        for id_, title, number in session.execute(query.where(col(Patent.id).in_(chunk))):
            found[id_ or 0] = title, number
    return found


def schedule(row: ScheduleRun, in_force: int | None) -> SchedulePublic:
    """The schedule as shown to users."""
    names = set(SchedulePublic.model_fields) - {"meetings", "pairs", "in_force", "kind_name"}
    names -= {"state", "state_name"}
    return SchedulePublic(
        **row.model_dump(include=names),
        kind_name=row.kind.label,
        state=row.standing,
        state_name=row.standing.label,
        meetings=len(row.plan),
        pairs=len(row.pairs),
        in_force=row.number == in_force,
    )
