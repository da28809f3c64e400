"""Patents (专利)."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response, status
from pydantic import Field

from assessment.eligibility.gate import Eligibility
from catalog.accounts import permissions
from catalog.db import Session
from catalog.kit.base import id_of
from catalog.kit.days import beijing_today
from catalog.kit.paging import ListPage
from catalog.kit.terms import LegalStatus
from catalog.mending.tombstones import TombstonePublic
from catalog.registers.registers import PATENTS
from catalog.statistics import night_lists
from catalog.statistics.night_lists import NightList, NightNeed
from catalog.supply import patent_lists, patents, patents_shown
from catalog.supply.patent_lists import PatentFilter
from catalog.supply.patents import Patent
from catalog.supply.patents_shown import PatentPublic
from ingestion.records.fields import Circumstances
from service.installation.runtime import Runtime
from service.requests.deletions import DeletionQuery, deleted
from service.requests.filters import PatentConditions, Values, codes_of, described, values_field
from service.requests.lists import (
    MainListQuery,
    PatentStanding,
    StandingAsked,
    facets_field,
    sort_field,
    standing,
)
from service.requests.records import PatentInput
from service.requests.shapes import NightListQuery
from service.requests.single import patents as single
from service.requests.single.kinds import SINGLE_KINDS, change
from service.requests.single.patches import Patch, Saved, merge_patch_of
from service.requests.types import Names
from service.sheets import lists as list_sheets
from service.sheets.documents import XLSX_TYPE
from service.web.dependencies import Caller, Reading, RecordId, RuntimeDep, Strict, Writing
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
    prefix="/patents",
    tags=["patents"],
    dependencies=[may(permissions.PATENTS_READ, permissions.PATENTS_WRITE)],
)


Number = Annotated[
    str,
    Path(
        min_length=1, max_length=60, description="申请号、专利号或公开（公告）号", examples=["202119900008.0"]
    ),
]
PatentPatch = Annotated[Patch, patch_body(), merge_patch_of(PatentInput, "PatentPatch")]


class PatentListConditions(PatentConditions):
    """Conditions of a list of patents."""

    text: str | None = Field(default=None, max_length=200, description="名称或摘要中的词语")
    holder: str | None = Field(default=None, max_length=300, description="专利权人名称（部分）")
    application_number: str | None = Field(
        default=None, min_length=1, max_length=40, description="申请号，完整，任何写法"
    )
    draft: bool | None = Field(default=None, description="缺申请号的草稿（true）或有申请号的专利（false）")
    dormant: bool | None = Field(default=None, description="盘点筛选判为沉睡（true）或非沉睡（false）")
    status: Values = values_field("登记的法律状态", "in_force", "质押")


class PatentQuery(PatentListConditions, PatentStanding, MainListQuery):
    """Page and conditions of a list of patents."""

    sort: str | None = sort_field(patent_lists.LIST.sorts)
    facets: Names = facets_field(patent_lists.LIST.facets)


class PatentSaved(PatentPublic):
    """The stored patent and what was mended or left out of what was submitted."""

    notes: list[str] = Field(description="保存时改动、略去或存疑的内容")


def _answer(session: Session, saved: Saved) -> PatentSaved:
    return PatentSaved(**single.public(session, saved.row).model_dump(), notes=saved.notes)


def _filter(session: Session, runtime: Runtime, wanted: PatentQuery) -> PatentFilter:
    own = {name: getattr(wanted, name) for name in ("text", "holder", "draft", "dormant")}
    if wanted.application_number:
        own["application_number"] = single.application_number_of(wanted.application_number)
    codes = codes_of(session, wanted, status=LegalStatus, eligibility=Eligibility)
    verdicts = [Eligibility(value) for value in codes.pop("eligibility", [])]
    return standing(
        session,
        runtime,
        PatentFilter.model_validate(own | codes),
        StandingAsked(wanted, verdicts, beijing_today()),
    )


@router.get("", summary="专利列表", operation_id="list_patents", responses=responses(422))
def list_patents(
    session: Reading, runtime: RuntimeDep, wanted: Annotated[PatentQuery, Query()]
) -> ListPage[PatentPublic]:
    """按文字、专利权人、类型、地区、分类、有效与否、开放许可及其资格等筛选，分页返回；各条件可用代码，也可用名称。"""
    found = patent_lists.page(session, wanted, _filter(session, runtime, wanted))
    items = patents_shown.publics(session, found.rows, today=beijing_today())
    return shaped(wanted, found.listed(wanted, items), PatentPublic)


@router.get(
    "/export.xlsx",
    summary="导出专利清单",
    operation_id="export_patents",
    response_class=Response,
    responses={200: {"content": {XLSX_TYPE: {}}}, **responses(422)},
)
def export_patents(
    session: Reading, runtime: RuntimeDep, wanted: Annotated[PatentQuery, Query()]
) -> Response:
    """符合条件的全部专利，次序与列表相同，为一个 Excel 工作簿；分页参数不起作用。"""
    ids = patent_lists.listed(
        session, wanted, _filter(session, runtime, wanted), at_most=list_sheets.MOST_EXPORTED
    )
    return workbook(list_sheets.patents_list(session, ids, described(wanted)), "专利清单")


@router.get("/{id:int}", summary="一件专利", operation_id="get_patent", responses=read(404, 422))
def get_patent(session: Reading, version: Versioned, shape: Shaped, id: RecordId) -> PatentPublic:
    """返回一件专利；`draft` 为真表示缺申请号的草稿，可匹配但不能声明开放许可。"""
    row = patents.get(session, id)
    return shaped(shape, version.of(row, single.public(session, row)), PatentPublic, version.response.headers)


@router.get(
    "/{id:int}/matches/night",
    summary="一件专利的夜间匹配清单",
    operation_id="list_patent_night_matches",
    responses=responses(404, 422),
    dependencies=[may(permissions.NEEDS_READ)],
)
def list_patent_night_matches(
    session: Reading, id: RecordId, wanted: Annotated[NightListQuery, Query()]
) -> NightList[NightNeed]:
    """最近一次夜间批处理为这件专利找到的需求，依名次，附得分及其组成；没有清单时 `notices` 说明原因。"""
    return shaped(wanted, night_lists.of_patent(session, id, wanted, beijing_today()), NightNeed)


@router.post(
    "",
    summary="登记专利",
    operation_id="create_patent",
    status_code=status.HTTP_201_CREATED,
    responses=created(400, 409, 413, 422, 503),
)
def create_patent(session: Writing, circumstances: Strict, made: Made, data: PatentInput) -> PatentSaved:
    """登记一件新专利，与文件导入经过同样的检查；申请号已存在时返回 409。约十秒后参加匹配。"""
    saved = single.create(session, circumstances, data)
    return made.at(f"/patents/{saved.row.id}", saved.row, _answer(session, saved), PatentPublic)


@router.put(
    "/{id:int}",
    summary="更新专利",
    operation_id="update_patent",
    responses=written(400, 404, 409, 413, 422, 503),
    dependencies=[unchanged(Patent)],
)
def update_patent(
    session: Writing, circumstances: Strict, tagged: Tagged, id: RecordId, data: PatentInput
) -> PatentSaved:
    """以提交的内容整体替换；没有提交的字段会被清空。"""
    saved = single.replace(session, circumstances, id, data)
    return tagged.of(saved.row, _answer(session, saved), PatentPublic)


@router.patch(
    "/{id:int}",
    summary="修改专利的部分内容",
    operation_id="patch_patent",
    responses=written(400, 404, 409, 413, 422, 503),
    dependencies=[unchanged(Patent)],
)
def patch_patent(
    session: Writing, circumstances: Strict, tagged: Tagged, id: RecordId, patch: PatentPatch
) -> PatentSaved:
    """只改提交的字段（JSON Merge Patch，RFC 7396），`null` 为清空；其余不变。与整体更新经过同样的检查。"""
    return _patched(session, circumstances, tagged, patents.get(session, id), patch)


def _patched(
    session: Session, circumstances: Circumstances, tagged: Tagging, row: Patent, patch: Patch
) -> PatentSaved:
    saved = change(SINGLE_KINDS["patents"], session, circumstances, row, patch)
    return tagged.of(saved.row, _answer(session, saved), PatentPublic)


@router.get(
    "/by-number/{number}",
    summary="按号码读取专利",
    operation_id="get_patent_by_number",
    responses=read(404, 422),
)
def get_patent_by_number(
    session: Reading, circumstances: Strict, version: Versioned, number: Number
) -> PatentPublic:
    """申请号、专利号或公开（公告）号，任何写法均可。已删除的返回 410。"""
    row = single.get(session, single.number_of(number, circumstances))
    return version.of(row, single.public(session, row))


@router.put(
    "/by-number/{number}",
    summary="按号码登记或更新专利",
    operation_id="put_patent_by_number",
    responses=upserted(PatentSaved, 400, 404, 409, 413, 422, 503),
)
def put_patent_by_number(
    session: Writing,
    circumstances: Strict,
    condition: Upserting,
    tagged: Tagged,
    number: Number,
    data: PatentInput,
) -> PatentSaved:
    """没有该号码的专利时登记（201），已有的以提交的内容整体替换（200）；内容相同的不改动。

    名称与专利权人都与原专利不同的是另一件专利，不覆盖，返回 409 及 `existing_id`。
    """
    wanted = single.number_of(number, circumstances)
    condition.check(relocked(session, single.find(session, wanted)))
    saved = single.put(session, circumstances, wanted, data)
    answer = _answer(session, saved)
    return tagged.put(f"/patents/{saved.row.id}", saved.row, answer, PatentPublic, is_new=saved.is_new)


@router.patch(
    "/by-number/{number}",
    summary="按号码修改专利的部分内容",
    operation_id="patch_patent_by_number",
    responses=written(400, 404, 409, 413, 422, 503),
)
def patch_patent_by_number(
    session: Writing,
    circumstances: Strict,
    condition: Conditional,
    tagged: Tagged,
    number: Number,
    patch: PatentPatch,
) -> PatentSaved:
    """只改提交的字段（JSON Merge Patch，RFC 7396），`null` 为清空；其余不变。"""
    row = single.get(session, single.number_of(number, circumstances))
    condition.check(relocked(session, row))
    return _patched(session, circumstances, tagged, row, patch)


@router.delete(
    "/by-number/{number}",
    summary="按号码删除专利",
    operation_id="delete_patent_by_number",
    responses=removed(404, 409, 422, 503),
    dependencies=[may(permissions.RECORDS_DELETE)],
)
def delete_patent_by_number(
    session: Writing,
    circumstances: Strict,
    caller: Caller,
    condition: Conditional,
    number: Number,
    wanted: Annotated[DeletionQuery, Query()],
) -> TombstonePublic:
    """与按编号删除相同，可凭返回的编号恢复。"""
    row = single.get(session, single.number_of(number, circumstances))
    condition.check(relocked(session, row))
    return deleted(session, PATENTS, id_of(row), caller, wanted)
