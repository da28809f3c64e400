from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.identifiers import credit_code
from ingestion.identifiers.errors import InvalidCheckDigit, InvalidFormat, InvalidIdentifier, InvalidLength


@st.composite
def codes(draw: st.DrawFn) -> str:
    """A code with both check characters right, letters in front included."""
    front = (
        draw(st.text(credit_code.ALPHABET, min_size=2, max_size=2)) + f"{draw(st.integers(0, 999_999)):06}"
    )
    organisation = draw(st.text(credit_code.ALPHABET, min_size=8, max_size=8))
    body = front + organisation + credit_code.organisation_check_digit(organisation)
    return body + credit_code.check_digit(body)


def test_the_public_code_with_a_wrong_check_digit_is_warned_about_not_rejected() -> None:
    code, warnings = credit_code.check("91350203m0001qay9b")
    assert code == "91350203M0001QAY9B"
    assert len(warnings) == 1
    assert "为 B" in warnings[0]
    assert "应为 9" in warnings[0]
    with pytest.raises(InvalidCheckDigit) as caught:
        credit_code.validate(code)
    assert caught.value.expected == "9"


def test_weights_are_the_published_ones() -> None:
    published = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
    assert [credit_code.check_digit("0" * i + "1" + "0" * (16 - i)) for i in range(17)] == [
        credit_code.ALPHABET[31 - weight] for weight in published
    ]


@given(codes())
def test_right_codes_pass_whatever_their_first_characters(code: str) -> None:
    spaced = credit_code.compact(" ".join(code.lower()))
    assert credit_code.validate(code) == credit_code.validate(spaced) == credit_code.format(code) == code
    assert credit_code.check(code) == (code, [])


@given(codes(), st.integers(0, 17), st.sampled_from(credit_code.ALPHABET))
def test_every_single_substitution_is_caught(code: str, place: int, char: str) -> None:
    if code[place] != char:
        assert not credit_code.is_valid(code[:place] + char + code[place + 1 :])


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("420100000000001", InvalidLength),
        ("", InvalidLength),
        ("9142010ODEM0000061", InvalidFormat),
        ("91420100DEMI000061", InvalidFormat),
        ("91A20100DEM0000061", InvalidFormat),
        ("91420100DEM0000161", InvalidCheckDigit),
    ],
)
def test_each_kind_of_failure_has_its_exception(value: str, error: type[InvalidIdentifier]) -> None:
    with pytest.raises(InvalidIdentifier) as caught:
        credit_code.validate(value)
    assert type(caught.value) is error
