"""Subsidies that brokers may apply for (专利服务机构资助): a share of each three-party deal, up to a cap for one unit.

The rule is data (refdata/broker_subsidy.csv). It requires a conversion that succeeded: until a deal is filed and paid the
amount is a forecast. One unit is one credit code, else one folded name.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from sqlalchemy import func, select
from sqlmodel import Field, Session, SQLModel, col

from catalog.deals.deals import Deal, Receipt
from catalog.kit.base import fold, id_of
from catalog.kit.money import Money, cents
from catalog.kit.terms import DealKind, DealStatus
from catalog.reference.lists import rows as reference_rows

NOTHING = Decimal("0.00")
FORECAST, CONVERTED = "预测：备案并到账后方可申报", "已备案并到账"


class Subsidy(SQLModel):
    """The subsidy that a broker may apply for under the rule of the place, as information."""

    amount: Money = Field(description="可申报的资助（元），已扣除同一机构其他交易所占额度")
    forecast: bool = Field(description="true 为预测：交易尚未备案并到账")
    state: str = Field(description="办理情况")
    base: Money = Field(description="计算所依据的金额（元）：合同金额，提成合同为已到账金额")
    rate_percent: Decimal = Field(description="资助比例（%）")
    cap: Money = Field(description="资助上限（元）")
    scope: str = Field(description="适用范围")
    source: str = Field(description="政策依据")


@dataclass(frozen=True, slots=True)
class _Rule:
    rate: Decimal
    cap: Money
    scope: str
    source: str


@cache
def _rule() -> _Rule:
    (row,) = reference_rows("broker_subsidy.csv")
    return _Rule(Decimal(row["rate_percent"]), Decimal(row["cap"]), row["scope"], row["source"])


@dataclass(frozen=True, slots=True)
class _Claim:
    """A three-party deal with what has arrived under it."""

    deal: Deal
    received: Decimal

    @property
    def base(self) -> Decimal:
        """The price as far as it is agreed or has come: a royalty contract promises its fixed part alone."""
        return max(self.deal.contract_amount or NOTHING, self.received)

    @property
    def converted(self) -> bool:
        """Whether the deal is filed and paid."""
        return self.deal.filed_on is not None and NOTHING < self.base == self.received


def of_deals(session: Session, rows: Sequence[Deal]) -> dict[int, Subsidy]:
    """The subsidy that each of these deals leaves its broker to apply for: converted ones first, then in the order of signing."""
    if not any(row.broker and row.three_party for row in rows):
        return {}
    claims = sorted(_claims(session), key=lambda c: (not c.converted, c.deal.signed_on, id_of(c.deal)))
    codes = {fold(c.deal.broker): c.deal.broker_credit_code for c in claims if c.deal.broker_credit_code}
    rule, spent = _rule(), dict[str, Decimal]()
    found: dict[int, Subsidy] = {}
    for claim in claims:
        name = fold(claim.deal.broker)
        unit = claim.deal.broker_credit_code or codes.get(name, name)
        amount = min(cents(claim.base * rule.rate / 100), rule.cap - spent.get(unit, NOTHING))
        spent[unit] = spent.get(unit, NOTHING) + amount
        found[id_of(claim.deal)] = Subsidy(
            amount=amount,
            forecast=not claim.converted,
            state=CONVERTED if claim.converted else FORECAST,
            base=claim.base,
            rate_percent=rule.rate,
            cap=rule.cap,
            scope=rule.scope,
            source=rule.source,
        )
    return found


def _claims(session: Session) -> list[_Claim]:
    # The cap is shared by all deals of a unit, whose spelling variants SQL cannot match.
    query = select(Deal).where(
        col(Deal.three_party).is_(True),
        col(Deal.status) == DealStatus.VALID,
        col(Deal.kind) != DealKind.PLEDGE,
    )
    paid = select(col(Receipt.deal_id), func.sum(col(Receipt.amount))).group_by(col(Receipt.deal_id))
    received: dict[int, Decimal] = dict(session.execute(paid).all())
    return [_Claim(row, received.get(id_of(row), NOTHING)) for row in session.execute(query).scalars()]
