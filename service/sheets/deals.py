"""Deals as an Excel workbook: one row a deal, and one row a payment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from catalog.deals.shown import DealPublic, PartyPublic
from service.sheets.documents import Cell, PrintedDocument, Section
from service.sheets.fees import wan

HEADINGS = (
    "合同编号",
    "交易种类",
    "许可方式",
    "申请号",
    "专利名称",
    "出让方",
    "出让方地区",
    "受让方",
    "受让方地址",
    "受让方地区",
    "支付方式",
    "合同金额（万元）",
    "提成比例（%）",
    "提成基数",
    "到账金额（万元）",
    "未到账（万元）",
    "签约日",
    "生效日",
    "期限止",
    "备案号",
    "备案日",
    "出让方国企层级",
    "三方合同",
    "专利服务机构",
    "服务机构信用代码",
    "服务机构资助（万元）",
    "资助测算",
    "状态",
    "证明材料（份）",
    "备注",
)


def _names(parties: Sequence[PartyPublic]) -> str:
    return "；".join(party.name for party in parties)


def _row(deal: DealPublic) -> list[Cell]:
    giver, taker, subsidy = deal.givers[0], deal.takers[0], deal.broker_subsidy
    days = [deal.signed_on, deal.starts_on, deal.ends_on]
    return [
        deal.code,
        deal.kind_name,
        deal.licence_type_name,
        "；".join(patent.application_number or "" for patent in deal.patents),
        "；".join(patent.title for patent in deal.patents),
        _names(deal.givers),
        giver.region_name,
        _names(deal.takers),
        taker.address,
        taker.region_name,
        deal.payment_form_name,
        wan(deal.contract_amount),
        deal.royalty_rate,
        deal.royalty_base_name,
        wan(deal.received),
        wan(deal.outstanding),
        *(str(day) if day else None for day in days),
        deal.filing_number,
        str(deal.filed_on) if deal.filed_on else None,
        deal.giver_level_name,
        "是" if deal.three_party else "否",
        deal.broker,
        deal.broker_credit_code,
        wan(subsidy.amount) if subsidy else None,
        subsidy.state if subsidy else None,
        deal.status_name,
        len(deal.evidence),
        deal.note,
    ]


def document_of(found: Iterable[DealPublic], conditions: Sequence[str]) -> PrintedDocument:
    """The deals and their payments as a document."""
    deals = list(found)
    payments: list[list[Cell]] = [
        [deal.code, str(receipt.received_on), wan(receipt.amount), len(receipt.evidence), receipt.note]
        for deal in deals
        for receipt in deal.receipts
    ]
    amount = sum((deal.contract_amount or Decimal(0) for deal in deals), Decimal(0))
    received = sum((deal.received for deal in deals), Decimal(0))
    total: list[Cell] = [None] * len(HEADINGS)
    total[0] = "合计"
    total[HEADINGS.index("合同金额（万元）")] = wan(amount)
    total[HEADINGS.index("到账金额（万元）")] = wan(received)
    return PrintedDocument(
        "专利交易台账",
        [f"筛选条件：{'；'.join(conditions) or '无'}", f"交易 {len(deals)} 笔"],
        [
            Section("交易", HEADINGS, [*(_row(deal) for deal in deals), total]),
            Section("到账", ["合同编号", "到账日", "金额（万元）", "证明材料（份）", "备注"], payments),
        ],
    )
