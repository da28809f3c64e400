"""The statuses of an activity: which may follow which, what each requires, and what may be done in it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from catalog.docking import activities, invitations, meetings
from catalog.docking.activities import Activity
from catalog.docking.terms import ActivityStatus, InvitationAnswer, PartyRole
from catalog.kit.base import id_of
from catalog.kit.errors import InvalidInput, WrongState

S = ActivityStatus


@dataclass(frozen=True, slots=True)
class StatusChange:
    """A change of status that may be asked for; `requires` names a condition of `_REQUIRED`, or is `reason` or empty."""

    origin: ActivityStatus
    target: ActivityStatus
    requires: str = ""


CHANGES = (
    StatusChange(S.DRAFT, S.INVITING, "parties"),
    StatusChange(S.INVITING, S.COMPOSED, "schedule"),
    StatusChange(S.COMPOSED, S.INVITING, "reason"),
    StatusChange(S.COMPOSED, S.PUBLISHED, "checked"),
    StatusChange(S.PUBLISHED, S.RUNNING, "day"),
    StatusChange(S.PUBLISHED, S.INVITING, "reason"),
    StatusChange(S.RUNNING, S.CLOSED, "settled"),
    StatusChange(S.CLOSED, S.RUNNING, "reason"),
    StatusChange(S.DRAFT, S.CANCELLED, "reason"),
    StatusChange(S.INVITING, S.CANCELLED, "reason"),
    StatusChange(S.COMPOSED, S.CANCELLED, "reason"),
    StatusChange(S.PUBLISHED, S.CANCELLED, "reason"),
)
"""All changes of status. To 已编排 and 已发布 leads the schedule itself."""

PLANNING = (S.DRAFT, S.INVITING)
BEFORE_THE_DAY = (S.INVITING, S.COMPOSED, S.PUBLISHED)
SCHEDULED = (S.COMPOSED, S.PUBLISHED, S.RUNNING)
HELD = (S.RUNNING, S.CLOSED)


def next_statuses(status: ActivityStatus) -> list[ActivityStatus]:
    """The statuses that may follow."""
    return [change.target for change in CHANGES if change.origin == status]


def require(row: Activity, allowed: Collection[ActivityStatus], act: str) -> None:
    """Raises Conflict where the activity is in no status in which this may be done."""
    if row.status not in allowed:
        names = "、".join(f"“{ActivityStatus(one).label}”" for one in allowed)
        raise WrongState(f"活动处于“{ActivityStatus(row.status).label}”，不能{act}", hint=f"须处于{names}")


def check_change(
    session: Session, row: Activity, target: ActivityStatus, *, reason: str, today: date
) -> None:
    """Raises Conflict for a change of status that may not be made, InvalidInput where its reason is missing."""
    found = next((one for one in CHANGES if (one.origin, one.target) == (row.status, target)), None)
    if found is None:
        allowed = "、".join(one.label for one in next_statuses(row.status)) or "无"
        raise WrongState(
            f"活动处于“{ActivityStatus(row.status).label}”，不能进入“{target.label}”",
            hint=f"可以进入：{allowed}",
        )
    if found.requires == "reason" and not reason:
        raise InvalidInput(
            f"由“{found.origin.label}”进入“{target.label}”应说明理由", hint="请填写理由（reason）"
        )
    lacking = _lacking(session, row, found.requires, today)
    if lacking:
        raise WrongState(f"还不能进入“{target.label}”：{lacking[0]}", hint=lacking[1])


def _lacking(session: Session, row: Activity, requires: str, today: date) -> tuple[str, str] | None:
    """The first thing still missing, and what to do about it; None where nothing is."""
    if requires == "parties":
        return _no_parties(session, row)
    if requires in ("schedule", "checked"):
        return _no_schedule(session, row)
    if requires == "day":
        day = activities.first_day(activities.sessions_of(session, id_of(row)))
        if day is not None and today < day:
            return f"活动于 {day} 举行", "请于活动当日开始，或先更正场次的日期"
    if requires == "settled":
        states = meetings.states(session, [id_of(row)])[id_of(row)]
        if left := sum(count for state, count in states.items() if state.is_to_come):
            return f"还有 {left} 场会谈未登记结果或到场情况", "请登记对接结果，或登记为未到场、已取消"
    return None


def _no_parties(session: Session, row: Activity) -> tuple[str, str] | None:
    if not activities.sessions_of(session, id_of(row)):
        return "尚未填写场次", "请先填写日期、时段与桌数"
    invited = invitations.counts(session, [id_of(row)])[id_of(row)]
    for role in (PartyRole.FIRM, PartyRole.TEAM):
        if not any(count for (one, _), count in invited.items() if one == role):
            return f"尚未登记{role.label}的邀请", "请先从推荐名单或自行登记邀请"
    return None


def _no_schedule(session: Session, row: Activity) -> tuple[str, str] | None:
    if row.run is None:
        return "尚无日程", "请先编排日程"
    run = meetings.run_of(session, id_of(row), row.run)
    if not run.is_checked:
        return f"第 {run.number} 份日程未通过核对", "请按核对结果调整，或重新编排"
    return None


def coming(session: Session, activity_id: int) -> dict[PartyRole, int]:
    """The number of parties of each role that come."""
    invited = invitations.counts(session, [activity_id])[activity_id]
    return {role: invited.get((role, InvitationAnswer.COMING), 0) for role in PartyRole}
