"""Enterprises (企业)."""

from typing import Annotated

from fastapi import APIRouter, Query, status
from pydantic import Field

from catalog import enterprises
from catalog.base import Page, PageQuery
from catalog.db import Session
from catalog.enterprises import Enterprise, EnterpriseCreate, EnterprisePublic, EnterpriseUpdate
from service.dependencies import Reading, RecordId, Writing
from service.errors import responses
from service.record_inputs import EnterpriseInput, classifier_of, record_of

router = APIRouter(prefix="/enterprises", tags=["企业"])


class EnterpriseQuery(PageQuery):
    """Page and conditions of a list of enterprises."""

    sort: str | None = Field(default=None, description="排序字段：id、name、revenue；前加 - 为降序")
    name: str | None = Field(default=None, max_length=300, description="名称中的文字")
    region: str | None = Field(default=None, max_length=6, description="省级或地级行政区划代码")
    industry: str | None = Field(default=None, max_length=4, description="国民经济行业代码前缀")


class EnterpriseSaved(EnterprisePublic):
    """The stored enterprise and what was mended or left out of what was submitted."""

    notes: list[str] = Field(description="保存时改动、略去或存疑的内容")


def _checked(session: Session, data: EnterpriseInput) -> tuple[EnterpriseCreate, list[str]]:
    record, notes = record_of("enterprises", data, classifier_of(session))
    assert isinstance(record, EnterpriseCreate)  # noqa: S101 - by the kind asked for
    return record, notes


def _saved(row: Enterprise, notes: list[str]) -> EnterpriseSaved:
    return EnterpriseSaved(**enterprises.public(row).model_dump(), notes=notes)


@router.get("", summary="企业列表", operation_id="list_enterprises", responses=responses(422))
def list_enterprises(session: Reading, wanted: Annotated[EnterpriseQuery, Query()]) -> Page[EnterprisePublic]:
    """按名称、地区、行业筛选，分页返回。"""
    found = enterprises.page(
        session, wanted, name=wanted.name, region=wanted.region, industry=wanted.industry
    )
    items = [enterprises.public(row) for row in found.rows]
    return Page(total=found.total, page=wanted.page, size=wanted.size, items=items)


@router.get("/{id}", summary="一家企业", operation_id="get_enterprise", responses=responses(404, 422))
def get_enterprise(session: Reading, id: RecordId) -> EnterprisePublic:
    """返回一家企业的登记信息。"""
    return enterprises.public(enterprises.get(session, id))


@router.post(
    "",
    summary="登记企业",
    operation_id="create_enterprise",
    status_code=status.HTTP_201_CREATED,
    responses=responses(400, 409, 413, 422, 503),
)
def create_enterprise(session: Writing, data: EnterpriseInput) -> EnterpriseSaved:
    """登记一家新企业；名称或统一社会信用代码已存在时返回 409。"""
    record, notes = _checked(session, data)
    return _saved(enterprises.create(session, record), notes)


@router.put(
    "/{id}",
    summary="更新企业",
    operation_id="update_enterprise",
    responses=responses(400, 404, 409, 413, 422, 503),
)
def update_enterprise(session: Writing, id: RecordId, data: EnterpriseInput) -> EnterpriseSaved:
    """以提交的内容整体替换；没有提交的字段会被清空。"""
    record, notes = _checked(session, data)
    return _saved(enterprises.update(session, id, EnterpriseUpdate(**record.model_dump())), notes)
