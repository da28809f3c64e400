"""The outcome of a meeting (对接结果) and the follow-ups (回访) that are due after it.

The amount in view (意向金额) belongs to the intention; what was signed stands in the deal (catalog.deals) and is never added to it.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal

from pydantic import model_validator
from sqlalchemy import Numeric, UniqueConstraint, select
from sqlmodel import Field, Session, col

from catalog.docking.meetings import ActivityMeeting
from catalog.docking.terms import FollowUpState, OutcomeForm, OutcomeResult
from catalog.kit.base import NEVER_TWICE, Schema, Timestamps, enum_type
from catalog.kit.errors import NotFound
from catalog.kit.terms import FeedbackReason

FOLLOW_UP_DAYS = (30, 90, 180)
"""When a party is asked again after the activity, in days: the intervals of follow-ups (回访) that are usual at such activities."""


class OutcomeStated(Schema):
    """The entries of the result sheet (对接情况登记表) for a meeting."""

    result: OutcomeResult = Field(sa_type=enum_type(OutcomeResult), description="对接结果")
    reason: FeedbackReason | None = Field(
        default=None, sa_type=enum_type(FeedbackReason), description="无意向的原因（八类）"
    )
    form: OutcomeForm | None = Field(default=None, sa_type=enum_type(OutcomeForm), description="拟合作方式")
    amount_in_view: Decimal | None = Field(
        default=None,
        ge=0,
        max_digits=17,
        decimal_places=2,
        sa_type=Numeric(18, 2),
        description="意向金额（元）",
    )
    people: str = Field(default="", max_length=500, description="参加人员")
    next_step: str = Field(default="", max_length=500, description="下一步工作")
    responsible: str = Field(default="", max_length=100, description="责任人")
    due: date | None = Field(default=None, description="完成期限")
    note: str = Field(default="", max_length=1000, description="备注")


class MeetingOutcome(OutcomeStated, Timestamps, table=True):
    """The outcome of a meeting."""

    __tablename__ = "meeting_outcomes"
    __table_args__ = NEVER_TWICE
    __noted_as__ = "outcome"

    id: int | None = Field(default=None, primary_key=True)
    meeting_id: int = Field(foreign_key="meetings.id", unique=True)
    deal_id: int | None = Field(
        default=None, foreign_key="deals.id", index=True, description="由此签约的交易；空为尚未签约"
    )
    actor: str = Field(default="", max_length=100)
    import_id: int | None = Field(default=None, foreign_key="imports.id")


class OutcomeCreate(OutcomeStated):
    """A new outcome: a reason where nothing came of it, and only there."""

    @model_validator(mode="after")
    def _whole(self) -> "OutcomeCreate":
        if self.result == OutcomeResult.NONE and self.reason is None:
            raise ValueError(f"无意向应说明原因，可用：{'、'.join(one.label for one in FeedbackReason)}")
        if self.result != OutcomeResult.NONE and self.reason is not None:
            raise ValueError("有意向的不填原因；补充说明请填写备注")
        if self.result == OutcomeResult.NONE and self.amount_in_view:
            raise ValueError("无意向的不填意向金额")
        return self


class FollowUp(Timestamps, table=True):
    """A follow-up: `days` after the meeting."""

    __tablename__ = "follow_ups"
    __table_args__ = (UniqueConstraint("outcome_id", "days"), NEVER_TWICE)

    id: int | None = Field(default=None, primary_key=True)
    outcome_id: int = Field(foreign_key="meeting_outcomes.id", index=True)
    days: int = Field(description="活动后的天数：30、90、180")
    due_on: date = Field(index=True, description="应回访日")
    state: FollowUpState = Field(
        default=FollowUpState.DUE, sa_type=enum_type(FollowUpState), description="回访状态"
    )
    done_on: date | None = Field(default=None, description="回访日")
    finding: str = Field(default="", max_length=1000, description="回访所得")
    actor: str = Field(default="", max_length=100)


def of_meeting(session: Session, meeting_id: int) -> MeetingOutcome | None:
    """The outcome of a meeting, where one is noted."""
    query = select(MeetingOutcome).where(col(MeetingOutcome.meeting_id) == meeting_id)
    return session.execute(query).scalar_one_or_none()


def get(session: Session, meeting_id: int) -> MeetingOutcome:
    """The outcome of a meeting. Raises NotFound."""
    row = of_meeting(session, meeting_id)
    if row is None:
        raise NotFound(f"编号为 {meeting_id} 的会谈尚未登记对接结果", hint="请先登记对接结果")
    return row


def of_activities(session: Session, ids: Sequence[int]) -> list[tuple[MeetingOutcome, ActivityMeeting]]:
    """The outcomes of these activities with their meetings, by id of the meeting."""
    query = (
        select(MeetingOutcome, ActivityMeeting)
        .join(ActivityMeeting, col(ActivityMeeting.id) == col(MeetingOutcome.meeting_id))
        .where(col(ActivityMeeting.activity_id).in_(list(ids)))
        .order_by(col(ActivityMeeting.id))
    )
    return [(outcome, meeting) for outcome, meeting in session.execute(query)]


def follow_ups_of(session: Session, outcome_ids: Iterable[int]) -> dict[int, list[FollowUp]]:
    """The follow-ups of these outcomes in the order of their days."""
    query = select(FollowUp).where(col(FollowUp.outcome_id).in_(list(outcome_ids)))
    found: dict[int, list[FollowUp]] = {}
    for row in session.execute(query.order_by(col(FollowUp.days))).scalars():
        found.setdefault(row.outcome_id, []).append(row)
    return found


def plan_follow_ups(session: Session, outcome_id: int, result: OutcomeResult, day: date) -> None:
    """Plans the follow-ups of an outcome from the day of its meeting on; without an intention none are due any more."""
    known = {row.days: row for row in follow_ups_of(session, [outcome_id]).get(outcome_id, [])}
    if result == OutcomeResult.NONE:
        for row in known.values():
            if row.state == FollowUpState.DUE:
                session.delete(row)
    else:
        for days in FOLLOW_UP_DAYS:
            if days not in known:
                session.add(FollowUp(outcome_id=outcome_id, days=days, due_on=day + timedelta(days)))
    session.flush()


def due(session: Session, today: date, activity_ids: Iterable[int] | None = None) -> Sequence[FollowUp]:
    """The follow-ups that are due on that day, of these activities or of all, the oldest first."""
    query = (
        select(FollowUp)
        .join(MeetingOutcome, col(MeetingOutcome.id) == col(FollowUp.outcome_id))
        .join(ActivityMeeting, col(ActivityMeeting.id) == col(MeetingOutcome.meeting_id))
        .where(col(FollowUp.state) == FollowUpState.DUE.value, col(FollowUp.due_on) <= today)
    )
    if activity_ids is not None:
        query = query.where(col(ActivityMeeting.activity_id).in_(list(activity_ids)))
    return session.execute(query.order_by(col(FollowUp.due_on), col(FollowUp.id))).scalars().all()


def follow_up(session: Session, follow_up_id: int) -> FollowUp:
    """The follow-up `follow_up_id`. Raises NotFound."""
    row = session.get(FollowUp, follow_up_id)
    if row is None:
        raise NotFound(f"没有编号为 {follow_up_id} 的回访")
    return row
