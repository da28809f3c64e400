"""Unified social credit code (统一社会信用代码), GB 32100-2015.

18 characters of 0-9 and A-Z without I, O, S, V, Z: registrar, type, six digits of region (GB/T 2260), nine of
organisation code (GB 11714, the ninth a check character), check character. The check character stands at
(31 - sum(value * 3^place) mod 31) mod 31 in the alphabet; the one of the organisation code is 11 - sum modulo
11 with the weights 3, 7, 9, 10, 5, 8, 4, 2, where 10 is written X and 11 is written 0.

>>> validate("91420100dem0000061")
'91420100DEM0000061'
>>> validate("91420100DEM0000062")  # doctest: +ELLIPSIS
Traceback (most recent call last):
    ...
ingestion.identifiers.errors.InvalidCheckDigit: 统一社会信用代码“91420100DEM0000062”的校验位为 2，按号码计算应为 1...

Codes with a wrong check character are in real use, so importers call `check`, which warns instead:

>>> code, warnings = check("91350203M0001QAY9B")
>>> code, warnings[0].split("，", 1)[1]
('91350203M0001QAY9B', '按号码计算应为 9，请与营业执照核对')
"""

from __future__ import annotations

import re

from ingestion.identifiers._text import Cell, fold, quote
from ingestion.identifiers.errors import InvalidCheckDigit, InvalidFormat, InvalidIdentifier, InvalidLength

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"

_CODE = re.compile(f"[{ALPHABET}]{{2}}[0-9]{{6}}[{ALPHABET}]{{10}}")
_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


def check_digit(body: str) -> str:
    """The check character of the first 17 characters of a well-formed code.

    >>> check_digit("91350203M0001QAY9")
    '9'
    """
    total = sum(ALPHABET.index(char) * weight for char, weight in zip(body, _WEIGHTS, strict=True))
    return ALPHABET[-total % 31]


def organisation_check_digit(body: str) -> str:
    """The check character of the first 8 characters of an organisation code (组织机构代码).

    >>> organisation_check_digit("M0001QAY")
    '9'
    """
    total = sum(int(char, 36) * weight for char, weight in zip(body, _ORGANISATION_WEIGHTS, strict=True))
    return "0123456789X"[-total % 11]


def compact(value: Cell) -> str:
    """Upper case, half width, no spaces; nothing is checked.

    >>> compact("9142 0100 dem0 0000 61")
    '91420100DEM0000061'
    """
    return fold(value)


def validate(value: Cell) -> str:
    """The canonical form; also raises where one of the two check characters is wrong."""
    code = _well_formed(value)
    for name, found, expected in _check_characters(code):
        if found != expected:
            wrong = _wrong(value, name, found, expected)
            raise InvalidCheckDigit(wrong, expected=expected, hint="请与营业执照核对")
    return code


def check(value: Cell) -> tuple[str, list[str]]:
    """The canonical form and warnings to confirm: a wrong check character is no ground for rejection."""
    code = _well_formed(value)
    warnings = [
        f"{_wrong(value, name, found, expected)}，请与营业执照核对"
        for name, found, expected in _check_characters(code)
        if found != expected
    ]
    return code, warnings


def is_valid(value: Cell) -> bool:
    """Whether `validate` accepts the value."""
    try:
        validate(value)
    except InvalidIdentifier:
        return False
    return True


def format(value: Cell) -> str:
    """The form of the business licence, which has no separators; nothing is checked."""
    return compact(value)


def _well_formed(value: Cell) -> str:
    code = compact(value)
    if len(code) != 18:
        raise InvalidLength(f"统一社会信用代码{quote(value)}应为 18 位，实为 {len(code)} 位")
    if foreign := [char for char in code if char not in ALPHABET]:
        raise InvalidFormat(
            f"统一社会信用代码{quote(value)}含有不允许的字符{quote(foreign[0])}",
            hint="只用数字和除 I、O、S、V、Z 以外的大写字母",
        )
    if not _CODE.fullmatch(code):
        raise InvalidFormat(f"统一社会信用代码{quote(value)}的第 3 至 8 位应为数字（行政区划代码）")
    return code


def _check_characters(code: str) -> list[tuple[str, str, str]]:
    """Name, found and expected character of both check characters."""
    return [
        ("组织机构代码校验位（第 17 位）", code[16], organisation_check_digit(code[8:16])),
        ("校验位", code[17], check_digit(code[:17])),
    ]


def _wrong(value: Cell, name: str, found: str, expected: str) -> str:
    return f"统一社会信用代码{quote(value)}的{name}为 {found}，按号码计算应为 {expected}"
