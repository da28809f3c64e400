"""Invitations with answers, and result sheets (对接情况登记表), as files state them: stored, completed, and noted for undo."""

from collections.abc import Sequence
from typing import Any

from sqlmodel import Field, Session

from catalog.docking import activities, edits, invitations, meetings, outcomes, results
from catalog.docking.activities import Activity
from catalog.docking.invitations import AnswerStated, Invitation, InvitationCreate
from catalog.docking.meetings import ActivityMeeting
from catalog.docking.outcomes import MeetingOutcome, OutcomeCreate, OutcomeStated
from catalog.docking.results import Noting
from catalog.docking.terms import OutcomeResult, PartyRole
from catalog.imports.changes import Change, digests, note
from catalog.kit.base import Schema, fold, id_of
from catalog.kit.errors import InvalidInput

Remarks = list[tuple[str, str]]


class InvitationStated(Schema):
    """A row of a list of invitations; what it leaves open stays as it is."""

    activity_code: str = Field(min_length=1, max_length=64)
    role: PartyRole
    name: str = Field(min_length=1, max_length=300)
    team: str = Field(default="", max_length=100)
    answer: str | None = None
    people: list[str] = Field(default_factory=list, max_length=20)
    sessions: list[int] = Field(default_factory=list)
    absent: list[str] = Field(default_factory=list)
    wished: list[str] = Field(default_factory=list)
    barred: list[str] = Field(default_factory=list)
    most: int | None = Field(default=None, ge=1, le=60)
    note: str = Field(default="", max_length=1000)


class OutcomeRow(OutcomeCreate):
    """A row of a result sheet: the meeting by its number, or by activity, firm and team."""

    meeting_id: int | None = Field(default=None, ge=1, le=2**31 - 1)
    activity_code: str = Field(default="", max_length=64)
    firm: str = Field(default="", max_length=300)
    team: str = Field(default="", max_length=420)


def key_of_invitation(session: Session, row: Invitation) -> list[str]:
    """The key by which an import recognises an invitation."""
    code = activities.get(session, row.activity_id).code
    return [f"{code} {PartyRole(row.role).value} {row.party_key}"]


def key_in_invitation(record: InvitationStated) -> list[str]:
    """The same of a row."""
    key = invitations.key_of(record.name, record.team)
    return [f"{record.activity_code} {record.role.value} {key}"]


def key_of_outcome(session: Session, row: MeetingOutcome) -> list[str]:
    """The key by which an import recognises an outcome: the number of the meeting, and who met."""
    meeting = session.get(ActivityMeeting, row.meeting_id)
    if meeting is None:
        return [f"meeting {row.meeting_id}"]
    code = activities.get(session, meeting.activity_id).code
    firm, team = (
        invitations.get(session, meeting.activity_id, id_) for id_ in (meeting.firm_id, meeting.team_id)
    )
    return [f"meeting {row.meeting_id}", f"{code} {fold(firm.title)} {fold(team.title)}"]


def key_in_outcome(record: OutcomeRow) -> list[str]:
    """The same of a row."""
    if record.meeting_id is not None:
        return [f"meeting {record.meeting_id}"]
    return [f"{record.activity_code} {fold(record.firm)} {fold(record.team)}"]


def _activity(session: Session, code: str) -> Activity:
    row = activities.find(session, code)
    if row is None:
        raise InvalidInput(f"没有活动编号为“{code}”的对接活动", hint="请先登记活动，或核对活动编号")
    return row


def put_invitation(
    session: Session, record: InvitationStated, *, import_id: int | None, actor: str, remarks: Remarks
) -> str:
    """Stores an invitation with its answer; returns "new", "changed" or "unchanged". Raises as the edits do."""
    activity = _activity(session, record.activity_code)
    activity_id = id_of(activity)
    party = invitations.find(session, activity_id, record.role, record.name, record.team)
    stated_values = _stated(session, activity_id, record, remarks)
    if party is None:
        created = InvitationCreate(role=record.role, name=record.name, team=record.team, **stated_values)
        party = edits.invite(session, activity_id, created, actor=actor)
        party.import_id = import_id
        session.flush()
        note(session, import_id, Invitation.__noted_as__, [Change(id_of(party), None, party.updated_at)])
        return "new"
    return _complete(session, party, stated_values, import_id, actor)


