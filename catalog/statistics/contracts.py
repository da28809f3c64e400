"""Statistics of the recorded licence contracts by class of GB/T 4754, for the fee bench.

Counted are the valid ordinary and open licences; a contract belongs to the heaviest industry of its first patent. A figure
is shown only where more than twenty contracts stand behind it (as the State publishes its own), otherwise that of the class above.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import aliased
from sqlmodel import Field, Session, SQLModel, col

from catalog.deals.deals import Deal, DealPatent
from catalog.kit.money import Money, cents
from catalog.kit.terms import DealKind, DealStatus, LicenceType, PaymentForm, RoyaltyBase
from catalog.law.years import DAYS_A_YEAR
from catalog.reference.lists import industries, industry_name
from catalog.supply import patent_classes

FLOOR = 20
"""A figure needs more contracts than this."""
FIXED = frozenset({PaymentForm.LUMP_SUM, PaymentForm.INSTALMENTS, PaymentForm.ANNUAL, PaymentForm.USE_FIRST})
WITH_ROYALTY = frozenset({PaymentForm.ROYALTY, PaymentForm.ENTRY_AND_ROYALTY})
ALL = ""
HUNDREDTH = Decimal("0.01")
THOUSANDTH = Decimal("0.001")


@dataclass(frozen=True, slots=True)
class Contract:
    """The fields of a licence contract that the statistics need."""

    industry: str
    form: PaymentForm | None
    amount: Decimal | None
    rate: Decimal | None
    base: RoyaltyBase | None
    years: Decimal | None
    patents: int


class FixedFigures(SQLModel):
    """Averages of the contracts with a fixed fee."""

    contracts: int = Field(description="合同份数")
    average_amount: Money = Field(description="平均合同金额（元）")
    average_years: Decimal = Field(description="平均许可年限")
    average_patents: Decimal = Field(description="每份合同的平均专利件数")


class RoyaltyFigures(SQLModel):
    """Averages of the contracts with a royalty on net sales."""

    contracts: int = Field(description="合同份数")
    average_rate: Decimal = Field(description="平均提成比例（净销售额，%）")


class ContractStatistics(SQLModel):
    """The publishable statistics of an industry; None where they rest on twenty or fewer contracts."""

    asked: str | None = Field(description="所问的行业代码")
    fixed_class: str | None = Field(default=None, description="固定费用数字所属的行业代码；空为全部行业")
    fixed_class_name: str | None = Field(default=None, description="固定费用统计所按的行业")
    fixed: FixedFigures | None = Field(default=None, description="固定费用合同的平均；合同不足时为空")
    royalty_class: str | None = Field(default=None, description="提成数字所属的行业代码；空为全部行业")
    royalty_class_name: str | None = Field(default=None, description="提成统计所按的行业")
    royalty: RoyaltyFigures | None = Field(default=None, description="提成合同的平均；合同不足时为空")
    notes: list[str] = Field(default_factory=list, description="说明")


def ladder(code: str | None) -> list[str]:
    """A class and those above it, the narrowest first; the last one stands for all industries."""
    found: list[str] = []
    entry = industries().get(code or "")
    while entry is not None:
        found.append(entry.code)
        entry = industries().get(entry.parent)
    return [*found, ALL]


def of_industry(session: Session, code: str | None, *, until: date | None = None) -> ContractStatistics:
    """The figures of the narrowest class at or above `code` that has enough contracts, signed by `until`."""
    contracts = list(_contracts(session, until))
    result = ContractStatistics(asked=code)
    for place in ladder(code):
        own = [c for c in contracts if place in ladder(c.industry)]
        if result.fixed is None and (fixed := fixed_figures(own)):
            result.fixed, result.fixed_class = fixed, place
            result.fixed_class_name = industry_name(place) or "全部行业"
        if result.royalty is None and (royalty := royalty_figures(own)):
            result.royalty, result.royalty_class = royalty, place
            result.royalty_class_name = industry_name(place) or "全部行业"
    result.notes = list(_notes(result))
    return result


def _notes(result: ContractStatistics) -> Iterator[str]:
    for label, figures, place in (
        ("固定费用", result.fixed, result.fixed_class),
        ("提成", result.royalty, result.royalty_class),
    ):
        if figures is None:
            yield f"{label}合同不超过 {FLOOR} 份，不公布统计数字；可参考全国公开统计"
        elif place != (result.asked or ALL):
            name = industry_name(place) or "全部行业"
            yield f"所问行业的{label}合同不超过 {FLOOR} 份，改用上级“{name}”的数字"


def fixed_figures(contracts: Iterable[Contract]) -> FixedFigures | None:
    """Averages of the contracts with a fixed fee and a term; None for twenty or fewer."""
    fixed = [(c.amount, c.years, c.patents) for c in contracts if _is_fixed(c)]
    if len(fixed) <= FLOOR:
        return None
    return FixedFigures(
        contracts=len(fixed),
        average_amount=cents(_mean([amount or Decimal(0) for amount, _, _ in fixed])),
        average_years=_mean([years or Decimal(0) for _, years, _ in fixed]).quantize(HUNDREDTH),
        average_patents=_mean([Decimal(patents) for _, _, patents in fixed]).quantize(HUNDREDTH),
    )


def royalty_figures(contracts: Iterable[Contract]) -> RoyaltyFigures | None:
    """Average royalty on net sales; None for twenty or fewer contracts."""
    rates = [
        c.rate
        for c in contracts
        if c.form in WITH_ROYALTY and c.rate is not None and c.base is RoyaltyBase.NET_SALES
    ]
    if len(rates) <= FLOOR:
        return None
    return RoyaltyFigures(contracts=len(rates), average_rate=_mean(rates).quantize(THOUSANDTH))


def _is_fixed(contract: Contract) -> bool:
    return bool(contract.form in FIXED and contract.amount and contract.years)


def _mean(values: Sequence[Decimal]) -> Decimal:
    return sum(values, Decimal(0)) / len(values)


def _contracts(session: Session, until: date | None) -> Iterator[Contract]:
    """All contracts that count."""
    every = aliased(DealPatent)
    numbers = select(func.count()).where(col(every.deal_id) == col(Deal.id)).scalar_subquery()
    query = (
        select(Deal, numbers, col(DealPatent.patent_id))
        .join(DealPatent, (col(DealPatent.deal_id) == col(Deal.id)) & (col(DealPatent.position) == 0))
        .where(
            col(Deal.kind) == DealKind.LICENCE,
            col(Deal.status) != DealStatus.VOID,
            col(Deal.licence_type).in_([LicenceType.ORDINARY, LicenceType.OPEN]),
        )
        .order_by(col(Deal.id))
    )
    if until is not None:
        query = query.where(col(Deal.signed_on) <= until)
    rows = session.execute(query).all()
    classes = patent_classes.of_patents(session, sorted({patent_id for _, _, patent_id in rows}))
    for deal, patents, patent_id in rows:
        codes = [ref.code for ref in classes.get(patent_id, []) if ref.scheme == "industry"]
        yield _contract(deal, patents, codes[0] if codes else ALL)


def _contract(deal: Deal, patents: int, industry: str) -> Contract:
    years = None
    if deal.ends_on:
        days = (deal.ends_on - (deal.starts_on or deal.signed_on)).days + 1
        years = (Decimal(days) / DAYS_A_YEAR).quantize(HUNDREDTH)
    return Contract(
        industry,
        deal.payment_form,
        deal.contract_amount,
        deal.royalty_rate,
        deal.royalty_base,
        years,
        patents,
    )
