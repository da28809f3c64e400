"""Amounts of money: exact in yuan (元), shown in 万元."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
WAN = Decimal(10_000)


def cents(value: Decimal) -> Decimal:
    """The amount rounded to fen, halves upwards.

    >>> cents(Decimal("0.005"))
    Decimal('0.01')
    """
    return value.quantize(CENT, ROUND_HALF_UP)


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
