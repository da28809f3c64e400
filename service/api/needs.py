"""Needs (技术需求)."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response, status
from pydantic import Field

from catalog.accounts import permissions
from catalog.db import Session
from catalog.demand import needs
from catalog.demand.needs import Need, NeedFilter, NeedPublic
from catalog.kit.base import id_of
from catalog.kit.days import beijing_today
from catalog.kit.ids import Id
from catalog.kit.paging import ListPage
from catalog.kit.terms import Cooperation, NeedStatus
from catalog.mending.tombstones import TombstonePublic
from catalog.registers.registers import NEEDS
from catalog.statistics import night_lists
from catalog.statistics.night_lists import NightList, NightPatent
from ingestion.records.fields import Circumstances
from service.requests.deletions import DeletionQuery, deleted
from service.requests.filters import ClassConditions, Values, codes_of, described, values_field
from service.requests.lists import MainListQuery, facets_field, sort_field
from service.requests.records import NeedInput
from service.requests.shapes import NightListQuery
from service.requests.single import needs as single
from service.requests.single.kinds import SINGLE_KINDS, change
from service.requests.single.patches import Patch, Saved, merge_patch_of
from service.requests.types import Names
from service.sheets import lists as list_sheets
from service.sheets.documents import XLSX_TYPE
from service.web.dependencies import Caller, Reading, RecordId, Strict, Writing
from service.web.errors import responses
from service.web.files.attachments import workbook
from service.web.repeats import Made
from service.web.rights import may
from service.web.shaped import Shaped, shaped
from service.web.versions import (
    Conditional,
    Tagged,
    Tagging,
    Upserting,
    Versioned,
    created,
    patch_body,
    read,
    relocked,
    removed,
    unchanged,
    upserted,
    written,
)

router = APIRouter(
    prefix="/needs", tags=["needs"], dependencies=[may(permissions.NEEDS_READ, permissions.NEEDS_WRITE)]
)


ExternalId = Annotated[
    str,
    Path(min_length=1, max_length=100, pattern=r"\S", description="外部编号", examples=["SZX-2026-0001"]),
]
NeedPatch = Annotated[Patch, patch_body(), merge_patch_of(NeedInput, "NeedPatch")]


class NeedListConditions(ClassConditions):
    """Conditions of a list of needs."""

    text: str | None = Field(default=None, max_length=200, description="名称或描述中的文字")
    status: Values = values_field("需求状态", "open", "征集中")
    cooperation: Values = values_field("合作方式", "licence", "转让")
    enterprise_id: Id | None = Field(default=None, description="企业编号")
    code: str | None = Field(default=None, max_length=64, description="需求编号，完整")
    external_id: str | None = Field(default=None, max_length=100, description="外部编号，完整")


class NeedQuery(MainListQuery, NeedListConditions):
    """Page and conditions of a list of needs."""

    sort: str | None = sort_field(needs.SORTS)
    facets: Names = facets_field(needs.FACETS)


class NeedSaved(NeedPublic):
    """The stored need and what was mended or left out of what was submitted."""

    notes: list[str] = Field(description="保存时改动、略去或存疑的内容")


def _answer(session: Session, saved: Saved) -> NeedSaved:
    return NeedSaved(**single.public(session, saved.row).model_dump(), notes=saved.notes)


def _filter(session: Session, wanted: NeedListConditions) -> NeedFilter:
    codes = codes_of(session, wanted, status=NeedStatus, cooperation=Cooperation)
    own = {name: getattr(wanted, name) for name in ("text", "enterprise_id", "code", "external_id")}
    return NeedFilter.model_validate(own | codes | {"today": beijing_today()})


@router.get("", summary="技术需求列表", operation_id="list_needs", responses=responses(422))
def list_needs(session: Reading, wanted: Annotated[NeedQuery, Query()]) -> ListPage[NeedPublic]:
    """按文字、地区、行业、产业细分领域、状态、企业筛选，分页返回；各条件可用代码，也可用名称。"""
    found = needs.page(session, wanted, _filter(session, wanted))
    ids = [id_of(row) for row in found.rows]
    public = needs.many(session, ids, beijing_today())
    items = [public[id] for id in ids]
    return shaped(wanted, found.listed(wanted, items), NeedPublic)


@router.get(
    "/export.xlsx",
    summary="导出技术需求清单",
    operation_id="export_needs",
    response_class=Response,
    responses={200: {"content": {XLSX_TYPE: {}}}, **responses(422)},
)
def export_needs(session: Reading, wanted: Annotated[NeedQuery, Query()]) -> Response:
    """符合条件的全部技术需求，次序与列表相同，为一个 Excel 工作簿；分页参数不起作用。"""
    ids = needs.listed(session, wanted, _filter(session, wanted), at_most=list_sheets.MOST_EXPORTED)
    return workbook(list_sheets.needs_list(session, ids, described(wanted)), "技术需求清单")


@router.get("/{id:int}", summary="一条技术需求", operation_id="get_need", responses=read(404, 422))
def get_need(session: Reading, version: Versioned, shape: Shaped, id: RecordId) -> NeedPublic:
    """返回一条技术需求。"""
    row = needs.get(session, id)
    return shaped(shape, version.of(row, single.public(session, row)), NeedPublic, version.response.headers)


@router.get(
    "/{id:int}/matches/night",
    summary="一条技术需求的夜间匹配清单",
    operation_id="list_need_night_matches",
    responses=responses(404, 422),
)
def list_need_night_matches(
    session: Reading, id: RecordId, wanted: Annotated[NightListQuery, Query()]
) -> NightList[NightPatent]:
    """最近一次夜间批处理为这条需求找到的专利，依名次，附得分及其组成；没有清单时 `notices` 说明原因。"""
    return shaped(wanted, night_lists.of_need(session, id, wanted, beijing_today()), NightPatent)


@router.post(
    "",
    summary="登记技术需求",
    operation_id="create_need",
    status_code=status.HTTP_201_CREATED,
    responses=created(400, 404, 409, 413, 422, 503),
)
def create_need(session: Writing, circumstances: Strict, made: Made, data: NeedInput) -> NeedSaved:
    """登记一条新需求；`code` 缺省时自动编号。下次重建索引后参加反向匹配。"""
    saved = single.create(session, circumstances, data)
    return made.at(f"/needs/{saved.row.id}", saved.row, _answer(session, saved), NeedPublic)


@router.put(
    "/{id:int}",
    summary="更新技术需求",
    operation_id="update_need",
    responses=written(400, 404, 409, 413, 422, 503),
    dependencies=[unchanged(Need)],
)
def update_need(
    session: Writing, circumstances: Strict, tagged: Tagged, id: RecordId, data: NeedInput
) -> NeedSaved:
    """以提交的内容整体替换；没有提交的字段会被清空。已截止的需求改填较晚的截止日期，即重新征集。"""
    saved = single.replace(session, circumstances, id, data)
    return tagged.of(saved.row, _answer(session, saved), NeedPublic)


@router.patch(
    "/{id:int}",
    summary="修改技术需求的部分内容",
    operation_id="patch_need",
    responses=written(400, 404, 409, 413, 422, 503),
    dependencies=[unchanged(Need)],
)
def patch_need(
    session: Writing, circumstances: Strict, tagged: Tagged, id: RecordId, patch: NeedPatch
) -> NeedSaved:
    """只改提交的字段（JSON Merge Patch，RFC 7396），`null` 为清空；其余不变。与整体更新经过同样的检查。"""
    return _patched(session, circumstances, tagged, needs.get(session, id), patch)


def _patched(
    session: Session, circumstances: Circumstances, tagged: Tagging, row: Need, patch: Patch
) -> NeedSaved:
    saved = change(SINGLE_KINDS["needs"], session, circumstances, row, patch)
    return tagged.of(saved.row, _answer(session, saved), NeedPublic)


@router.get(
    "/by-external-id/{external_id:path}",
    summary="按外部编号读取技术需求",
    operation_id="get_need_by_external_id",
    responses=read(404, 422),
)
def get_need_by_external_id(session: Reading, version: Versioned, external_id: ExternalId) -> NeedPublic:
    """外部编号是报送需求的平台所用的编号（`external_id`）。已删除的返回 410。"""
    row = single.get(session, external_id)
    return version.of(row, single.public(session, row))


@router.put(
    "/by-external-id/{external_id:path}",
    summary="按外部编号登记或更新技术需求",
    operation_id="put_need_by_external_id",
    responses=upserted(NeedSaved, 400, 404, 409, 413, 422, 503),
)
def put_need_by_external_id(
    session: Writing,
    circumstances: Strict,
    condition: Upserting,
    tagged: Tagged,
    external_id: ExternalId,
    data: NeedInput,
) -> NeedSaved:
    """没有该外部编号的需求时登记（201），已有的以提交的内容整体替换（200）；内容相同的不改动。"""
    wanted = external_id
    condition.check(relocked(session, single.find(session, wanted)))
    saved = single.put(session, circumstances, wanted, data)
    answer = _answer(session, saved)
    return tagged.put(f"/needs/{saved.row.id}", saved.row, answer, NeedPublic, is_new=saved.is_new)


@router.patch(
    "/by-external-id/{external_id:path}",
    summary="按外部编号修改技术需求的部分内容",
    operation_id="patch_need_by_external_id",
    responses=written(400, 404, 409, 413, 422, 503),
)
def patch_need_by_external_id(
    session: Writing,
    circumstances: Strict,
    condition: Conditional,
    tagged: Tagged,
    external_id: ExternalId,
    patch: NeedPatch,
) -> NeedSaved:
    """只改提交的字段（JSON Merge Patch，RFC 7396），`null` 为清空；其余不变。"""
    row = single.get(session, external_id)
    condition.check(relocked(session, row))
    return _patched(session, circumstances, tagged, row, patch)


@router.delete(
    "/by-external-id/{external_id:path}",
    summary="按外部编号删除技术需求",
    operation_id="delete_need_by_external_id",
    responses=removed(404, 409, 422, 503),
    dependencies=[may(permissions.RECORDS_DELETE)],
)
def delete_need_by_external_id(
    session: Writing,
    caller: Caller,
    condition: Conditional,
    external_id: ExternalId,
    wanted: Annotated[DeletionQuery, Query()],
) -> TombstonePublic:
    """与按编号删除相同，可凭返回的编号恢复。"""
    row = single.get(session, external_id)
    condition.check(relocked(session, row))
    return deleted(session, NEEDS, id_of(row), caller, wanted)
