"""The rules of the fee bench (许可费测算规则): coefficients, caps, rates. Data in fees.toml, which an operator may replace."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from catalog.kit.money import Money
from catalog.kit.terms import LicenceType
from catalog.reference import rule_files
from catalog.reference.rule_files import RuleFile

FILE_NAME = "fees.toml"
ONE = Decimal(1)
COEFFICIENT = Decimal("0.0001")


def _exact(value: object) -> object:
    # A number in TOML is binary: its shortest text is what the operator wrote.
    return str(value) if isinstance(value, float | int) and not isinstance(value, bool) else value


Number = Annotated[Decimal, BeforeValidator(_exact), Field(ge=0, le=10**12)]
Amount = Annotated[Money, BeforeValidator(_exact), Field(ge=0, le=10**12)]
Percent = Annotated[Decimal, BeforeValidator(_exact), Field(ge=0, le=100)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Sourced(_Table):
    """Rules with where they come from; `checked` is False for what rests on general knowledge."""

    source: str
    checked: bool

    @property
    def origin(self) -> str:
        """The source as users see it."""
        return self.source if self.checked else f"{self.source}（未核对，可修改）"


class Coefficient(_Table):
    """A point of the one-to-many table."""

    licensees: int = Field(ge=1, le=100_000)
    k: Annotated[Decimal, BeforeValidator(_exact), Field(gt=0, le=1)]


class OneToMany(Sourced):
    """The one-to-many coefficients (一对多调节系数): what a fee is multiplied with when there will be n licensees."""

    table: list[Coefficient] = Field(min_length=1, max_length=200)

    def k(self, licensees: int) -> Decimal:
        """The coefficient for that number of licensees, in a straight line between two points of the table."""
        after = next((point for point in self.table if point.licensees >= licensees), self.table[-1])
        if after.licensees <= licensees:
            return after.k
        before = self.table[self.table.index(after) - 1]
        share = Decimal(licensees - before.licensees) / (after.licensees - before.licensees)
        return (before.k + (after.k - before.k) * share).quantize(COEFFICIENT, ROUND_HALF_UP)

    @model_validator(mode="after")
    def _is_fair(self) -> Self:
        numbers = [point.licensees for point in self.table]
        if numbers != sorted(set(numbers)):
            raise ValueError("licensees 应依次增大，不得重复")
        if numbers[0] != 1 or self.table[0].k != ONE:
            raise ValueError("k(1) 应为 1")
        if any(later.k > earlier.k for earlier, later in zip(self.table, self.table[1:], strict=False)):
            raise ValueError("k 应随人数增多而不增")
        total = Decimal(0)
        for n in range(1, numbers[-1] + 1):
            if n * self.k(n) < total:
                raise ValueError(f"总收入 n·k(n) 在 n={n} 处减少，人数增多不应使许可人收入减少")
            total = n * self.k(n)
        return self


class FromLicenceType(Sourced):
    """The factors that make a fee of another licence type one of an ordinary licence."""

    ordinary: Percent
    open: Percent
    sole: Percent
    exclusive: Percent

    def factor(self, kind: LicenceType) -> Decimal:
        """The factor of a licence type."""
        value: Decimal = getattr(self, kind.value)
        return value


class Caps(Sourced):
    """Soft caps: above them the bench warns, it never refuses."""

    fixed_fee: Amount
    net_sales_percent: Percent
    profit_percent: Percent


class Inventor(Sourced):
    """The least share of the net income for those who made the invention and brought it into use."""

    least_percent: Percent


class Payment(Sourced):
    """Defaults by which one payment form is converted into another."""

    discount_percent: Percent
    entry_share_percent: Percent
    deferred_years: int = Field(ge=1, le=19)


class International(_Table):
    """Usual royalty rates of a field, in percent of net sales."""

    code: str = Field(pattern=r"^[a-z_]+$")
    name: str
    low: Percent
    high: Percent

    @property
    def middle(self) -> Decimal:
        """The middle of the range."""
        return (self.low + self.high) / 2


class National(_Table):
    """Published nationwide statistics of a year; 0 where a figure was not published."""

    year: int
    source: str
    contracts: int
    patents_per_contract: Number
    fixed_contracts: int
    fixed_average: Amount
    fixed_years: Number
    royalty_contracts: int
    royalty_years: Number
    free_contracts: int


class FeeRules(_Table):
    """All rules of the fee bench."""

    version: str = ""
    title: str
    source: str
    one_to_many: OneToMany
    from_licence_type: FromLicenceType
    caps: Caps
    annuity: Sourced
    inventor: Inventor
    payment: Payment
    international: list[International]
    international_source: Sourced
    national: list[National]

    def field_of(self, code: str) -> International | None:
        """The usual rates of a field by code or name."""
        return next((field for field in self.international if code in (field.code, field.name)), None)


def source(data_dir: Path | None = None) -> RuleFile:
    """The rule file in force. Raises InvalidInput."""
    return rule_files.read(__name__, FILE_NAME, data_dir)


def load(data_dir: Path | None = None) -> FeeRules:
    """The rules of the data directory or, without them, the shipped ones. Raises InvalidInput."""
    return rule_files.load(__name__, FILE_NAME, FeeRules, data_dir)
