"""Region code (行政区划代码), GB/T 2260: six digits, two each for province, prefecture and county.

The shipped list has provinces, prefectures and the counties that a province administers directly:

>>> validate(" ４２０１００ "), validate("420100.0")
('420100', '420100')
>>> validate("420106")  # doctest: +ELLIPSIS
Traceback (most recent call last):
    ...
ingestion.identifiers.errors.InvalidComponent: 行政区划代码“420106”不在 GB/T 2260 的省、市两级名录内...
"""

from __future__ import annotations

import re

from catalog.reference import lists as reference
from ingestion.identifiers._text import Cell, fold_code, quote
from ingestion.identifiers.errors import InvalidComponent, InvalidFormat, InvalidIdentifier, InvalidLength


def compact(value: Cell) -> str:
    """Half width, no spaces, no `.0` of a spreadsheet number; nothing is checked.

    >>> compact(420100.0)
    '420100'
    """
    return fold_code(value)


def validate(value: Cell) -> str:
    """The six digits; raises an error naming the fault."""
    code = compact(value)
    if not re.fullmatch(r"[0-9]+", code):
        raise InvalidFormat(f"行政区划代码{quote(value)}应由 6 位数字组成，例如 420100")
    if len(code) != 6:
        raise InvalidLength(f"行政区划代码{quote(value)}应为 6 位，实为 {len(code)} 位")
    if code not in reference.regions():
        raise InvalidComponent(
            f"行政区划代码{quote(value)}不在 GB/T 2260 的省、市两级名录内", hint=_hint(code)
        )
    return code


def is_valid(value: Cell) -> bool:
    """Whether `validate` accepts the value."""
    try:
        validate(value)
    except InvalidIdentifier:
        return False
    return True


def format(value: Cell) -> str:
    """The six digits, which are also the printed form; nothing is checked."""
    return compact(value)


def _hint(code: str) -> str | None:
    """The listed region above an unlisted county, if there is one."""
    for above, level in ((code[:4] + "00", "市（州）"), (code[:2] + "0000", "省（区、市）")):
        if name := reference.region_name(above):
            return f"请填写所属{level}的代码 {above}（{name}）"
    return None
