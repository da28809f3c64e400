"""Facts of use and evaluation of patents (专利运用登记): licences, transfers, pledges, reports, counts."""

from typing import Annotated

from fastapi import APIRouter, Query, status
from pydantic import Field

from catalog.accounts import permissions
from catalog.kit.base import Schema
from catalog.kit.ids import Id
from catalog.kit.paging import ListPage, Page
from catalog.kit.terms import FactKind
from catalog.supply import facts, patents
from catalog.supply.facts import Fact, FactFilter, FactPublic
from service.requests.filters import Day, Values, codes_of, values_field
from service.requests.lists import MainListQuery, facets_field, sort_field
from service.requests.records import FactInput
from service.requests.single import facts as single
from service.requests.single.patches import Patch, Saved, merge_patch_of, patched
from service.requests.types import Names
from service.web.dependencies import Reading, RecordId, Strict, Writing
from service.web.errors import responses
from service.web.repeats import Made
from service.web.rights import may
from service.web.shaped import Shaped, shaped
from service.web.versions import Tagged, Versioned, created, patch_body, read, unchanged, written

router = APIRouter(tags=["facts"], dependencies=[may(permissions.FACTS_READ, permissions.FACTS_WRITE)])


FactPatch = Annotated[Patch, patch_body(), merge_patch_of(FactInput, "FactPatch")]


class FactConditions(Schema):
    """Conditions of a list of facts."""

    patent_id: Id | None = Field(default=None, description="专利编号")
    kind: Values = values_field("记录种类", "licence", "质押")
    party: str | None = Field(default=None, max_length=300, description="相对方名称（部分）")
    since: Day = Field(default=None, description="发生日不早于")
    until: Day = Field(default=None, description="发生日不晚于")


class FactQuery(MainListQuery, FactConditions):
    """Page and conditions of a list of facts."""

    sort: str | None = sort_field(facts.LIST.sorts)
    facets: Names = facets_field(facts.LIST.facets)


class FactSaved(FactPublic):
    """The stored fact and what was mended or left out of what was submitted."""

    notes: list[str] = Field(description="保存时改动、略去或存疑的内容")


def _answer(saved: Saved) -> FactSaved:
    return FactSaved(**facts.public(saved.row).model_dump(), notes=saved.notes)


@router.get("/facts", summary="专利运用记录列表", operation_id="list_facts", responses=responses(422))
def list_facts(session: Reading, wanted: Annotated[FactQuery, Query()]) -> ListPage[FactPublic]:
    """许可、转让、质押、实施、评价报告、中止等记录，按种类、相对方、日期筛选，最新登记的在前。"""
    own = {name: getattr(wanted, name) for name in ("patent_id", "party", "since", "until")}
    found = facts.page(
        session, wanted, FactFilter.model_validate(own | codes_of(session, wanted, kind=FactKind))
    )
    items = [facts.public(row) for row in found.rows]
    return shaped(wanted, found.listed(wanted, items), FactPublic)


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
def get_fact(session: Reading, version: Versioned, shape: Shaped, id: RecordId) -> FactPublic:
    """返回一条记录。"""
    row = facts.get(session, id)
    return shaped(shape, version.of(row, facts.public(row)), FactPublic, version.response.headers)


@router.post(
    "/patents/{id}/facts",
    summary="登记专利运用记录",
    operation_id="create_patent_fact",
    status_code=status.HTTP_201_CREATED,
    responses=created(400, 404, 409, 413, 422),
)
def create_patent_fact(
    session: Writing, circumstances: Strict, made: Made, id: RecordId, data: FactInput
) -> FactSaved:
    """为一件专利登记许可、转让、质押、评价报告等记录；与文件导入经过同样的检查，已有同样的记录时返回 409。"""
    saved = single.create(session, circumstances, id, data)
    return made.at(f"/facts/{saved.row.id}", saved.row, _answer(saved), FactPublic)


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
    saved = single.replace(session, circumstances, id, data)
    return tagged.of(saved.row, _answer(saved), FactPublic)


@router.patch(
    "/facts/{id:int}",
    summary="修改专利运用记录的部分内容",
    operation_id="patch_fact",
    responses=written(400, 404, 413, 422),
    dependencies=[unchanged(Fact)],
)
def patch_fact(
    session: Writing, circumstances: Strict, tagged: Tagged, id: RecordId, patch: FactPatch
) -> FactSaved:
    """只改提交的字段（JSON Merge Patch，RFC 7396），`null` 为清空；其余不变。"""
    data = patched(FactInput, single.form(session, facts.get(session, id)), patch)
    saved = single.replace(session, circumstances, id, data)
    return tagged.of(saved.row, _answer(saved), FactPublic)
