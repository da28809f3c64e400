from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.identifiers import application_number
from ingestion.identifiers.errors import (
    InvalidCheckDigit,
    InvalidComponent,
    InvalidFormat,
    InvalidIdentifier,
    InvalidLength,
    IsPublicationNumber,
    ScientificNotation,
)
from ingestion.readers.guards import unguarded

TODAY = date(2026, 11, 22)

# public numbers, each with its own check digit
PUBLISHED = [
    "201310699744.2",
    "201710601862.3",
    "200710308494.X",
    "200710077832.3",
    "200930143483.0",
    "200480002090.2",
    "202011351308.2",
    "201921898050.0",
    "201921897980.4",
    "201921897855.3",
    "97101765.4",
    "95115608.X",
]


@st.composite
def numbers(draw: st.DrawFn) -> str:
    """A canonical number of either era."""
    kind = draw(st.sampled_from("12389"))
    if draw(st.booleans()):
        body = f"{draw(st.integers(2003, 2026))}{kind}{draw(st.integers(1, 9_999_999)):07}"
    else:
        body = f"{draw(st.integers(1985, 2003)) % 100:02}{kind}{draw(st.integers(1, 99_999)):05}"
    return f"{body}.{application_number.check_digit(body)}"


@pytest.mark.parametrize("number", PUBLISHED)
def test_published_numbers_pass_and_their_body_yields_the_check_digit(number: str) -> None:
    body, check = number.split(".")
    assert (
        application_number.validate(number, today=TODAY)
        == application_number.validate(body, today=TODAY)
        == application_number.validate(body + check, today=TODAY)
        == number
    )
    assert application_number.check_digit(body) == check


def test_the_invented_exam_number_fails_and_the_right_digit_is_named() -> None:
    with pytest.raises(InvalidCheckDigit, match=r"200490000001\.3.*应为 6") as error:
        application_number.validate("200490000001.3", today=TODAY)
    assert error.value.expected == "6"


@pytest.mark.parametrize(
    "written",
    [
        "ZL201310699744.2",
        "CN 2013 1 0699744.2",
        "cn2013106997442",
        "ＺＬ２０１３１０６９９７４４．２",
        "\ufeff201310699744\u200b.2\u3000",
        "'2013 1069\n97442",
        "2013106997442.0",
        "201310699744.00",
        2013106997442.0,
        201310699744.2,
        201310699744.0,
        201310699744,
    ],
)
def test_spellings_of_one_number(written: str | float) -> None:
    assert application_number.validate(written, today=TODAY) == "201310699744.2"


# {n} the number, {b} its digits, {c} its check character, {y} {t} {s} year, type and serial.
LABELS = [
    "专利号：ZL{n}",
    "专利号:ZL {y} {t} {s}.{c}",
    "专利号为ZL{n}",
    "专利号 {n}",
    "【专利号】ZL{n}",
    "专利号(ZL{n})",
    "专利号——ZL{n}",
    "发明专利号：ZL{n}",
    "申请号：{n}",
    "申请号：CN{n}",
    "申请号 CN{n}",
    "专利申请号：{n}",
    "申请(专利)号：{n}",
    "申请（专利）号:CN{n}",
    "申请号/专利号：{n}",
    "专利编号：{n}",
    "授权专利号：ZL{n}",
    "中国专利{n}",
    "中国发明专利ZL{n}",
    "发明 {n}",
    "No. {n}",
    "NO:{n}",
    "№{n}",
    "第{n}号",
    "{n}号",
    "Patent No.: CN{n}",
    "Application No. {n}",
    "ZL NO.{n}",
    "1.ZL{n}",
    "（1）ZL{n}",
    "一种示例泵（专利号：ZL{n}）",
    "ZL{n} 一种示例泵",
]
REMARKS = [
    "ZL{n}（已授权）",
    "ZL{n}(实用新型)",
    "{n}[有效]",
    "{n}/有效",
    "{n}-有效",
    "{n} 授权",
    "ZL{n}等",
    "ZL{n}，2023-05-10",
    "ZL{n}（授权日2023-05-10）",
    "{n}；",
    "{n}、",
    "{n}。",
    "[{n}]",
    "【{n}】",
    "（{n}）",
    "《{n}》",
    "#{n}",
    "*{n}",
    "“{n}”",
]
FORMS = [
    "ZL{n}",
    "ZL.{n}",
    "ZL-{n}",
    "ZL：{n}",
    "(ZL){n}",
    "CN{n}",
    "CN-{n}",
    "CN.{n}",
    "CNZL{n}",
    "zl{n}",
    "ZL {y} {t} {s}.{c}",
    "CN {y} {t} {s}.{c}",
    "{y}{t} {s}.{c}",
    "{b}{c}",
    "{b} .{c}",
    "{b}. {c}",
    "{b}·{c}",
    "{b}。{c}",
    "{b}-{c}",
    "{b},{c}",
    "{b} {c}",
    "{b}•{c}",
    "ZL{y}\n{t}{s}.{c}",
    "ZL{b}.\n{c}",
    "ZL\u3000{n}",
    "ZL\xa0{y}\xa0{t}\xa0{s}.{c}",
    "\ufeff{n}",
]
GUARDS = ['="{n}"', '=T("{n}")', '="ZL{n}"', '="专利号：ZL{n}"', "'{n}", "`{n}", '"{n}"', "={n}"]
DOCDB = ["CN {b} A", "CN_{b}_A", "CN{b}A", "CN-{b}-A", "CN.{b}.A", "CN{n}A", "cn{b}u", "CN {b} B2"]


