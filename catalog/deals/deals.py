"""Deals (交易): transfers, licences, equity contributions and pledges of patents, as contracts record them.

Parties are in order: the first giver is the first patentee before, the first taker the first patentee after
(财办建〔2021〕23号, annex, indicators 1 and 2). Writing is in `catalog.deals.edits`, lists in `catalog.deals.lists`, rules
in `catalog.deals.rules`.
"""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Self

from pydantic import model_validator
from pydantic_core import to_jsonable_python
from sqlalchemy import JSON, Numeric, Text, select
from sqlmodel import Field, Session, SQLModel, col

from catalog.kit.base import NEVER_TWICE, Schema, Timestamps, UtcDateTime, enum_type, now
from catalog.kit.errors import NotFound
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
)
from catalog.law.years import EARLIEST
from catalog.webhooks.events import DEAL_CHANGED, DEAL_RECORDED
from catalog.webhooks.outbox import announce

CHINA = "CN"


class DealBase(Schema):
    """The terms of the contract."""

    code: str | None = Field(default=None, max_length=64, description="合同编号；缺省时自动编号")
    kind: DealKind = Field(sa_type=enum_type(DealKind), description="交易种类")
    licence_type: LicenceType | None = Field(
        default=None, sa_type=enum_type(LicenceType), description="许可方式"
    )
    payment_form: PaymentForm | None = Field(
        default=None, sa_type=enum_type(PaymentForm), description="支付方式"
    )
    contract_amount: Decimal | None = Field(
        default=None,
        ge=0,
        sa_type=Numeric(18, 2),
        description="合同金额（元）；提成合同为固定部分，质押为融资金额",
    )
    royalty_rate: Decimal | None = Field(
        default=None, gt=0, le=100, sa_type=Numeric(6, 3), description="提成比例（%）"
    )
    royalty_base: RoyaltyBase | None = Field(
        default=None, sa_type=enum_type(RoyaltyBase), description="提成基数"
    )
    signed_on: date = Field(description="签约日")
    starts_on: date | None = Field(default=None, description="生效日；缺省为签约日")
    ends_on: date | None = Field(default=None, description="许可或质押期限止")
    territory: str = Field(default="全国", max_length=100, description="许可地域")
    giver_level: StateLevel | None = Field(
        default=None,
        sa_type=enum_type(StateLevel),
        description="出让方（第一位）为国有企业的，其层级",
    )
    pledge_consent: PledgeConsent | None = Field(
        default=None, sa_type=enum_type(PledgeConsent), description="质权人是否同意开放许可"
    )
    three_party: bool = Field(default=False, description="是否有专利服务机构参加的三方合同")
    broker: str = Field(default="", max_length=300, description="促成交易的专利服务机构")
    broker_credit_code: str | None = Field(
        default=None, max_length=18, description="专利服务机构的统一社会信用代码；资助上限按同一代码累计"
    )
    filing_number: str = Field(default="", max_length=64, description="国家知识产权局备案号或公告号")
    filed_on: date | None = Field(default=None, description="备案日或公告日")
    note: str = Field(default="", max_length=2000, sa_type=Text, description="备注")


class Deal(DealBase, Timestamps, table=True):
    """A deal, known by its code."""

    __tablename__ = "deals"
    __table_args__ = NEVER_TWICE
    __noted_as__ = "deal"

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(max_length=64, unique=True, description="合同编号；未给出时由内容自动编号")
    signed_on: date = Field(index=True, description="签约日")
    status: DealStatus = Field(
        default=DealStatus.VALID, sa_type=enum_type(DealStatus), description="登记状态"
    )
    ended_on: date | None = Field(default=None, description="解除日")
    ended_reason: str = Field(default="", max_length=500, description="解除或作废的原因")
    import_id: int | None = Field(default=None, foreign_key="imports.id")
    is_demo: bool = False


