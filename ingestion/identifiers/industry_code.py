"""Industry code (国民经济行业代码), GB/T 4754-2017 with amendment 1 of 2019.

A letter for the section (门类), two digits for the division (大类), three for the group (中类), four for the
class (小类). The digits are unique over all letters, so the canonical form has none; a leading letter is
accepted where it is the right one:

>>> validate("C3562"), validate("３５６"), validate(3562.0), validate("c")
('3562', '356', '3562', 'C')
>>> validate("A3562")
Traceback (most recent call last):
    ...
ingestion.identifiers.errors.InvalidComponent: 国民经济行业代码“A3562”的门类应为 C，不是 A
"""

from __future__ import annotations

import re
from bisect import bisect_right

from catalog.reference import lists as reference
from ingestion.identifiers._text import Cell, fold_code, quote
from ingestion.identifiers.errors import InvalidComponent, InvalidFormat, InvalidIdentifier, InvalidLength

_CODE = re.compile(r"([A-Z])?([0-9]*)")
_LAST_DIVISION = 97
_FIRST_DIVISIONS = {
    1: "A", 6: "B", 13: "C", 44: "D", 47: "E", 51: "F", 53: "G", 61: "H", 63: "I", 66: "J",
    70: "K", 71: "L", 73: "M", 76: "N", 80: "O", 83: "P", 84: "Q", 86: "R", 91: "S", 97: "T",
}  # fmt: skip
_STARTS = list(_FIRST_DIVISIONS)


def compact(value: Cell) -> str:
    """Upper case, half width, no spaces, no `.0` of a spreadsheet number; nothing is checked.

    >>> compact("c 3562")
    'C3562'
    """
    return fold_code(value)


def validate(value: Cell) -> str:
    """The digits, or the letter of a section alone; raises an error naming the fault."""
    text = compact(value)
    match = _CODE.fullmatch(text)
    if not text or match is None:
        raise InvalidFormat(
            f"国民经济行业代码{quote(value)}的格式不对：应为门类字母或 2 至 4 位数字，例如 C 或 3562"
        )
    letter, digits = match.groups()
    if digits and not 2 <= len(digits) <= 4:
        raise InvalidLength(f"国民经济行业代码{quote(value)}应有 2 至 4 位数字，实有 {len(digits)} 位")
    code = digits or letter
    if code not in reference.industries():
        raise InvalidComponent(f"国民经济行业代码{quote(value)}不在 GB/T 4754-2017 之内")
    if letter and letter != section_of(code):
        raise InvalidComponent(f"国民经济行业代码{quote(value)}的门类应为 {section_of(code)}，不是 {letter}")
    return code


def is_valid(value: Cell) -> bool:
    """Whether `validate` accepts the value."""
    try:
        validate(value)
    except InvalidIdentifier:
        return False
    return True


def format(value: Cell) -> str:
    """The printed form, with the letter of the section.

    >>> format("3562")
    'C3562'
    """
    code = validate(value)
    return code if code.isalpha() else section_of(code) + code


def section_of(code: str) -> str:
    """The letter of the section (门类), from the range of its first two digits.

    >>> section_of("3562"), section_of("01"), section_of("97")
    ('C', 'A', 'T')
    """
    if code in _FIRST_DIVISIONS.values():
        return code
    if not re.fullmatch(r"[0-9]{2,4}", code):
        raise InvalidFormat(f"国民经济行业代码{quote(code)}应为 2 至 4 位数字")
    division = int(code[:2])
    if not 1 <= division <= _LAST_DIVISION:
        raise InvalidComponent(f"国民经济行业代码{quote(code)}的大类 {code[:2]} 不存在")
    return _FIRST_DIVISIONS[_STARTS[bisect_right(_STARTS, division) - 1]]
