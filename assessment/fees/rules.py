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

    source: str = Field(description="依据")
    checked: bool = Field(description="是否已与原文核对")

    @property
    def origin(self) -> str:
        """The source as users see it."""
        return self.source if self.checked else f"{self.source}（未核对，可修改）"


class Coefficient(_Table):
    """A point of the one-to-many table."""

    licensees: int = Field(ge=1, le=100_000, description="预期被许可人数")
    k: Annotated[Decimal, BeforeValidator(_exact), Field(gt=0, le=1)] = Field(
        description="调节系数：每人费用乘以此数"
    )


class OneToMany(Sourced):
    """The one-to-many coefficients (一对多调节系数): what a fee is multiplied with when there will be n licensees."""

    table: list[Coefficient] = Field(min_length=1, max_length=200, description="调节系数表，人数由少到多")

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

    ordinary: Percent = Field(description="由普通许可换算的系数")
    open: Percent = Field(description="由开放许可换算的系数")
    sole: Percent = Field(description="由排他许可换算的系数")
    exclusive: Percent = Field(description="由独占许可换算的系数")

    def factor(self, kind: LicenceType) -> Decimal:
        """The factor of a licence type."""
        value: Decimal = getattr(self, kind.value)
        return value


class Caps(Sourced):
    """Soft caps: above them the bench warns, it never refuses."""

    fixed_fee: Amount = Field(description="固定费用的建议上限（元）")
    net_sales_percent: Percent = Field(description="占净销售额提成率的建议上限（%）")
    profit_percent: Percent = Field(description="占利润额提成率的建议上限（%）")


class Inventor(Sourced):
    """The least share of the net income for those who made the invention and brought it into use."""

    least_percent: Percent = Field(description="奖励和报酬占净收入的最低比例（%）")


class Payment(Sourced):
    """Defaults by which one payment form is converted into another."""

    discount_percent: Percent = Field(description="折现率（%）")
    entry_share_percent: Percent = Field(description="入门费所占比例（%）")
    deferred_years: int = Field(ge=1, le=19, description="先使用后付费推迟的年数")


class International(_Table):
    """Usual royalty rates of a field, in percent of net sales."""

    code: str = Field(pattern=r"^[a-z_]+$", description="领域的代码")
    name: str = Field(description="领域的名称")
    low: Percent = Field(description="惯例费率的下限（占净销售额，%）")
    high: Percent = Field(description="惯例费率的上限（占净销售额，%）")

    @property
    def middle(self) -> Decimal:
        """The middle of the range."""
        return (self.low + self.high) / 2


class National(_Table):
    """Published nationwide statistics of a year; 0 where a figure was not published."""

    year: int = Field(description="统计年度")
    source: str = Field(description="来源")
    contracts: int = Field(description="合同份数")
    patents_per_contract: Number = Field(description="平均每份合同的专利件数")
    fixed_contracts: int = Field(description="固定费用合同份数")
    fixed_average: Amount = Field(description="固定费用的平均金额（元）")
    fixed_years: Number = Field(description="固定费用合同的平均年限")
    royalty_contracts: int = Field(description="提成合同份数")
    royalty_years: Number = Field(description="提成合同的平均年限")
    free_contracts: int = Field(description="免费合同份数")


class FeeRules(_Table):
    """All rules of the fee bench."""

    version: str = Field(default="", description="规则的版本")
    title: str = Field(description="规则的名称")
    source: str = Field(description="规则的依据")
    one_to_many: OneToMany = Field(description="一对多调节系数")
    from_licence_type: FromLicenceType = Field(description="由其他许可方式换算的系数")
    caps: Caps = Field(description="建议上限；超过时提示，不拒绝")
    annuity: Sourced = Field(description="年费减缴的依据")
    inventor: Inventor = Field(description="对发明人奖励和报酬的最低要求")
    payment: Payment = Field(description="换算支付方式的缺省值")
    international: list[International] = Field(description="国际惯例许可费率，按领域")
    international_source: Sourced = Field(description="惯例费率的来源")
    national: list[National] = Field(description="全国许可合同统计，按年度")

    def field_of(self, code: str) -> International | None:
        """The usual rates of a field by code or name."""
        return next((field for field in self.international if code in (field.code, field.name)), None)


def source(data_dir: Path | None = None) -> RuleFile:
    """The rule file in force. Raises InvalidInput."""
    return rule_files.read(__name__, FILE_NAME, data_dir)


def load(data_dir: Path | None = None) -> FeeRules:
    """The rules of the data directory or, without them, the shipped ones. Raises InvalidInput."""
    return rule_files.load(__name__, FILE_NAME, FeeRules, data_dir)
