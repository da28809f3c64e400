"""Payment forms (支付方式) side by side: what the firm pays in which year, in yuan; year 0 is the signing.

All are made from one fee a year and one rate: a lump sum is the present value of the yearly fees, an entry fee its share.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from assessment.fees.methods import HUNDRED, annuity_factor, percent
from assessment.fees.models import Basis, Forecast, ForecastYear, Plan
from assessment.fees.rules import Caps
from catalog.kit.money import cents, in_wan, plain
from catalog.kit.terms import PaymentForm, RoyaltyBase

FEE_MISSING = "年固定费用（任一方法可用，或双方商定）"
RATE_MISSING = "净销售额提成比例"
PROFIT_RATE_MISSING = "利润提成比例"
SALES_MISSING = "企业预计净销售额"
PROFIT_MISSING = "企业预计利润率"


@dataclass(frozen=True)
class Conditions:
    """The conditions of the plans besides fee and rate."""

    years: int
    discount: Decimal
    entry_share: Decimal
    deferred_years: int
    forecast: list[ForecastYear]
    caps: Caps


def forecast_years(forecast: Forecast | None, years: int) -> list[ForecastYear]:
    """Sales and profit of every year; empty without a forecast."""
    if forecast is None:
        return []
    growth, unrounded = 1 + forecast.growth / HUNDRED, forecast.net_sales
    found = []
    for year in range(1, years + 1):
        sales = cents(unrounded)
        unrounded *= growth
        profit = cents(sales * forecast.profit / HUNDRED) if forecast.profit else None
        found.append(ForecastYear(year=year, net_sales=sales, profit=profit))
    return found


def all_plans(basis: Basis, given: Conditions) -> list[Plan]:
    """Every payment form, with totals, present values and the firm's profit after the fee."""
    plans = [
        Plan(form=PaymentForm.FREE, name="免费", payments=[Decimal(0)] * (given.years + 1)),
        _lump_sum(basis, given),
        _instalments(basis, given),
        _royalty(basis, given, RoyaltyBase.NET_SALES),
        _royalty(basis, given, RoyaltyBase.PROFIT),
        _entry_and_royalty(basis, given),
        _use_first(basis, given),
    ]
    for plan in plans:
        if plan.payments:
            _sum_up(plan, given)
    return plans


def lump_sum_of(fee: Decimal, given: Conditions) -> Decimal:
    """The one payment at the signing that is worth the yearly fees."""
    return cents(fee * annuity_factor(given.discount, given.years))


def _lump_sum(basis: Basis, given: Conditions) -> Plan:
    plan = Plan(form=PaymentForm.LUMP_SUM, name=PaymentForm.LUMP_SUM.label, payments=[])
    if basis.annual_fee is None:
        plan.missing = [FEE_MISSING]
        return plan
    amount = lump_sum_of(basis.annual_fee, given)
    plan.payments = [amount] + [Decimal(0)] * given.years
    plan.notes = [f"每年 {in_wan(basis.annual_fee)}，{given.years} 年按 {percent(given.discount)} 折现"]
    _warn_fixed(plan, amount, given.caps)
    return plan


def _instalments(basis: Basis, given: Conditions) -> Plan:
    plan = Plan(form=PaymentForm.INSTALMENTS, name=PaymentForm.INSTALMENTS.label, payments=[])
    if basis.annual_fee is None:
        plan.missing = [FEE_MISSING]
        return plan
    plan.payments = [Decimal(0)] + [basis.annual_fee] * given.years
    plan.notes = ["每年年末支付"]
    _warn_fixed(plan, basis.annual_fee * given.years, given.caps)
    return plan


