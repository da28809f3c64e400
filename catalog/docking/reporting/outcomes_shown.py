"""Outcomes and follow-ups as users see them."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select
from sqlmodel import Field, Session, col

from catalog.deals.deals import Deal
from catalog.docking import meetings, outcomes, shown
from catalog.docking.meetings import ActivityMeeting
from catalog.docking.outcomes import FollowUp, MeetingOutcome, OutcomeStated
from catalog.docking.shown import MeetingPublic
from catalog.docking.terms import FollowUpState
from catalog.kit.base import Stamps, id_of
from catalog.kit.money import Money


class FollowUpPublic(Stamps):
    """A follow-up as shown to users."""

    id: int = Field(description="回访的编号")
    activity_id: int = Field(description="对接活动的编号")
    meeting_id: int = Field(description="会谈的编号")
    firm: str = Field(description="企业名称")
    team: str = Field(description="专利权人团队")
    patent_title: str | None = Field(description="专利名称")
    days: int = Field(description="活动后的天数")
    due_on: date = Field(description="应回访日")
    state: FollowUpState = Field(description="回访状态")
    state_name: str = Field(description="状态的中文名称")
    done_on: date | None = Field(description="回访日期；未回访为空")
    finding: str = Field(description="回访所得的情况")
    actor: str = Field(description="操作者：命令行，或接口密钥的名称")


class OutcomePublic(OutcomeStated, Stamps):
    """The outcome of a meeting as shown to users."""

    id: int = Field(description="对接结果的编号")
    meeting: MeetingPublic = Field(description="会谈")
    result_name: str = Field(description="结果的中文名称")
    reason_name: str | None = Field(description="原因的中文名称")
    amount_in_view: Money | None = Field(description="意向金额（元）")
    form_name: str | None = Field(description="拟合作方式的中文名称")
    deal_id: int | None = Field(description="由此签约的交易")
    deal_code: str | None = Field(description="促成的交易的合同编号；没有为空")
    actor: str = Field(description="操作者：命令行，或接口密钥的名称")
    follow_ups: list[FollowUpPublic] = Field(description="回访")


def of_meetings(session: Session, rows: Sequence[ActivityMeeting]) -> list[OutcomePublic]:
    """The outcomes of meetings of one activity, in the order given; those without one are left out."""
    known = {meeting.id: meeting for meeting in shown.meetings_shown(session, rows)}
    noted = {
        outcome.meeting_id: outcome
        for outcome, _ in (outcomes.of_activities(session, [rows[0].activity_id]) if rows else ())
    }
    visits = outcomes.follow_ups_of(session, [id_of(one) for one in noted.values()])
    codes = _codes(session, [one.deal_id for one in noted.values() if one.deal_id])
    return [
        _public(noted[id_], meeting, visits.get(id_of(noted[id_]), []), codes)
        for id_, meeting in known.items()
        if id_ in noted
    ]


def _codes(session: Session, ids: Sequence[int]) -> dict[int, str]:
    query = select(Deal).where(col(Deal.id).in_(list(ids)))
    return {id_of(row): row.code for row in session.execute(query).scalars()}


def _public(
    row: MeetingOutcome, meeting: MeetingPublic, visits: Sequence[FollowUp], codes: dict[int, str]
) -> OutcomePublic:
    return OutcomePublic(
        **row.model_dump(
            include={*OutcomeStated.model_fields, *Stamps.model_fields, "id", "deal_id", "actor"}
        ),
        meeting=meeting,
        result_name=row.result.label,
        reason_name=row.reason.label if row.reason else None,
        form_name=row.form.label if row.form else None,
        deal_code=codes.get(row.deal_id or 0),
        follow_ups=[_follow_up(one, meeting) for one in visits],
    )


def _follow_up(row: FollowUp, meeting: MeetingPublic) -> FollowUpPublic:
    own = {"id", "days", "due_on", "state", "done_on", "finding", "actor"}
    values = row.model_dump(include={*own, *Stamps.model_fields})
    return FollowUpPublic(
        **values,
        activity_id=meeting.activity_id,
        meeting_id=meeting.id,
        firm=meeting.firm,
        team=meeting.team,
        patent_title=meeting.patent_title,
        state_name=row.state.label,
    )


def follow_ups(session: Session, rows: Sequence[FollowUp]) -> list[FollowUpPublic]:
    """Follow-ups of any activities as shown to users, in the order given."""
    query = (
        select(MeetingOutcome, ActivityMeeting)
        .join(ActivityMeeting, col(ActivityMeeting.id) == col(MeetingOutcome.meeting_id))
        .where(col(MeetingOutcome.id).in_({row.outcome_id for row in rows}))
    )
    held = {id_of(outcome): meeting for outcome, meeting in session.execute(query)}
    by_activity: dict[int, list[ActivityMeeting]] = {}
    for meeting in held.values():
        by_activity.setdefault(meeting.activity_id, []).append(meeting)
    known = {one.id: one for group in by_activity.values() for one in shown.meetings_shown(session, group)}
    return [_follow_up(row, known[id_of(held[row.outcome_id])]) for row in rows]


def of_activity(session: Session, activity_id: int) -> list[OutcomePublic]:
    """The outcomes of an activity in the order of its meetings."""
    return of_meetings(session, meetings.of_activity(session, activity_id))
