"""The forms of stored activities, answers, outcomes, follow-ups and lines of the plan."""

from __future__ import annotations

from catalog.db import Session
from catalog.docking import edits
from catalog.docking.activities import Activity
from catalog.docking.invitations import Invitation
from catalog.docking.outcomes import FollowUp, MeetingOutcome
from catalog.docking.reporting.plans import ActivityPlan
from service.requests.docking.inputs import (
    ActivityInput,
    AnswerInput,
    FollowUpInput,
    OutcomeInput,
    PlanInput,
)
from service.requests.single.patches import Patch, form_of


def activity(session: Session, row: Activity) -> Patch:
    """The form in which the activity as it is stored would be entered."""
    stored = edits.stated(session, row).model_dump()
    return form_of(ActivityInput, stored | {"region": stored["regions"], "segment": stored["segments"]})


def answer(row: Invitation) -> Patch:
    """The form in which the answer of a party as it is stored would be entered."""
    return form_of(AnswerInput, row.model_dump())


def outcome(row: MeetingOutcome) -> Patch:
    """The form in which the outcome as it is stored would be entered."""
    return form_of(OutcomeInput, row.model_dump())


def follow_up(row: FollowUp) -> Patch:
    """The form in which the follow-up as it is stored would be entered; one that is due has no finding yet."""
    return form_of(FollowUpInput, row.model_dump())


def plan(row: ActivityPlan) -> Patch:
    """The form in which the line as it is stored would be entered."""
    return form_of(PlanInput, row.model_dump())
