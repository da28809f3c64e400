"""The fee bench (许可费测算): five methods side by side, the payment forms made from one of them, the owner's side.

Nothing here is refused for being high: soft caps warn (国家知识产权局 2024-07 通知：一般不高于).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal

from assessment.fees.methods import HUNDRED, MethodInput, all_methods, rate_of
from assessment.fees.models import AnnuitySaving, Basis, FeeInput, FeeSheet, ForecastYear, Method, Owner, Plan
from assessment.fees.plans import Conditions, all_plans, forecast_years
from assessment.fees.rules import FeeRules
from catalog.kit.errors import InvalidInput
from catalog.kit.money import cents
from catalog.law import annuities
from catalog.law.course import DAY, last_valid_day
from catalog.law.years import anniversary, first_anniversary, patent_year
from catalog.reference.lists import industry_name
from catalog.statistics.contracts import ContractStatistics

OPEN_LICENCE = "open_licence"


def estimate(data: FeeInput, rules: FeeRules, statistics: ContractStatistics, *, today: date) -> FeeSheet:
    """The whole estimate. Raises InvalidInput for a base method without figures and unknown fields or reductions."""
    _check(data, rules)
    data = data.model_copy(update={"owner": _with_cases(data.owner)})
    starts_on = data.starts_on or today
    ends_on = last_valid_day(data.owner.kind, data.owner.filing_date, data.owner.expiry_date)
    methods = all_methods(MethodInput(data, rules, statistics, industry_name(data.industry)))
    forecast = forecast_years(data.forecast, data.years)
    basis = _basis(data, methods, forecast)
    given = Conditions(
        years=data.years,
        discount=_or(data.discount, rules.payment.discount_percent),
        entry_share=_or(data.entry_share, rules.payment.entry_share_percent),
        deferred_years=data.deferred_years or rules.payment.deferred_years,
        forecast=forecast,
        caps=rules.caps,
    )
    plans = all_plans(basis, given)
    savings = annuity_savings(data.owner, starts_on, data.years)
    saved = sum((saving.saving for saving in savings), Decimal(0))
    share = _or(data.owner.inventor_share, rules.inventor.least_percent)
    for plan in plans:
        _add_owner(plan, data.owner.costs, share, saved)
    fees = [method.annual_fee for method in methods if method.annual_fee is not None]
    return FeeSheet(
        rules_title=rules.title,
        rules_version=rules.version,
        rules_source=rules.source,
        **data.model_dump(
            include={
                "application_number",
                "title",
                "licensor",
                "licensee",
                "licensees",
                "years",
                "patents",
                "industry",
            }
        ),
        starts_on=starts_on,
        industry_name=industry_name(data.industry),
        methods=methods,
        lowest_fee=min(fees, default=None),
        highest_fee=max(fees, default=None),
        basis=basis,
        discount=given.discount,
        forecast=forecast,
        plans=plans,
        annuity_savings=savings,
        annuity_saving=saved,
        inventor_percent=share,
        statistics=statistics,
        patent_ends_on=ends_on,
        warnings=_past_the_end(starts_on, data.years, ends_on),
        notes=[*_notes(data, rules, share), *_annuity_notes(data.owner, starts_on, data.years)],
    )


def _or(value: Decimal | None, default: Decimal) -> Decimal:
    return default if value is None else value


def _check(data: FeeInput, rules: FeeRules) -> None:
    if data.international and rules.field_of(data.international) is None:
        allowed = "、".join(f"{field.code}（{field.name}）" for field in rules.international)
        raise InvalidInput(
            f"未收录“{data.international}”行业的国际惯例费率", hint=f"可用：{allowed}；或直接给出费率"
        )
    unknown = [case for case in data.owner.reductions if _case_of(case) is None]
    if unknown:
        allowed = "、".join(f"{r.case}（{r.label}）" for r in annuities.reductions().values())
        raise InvalidInput(f"没有名为“{unknown[0]}”的年费减缴", hint=f"可用：{allowed}")


def _case_of(stated: str) -> str | None:
    """The reduction of that case, label, or label without its remark; None for none."""
    for case, reduction in annuities.reductions().items():
        if stated in (case, reduction.label, reduction.label.partition("（")[0]):
            return case
    return None


def _with_cases(owner: Owner) -> Owner:
    cases = [case for stated in owner.reductions if (case := _case_of(stated))]
    return owner.model_copy(update={"reductions": cases})


def _past_the_end(starts_on: date, years: int, ends_on: date | None) -> list[str]:
    """The note on a licence that outlasts the patent (专利法 42)."""
    if ends_on is None:
        return []
    if starts_on > ends_on:
        return [
            f"许可期限起 {starts_on} 晚于专利权最后有效日 {ends_on}，专利权届满后任何人都可以实施，不应收费"
        ]
    last = anniversary(starts_on, years) - DAY
    if last <= ends_on:
        return []
    whole = patent_year(starts_on, ends_on + DAY) - 1
    return [
        f"许可期至 {last}，超过专利权最后有效日 {ends_on}（专利法第四十二条）：届满之后各期不应付费，许可年限应不超过 {whole} 年"
        if whole
        else f"许可期至 {last}，超过专利权最后有效日 {ends_on}（专利法第四十二条）：届满之后不应付费，剩余期限不足一年"
    ]


def _basis(data: FeeInput, methods: Sequence[Method], forecast: Sequence[ForecastYear]) -> Basis:
    """Fee and rates that the payment forms are made from: agreed, of the requested method, or of the first usable ones."""
    chosen = next((m for m in methods if m.code == data.base), None)
    if data.base and (chosen is None or not chosen.usable):
        missing = "、".join(chosen.missing) if chosen else ""
        raise InvalidInput(f"方法 {data.base} 未得出结果，不能作为基数", hint=f"还需要：{missing}")
    order = [chosen] if chosen else [m for m in methods if m.usable]
    feeing = next((m for m in order if m.suggested_fee is not None), None)
    rating = next((m for m in order if m.suggested_rate is not None), None)
    profiting = next((m for m in order if m.suggested_profit_rate is not None), None)
    names = list(dict.fromkeys(f"{m.code} {m.name}" for m in (feeing, rating, profiting) if m))
    basis = Basis(
        origin="、".join(names) or "没有可用的方法",
        annual_fee=feeing.suggested_fee if feeing else None,
        royalty_rate=rating.suggested_rate if rating else None,
        profit_rate=profiting.suggested_profit_rate if profiting else None,
    )
    _apply_agreed(basis, data)
    _convert(basis, forecast)
    return basis


def _apply_agreed(basis: Basis, data: FeeInput) -> None:
    agreed = data.agreed.model_dump(exclude_none=True) if data.agreed else {}
    for name, value in agreed.items():
        setattr(basis, name, value)
    if agreed:
        basis.origin = "双方商定" if len(agreed) == 3 else f"双方商定；其余为{basis.origin}"


def _convert(basis: Basis, forecast: Sequence[ForecastYear]) -> None:
    """Fill in what no method gave from the firm's forecast, with a note."""
    sales = sum((year.net_sales for year in forecast), Decimal(0))
    profit = sum((year.profit or Decimal(0) for year in forecast), Decimal(0))
    if sales and basis.royalty_rate is None and basis.annual_fee:
        rate = rate_of(basis.annual_fee * len(forecast) / sales * HUNDRED)
        if 0 < rate <= HUNDRED:
            basis.royalty_rate = rate
            basis.notes.append("净销售额提成比例由年固定费用除以预计年均净销售额折算")
    if sales and basis.annual_fee is None and basis.royalty_rate:
        basis.annual_fee = cents(sales / len(forecast) * basis.royalty_rate / HUNDRED)
        basis.notes.append("年固定费用由提成比例乘以预计年均净销售额折算")
    if profit and basis.profit_rate is None and basis.royalty_rate:
        rate = rate_of(basis.royalty_rate * sales / profit)
        if 0 < rate <= HUNDRED:
            basis.profit_rate = rate
            basis.notes.append("利润提成比例由净销售额提成比例除以预计利润率折算")


