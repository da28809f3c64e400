"""Open-licence declarations (专利开放许可声明)."""

from typing import Annotated

from fastapi import APIRouter, Query, status
from pydantic import Field

from catalog import licences
from catalog.base import Page, PageQuery
from catalog.db import Session
from catalog.licences import Licence, LicenceCreate, LicencePublic, LicenceUpdate
from catalog.terms import LicenceStatus, PaymentForm
from service.dependencies import Reading, RecordId, Writing
from service.errors import responses
from service.record_inputs import LicenceInput, classifier_of, record_of

router = APIRouter(prefix="/licences", tags=["开放许可"])


class LicenceQuery(PageQuery):
    """Page and conditions of a list of declarations."""

    sort: str | None = Field(default=None, description="排序字段：id、declared_on、ends_on；前加 - 为降序")
    status: LicenceStatus | None = Field(default=None, description="声明状态")
    payment_form: PaymentForm | None = Field(default=None, description="许可使用费支付方式")
    application_number: str | None = Field(default=None, max_length=16, description="专利申请号（规范写法）")


class LicenceSaved(LicencePublic):
    """The stored declaration and what was mended or left out of what was submitted."""

    notes: list[str] = Field(description="保存时改动、略去或存疑的内容")


def _checked(session: Session, data: LicenceInput) -> tuple[LicenceCreate, list[str]]:
    record, notes = record_of("licences", data, classifier_of(session))
    assert isinstance(record, LicenceCreate)  # noqa: S101 - by the kind asked for
    return record, notes


def _saved(session: Session, row: Licence, notes: list[str]) -> LicenceSaved:
    return LicenceSaved(**_public(session, row).model_dump(), notes=notes)


def _public(session: Session, row: Licence) -> LicencePublic:
    return licences.publics(session, [row])[0]


@router.get("", summary="开放许可声明列表", operation_id="list_licences", responses=responses(422))
def list_licences(session: Reading, wanted: Annotated[LicenceQuery, Query()]) -> Page[LicencePublic]:
    """按状态、支付方式、专利筛选，分页返回。"""
    found = licences.page(
        session,
        wanted,
        status=wanted.status,
        payment_form=wanted.payment_form,
        application_number=wanted.application_number,
    )
    items = licences.publics(session, found.rows)
    return Page(total=found.total, page=wanted.page, size=wanted.size, items=items)


@router.get("/{id}", summary="一份开放许可声明", operation_id="get_licence", responses=responses(404, 422))
def get_licence(session: Reading, id: RecordId) -> LicencePublic:
    """返回一份声明及其许可条件。"""
    return _public(session, licences.get(session, id))


@router.post(
    "",
    summary="登记开放许可声明",
    operation_id="create_licence",
    status_code=status.HTTP_201_CREATED,
    responses=responses(400, 404, 409, 413, 422, 503),
)
def create_licence(session: Writing, data: LicenceInput) -> LicenceSaved:
    """为一件已授权的专利登记声明；专利不存在返回 404，已有声明返回 409，超出专利期限返回 422。"""
    record, notes = _checked(session, data)
    return _saved(session, licences.create(session, record), notes)


@router.put(
    "/{id}",
    summary="更新开放许可声明",
    operation_id="update_licence",
    responses=responses(400, 404, 409, 413, 422, 503),
)
def update_licence(session: Writing, id: RecordId, data: LicenceInput) -> LicenceSaved:
    """以提交的内容整体替换；声明不能改到另一件专利上。"""
    record, notes = _checked(session, data)
    return _saved(session, licences.update(session, id, LicenceUpdate(**record.model_dump())), notes)
