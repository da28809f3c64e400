"""The five methods of estimation, in the structure of 国知办发运字〔2022〕56号; the formulas are our own (本系统算法).

F is a fixed fee a year, k(n) the one-to-many coefficient. Every formula is given as text with its figures put in.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

from assessment.fees.models import FeeInput, Method, Quantity
from assessment.fees.rules import Caps, FeeRules, National
from catalog.kit.money import CENT, cents, in_wan, plain
from catalog.kit.terms import LicenceType
from catalog.statistics.contracts import ContractStatistics

HUNDRED = Decimal(100)
THOUSANDTH = Decimal("0.001")
RECORDED = "本系统登记的普通与开放许可合同"


def rate_of(value: Decimal) -> Decimal:
    """A rate in percent to three places."""
    return value.quantize(THOUSANDTH, ROUND_HALF_UP)


def percent(value: Decimal) -> str:
    """A rate as users see it."""
    return f"{plain(value)}%"


def annuity_factor(discount: Decimal, years: int) -> Decimal:
    """Present value of one yuan at the end of each of `years` years at `discount` percent."""
    if discount == 0:
        return Decimal(years)
    interest = discount / HUNDRED
    return (1 - (1 + interest) ** -years) / interest


@dataclass(frozen=True)
class MethodInput:
    """The input of the methods: the question, the rules, the recorded contracts and k(n)."""

    data: FeeInput
    rules: FeeRules
    statistics: ContractStatistics
    industry_name: str | None

    @property
    def k(self) -> Decimal:
        """The one-to-many coefficient."""
        return self.rules.one_to_many.k(self.data.licensees)

    @property
    def k_input(self) -> Quantity:
        """The coefficient as an input."""
        return Quantity(
            name="一对多系数 k(n)",
            value=f"{plain(self.k)}（n={self.data.licensees}）",
            source=self.rules.one_to_many.origin,
        )


def all_methods(case: MethodInput) -> list[Method]:
    """The five methods in their order, each with its caps applied to what it suggests."""
    methods = [_own_use(case), _earlier(case), _statistics(case), _international(case), _valuation(case)]
    for method in methods:
        _suggest(method, case.data.years, case.rules.caps)
    return methods


def _own_use(case: MethodInput) -> Method:
    method = Method(code="M1", name="自行实施该专利的收益")
    own = case.data.own_use
    if own is None:
        method.missing = ["实施该专利的年营业收入", "利润率", "专利分成率"]
        return method
    k, revenue, m, s = case.k, own.annual_revenue, own.margin, own.share
    method.annual_fee = cents(revenue * m * s * k / HUNDRED / HUNDRED)
    method.royalty_rate = rate_of(m * s * k / HUNDRED)
    method.profit_rate = rate_of(s * k)
    method.inputs = [
        Quantity(name="年营业收入 R", value=in_wan(revenue), source="许可人提供"),
        Quantity(name="利润率 m", value=percent(m), source="许可人提供"),
        Quantity(name="专利分成率 s", value=percent(s), source="许可人提供"),
        case.k_input,
    ]
    method.formulas = [
        f"F = R×m×s×k = {in_wan(revenue)} × {percent(m)} × {percent(s)} × {plain(k)} = {in_wan(method.annual_fee)}/年",
        f"净销售额提成 = m×s×k = {percent(m)} × {percent(s)} × {plain(k)} = {percent(method.royalty_rate)}",
        f"利润提成 = s×k = {percent(s)} × {plain(k)} = {percent(method.profit_rate)}",
    ]
    return method


def _earlier(case: MethodInput) -> Method:
    method = Method(code="M2", name="该专利既往的许可费")
    earlier, k = case.data.earlier, case.k
    has_fee = bool(earlier and earlier.fee is not None and earlier.years)
    if earlier is None or not (has_fee or earlier.royalty_rate):
        method.missing = ["既往许可的费用与年限，或提成比例"]
        return method
    factor = case.rules.from_licence_type.factor(earlier.licence_type)
    label = earlier.licence_type.label
    method.inputs = [
        Quantity(
            name="许可方式换算 t",
            value=f"{plain(factor)}（{label}）",
            source=case.rules.from_licence_type.origin,
        ),
        case.k_input,
    ]
    if earlier.licence_type == LicenceType.OPEN:
        method.notes.append("既往许可为开放许可，其费用可能已按人数折减，请核对是否重复适用 k(n)")
    if earlier.fee is not None and earlier.years:
        method.annual_fee = cents(earlier.fee / earlier.years * factor * k)
        method.inputs.insert(0, Quantity(name="费用 F0", value=in_wan(earlier.fee), source="既往许可合同"))
        method.inputs.insert(
            1, Quantity(name="年限 T0", value=f"{plain(earlier.years)} 年", source="既往许可合同")
        )
        method.formulas.append(
            f"F = F0÷T0×t×k = {in_wan(earlier.fee)} ÷ {plain(earlier.years)} × {plain(factor)} × {plain(k)}"
            f" = {in_wan(method.annual_fee)}/年"
        )
    if earlier.royalty_rate:
        method.royalty_rate = rate_of(earlier.royalty_rate * factor * k)
        method.inputs.insert(
            0, Quantity(name="提成比例 r0", value=percent(earlier.royalty_rate), source="既往许可合同")
        )
        method.formulas.append(
            f"净销售额提成 = r0×t×k = {percent(earlier.royalty_rate)} × {plain(factor)} × {plain(k)}"
            f" = {percent(method.royalty_rate)}"
        )
    return method


def _statistics(case: MethodInput) -> Method:
    method = Method(code="M3", name="同行业许可统计", notes=list(case.statistics.notes))
    fixed, royalty = case.statistics.fixed, case.statistics.royalty
    if fixed:
        where = f"{RECORDED} {fixed.contracts} 份（{case.statistics.fixed_class_name}）"
        _apply_averages(method, case, fixed.average_amount, fixed.average_years, fixed.average_patents, where)
    elif national := _latest(case.rules):
        where = f"{national.source}，{national.fixed_contracts} 份，全国全行业"
        method.notes.append("以全国全行业公开统计代替，行业差异未体现，仅供参考")
        _apply_averages(
            method,
            case,
            national.fixed_average,
            national.fixed_years,
            national.patents_per_contract,
            where,
        )
    else:
        method.missing = ["同行业的许可合同统计（应多于 20 份）"]
    if royalty:
        method.royalty_rate = rate_of(royalty.average_rate * case.k)
        where = f"{RECORDED} {royalty.contracts} 份（{case.statistics.royalty_class_name}）"
        method.inputs.append(Quantity(name="平均提成比例", value=percent(royalty.average_rate), source=where))
        method.formulas.append(
            f"净销售额提成 = r×k = {percent(royalty.average_rate)} × {plain(case.k)} = {percent(method.royalty_rate)}"
        )
    return method


def _latest(rules: FeeRules) -> National | None:
    """The newest published statistics with all figures of the formula."""
    complete = [n for n in rules.national if n.fixed_average and n.fixed_years and n.patents_per_contract]
    return max(complete, key=lambda n: n.year, default=None)


def _apply_averages(
    method: Method, case: MethodInput, amount: Decimal, years: Decimal, patents: Decimal, where: str
) -> None:
    own = case.data.patents
    method.annual_fee = cents(amount / (years * patents) * own * case.k)
    method.inputs += [
        Quantity(name="平均合同金额 A", value=in_wan(amount), source=where),
        Quantity(name="平均年限 T", value=f"{plain(years)} 年", source=where),
        Quantity(name="每份合同平均专利件数 p", value=plain(patents), source=where),
        Quantity(name="本次专利件数 P", value=str(own), source="本次测算"),
        case.k_input,
    ]
    method.formulas.append(
        f"F = A÷(T×p)×P×k = {in_wan(amount)} ÷ ({plain(years)} × {plain(patents)}) × {own} × {plain(case.k)}"
        f" = {in_wan(method.annual_fee)}/年"
    )


def _international(case: MethodInput) -> Method:
    method = Method(code="M4", name="国际惯例费率")
    data, rules = case.data, case.rules
    field = rules.field_of(data.international) if data.international else None
    rate = data.international_rate or (field.middle if field else None)
    if rate is None:
        allowed = "、".join(f.name for f in rules.international)
        method.missing = [f"所属行业的国际惯例费率（可选：{allowed}；或直接给出费率）"]
        return method
    if field and not data.international_rate:
        source = rules.international_source.origin
        method.notes.append(f"{field.name}的惯例区间为 {percent(field.low)} 至 {percent(field.high)}，取中值")
    else:
        source = "用户给出"
    method.royalty_rate = rate_of(rate * case.k)
    method.inputs = [Quantity(name="惯例费率 r", value=percent(rate), source=source), case.k_input]
    method.formulas = [
        f"净销售额提成 = r×k = {percent(rate)} × {plain(case.k)} = {percent(method.royalty_rate)}"
    ]
    return method


def _valuation(case: MethodInput) -> Method:
    method = Method(code="M5", name="资产评估")
    valuation, years, k = case.data.valuation, case.data.years, case.k
    if valuation is None:
        method.missing = ["资产评估值", "折现率"]
        return method
    method.annual_fee = cents(valuation.value / annuity_factor(valuation.discount, years) * k)
    method.inputs = [
        Quantity(name="评估值 V", value=in_wan(valuation.value), source="资产评估报告"),
        Quantity(name="折现率 i", value=percent(valuation.discount), source="资产评估报告"),
        Quantity(name="许可年限 T", value=f"{years} 年", source="本次测算"),
        case.k_input,
    ]
    shown = plain(valuation.discount / HUNDRED)
    converted = (
        f"{in_wan(valuation.value)} ÷ {years}"
        if valuation.discount == 0
        else f"{in_wan(valuation.value)} × {shown} ÷ (1-(1+{shown})^-{years})"
    )
    method.formulas = [f"F = V×i÷(1-(1+i)^-T)×k = {converted} × {plain(k)} = {in_wan(method.annual_fee)}/年"]
    return method


def _suggest(method: Method, years: int, caps: Caps) -> None:
    """Sets the suggested figures within the soft caps; the figure itself stays as it is, with a visible note."""
    if method.annual_fee is not None:
        total = method.annual_fee * years
        most = (caps.fixed_fee / years).quantize(CENT, ROUND_DOWN)
        method.suggested_fee = min(method.annual_fee, most)
        if total > caps.fixed_fee:
            method.notes.append(
                f"{years} 年固定费用合计 {in_wan(total)}，高于一般上限 {in_wan(caps.fixed_fee)}；"
                f"建议每年不超过 {in_wan(method.suggested_fee)}（{caps.source}）"
            )
    for name, suggested, cap, label in (
        ("royalty_rate", "suggested_rate", caps.net_sales_percent, "净销售额"),
        ("profit_rate", "suggested_profit_rate", caps.profit_percent, "利润额"),
    ):
        rate = getattr(method, name)
        if rate is None:
            continue
        setattr(method, suggested, min(rate, cap))
        if rate > cap:
            method.notes.append(
                f"{label}提成 {percent(rate)} 高于一般上限 {percent(cap)}，建议不超过 {percent(cap)}（{caps.source}）"
            )
