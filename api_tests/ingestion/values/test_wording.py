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
from ingestion.values.periods import (
    Period,
    is_unending,
    last_day,
    parse_last_day,
    parse_period,
    says_only_period,
)
from ingestion.values.values import parse_amount, parse_count, parse_date, parse_rate, says_only_amount

D = date
WAN = 10_000


# By what they come to, with 万元 as the unit of a bare number.
AMOUNTS = {
    500_000: [
        "50", "50.00", "50万", "50万元", "50 万元", "50万 元", "50\n万元", "５０万元", "五十万", "五十万元", "伍拾万元整",
        "人民币伍拾万元整", "50萬元", "50万圆",
        "¥50万", "￥500,000", "￥500,000.00元", "RMB50万", "CNY 500000", "500000元", "500,000元", "0.5百万", "约50万元左右", "大约50万",
        "近50万元",
        "50余万元", "50多万元", "50万余元", "预算50万元", "拟投入50万元", "计划投入50万", "总投入50万", "50万起", "50万+", "50+",
        "50万元/年", "每年50万元",
        "50万元/项", "50万元（含税）", "50（万元）", "50万元含税", "50万元人民币", "50万左右，可面议", "50万元，具体面议",
        "50万元（可协商）",
    ],
    800_000: [
        "≤80", "≤80万元", "＜80万", "<80万元", "≥80万元", ">80", "不超过80万元", "不高于80万元", "低于80万元", "少于80万元", "80万以内",
        "80万元以下", "80万以上",
        "至少80万元", "最高80万元", "上限80万", "80万元封顶", "50-80", "50-80万", "50~80万元", "50～80万元", "50—80万", "50——80万元",
        "50–80万元", "50至80万元",
        "50到80万", "50万-80万", "50万元-80万元", "50万元至80万元", "50万元～80万元之间", "50-80万元之间", "50万-80", "约50-80万元",
        "五十至八十万元", "五十万到八十万元",
    ],
    1_200_000: ["120万", "一百二十万元", "壹佰贰拾万元", "0.012亿"],
    50_000_000: ["5千万", "5千万元", "5000万", "五千万", "0.5亿", "0.5亿元", "5仟万", "50百万"],
    100_000_000: ["1亿", "一亿元", "壹亿元整", "5000万-1亿元", "10000"],
    1_200: ["1,200元", "1200元整", "一千二百元"],
    0: ["0", "0元", "0万元"],
}  # fmt: skip


@pytest.mark.parametrize("yuan", AMOUNTS)
def test_plain_amounts(yuan: int) -> None:
    assert {written: parse_amount(written, WAN) for written in AMOUNTS[yuan]} == dict.fromkeys(
        AMOUNTS[yuan], Decimal(yuan)
    )


OPEN = [
    "面谈", "面议", "面议。", "面 议", "价格面议", "详谈", "可谈", "可面议", "具体面谈", "面洽", "协商", "双方协商", "双方协商确定",
    "另议", "另行商定", "可商量", "电话沟通",
    "待定", "未定", "暂定", "暂未确定", "尚未确定", "不限", "无上限", "视情况而定", "根据项目情况确定", "按合同约定", "以合同为准",
    "面议或协商", "费用面议、不限",
]  # fmt: skip


@pytest.mark.parametrize("written", [*OPEN, "", "无", "暂无", "-", "—", "/", "-1", "N/A"])
def test_what_leaves_the_amount_open_is_none(written: str) -> None:
    assert parse_amount(written, WAN) is None
    assert not says_only_amount(written)


@pytest.mark.parametrize(
    "written", ["5万美元", "$5万", "总投入500万，其中技术50万", "50、80万", "首期50万，二期80万", "若干", "很多", "50k"]
)  # fmt: skip
def test_what_is_no_plain_amount_is_not_guessed(written: str) -> None:
    with pytest.raises(ValueError, match="不是金额"):
        parse_amount(written, WAN)


@given(st.integers(0, 99_999), st.sampled_from(["", "万", "万元", "亿", "千万", "元"]))
def test_any_number_with_a_unit(number: int, unit: str) -> None:
    assert parse_amount(f"{number}{unit}") == parse_amount(f"约{number}{unit}左右")
    assert says_only_amount(f"{number}{unit}")
    assert not says_only_amount(f"{number}-{number + 1}{unit}")  # the lower end would be lost


