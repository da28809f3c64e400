"""Figures (统计) of activities and of the year, by area and field, counted from the rows.

A pair of firm and patentee counts once over all activities, with its last outcome. 意向 (intentions) and 签约 (contracts) are apart:
each has its number and its amount, and no amount is the sum of both.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeVar

from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlmodel import Session, col

from catalog.deals.deals import Deal, Receipt
from catalog.docking import activities, invitations, meetings, outcomes
from catalog.docking.activities import Activity
from catalog.docking.invitations import Invitation
from catalog.docking.meetings import ActivityMeeting
from catalog.docking.outcomes import MeetingOutcome, OutcomeStated
from catalog.docking.reporting import plans
from catalog.docking.reporting.plans import AT_LEAST_A_YEAR, ActivityPlan
from catalog.docking.terms import (
    ActivityStatus,
    InvitationAnswer,
    MeetingState,
    OutcomeResult,
    PartyRole,
)
from catalog.kit.base import id_of
from catalog.kit.money import Money
from catalog.kit.terms import DealStatus, FeedbackReason

Party = tuple[str, str]
OutcomeT = TypeVar("OutcomeT", bound=OutcomeStated)


class CountedTerm(BaseModel):
    """A value with its Chinese name and how often it occurs."""

    code: str = Field(description="代码")
    name: str = Field(description="名称")
    count: int = Field(description="次数")


class DockingFigures(BaseModel):
    """The figures of one activity or of several."""

    activities: int = Field(description="活动数")
    firms: int = Field(description="参加的企业数，同一企业只计一次")
    teams: int = Field(description="参加的团队数，同一团队只计一次")
    invited: int = Field(description="邀请的单位数")
    needs: int = Field(description="会谈所涉的技术需求数")
    patents: int = Field(description="会谈所涉的专利数")
    meetings: list[CountedTerm] = Field(description="会谈场数，按状态")
    results: list[CountedTerm] = Field(description="对接结果，按会谈计")
    reasons: list[CountedTerm] = Field(description="无意向的原因")
    intentions: int = Field(description="达成意向的组数：同一企业与同一专利权人只计一次")
    intention_amount: Money = Field(description="意向金额（元），取最近一次；不含签约金额")
    contracts: int = Field(description="签约数，按有效的交易计")
    contract_amount: Money = Field(description="签约金额（元）；不含意向金额")
    received: Money = Field(description="到账金额（元）")
    follow_ups_due: int = Field(description="到期未办的回访数")


class FieldLine(BaseModel):
    """The activities planned and held for an area and a field in a year."""

    area: str = Field(description="片区")
    field: str = Field(description="领域")
    planned: int = Field(description="计划次数")
    plan_id: int | None = Field(description="年度计划中的编号；计划外的为空")
    due_on: date | None = Field(description="计划完成日期")
    held: int = Field(description="已举办（已结束）的次数")
    days: list[date] = Field(description="举办日期")
    activity_ids: list[int] = Field(description="已办活动的编号")
    figures: DockingFigures = Field(description="各项数字")


class YearReport(BaseModel):
    """The activities of a year by area and field, and whether the duty is met."""

    year: int = Field(description="年度")
    lines: list[FieldLine] = Field(description="按片区和领域")
    total: DockingFigures = Field(description="合计")
    held: int = Field(description="已举办的次数")
    fields_held: int = Field(description="已举办的片区与领域组合数")
    is_enough: bool = Field(description="是否达到每年不少于 4 次、分片区分领域的要求")
    note: str = Field(description="是否完成计划的说明")


class SupplierHearing(BaseModel):
    """The feedback to a patentee on its meetings: why firms declined, counted, without naming them."""

    holder_id: int | None = Field(description="专利权人的编号")
    name: str = Field(description="专利权人名称")
    held: int = Field(description="已举行的会谈")
    intentions: int = Field(description="有意向、签约意向的会谈")
    reasons: list[CountedTerm] = Field(description="企业无意向的原因，多的在前")


@dataclass(frozen=True, slots=True)
class _Counted:
    """The rows of some activities, in the order of their days."""

    activities: Sequence[Activity]
    parties: dict[int, Invitation]
    meetings: list[ActivityMeeting]
    outcomes: dict[int, MeetingOutcome]

    def pair(self, meeting: ActivityMeeting) -> tuple[Party, Party]:
        """The two parties that met, with the same key in every activity."""
        return party_of(self.parties[meeting.firm_id]), party_of(self.parties[meeting.team_id])


def party_of(invitation: Invitation) -> Party:
    """The key that identifies a party over all activities: the record of the catalogue, else the name."""
    known = invitation.enterprise_id or invitation.holder_id
    return (PartyRole(invitation.role).value, f"{known}" if known else invitation.party_key)


def of_activities(session: Session, rows: Sequence[Activity], today: date) -> DockingFigures:
    """The figures of these activities together."""
    return _figures(session, _counted(session, rows), today)


def _counted(session: Session, rows: Sequence[Activity]) -> _Counted:
    days = activities.first_days(session, [id_of(row) for row in rows])
    ordered = sorted(rows, key=lambda row: (days.get(id_of(row), date.max), id_of(row)))
    parties: dict[int, Invitation] = {}
    found: list[ActivityMeeting] = []
    for row in ordered:
        parties |= {id_of(one): one for one in invitations.of_activity(session, id_of(row))}
        found += meetings.of_activity(session, id_of(row))
    noted = outcomes.of_activities(session, [id_of(row) for row in ordered])
    return _Counted(ordered, parties, found, {outcome.meeting_id: outcome for outcome, _ in noted})


def _figures(session: Session, rows: _Counted, today: date) -> DockingFigures:
    there = [
        one for one in rows.parties.values() if one.answer == InvitationAnswer.COMING and not one.no_show
    ]
    seen = [one for one in rows.meetings if one.state != MeetingState.CANCELLED]
    intended = intentions((rows.pair(one), rows.outcomes.get(id_of(one))) for one in rows.meetings)
    contracts = _contracts(session, rows)
    ids = [id_of(row) for row in rows.activities]
    return DockingFigures(
        activities=len(ids),
        firms=len({party_of(one) for one in there if one.role == PartyRole.FIRM}),
        teams=len({party_of(one) for one in there if one.role == PartyRole.TEAM}),
        invited=len({party_of(one) for one in rows.parties.values()}),
        needs=len({one.need_id for one in seen if one.need_id}),
        patents=len({one.patent_id for one in seen if one.patent_id}),
        meetings=_tallies(MeetingState, (one.state for one in rows.meetings)),
        results=_tallies(OutcomeResult, (one.result for one in rows.outcomes.values())),
        reasons=_tallies(FeedbackReason, (one.reason for one in rows.outcomes.values() if one.reason)),
        intentions=len(intended),
        intention_amount=sum((one.amount_in_view or Decimal(0) for one in intended), Decimal(0)),
        contracts=len(contracts),
        contract_amount=sum((one.contract_amount or Decimal(0) for one in contracts), Decimal(0)),
        received=_received(session, [id_of(one) for one in contracts]),
        follow_ups_due=len(outcomes.due(session, today, ids)),
    )


def _tallies(
    terms: type[MeetingState | OutcomeResult | FeedbackReason], values: Iterable[str]
) -> list[CountedTerm]:
    """The number of occurrences of each value, in the order of the terms; those that do not occur are left out."""
    counts = Counter(str(value) for value in values)
    return [
        CountedTerm(code=one.value, name=one.label, count=counts[one.value])
        for one in terms
        if counts[one.value]
    ]


def intentions(noted: Iterable[tuple[tuple[Party, Party], OutcomeT | None]]) -> list[OutcomeT]:
    """The last outcome of each pair, where it is an intention; `noted` are those of its meetings in order of time."""
    last = {pair: outcome for pair, outcome in noted if outcome is not None}
    return [one for one in last.values() if OutcomeResult(one.result).is_intention]


def _contracts(session: Session, rows: _Counted) -> list[Deal]:
    """The deals that stand, each once."""
    ids = sorted({one.deal_id for one in rows.outcomes.values() if one.deal_id is not None})
    query = select(Deal).where(col(Deal.id).in_(ids), col(Deal.status) != DealStatus.VOID.value)
    return list(session.execute(query.order_by(col(Deal.id))).scalars())


def _received(session: Session, deal_ids: Sequence[int]) -> Decimal:
    query = select(col(Receipt.amount)).where(col(Receipt.deal_id).in_(list(deal_ids)))
    return sum(session.execute(query).scalars(), Decimal(0))


def of_year(session: Session, year: int, today: date) -> YearReport:
    """The activities of a year by area and field, with those that were planned and not yet held."""
    days = {id_: day for id_, day in activities.first_days(session).items() if day.year == year}
    rows = [row for row in _all(session) if id_of(row) in days]
    planned = {(one.area, one.field): one for one in plans.of_year(session, year)}
    by_field: dict[tuple[str, str], list[Activity]] = {key: [] for key in planned}
    for row in rows:
        by_field.setdefault((row.area, row.field), []).append(row)
    lines = [
        _line(key, planned.get(key), found, days, of_activities(session, found, today))
        for key, found in sorted(by_field.items())
    ]
    held = sum(line.held for line in lines)
    fields = sum(line.held > 0 for line in lines)
    enough = held >= AT_LEAST_A_YEAR and (held > AT_LEAST_A_YEAR or fields == held)
    return YearReport(
        year=year,
        lines=lines,
        total=of_activities(session, rows, today),
        held=held,
        fields_held=fields,
        is_enough=enough,
        note="已达到每年不少于 4 次的要求" if enough else _lacking(held, fields),
    )


def _all(session: Session) -> list[Activity]:
    query = select(Activity).where(col(Activity.status) != ActivityStatus.CANCELLED.value)
    return list(session.execute(query.order_by(col(Activity.id))).scalars())


def _lacking(held: int, fields: int) -> str:
    if held < AT_LEAST_A_YEAR:
        return f"已举办 {held} 次，还差 {AT_LEAST_A_YEAR - held} 次"
    return f"已举办 {held} 次，只涉及 {fields} 个片区与领域；请在其他片区或领域举办"


def _line(
    key: tuple[str, str],
    plan: ActivityPlan | None,
    rows: Sequence[Activity],
    days: dict[int, date],
    figures: DockingFigures,
) -> FieldLine:
    closed = [row for row in rows if row.status == ActivityStatus.CLOSED]
    return FieldLine(
        area=key[0],
        field=key[1],
        planned=plan.planned if plan else 0,
        plan_id=plan.id if plan else None,
        due_on=plan.due_on if plan else None,
        held=len(closed),
        days=sorted(days[id_of(row)] for row in closed),
        activity_ids=[id_of(row) for row in rows],
        figures=figures,
    )


def hearings(session: Session, activity_id: int) -> list[SupplierHearing]:
    """The feedback to each patentee of an activity, by name. Raises NotFound."""
    rows = _counted(session, [activities.get(session, activity_id)])
    by_team: dict[int, list[ActivityMeeting]] = {}
    for meeting in rows.meetings:
        if meeting.state == MeetingState.HELD:
            by_team.setdefault(meeting.team_id, []).append(meeting)
    found = [_hearing(rows, rows.parties[team_id], held) for team_id, held in by_team.items()]
    return sorted(found, key=lambda one: one.name)


def _hearing(rows: _Counted, team: Invitation, held: Sequence[ActivityMeeting]) -> SupplierHearing:
    noted = [rows.outcomes[id_of(one)] for one in held if id_of(one) in rows.outcomes]
    reasons = _tallies(FeedbackReason, (one.reason for one in noted if one.reason))
    return SupplierHearing(
        holder_id=team.holder_id,
        name=team.title,
        held=len(held),
        intentions=sum(OutcomeResult(one.result).is_intention for one in noted),
        reasons=sorted(reasons, key=lambda one: -one.count),
    )
