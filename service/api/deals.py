"""Deals (交易): recorded, corrected, filed, paid; their evidence, history and export."""

from typing import Annotated

from fastapi import APIRouter, File, Form, Query, Response, UploadFile, status
from fastapi.responses import FileResponse
from pydantic import Field

from catalog.accounts import permissions
from catalog.db import Session
from catalog.deals import deals, evidence
from catalog.deals import edits as deal_edits
from catalog.deals import lists as deal_lists
from catalog.deals import shown as deals_shown
from catalog.deals.deals import Deal, ReceiptCreate
from catalog.deals.evidence import EvidenceFile, EvidencePublic
from catalog.deals.rules import Finding
from catalog.deals.shown import DealEventPublic, DealPublic
from catalog.kit.base import Schema
from catalog.kit.days import beijing_today
from catalog.kit.ids import Id
from catalog.kit.paging import ListPage, Page
from catalog.kit.terms import EvidenceKind
from service.requests.dealings.deal_lists import DealConditions, filter_of
from service.requests.dealings.deals import DealInput, deal_of
from service.requests.field_problems import FieldProblem, InvalidFields
from service.requests.filters import Day, described
from service.requests.lists import MainListQuery, facets_field, sort_field
from service.requests.single import deals as single
from service.requests.single.patches import Patch, merge_patch_of, patched
from service.requests.types import Names, Yuan
from service.sheets.deals import document_of
from service.sheets.documents import XLSX_TYPE, to_xlsx
from service.web.dependencies import Caller, Reading, RecordId, RuntimeDep, Strict, Writing
from service.web.errors import responses
from service.web.files import evidence_files
from service.web.files.attachments import attachment
from service.web.files.uploads import stored_upload
from service.web.repeats import Made
from service.web.rights import may
from service.web.shaped import Shaped, shaped
from service.web.versions import (
    Conditional,
    Tagged,
    Versioned,
    created,
    locked,
    patch_body,
    read,
    removed,
    unchanged,
    written,
)

router = APIRouter(
    prefix="/deals", tags=["deals"], dependencies=[may(permissions.DEALS_READ, permissions.DEALS_WRITE)]
)


DealPatch = Annotated[Patch, patch_body(), merge_patch_of(DealInput, "DealPatch")]


class DealQuery(DealConditions, MainListQuery):
    """Page and conditions of a list of deals."""

    sort: str | None = sort_field(deal_lists.LIST.sorts)
    facets: Names = facets_field(deal_lists.LIST.facets)


class DealSaved(DealPublic):
    """The stored deal and what the rules say of it."""

    warnings: list[Finding] = Field(description="核对中的提示及依据")


class Filing(Schema):
    """The recordal of a deal at CNIPA."""

    filing_number: str = Field(
        min_length=1, max_length=64, description="备案号或公告号", examples=["X2026420000001"]
    )
    filed_on: Day = Field(description="备案日或公告日", examples=["2026-04-01"])


class ReceiptInput(Schema):
    """A payment that arrived."""

    received_on: Day = Field(description="到账日", examples=["2026-03-20"])
    amount: Yuan = Field(description="到账金额（元）", examples=[100000])
    note: str = Field(default="", max_length=500, description="备注")


class Closing(Schema):
    """The reason why a deal no longer stands, and the day from which."""

    reason: str = Field(min_length=1, max_length=500, description="原因", examples=["双方协商解除"])
    ended_on: Day = Field(default=None, description="解除日；不填表示登记有误，作废")


def _public(session: Session, row: Deal) -> DealPublic:
    return deals_shown.publics(session, [row])[0]


def _saved(session: Session, row: Deal, warnings: list[Finding]) -> DealSaved:
    return DealSaved(**_public(session, row).model_dump(), warnings=warnings)


@router.get("", summary="交易列表", operation_id="list_deals", responses=responses(422))
def list_deals(session: Reading, wanted: Annotated[DealQuery, Query()]) -> ListPage[DealPublic]:
    """按种类、各方、专利、地区、细分领域、备案与到账情况、签约日筛选，分页返回。"""
    found = deal_lists.page(session, wanted, filter_of(session, wanted))
    items = deals_shown.publics(session, found.rows)
    return shaped(wanted, found.listed(wanted, items), DealPublic)


@router.get(
    "/export.xlsx",
    summary="导出交易台账",
    operation_id="export_deals",
    response_class=Response,
    responses={200: {"content": {XLSX_TYPE: {}}}, **responses(422)},
)
def export_deals(session: Reading, wanted: Annotated[DealConditions, Query()]) -> Response:
    """与列表相同的筛选条件，全部交易与到账写入一份 Excel，末行合计；金额以万元计。"""
    document = document_of(deal_lists.every(session, filter_of(session, wanted)), described(wanted))
    return attachment(to_xlsx(document), "专利交易台账.xlsx", XLSX_TYPE)


