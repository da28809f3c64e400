"""Class of the Locarno Classification (洛迦诺分类, LOC) of designs; designs have no IPC symbol.

Class 01 to 32 and subclass of two digits. The canonical form is "14-02"; the edition, in brackets before or
behind, and the Chinese serial of a product (21-01-C0293) are dropped:

>>> validate("LOC(13)Cl.14-02"), validate("14-02(13)"), validate("１４－０２")
('14-02', '14-02', '14-02')
>>> validate("21-01-C0293")
'21-01'
>>> validate("55-02")
Traceback (most recent call last):
    ...
ingestion.identifiers.errors.InvalidComponent: 洛迦诺分类号“55-02”的大类为 55，应为 01 至 32
"""

from __future__ import annotations

import re

from ingestion.identifiers._text import Cell, fold, half_width, quote
from ingestion.identifiers.errors import InvalidComponent, InvalidFormat, InvalidIdentifier

_CLASSES = 32
_EDITION = r"\([0-9]{1,2}\)"
_SYMBOL = re.compile(
    rf"(?:LOC)?(?:{_EDITION})?(?:CL\.?)?([0-9]{{2}})-([0-9]{{2}})(?:-?[A-Z][0-9]{{4}})?(?:{_EDITION})?"
)
_SEPARATORS = re.compile(r"[;,、|?\s]+")


def compact(value: Cell) -> str:
    """Upper case, half width, no spaces; nothing is checked.

    >>> compact("Loc (13) Cl. 14-02")
    'LOC(13)CL.14-02'
    """
    return fold(value)


def validate(value: Cell) -> str:
    """The canonical form; raises an error naming the fault."""
    symbol = _SYMBOL.fullmatch(compact(value))
    if symbol is None:
        raise InvalidFormat(f"洛迦诺分类号{quote(value)}的格式不对：应为大类-小类，例如 14-02")
    class_, subclass = symbol.groups()
    if not 1 <= int(class_) <= _CLASSES:
        raise InvalidComponent(f"洛迦诺分类号{quote(value)}的大类为 {class_}，应为 01 至 {_CLASSES}")
    return f"{class_}-{subclass}"


def is_valid(value: Cell) -> bool:
    """Whether `validate` accepts the value."""
    try:
        validate(value)
    except InvalidIdentifier:
        return False
    return True


def format(value: Cell) -> str:
    """The canonical form, which is also the printed one."""
    return validate(value)


def split(text: Cell) -> list[str]:
    """The classes of a cell, unchanged and not validated, so that none is lost silently.

    >>> split("LOC(13)Cl.14-02；26-05, 13-02(13)")
    ['LOC(13)CL.14-02', '26-05', '13-02(13)']
    """
    folded = re.sub(r"\s*([().])\s*", r"\1", half_width(text))
    return [part for part in _SEPARATORS.split(folded) if part]