@pytest.mark.parametrize(
    ("written", "rate"),
    [
        ("3", "3"), ("3%", "3"), ("3％", "3"), ("3 %", "3"), ("净销售额的3%", "3"), ("利润的百分之十", "10"), ("2.5%", "2.5"),
        ("百分之二点五", "2.5"),
        ("千分之三", "0.3"), ("3个点", "3"), ("3个百分点", "3"),
    ],
)  # fmt: skip
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


FROM_TO = [
    "2024年1月1日至2026年12月31日", "2024-01-01 至 2026-12-31", "2024.01.01-2026.12.31", "2024/1/1—2026/12/31", "20240101-20261231",
    "2024-01-01~2026-12-31",
    "2024-01-01～2026-12-31", "2024-01-01/2026-12-31", "2024年1月1日--2026年12月31日", "自2024年1月1日起至2026年12月31日止",
    "从2024年1月1日到2026年12月31日",
    "由2024-01-01起至2026-12-31", "2024年1月1日，2026年12月31日", "2024年1月1日—\n2026年12月31日",
    "２０２４年１月１日至２０２６年１２月３１日",
    "二〇二四年一月一日至二〇二六年十二月三十一日", "2024-01-01 00:00:00至2026-12-31 00:00:00", "许可期限：2024-01-01至2026-12-31",
    "2024.1-2026.12",
    "2024年1月-2026年12月", "2024年至2026年", "2024-2026", "2024年第一季度至2026年底",
]  # fmt: skip
LENGTHS = {
    36: [
        "3年", "3 年", "３年", "三年", "叁年", "36个月", "36月", "三十六个月", "3周年", "3年整", "共3年", "为期三年", "期限3年",
        "三年期", "3年0个月", "三年（36个月）",
        "自公告之日起3年", "自公告之日起三年", "公告之日起3年内", "自声明公告之日起 3 年", "自合同签订之日起三年", "合同签订后3年",
        "自合同生效之日起3年", "签约之日起三年",
        "自双方签字盖章之日起3年", "自备案之日起36个月", "自授权之日起3年", "三年，自公告日起算", "3年（自合同签订之日起）",
        "3年（可续签）", "3年，到期可续签",
    ],
    6: [
        "半年", "6个月", "六个月", "0.5年"], 12: ["一年", "1年", "12个月"], 18: ["一年半", "1年半", "1.5年", "18个月", "1年6个月",
        "一年零六个月",
    ],
    60: ["5年", "五年", "60个月", "自许可合同生效之日起五年内有效"],
}  # fmt: skip
UNENDING = [
    "长期", "长期有效", "常年有效", "永久", "不限", "无限期", "无固定期限", "至专利权届满", "至专利权终止之日止", "至专利权有效期届满",
    "至专利到期", "专利有效期内", "专利权有效期内",
    "专利权有效期内均可", "专利保护期内", "专利权存续期间", "剩余有效期", "专利剩余有效期", "同专利有效期", "与专利有效期一致",
    "自公告之日起至专利权终止",
]  # fmt: skip


def test_periods_from_one_day_to_another() -> None:
    period = Period(D(2024, 1, 1), D(2026, 12, 31))
    assert {written: parse_period(written) for written in FROM_TO} == dict.fromkeys(FROM_TO, period)


@pytest.mark.parametrize("months", LENGTHS)
def test_periods_of_some_length(months: int) -> None:
    found = {written: parse_period(written).months for written in LENGTHS[months]}
    assert found == dict.fromkeys(LENGTHS[months], months)


def test_periods_without_an_end() -> None:
    assert [written for written in UNENDING if parse_period(written) != Period()] == []
    assert [written for written in UNENDING if says_only_period(written)] == []


