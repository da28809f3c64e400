"""Enterprises (企业)."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response, status
from pydantic import Field

from catalog.accounts import permissions
from catalog.db import Session
from catalog.demand import enterprises
from catalog.demand.enterprises import Enterprise, EnterpriseFilter, EnterprisePublic
from catalog.kit.base import id_of
from catalog.kit.paging import ListPage
from catalog.mending.tombstones import TombstonePublic
from catalog.registers.registers import ENTERPRISES
from catalog.segments import segments
from ingestion.records.fields import Circumstances
from service.requests.deletions import DeletionQuery, deleted
from service.requests.filters import ClassConditions, Values, codes_of, described, values_field
from service.requests.lists import MainListQuery, facets_field, sort_field
from service.requests.records import EnterpriseInput
from service.requests.single import enterprises as single
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
    prefix="/enterprises",
    tags=["enterprises"],
    dependencies=[may(permissions.ENTERPRISES_READ, permissions.ENTERPRISES_WRITE)],
)


Code = Annotated[
    str,
    Path(min_length=1, max_length=40, description="统一社会信用代码", examples=["91420100MA00000000"]),
]
EnterprisePatch = Annotated[Patch, patch_body(), merge_patch_of(EnterpriseInput, "EnterprisePatch")]


class EnterpriseListConditions(ClassConditions):
    """Conditions of a list of enterprises."""

    name: str | None = Field(default=None, max_length=300, description="名称中的文字")
    title: Values = values_field("资质中的文字", "专精特新")
    segment: Values = values_field("产业细分领域的代码或名称；按企业的行业归入", "HB01", "生命健康")
    credit_code: str | None = Field(default=None, max_length=40, description="统一社会信用代码，完整")


class EnterpriseQuery(MainListQuery, EnterpriseListConditions):
    """Page and conditions of a list of enterprises."""

    sort: str | None = sort_field(enterprises.LIST.sorts)
    facets: Names = facets_field(enterprises.LIST.facets)


class EnterpriseSaved(EnterprisePublic):
    """The stored enterprise and what was mended or left out of what was submitted."""

    notes: list[str] = Field(description="保存时改动、略去或存疑的内容")


def _answer(session: Session, saved: Saved) -> EnterpriseSaved:
    return EnterpriseSaved(**single.public(session, saved.row).model_dump(), notes=saved.notes)


def _filter(session: Session, wanted: EnterpriseListConditions) -> EnterpriseFilter:
    codes = codes_of(session, wanted)
    industries = segments.industries_of(session, codes.pop("segment")) if wanted.segment else None
    own: dict[str, Any] = {"name": wanted.name, "title": wanted.title, "segment_industries": industries}
    own["credit_code"] = wanted.credit_code and single.code_of(wanted.credit_code)
    return EnterpriseFilter.model_validate(own | codes)


@router.get("", summary="企业列表", operation_id="list_enterprises", responses=responses(422))
def list_enterprises(
    session: Reading, wanted: Annotated[EnterpriseQuery, Query()]
) -> ListPage[EnterprisePublic]:
    """按名称、资质、地区、行业、产业细分领域筛选，分页返回；各条件可用代码，也可用名称。"""
    found = enterprises.page(session, wanted, _filter(session, wanted))
    items = [enterprises.public(row) for row in found.rows]
    return shaped(wanted, found.listed(wanted, items), EnterprisePublic)


@router.get(
    "/export.xlsx",
    summary="导出企业清单",
    operation_id="export_enterprises",
    response_class=Response,
    responses={200: {"content": {XLSX_TYPE: {}}}, **responses(422)},
)
def export_enterprises(session: Reading, wanted: Annotated[EnterpriseQuery, Query()]) -> Response:
    """符合条件的全部企业，次序与列表相同，为一个 Excel 工作簿；分页参数不起作用。"""
    ids = enterprises.listed(session, wanted, _filter(session, wanted), at_most=list_sheets.MOST_EXPORTED)
    return workbook(list_sheets.enterprises_list(session, ids, described(wanted)), "企业清单")


@router.get("/{id:int}", summary="一家企业", operation_id="get_enterprise", responses=read(404, 422))
def get_enterprise(session: Reading, version: Versioned, shape: Shaped, id: RecordId) -> EnterprisePublic:
    """返回一家企业的登记信息。"""
    row = enterprises.get(session, id)
    return shaped(shape, version.of(row, enterprises.public(row)), EnterprisePublic, version.response.headers)


@router.post(
    "",
    summary="登记企业",
    operation_id="create_enterprise",
    status_code=status.HTTP_201_CREATED,
    responses=created(400, 409, 413, 422, 503),
)
def create_enterprise(
    session: Writing, circumstances: Strict, made: Made, data: EnterpriseInput
) -> EnterpriseSaved:
    """登记一家新企业；名称或统一社会信用代码已存在时返回 409。"""
    saved = single.create(session, circumstances, data)
    return made.at(f"/enterprises/{saved.row.id}", saved.row, _answer(session, saved), EnterprisePublic)


@router.put(
    "/{id:int}",
    summary="更新企业",
    operation_id="update_enterprise",
    responses=written(400, 404, 409, 413, 422, 503),
    dependencies=[unchanged(Enterprise)],
)
def update_enterprise(
    session: Writing, circumstances: Strict, tagged: Tagged, id: RecordId, data: EnterpriseInput
) -> EnterpriseSaved:
    """以提交的内容整体替换；没有提交的字段会被清空。"""
    saved = single.replace(session, circumstances, id, data)
    return tagged.of(saved.row, _answer(session, saved), EnterprisePublic)


@router.patch(
    "/{id:int}",
    summary="修改企业的部分内容",
    operation_id="patch_enterprise",
    responses=written(400, 404, 409, 413, 422, 503),
    dependencies=[unchanged(Enterprise)],
)
def patch_enterprise(
    session: Writing, circumstances: Strict, tagged: Tagged, id: RecordId, patch: EnterprisePatch
) -> EnterpriseSaved:
    """只改提交的字段（JSON Merge Patch，RFC 7396），`null` 为清空；其余不变。与整体更新经过同样的检查。"""
    return _patched(session, circumstances, tagged, enterprises.get(session, id), patch)


def _patched(
    session: Session, circumstances: Circumstances, tagged: Tagging, row: Enterprise, patch: Patch
) -> EnterpriseSaved:
    saved = change(SINGLE_KINDS["enterprises"], session, circumstances, row, patch)
    return tagged.of(saved.row, _answer(session, saved), EnterprisePublic)


@router.get(
    "/by-credit-code/{code}",
    summary="按统一社会信用代码读取企业",
    operation_id="get_enterprise_by_credit_code",
    responses=read(404, 422),
)
def get_enterprise_by_credit_code(session: Reading, version: Versioned, code: Code) -> EnterprisePublic:
    """返回该代码的企业。已删除的返回 410。"""
    row = single.get(session, single.code_of(code))
    return version.of(row, single.public(session, row))


@router.put(
    "/by-credit-code/{code}",
    summary="按统一社会信用代码登记或更新企业",
    operation_id="put_enterprise_by_credit_code",
    responses=upserted(EnterpriseSaved, 400, 404, 409, 413, 422, 503),
)
def put_enterprise_by_credit_code(
    session: Writing,
    circumstances: Strict,
    condition: Upserting,
    tagged: Tagged,
    code: Code,
    data: EnterpriseInput,
) -> EnterpriseSaved:
    """没有该代码的企业时登记（201），已有的以提交的内容整体替换（200）；内容相同的不改动。

    名称与已登记的不同的（也不是曾用名），不覆盖，返回 409 及 `existing_id`。
    """
    wanted = single.code_of(code)
    condition.check(relocked(session, single.find(session, wanted)))
    saved = single.put(session, circumstances, wanted, data)
    answer = _answer(session, saved)
    return tagged.put(
        f"/enterprises/{saved.row.id}", saved.row, answer, EnterprisePublic, is_new=saved.is_new
    )


@router.patch(
    "/by-credit-code/{code}",
    summary="按统一社会信用代码修改企业的部分内容",
    operation_id="patch_enterprise_by_credit_code",
    responses=written(400, 404, 409, 413, 422, 503),
)
def patch_enterprise_by_credit_code(
    session: Writing,
    circumstances: Strict,
    condition: Conditional,
    tagged: Tagged,
    code: Code,
    patch: EnterprisePatch,
) -> EnterpriseSaved:
    """只改提交的字段（JSON Merge Patch，RFC 7396），`null` 为清空；其余不变。"""
    row = single.get(session, single.code_of(code))
    condition.check(relocked(session, row))
    return _patched(session, circumstances, tagged, row, patch)


@router.delete(
    "/by-credit-code/{code}",
    summary="按统一社会信用代码删除企业",
    operation_id="delete_enterprise_by_credit_code",
    responses=removed(404, 409, 422, 503),
    dependencies=[may(permissions.RECORDS_DELETE)],
)
def delete_enterprise_by_credit_code(
    session: Writing,
    caller: Caller,
    condition: Conditional,
    code: Code,
    wanted: Annotated[DeletionQuery, Query()],
) -> TombstonePublic:
    """与按编号删除相同，可凭返回的编号恢复。"""
    row = single.get(session, single.code_of(code))
    condition.check(relocked(session, row))
    return deleted(session, ENTERPRISES, id_of(row), caller, wanted)