def _add_owner(plan: Plan, costs: Decimal, share: Decimal, saved: Decimal) -> None:
    if plan.total is None:
        return
    net = max(plan.total - costs, Decimal(0))
    plan.inventor_share = cents(net * share / HUNDRED)
    plan.owner_net = plan.total - costs - plan.inventor_share + saved


def annuity_savings(owner: Owner, starts_on: date, years: int) -> list[AnnuitySaving]:
    """The annuities due within the licence and what the reduction of the open licence saves on each.

    Of several reductions the greatest applies; they do not add up. Empty where kind or filing date is not known; an annuity
    whose amount is not known is left out.
    """
    return [
        _saving(owner, due, year, full)
        for due, year, full in _dues(owner, starts_on, years)
        if full is not None
    ]


def _dues(owner: Owner, starts_on: date, years: int) -> Iterator[tuple[date, int, Decimal | None]]:
    """Due date, patent year and full amount of every annuity within the licence, as long as the patent lives."""
    filed = owner.filing_date
    if owner.kind is None or filed is None or filed > starts_on:
        return
    due, end = first_anniversary(filed, starts_on), anniversary(starts_on, years)
    last = last_valid_day(owner.kind, filed, owner.expiry_date) or date.max
    while due < end and due <= last:
        year = patent_year(filed, due)
        yield due, year, annuities.amount(owner.kind.value, year)
        due = anniversary(filed, year)


