"""Nightly runs (夜间批处理)."""

from typing import Annotated

from fastapi import APIRouter, Query

from catalog.accounts import permissions
from catalog.kit.paging import Page, PageQuery
from catalog.runs import matches as night_matches
from catalog.runs import nights as nightly_runs
from catalog.runs.matches import NightChanges
from catalog.runs.nights import NightlyRunPublic
from service.requests.lists import sort_field
from service.web.dependencies import Reading, RecordId
from service.web.errors import responses
from service.web.rights import may

router = APIRouter(prefix="/nightly", tags=["nightly"], dependencies=[may(permissions.NIGHTS_READ)])


class RunQuery(PageQuery):
    """Page of a list of runs."""

    sort: str | None = sort_field(nightly_runs.SORTS)


class ChangeQuery(PageQuery):
    """Page of a list of needs."""

    sort: str | None = sort_field(night_matches.CHANGES_SORTS)


@router.get("", summary="夜间批处理记录", operation_id="list_nightly_runs", responses=responses(422))
def list_nightly_runs(session: Reading, wanted: Annotated[RunQuery, Query()]) -> Page[NightlyRunPublic]:
    """全部夜间批处理及其各步结果，最新的在前。"""
    found = nightly_runs.page(session, wanted)
    items = [nightly_runs.public(row) for row in found.rows]
    return Page(total=found.total, page=wanted.page, size=wanted.size, items=items)


@router.get("/{id}", summary="一次夜间批处理", operation_id="get_nightly_run", responses=responses(404, 422))
def get_nightly_run(session: Reading, id: RecordId) -> NightlyRunPublic:
    """一次夜间批处理的各步结果。"""
    return nightly_runs.public(nightly_runs.get(session, id))


@router.get(
    "/{id}/changes",
    summary="夜间匹配的变化",
    operation_id="list_nightly_changes",
    responses=responses(404, 422),
)
def list_nightly_changes(
    session: Reading, id: RecordId, wanted: Annotated[ChangeQuery, Query()]
) -> Page[NightChanges]:
    """高、中匹配与上一次不同的需求：新增、消失的专利编号，以及匹配程度改变的专利（编号、原匹配程度、现匹配程度）。

    名次和得分的变动不算变化；首次计算时没有变化。
    """
    nightly_runs.get(session, id)
    found = night_matches.changes_page(session, id, wanted)
    items = [night_matches.changes_of(row) for row in found.rows]
    return Page(total=found.total, page=wanted.page, size=wanted.size, items=items)
