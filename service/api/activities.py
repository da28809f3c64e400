"""Docking activities (对接活动): recorded, corrected, taken from one status to the next; their history."""

from typing import Annotated

from fastapi import APIRouter, Query, status

from catalog.accounts import permissions
from catalog.docking import activities, edits, history, shown
from catalog.docking.activities import Activity
from catalog.docking.history import ActivityEventPublic
from catalog.docking.shown import ActivityFilter, ActivityPublic
from catalog.kit.days import beijing_today
from catalog.kit.paging import Page, PageQuery
from catalog.mending import tombstones
from catalog.mending.tombstones import TombstonePublic, Why
from service.requests.deletions import Reason
from service.requests.docking.inputs import ActivityInput, StatusInput, activity_of
from service.requests.docking.records import delete_activity as delete_record
from service.requests.lists import sort_field
from service.requests.single import docking as forms
from service.requests.single.patches import Patch, merge_patch_of, patched
from service.web.dependencies import Caller, Reading, RecordId, Writing
from service.web.errors import responses
from service.web.repeats import Made
from service.web.rights import may
from service.web.versions import Tagged, Versioned, created, patch_body, read, removed, unchanged, written

router = APIRouter(
    prefix="/activities",
    tags=["activities"],
    dependencies=[may(permissions.ACTIVITIES_READ, permissions.ACTIVITIES_WRITE)],
)


ActivityPatch = Annotated[Patch, patch_body(), merge_patch_of(ActivityInput, "ActivityPatch")]


class ActivityQuery(ActivityFilter, PageQuery):
    """Page and conditions of a list of activities."""

    sort: str | None = sort_field(shown.SORTS)


class EventQuery(PageQuery):
    """Page of the history of an activity."""

    sort: str | None = sort_field(history.SORTS)


@router.get("", summary="对接活动列表", operation_id="list_activities", responses=responses(422))
def list_activities(session: Reading, wanted: Annotated[ActivityQuery, Query()]) -> Page[ActivityPublic]:
    """按状态、片区、领域筛选，分页返回；附场次、邀请与会谈的数量。"""
    where = ActivityFilter(**{name: getattr(wanted, name) for name in ActivityFilter.model_fields})
    found = shown.page(session, wanted, where)
    items = [shown.activity(session, row) for row in found.rows]
    return Page(total=found.total, page=wanted.page, size=wanted.size, items=items)


@router.get("/{id:int}", summary="一项对接活动", operation_id="get_activity", responses=read(404, 422))
def get_activity(session: Reading, version: Versioned, id: RecordId) -> ActivityPublic:
    """一项活动的内容、场次、邀请情况与可以进入的下一状态。"""
    row = activities.get(session, id)
    return version.of(row, shown.activity(session, row))


@router.post(
    "",
    summary="登记对接活动",
    operation_id="create_activity",
    status_code=status.HTTP_201_CREATED,
    responses=created(400, 409, 413, 422),
)
def create_activity(session: Writing, caller: Caller, made: Made, data: ActivityInput) -> ActivityPublic:
    """登记一项活动：片区、领域、场次与桌数、编排规则。新活动处于“筹备”。"""
    row = edits.create(session, activity_of(session, data), today=beijing_today(), actor=caller)
    return made.at(f"/activities/{row.id}", row, shown.activity(session, row))


@router.put(
    "/{id:int}",
    summary="更正对接活动",
    operation_id="update_activity",
    responses=written(400, 404, 409, 413, 422),
    dependencies=[unchanged(Activity)],
)
def update_activity(
    session: Writing, caller: Caller, tagged: Tagged, id: RecordId, data: ActivityInput
) -> ActivityPublic:
    """以提交的内容整体替换，原内容留在历史中；编排日程后不能再改动场次。"""
    row = edits.change(session, id, activity_of(session, data), actor=caller)
    return tagged.of(row, shown.activity(session, row))


@router.patch(
    "/{id:int}",
    summary="修改对接活动的部分内容",
    operation_id="patch_activity",
    responses=written(400, 404, 409, 413, 422),
    dependencies=[unchanged(Activity)],
)
def patch_activity(
    session: Writing, caller: Caller, tagged: Tagged, id: RecordId, patch: ActivityPatch
) -> ActivityPublic:
    """只改提交的字段（JSON Merge Patch，RFC 7396），`null` 为清空；其余不变，原内容留在历史中。场次整体替换。"""
    data = patched(ActivityInput, forms.activity(session, activities.get(session, id)), patch)
    row = edits.change(session, id, activity_of(session, data), actor=caller)
    return tagged.of(row, shown.activity(session, row))


@router.delete(
    "/{id:int}",
    summary="删除对接活动",
    operation_id="delete_activity",
    responses=removed(404, 409, 422),
    dependencies=[unchanged(Activity)],
)
def delete_activity(
    session: Writing, caller: Caller, id: RecordId, reason: Annotated[Reason, Query()]
) -> TombstonePublic:
    """删除筹备中、邀约中或已取消的活动，连同其邀请；可凭返回的编号恢复。已编排的活动请先取消。"""
    return tombstones.public(delete_record(session, id, Why(caller, reason)))


@router.post(
    "/{id:int}/status",
    summary="改变活动状态",
    operation_id="set_activity_status",
    responses=written(400, 404, 409, 413, 422),
    dependencies=[unchanged(Activity)],
)
def set_activity_status(
    session: Writing, caller: Caller, tagged: Tagged, id: RecordId, data: StatusInput
) -> ActivityPublic:
    """进入另一状态。不允许的返回 409，并说明可以进入哪些状态、还缺什么。"""
    row = edits.set_status(session, id, data.status, today=beijing_today(), reason=data.reason, actor=caller)
    return tagged.of(row, shown.activity(session, row))


@router.get(
    "/{id:int}/history",
    summary="活动的历史",
    operation_id="get_activity_history",
    responses=responses(404, 422),
)
def get_activity_history(
    session: Reading, id: RecordId, wanted: Annotated[EventQuery, Query()]
) -> Page[ActivityEventPublic]:
    """登记以来的每一步：时间、操作者和改动前后的内容，最新的在前。"""
    activities.get(session, id)
    found = history.page(session, id, wanted)
    return Page(total=found.total, page=wanted.page, size=wanted.size, items=history.publics(found.rows))
