"""Symbol of the International Patent Classification (IPC 国际专利分类).

Section A-H, class of two digits, subclass letter, main group of one to four digits, slash, subgroup of two to
six digits (00 is the main group itself). The canonical form has no space and no edition; the subclass alone
is a symbol too:

>>> validate("G06F 40/30"), validate("Ｇ０６Ｆ４０／３０(2020.01)I"), validate("g06f")
('G06F40/30', 'G06F40/30', 'G06F')

The padded form of 14 characters (main group right-aligned, subgroup left-aligned) is understood:

>>> validate("A01B0007000000")
'A01B7/00'

Subgroup digits are decimals: trailing zeros after the second digit say nothing and are dropped (general knowledge, no
source at hand).

Prefixes cover whole levels; official tables write them with an asterisk:

>>> covers("G06F40*", "G06F40/30"), covers("G06F4", "G06F40/30")
(True, False)
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ingestion.identifiers._text import Cell, fold, half_width, quote
from ingestion.identifiers.errors import InvalidComponent, InvalidFormat, InvalidIdentifier

_EDITION = r"(?:[(\[][0-9]{4}\.[0-9]{2}[)\]][A-Z]*|[(\[][1-8][)\]])?"
_SYMBOL = re.compile(r"([A-Z])([0-9]{2})([A-Z])(?:([0-9]{1,4})/([0-9]{2,6}))?" + _EDITION)
_PADDED = re.compile(r"([A-Z][0-9]{2}[A-Z])([0-9]{4})([0-9]{6})")
_PREFIX = re.compile(r"[A-H](?:[0-9]{2}(?:[A-Z](?:[0-9]{1,4}(?:/[0-9]{2,6})?)?)?)?")
# A space separates symbols only before the next one: "G06F 40/30" is one, "G06F40/30 H04L9/00" are two.
_SEPARATORS = re.compile(r"[;,、|?\r\n\t]+|\s+(?=[A-Z][0-9]{2}[A-Z])")
_SECTIONS = "ABCDEFGH"


@dataclass(frozen=True, slots=True)
class IpcSymbol:
    """The levels of a symbol as printed ("G", "06", "F", "40", "30"); groups are None for a subclass."""

    section: str
    class_: str
    subclass: str
    main_group: str | None
    subgroup: str | None

    def __str__(self) -> str:
        subclass = f"{self.section}{self.class_}{self.subclass}"
        return f"{subclass}{self.main_group}/{self.subgroup}" if self.main_group else subclass


def compact(value: Cell) -> str:
    """Upper case, half width, no spaces; nothing is checked.

    >>> compact("g06f 40/30 (2020.01) i")
    'G06F40/30(2020.01)I'
    """
    return fold(value)


def parse(value: Cell) -> IpcSymbol:
    """The levels of the symbol, without edition and superfluous zeros.

    >>> parse("G06F40/30")
    IpcSymbol(section='G', class_='06', subclass='F', main_group='40', subgroup='30')
    """
    symbol = _SYMBOL.fullmatch(_unpadded(compact(value)))
    if symbol is None:
        raise InvalidFormat(
            f"IPC 分类号{quote(value)}的格式不对：应为部、大类、小类、大组/小组，例如 G06F40/30"
        )
    section, class_, subclass, main_group, subgroup = symbol.groups()
    if section not in _SECTIONS:
        raise InvalidComponent(f"IPC 分类号{quote(value)}的部为 {section}，应为 A 至 H")
    if class_ == "00" or (main_group is not None and not int(main_group)):
        raise InvalidComponent(f"IPC 分类号{quote(value)}的{'大类' if class_ == '00' else '大组'}不能为零")
    if main_group is None:
        return IpcSymbol(section, class_, subclass, None, None)
    return IpcSymbol(section, class_, subclass, main_group.lstrip("0"), _subgroup(subgroup))


def validate(value: Cell) -> str:
    """The canonical form; raises an error naming the fault."""
    return str(parse(value))


def is_valid(value: Cell) -> bool:
    """Whether `validate` accepts the value."""
    try:
        parse(value)
    except InvalidIdentifier:
        return False
    return True


def format(value: Cell) -> str:
    """The printed form with a space after the subclass.

    >>> format("G06F40/30")
    'G06F 40/30'
    """
    symbol = validate(value)
    return f"{symbol[:4]} {symbol[4:]}".rstrip()


def levels(value: Cell) -> list[str]:
    """The symbol and all levels above it, from the section down.

    >>> levels("G06F40/30")
    ['G', 'G06', 'G06F', 'G06F40', 'G06F40/30']
    """
    symbol = parse(value)
    class_ = symbol.section + symbol.class_
    above = [symbol.section, class_, class_ + symbol.subclass]
    if symbol.main_group is None:
        return above
    return [*above, class_ + symbol.subclass + symbol.main_group, str(symbol)]


def covers(prefix: Cell, symbol: Cell) -> bool:
    """Whether `prefix`, a whole level with or without asterisk, is the symbol or a level above it.

    "G06F40/00" covers only itself: the digits do not encode the hierarchy of subgroups.

    >>> covers("G06", "G06F40/30"), covers("G06F40/00", "G06F40/30"), covers("G06F40/30", "G06F")
    (True, False, False)
    """
    return _prefix(prefix) in levels(symbol)


def split(text: Cell) -> list[str]:
    """The symbols of a cell, unchanged and not validated, so that none is lost silently.

    >>> split("H04W8/26(2009.01)I;??H04W84/12(2009.01)I；G06F 40/30")
    ['H04W8/26(2009.01)I', 'H04W84/12(2009.01)I', 'G06F 40/30']
    """
    parts = (part.strip() for part in _SEPARATORS.split(half_width(text).replace("；", ";")))
    return [part for part in parts if part]


def _unpadded(text: str) -> str:
    match = _PADDED.fullmatch(text)
    return f"{match[1]}{match[2]}/{match[3]}" if match else text


def _subgroup(digits: str) -> str:
    return digits.rstrip("0").ljust(2, "0")


def _prefix(value: Cell) -> str:
    """The canonical form of a prefix of any level."""
    text = compact(value).removesuffix("*")
    if not _PREFIX.fullmatch(text):
        raise InvalidFormat(
            f"IPC 前缀{quote(value)}的格式不对：应为完整的一级，例如 G、G06、G06F、G06F40 或 G06F40/30"
        )
    if "/" in text:
        return validate(text)
    return text[:4] + text[4:].lstrip("0")
