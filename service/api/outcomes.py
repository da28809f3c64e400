"""The results of the meetings of an activity (对接结果): outcomes, follow-ups, deals and figures."""

from typing import Annotated

from fastapi import APIRouter, Query, status
from pydantic import Field

from catalog.accounts import permissions
from catalog.db import Session
from catalog.deals import shown as deals_shown
from catalog.deals.rules import Finding
from catalog.deals.shown import DealPublic
from catalog.docking import activities, meetings, outcomes, results
from catalog.docking.outcomes import FollowUp, OutcomeCreate
from catalog.docking.reporting import figures, outcomes_shown
from catalog.docking.reporting.figures import DockingFigures, SupplierHearing
from catalog.docking.reporting.outcomes_shown import FollowUpPublic, OutcomePublic
from catalog.docking.results import Noting
from catalog.kit.base import id_of
from catalog.kit.days import beijing_today
from catalog.kit.ids import Id
from catalog.kit.paging import Page, PageQuery
from service.requests.docking.contracts import ContractInput, make_deal
from service.requests.docking.inputs import FollowUpInput, OutcomeInput, outcome_of
from service.requests.filters import Day
from service.requests.single import docking as forms
from service.requests.single.patches import Patch, merge_patch_of, patched
from service.web.dependencies import Caller, Reading, RecordId, Writing
from service.web.errors import responses
from service.web.repeats import Made
from service.web.rights import may
from service.web.versions import (
    Conditional,
    Tagged,
    Tagging,
    Versioned,
    created,
    patch_body,
    read,
    unchanged,
    written,
)

router = APIRouter(
    tags=["activities"], dependencies=[may(permissions.ACTIVITIES_READ, permissions.ACTIVITIES_WRITE)]
)


OutcomePatch = Annotated[Patch, patch_body(), merge_patch_of(OutcomeInput, "OutcomePatch")]
FollowUpPatch = Annotated[Patch, patch_body(), merge_patch_of(FollowUpInput, "FollowUpPatch")]


class DueQuery(PageQuery):
    """The follow-ups wanted."""

    sort: None = Field(default=None, description="不可排序：最早到期的在前")

    until: Day = Field(default=None, description="应回访日不晚于；缺省为今日")
    activity_id: Id | None = Field(default=None, description="活动的系统编号；缺省为全部")


class ContractSaved(DealPublic):
    """The deal that was made, and what the rules say of it."""

    warnings: list[Finding] = Field(description="核对中的提示及依据")


@router.get(
    "/activities/{id:int}/outcomes",
    summary="活动的对接结果",
    operation_id="list_outcomes",
    responses=responses(404, 422),
)
def list_outcomes(session: Reading, id: RecordId) -> Page[OutcomePublic]:
    """已登记的对接结果，按会谈的时间排列；附回访与交易。"""
    activities.get(session, id)
    return Page.whole(outcomes_shown.of_activity(session, id))


@router.get(
    "/activities/{id:int}/meetings/{meeting_id}/outcome",
    summary="一场会谈的对接结果",
    operation_id="get_outcome",
    responses=read(404, 422),
)
def get_outcome(session: Reading, version: Versioned, id: RecordId, meeting_id: RecordId) -> OutcomePublic:
    """已登记的对接结果；尚未登记的返回 404。"""
    meeting, row = meetings.get(session, id, meeting_id), outcomes.get(session, meeting_id)
    return version.of(row, outcomes_shown.of_meetings(session, [meeting])[0])


@router.put(
    "/activities/{id:int}/meetings/{meeting_id}/outcome",
    summary="登记对接结果",
    operation_id="record_outcome",
    responses=written(400, 404, 409, 413, 422),
)
def record_outcome(
    session: Writing,
    caller: Caller,
    condition: Conditional,
    tagged: Tagged,
    id: RecordId,
    meeting_id: RecordId,
    data: OutcomeInput,
) -> OutcomePublic:
    """登记一场会谈的结果，会谈随之记为已举行；有意向、继续洽谈的，排定 30、90、180 日回访。"""
    condition.check(outcomes.of_meeting(session, id_of(meetings.get(session, id, meeting_id))))
    return _recorded(session, tagged, id, meeting_id, outcome_of(data), caller)


def _recorded(
    session: Session, tagged: Tagging, id: int, meeting_id: int, data: OutcomeCreate, caller: str
) -> OutcomePublic:
    row, _ = results.record(session, id, meeting_id, data, Noting(beijing_today(), caller))
    meeting = meetings.get(session, id, meeting_id)
    return tagged.of(row, outcomes_shown.of_meetings(session, [meeting])[0])


