"""Patents (专利)."""

from typing import Annotated

from fastapi import APIRouter, Query, Response, status
from pydantic import Field

from catalog.db import Session
from catalog.kit.days import beijing_today
from catalog.kit.paging import Page, PageQuery
from catalog.statistics import night_lists
from catalog.statistics.night_lists import NightList, NightNeed, NightQuery
from catalog.supply import patent_edits, patent_lists, patents, patents_shown
from catalog.supply.patent_lists import PatentFilter
from catalog.supply.patents import Patent, PatentCreate
from catalog.supply.patents_shown import PatentPublic
from ingestion.kinds import patents as patent_kind
from ingestion.records.fields import Circumstances
from service.requests.filters import PatentConditions, codes_of, described
from service.requests.records import PatentInput, classifier_of, record_of
from service.sheets import lists as list_sheets
from service.sheets.documents import XLSX_TYPE
from service.web.attachments import workbook
from service.web.dependencies import Reading, RecordId, Strict, Writing
from service.web.errors import responses
from service.web.versions import Tagged, Versioned, created, read, unchanged, written

router = APIRouter(prefix="/patents", tags=["patents"])


class PatentListConditions(PatentConditions):
    """Conditions of a list of patents."""

    text: str | None = Field(default=None, max_length=200, description="名称或摘要中的词语")
    holder: str | None = Field(default=None, max_length=300, description="专利权人名称（部分）")
    draft: bool | None = Field(default=None, description="缺申请号的草稿（true）或有申请号的专利（false）")
    dormant: bool | None = Field(default=None, description="盘点筛选判为沉睡（true）或非沉睡（false）")


class PatentQuery(PageQuery, PatentListConditions):
    """Page and conditions of a list of patents."""

    sort: str | None = Field(
        default=None,
        description="排序字段：id、application_number、title、filing_date、grant_date、potential（潜力分）；前加 - 为降序",
    )


class PatentSaved(PatentPublic):
    """The stored patent and what was mended or left out of what was submitted."""

    notes: list[str] = Field(description="保存时改动、略去或存疑的内容")


def _checked(
    session: Session, circumstances: Circumstances, data: PatentInput
) -> tuple[PatentCreate, list[str]]:
    record, notes = record_of(patent_kind.KIND, data, classifier_of(session), circumstances)
    return record, notes


def _saved(session: Session, row: Patent, notes: list[str]) -> PatentSaved:
    return PatentSaved(
        **patents_shown.publics(session, [row], today=beijing_today())[0].model_dump(), notes=notes
    )


def _filter(session: Session, wanted: PatentListConditions) -> PatentFilter:
    own = {name: getattr(wanted, name) for name in ("text", "holder", "draft", "dormant")}
    return PatentFilter.model_validate(own | codes_of(session, wanted))


@router.get("", summary="专利列表", operation_id="list_patents", responses=responses(422))
def list_patents(session: Reading, wanted: Annotated[PatentQuery, Query()]) -> Page[PatentPublic]:
    """按文字、专利权人、类型、地区、分类、是否沉睡筛选，分页返回；各条件可用代码，也可用名称。"""
    found = patent_lists.page(session, wanted, _filter(session, wanted))
    items = patents_shown.publics(session, found.rows, today=beijing_today())
    return Page(total=found.total, page=wanted.page, size=wanted.size, items=items)


@router.get(
    "/export.xlsx",
    summary="导出专利清单",
    operation_id="export_patents",
    response_class=Response,
    responses={200: {"content": {XLSX_TYPE: {}}}, **responses(422)},
)
def export_patents(session: Reading, wanted: Annotated[PatentQuery, Query()]) -> Response:
    """符合条件的全部专利，次序与列表相同，为一个 Excel 工作簿；分页参数不起作用。"""
    ids = patent_lists.listed(session, wanted, _filter(session, wanted), at_most=list_sheets.MOST_EXPORTED)
    return workbook(list_sheets.patents_list(session, ids, described(wanted)), "专利清单")


@router.get("/{id:int}", summary="一件专利", operation_id="get_patent", responses=read(404, 422))
def get_patent(session: Reading, version: Versioned, id: RecordId) -> PatentPublic:
    """返回一件专利；`draft` 为真表示缺申请号的草稿，可匹配但不能声明开放许可。"""
    row = patents.get(session, id)
    return version.of(row, patents_shown.publics(session, [row], today=beijing_today())[0])


@router.get(
    "/{id:int}/matches/night",
    summary="一件专利的夜间匹配清单",
    operation_id="list_patent_night_matches",
    responses=responses(404, 422),
)
def list_patent_night_matches(
    session: Reading, id: RecordId, wanted: Annotated[NightQuery, Query()]
) -> NightList[NightNeed]:
    """最近一次夜间批处理为这件专利找到的需求，依名次，附得分及其组成；没有清单时 `notices` 说明原因。"""
    return night_lists.of_patent(session, id, wanted, beijing_today())


@router.post(
    "",
    summary="登记专利",
    operation_id="create_patent",
    status_code=status.HTTP_201_CREATED,
    responses=created(400, 409, 413, 422, 503),
)
def create_patent(session: Writing, circumstances: Strict, tagged: Tagged, data: PatentInput) -> PatentSaved:
    """登记一件新专利，与文件导入经过同样的检查；申请号已存在时返回 409。约十秒后参加匹配。"""
    record, notes = _checked(session, circumstances, data)
    row = patent_edits.create(session, record)
    return tagged.at(f"/patents/{row.id}", row, _saved(session, row, notes), PatentPublic)


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
    record, notes = _checked(session, circumstances, data)
    row = patent_edits.replace(session, id, record)
    return tagged.of(row, _saved(session, row, notes), PatentPublic)