class DealPatent(SQLModel, table=True):
    """A patent that a deal is about."""

    __tablename__ = "deal_patents"

    deal_id: int = Field(foreign_key="deals.id", primary_key=True)
    position: int = Field(primary_key=True)
    patent_id: int = Field(foreign_key="patents.id", index=True)


class PartyRef(Schema):
    """A party to a deal, with its address on the patent register."""

    name: str = Field(min_length=1, max_length=300, description="名称")
    kind: HolderKind = Field(default=HolderKind.UNKNOWN, sa_type=enum_type(HolderKind))
    credit_code: str | None = Field(default=None, max_length=18, description="统一社会信用代码")
    country: str = Field(default=CHINA, regex=r"^[A-Z]{2}$", max_length=2, description="国家或地区代码")
    address: str = Field(default="", max_length=500, description="专利登记簿记载的地址")
    province: str | None = Field(default=None, max_length=6)
    prefecture: str | None = Field(default=None, max_length=6)


class DealParty(PartyRef, table=True):
    """A party; position 0 is the first patentee of its side."""

    __tablename__ = "deal_parties"

    deal_id: int = Field(foreign_key="deals.id", primary_key=True)
    side: PartySide = Field(primary_key=True, sa_type=enum_type(PartySide))
    position: int = Field(primary_key=True)
    name_key: str = Field(max_length=300, index=True)
    holder_id: int | None = Field(default=None, foreign_key="holders.id", index=True)
    enterprise_id: int | None = Field(default=None, foreign_key="enterprises.id", index=True)


class ReceiptCreate(Schema):
    """A payment that arrived."""

    received_on: date = Field(description="到账日")
    amount: Decimal = Field(gt=0, max_digits=17, decimal_places=2, description="到账金额（元）")
    note: str = Field(default="", max_length=500, description="备注")


class Receipt(Timestamps, table=True):
    """A payment that arrived under a deal (实际到账)."""

    __tablename__ = "deal_receipts"
    __table_args__ = NEVER_TWICE

    id: int | None = Field(default=None, primary_key=True)
    deal_id: int = Field(foreign_key="deals.id", index=True)
    received_on: date
    amount: Decimal = Field(sa_type=Numeric(18, 2))
    note: str = Field(default="", max_length=500)


class DealEvent(SQLModel, table=True):
    """One step in the history of a deal: who did what when, and what it replaced."""

    __tablename__ = "deal_events"
    __table_args__ = NEVER_TWICE

    id: int | None = Field(default=None, primary_key=True)
    deal_id: int = Field(foreign_key="deals.id", index=True)
    at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    actor: str = Field(default="", max_length=100)
    action: str = Field(max_length=24)
    changes: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


class DealCreate(DealBase):
    """A new deal; patents are named by canonical application number, parties in order."""

    application_numbers: list[str] = Field(min_length=1, max_length=500, description="专利申请号")
    givers: list[PartyRef] = Field(min_length=1, max_length=50, description="出让方，第一专利权人在前")
    takers: list[PartyRef] = Field(min_length=1, max_length=50, description="受让方，第一专利权人在前")

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        problems = list(_contradictions(self))
        if problems:
            raise ValueError("；".join(problems))
        return self


class DealStated(DealCreate):
    """A deal as a register states it, with all that was paid so far."""

    received_total: Decimal | None = Field(default=None, ge=0, description="到账合计（元）")
    received_on: date | None = Field(default=None, description="最近一次到账日")