@pytest.mark.parametrize(
    ("written", "period"),
    [
        ("2024-01-01起3年", Period(D(2024, 1, 1), D(2026, 12, 31), 36)),
        ("2024年1月1日起，期限三年", Period(D(2024, 1, 1), D(2026, 12, 31), 36)),
        ("2024-01-01至2026-12-31（3年）", Period(D(2024, 1, 1), D(2026, 12, 31), 36)), ("至2026-12-31", Period(None, D(2026, 12, 31))),
        ("2026-12-31", Period(None, D(2026, 12, 31))), ("截止2026年12月31日", Period(None, D(2026, 12, 31))),
        ("2026年12月31日前", Period(None, D(2026, 12, 31))),
        ("2026年底", Period(None, D(2026, 12, 31))), ("2026年6月", Period(None, D(2026, 6, 30))),
        ("2026年上半年", Period(None, D(2026, 6, 30))),
        ("2026Q3", Period(None, D(2026, 9, 30))), ("2024年1月1日起", Period(D(2024, 1, 1))),
        ("2024年1月1日起至专利权终止", Period(D(2024, 1, 1))),
        ("2024-01-01至专利权期限届满", Period(D(2024, 1, 1))), ("2024-01-01至长期", Period(D(2024, 1, 1))), ("", Period()),
        ("无", Period()),
    ],
)  # fmt: skip
def test_other_periods(written: str, period: Period) -> None:
    assert parse_period(written) == period


@pytest.mark.parametrize(
    "written",
    [
        "3-5年", "三至五年", "不少于3年", "不超过3年", "3年以上", "与合同一致", "面议", "2024-13-01至2026-01-01", "2024-13至2026-01",
        "2024-01-01至今",
    ],
)  # fmt: skip
def test_what_is_no_plain_period_is_not_guessed(written: str) -> None:
    with pytest.raises(ValueError, match=r"期限|日期"):
        parse_period(written)


DEADLINES = {
    D(2025, 12, 31): [
        "2025-12-31", "2025年12月31日", "20251231", "46022", "2025年底", "2025年末", "2025年", "2025年12月", "2025年12月底",
        "2025年四季度", "2025年第4季度", "2025Q4",
        "2025 Q4", "2025年下半年", "至2025年底", "截至2025年12月31日", "截止2025年12月31日", "2025年12月31日前", "2025年12月31日止",
        "2025.01.01-2025.12.31",
        "2025年1月至2025年12月", "二〇二五年底",
    ],
    D(2025, 6, 30): [
        "2025年6月", "2025-06", "2025.6", "2025/06", "2025年6月底", "2025年6月份", "2025Q2", "2025年二季度", "2025年上半年",
        "2025年6月30号",
    ],
}  # fmt: skip


@pytest.mark.parametrize("day", DEADLINES)
def test_deadlines(day: date) -> None:
    found = {written: parse_last_day(written) for written in DEADLINES[day]}
    assert found == dict.fromkeys(DEADLINES[day], day)


@pytest.mark.parametrize("written", ["", "长期", "长期有效", "常年有效", "不限"])
def test_no_deadline(written: str) -> None:
    assert parse_last_day(written) is None


@pytest.mark.parametrize("written", ["半年内", "三个月", "2025年初", "尽快", "面议", "2025-13", "2025-02-30"])
def test_what_is_no_deadline_is_not_guessed(written: str) -> None:
    with pytest.raises(ValueError, match="日期"):
        parse_last_day(written)


@given(st.dates(D(2000, 1, 1), D(2030, 1, 1)), st.integers(1, 240))
def test_a_period_ends_before_the_matching_day(start: date, months: int) -> None:
    end = last_day(start, months)
    assert start < end
    assert (end.year - start.year) * 12 + end.month - start.month in (months - 1, months)


def test_words_without_an_end() -> None:
    assert all(map(is_unending, UNENDING))
    assert not any(map(is_unending, ["", "2025-06-30", "三年", "有效"]))