@pytest.mark.parametrize("forms", [LABELS, REMARKS, FORMS, GUARDS, DOCDB])
@pytest.mark.parametrize("number", ["202119950020.2", "200710308494.X", "97101765.4"])
def test_labels_remarks_guards_and_docdb(forms: list[str], number: str) -> None:
    body, check = number.split(".")
    year = 4 if len(body) == 12 else 2
    parts = {"n": number, "b": body, "c": check, "y": body[:year], "t": body[year], "s": body[year + 1 :]}
    written = [unguarded(form.format(**parts)) for form in forms]
    wide = [text.translate({code: code + 0xFEE0 for code in range(0x2A, 0x7F)}) for text in written]
    assert {text for text in [*written, *wide] if _valid(text) != number} == set()


def _valid(text: str) -> str:
    try:
        return application_number.validate(text, today=TODAY)
    except InvalidIdentifier as error:
        return type(error).__name__


@pytest.mark.parametrize("x", ["x", "Ｘ", "×", "Ⅹ", "Х", "χ"])
def test_what_looks_like_the_check_character_x_is_one(x: str) -> None:
    assert application_number.validate(f"ZL200710308494.{x}", today=TODAY) == "200710308494.X"


@pytest.mark.parametrize(
    "text",
    [
        "ZL202119950020.2；ZL201310699744.2",
        "ZL202119950020.3",
        "公开号：CN119950020A",
        "027-87654321",
        "2019 年 1 月",
    ],
)
def test_words_do_not_make_a_number_of_what_is_none(text: str) -> None:
    assert not application_number.is_valid(text, today=TODAY)


def test_lower_case_x_and_the_era_without_check_digit() -> None:
    assert application_number.validate("zl95115608x", today=TODAY) == "95115608.X"
    assert application_number.validate(
        "85100001", today=TODAY
    ) == "85100001." + application_number.check_digit("85100001")


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("2.02E+12", ScientificNotation),
        ("２.０１３１e12", ScientificNotation),
        ("CN102644312U", IsPublicationNumber),
        ("CN1234567C", IsPublicationNumber),
        ("CN101141661", IsPublicationNumber),
        ("201310699744.0", InvalidCheckDigit),  # as text the zero is a check digit, not a tail
        (2.02e12, InvalidComponent),  # rounded, though every digit shows
        ("200210699744", InvalidComponent),
        ("202710699744", InvalidComponent),
        ("04101765", InvalidComponent),
        ("84101765", InvalidComponent),
        ("201340699744", InvalidComponent),
        ("20131069974", InvalidLength),
        ("20131069974422", InvalidLength),
        ("X01310699744.2", InvalidFormat),
        ("201310699744.2A", InvalidFormat),
        ("²01310699744.2", InvalidFormat),
        ("", InvalidFormat),
        (float("nan"), InvalidFormat),
        (float("inf"), InvalidFormat),
    ],
)
def test_each_kind_of_failure_has_its_exception(value: str | float, error: type[InvalidIdentifier]) -> None:
    with pytest.raises(InvalidIdentifier) as caught:
        application_number.validate(value, today=TODAY)
    assert type(caught.value) is error


def test_the_current_year_is_the_last_one_accepted() -> None:
    body = "202610000001"
    assert application_number.is_valid(body, today=date(2026, 1, 1))
    assert not application_number.is_valid(body, today=date(2025, 12, 31))


def test_the_kind_follows_from_the_type_digit() -> None:
    numbers = ("200930143483.0", "200480002090.2", "201921898050.0", "97101765.4", "03910001")
    assert {number: application_number.kind(number) for number in numbers} == {
        "200930143483.0": "design",
        "200480002090.2": "invention",
        "201921898050.0": "utility_model",
        "97101765.4": "invention",
        "03910001": "utility_model",
    }


@given(numbers())
def test_every_single_substitution_is_caught(number: str) -> None:
    wrong = [
        number[:place] + char + number[place + 1 :]
        for place, right in enumerate(number)
        for char in "0123456789X"
        if right not in (".", char)
    ]
    assert [text for text in wrong if application_number.is_valid(text, today=TODAY)] == []


@given(numbers())
def test_every_adjacent_transposition_of_unequal_digits_is_caught(number: str) -> None:
    digits = number.replace(".", "")
    swapped = [
        digits[:place] + second + first + digits[place + 2 :]
        for place, (first, second) in enumerate(pairwise(digits))
        if first != second
    ]
    wrong = swapped + [f"{text[:-1]}.{text[-1]}" for text in swapped]
    assert [text for text in wrong if application_number.is_valid(text, today=TODAY)] == []


@given(numbers(), st.sampled_from(["", "CN", "ZL"]))
def test_canonical_compact_and_printed_forms_agree(number: str, prefix: str) -> None:
    printed = application_number.format(number, prefix)  # type: ignore[arg-type]
    assert (
        application_number.validate(number, today=TODAY)
        == application_number.compact(number)
        == application_number.compact(printed)
        == application_number.validate(printed, today=TODAY)
        == number
    )
