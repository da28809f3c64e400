"""Deals as shown to users, with parties, patents, receipts and subsidies."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlmodel import Field, Session, SQLModel, col

from catalog.deals import evidence, subsidies
from catalog.deals.deals import Deal, DealBase, DealEvent, DealParty, DealPatent, Receipt
from catalog.deals.evidence import EvidencePublic
from catalog.deals.subsidies import Subsidy
from catalog.kit.base import Stamps, id_column, id_of
from catalog.kit.money import Money
from catalog.kit.terms import (
    DealAction,
    DealKind,
    DealStatus,
    HolderKind,
    LicenceType,
    PartySide,
    PaymentForm,
    PledgeConsent,
    RoyaltyBase,
    StateLevel,
    Term,
)
from catalog.reference.lists import region_name
from catalog.supply.patents import Patent

NOTHING = Decimal("0.00")


class PartyPublic(SQLModel):
    """A party as shown to users."""

    name: str = Field(description="名称")
    kind: HolderKind = Field(description="类型")
    kind_name: str = Field(description="类型的中文名称")
    credit_code: str | None = Field(description="统一社会信用代码")
    country: str = Field(description="国别")
    address: str = Field(description="地址")
    province: str | None = Field(description="省级行政区划代码（GB/T 2260）")
    prefecture: str | None = Field(description="地级行政区划代码（GB/T 2260）")
    region_name: str | None = Field(description="地区名称")
    holder_id: int | None = Field(description="系统中专利权人的编号；未登记为空")
    enterprise_id: int | None = Field(description="系统中企业的编号；未登记为空")


class DealPatentPublic(SQLModel):
    """A patent of a deal as shown to users."""

    patent_id: int = Field(description="专利的编号")
    application_number: str | None = Field(description="申请号；草稿为空")
    title: str = Field(description="专利名称")


class ReceiptPublic(SQLModel):
    """A payment as shown to users."""

    id: int = Field(description="到账记录的编号")
    received_on: date = Field(description="到账日期")
    amount: Money = Field(description="金额（元）")
    note: str = Field(description="说明")
    evidence: list[int] = Field(description="证明材料的编号")


class DealPublic(DealBase, Stamps):
    """A deal as shown to users."""

    id: int = Field(description="交易的编号")
    code: str = Field(description="代码")
    contract_amount: Money | None = Field(description="合同金额（元）；提成合同为固定部分，质押为融资金额")
    kind_name: str = Field(description="种类的中文名称")
    licence_type_name: str | None = Field(description="许可方式的中文名称；非许可为空")
    payment_form_name: str | None = Field(description="支付方式的中文名称")
    royalty_base_name: str | None = Field(description="提成基数的中文名称")
    giver_level_name: str | None = Field(description="出让方层级的中文名称")
    pledge_consent_name: str | None = Field(description="质权人是否同意的中文说明")
    status: DealStatus = Field(description="交易状态")
    status_name: str = Field(description="状态的中文名称")
    ended_on: date | None = Field(description="终止日期；未终止为空")
    ended_reason: str = Field(description="终止或作废的原因")
    patents: list[DealPatentPublic] = Field(description="涉及的专利")
    givers: list[PartyPublic] = Field(description="出让方、许可方，第一位在前")
    takers: list[PartyPublic] = Field(description="受让方、被许可方，第一位在前")
    received: Money = Field(description="实际到账合计（元）")
    outstanding: Money | None = Field(description="合同金额中未到账的部分（元）")
    receipts: list[ReceiptPublic] = Field(description="到账记录")
    evidence: list[EvidencePublic] = Field(description="证明材料")
    broker_subsidy: Subsidy | None = Field(description="三方合同的专利服务机构资助测算，仅供参考")
    is_demo: bool = Field(description="是否为演示数据")


class DealEventPublic(SQLModel):
    """A step in the history of a deal as shown to users."""

    at: datetime = Field(description="时间")
    actor: str = Field(description="操作者：命令行，或接口密钥的名称")
    action: DealAction = Field(description="操作")
    action_name: str = Field(description="操作的中文名称")
    changes: dict[str, Any] = Field(description="改动的字段及前后内容")


def history(rows: Sequence[DealEvent]) -> list[DealEventPublic]:
    """The steps as shown to users."""
    return [
        DealEventPublic(
            at=row.at,
            actor=row.actor,
            action=DealAction(row.action),
            action_name=DealAction(row.action).label,
            changes=row.changes,
        )
        for row in rows
    ]


def publics(session: Session, rows: Sequence[Deal]) -> list[DealPublic]:
    """The deals as shown to users, in the order given."""
    ids = [id_of(row) for row in rows]
    named, parties = _patents(session, ids), _parties(session, ids)
    paid, proof = _receipts(session, ids), evidence.of_deals(session, ids)
    applied = subsidies.of_deals(session, rows)
    return [
        _public(
            row,
            named.get(id_of(row), []),
            parties,
            paid.get(id_of(row), []),
            [evidence.public(e) for e in proof.get(id_of(row), [])],
            applied.get(id_of(row)),
        )
        for row in rows
    ]


def _label(term: Term | None) -> str | None:
    return term.label if term else None


def _public(
    row: Deal,
    named: list[DealPatentPublic],
    parties: dict[tuple[int, PartySide], list[PartyPublic]],
    paid: Sequence[Receipt],
    proof: list[EvidencePublic],
    subsidy: Subsidy | None,
) -> DealPublic:
    deal_id, received = id_of(row), sum((receipt.amount for receipt in paid), NOTHING)
    return DealPublic(
        **row.model_dump(exclude={"import_id"}),
        kind_name=DealKind(row.kind).label,
        licence_type_name=_label(LicenceType(row.licence_type) if row.licence_type else None),
        payment_form_name=_label(PaymentForm(row.payment_form) if row.payment_form else None),
        royalty_base_name=_label(RoyaltyBase(row.royalty_base) if row.royalty_base else None),
        giver_level_name=_label(StateLevel(row.giver_level) if row.giver_level else None),
        pledge_consent_name=_label(PledgeConsent(row.pledge_consent) if row.pledge_consent else None),
        status_name=DealStatus(row.status).label,
        patents=named,
        givers=parties.get((deal_id, PartySide.GIVER), []),
        takers=parties.get((deal_id, PartySide.TAKER), []),
        received=received,
        outstanding=None if row.contract_amount is None else max(row.contract_amount - received, NOTHING),
        receipts=[
            ReceiptPublic(
                **receipt.model_dump(include={"id", "received_on", "amount", "note"}),
                evidence=[e.id for e in proof if e.receipt_id == receipt.id],
            )
            for receipt in paid
        ],
        evidence=proof,
        broker_subsidy=subsidy,
    )


def _patents(session: Session, ids: Sequence[int]) -> dict[int, list[DealPatentPublic]]:
    found: dict[int, list[DealPatentPublic]] = {}
    query = (
        select(col(DealPatent.deal_id), id_column(Patent), col(Patent.application_number), col(Patent.title))
        .join(Patent, col(Patent.id) == col(DealPatent.patent_id))
        .where(col(DealPatent.deal_id).in_(list(ids)))
        .order_by(col(DealPatent.position))
    )
    for deal_id, patent_id, number, title in session.execute(query):
        one = DealPatentPublic(patent_id=patent_id, application_number=number, title=title)
        found.setdefault(deal_id, []).append(one)
    return found


def _parties(session: Session, ids: Sequence[int]) -> dict[tuple[int, PartySide], list[PartyPublic]]:
    found: dict[tuple[int, PartySide], list[PartyPublic]] = {}
    query = select(DealParty).where(col(DealParty.deal_id).in_(list(ids)))
    for row in session.execute(query.order_by(col(DealParty.position))).scalars():
        shown = set(PartyPublic.model_fields) - {"kind_name", "region_name"}
        party = PartyPublic(
            **row.model_dump(include=shown),
            kind_name=HolderKind(row.kind).label,
            region_name=region_name(row.prefecture or row.province),
        )
        found.setdefault((row.deal_id, PartySide(row.side)), []).append(party)
    return found


def _receipts(session: Session, ids: Sequence[int]) -> dict[int, list[Receipt]]:
    found: dict[int, list[Receipt]] = {}
    query = select(Receipt).where(col(Receipt.deal_id).in_(list(ids)))
    for row in session.execute(query.order_by(col(Receipt.received_on), col(Receipt.id))).scalars():
        found.setdefault(row.deal_id, []).append(row)
    return found
