"""Notes who came, what came of each meeting, what was found at follow-ups, and which deal was made."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlmodel import Session

from catalog.deals import deals
from catalog.deals.deals import Deal
from catalog.docking import activities, history, invitations, meetings, outcomes, rules
from catalog.docking.activities import Activity
from catalog.docking.invitations import Invitation
from catalog.docking.meetings import ActivityMeeting
from catalog.docking.outcomes import FollowUp, MeetingOutcome, OutcomeCreate, OutcomeStated
from catalog.docking.terms import (
    ActivityAction,
    ActivityStatus,
    FollowUpState,
    MeetingState,
    OutcomeResult,
)
from catalog.kit.base import apply_changes, id_of
from catalog.kit.errors import InvalidInput, RecordExists, Referenced, WrongState


@dataclass(frozen=True, slots=True)
class Noting:
    """The circumstances of an entry: the day, the person and the import."""

    today: date
    actor: str = ""
    import_id: int | None = None


def lock(
    session: Session, activity_id: int, meeting_id: int, *, pinned: bool, actor: str = ""
) -> ActivityMeeting:
    """Locks a meeting, so that no schedule moves it, or unlocks it. Raises NotFound and Conflict."""
    row = activities.get(session, activity_id)
    rules.require(row, rules.SCHEDULED, "锁定会谈")
    meeting = meetings.get(session, activity_id, meeting_id)
    if not MeetingState(meeting.state).is_to_come:
        raise WrongState(f"会谈{MeetingState(meeting.state).label}，不能锁定", hint="只能锁定尚未举行的会谈")
    if apply_changes(meeting, {"pinned": pinned}):
        action = ActivityAction.LOCKED if pinned else ActivityAction.UNLOCKED
        history.note(session, row, action, actor, _of(meeting))
    return meeting


def _of(meeting: ActivityMeeting) -> str:
    return f"会谈 {meeting.id}"


def no_show(
    session: Session, activity_id: int, invitation_id: int, *, came: bool = False, actor: str = ""
) -> tuple[Invitation, list[ActivityMeeting]]:
    """Notes that a party did not come, or came after all; returns the meetings to come that this concerns.

    Those meetings are marked 未到场 until a new schedule replaces them. Raises NotFound and Conflict.
    """
    row = activities.get(session, activity_id)
    rules.require(row, (ActivityStatus.PUBLISHED, ActivityStatus.RUNNING), "登记到场情况")
    party = invitations.get(session, activity_id, invitation_id)
    before, after = MeetingState.PLANNED, MeetingState.NO_SHOW
    if came:
        before, after = after, before
    concerned = [
        meeting
        for meeting in meetings.of_activity(session, activity_id)
        if invitation_id in (meeting.firm_id, meeting.team_id)
        and (meeting.state == before or (not came and MeetingState(meeting.state).is_to_come))
    ]
    if apply_changes(party, {"no_show": not came}):
        for meeting in concerned:
            apply_changes(meeting, {"state": after, "pinned": meeting.pinned and came})
        subject = f"邀请 {party.id}：{party.title}"
        history.note(session, row, ActivityAction.ATTENDED, actor, subject, came=came)
    return party, concerned


def set_state(
    session: Session, activity_id: int, meeting_id: int, state: MeetingState, *, actor: str = ""
) -> ActivityMeeting:
    """Notes that a meeting was held, cancelled, or that nobody came. Raises NotFound, InvalidInput and Conflict."""
    row = activities.get(session, activity_id)
    rules.require(row, (ActivityStatus.PUBLISHED, *rules.HELD), "登记会谈情况")
    if state.is_to_come:
        raise InvalidInput(f"会谈不能登记为“{state.label}”", hint="可登记：已举行、未到场、已取消")
    meeting = meetings.get(session, activity_id, meeting_id)
    if state != MeetingState.HELD and outcomes.of_meeting(session, meeting_id) is not None:
        raise Referenced(f"会谈 {meeting_id} 已登记对接结果，不能改为“{state.label}”", hint="请先删除该结果")
    before = MeetingState(meeting.state)
    if apply_changes(meeting, {"state": state}):
        changes = {"state": [before.label, state.label]}
        history.note(session, row, ActivityAction.ATTENDED, actor, _of(meeting), **changes)
    return meeting


def record(
    session: Session, activity_id: int, meeting_id: int, data: OutcomeCreate, by: Noting
) -> tuple[MeetingOutcome, dict[str, Any] | None]:
    """Notes the outcome of a meeting, which counts as held, in the place of an earlier one, and plans the follow-ups.

    Returns it with the values that it replaced, None where it is new. Raises NotFound, and Conflict for an activity that has not
    begun or a meeting that was cancelled.
    """
    row = activities.get(session, activity_id)
    rules.require(row, rules.HELD, "登记对接结果")
    meeting = meetings.get(session, activity_id, meeting_id)
    if meeting.state == MeetingState.CANCELLED:
        raise WrongState(f"会谈 {meeting_id} 已取消，不能登记结果", hint="请核对会谈编号")
    found = outcomes.of_meeting(session, meeting_id)
    values = data.model_dump(include=set(OutcomeStated.model_fields))
    before: dict[str, Any] | None = None
    if found is None:
        found = MeetingOutcome(meeting_id=meeting_id, actor=by.actor, import_id=by.import_id, **values)
        session.add(found)
    else:
        before = found.model_dump(include={*values, "updated_at"})
        _keep_contract(found, data)
        apply_changes(found, values)
    session.flush()
    _mark_held(session, row, meeting, found, by, before)
    return found, before


def _keep_contract(row: MeetingOutcome, data: OutcomeCreate) -> None:
    if row.deal_id is not None and data.result == OutcomeResult.NONE:
        raise Referenced("该会谈已促成交易，不能改为“无意向”", hint="交易登记有误的，请先作废交易")


def _mark_held(
    session: Session,
    row: Activity,
    meeting: ActivityMeeting,
    found: MeetingOutcome,
    by: Noting,
    before: dict[str, Any] | None,
) -> None:
    apply_changes(meeting, {"state": MeetingState.HELD})
    sessions = activities.sessions_of(session, id_of(row))
    day = next((one.day for one in sessions if one.number == meeting.session), by.today)
    outcomes.plan_follow_ups(session, id_of(found), OutcomeResult(found.result), day)
    values = found.model_dump(mode="json", include=set(OutcomeStated.model_fields))
    changes = history.differences(_plain(before), values)
    if changes:
        history.note(session, row, ActivityAction.OUTCOME, by.actor, _of(meeting), **changes)


def _plain(before: dict[str, Any] | None) -> dict[str, Any]:
    return {} if before is None else OutcomeStated(**_stated(before)).model_dump(mode="json")


def _stated(before: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in before.items() if name in OutcomeStated.model_fields}


def follow_up(
    session: Session,
    follow_up_id: int,
    finding: str,
    by: Noting,
    *,
    state: FollowUpState = FollowUpState.DONE,
) -> FollowUp:
    """Notes what was found at a follow-up, or that none takes place. Raises NotFound and InvalidInput."""
    row = outcomes.follow_up(session, follow_up_id)
    if state != FollowUpState.DUE and not finding:
        raise InvalidInput("未填写回访所得", hint="请填写情况；不再回访的填写原因")
    done_on = by.today if state == FollowUpState.DONE else None
    values = {"finding": finding, "state": state, "done_on": done_on, "actor": by.actor}
    if apply_changes(row, values):
        outcome = session.get(MeetingOutcome, row.outcome_id)
        meeting = session.get(ActivityMeeting, outcome.meeting_id) if outcome else None
        if meeting is not None:
            activity = activities.get(session, meeting.activity_id)
            subject = f"会谈 {meeting.id} 的 {row.days} 日回访"
            history.note(
                session,
                activity,
                ActivityAction.FOLLOWED_UP,
                by.actor,
                subject,
                state=state.label,
                finding=finding,
            )
    session.flush()
    return row


def attach_deal(
    session: Session, activity_id: int, meeting_id: int, deal: Deal, *, actor: str = ""
) -> MeetingOutcome:
    """Ties the deal that was made to the outcome it came from. Raises NotFound and Conflict."""
    row = activities.get(session, activity_id)
    meeting = meetings.get(session, activity_id, meeting_id)
    found = outcomes.get(session, meeting_id)
    if found.deal_id is not None:
        message = f"会谈 {meeting_id} 已登记交易 {deals.get(session, found.deal_id).code}"
        raise RecordExists(message, hint="请更正该交易，或先作废", existing_id=found.deal_id)
    if found.result == OutcomeResult.NONE:
        raise WrongState(f"会谈 {meeting_id} 的结果为“无意向”，不能登记交易", hint="请先更正对接结果")
    if meeting.patent_id not in deals.patent_ids(session, id_of(deal)):
        raise InvalidInput(f"交易 {deal.code} 不涉及会谈 {meeting_id} 的专利", hint="请核对交易的专利")
    apply_changes(found, {"deal_id": id_of(deal)})
    history.note(session, row, ActivityAction.DEAL, actor, _of(meeting), deal=deal.code)
    return found
