"""Amounts, rates, counts, periods, fees and instants as people write them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.kit.days import BEIJING
from catalog.kit.terms import PaymentForm, RoyaltyBase
from ingestion.values.fees import FeeTerms, fee_terms
from ingestion.values.numerals import in_digits
from ingestion.values.periods import Period, is_unending, last_day, parse_period
from ingestion.values.values import parse_amount, parse_count, parse_date, parse_rate, says_only_amount

D = date
WAN = 10_000


@pytest.mark.parametrize(
    ("written", "yuan"),
    [
        ("50", 500_000), ("≤80", 800_000), ("5千万", 50_000_000), ("8百万", 8_000_000), ("30万元（含税）", 300_000),
        ("50-80万", 800_000), ("50万-80万", 800_000), ("80~100", 1_000_000), ("不超过80万元", 800_000), ("约50万元左右", 500_000),
        ("80万元/年", 800_000), ("人民币伍拾万元整", 500_000), ("五十万元", 500_000), ("三千万", 30_000_000), ("100万+", 1_000_000),
        ("＞100万", 1_000_000), ("100w", 1_000_000), ("20-30万元/项", 300_000), ("0.5亿", 50_000_000), ("1,200元", 1200),
        ("80（万元）", 800_000), ("50万起", 500_000), ("10万以下", 100_000), ("50万左右，可面议", 500_000), ("每年80万元", 800_000),
    ],
)  # fmt: skip
def test_plain_amounts(written: str, yuan: int) -> None:
    assert parse_amount(written, WAN) == Decimal(yuan)


@pytest.mark.parametrize(
    "written", ["面谈", "面议", "双方协商确定", "视情况而定", "价格面议", "面议或协商", "不限", "无", "-1"]
)
def test_what_leaves_the_amount_open_is_none(written: str) -> None:
    assert parse_amount(written, WAN) is None


@pytest.mark.parametrize("written", ["5万美元", "$5万", "总投入500万，其中技术50万", "若干", "很多"])
def test_what_is_no_plain_amount_is_not_guessed(written: str) -> None:
    with pytest.raises(ValueError, match="不是金额"):
        parse_amount(written, WAN)


@given(st.integers(0, 99_999), st.sampled_from(["", "万", "万元", "亿", "千万", "元"]))
def test_any_number_with_a_unit(number: int, unit: str) -> None:
    assert parse_amount(f"{number}{unit}") == parse_amount(f"约{number}{unit}左右")
    assert says_only_amount(f"{number}{unit}")


@pytest.mark.parametrize(
    ("written", "rate"),
    [("3", "3"), ("3%", "3"), ("3％", "3"), ("净销售额的3%", "3"), ("利润的百分之十", "10"), ("2.5%", "2.5")],
)
def test_rates(written: str, rate: str) -> None:
    assert parse_rate(written) == Decimal(rate)


@pytest.mark.parametrize("written", ["3%-5%", "3-5%", "前三年3%，后三年5%", "若干"])
def test_several_rates_are_not_one(written: str) -> None:
    with pytest.raises(ValueError, match="百分比"):
        parse_rate(written)


def test_counts() -> None:
    assert [parse_count(text) for text in ("1,200人", "分3期", "三期", "约200人", "120.0")] == [
        1200,
        3,
        3,
        200,
        120,
    ]
    with pytest.raises(ValueError, match="整数"):
        parse_count("100-200人")


@pytest.mark.parametrize(
    ("written", "period"),
    [
        ("2024年1月1日至2026年12月31日", Period(D(2024, 1, 1), D(2026, 12, 31))),
        ("2024-01-01 至 2026-12-31", Period(D(2024, 1, 1), D(2026, 12, 31))),
        ("2024.01.01-2026.12.31", Period(D(2024, 1, 1), D(2026, 12, 31))),
        ("2024/1/1—2026/12/31", Period(D(2024, 1, 1), D(2026, 12, 31))),
        ("20240101-20261231", Period(D(2024, 1, 1), D(2026, 12, 31))),
        ("自2024年1月1日起至2026年12月31日止", Period(D(2024, 1, 1), D(2026, 12, 31))),
        ("2024.1-2026.12", Period(D(2024, 1, 1), D(2026, 12, 31))),
        ("2024年至2026年", Period(D(2024, 1, 1), D(2026, 12, 31))),
        ("3年", Period(months=36)), ("三年", Period(months=36)), ("36个月", Period(months=36)), ("半年", Period(months=6)),
        ("自公告之日起3年", Period(months=36)), ("自合同签订之日起三年", Period(months=36)),
        ("2024-01-01起3年", Period(D(2024, 1, 1), D(2026, 12, 31), 36)),
        ("至2026-12-31", Period(None, D(2026, 12, 31))), ("2026-12-31", Period(None, D(2026, 12, 31))),
        ("2024年1月1日起至专利权终止", Period(D(2024, 1, 1))),
        ("长期有效", Period()), ("至专利权届满", Period()), ("专利有效期内", Period()), ("", Period()),
    ],
)  # fmt: skip
def test_periods(written: str, period: Period) -> None:
    assert parse_period(written) == period


@pytest.mark.parametrize("written", ["3-5年", "不少于3年", "1年半", "与合同一致", "2024-13-01至2026-01-01"])
def test_what_is_no_plain_period_is_not_guessed(written: str) -> None:
    with pytest.raises(ValueError, match=r"期限|日期"):
        parse_period(written)


@given(st.dates(D(2000, 1, 1), D(2030, 1, 1)), st.integers(1, 240))
def test_a_period_ends_before_the_matching_day(start: date, months: int) -> None:
    end = last_day(start, months)
    assert start < end
    assert (end.year - start.year) * 12 + end.month - start.month in (months - 1, months)


def test_words_without_an_end() -> None:
    assert all(map(is_unending, ["长期", "长期有效", "常年有效", "不限", "无限期"]))
    assert not any(map(is_unending, ["", "2025-06-30", "三年", "有效"]))


@pytest.mark.parametrize(
    ("wording", "terms"),
    [
        ("一次性支付5万元", FeeTerms(PaymentForm.LUMP_SUM, Decimal(50_000))),
        ("5万元/年", FeeTerms(PaymentForm.ANNUAL, Decimal(50_000))),
        ("年许可费2万元", FeeTerms(PaymentForm.ANNUAL, Decimal(20_000))),
        ("利润的10%", FeeTerms(PaymentForm.ROYALTY, None, Decimal(10), RoyaltyBase.PROFIT)),
        ("入门费5万元+销售额3%提成", FeeTerms(PaymentForm.ENTRY_AND_ROYALTY, Decimal(50_000), Decimal(3), RoyaltyBase.NET_SALES)),
        ("分3期支付，共30万元", FeeTerms(PaymentForm.INSTALMENTS, Decimal(300_000), instalments=3)),
        ("首付5万，余款10万", FeeTerms(PaymentForm.INSTALMENTS)),
        ("净销售额的3%-5%", FeeTerms(PaymentForm.ROYALTY, base=RoyaltyBase.NET_SALES)),
        ("0元", FeeTerms(PaymentForm.FREE)), ("免费", FeeTerms(PaymentForm.FREE)), ("面议", FeeTerms(PaymentForm.OTHER)),
        ("每件产品提成5元", FeeTerms(PaymentForm.ROYALTY)), ("5万美元", FeeTerms()),
    ],
)  # fmt: skip
def test_wordings_of_fees(wording: str, terms: FeeTerms) -> None:
    assert fee_terms(wording) == terms


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2021-03-04T16:00:00.000Z", "2021-03-05"), ("2021-03-05T00:00:00+08:00", "2021-03-05"), ("2021-03-04 16:00:00 UTC", "2021-03-05"),
        ("2021-03-04T15:59:59Z", "2021-03-04"), ("2021-03-04T23:30:00-0500", "2021-03-05"), ("2021-03-04 16:00:00", "2021-03-04"),
    ],
)  # fmt: skip
def test_an_instant_is_a_day_in_beijing(written: str, day: str) -> None:
    assert str(parse_date(written)) == day


@given(st.datetimes(datetime(1992, 1, 2), datetime(2030, 1, 1), timezones=st.timezones()))
def test_any_instant_is_its_day_in_beijing(moment: datetime) -> None:
    assert parse_date(moment) == moment.astimezone(BEIJING).date()


def test_chinese_numbers() -> None:
    assert in_digits("一百二十万") == "120万"
    assert in_digits("一次性") == "一次性"