def _royalty(basis: Basis, given: Conditions, base: RoyaltyBase) -> Plan:
    of_sales = base is RoyaltyBase.NET_SALES
    rate = basis.royalty_rate if of_sales else basis.profit_rate
    cap = given.caps.net_sales_percent if of_sales else given.caps.profit_percent
    plan = Plan(form=PaymentForm.ROYALTY, royalty_base=base, name=f"提成（{base.label}）", payments=[])
    amounts = [year.net_sales if of_sales else year.profit for year in given.forecast]
    plan.missing = _royalty_missing(rate, amounts, of_sales)
    if plan.missing or rate is None:
        return plan
    plan.payments = [Decimal(0)] + [cents((amount or Decimal(0)) * rate / HUNDRED) for amount in amounts]
    plan.notes = [f"每年按{base.label}的 {percent(rate)}"]
    _warn_rate(plan, rate, cap, base)
    if of_sales and basis.annual_fee and rate:
        level = cents(basis.annual_fee / rate * HUNDRED)
        plan.notes.append(
            f"盈亏平衡：年净销售额低于 {in_wan(level)} 时，提成比每年固定 {in_wan(basis.annual_fee)} 少付；高于时多付"
        )
    return plan


def _royalty_missing(rate: Decimal | None, amounts: list[Decimal | None], of_sales: bool) -> list[str]:
    missing = []
    if rate is None:
        missing.append(RATE_MISSING if of_sales else PROFIT_RATE_MISSING)
    if not amounts or any(amount is None for amount in amounts):
        missing.append(SALES_MISSING if of_sales else PROFIT_MISSING)
    return missing


def _entry_and_royalty(basis: Basis, given: Conditions) -> Plan:
    form = PaymentForm.ENTRY_AND_ROYALTY
    plan = Plan(form=form, royalty_base=RoyaltyBase.NET_SALES, name=form.label, payments=[])
    sales: list[Decimal | None] = [year.net_sales for year in given.forecast]
    plan.missing = [FEE_MISSING] if basis.annual_fee is None else []
    plan.missing += _royalty_missing(basis.royalty_rate, sales, of_sales=True)
    if plan.missing or basis.annual_fee is None or basis.royalty_rate is None:
        return plan
    entry = cents(lump_sum_of(basis.annual_fee, given) * given.entry_share / HUNDRED)
    rate = basis.royalty_rate * (HUNDRED - given.entry_share) / HUNDRED
    plan.payments = [entry] + [cents(year.net_sales * rate / HUNDRED) for year in given.forecast]
    plan.notes = [
        f"入门费为一次总付的 {percent(given.entry_share)}，提成为 {percent(basis.royalty_rate)} 的其余部分，即 {percent(rate)}"
    ]
    _warn_fixed(plan, entry, given.caps)
    _warn_rate(plan, rate, given.caps.net_sales_percent, RoyaltyBase.NET_SALES)
    return plan


def _use_first(basis: Basis, given: Conditions) -> Plan:
    plan = Plan(form=PaymentForm.USE_FIRST, name=PaymentForm.USE_FIRST.label, payments=[])
    if basis.annual_fee is None:
        plan.missing = [FEE_MISSING]
        return plan
    total = basis.annual_fee * given.years
    later = max(given.years - given.deferred_years, 1)
    free = given.years - later
    each = cents(total / later)
    plan.payments = [Decimal(0)] * (free + 1) + [each] * (later - 1) + [total - each * (later - 1)]
    plan.notes = [
        f"前 {free} 年不付，其后每年 {in_wan(each)}，不计利息" if free else "期末一次支付，不计利息"
    ]
    _warn_fixed(plan, total, given.caps)
    return plan


def _warn_fixed(plan: Plan, amount: Decimal, caps: Caps) -> None:
    if amount > caps.fixed_fee:
        plan.notes.append(f"固定费用 {in_wan(amount)} 高于一般上限 {in_wan(caps.fixed_fee)}（{caps.source}）")


def _warn_rate(plan: Plan, rate: Decimal, cap: Decimal, base: RoyaltyBase) -> None:
    if rate > cap:
        plan.notes.append(f"提成 {percent(rate)} 高于{base.label}的一般上限 {plain(cap)}%")


def _sum_up(plan: Plan, given: Conditions) -> None:
    interest = 1 + given.discount / HUNDRED
    plan.total = sum(plan.payments, Decimal(0))
    plan.present_value = cents(sum((p / interest**year for year, p in enumerate(plan.payments)), Decimal(0)))
    if given.forecast and all(year.profit is not None for year in given.forecast):
        plan.profit_after = [-plan.payments[0]] + [
            (year.profit or Decimal(0)) - plan.payments[year.year] for year in given.forecast
        ]
