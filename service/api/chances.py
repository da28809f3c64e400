"""Chances (对接机会) the other way round: from a patent to likely licensees, from a holder to its best open needs."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from catalog.accounts import permissions
from matching.reverse.chances import Chance, ChancePage
from matching.reverse.licensee_results import Licensee, LicenseePage
from service.requests.chances import ChanceQuery, LicenseeQuery, chances_page, licensees_page
from service.requests.filters import described
from service.sheets.chances import chances_list, licensees_list
from service.sheets.documents import XLSX_TYPE
from service.web.dependencies import RecordId, RuntimeDep
from service.web.errors import responses
from service.web.files.attachments import workbook
from service.web.rights import may
from service.web.shaped import shaped

MOST_EXPORTED = 2000
"""Rows of an export: so many chances are looked through by nobody."""

router = APIRouter(tags=["matches"], dependencies=[may(permissions.CHANCES_READ)])

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
    return shaped(wanted, licensees_page(runtime, id, wanted), Licensee)


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
    found = licensees_page(runtime, id, wanted.model_copy(update=_AT_ONCE))
    return workbook(licensees_list(found, described(wanted)), "可能的受让企业")


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
    return shaped(wanted, chances_page(runtime, id, wanted), Chance)


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
    found = chances_page(runtime, id, wanted.model_copy(update=_AT_ONCE))
    return workbook(chances_list(found, described(wanted)), "最佳对接机会")


_AT_ONCE = {"page": 1, "size": MOST_EXPORTED}
"""The page of an export."""
