"""Chances (对接机会) the other way round: from a patent to likely licensees, from a holder to its best open needs."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from matching.answers.results import Evidence
from matching.reverse.chances import (
    Chance,
    ChancePage,
)
from matching.reverse.licensee_parts import PARTS
from matching.reverse.licensee_results import Licensee, LicenseePage
from service.requests.chances import ChanceQuery, LicenseeQuery, chances_page, licensees_page
from service.requests.filters import (
    described,
)
from service.sheets.lists import DEMO, DORMANT, XLSX_TYPE, Listing, Value, workbook_response
from service.sheets.matches import factors_text
from service.web.dependencies import RecordId, RuntimeDep
from service.web.errors import responses

MOST_EXPORTED = 2000
"""Rows of an export: so many chances are looked through by nobody."""

router = APIRouter(tags=["匹配"])

_XLSX: dict[str, Any] = {"content": {XLSX_TYPE: {}}}


@router.get(
    "/patents/{id}/licensees",
    summary="一件专利可能的受让、被许可企业",
    operation_id="list_patent_licensees",
    responses=responses(400, 404, 422, 503),
)
def list_patent_licensees(
    id: RecordId, wanted: Annotated[LicenseeQuery, Query()], runtime: RuntimeDep
) -> LicenseePage:
    """企业按四部分之和排序：征集中的需求、主要产品、行业相符、自有专利；各部分附金额与依据，权重可由运维人员修改。

    得分是参考次序，不是成交概率；专利权人自己不在其中。
    """
    return licensees_page(runtime, id, wanted)


@router.get(
    "/patents/{id}/licensees.xlsx",
    summary="导出可能的受让、被许可企业",
    operation_id="export_patent_licensees",
    response_class=Response,
    responses={200: _XLSX, **responses(400, 404, 422, 503)},
)
def export_patent_licensees(
    id: RecordId, wanted: Annotated[LicenseeQuery, Query()], runtime: RuntimeDep
) -> Response:
    """与列表相同的企业与依据，至多 2000 家，为一个 Excel 工作簿；分页参数不起作用。"""
    first = licensees_page(runtime, id, wanted.model_copy(update=_AT_ONCE))
    conditions = [
        f"专利：{first.patent_title}（编号 {id}）",
        f"共 {first.total} 家，索引 {first.generation}，权重文件 {first.rules}",
        "；".join(f"{name} 权重 {weight}" for name, weight in first.weights.items()),
        *first.notices,
        *described(wanted),
    ]
    rows = (_licensee(item) for item in first.items)
    return workbook_response(Listing("可能的受让企业", LICENSEE_COLUMNS, rows, conditions), "可能的受让企业")


@router.get(
    "/holders/{id:int}/chances",
    summary="专利权人的最佳对接机会",
    operation_id="list_holder_chances",
    responses=responses(404, 422, 503),
)
def list_holder_chances(
    id: RecordId, wanted: Annotated[ChanceQuery, Query()], runtime: RuntimeDep
) -> ChancePage:
    """名下全部专利（含共有）与征集中的需求逐对匹配，得分高的在前；附当日能否开放许可、是否沉睡与潜力分。

    得分与 `GET /patents/{id}/needs` 相同。
    """
    return chances_page(runtime, id, wanted)


@router.get(
    "/holders/{id:int}/chances.xlsx",
    summary="导出专利权人的最佳对接机会",
    operation_id="export_holder_chances",
    response_class=Response,
    responses={200: _XLSX, **responses(404, 422, 503)},
)
def export_holder_chances(
    id: RecordId, wanted: Annotated[ChanceQuery, Query()], runtime: RuntimeDep
) -> Response:
    """与列表相同的（专利，需求）对，至多 2000 对，为一个 Excel 工作簿；分页参数不起作用。"""
    first = chances_page(runtime, id, wanted.model_copy(update=_AT_ONCE))
    conditions = [
        f"专利权人：{first.holder_name}，名下专利 {first.patents} 件，参加匹配 {first.matched} 件",
        f"共 {first.total} 对，索引 {first.generation}",
        *first.notices,
        *described(wanted),
    ]
    rows = (_chance(item) for item in first.items)
    return workbook_response(Listing("最佳对接机会", CHANCE_COLUMNS, rows, conditions), "最佳对接机会")


_AT_ONCE = {"page": 1, "size": MOST_EXPORTED}
"""The page of an export."""

LICENSEE_COLUMNS = (
    ("名次", 6), ("企业名称", 36), ("得分", 10), *((f"其中{part.label}", max(10, 2 * len(part.label) + 4)) for part in PARTS),
    ("资质", 24), ("地区", 12), ("行业", 24), ("最相关的需求", 40), ("需求原文依据", 50), ("主要产品", 36),
    ("专利中最相近的一句", 50), ("行业依据", 36), ("最相近的自有专利", 40), ("企业编号", 10), ("备注", 10),
)  # fmt: skip
CHANCE_COLUMNS = (
    ("名次", 6), ("专利名称", 44), ("申请号", 18), ("第一专利权人", 12), ("得分", 10), ("其中相关度", 10), ("其中因素", 10),
    ("因素（抬高或降低排名）", 44), ("相关度中全文语义", 14), ("相关度中最相近一句", 16), ("相关度中字词", 12),
    ("需求名称", 36), ("需求编号", 18), ("企业", 30), ("需求原文依据", 50), ("开放许可判定", 16), ("判定理由", 40),
    ("沉睡", 10), ("潜力分", 8), ("最后有效日", 12), ("归并的其余机会", 10), ("备注", 10),
)  # fmt: skip


def _amount(value: float) -> Decimal:
    return Decimal(f"{value:.6f}")


def _licensee(item: Licensee) -> Sequence[Value]:
    firm, need, products, own = item.enterprise, item.need, item.products, item.own_patent
    amounts = dict(item.parts)
    return (
        item.rank, firm.name, _amount(item.score), *(_amount(amounts[part.code]) for part in PARTS), "；".join(firm.titles),
        firm.prefecture_name,
        firm.industry_name, need.need.title if need else None, _quoted(need.evidence) if need else None, firm.products,
        _quoted(products.patent_evidence) if products else None, item.industry.text if item.industry else None,
        f"{own.title}（{own.similarity:.3f}）" if own else None, firm.id, DEMO if firm.is_demo else None,
    )  # fmt: skip


def _chance(item: Chance) -> Sequence[Value]:
    patent, need, screening = item.patent, item.need, item.patent.screening
    deciding = item.eligibility.grounds[0].text if item.eligibility.grounds else None
    return (
        item.rank, patent.title, patent.application_number, "是" if item.first_holder else "否", _amount(item.score),
        _amount(item.relevance), _amount(item.score - item.relevance), factors_text(item.factors),
        _amount(item.scores.document), _amount(item.scores.sentence), _amount(item.scores.lexical), need.title, need.code,
        need.enterprise_name, _quoted(item.evidence), item.eligibility.verdict_name, deciding,
        DORMANT[screening.dormant] if screening else None, screening.potential if screening else None,
        patent.last_valid_day, item.more, DEMO if patent.is_demo or need.is_demo else None,
    )  # fmt: skip


def _quoted(evidence: Sequence[Evidence]) -> str:
    return " / ".join(one.sentence for one in evidence)
