"""The way from a match to a deal (对接进程)."""

from typing import Annotated

from fastapi import APIRouter, Query, status
from pydantic import Field

from catalog.accounts import permissions
from catalog.db import Session
from catalog.deals import pipeline as deal_pipeline
from catalog.deals.pipeline import CaseCreate, CaseFilter, CasePublic, PipelineCase
from catalog.kit.base import Schema
from catalog.kit.days import beijing_today
from catalog.kit.ids import StrictId
from catalog.kit.paging import Page, PageQuery
from catalog.kit.terms import PipelineStage
from ingestion.identifiers import application_number
from ingestion.identifiers.errors import InvalidIdentifier
from service.requests.field_problems import FieldProblem, InvalidFields
from service.requests.lists import sort_field
from service.requests.types import either, term
from service.web.dependencies import Caller, Reading, RecordId, Writing
from service.web.errors import responses
from service.web.repeats import Made
from service.web.rights import may
from service.web.versions import Tagged, Versioned, created, read, unchanged, written

router = APIRouter(
    prefix="/pipeline",
    tags=["pipeline"],
    dependencies=[may(permissions.PIPELINE_READ, permissions.PIPELINE_WRITE)],
)

Stage = Annotated[PipelineStage, term(PipelineStage), either(PipelineStage, optional=False)]


class CaseQuery(CaseFilter, PageQuery):
    """Page and conditions of a list of cases."""

    sort: str | None = sort_field(deal_pipeline.SORTS)


class StageInput(Schema):
    """The stage that a case has reached."""

    stage: Stage = Field(description="进入的阶段", examples=["有意向"])
    note: str = Field(default="", max_length=500, description="备注；终止与重新洽谈时为原因")
    deal_id: StrictId | None = Field(default=None, description="签约的交易编号")


def _public(session: Session, row: PipelineCase) -> CasePublic:
    return deal_pipeline.publics(session, [row])[0]


@router.get("", summary="对接事项列表", operation_id="list_pipeline", responses=responses(422))
def list_pipeline(session: Reading, wanted: Annotated[CaseQuery, Query()]) -> Page[CasePublic]:
    """按阶段、需求、企业、专利、交易筛选，分页返回；附历史与可以进入的下一阶段。"""
    where = CaseFilter(**{name: getattr(wanted, name) for name in CaseFilter.model_fields})
    found = deal_pipeline.page(session, wanted, where)
    items = deal_pipeline.publics(session, found.rows)
    return Page(total=found.total, page=wanted.page, size=wanted.size, items=items)


@router.get("/{id}", summary="一个对接事项", operation_id="get_case", responses=read(404, 422))
def get_case(session: Reading, version: Versioned, id: RecordId) -> CasePublic:
    """一件专利与一个需求或企业的对接进程。"""
    row = deal_pipeline.get(session, id)
    return version.of(row, _public(session, row))


@router.post(
    "",
    summary="新建对接事项",
    operation_id="create_case",
    status_code=status.HTTP_201_CREATED,
    responses=created(400, 404, 409, 413, 422),
)
def create_case(session: Writing, caller: Caller, made: Made, data: CaseCreate) -> CasePublic:
    """记录把一件专利推送给某个需求或企业，连同所据匹配的索引版本、名次与得分。"""
    try:
        number = application_number.validate(data.application_number, today=beijing_today())
    except InvalidIdentifier as error:
        problem = FieldProblem(
            field="application_number", value=data.application_number, reason=error.message
        )
        raise InvalidFields([problem]) from error
    known = data.model_copy(update={"application_number": number})
    row = deal_pipeline.create(session, known, actor=caller)
    return made.at(f"/pipeline/{row.id}", row, _public(session, row))


@router.post(
    "/{id}/stage",
    summary="推进对接事项",
    operation_id="advance_case",
    responses=written(400, 404, 409, 413, 422),
    dependencies=[unchanged(PipelineCase)],
)
def advance_case(
    session: Writing, caller: Caller, tagged: Tagged, id: RecordId, data: StageInput
) -> CasePublic:
    """进入另一阶段；签约、备案、到账须有已登记的交易。不允许的步骤返回 409，并说明可以进入哪些阶段。"""
    row = deal_pipeline.advance(session, id, data.stage, actor=caller, note=data.note, deal_id=data.deal_id)
    return tagged.of(row, _public(session, row))
