"""Holders (专利权人): lists, spellings that may be one, merges, the workbook of the yearly review."""

import tempfile
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from assessment.screening import weights as screening_weights
from catalog.accounts import permissions
from catalog.kit.base import Schema
from catalog.kit.days import beijing_today
from catalog.kit.errors import NotFound
from catalog.kit.ids import Id
from catalog.kit.paging import ListPage, Page, PageQuery
from catalog.kit.terms import HolderKind
from catalog.supply import holder_merges, holders
from catalog.supply.holder_duplicates import find
from catalog.supply.holder_merges import HolderMerge, MergePublic, Spelling, TakenBack
from catalog.supply.holders import HolderPublic
from ingestion.reviews.workbook import export_reviews
from service.requests.lists import MainListQuery, facets_field, sort_field
from service.requests.types import Names
from service.sheets.documents import XLSX_TYPE
from service.web.dependencies import Caller, Reading, RecordId, RuntimeDep, Writing
from service.web.errors import responses
from service.web.files.attachments import attachment
from service.web.rights import may
from service.web.shaped import Shaped, shaped
from service.web.versions import Versioned, read, removed, unchanged

router = APIRouter(
    prefix="/holders",
    tags=["holders"],
    dependencies=[may(permissions.HOLDERS_READ, permissions.HOLDERS_WRITE)],
)


class HolderQuery(MainListQuery):
    """Page and conditions of a list of holders."""

    sort: str | None = sort_field(holders.main_list().sorts)
    facets: Names = facets_field(holders.main_list().facets)
    name: str | None = Field(default=None, max_length=300, description="名称中的文字，含已合并的写法")
    kind: HolderKind | None = Field(default=None, description="专利权人类型")


class MergeQuery(PageQuery):
    """Page and conditions of a list of merges."""

    sort: str | None = sort_field(holder_merges.SORTS)
    holder_id: Id | None = Field(default=None, description="只看涉及此专利权人的合并")


class DuplicateHolder(BaseModel):
    """One of two holders that may be the same."""

    id: int = Field(description="专利权人的编号")
    name: str = Field(description="专利权人名称")
    kind: HolderKind = Field(description="专利权人类型")
    kind_name: str = Field(description="种类的中文名称")
    patents: int = Field(description="名下的专利件数")


class Duplicate(BaseModel):
    """Two holders that may be the same, and why; nothing is merged by itself."""

    keep: DuplicateHolder = Field(description="建议保留：专利较多的一个")
    other: DuplicateHolder = Field(description="疑似重复的另一个专利权人")
    reason: str = Field(description="疑似同一专利权人的理由")


class MergeInput(Schema):
    """The holders to merge."""

    keep: Id = Field(description="保留的专利权人编号", examples=[1])
    others: list[Id] = Field(min_length=1, max_length=200, description="并入的专利权人编号", examples=[[2]])
    reason: str = Field(default="", max_length=500, description="合并的理由")


def _shown(holder: Spelling) -> DuplicateHolder:
    return DuplicateHolder(**holder._asdict(), kind_name=holder.kind.label)


@router.get("", summary="专利权人列表", operation_id="list_holders", responses=responses(422))
def list_holders(session: Reading, wanted: Annotated[HolderQuery, Query()]) -> ListPage[HolderPublic]:
    """按名称（含已合并的写法）和类型筛选，分页返回；附专利件数。"""
    found = holders.page(session, wanted, name=wanted.name, kind=wanted.kind)
    return shaped(wanted, found.listed(wanted, holders.publics(session, found.rows)), HolderPublic)


@router.get(
    "/duplicates", summary="疑似同一专利权人", operation_id="list_duplicate_holders", responses=responses(422)
)
def list_duplicate_holders(
    session: Reading,
    page: Annotated[int, Query(ge=1, le=1_000_000, description="第几页，从 1 起")] = 1,
    size: Annotated[int, Query(ge=1, le=200, description="每页条数")] = 20,
) -> Page[Duplicate]:
    """疑似同一专利权人的不同写法及理由，专利多的在前；只供选择，不会自动合并。"""
    found = find(holder_merges.spellings(session))
    shown = found[(page - 1) * size : page * size]
    items = [Duplicate(keep=_shown(c.keep), other=_shown(c.other), reason=c.reason) for c in shown]
    return Page(total=len(found), page=page, size=size, items=items)


@router.get("/merges", summary="合并记录", operation_id="list_holder_merges", responses=responses(422))
def list_holder_merges(session: Reading, wanted: Annotated[MergeQuery, Query()]) -> Page[MergePublic]:
    """全部合并，最新的在前；已撤回的也在其中。"""
    found = holder_merges.page(session, wanted, holder_id=wanted.holder_id)
    items = holder_merges.publics(session, found.rows)
    return Page(total=found.total, page=wanted.page, size=wanted.size, items=items)


@router.post(
    "/merge", summary="合并专利权人", operation_id="merge_holders", responses=responses(404, 409, 422)
)
def merge_holders(session: Writing, caller: Caller, data: MergeInput) -> Page[MergePublic]:
    """把几个写法并为一个专利权人；以后按原写法导入的专利也归于保留的专利权人。可以撤回。"""
    rows = holder_merges.merge(session, data.keep, data.others, actor=caller, reason=data.reason)
    return Page.whole(holder_merges.publics(session, rows))


@router.post(
    "/merges/{id}/undo",
    summary="撤回一次合并",
    operation_id="undo_holder_merge",
    responses=removed(404, 409, 422),
    dependencies=[unchanged(HolderMerge)],
)
def undo_holder_merge(session: Writing, id: RecordId) -> TakenBack:
    """专利恢复原来的专利权人；此后专利权人又有改动的专利不动，计入 `left`。"""
    return holder_merges.take_back(session, id)


# Only digits: otherwise the address of a merge would count as one of a holder too.
@router.get("/{id:int}", summary="一个专利权人", operation_id="get_holder", responses=read(404, 422))
def get_holder(session: Reading, version: Versioned, shape: Shaped, id: RecordId) -> HolderPublic:
    """名称、类型及判定依据、专利件数、已合并的写法。"""
    row = holders.get(session, id)
    return shaped(
        shape, version.of(row, holders.publics(session, [row])[0]), HolderPublic, version.response.headers
    )


@router.get(
    "/{id:int}/review.xlsx",
    summary="年度盘点表",
    operation_id="get_holder_review",
    response_class=Response,
    responses={200: {"content": {XLSX_TYPE: {}}}, **responses(404, 422)},
    dependencies=[may(permissions.SCREENINGS_RUN)],
)
def get_holder_review(runtime: RuntimeDep, id: RecordId) -> Response:
    """此专利权人的沉睡专利和资料不足的专利，附潜力分、理由和供填写的答复列；填写后用“导入盘点答复”交回。"""
    weights = screening_weights.load(runtime.settings.data)
    with tempfile.TemporaryDirectory() as folder:
        exported = export_reviews(runtime.database, Path(folder), weights, beijing_today(), [id])
        if not exported.files:
            raise NotFound(
                f"编号为 {id} 的专利权人没有需要盘点的专利", hint="可能尚未筛选：POST /api/v1/screenings"
            )
        (path,) = exported.files
        return attachment(path.read_bytes(), path.name, XLSX_TYPE)
