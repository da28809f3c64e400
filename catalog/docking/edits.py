"""Writes activities, invitations and answers; every step is checked and stands in the history of the activity."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import delete, func, select
from sqlmodel import Session, col

from catalog.demand import enterprises
from catalog.docking import activities, history, invitations, meetings, rules
from catalog.docking.activities import (
    Activity,
    ActivityBase,
    ActivityCreate,
    ActivityPlace,
    ActivitySession,
    ActivityUpdate,
    PlaceStated,
    SessionBase,
    SessionStated,
)
from catalog.docking.invitations import AnswerStated, Invitation, InvitationCreate
from catalog.docking.terms import ActivityAction, ActivityStatus, InvitationAnswer, PartyRole
from catalog.kit.base import apply_changes, id_of, now
from catalog.kit.errors import InvalidInput, RecordExists, Referenced
from catalog.supply import holders


def create(session: Session, data: ActivityCreate, *, today: date, actor: str = "") -> Activity:
    """Stores a new activity. Raises Conflict when the code is taken."""
    code = data.code or _next_code(session, data.sessions[0].day.year if data.sessions else today.year)
    if known := activities.find(session, code):
        raise RecordExists(f"活动编号“{code}”已存在", hint="请换一个编号，或改用更正", existing_id=known.id)
    row = Activity(**_values(data) | {"code": code})
    session.add(row)
    session.flush()
    _put_sessions(session, row, data.sessions)
    history.note(session, row, ActivityAction.CREATED, actor, **data.model_dump(mode="json"))
    return row


def _next_code(session: Session, year: int) -> str:
    """The first free number of the year, as HD2026-003."""
    head = f"HD{year}-"
    query = select(func.count()).select_from(Activity).where(col(Activity.code).startswith(head))
    number = session.execute(query).scalar_one() + 1
    while activities.find(session, f"{head}{number:03}") is not None:
        number += 1
    return f"{head}{number:03}"


def _values(data: ActivityCreate) -> dict[str, Any]:
    values = data.model_dump(include=set(ActivityBase.model_fields))
    return values | {"limits": data.limits.model_dump()}


def change(session: Session, activity_id: int, data: ActivityUpdate, *, actor: str = "") -> Activity:
    """Replaces what is stated of an activity.

    Raises NotFound, and Conflict where the code is another's or the sessions may not change any more.
    """
    row = activities.get(session, activity_id)
    rules.require(row, (*rules.PLANNING, *rules.SCHEDULED), "更正")
    code = data.code or row.code
    other = activities.find(session, code)
    if other is not None and other.id != row.id:
        raise RecordExists(f"活动编号“{code}”已属于另一项活动", hint="请换一个编号", existing_id=other.id)
    before = stated(session, row)
    changes = history.differences(
        before.model_dump(mode="json"), data.model_copy(update={"code": code}).model_dump(mode="json")
    )
    if "sessions" in changes:
        rules.require(row, rules.PLANNING, "改动场次")
        _put_sessions(session, row, data.sessions)
    apply_changes(row, _values(data) | {"code": code})
    if changes:
        history.note(session, row, ActivityAction.CHANGED, actor, **changes)
    return row


def stated(session: Session, row: Activity) -> ActivityCreate:
    """The activity as creation input."""
    sessions = activities.sessions_of(session, id_of(row))
    places = activities.places_of(session, sessions)
    return ActivityCreate(
        **row.model_dump(include=set(ActivityBase.model_fields)),
        limits=row.rules,
        sessions=[
            SessionStated(
                **one.model_dump(include=set(SessionBase.model_fields)),
                places=[PlaceStated(room=place.room, tables=place.tables) for place in places[one.number]],
            )
            for one in sessions
        ],
    )


def _put_sessions(session: Session, row: Activity, wanted: Sequence[SessionStated]) -> None:
    """Stores the sessions by their numbers; those that are no more wanted go. Raises Conflict where meetings lie in one."""
    known = {one.number: one for one in activities.sessions_of(session, id_of(row))}
    gone = [number for number in known if number > len(wanted)]
    if used := sorted({one.session for one in meetings.of_activity(session, id_of(row))} & set(gone)):
        raise Referenced(f"第 {used[0]} 场已有会谈，不能删去", hint="请先重新编排")
    for number in gone:
        session.execute(delete(ActivityPlace).where(col(ActivityPlace.session_id) == known[number].id))
        session.delete(known[number])
    for number, one in enumerate(wanted, 1):
        values = one.model_dump(include=set(SessionBase.model_fields))
        stored = known.get(number) or ActivitySession(activity_id=id_of(row), number=number, **values)
        stored.sqlmodel_update(values)
        session.add(stored)
        session.flush()
        session.execute(delete(ActivityPlace).where(col(ActivityPlace.session_id) == stored.id))
        session.add_all(
            ActivityPlace(session_id=id_of(stored), position=position, **place.model_dump())
            for position, place in enumerate(one.places)
        )
    session.flush()


def set_status(
    session: Session,
    activity_id: int,
    target: ActivityStatus,
    *,
    today: date,
    reason: str = "",
    actor: str = "",
) -> Activity:
    """Takes an activity to another status. Raises NotFound, Conflict (not allowed or something lacks) and InvalidInput (reason)."""
    row = activities.get(session, activity_id)
    rules.check_change(session, row, target, reason=reason, today=today)
    move_to(session, row, target, actor=actor, reason=reason)
    return row


def move_to(session: Session, row: Activity, target: ActivityStatus, *, actor: str, reason: str = "") -> None:
    """Notes that an activity has reached a status."""
    before, row.status = ActivityStatus(row.status), target
    details = {"reason": reason} if reason else {}
    history.note(session, row, ActivityAction.STATUS, actor, status=[before.label, target.label], **details)


def invite(session: Session, activity_id: int, data: InvitationCreate, *, actor: str = "") -> Invitation:
    """Invites a party. Raises NotFound, InvalidInput (nobody named, session unknown) and Conflict (invited already)."""
    row = activities.get(session, activity_id)
    rules.require(row, (*rules.PLANNING, *rules.SCHEDULED), "登记邀请")
    values = _party(session, data)
    known = invitations.find(session, activity_id, data.role, values["name"], data.team)
    if known is not None:
        raise RecordExists(
            f"{data.role.label}“{known.title}”已有编号为 {known.id} 的邀请",
            hint="请登记其答复",
            existing_id=known.id,
        )
    _check_answer(session, activity_id, data)
    party = Invitation(
        **data.model_dump(exclude={"name", "enterprise_id", "holder_id", "special"}),
        **values,
        activity_id=activity_id,
        party_key=invitations.key_of(values["name"], data.team),
        answered_at=None if data.answer == InvitationAnswer.PENDING else now(),
    )
    session.add(party)
    session.flush()
    subject = f"邀请 {party.id}：{party.role.label} {party.title}"
    history.note(session, row, ActivityAction.INVITED, actor, subject, answer=party.answer.label)
    return party


def _party(session: Session, data: InvitationCreate) -> dict[str, Any]:
    """Name and record of a party; a name that the catalogue knows is tied to its record. Raises NotFound and InvalidInput."""
    found: dict[str, Any] = {"name": data.name, "enterprise_id": None, "holder_id": None, "special": False}
    if data.role == PartyRole.FIRM:
        firm = (
            enterprises.get(session, data.enterprise_id)
            if data.enterprise_id is not None
            else enterprises.find(session, data.name)
            if data.name
            else None
        )
        if firm is not None:
            found |= {"name": firm.name, "enterprise_id": firm.id, "special": is_special(firm.titles)}
    if data.role == PartyRole.TEAM:
        known = holders.ids_of(session, [data.name]) if data.name else {}
        holder_id = data.holder_id if data.holder_id is not None else next(iter(known.values()), None)
        if holder_id is not None:
            kept = holders.roots(session, [holder_id]).get(holder_id, holder_id)
            found |= {"name": holders.get(session, kept).name, "holder_id": kept}
    if not found["name"]:
        raise InvalidInput("未写明邀请的单位", hint="请填写单位名称，或给出企业、专利权人的编号")
    return found


def is_special(titles: Sequence[str]) -> bool:
    """Whether the titles of a firm say that it is one of the 专精特新 (specialised and innovative) ones."""
    return any("专精特新" in title or "小巨人" in title for title in titles)


def _check_answer(session: Session, activity_id: int, data: AnswerStated) -> None:
    sessions = activities.sessions_of(session, activity_id)
    invitations.check(data, sessions, invitations.ids_of(session, activity_id))


def answer(
    session: Session, activity_id: int, invitation_id: int, data: AnswerStated, *, actor: str = ""
) -> Invitation:
    """Notes what a party answers. Raises NotFound, InvalidInput, and Conflict once the activity is over."""
    row = activities.get(session, activity_id)
    rules.require(row, (*rules.PLANNING, *rules.SCHEDULED), "登记答复")
    party = invitations.get(session, activity_id, invitation_id)
    _check_answer(session, activity_id, data)
    values = data.model_dump()
    changes = history.differences(party.model_dump(include=set(values)), values)
    apply_changes(party, values)
    if changes:
        party.answered_at = now()
        history.note(
            session, row, ActivityAction.ANSWERED, actor, f"邀请 {party.id}：{party.title}", **changes
        )
    return party