def _contradictions(data: DealCreate) -> list[str]:
    """Contradictions within a deal, independent of the rest of the catalogue."""
    found = []
    is_licence, is_pledge = data.kind == DealKind.LICENCE, data.kind == DealKind.PLEDGE
    if is_licence and data.licence_type is None:
        found.append("许可交易没有许可方式（普通、排他、独占、开放）")
    if not is_licence and data.licence_type is not None:
        found.append(f"{data.kind.label}交易不应有许可方式")
    if not is_pledge and data.pledge_consent is not None:
        found.append(f"{data.kind.label}交易不应有质权人同意")
    if data.payment_form == PaymentForm.FREE and (data.contract_amount or data.royalty_rate):
        found.append("支付方式为“免费”，却又填写了合同金额或提成比例")
    if (data.royalty_rate is None) != (data.royalty_base is None):
        found.append("提成比例与提成基数应同时填写")
    if data.three_party and not data.broker:
        found.append("三方合同应写明专利服务机构")
    if data.broker_credit_code and not data.broker:
        found.append("填写了专利服务机构的信用代码，却没有写其名称")
    if doubled := sorted({n for n in data.application_numbers if data.application_numbers.count(n) > 1}):
        found.append(f"专利重复：{'、'.join(doubled)}")
    return [*found, *_odd_dates(data), *_reversed_dates(data)]


def _odd_dates(data: DealCreate) -> list[str]:
    """Days before there were patents; those too late fall under the rules (catalog.deals.rules)."""
    days = {
        "签约日": data.signed_on,
        "生效日": data.starts_on,
        "期限止": data.ends_on,
        "备案日": data.filed_on,
    }
    return [f"{name} {day} 不合常理，请核对年份" for name, day in days.items() if day and day < EARLIEST]


def _reversed_dates(data: DealCreate) -> list[str]:
    starts = data.starts_on or data.signed_on
    pairs = (
        ("期限止", data.ends_on, "生效日", starts),
        ("备案日", data.filed_on, "签约日", data.signed_on),
    )
    return [
        f"{later} {second} 早于{earlier} {first}"
        for later, second, earlier, first in pairs
        if second and second < first
    ]


def get(session: Session, deal_id: int) -> Deal:
    """The deal `deal_id`. Raises NotFound."""
    row = session.get(Deal, deal_id)
    if row is None:
        raise NotFound(f"没有编号为 {deal_id} 的交易", record=(Deal.__noted_as__, deal_id))
    return row


def find(session: Session, code: str) -> Deal | None:
    """The deal with this code."""
    return session.execute(select(Deal).where(col(Deal.code) == code)).scalar_one_or_none()


def patent_ids(session: Session, deal_id: int) -> list[int]:
    """The patents of a deal in their order."""
    query = select(col(DealPatent.patent_id)).where(col(DealPatent.deal_id) == deal_id)
    return list(session.execute(query.order_by(col(DealPatent.position))).scalars())


def parties(session: Session, deal_id: int, side: PartySide) -> Sequence[DealParty]:
    """The parties of one side in their order."""
    query = select(DealParty).where(col(DealParty.deal_id) == deal_id, col(DealParty.side) == side.value)
    return session.execute(query.order_by(col(DealParty.position))).scalars().all()


def receipts(session: Session, deal_id: int) -> Sequence[Receipt]:
    """The payments of a deal in the order of their days."""
    query = select(Receipt).where(col(Receipt.deal_id) == deal_id)
    return session.execute(query.order_by(col(Receipt.received_on), col(Receipt.id))).scalars().all()


def events(session: Session, deal_id: int) -> Sequence[DealEvent]:
    """The history of a deal, oldest first."""
    query = select(DealEvent).where(col(DealEvent.deal_id) == deal_id).order_by(col(DealEvent.id))
    return session.execute(query).scalars().all()


def note_event(session: Session, deal_id: int, action: DealAction, actor: str, changes: Any) -> None:
    """Add a step to the history of a deal, and tell those who subscribe."""
    row = DealEvent(deal_id=deal_id, actor=actor, action=action.value, changes=to_jsonable_python(changes))
    session.add(row)
    session.flush()
    deal = get(session, deal_id)
    data = {"action": action.value, "action_name": action.label, "kind": deal.kind, "status": deal.status}
    announce(session, DEAL_RECORDED if action is DealAction.CREATED else DEAL_CHANGED, {deal_id: data})


def source_of(deal_id: int | None) -> str:
    """The source named by the facts that follow from a deal."""
    return f"交易登记 {deal_id}"
