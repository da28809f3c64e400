"""Facts of use and evaluation of patents (专利运用登记): licences, transfers, pledges, reports, counts."""

from typing import Annotated

from fastapi import APIRouter, Query, status
from pydantic import Field

from catalog.kit.base import Schema
from catalog.kit.ids import Id
from catalog.kit.paging import Page, PageQuery
from catalog.kit.terms import FactKind
from catalog.supply import facts, patents
from catalog.supply.facts import Fact, FactCreate, FactFilter, FactPublic, FactStated
from ingestion.records import facts as fact_records
from ingestion.records.fields import Circumstances, Fields
from service.requests.filters import Day, Values, codes_of, values_field
from service.requests.records import FactInput
from service.web.dependencies import Reading, RecordId, Strict, Writing
from service.web.errors import responses
from service.web.versions import Tagged, Versioned, created, read, unchanged, written

router = APIRouter(tags=["facts"])


class FactConditions(Schema):
    """Conditions of a list of facts."""

    patent_id: Id | None = Field(default=None, description="专利编号")
    kind: Values = values_field("记录种类", "licence", "质押")
    party: str | None = Field(default=None, max_length=300, description="相对方名称（部分）")
    since: Day = Field(default=None, description="发生日不早于")
    until: Day = Field(default=None, description="发生日不晚于")


class FactQuery(PageQuery, FactConditions):
    """Page and conditions of a list of facts."""

    sort: str | None = Field(default=None, description="排序字段：id、happened_on、ends_on；前加 - 为降序")


class FactSaved(FactPublic):
    """The stored fact and what was mended or left out of what was submitted."""

    notes: list[str] = Field(description="保存时改动、略去或存疑的内容")


def _checked(circumstances: Circumstances, data: FactInput) -> tuple[FactStated, list[str]]:
    fields = Fields("facts", data.cells(), circumstances)
    record = fact_records.details(fields)
    return record, [f"{note}：{example}" for note, example in fields.notes]


@router.get("/facts", summary="专利运用记录列表", operation_id="list_facts", responses=responses(422))
def list_facts(session: Reading, wanted: Annotated[FactQuery, Query()]) -> Page[FactPublic]:
    """许可、转让、质押、实施、评价报告、中止等记录，按种类、相对方、日期筛选，最新登记的在前。"""
    own = {name: getattr(wanted, name) for name in ("patent_id", "party", "since", "until")}
    found = facts.page(
        session, wanted, FactFilter.model_validate(own | codes_of(session, wanted, kind=FactKind))
    )
    items = [facts.public(row) for row in found.rows]
    return Page(total=found.total, page=wanted.page, size=wanted.size, items=items)


@router.get(
    "/patents/{id}/facts",
    summary="一件专利的运用记录",
    operation_id="list_patent_facts",
    responses=responses(404, 422),
)
def list_patent_facts(session: Reading, id: RecordId) -> Page[FactPublic]:
    """这件专利的全部运用与评价记录，早的在前；没有记录不等于没有实施。"""
    patents.get(session, id)
    return Page.whole([facts.public(row) for row in facts.of_patents(session, [id]).get(id, [])])


@router.get("/facts/{id:int}", summary="一条专利运用记录", operation_id="get_fact", responses=read(404, 422))
def get_fact(session: Reading, version: Versioned, id: RecordId) -> FactPublic:
    """返回一条记录。"""
    row = facts.get(session, id)
    return version.of(row, facts.public(row))


@router.post(
    "/patents/{id}/facts",
    summary="登记专利运用记录",
    operation_id="create_patent_fact",
    status_code=status.HTTP_201_CREATED,
    responses=created(400, 404, 409, 413, 422),
)
def create_patent_fact(
    session: Writing, circumstances: Strict, tagged: Tagged, id: RecordId, data: FactInput
) -> FactSaved:
    """为一件专利登记许可、转让、质押、评价报告等记录；与文件导入经过同样的检查，已有同样的记录时返回 409。"""
    patents.get(session, id)
    record, notes = _checked(circumstances, data)
    row = facts.create(session, FactCreate(**record.model_dump(), patent_id=id))
    shown = tagged.at(f"/facts/{row.id}", row, facts.public(row))
    return FactSaved(**shown.model_dump(), notes=notes)


@router.put(
    "/facts/{id:int}",
    summary="更正专利运用记录",
    operation_id="update_fact",
    responses=written(400, 404, 413, 422),
    dependencies=[unchanged(Fact)],
)
def update_fact(
    session: Writing, circumstances: Strict, tagged: Tagged, id: RecordId, data: FactInput
) -> FactSaved:
    """以提交的内容整体替换，如补记质押注销日；没有提交的字段会被清空。"""
    record, notes = _checked(circumstances, data)
    row = facts.replace(session, id, record)
    return FactSaved(**tagged.of(row, facts.public(row)).model_dump(), notes=notes)
