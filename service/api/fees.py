"""The fee bench (许可费测算)."""

from typing import Annotated

from fastapi import APIRouter, Body, Query, Response

from assessment.fees import rules as fee_rules
from assessment.fees.models import FeeInput, FeeSheet
from assessment.fees.rules import FeeRules
from catalog.accounts import permissions
from catalog.kit.days import beijing_today
from service.requests.dealings.fees import estimate_from_catalogue
from service.sheets.documents import DOCX_TYPE, XLSX_TYPE, to_docx, to_xlsx
from service.sheets.fees import document_of
from service.web.dependencies import Reading, RuntimeDep
from service.web.errors import responses
from service.web.files.attachments import DocumentFormat, attachment
from service.web.rights import may

router = APIRouter(prefix="/fees", tags=["fees"], dependencies=[may(permissions.FEES_ESTIMATE)])

EXAMPLE = {
    "title": "一种锂离子电池低温自加热装置",
    "licensor": "示例理工大学",
    "licensee": "示例新能源有限公司",
    "licensees": 3,
    "years": 3,
    "starts_on": "2026-01-01",
    "industry": "3841",
    "own_use": {"annual_revenue": 5000000, "margin": 12, "share": 25},
    "earlier": {"fee": 300000, "years": 3, "licence_type": "exclusive"},
    "international": "electrical",
    "valuation": {"value": 1000000, "discount": 10},
    "forecast": {"net_sales": 8000000, "growth": 10, "profit": 15},
    "owner": {"kind": "invention", "filing_date": "2018-03-01"},
}
Asked = Annotated[FeeInput, Body(examples=[EXAMPLE])]


@router.post("", summary="测算许可费", operation_id="estimate_fee", responses=responses(400, 404, 413, 422))
def estimate_fee(session: Reading, runtime: RuntimeDep, data: Asked) -> FeeSheet:
    """五种方法并列，附取值、来源与代入数字的算式；缺资料的方法说明缺什么。另给出各种支付方式的现金流、年费减缴与发明人分成。

    算法为本系统自行拟定（结构依国知办发运字〔2022〕56号）；超过一般上限只提示、不拒绝。金额单位为元。
    """
    return estimate_from_catalogue(session, data, runtime.settings.data, beijing_today())


@router.post(
    "/document",
    summary="许可费协商参考表",
    operation_id="create_fee_document",
    response_class=Response,
    responses={200: {"content": {DOCX_TYPE: {}, XLSX_TYPE: {}}}, **responses(400, 404, 413, 422)},
)
def create_fee_document(
    session: Reading,
    runtime: RuntimeDep,
    data: Asked,
    format: Annotated[
        DocumentFormat, Query(description="docx（Word）或 xlsx（Excel）")
    ] = DocumentFormat.DOCX,
) -> Response:
    """与“测算许可费”相同的内容，写成供双方协商的 Word 或 Excel，金额以万元计。"""
    document = document_of(estimate_from_catalogue(session, data, runtime.settings.data, beijing_today()))
    if format is DocumentFormat.DOCX:
        return attachment(to_docx(document), "许可费协商参考表.docx", DOCX_TYPE)
    return attachment(to_xlsx(document), "许可费协商参考表.xlsx", XLSX_TYPE)


@router.get("/rules", summary="许可费测算规则", operation_id="get_fee_rules", responses=responses(422))
def get_fee_rules(runtime: RuntimeDep) -> FeeRules:
    """一对多系数、上限、惯例费率、全国公开统计及其来源与版本；由数据目录下的 fees.toml 替换。"""
    return fee_rules.load(runtime.settings.data)