def _saving(owner: Owner, due: date, year: int, full: Decimal) -> AnnuitySaving:
    nth = year - (_grant_year(owner) or 1) + 1
    otherwise, _ = annuities.reduced(full, owner.reductions, nth)
    payable, _ = annuities.reduced(full, [*owner.reductions, OPEN_LICENCE], nth)
    return AnnuitySaving(
        due_on=due,
        patent_year=year,
        full=full,
        otherwise=otherwise,
        payable=payable,
        saving=otherwise - payable,
    )


def _grant_year(owner: Owner) -> int | None:
    """The patent year of the grant; None where it is not known, then it was the first at the earliest."""
    filed, granted = owner.filing_date, owner.grant_date
    return patent_year(filed, granted) if filed and granted and filed <= granted else None


def _annuity_notes(owner: Owner, starts_on: date, years: int) -> list[str]:
    dues = list(_dues(owner, starts_on, years))
    limits = [annuities.reductions()[case].annuities for case in owner.reductions]
    unclear = any(limit and year > limit for limit in limits for _, year, _ in dues)
    gaps = {
        "缺少专利类型或申请日，未计算年费减缴": owner.kind is None or owner.filing_date is None,
        "缺少授权公告日：其他年费减缴只限授予专利权当年起十年内的年费，第 11 年度起未予计入": unclear
        and _grant_year(owner) is None,
        "专利权补偿期的年费未计：标准尚未录入（财税〔2024〕23号）": any(full is None for _, _, full in dues),
    }
    return [text for text, gap in gaps.items() if gap]


def _notes(data: FeeInput, rules: FeeRules, share: Decimal) -> list[str]:
    found = [
        f"算法为本系统依据 {rules.source} 的结构自行拟定，不是指引原文；结果供双方协商参考",
        f"年费减缴依据：{rules.annuity.origin}；是否须已有实际被许可人，以缴费时的规定为准",
        f"发明人分成依据：{rules.inventor.origin}",
    ]
    if share < rules.inventor.least_percent:
        found.append(
            f"发明人分成 {share}% 低于 {rules.inventor.least_percent}%，国家设立的高校和科研院所不得低于此比例"
            "（促进科技成果转化法第四十五条）"
        )
    parts = (rules.one_to_many, rules.from_licence_type, rules.payment)
    found += [f"缺省规则未经核定：{part.source}" for part in parts if not part.checked]
    return list(dict.fromkeys(found))