@router.patch(
    "/activities/{id:int}/meetings/{meeting_id}/outcome",
    summary="修改对接结果的部分内容",
    operation_id="patch_outcome",
    responses=written(400, 404, 409, 413, 422),
)
def patch_outcome(
    session: Writing,
    caller: Caller,
    condition: Conditional,
    tagged: Tagged,
    id: RecordId,
    meeting_id: RecordId,
    patch: OutcomePatch,
) -> OutcomePublic:
    """只改提交的字段（JSON Merge Patch，RFC 7396），`null` 为清空；其余不变。尚未登记的返回 404。"""
    row = outcomes.get(session, id_of(meetings.get(session, id, meeting_id)))
    condition.check(row)
    data = patched(OutcomeInput, forms.outcome(row), patch)
    return _recorded(session, tagged, id, meeting_id, outcome_of(data), caller)


@router.post(
    "/activities/{id:int}/meetings/{meeting_id}/deal",
    summary="由对接结果登记交易",
    operation_id="make_deal",
    status_code=status.HTTP_201_CREATED,
    responses=created(400, 404, 409, 412, 413, 422, 428),
)
def make_deal_of_outcome(
    session: Writing,
    caller: Caller,
    condition: Conditional,
    made: Made,
    id: RecordId,
    meeting_id: RecordId,
    data: ContractInput,
) -> ContractSaved:
    """以会谈的企业、专利权人和专利登记交易，与对接结果相联；签约金额与意向金额分别统计。"""
    condition.check(outcomes.of_meeting(session, meeting_id))
    row, warnings = make_deal(session, id, meeting_id, data, today=beijing_today(), actor=caller)
    deal = deals_shown.publics(session, [row])[0]
    answer = ContractSaved(**deal.model_dump(), warnings=warnings)
    return made.at(f"/deals/{row.id}", row, answer, DealPublic)


@router.get(
    "/activities/{id:int}/figures",
    summary="活动的统计",
    operation_id="get_activity_figures",
    responses=responses(404, 422),
)
def get_activity_figures(session: Reading, id: RecordId) -> DockingFigures:
    """参会单位、会谈、结果、原因，以及意向与签约的数量和金额；两种金额从不相加。"""
    return figures.of_activities(session, [activities.get(session, id)], beijing_today())


@router.get(
    "/activities/{id:int}/hearings",
    summary="向专利权人反馈",
    operation_id="list_hearings",
    responses=responses(404, 422),
)
def list_hearings(session: Reading, id: RecordId) -> Page[SupplierHearing]:
    """各专利权人的会谈数、意向数，以及企业无意向的原因及次数；不写明是哪家企业。"""
    return Page.whole(figures.hearings(session, id))


@router.get("/follow-ups", summary="到期的回访", operation_id="list_follow_ups", responses=responses(422))
def list_follow_ups(session: Reading, wanted: Annotated[DueQuery, Query()]) -> Page[FollowUpPublic]:
    """应回访而未办的，最早到期的在前。"""
    ids = None if wanted.activity_id is None else [wanted.activity_id]
    rows = outcomes.due(session, wanted.until or beijing_today(), ids)
    items = outcomes_shown.follow_ups(session, wanted.cut(rows))
    return Page(total=len(rows), page=wanted.page, size=wanted.size, items=items)


@router.get(
    "/follow-ups/{id:int}", summary="一次回访", operation_id="get_follow_up", responses=read(404, 422)
)
def get_follow_up(session: Reading, version: Versioned, id: RecordId) -> FollowUpPublic:
    """一次回访的应办日期与所得。"""
    row = outcomes.follow_up(session, id)
    return version.of(row, outcomes_shown.follow_ups(session, [row])[0])


@router.put(
    "/follow-ups/{id:int}",
    summary="登记回访",
    operation_id="note_follow_up",
    responses=written(400, 404, 413, 422),
    dependencies=[unchanged(FollowUp)],
)
def note_follow_up(
    session: Writing, caller: Caller, tagged: Tagged, id: RecordId, data: FollowUpInput
) -> FollowUpPublic:
    """登记回访所得；不再回访的填写原因。"""
    row = results.follow_up(session, id, data.finding, Noting(beijing_today(), caller), state=data.state)
    return tagged.of(row, outcomes_shown.follow_ups(session, [row])[0])


@router.patch(
    "/follow-ups/{id:int}",
    summary="修改回访的部分内容",
    operation_id="patch_follow_up",
    responses=written(400, 404, 413, 422),
    dependencies=[unchanged(FollowUp)],
)
def patch_follow_up(
    session: Writing, caller: Caller, tagged: Tagged, id: RecordId, patch: FollowUpPatch
) -> FollowUpPublic:
    """只改提交的字段（JSON Merge Patch，RFC 7396）；其余不变。尚未回访的，须写明所得与状态。"""
    data = patched(FollowUpInput, forms.follow_up(outcomes.follow_up(session, id)), patch)
    row = results.follow_up(session, id, data.finding, Noting(beijing_today(), caller), state=data.state)
    return tagged.of(row, outcomes_shown.follow_ups(session, [row])[0])
