from __future__ import annotations

from datetime import date

import pytest

from ingestion.identifiers import publication_number
from ingestion.identifiers.errors import InvalidComponent, InvalidFormat, InvalidIdentifier, InvalidLength


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("CN102644312U", "CN102644312U"),
        ("cn 102644312 u", "CN102644312U"),
        ("１０２６４４３１２Ｕ", "CN102644312U"),
        ("CN101141661", "CN101141661"),
        ("CN1234567C", "CN1234567C"),
        ("CN301234567S9", "CN301234567S9"),
    ],
)
def test_canonical_form(written: str, canonical: str) -> None:
    assert publication_number.validate(written) == publication_number.validate(canonical) == canonical
    assert publication_number.compact(publication_number.format(canonical)) == canonical


@pytest.mark.parametrize(
    ("number", "published", "stage"),
    [
        ("CN102644312A", None, "application"),
        ("CN102644312A8", None, "republication"),
        ("CN102644312A9", None, "republication"),
        ("CN102644312B", None, "grant"),
        ("CN201234567U", None, "grant"),
        ("CN201234567U8", None, "republication"),
        ("CN201234567U9", None, "republication"),
        ("CN301234567S", None, "grant"),
        ("CN301234567S9", None, "republication"),
        ("CN301234567S1", None, "partly_invalid"),
        ("CN301234567S7", None, "partly_invalid"),
        ("CN102644312C1", date(2015, 1, 7), "partly_invalid"),
        ("CN201234567Y7", date(2015, 1, 7), "partly_invalid"),
        ("CN1234567C", date(1993, 1, 6), "grant"),
        ("CN2234567Y", date(2010, 1, 6), "grant"),
        ("CN3234567D", date(2009, 1, 7), "grant"),
        ("CN101234567C", date(2015, 1, 7), "partly_invalid"),
        ("CN201234567Y", date(2015, 1, 7), "partly_invalid"),
        ("CN301234567D", date(2015, 1, 7), "unknown"),
        ("CN1234567C", None, "unknown"),
        ("CN2234567Y", None, "unknown"),
        ("CN3234567D", None, "unknown"),
        ("CN1234567C1", date(2003, 1, 8), "unknown"),
        ("CN101141661", date(2008, 3, 12), "unknown"),
    ],
)
def test_stage_by_kind_code_and_era(number: str, published: date | None, stage: str) -> None:
    assert publication_number.parse(number, published).stage == stage


def test_kind_comes_from_the_kind_code_else_from_the_type_digit_of_nine() -> None:
    numbers = ("CN102644312C", "CN201234567Y", "CN301234567D", "CN201141661", "CN301141661", "CN2141661")
    assert [publication_number.parse(number, None).kind for number in numbers] == [
        "invention",
        "utility_model",
        "design",
        "utility_model",
        "design",
        None,
    ]


def test_a_type_digit_at_odds_with_the_kind_code_is_a_warning() -> None:
    assert publication_number.check("CN201234567U") == ("CN201234567U", [])
    number, warnings = publication_number.check("cn102644312u")
    assert number == "CN102644312U"
    assert ["发明" in warning and "实用新型" in warning for warning in warnings] == [True]


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("201310699744.2", InvalidFormat),
        ("102644312", InvalidFormat),
        ("US1234567A", InvalidFormat),
        ("", InvalidFormat),
        ("CN10264431U", InvalidLength),
        ("CN402644312U", InvalidComponent),
        ("CN102644312C8", InvalidComponent),
        ("CN102644312E", InvalidComponent),
        ("CN102644312U1", InvalidComponent),
    ],
)
def test_each_kind_of_failure_has_its_exception(value: str, error: type[InvalidIdentifier]) -> None:
    with pytest.raises(InvalidIdentifier) as caught:
        publication_number.validate(value)
    assert type(caught.value) is error
