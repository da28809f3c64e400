"""Requests and results of the fee bench (许可费测算); amounts in yuan, rates in percent, all exact decimals."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from catalog.kit.money import Money
from catalog.kit.terms import LicenceType, PatentKind, PaymentForm, RoyaltyBase, Term
from catalog.law.years import sane
from catalog.statistics.contracts import ContractStatistics

LABEL = "本系统算法"
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _exact(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("应为数字")
    # A binary float is read as its shortest decimal text.
    return repr(value) if isinstance(value, float) else value


def _iso(value: object) -> object:
    # The library would read numbers, in text too, as time stamps.
    if value is None or isinstance(value, date) or (isinstance(value, str) and _ISO.fullmatch(value)):
        return value
    raise ValueError("应为日期，如 2026-01-31")


def _sane(day: date | None) -> date | None:
    if day is not None and not sane(day):
        raise ValueError(f"{day} 不合常理，请核对年份")
    return day


def _term(terms: type[Term]) -> BeforeValidator:
    """Reads a stored value or its Chinese label."""
    return BeforeValidator(lambda value: terms.parse(value) if isinstance(value, str) else value)


def _either(terms: type[Term]) -> WithJsonSchema:
    return WithJsonSchema({"enum": [text for member in terms for text in (member.value, member.label)]})


def _number(low: str, high: int, places: int) -> WithJsonSchema:
    """The JSON schema of a number, or of its text."""
    number = {"type": "number", low: 0, "maximum": high, "multipleOf": float(f"1e-{places}")}
    text = {"type": "string", "pattern": rf"^[1-9]\d{{0,{len(str(high)) - 2}}}(\.\d{{1,{places}}})?$"}
    return WithJsonSchema({"anyOf": [number, text]})


Day = Annotated[date | None, BeforeValidator(_iso), AfterValidator(_sane)]
Licensing = Annotated[LicenceType, _term(LicenceType), _either(LicenceType)]
Kind = Annotated[PatentKind, _term(PatentKind), _either(PatentKind)]
Yuan = Annotated[
    Decimal,
    BeforeValidator(_exact),
    Field(ge=0, le=10**12, decimal_places=2),
    _number("minimum", 10**12, 2),
]
Percent = Annotated[
    Decimal,
    BeforeValidator(_exact),
    Field(gt=0, le=100, decimal_places=3),
    _number("exclusiveMinimum", 100, 3),
]
Share = Annotated[
    Decimal, BeforeValidator(_exact), Field(ge=0, le=100, decimal_places=3), _number("minimum", 100, 3)
]
Years = Annotated[
    Decimal,
    BeforeValidator(_exact),
    Field(gt=0, le=20, decimal_places=2),
    _number("exclusiveMinimum", 20, 2),
]
Growth = Annotated[
    Decimal,
    BeforeValidator(_exact),
    Field(ge=-100, le=100, decimal_places=3),
    WithJsonSchema({"type": "number", "minimum": -100, "maximum": 100, "multipleOf": 0.001}),
]


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OwnUse(_Input):
    """Method 1: what the holder itself earns with the patent."""

    annual_revenue: Yuan = Field(description="实施该专利的年营业收入（元）", examples=[5000000])
    margin: Percent = Field(description="利润率（%）", examples=[12])
    share: Percent = Field(description="专利对利润的分成率（%）", examples=[25])


class EarlierFee(_Input):
    """Method 2: an earlier licence of the same patent."""

    fee: Yuan | None = Field(default=None, description="既往许可的固定费用（元）", examples=[300000])
    years: Years | None = Field(default=None, description="既往许可的年限", examples=[3])
    licence_type: Licensing = Field(default=LicenceType.ORDINARY, description="既往许可的方式")
    royalty_rate: Percent | None = Field(default=None, description="既往许可的提成比例（净销售额，%）")


class Valuation(_Input):
    """Method 5: an asset valuation."""

    value: Yuan = Field(description="资产评估值（元）", examples=[1000000])
    discount: Share = Field(description="折现率（%）", examples=[10])


class Forecast(_Input):
    """The sales that the firm expects with the patent."""

    net_sales: Yuan = Field(description="第一年净销售额（元）", examples=[8000000])
    growth: Growth = Field(default=Decimal(0), description="年增长率（%）", examples=[10])
    profit: Percent | None = Field(default=None, description="利润占净销售额的比例（%）", examples=[15])


class Owner(_Input):
    """The circumstances that bear on the income of the owner."""

    kind: Kind | None = Field(default=None, description="专利类型；缺省取自系统")
    filing_date: Day = Field(default=None, description="申请日；缺省取自系统")
    grant_date: Day = Field(
        default=None, description="授权公告日；缺省取自系统。其他减缴只限授予专利权当年起十年内的年费"
    )
    expiry_date: Day = Field(default=None, description="届满日（专利权期限补偿时登记）；缺省取自系统")
    reductions: list[str] = Field(
        default_factory=list,
        max_length=5,
        description="已享受的其他年费减缴：one_party（一个人或一个单位减缴）、several_parties（两个以上的人或单位减缴）",
    )
    costs: Yuan = Field(default=Decimal(0), description="计算净收入时扣除的直接成本（元）")
    inventor_share: Share | None = Field(default=None, description="发明人分成比例（%）；缺省为法定下限")


class Agreed(_Input):
    """The figures that both sides have in mind instead of those of a method."""

    annual_fee: Yuan | None = Field(default=None, description="年固定费用（元）")
    royalty_rate: Percent | None = Field(default=None, description="净销售额提成比例（%）")
    profit_rate: Percent | None = Field(default=None, description="利润提成比例（%）")


class FeeInput(_Input):
    """The licence for which a fee is to be estimated."""

    application_number: str | None = Field(
        default=None, max_length=40, description="专利申请号；给出时名称、类型、申请日与行业取自系统"
    )
    title: str = Field(default="", max_length=1000, description="专利名称")
    licensor: str = Field(default="", max_length=300, description="许可人")
    licensee: str = Field(default="", max_length=300, description="被许可人")
    licensees: int = Field(
        strict=True, default=1, ge=1, le=100_000, description="预期被许可人数 n", examples=[3]
    )
    years: int = Field(strict=True, default=3, ge=1, le=20, description="许可年限", examples=[3])
    starts_on: Day = Field(default=None, description="许可期限起；缺省为今日")
    patents: int = Field(strict=True, default=1, ge=1, le=500, description="本次许可的专利件数")
    industry: str | None = Field(default=None, max_length=100, description="国民经济行业代码或名称")
    own_use: OwnUse | None = Field(default=None, description="方法一：自行实施收益")
    earlier: EarlierFee | None = Field(default=None, description="方法二：既往许可")
    international: str | None = Field(default=None, max_length=50, description="方法四：国际惯例费率的行业")
    international_rate: Percent | None = Field(
        default=None, description="方法四：自行给出的国际惯例费率（%）"
    )
    valuation: Valuation | None = Field(default=None, description="方法五：资产评估")
    forecast: Forecast | None = Field(default=None, description="企业预计的销售")
    owner: Owner = Field(default_factory=Owner, description="许可人的年费与发明人分成")
    base: str | None = Field(
        default=None, pattern="^M[1-5]$", description="以哪种方法为支付方式的基数；缺省为第一个可用的"
    )
    agreed: Agreed | None = Field(default=None, description="双方商定的数字，代替基数")
    discount: Share | None = Field(default=None, description="各年付款折现的年利率（%）")
    entry_share: Percent | None = Field(default=None, description="入门费占一次总付的比例（%）")
    deferred_years: int | None = Field(
        strict=True, default=None, ge=1, le=19, description="先使用后付费：前几年不付"
    )


class Quantity(BaseModel):
    """An input of a method: what it is, its value as shown, where it comes from."""

    name: str = Field(description="所用数据的名称")
    value: str = Field(description="取值，按显示的样子")
    source: str = Field(description="取值的来源")


class Method(BaseModel):
    """One method of estimation; where inputs are missing it lists them."""

    code: str = Field(examples=["M1"], description="方法的代号")
    name: str = Field(description="方法的名称")
    label: str = Field(default=LABEL, description="结果的性质")
    inputs: list[Quantity] = Field(default_factory=list, description="所用的数据及其来源")
    formulas: list[str] = Field(default_factory=list, description="代入数字的算式")
    annual_fee: Money | None = Field(default=None, description="年固定费用（元）")
    royalty_rate: Decimal | None = Field(default=None, description="净销售额提成比例（%）")
    profit_rate: Decimal | None = Field(default=None, description="利润提成比例（%）")
    suggested_fee: Money | None = Field(default=None, description="不超过上限的年固定费用（元）")
    suggested_rate: Decimal | None = Field(default=None, description="不超过上限的净销售额提成比例（%）")
    suggested_profit_rate: Decimal | None = Field(default=None, description="不超过上限的利润提成比例（%）")
    missing: list[str] = Field(default_factory=list, description="缺少的资料")
    notes: list[str] = Field(default_factory=list, description="说明")

    @property
    def usable(self) -> bool:
        """Whether it came to a figure."""
        return self.annual_fee is not None or self.royalty_rate is not None


class Basis(BaseModel):
    """The figures from which the payment forms are computed."""

    origin: str = Field(description="所依据的方法或商定")
    annual_fee: Money | None = Field(description="每年许可费（元）；不能推算时为空")
    royalty_rate: Decimal | None = Field(description="占净销售额的提成率（%）；不能推算时为空")
    profit_rate: Decimal | None = Field(description="占利润额的提成率（%）；不能推算时为空")
    notes: list[str] = Field(default_factory=list, description="说明")


class Plan(BaseModel):
    """The payments of the firm under one payment form, year 0 being the signing; `payments` is empty where inputs are missing."""

    form: PaymentForm = Field(description="支付方式")
    royalty_base: RoyaltyBase | None = Field(default=None, description="提成基数；不提成时为空")
    name: str = Field(description="支付方式的名称")
    payments: list[Money] = Field(description="各年付款（元），第 0 年为签约时")
    total: Money | None = Field(default=None, description="合计（元）；资料不足时为空")
    present_value: Money | None = Field(default=None, description="折现到签约时的合计（元）")
    profit_after: list[Money] = Field(default_factory=list, description="各年付费后的利润（元）")
    inventor_share: Money | None = Field(default=None, description="发明人分成（元）")
    owner_net: Money | None = Field(
        default=None, description="许可人净收入扣除分成、加上年费减缴后的所得（元）"
    )
    missing: list[str] = Field(default_factory=list, description="尚缺的资料")
    notes: list[str] = Field(default_factory=list, description="说明")


class ForecastYear(BaseModel):
    """The expectations of the firm for a year."""

    year: int = Field(description="第几年")
    net_sales: Money = Field(description="预计净销售额（元）")
    profit: Money | None = Field(description="预计利润额（元）；未提供为空")


class AnnuitySaving(BaseModel):
    """An annuity due within the licence: in full, as without and as with the reduction of the open licence."""

    due_on: date = Field(description="应缴日")
    patent_year: int = Field(description="专利年度")
    full: Money = Field(description="全额年费（元）")
    otherwise: Money = Field(description="不实行开放许可时应缴（元）")
    payable: Money = Field(description="开放许可实施期间应缴（元）")
    saving: Money = Field(description="因开放许可少缴的年费（元）")


class FeeSheet(BaseModel):
    """The whole estimate: five methods side by side, payment forms, the owner's side."""

    label: str = Field(default=LABEL, description="测算结果的性质")
    rules_title: str = Field(description="测算规则的名称")
    rules_version: str = Field(description="测算规则的版本")
    rules_source: str = Field(description="测算规则的依据")
    application_number: str | None = Field(description="申请号；不针对系统中的专利时为空")
    title: str = Field(description="专利名称")
    licensor: str = Field(description="许可方")
    licensee: str = Field(description="被许可方")
    licensees: int = Field(description="预期被许可人数")
    years: int = Field(description="许可年数")
    starts_on: date = Field(description="许可起始日")
    patents: int = Field(description="专利件数")
    industry: str | None = Field(description="国民经济行业的代码")
    industry_name: str | None = Field(description="国民经济行业的名称")
    methods: list[Method] = Field(description="各种方法的结果，资料不足的列出所缺")
    lowest_fee: Money | None = Field(description="各方法年固定费用的最低值（元）")
    highest_fee: Money | None = Field(description="各方法年固定费用的最高值（元）")
    basis: Basis = Field(description="换算各种支付方式所依据的金额与费率")
    discount: Decimal = Field(description="折现率（%）")
    forecast: list[ForecastYear] = Field(description="逐年预测")
    plans: list[Plan] = Field(description="各种支付方式下的付款")
    annuity_savings: list[AnnuitySaving] = Field(description="许可期内各次年费的减缴")
    annuity_saving: Money = Field(description="许可期内年费减缴合计（元）")
    inventor_percent: Decimal = Field(description="发明人及转化人员应得的最低比例（%）")
    statistics: ContractStatistics = Field(description="同行业已备案合同的统计")
    patent_ends_on: date | None = Field(default=None, description="专利权最后有效日")
    warnings: list[str] = Field(default_factory=list, description="须先处理的提示，如许可期超过专利权期限")
    notes: list[str] = Field(description="说明")