# Only digits: otherwise the address of the export would count as one of a deal too.
@router.get("/{id:int}", summary="一笔交易", operation_id="get_deal", responses=read(404, 422))
def get_deal(session: Reading, version: Versioned, shape: Shaped, id: RecordId) -> DealPublic:
    """一笔交易的各方、专利、到账与证明材料。"""
    row = deals.get(session, id)
    return shaped(shape, version.of(row, _public(session, row)), DealPublic, version.response.headers)


@router.post(
    "",
    summary="登记交易",
    operation_id="create_deal",
    status_code=status.HTTP_201_CREATED,
    responses=created(400, 404, 409, 413, 422),
)
def create_deal(
    session: Writing, circumstances: Strict, caller: Caller, made: Made, data: DealInput
) -> DealSaved:
    """登记转让、许可、作价入股或质押。违反规则的不予登记并说明依据，存疑的在 `warnings` 中提示。

    登记后相应的运用记录即时生效：例如独占许可立即影响该专利的开放许可资格。
    """
    row, warnings = deal_edits.create(
        session, deal_of(data, circumstances), actor=caller, today=circumstances.today
    )
    return made.at(f"/deals/{row.id}", row, _saved(session, row, warnings), DealPublic)


@router.put(
    "/{id:int}",
    summary="更正交易",
    operation_id="update_deal",
    responses=written(400, 404, 409, 413, 422),
    dependencies=[unchanged(Deal)],
)
def update_deal(
    session: Writing, circumstances: Strict, caller: Caller, tagged: Tagged, id: RecordId, data: DealInput
) -> DealSaved:
    """以提交的内容整体替换，原内容留在历史中；运用记录随之更正。"""
    row, warnings = single.replace(session, circumstances, id, data, actor=caller)
    return tagged.of(row, _saved(session, row, warnings), DealPublic)


@router.patch(
    "/{id:int}",
    summary="修改交易的部分内容",
    operation_id="patch_deal",
    responses=written(400, 404, 409, 413, 422),
    dependencies=[unchanged(Deal)],
)
def patch_deal(
    session: Writing, circumstances: Strict, caller: Caller, tagged: Tagged, id: RecordId, patch: DealPatch
) -> DealSaved:
    """只改提交的字段（JSON Merge Patch，RFC 7396），`null` 为清空；其余不变，原内容留在历史中。"""
    data = patched(DealInput, single.form(session, deals.get(session, id)), patch)
    row, warnings = single.replace(session, circumstances, id, data, actor=caller)
    return tagged.of(row, _saved(session, row, warnings), DealPublic)


@router.post(
    "/{id:int}/filing",
    summary="登记备案",
    operation_id="file_deal",
    responses=written(400, 404, 409, 413, 422),
    dependencies=[unchanged(Deal)],
)
def file_deal(session: Writing, caller: Caller, tagged: Tagged, id: RecordId, data: Filing) -> DealSaved:
    """登记国家知识产权局的备案号（公告号）与日期；关联的对接事项进入“备案”。"""
    if data.filed_on is None:
        raise InvalidFields([FieldProblem(field="filed_on", value="", reason="缺少必填项")])
    warnings = deal_edits.file(
        session, id, data.filing_number, data.filed_on, actor=caller, today=beijing_today()
    )
    row = deals.get(session, id)
    return tagged.of(row, _saved(session, row, warnings), DealPublic)


@router.post(
    "/{id:int}/receipts",
    summary="登记到账",
    operation_id="create_receipt",
    status_code=status.HTTP_201_CREATED,
    responses=created(400, 404, 409, 412, 413, 422, 428),
    dependencies=[unchanged(Deal)],
)
def create_receipt(
    session: Writing, caller: Caller, made: Made, id: RecordId, data: ReceiptInput
) -> DealSaved:
    """登记一笔到账；合计超过合同金额的不予登记。关联的对接事项进入“到账”。"""
    _, warnings = deal_edits.receive(session, id, _receipt(data), actor=caller, today=beijing_today())
    row = deals.get(session, id)
    return made.at(f"/deals/{id}", row, _saved(session, row, warnings), DealPublic)


def _receipt(data: ReceiptInput) -> ReceiptCreate:
    missing = [name for name in ("received_on", "amount") if getattr(data, name) is None]
    if missing:
        raise InvalidFields([FieldProblem(field=name, value="", reason="缺少必填项") for name in missing])
    if not data.amount:
        raise InvalidFields([FieldProblem(field="amount", value="0", reason="应大于 0")])
    return ReceiptCreate.model_validate(data.model_dump())


