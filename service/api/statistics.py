"""Statistics by industry segment, and of the recorded contracts by industry (统计)."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from catalog.accounts import permissions
from catalog.kit.days import beijing_today
from catalog.kit.paging import Page, PageQuery
from catalog.statistics import contracts as contract_statistics
from catalog.statistics import matches as match_statistics
from catalog.statistics import segments as segment_statistics
from catalog.statistics.contracts import ContractStatistics
from catalog.statistics.matches import MatchFilter, MatchLine
from catalog.statistics.segments import SegmentReport
from service.requests.dealings.deal_lists import Holder, SegmentConditions, segment_filter
from service.requests.dealings.fees import industry_of
from service.requests.filters import Day, FilterInput, Values, described, resolve, values_field
from service.sheets.documents import XLSX_TYPE, to_xlsx
from service.sheets.segment_sources import workbook
from service.web.dependencies import Reading
from service.web.errors import responses
from service.web.files.attachments import attachment
from service.web.rights import may

router = APIRouter(prefix="/statistics", tags=["statistics"], dependencies=[may(permissions.STATISTICS_READ)])


class MatchLinePage(Page[MatchLine]):
    """A page of the night's matches, what is counted of them, and why there may be none."""

    run_id: int | None = Field(description="夜间批处理的编号")
    counted: str = Field(description="计入的匹配")
    notes: list[str] = Field(description="没有或不全的原因")


class MatchConditions(PageQuery):
    """Conditions on the night's matches."""

    sort: None = Field(default=None, description="不可排序：依需求与名次")
    segment: Values = values_field("产业细分领域的代码或名称", "HB01")
    region: Values = values_field("需求所在地区的代码或名称", "420100")
    holder: Holder = Field(default=None, description="专利权人名称（部分）")
    until: Day = Field(default=None, description="取此日及以前最后一次夜间匹配")


@router.get(
    "/segments",
    summary="按细分领域统计",
    operation_id="get_segment_statistics",
    responses=responses(422, 503),
)
def get_segment_statistics(session: Reading, wanted: Annotated[SegmentConditions, Query()]) -> SegmentReport:
    """匹配、开放许可声明、交易及金额，按现用产业目录的细分领域列出，附目录版本与计数规则；合计不重复计算。"""
    return segment_statistics.report(session, segment_filter(session, wanted))


@router.get(
    "/segments.xlsx",
    summary="导出细分领域统计",
    operation_id="export_segment_statistics",
    response_class=Response,
    responses={200: {"content": {XLSX_TYPE: {}}}, **responses(422, 503)},
)
def export_segment_statistics(session: Reading, wanted: Annotated[SegmentConditions, Query()]) -> Response:
    """与“按细分领域统计”相同的数字，另附交易、声明与匹配的明细；金额以万元计。"""
    document = workbook(session, segment_filter(session, wanted), described(wanted))
    return attachment(to_xlsx(document), "产业细分领域统计.xlsx", XLSX_TYPE)


@router.get(
    "/matches", summary="细分领域的匹配", operation_id="list_segment_matches", responses=responses(422, 503)
)
def list_segment_matches(session: Reading, wanted: Annotated[MatchConditions, Query()]) -> MatchLinePage:
    """最近一次夜间匹配中匹配程度为高、中的（需求，专利），按细分领域、地区、专利权人筛选，分页返回。"""
    codes = resolve(session, FilterInput(segment=wanted.segment, region=wanted.region))
    where = MatchFilter(
        segment=list(codes.segment),
        region=list(codes.region),
        holder=wanted.holder,
        until=wanted.until,
        today=beijing_today(),
    )
    found = match_statistics.matches(session, where, offset=wanted.offset, limit=wanted.size)
    return MatchLinePage(page=wanted.page, size=wanted.size, **dict(found))


@router.get(
    "/contracts",
    summary="许可合同统计",
    operation_id="get_contract_statistics",
    responses=responses(422),
)
def get_contract_statistics(
    session: Reading,
    industry: Annotated[
        str | None,
        Query(max_length=100, description="国民经济行业代码或名称；缺省为全部行业", examples=["3841"]),
    ] = None,
) -> ContractStatistics:
    """登记的普通与开放许可合同的平均数；不超过 20 份时不公布，改用上级行业并说明。"""
    return contract_statistics.of_industry(session, industry_of(industry) if industry else None)