def _stated(session: Session, activity_id: int, record: InvitationStated, remarks: Remarks) -> dict[str, Any]:
    """The values of a row, with wished and barred parties by their invitations."""
    found: dict[str, Any] = {
        name: value
        for name, value in record.model_dump(include=set(AnswerStated.model_fields)).items()
        if value not in (None, "", [])
    }
    for name, label in (("wished", "希望会谈"), ("barred", "不希望会谈")):
        ids = list[int]()
        for party in getattr(record, name):
            known = invitations.named(session, activity_id, party)
            ids += [id_of(one) for one in known]
            if not known:
                remarks.append((f"{label}的单位未受邀请，未采用", party))
        if ids:
            found[name] = ids
    return found


def _complete(
    session: Session, party: Invitation, stated_values: dict[str, Any], import_id: int | None, actor: str
) -> str:
    stated = AnswerStated.model_validate(
        party.model_dump(include=set(AnswerStated.model_fields)) | stated_values
    )
    values = stated.model_dump()
    before = {name: getattr(party, name) for name, value in values.items() if getattr(party, name) != value}
    if not before:
        return "unchanged"
    stamp, answered = party.updated_at, party.answered_at
    edits.answer(session, party.activity_id, id_of(party), stated, actor=actor)
    image = before | {"answered_at": answered, "updated_at": stamp}
    after = digests({name: getattr(party, name) for name in (*before, "answered_at")})
    change = Change(id_of(party), image, party.updated_at, after)
    note(session, import_id, Invitation.__noted_as__, [change])
    return "changed"


def put_outcome(session: Session, record: OutcomeRow, by: Noting) -> str:
    """Notes the outcome of a meeting as a result sheet states it; returns as `put_invitation`. Raises as the edits do."""
    meeting = _meeting(session, record)
    found = outcomes.of_meeting(session, id_of(meeting))
    wanted = _merged(found, record)
    if found is not None and wanted.model_dump() == OutcomeStated.model_validate(found).model_dump():
        return "unchanged"
    row, before = results.record(session, meeting.activity_id, id_of(meeting), wanted, by)
    kind = MeetingOutcome.__noted_as__
    if before is None:
        note(session, by.import_id, kind, [Change(id_of(row), None, row.updated_at)])
        return "new"
    changed = {name: value for name, value in before.items() if getattr(row, name) != value}
    after = digests({name: getattr(row, name) for name in changed if name != "updated_at"})
    note(session, by.import_id, kind, [Change(id_of(row), changed, row.updated_at, after)])
    return "changed"


def _merged(found: MeetingOutcome | None, record: OutcomeRow) -> OutcomeCreate:
    """The recorded values updated with those of the row; empty cells erase nothing but what the result rules out."""
    names = set(OutcomeStated.model_fields)
    stated_values = {
        name: value for name, value in record.model_dump(include=names).items() if value not in (None, "")
    }
    values = (found.model_dump(include=names) if found else {}) | stated_values
    if values["result"] == OutcomeResult.NONE:
        values["amount_in_view"] = None
    else:
        values["reason"] = None
    return OutcomeCreate.model_validate(values)


def _meeting(session: Session, record: OutcomeRow) -> ActivityMeeting:
    if record.meeting_id is not None:
        row = session.get(ActivityMeeting, record.meeting_id)
        if row is None:
            raise InvalidInput(f"没有编号为 {record.meeting_id} 的会谈", hint="请使用本系统打印的登记表")
        _agree(session, row, record)
        return row
    activity_id = id_of(_activity(session, record.activity_code))
    firms, teams = (_ids(session, activity_id, name) for name in (record.firm, record.team))
    rows = [
        row
        for row in meetings.of_activity(session, activity_id)
        if row.firm_id in firms and row.team_id in teams
    ]
    if len(rows) != 1:
        raise InvalidInput(f"“{record.firm}”与“{record.team}”没有唯一的会谈", hint="请填写会谈编号")
    return rows[0]


def _agree(session: Session, row: ActivityMeeting, record: OutcomeRow) -> None:
    """Refuses a row whose firm, team or activity is not that of the meeting: it was put into another line."""
    code = activities.get(session, row.activity_id).code
    if record.activity_code and record.activity_code != code:
        raise InvalidInput(f"会谈 {row.id} 属于活动 {code}，不是 {record.activity_code}")
    for name, id_ in ((record.firm, row.firm_id), (record.team, row.team_id)):
        if name and id_ not in _ids(session, row.activity_id, name):
            other = invitations.get(session, row.activity_id, id_)
            raise InvalidInput(
                f"会谈 {row.id} 的参会方是“{other.title}”，不是“{name}”", hint="请核对是否错行"
            )


def _ids(session: Session, activity_id: int, name: str) -> Sequence[int]:
    return [id_of(one) for one in invitations.named(session, activity_id, name)]
