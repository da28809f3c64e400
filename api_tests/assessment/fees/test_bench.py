"""The fee bench against figures worked out by hand, and what must hold for every coefficient table and payment form."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from assessment.fees.bench import estimate
from assessment.fees.models import FeeInput, FeeSheet, Method, Plan
from assessment.fees.rules import OneToMany, load, source
from catalog.kit.errors import InvalidInput
from catalog.kit.terms import PaymentForm, RoyaltyBase
from catalog.statistics.contracts import ContractStatistics, FixedFigures, RoyaltyFigures

TODAY = date(2026, 1, 1)
NONE_RECORDED = ContractStatistics(asked=None)
OWN_USE = {"annual_revenue": 5_000_000, "margin": 12, "share": 25}
FORECAST = {"net_sales": 8_000_000, "growth": 10, "profit": 15}


def sheet(statistics: ContractStatistics = NONE_RECORDED, **data: Any) -> FeeSheet:
    return estimate(FeeInput.model_validate(data), load(), statistics, today=TODAY)


def method(of: FeeSheet, code: str) -> Method:
    return next(m for m in of.methods if m.code == code)


def plan(of: FeeSheet, form: PaymentForm, base: RoyaltyBase | None = None) -> Plan:
    return next(p for p in of.plans if p.form == form and (base is None or p.royalty_base == base))


@pytest.mark.parametrize(
    ("code", "data", "fee", "rate", "formula"),
    [
        # k(2) = 0.8: 5,000,000 x 12 % x 25 % x 0.8 = 120,000; 12 % x 25 % x 0.8 = 2.4 %
        (
            "M1",
            {"own_use": OWN_USE},
            "120000.00",
            "2.400",
            "500 万元 × 12% × 25% × 0.8 = 12 万元/年",
        ),
        # an exclusive licence counts half: 300,000 / 3 x 0.5 x 0.8 = 40,000; 5 % x 0.5 x 0.8 = 2 %
        (
            "M2",
            {"earlier": {"fee": 300_000, "years": 3, "licence_type": "exclusive", "royalty_rate": 5}},
            "40000.00",
            "2.000",
            "30 万元 ÷ 3 × 0.5 × 0.8 = 4 万元/年",
        ),
        # 1.5 % to 3 % in machinery: 2.25 % x 0.8 = 1.8 %
        ("M4", {"international": "机械制造"}, None, "1.800", "2.25% × 0.8 = 1.8%"),
        # 1,000,000 x 0.1 / (1 - 1.1^-3) = 402,114.80 a year; x 0.8 = 321,691.84
        ("M5", {"valuation": {"value": 1_000_000, "discount": 10}}, "321691.84", None, "32.169184 万元/年"),
        ("M5", {"valuation": {"value": 900_000, "discount": 0}}, "240000.00", None, "90 万元 ÷ 3 × 0.8"),
    ],
)
def test_methods_give_the_figures_worked_out_by_hand(
    code: str, data: dict[str, Any], fee: str | None, rate: str | None, formula: str
) -> None:
    found = method(sheet(licensees=2, years=3, **data), code)
    assert (found.annual_fee, found.royalty_rate) == (fee and Decimal(fee), rate and Decimal(rate))
    assert formula in " ".join(found.formulas)
    assert found.label == "本系统算法"
    assert all(q.source for q in found.inputs)


def test_statistics_of_recorded_contracts_give_method_three() -> None:
    recorded = ContractStatistics(
        asked="3841",
        fixed_class="38",
        fixed_class_name="电气机械和器材制造业",
        fixed=FixedFigures(
            contracts=21,
            average_amount=Decimal(240_000),
            average_years=Decimal(3),
            average_patents=Decimal(2),
        ),
        royalty=RoyaltyFigures(contracts=25, average_rate=Decimal("3.5")),
    )
    found = method(sheet(recorded, licensees=2, patents=2), "M3")
    # 240,000 / (3 x 2) x 2 x 0.8 = 64,000; 3.5 % x 0.8 = 2.8 %
    assert (found.annual_fee, found.royalty_rate) == (Decimal("64000.00"), Decimal("2.800"))
    assert "21 份（电气机械和器材制造业）" in found.inputs[0].source


def test_nationwide_statistics_stand_in_where_none_may_be_shown() -> None:
    found = method(sheet(), "M3")
    # 2022: 3.21 million a contract, 3.6 years, 2.3 patents: 3,210,000 / 8.28 = 387,681.16
    assert found.annual_fee == Decimal("387681.16")
    assert "2022" in found.inputs[0].source
    assert any("仅供参考" in note for note in found.notes)


def test_a_method_without_inputs_says_what_is_missing() -> None:
    found = sheet()
    assert {m.code: bool(m.missing) for m in found.methods} == {
        "M1": True, "M2": True, "M3": False, "M4": True, "M5": True,
    }  # fmt: skip
    with pytest.raises(InvalidInput, match="M1 未得出结果"):
        sheet(base="M1")


def test_caps_warn_and_never_refuse() -> None:
    found = sheet(
        years=2, own_use={"annual_revenue": 10**9, "margin": 60, "share": 50}, base="M1", forecast=FORECAST
    )
    own = method(found, "M1")
    assert [own.annual_fee, own.royalty_rate, own.profit_rate] == [300_000_000, 30, 50]
    assert [own.suggested_fee, own.suggested_rate, own.suggested_profit_rate] == [10_000_000, 20, 40]
    assert sum("上限" in note for note in own.notes) == 3
    agreed = sheet(years=1, agreed={"annual_fee": 30_000_000, "royalty_rate": 25}, forecast=FORECAST)
    assert agreed.basis.annual_fee == 30_000_000
    for form in (PaymentForm.INSTALMENTS, PaymentForm.ROYALTY):
        assert any("上限" in note for note in plan(agreed, form).notes)


def test_payment_forms_by_hand() -> None:
    found = sheet(
        years=3,
        agreed={"annual_fee": 100_000, "royalty_rate": 2, "profit_rate": 10},
        forecast=FORECAST,
        discount=0,
        entry_share=30,
        deferred_years=1,
        owner={"costs": 50_000, "inventor_share": 70, "kind": "invention", "filing_date": "2018-03-01"},
    )
    assert plan(found, PaymentForm.FREE).payments == [0, 0, 0, 0]
    assert plan(found, PaymentForm.LUMP_SUM).payments == [300_000, 0, 0, 0]
    assert plan(found, PaymentForm.INSTALMENTS).payments == [0, 100_000, 100_000, 100_000]
    assert plan(found, PaymentForm.USE_FIRST).payments == [0, 0, 150_000, 150_000]
    # sales 8,000,000, 8,800,000, 9,680,000; profit 15 % of it
    royalty = plan(found, PaymentForm.ROYALTY, RoyaltyBase.NET_SALES)
    assert royalty.payments == [0, 160_000, 176_000, 193_600]
    assert any("低于 500 万元" in note for note in royalty.notes)
    assert plan(found, PaymentForm.ROYALTY, RoyaltyBase.PROFIT).payments == [0, 120_000, 132_000, 145_200]
    # a third of the lump sum at the signing, 70 % of the rate afterwards
    entry = plan(found, PaymentForm.ENTRY_AND_ROYALTY)
    assert entry.payments == [90_000, 112_000, 123_200, 135_520]
    assert entry.profit_after == [-90_000, 1_088_000, 1_196_800, 1_316_480]
    # annuities of years 9 to 11 (2,000, 4,000, 4,000) fall due within: 15 % of 10,000
    assert found.annuity_saving == Decimal("1500.00")
    lump = plan(found, PaymentForm.LUMP_SUM)
    # (300,000 - 50,000) x 70 %; 300,000 - 50,000 - 175,000 + 1,500
    assert [lump.inventor_share, lump.owner_net] == [175_000, 76_500]


def test_reductions_of_the_annuity_do_not_add_up() -> None:
    owner = {
        "kind": "invention",
        "filing_date": "2018-03-01",
        "grant_date": "2021-03-05",
        "reductions": ["one_party"],
    }
    found = sheet(owner=owner)
    assert [s.payable for s in found.annuity_savings] == [300, 600, 600]
    assert found.annuity_saving == 0


def otherwise(starts_on: str, years: int, **owner: Any) -> list[Decimal]:
    known = {"kind": "发明", "filing_date": "2008-05-10", "reductions": ["一个人或一个单位减缴"]}
    found = sheet(starts_on=starts_on, years=years, owner=known | owner)
    return [saving.otherwise for saving in found.annuity_savings]


def test_reductions_are_granted_for_ten_annuities_from_the_year_of_grant() -> None:
    """Granted 2011-03-01 in patent year 3: years 3 to 12 are reduced, of year 13 on 6,000 and of year 20 8,000 are due."""
    assert otherwise("2019-01-01", 3, grant_date="2011-03-01") == [600, 6000, 6000]
    assert otherwise("2027-01-01", 1, grant_date="2011-03-01") == [8000]
    # Granted 2011-05-10, the first day of patent year 4: year 13 is the tenth.
    assert otherwise("2019-01-01", 3, grant_date="2011-05-10") == [600, 900, 6000]


def test_without_the_day_of_the_grant_only_the_first_ten_years_are_surely_reduced() -> None:
    assert otherwise("2017-01-01", 2) == [600, 4000]  # years 10 and 11
    owner = {"kind": "发明", "filing_date": "2008-05-10", "reductions": ["one_party"]}
    assert any("缺少授权公告日" in note for note in sheet(starts_on="2017-01-01", years=2, owner=owner).notes)
    assert not any(
        "缺少授权公告日" in note for note in sheet(starts_on="2016-01-01", years=2, owner=owner).notes
    )


def test_the_suggested_fee_never_passes_the_cap_by_a_cent() -> None:
    """20,000,000 / 3 = 6,666,666.666…: three times the suggestion stays within the cap."""
    found = method(sheet(years=3, own_use=OWN_USE | {"annual_revenue": 5_000_000_000}), "M1")
    assert found.suggested_fee == Decimal("6666666.66")
    for years in range(1, 21):
        case = sheet(years=years, own_use=OWN_USE | {"annual_revenue": 900_000_000_000})
        suggested = method(case, "M1").suggested_fee
        assert suggested is not None
        assert 20_000_000 - years * Decimal("0.01") < suggested * years <= 20_000_000


@pytest.mark.parametrize(
    ("starts_on", "years", "stated"),
    [
        ("2026-03-01", 2, ""),  # to 2028-02-29, the last valid day
        ("2026-03-02", 2, "不超过 1 年"),  # to 2028-03-01
        ("2026-02-28", 2, ""),
        ("2026-01-01", 10, "不超过 2 年"),
        ("2027-06-01", 1, "剩余期限不足一年"),
        ("2028-02-29", 1, "剩余期限不足一年"),
        ("2028-03-01", 1, "晚于专利权最后有效日 2028-02-29"),
    ],
)
def test_a_licence_that_outlasts_the_patent_is_warned_of(starts_on: str, years: int, stated: str) -> None:
    """专利法 42: a utility model filed 2018-03-01 lives to 2028-02-29, and no annuity falls due after."""
    owner = {"kind": "实用新型", "filing_date": "2018-03-01"}
    found = sheet(starts_on=starts_on, years=years, owner=owner, own_use=OWN_USE)
    assert found.patent_ends_on == date(2028, 2, 29)
    assert [stated in warning for warning in found.warnings] == ([True] if stated else [])
    assert all(saving.due_on <= date(2028, 2, 29) for saving in found.annuity_savings)


def test_values_may_be_written_in_chinese() -> None:
    english = {"licence_type": "exclusive", "fee": 300_000, "years": 3}
    owner = {"kind": "utility_model", "filing_date": "2020-03-01", "reductions": ["several_parties"]}
    chinese = sheet(
        earlier=english | {"licence_type": "独占"},
        owner=owner | {"kind": "实用新型", "reductions": ["两个以上的人或单位减缴"]},
    )
    assert chinese == sheet(earlier=english, owner=owner)


@pytest.mark.parametrize("day", ["0001-01-01", "1985-03-31", "2101-01-01"])
def test_a_start_in_no_sane_year_is_refused(day: str) -> None:
    with pytest.raises(ValidationError, match="不合常理"):
        sheet(starts_on=day)


def test_the_annuity_of_the_compensated_term_is_named_as_missing() -> None:
    """Filed 2006-05-10, expiry 2027-03-01: the fee of 2026-05-10 has no amount yet."""
    owner = {"kind": "invention", "filing_date": "2006-05-10", "expiry_date": "2027-03-01"}
    found = sheet(starts_on="2026-01-01", years=1, owner=owner)
    assert found.annuity_savings == []
    assert any("财税〔2024〕23号" in note and "补偿期" in note for note in found.notes)


def test_less_than_half_for_the_inventors_is_remarked() -> None:
    assert any("第四十五条" in note and "低于" in note for note in sheet(owner={"inventor_share": 40}).notes)


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ([(1, "0.9")], "k(1) 应为 1"),
        ([(1, 1), (5, "0.5"), (10, "0.6")], "不增"),
        ([(1, 1), (2, "0.4")], "n=2"),
        ([(1, 1), (10, "0.5"), (10, "0.5")], "依次增大"),
        ([(1, 1), (10, "0.1")], "总收入"),
    ],
)
def test_unfair_coefficient_tables_are_refused(table: list[tuple[int, Any]], reason: str) -> None:
    points = [{"licensees": n, "k": k} for n, k in table]
    with pytest.raises(ValidationError, match=reason.replace("(", r"\(").replace(")", r"\)")):
        OneToMany.model_validate({"source": "", "checked": True, "table": points})


@given(
    st.lists(
        st.tuples(st.integers(1, 200), st.decimals("0.01", 1, places=3)), max_size=6, unique_by=lambda p: p[0]
    )
)
def test_every_accepted_table_is_fair(points: list[tuple[int, Decimal]]) -> None:
    table = [{"licensees": 1, "k": 1}, *({"licensees": n, "k": k} for n, k in sorted(points) if n > 1)]
    try:
        accepted = OneToMany.model_validate({"source": "", "checked": True, "table": table})
    except ValidationError:
        return
    values = [accepted.k(n) for n in range(1, 251)]
    assert values[0] == 1
    assert values == sorted(values, reverse=True)
    totals = [n * k for n, k in enumerate(values, 1)]
    assert totals == sorted(totals)


@given(
    fee=st.decimals(1, 10**7, places=2),
    years=st.integers(1, 20),
    discount=st.decimals(0, 30, places=1),
    deferred=st.integers(1, 19),
)
def test_fixed_forms_come_to_the_same(fee: Decimal, years: int, discount: Decimal, deferred: int) -> None:
    found = sheet(years=years, agreed={"annual_fee": fee}, discount=discount, deferred_years=deferred)
    lump, instalments, later = (
        plan(found, form) for form in (PaymentForm.LUMP_SUM, PaymentForm.INSTALMENTS, PaymentForm.USE_FIRST)
    )
    assert lump.present_value == instalments.present_value
    assert instalments.total == later.total == fee * years
    assert later.present_value is not None
    assert instalments.present_value is not None
    assert later.present_value <= instalments.present_value
    assert all(len(p.payments) == years + 1 for p in (lump, instalments, later))


@given(
    revenue=st.sampled_from([0, 1, 10**12]),
    rate=st.sampled_from(["0.001", "100"]),
    growth=st.sampled_from([-100, 0, 100]),
    discount=st.sampled_from([0, "0.001", 100]),
    years=st.sampled_from([1, 20]),
    licensees=st.sampled_from([1, 100_000]),
)
def test_extreme_figures_are_reckoned_with(
    revenue: int, rate: str, growth: int, discount: Any, years: int, licensees: int
) -> None:
    found = sheet(
        years=years,
        licensees=licensees,
        own_use={"annual_revenue": revenue, "margin": rate, "share": rate},
        earlier={"fee": revenue, "years": "0.01", "royalty_rate": rate},
        valuation={"value": revenue, "discount": discount},
        forecast={"net_sales": revenue, "growth": growth, "profit": rate},
        discount=discount,
        owner={"costs": revenue},
    )
    assert all(len(p.payments) == years + 1 for p in found.plans if not p.missing)


def test_an_operator_replaces_the_rules(tmp_path: Path) -> None:
    text = source().text
    (tmp_path / "fees.toml").write_text(text.replace("fixed_fee = 20000000", "fixed_fee = 100"), "utf-8")
    rules = load(tmp_path)
    assert rules.caps.fixed_fee == 100
    assert rules.version.startswith("自定义-")
    (tmp_path / "fees.toml").write_text(text.replace("k = 0.8 }", "k = 0.3 }"), "utf-8")
    with pytest.raises(InvalidInput, match="one_to_many 无法使用：k 应随人数增多而不增"):
        load(tmp_path)