@router.delete(
    "/{id:int}/receipts/{receipt_id}",
    summary="删除到账记录",
    operation_id="delete_receipt",
    responses=written(404, 409, 422),
    dependencies=[unchanged(Deal)],
)
def delete_receipt(
    session: Writing, caller: Caller, tagged: Tagged, id: RecordId, receipt_id: RecordId
) -> DealPublic:
    """删除登记有误的到账；须先移除其证明材料。内容留在历史中。"""
    deal_edits.remove_receipt(session, id, receipt_id, actor=caller)
    row = deals.get(session, id)
    return tagged.of(row, _public(session, row))


@router.post(
    "/{id:int}/closing",
    summary="解除或作废交易",
    operation_id="close_deal",
    responses=written(400, 404, 409, 413, 422),
    dependencies=[unchanged(Deal)],
)
def close_deal(session: Writing, caller: Caller, tagged: Tagged, id: RecordId, data: Closing) -> DealPublic:
    """填写解除日为解除：许可与质押自该日终止；不填为登记有误、作废：撤回由它产生的运用记录。历史均保留。"""
    if data.ended_on:
        row = deal_edits.end(session, id, data.ended_on, data.reason, actor=caller, today=beijing_today())
    else:
        row = deal_edits.void(session, id, data.reason, actor=caller)
    return tagged.of(row, _public(session, row))


@router.get(
    "/{id:int}/history", summary="交易的历史", operation_id="get_deal_history", responses=responses(404, 422)
)
def get_deal_history(session: Reading, id: RecordId) -> Page[DealEventPublic]:
    """登记以来的每一步：时间、办理人和更正前后的内容。"""
    deals.get(session, id)
    return Page.whole(deals_shown.history(deals.events(session, id)))


@router.post(
    "/{id:int}/evidence",
    summary="上传证明材料",
    operation_id="create_evidence",
    status_code=status.HTTP_201_CREATED,
    responses=created(400, 404, 409, 412, 413, 422, 428),
)
def create_evidence(
    runtime: RuntimeDep,
    caller: Caller,
    condition: Conditional,
    tagged: Tagged,
    id: RecordId,
    file: Annotated[UploadFile, File(description="PDF、OFD、JPG、PNG、DOCX 或 XLSX，不超过 20 MB")],
    kind: Annotated[EvidenceKind, Form(description="材料种类")],
    receipt_id: Annotated[Id | None, Form(description="所证明的到账记录；缺省为整个交易")] = None,
) -> EvidencePublic:
    """合同、发票、收付款凭证、转账记录等。按内容核对类型，以 SHA-256 保存，只供下载。"""
    folder = runtime.settings.evidence_dir
    with runtime.database.read() as session:
        deals.get(session, id)
    with stored_upload(file, runtime.settings.uploads_dir) as path:
        stored = evidence_files.store(folder, path)
        row = EvidenceFile(
            deal_id=id,
            receipt_id=receipt_id,
            kind=kind,
            file_name=path.name,
            media_type=stored.media_type,
            size=stored.size,
            sha256=stored.sha256,
            actor=caller,
        )
    with runtime.database.write() as session:
        condition.check(locked(session, Deal, str(id)))
        stored_row = evidence.add(session, row)
        tagged.of(deals.get(session, id), _public(session, deals.get(session, id)))
        tagged.located(f"/deals/{id}/evidence/{stored_row.id}")
        return evidence.public(stored_row)


@router.get(
    "/{id:int}/evidence/{evidence_id}",
    summary="下载证明材料",
    operation_id="get_evidence",
    response_class=FileResponse,
    responses={200: {"content": {"application/octet-stream": {}}}, **responses(404, 422)},
)
def get_evidence(session: Reading, runtime: RuntimeDep, id: RecordId, evidence_id: RecordId) -> FileResponse:
    """下载一份材料；文件丢失或被改动时返回 404。"""
    row = evidence.get(session, id, evidence_id)
    path = evidence_files.found(runtime.settings.evidence_dir, row.sha256)
    return FileResponse(path, media_type=row.media_type, filename=row.file_name)


@router.delete(
    "/{id:int}/evidence/{evidence_id}",
    summary="移除证明材料",
    operation_id="delete_evidence",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=removed(404, 422),
    dependencies=[unchanged(Deal)],
)
def delete_evidence(session: Writing, caller: Caller, id: RecordId, evidence_id: RecordId) -> None:
    """移除误传的材料；名称与 SHA-256 留在交易的历史中。"""
    evidence.remove(session, id, evidence_id, actor=caller)
