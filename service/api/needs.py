"""Needs (技术需求)."""

from typing import Annotated

from fastapi import APIRouter, Query, Response, status
from pydantic import Field

from catalog.db import Session
from catalog.demand import needs
from catalog.demand.needs import Need, NeedCreate, NeedFilter, NeedPublic, NeedUpdate
from catalog.kit.base import id_of
from catalog.kit.days import beijing_today
from catalog.kit.ids import Id
from catalog.kit.paging import Page, PageQuery
from catalog.kit.terms import NeedStatus
from catalog.statistics import night_lists
from catalog.statistics.night_lists import NightList, NightPatent, NightQuery
from ingestion.kinds import needs as need_kind
from ingestion.records.fields import Circumstances
from service.requests.filters import ClassConditions, Values, codes_of, described, values_field
from service.requests.records import NeedInput, classifier_of, record_of
from service.sheets import lists as list_sheets
from service.sheets.documents import XLSX_TYPE
from service.web.attachments import workbook
from service.web.dependencies import Reading, RecordId, Strict, Writing
from service.web.errors import responses
from service.web.versions import Tagged, Versioned, created, read, unchanged, written

router = APIRouter(prefix="/needs", tags=["needs"])


class NeedListConditions(ClassConditions):
    """Conditions of a list of needs."""

    text: str | None = Field(default=None, max_length=200, description="名称或描述中的文字")
    status: Values = values_field("需求状态", "open", "征集中")
    enterprise_id: Id | None = Field(default=None, description="企业编号")


class NeedQuery(PageQuery, NeedListConditions):
    """Page and conditions of a list of needs."""

    sort: str | None = Field(
        default=None, description="排序字段：id、code、title、published_on、budget；前加 - 为降序"
    )


class NeedSaved(NeedPublic):
    """The stored need and what was mended or left out of what was submitted."""

    notes: list[str] = Field(description="保存时改动、略去或存疑的内容")


def _checked(session: Session, circumstances: Circumstances, data: NeedInput) -> tuple[NeedCreate, list[str]]:
    record, notes = record_of(need_kind.KIND, data, classifier_of(session), circumstances)
    return record.model_copy(update={"enterprise_id": data.enterprise_id}), notes


def _saved(session: Session, row: Need, notes: list[str]) -> NeedSaved:
    return NeedSaved(**_public(session, row).model_dump(), notes=notes)


def _public(session: Session, row: Need) -> NeedPublic:
    return needs.many(session, [id_of(row)], beijing_today())[id_of(row)]


def _filter(session: Session, wanted: NeedListConditions) -> NeedFilter:
    codes = codes_of(session, wanted, status=NeedStatus)
    own = {"text": wanted.text, "enterprise_id": wanted.enterprise_id, "today": beijing_today()}
    return NeedFilter.model_validate(own | codes)


@router.get("", summary="技术需求列表", operation_id="list_needs", responses=responses(422))
def list_needs(session: Reading, wanted: Annotated[NeedQuery, Query()]) -> Page[NeedPublic]:
    """按文字、地区、行业、产业细分领域、状态、企业筛选，分页返回；各条件可用代码，也可用名称。"""
    found = needs.page(session, wanted, _filter(session, wanted))
    ids = [id_of(row) for row in found.rows]
    public = needs.many(session, ids, beijing_today())
    items = [public[id] for id in ids]
    return Page(total=found.total, page=wanted.page, size=wanted.size, items=items)


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
def get_need(session: Reading, version: Versioned, id: RecordId) -> NeedPublic:
    """返回一条技术需求。"""
    row = needs.get(session, id)
    return version.of(row, _public(session, row))


@router.get(
    "/{id:int}/matches/night",
    summary="一条技术需求的夜间匹配清单",
    operation_id="list_need_night_matches",
    responses=responses(404, 422),
)
def list_need_night_matches(
    session: Reading, id: RecordId, wanted: Annotated[NightQuery, Query()]
) -> NightList[NightPatent]:
    """最近一次夜间批处理为这条需求找到的专利，依名次，附得分及其组成；没有清单时 `notices` 说明原因。"""
    return night_lists.of_need(session, id, wanted, beijing_today())


@router.post(
    "",
    summary="登记技术需求",
    operation_id="create_need",
    status_code=status.HTTP_201_CREATED,
    responses=created(400, 404, 409, 413, 422, 503),
)
def create_need(session: Writing, circumstances: Strict, tagged: Tagged, data: NeedInput) -> NeedSaved:
    """登记一条新需求；`code` 缺省时自动编号。下次重建索引后参加反向匹配。"""
    record, notes = _checked(session, circumstances, data)
    row = needs.create(session, record)
    return tagged.at(f"/needs/{row.id}", row, _saved(session, row, notes), NeedPublic)


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
    record, notes = _checked(session, circumstances, data)
    row = needs.update(session, id, NeedUpdate(**record.model_dump()))
    return tagged.of(row, _saved(session, row, notes), NeedPublic)
