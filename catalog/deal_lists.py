"""Deals as users see them: lists by conditions, with patents, parties, payments and evidence."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import Select, func, select
from sqlmodel import Field, Session, SQLModel, col

from catalog import evidence
from catalog.base import PageQuery, Rows, Schema, chunks, fold, paginate
from catalog.deals import Deal, DealBase, DealEvent, DealParty, DealPatent, Receipt
from catalog.evidence import EvidencePublic
from catalog.money import cents
from catalog.patents import Patent, PatentClass
from catalog.reference import region_name
from catalog.reference import rows as reference_rows
from catalog.terms import (
    DealAction,
    DealKind,
    DealStatus,
    HolderKind,
    LicenceType,
    PartySide,
    PaymentForm,
    PledgeConsent,
    RoyaltyBase,
    Term,
)

NOTHING = Decimal("0.00")


class PartyPublic(SQLModel):
    """A party as shown to users."""

    name: str
    kind: HolderKind
    kind_name: str
    credit_code: str | None
    country: str
    address: str
    province: str | None
    prefecture: str | None
    region_name: str | None
    holder_id: int | None
    enterprise_id: int | None


class DealPatentPublic(SQLModel):
    """A patent of a deal as shown to users."""

    patent_id: int
    application_number: str | None
    title: str


class ReceiptPublic(SQLModel):
    """A payment as shown to users."""

    id: int
    received_on: date
    amount: Decimal
    note: str
    evidence: list[int] = Field(description="证明材料的编号")


class Subsidy(SQLModel):
    """What a broker may apply for (policy/4), as information."""

    amount: Decimal = Field(description="可申报的资助（元），已扣除同一机构此前的交易所占额度")
    rate_percent: Decimal
    cap: Decimal
    scope: str
    source: str


class DealPublic(DealBase):
    """A deal as shown to users."""

    id: int
    code: str
    kind_name: str
    licence_type_name: str | None
    payment_form_name: str | None
    royalty_base_name: str | None
    pledge_consent_name: str | None
    status: DealStatus
    status_name: str
    ended_on: date | None
    ended_reason: str
    patents: list[DealPatentPublic]
    givers: list[PartyPublic]
    takers: list[PartyPublic]
    received: Decimal = Field(description="实际到账合计（元）")
    outstanding: Decimal | None = Field(description="合同金额中未到账的部分（元）")
    receipts: list[ReceiptPublic]
    evidence: list[EvidencePublic]
    broker_subsidy: Subsidy | None = Field(description="专利服务机构资助测算，仅供参考")
    is_demo: bool
    created_at: datetime
    updated_at: datetime


class DealEventPublic(SQLModel):
    """A step in the history of a deal as shown to users."""

    at: datetime
    actor: str
    action: DealAction
    action_name: str
    changes: dict[str, Any]


class DealFilter(Schema):
    """Conditions of a list of deals."""

    kind: DealKind | None = Field(default=None, description="交易种类")
    licence_type: LicenceType | None = Field(default=None, description="许可方式")
    status: DealStatus | None = Field(default=None, description="登记状态")
    giver: str | None = Field(default=None, max_length=300, description="出让方名称（部分）")
    taker: str | None = Field(default=None, max_length=300, description="受让方名称（部分）")
    application_number: str | None = Field(default=None, max_length=40, description="专利申请号")
    region: list[str] = Field(default_factory=list, description="受让方登记簿地址的行政区划代码")
    segment: list[str] = Field(default_factory=list, description="专利所属细分领域的代码")
    broker: str | None = Field(default=None, max_length=300, description="专利服务机构名称（部分）")
    filed: bool | None = Field(default=None, description="是否已备案")
    paid: bool | None = Field(default=None, description="是否已有到账")
    since: date | None = Field(default=None, description="签约日不早于")
    until: date | None = Field(default=None, description="签约日不晚于")


def received_sum() -> Any:
    """The payments of a deal, as a column."""
    amounts = select(func.sum(col(Receipt.amount))).where(col(Receipt.deal_id) == col(Deal.id))
    return func.coalesce(amounts.scalar_subquery(), 0)


def _with_party(query: Select[Any], side: PartySide, *conditions: Any) -> Select[Any]:
    ids = select(col(DealParty.deal_id)).where(col(DealParty.side) == side, *conditions)
    return query.where(col(Deal.id).in_(ids))


def matching(where: DealFilter) -> Select[Any]:
    """Query for the deals that meet all conditions."""
    query = select(Deal)
    for name in ("kind", "licence_type", "status"):
        if (value := getattr(where, name)) is not None:
            query = query.where(getattr(Deal, name) == value)
    for side, text in ((PartySide.GIVER, where.giver), (PartySide.TAKER, where.taker)):
        if text:
            query = _with_party(query, side, col(DealParty.name_key).contains(fold(text), autoescape=True))
    if where.region:
        places = col(DealParty.province).in_(where.region) | col(DealParty.prefecture).in_(where.region)
        query = _with_party(query, PartySide.TAKER, col(DealParty.position) == 0, places)
    for condition in _patent_conditions(where):
        query = query.where(col(Deal.id).in_(condition))
    for condition in _simple_conditions(where):
        query = query.where(condition)
    return query


def _patent_conditions(where: DealFilter) -> Iterator[Select[Any]]:
    ids = select(col(DealPatent.deal_id))
    if where.application_number:
        named = ids.join(Patent, col(Patent.id) == col(DealPatent.patent_id))
        yield named.where(col(Patent.application_number) == where.application_number)
    if where.segment:
        classed = ids.join(PatentClass, col(PatentClass.patent_id) == col(DealPatent.patent_id))
        yield classed.where(col(PatentClass.scheme) == "segment", col(PatentClass.code).in_(where.segment))


def _simple_conditions(where: DealFilter) -> Iterator[Any]:
    if where.broker:
        yield col(Deal.broker).contains(where.broker, autoescape=True)
    if where.filed is not None:
        yield col(Deal.filed_on).is_not(None) if where.filed else col(Deal.filed_on).is_(None)
    if where.paid is not None:
        paid = select(col(Receipt.deal_id))
        yield col(Deal.id).in_(paid) if where.paid else col(Deal.id).not_in(paid)
    if where.since:
        yield col(Deal.signed_on) >= where.since
    if where.until:
        yield col(Deal.signed_on) <= where.until


def page(session: Session, wanted: PageQuery, where: DealFilter) -> Rows[Deal]:
    """The deals that meet all conditions, the newest signed first by default."""
    columns = {
        "id": Deal.id,
        "code": Deal.code,
        "signed_on": Deal.signed_on,
        "filed_on": Deal.filed_on,
        "contract_amount": func.coalesce(col(Deal.contract_amount), -1),
        "received": received_sum(),
        "updated_at": Deal.updated_at,
    }
    return paginate(session, matching(where), wanted, columns, "-signed_on")


def every(session: Session, where: DealFilter) -> Iterator[DealPublic]:
    """All deals that meet the conditions as shown to users, the newest signed first."""
    query = matching(where).order_by(col(Deal.signed_on).desc(), col(Deal.id))
    for chunk in chunks(session.execute(query).scalars().all()):
        yield from publics(session, chunk)


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
    ids = [row.id or 0 for row in rows]
    named, parties = _patents(session, ids), _parties(session, ids)
    paid, proof = _receipts(session, ids), evidence.of_deals(session, ids)
    subsidies = _subsidies(session, rows)
    return [
        _public(
            row,
            named.get(row.id or 0, []),
            parties,
            paid.get(row.id or 0, []),
            [evidence.public(e) for e in proof.get(row.id or 0, [])],
            subsidies.get(row.id or 0),
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
    deal_id, received = row.id or 0, sum((receipt.amount for receipt in paid), NOTHING)
    return DealPublic(
        **row.model_dump(exclude={"import_id"}),
        kind_name=DealKind(row.kind).label,
        licence_type_name=_label(LicenceType(row.licence_type) if row.licence_type else None),
        payment_form_name=_label(PaymentForm(row.payment_form) if row.payment_form else None),
        royalty_base_name=_label(RoyaltyBase(row.royalty_base) if row.royalty_base else None),
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
        select(col(DealPatent.deal_id), col(Patent.id), col(Patent.application_number), col(Patent.title))
        .join(Patent, col(Patent.id) == col(DealPatent.patent_id))
        .where(col(DealPatent.deal_id).in_(list(ids)))
        .order_by(col(DealPatent.position))
    )
    for deal_id, patent_id, number, title in session.execute(query):
        one = DealPatentPublic(patent_id=patent_id or 0, application_number=number, title=title)
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


@cache
def _subsidy_rule() -> tuple[Decimal, Decimal, str, str]:
    (row,) = reference_rows("broker_subsidy.csv")
    return Decimal(row["rate_percent"]), Decimal(row["cap"]), row["scope"], row["source"]


def _subsidies(session: Session, rows: Sequence[Deal]) -> dict[int, Subsidy]:
    """What each three-party deal leaves its broker to apply for, in the order of signing."""
    brokers = {row.broker for row in rows if row.broker and row.three_party}
    if not brokers:
        return {}
    rate, cap, scope, source = _subsidy_rule()
    query = select(Deal).where(
        col(Deal.broker).in_(brokers),
        col(Deal.three_party).is_(True),
        col(Deal.status) == DealStatus.VALID,
        col(Deal.kind) != DealKind.PLEDGE,
    )
    left = dict.fromkeys(brokers, cap)
    found: dict[int, Subsidy] = {}
    for row in session.execute(query.order_by(col(Deal.signed_on), col(Deal.id))).scalars():
        amount = min(cents((row.contract_amount or NOTHING) * rate / 100), left[row.broker])
        left[row.broker] -= amount
        found[row.id or 0] = Subsidy(amount=amount, rate_percent=rate, cap=cap, scope=scope, source=source)
    return found