FEES = {
    FeeTerms(PaymentForm.LUMP_SUM, Decimal(50_000)): [
        "一次性支付5万元", "一次总付5万元", "一次付清，5万元", "一次性付费五万元", "5万元一次付清", "许可费5万元", "固定费用：5万元",
        "人民币 5 万元", "50000元", "￥50,000元",
        "5万", "一次性总付：人民币伍万元整", "５万元", "不超过5万元", "3万-5万元", "许可使用费总额50,000元（含税）",
    ],
    FeeTerms(PaymentForm.ANNUAL, Decimal(50_000)): [
        "5万元/年", "5万/年", "50,000元/年", "５万元／年", "5 万元 / 年", "每年5万元", "每年支付5万元", "每年人民币伍万元", "5万元每年",
        "按年支付，5万元/年", "年费5万元", "年许可费5万元",
        "年度许可费5万元", "一年5万元", "3-5万元/年",
    ],
    FeeTerms(PaymentForm.ROYALTY, None, Decimal(10), RoyaltyBase.PROFIT): [
        "利润的10%", "净利润的10%", "利润的百分之十", "按利润的百分之十提成", "提成：利润的 10 ％", "毛利的10%", "利润10个点",
    ],
    FeeTerms(PaymentForm.ROYALTY, None, Decimal(3), RoyaltyBase.NET_SALES): [
        "净销售额的3%", "按销售额3%提成", "提成：销售收入的 3 %", "营业额的3%", "产值的3%", "按年销售额的3%支付",
        "按产品净销售额的百分之三提成支付",
    ],
    FeeTerms(PaymentForm.ENTRY_AND_ROYALTY, Decimal(50_000), Decimal(3), RoyaltyBase.NET_SALES): [
        "入门费5万元+销售额3%提成", "入门费+提成：5万元+净销售额3%", "入门费五万元加销售额百分之三", "5万元入门费，另按销售额的3%提成",
    ],
    FeeTerms(PaymentForm.INSTALMENTS, Decimal(300_000), instalments=3): [
        "分3期支付，共30万元", "分三期支付30万元", "30万元，分3期", "分期付款，总额30万元，分三次付清", "总价30万，三年分3次支付",
    ],
    FeeTerms(PaymentForm.FREE): [
        "0", "0元", "0万元", "零元", "免费", "免费许可", "无偿", "无偿许可", "免许可费", "免收许可使用费", "免除许可费", "不收费",
        "不收取费用", "零费用", "许可费为0",
    ],
    FeeTerms(PaymentForm.OTHER): ["面议", "面谈", "详谈", "商议", "双方协商", "另行约定", "具体协商确定", "待定"],
    FeeTerms(PaymentForm.USE_FIRST): ["先使用后付费", "先用后付"],
    FeeTerms(PaymentForm.USE_FIRST, Decimal(50_000)): [
        "前三年免费，之后每年5万元", "第一年免费，第二年起5万元/年", "先免费试用一年，之后5万元/年",
    ],
    FeeTerms(PaymentForm.ROYALTY, base=RoyaltyBase.NET_SALES): ["净销售额的3%-5%", "销售额的3～5%"],
    FeeTerms(PaymentForm.ROYALTY): ["每件产品提成5元", "5元/件", "每台100元"],
    FeeTerms(PaymentForm.INSTALMENTS): ["首付5万，余款10万", "分期支付"], FeeTerms(): ["5万美元", "$5万", "5000欧元", "若干"],
}  # fmt: skip


@pytest.mark.parametrize("terms", FEES)
def test_wordings_of_fees(terms: FeeTerms) -> None:
    assert {wording: fee_terms(wording) for wording in FEES[terms]} == dict.fromkeys(FEES[terms], terms)


@pytest.mark.parametrize(
    "written",
    [
        "2019-01-02", "2019年1月2日", "2019年1月2号", "2019 年 01 月 02 日", "2019.1.2.", "2019,1,2", "2019 01 02", "2019·01·02",
        "2019_01_02", "２０１９．０１．０２",
        "20190102", "20190102.0", "二〇一九年一月二日", "2019-01-02（补）", "(2019-01-02)", "2019/1/2星期三", "2019/01/02 0:00",
        "Jan 2, 2019", "2-Jan-2019", "43467",
    ],
)  # fmt: skip
def test_days(written: str) -> None:
    assert parse_date(written) == D(2019, 1, 2)


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2021-03-04T16:00:00.000Z", "2021-03-05"), ("2021-03-05T00:00:00+08:00", "2021-03-05"),
        ("2021-03-04 16:00:00 UTC", "2021-03-05"),
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
