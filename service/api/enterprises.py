"""Enterprises (企业)."""

from typing import Annotated

from fastapi import APIRouter, Query, Response, status
from pydantic import Field

from catalog.db import Session
from catalog.demand import enterprises
from catalog.demand.enterprises import (
    Enterprise,
    EnterpriseCreate,
    EnterpriseFilter,
    EnterprisePublic,
    EnterpriseUpdate,
)
from catalog.kit.paging import Page, PageQuery
from ingestion.kinds import enterprises as enterprise_kind
from ingestion.records.fields import Circumstances
from service.requests.filters import PlaceConditions, codes_of, described
from service.requests.records import EnterpriseInput, classifier_of, record_of
from service.sheets import lists as list_sheets
from service.sheets.documents import XLSX_TYPE
from service.web.attachments import workbook
from service.web.dependencies import Reading, RecordId, Strict, Writing
from service.web.errors import responses
from service.web.versions import Tagged, Versioned, created, read, unchanged, written

router = APIRouter(prefix="/enterprises", tags=["enterprises"])


class EnterpriseListConditions(PlaceConditions):
    """Conditions of a list of enterprises."""

    name: str | None = Field(default=None, max_length=300, description="名称中的文字")


class EnterpriseQuery(PageQuery, EnterpriseListConditions):
    """Page and conditions of a list of enterprises."""

    sort: str | None = Field(default=None, description="排序字段：id、name、revenue；前加 - 为降序")


class EnterpriseSaved(EnterprisePublic):
    """The stored enterprise and what was mended or left out of what was submitted."""

    notes: list[str] = Field(description="保存时改动、略去或存疑的内容")


def _checked(
    session: Session, circumstances: Circumstances, data: EnterpriseInput
) -> tuple[EnterpriseCreate, list[str]]:
    record, notes = record_of(enterprise_kind.KIND, data, classifier_of(session), circumstances)
    return record, notes


def _saved(row: Enterprise, notes: list[str]) -> EnterpriseSaved:
    return EnterpriseSaved(**enterprises.public(row).model_dump(), notes=notes)


def _filter(session: Session, wanted: EnterpriseListConditions) -> EnterpriseFilter:
    return EnterpriseFilter.model_validate({"name": wanted.name} | codes_of(session, wanted))


@router.get("", summary="企业列表", operation_id="list_enterprises", responses=responses(422))
def list_enterprises(session: Reading, wanted: Annotated[EnterpriseQuery, Query()]) -> Page[EnterprisePublic]:
    """按名称、地区、行业筛选，分页返回；各条件可用代码，也可用名称。"""
    found = enterprises.page(session, wanted, _filter(session, wanted))
    items = [enterprises.public(row) for row in found.rows]
    return Page(total=found.total, page=wanted.page, size=wanted.size, items=items)


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
def get_enterprise(session: Reading, version: Versioned, id: RecordId) -> EnterprisePublic:
    """返回一家企业的登记信息。"""
    row = enterprises.get(session, id)
    return version.of(row, enterprises.public(row))


@router.post(
    "",
    summary="登记企业",
    operation_id="create_enterprise",
    status_code=status.HTTP_201_CREATED,
    responses=created(400, 409, 413, 422, 503),
)
def create_enterprise(
    session: Writing, circumstances: Strict, tagged: Tagged, data: EnterpriseInput
) -> EnterpriseSaved:
    """登记一家新企业；名称或统一社会信用代码已存在时返回 409。"""
    record, notes = _checked(session, circumstances, data)
    row = enterprises.create(session, record)
    return tagged.at(f"/enterprises/{row.id}", row, _saved(row, notes), EnterprisePublic)


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
    record, notes = _checked(session, circumstances, data)
    row = enterprises.update(session, id, EnterpriseUpdate(**record.model_dump()))
    return tagged.of(row, _saved(row, notes), EnterprisePublic)
