"""The yearly plan of activities (年度计划) and the figures of the year."""

from typing import Annotated

from fastapi import APIRouter, Path, status
from pydantic import Field

from catalog.accounts import permissions
from catalog.docking.reporting import figures, plans
from catalog.docking.reporting.figures import YearReport
from catalog.docking.reporting.plans import ActivityPlan, PlanStated
from catalog.kit.base import Stamps
from catalog.kit.days import beijing_today
from service.requests.docking.inputs import PlanInput
from service.requests.single import docking as forms
from service.requests.single.patches import Patch, merge_patch_of, patched
from service.web.dependencies import Caller, Reading, RecordId, Writing
from service.web.errors import responses
from service.web.rights import may
from service.web.versions import Conditional, Tagged, Versioned, patch_body, read, removed, unchanged, written

router = APIRouter(
    tags=["activities"], dependencies=[may(permissions.ACTIVITIES_READ, permissions.ACTIVITIES_WRITE)]
)

Year = Annotated[int, Path(ge=2000, le=2100, description="年度", examples=[2026])]


PlanPatch = Annotated[Patch, patch_body(), merge_patch_of(PlanInput, "PlanPatch")]


class PlanSaved(PlanStated, Stamps):
    """A line of the plan as it was stored."""

    id: int = Field(description="计划的编号")


def _public(row: ActivityPlan) -> PlanSaved:
    return PlanSaved(**row.model_dump(include=set(PlanSaved.model_fields)))


@router.get(
    "/activity-years/{year}", summary="年度计划与统计", operation_id="get_year", responses=responses(422)
)
def get_year(session: Reading, year: Year) -> YearReport:
    """各片区、各领域计划与已举办的次数和日期，意向与签约，以及是否达到每年不少于 4 次的要求。"""
    return figures.of_year(session, year, beijing_today())


@router.get(
    "/activity-plans/{id:int}", summary="年度计划的一行", operation_id="get_plan", responses=read(404, 422)
)
def get_plan(session: Reading, version: Versioned, id: RecordId) -> PlanSaved:
    """一个片区、一个领域在一年中的计划。"""
    row = plans.get(session, id)
    return version.of(row, _public(row))


@router.put(
    "/activity-plans", summary="登记年度计划", operation_id="put_plan", responses=written(400, 413, 422)
)
def put_plan(
    session: Writing, caller: Caller, condition: Conditional, tagged: Tagged, data: PlanInput
) -> PlanSaved:
    """登记一个片区、一个领域计划举办的次数与日期；已有的以此替换。"""
    condition.check(plans.find(session, data.year, data.area, data.field))
    row = plans.put(session, data.stated(), actor=caller)
    return tagged.of(row, _public(row))


@router.patch(
    "/activity-plans/{id:int}",
    summary="修改年度计划的一行",
    operation_id="patch_plan",
    responses=written(400, 404, 409, 413, 422),
    dependencies=[unchanged(ActivityPlan)],
)
def patch_plan(session: Writing, caller: Caller, tagged: Tagged, id: RecordId, patch: PlanPatch) -> PlanSaved:
    """只改提交的字段（JSON Merge Patch，RFC 7396），`null` 为清空；其余不变。"""
    data = patched(PlanInput, forms.plan(plans.get(session, id)), patch)
    row = plans.change(session, id, data.stated(), actor=caller)
    return tagged.of(row, _public(row))


@router.delete(
    "/activity-plans/{id:int}",
    summary="删除年度计划的一行",
    operation_id="delete_plan",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=removed(404, 422),
    dependencies=[unchanged(ActivityPlan)],
)
def delete_plan(session: Writing, id: RecordId) -> None:
    """删除登记有误的一行；已举办的活动不受影响。"""
    plans.remove(session, id)
