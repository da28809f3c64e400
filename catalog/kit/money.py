"""Amounts of money: exact in yuan (元), as JSON a text with two decimals, shown in 万元."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated

from pydantic import PlainSerializer, WithJsonSchema

CENT = Decimal("0.01")
WAN = Decimal(10_000)


def cents(value: Decimal) -> Decimal:
    """The amount rounded to fen, halves upwards.

    >>> cents(Decimal("0.005"))
    Decimal('0.01')
    """
    return value.quantize(CENT, ROUND_HALF_UP)


def exact(value: Decimal) -> str:
    """The amount with two decimals and without exponent.

    >>> exact(Decimal(50000)), exact(Decimal("1E+3")), exact(Decimal("-0.005"))
    ('50000.00', '1000.00', '-0.01')
    """
    return f"{cents(value):f}"


SHOWN = PlainSerializer(exact, return_type=str, when_used="json")
Money = Annotated[
    Decimal,
    SHOWN,
    WithJsonSchema(
        {"type": "string", "pattern": r"^-?\d+\.\d{2}$", "examples": ["50000.00"]}, mode="serialization"
    ),
]
"""An amount in what leaves as JSON: a text with exactly two decimals, so that no reader rounds it."""


def plain(value: Decimal) -> str:
    """The number without trailing zeros and without exponent.

    >>> plain(Decimal("12.500")), plain(Decimal("1E+2"))
    ('12.5', '100')
    """
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def in_wan(yuan: Decimal) -> str:
    """The amount as users see it.

    >>> in_wan(Decimal("123456.78")), in_wan(Decimal(30000)), in_wan(Decimal("-0.5"))
    ('12.345678 万元', '3 万元', '-0.00005 万元')
    """
    return f"{plain(yuan / WAN)} 万元"
