"""Publication number (公开号/公告号) of a Chinese patent document, with its kind code.

"CN", seven digits (older) or nine (since 2007: type digit 1, 2 or 3 and eight serial digits), and the kind
code of ZC 0008-2004: A published application (A8, A9 republished), B granted invention, C1-C7 invention
partly invalidated, U granted utility model (U8, U9), Y1-Y7 utility model partly invalidated, S granted
design (S9), S1-S7 design partly invalidated. B8, B9 and S8 are accepted as republications too.

>>> validate("cn 102644312 u")
'CN102644312U'
>>> validate("CN101141661")
'CN101141661'
>>> validate("CN-119950020-A"), validate("公开号：CN 119950020 A（已公开）")
('CN119950020A', 'CN119950020A')

The letter alone does not say what happened. From about 1993 to 2010 granted inventions carried C, granted
utility models Y and granted designs D, so C and Y without a figure are read by the date of publication:

>>> parse("CN1234567C", date(2005, 3, 2)).stage
'grant'
>>> parse("CN101234567C", date(2015, 3, 4)).stage
'partly_invalid'
>>> parse("CN1234567C", None).stage
'unknown'

The end of that era and the nine-digit body are general knowledge without a source at hand, so a type digit
at odds with the kind code is no error: `check` returns it as a warning to confirm.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal

from ingestion.identifiers._text import Cell, fold, half_width, quote, unguarded
from ingestion.identifiers.application_number import Kind
from ingestion.identifiers.errors import InvalidComponent, InvalidFormat, InvalidIdentifier, InvalidLength

Stage = Literal["application", "grant", "partly_invalid", "republication", "unknown"]

_NUMBER = re.compile(r"(CN)?([0-9]+)([A-Z][0-9]?)?")
_CANONICAL = re.compile(r"CN([123][0-9]{8}|[0-9]{7})([A-Z][0-9]?)?")
_INSIDE = re.compile(r"(?<![0-9A-Z])CN[\s.-]?([0-9]{9}|[0-9]{7})[\s.-]?([A-Z][0-9]?)?(?![0-9A-Z]|\.[0-9])")
_KIND_CODES = re.compile(r"A[89]?|B[89]?|C[1-7]?|U[89]?|Y[1-7]?|S[1-9]?|D")
_KIND_OF_LETTER: dict[str, Kind] = {
    "A": "invention",
    "B": "invention",
    "C": "invention",
    "U": "utility_model",
    "Y": "utility_model",
    "S": "design",
    "D": "design",
}
_KIND_OF_DIGIT: dict[str, Kind] = {"1": "invention", "2": "utility_model", "3": "design"}
_KIND_NAMES: dict[Kind, str] = {"invention": "发明", "utility_model": "实用新型", "design": "外观设计"}

# About 2010 the grants moved from C, Y and D to B, U and S; the last day of the year is the generous border.
OLD_GRANTS_UNTIL = date(2010, 12, 31)
# Before ZC 0008-2004 was in force no kind code had a figure.
FIGURES_FROM = date(2004, 7, 1)


@dataclass(frozen=True, slots=True)
class PublicationNumber:
    """The parts of a publication number; parts that the number alone does not determine are None or `unknown`."""

    body: str
    kind_code: str | None
    kind: Kind | None
    stage: Stage


def compact(value: Cell) -> str:
    """Upper case, half width, no spaces, hyphens, labels and remarks; nothing is checked.

    >>> compact("cn 102644312 u")
    'CN102644312U'
    """
    text = unguarded(fold(value))
    if _NUMBER.fullmatch(text):
        return text
    found = {f"CN{match[1]}{match[2] or ''}" for match in _INSIDE.finditer(half_width(value))}
    return found.pop() if len(found) == 1 else text


def validate(value: Cell) -> str:
    """The canonical form "CN", body, kind code; raises an error naming the fault."""
    body, kind_code = _split(value)
    return f"CN{body}{kind_code or ''}"


def is_valid(value: Cell) -> bool:
    """Whether `validate` accepts the value."""
    try:
        validate(value)
    except InvalidIdentifier:
        return False
    return True


def format(value: Cell) -> str:
    """The printed form with its parts apart.

    >>> format("CN102644312U")
    'CN 102644312 U'
    """
    body, kind_code = _split(value)
    return " ".join(part for part in ("CN", body, kind_code) if part)


def parse(value: Cell, published: date | None) -> PublicationNumber:
    """The parts of the number; `published` decides between the eras of C, Y and D.

    >>> parse("CN101141661", None)
    PublicationNumber(body='101141661', kind_code=None, kind='invention', stage='unknown')
    """
    body, kind_code = _split(value)
    if kind_code is None:
        kind = _KIND_OF_DIGIT[body[0]] if len(body) == 9 else None
        return PublicationNumber(body, None, kind, "unknown")
    return PublicationNumber(body, kind_code, _KIND_OF_LETTER[kind_code[0]], _stage(kind_code, published))


def body_of(canonical: str) -> str:
    """A number in its canonical form, which is not checked again, without the kind code: A and B of one application share it."""
    return canonical[: 11 if canonical[9:11].isdecimal() else 9]


def kind_of(canonical: str) -> Kind | None:
    """The kind of patent of a number in its canonical form, as `parse` tells it."""
    body = body_of(canonical)
    if code := canonical[len(body) :]:
        return _KIND_OF_LETTER[code[0]]
    return _KIND_OF_DIGIT[body[2]] if len(body) == 11 else None


def stage_of(canonical: str, published: date | None) -> Stage:
    """The stage of a number in its canonical form, as `parse` tells it."""
    code = canonical[len(body_of(canonical)) :]
    return _stage(code, published) if code else "unknown"


def check(value: Cell) -> tuple[str, list[str]]:
    """The canonical form and warnings to confirm; raises only where the value is no publication number.

    >>> check("CN102644312U")
    ('CN102644312U', ['公开（公告）号“CN102644312U”的种类号 1 表示发明，文献代码 U 表示实用新型，请核对'])
    """
    body, kind_code = _split(value)
    warnings = []
    if kind_code and len(body) == 9:
        by_digit, by_letter = _KIND_OF_DIGIT[body[0]], _KIND_OF_LETTER[kind_code[0]]
        if by_digit != by_letter:
            warnings.append(
                f"公开（公告）号{quote(value)}的种类号 {body[0]} 表示{_KIND_NAMES[by_digit]}，"
                f"文献代码 {kind_code} 表示{_KIND_NAMES[by_letter]}，请核对"
            )
    return f"CN{body}{kind_code or ''}", warnings


def _split(value: Cell) -> tuple[str, str | None]:
    """Body and kind code of a valid number."""
    if isinstance(value, str) and (usual := _CANONICAL.fullmatch(value)):
        body, kind_code = usual.groups()
        if kind_code is None or _KIND_CODES.fullmatch(kind_code):
            return body, kind_code
    number = _NUMBER.fullmatch(compact(value))
    # Bare digits could be anything: a telephone number, an amount, an application number.
    if number is None or not (number[1] or number[3]):
        raise InvalidFormat(
            f"公开（公告）号{quote(value)}的格式不对：应为 CN、7 位或 9 位数字和文献代码，例如 CN102644312A"
        )
    body, kind_code = number[2], number[3]
    if len(body) not in (7, 9):
        raise InvalidLength(f"公开（公告）号{quote(value)}应有 7 位或 9 位数字，实有 {len(body)} 位")
    if len(body) == 9 and body[0] not in _KIND_OF_DIGIT:
        raise InvalidComponent(
            f"公开（公告）号{quote(value)}的种类号为 {body[0]}，应为 1（发明）、2（实用新型）或 3（外观设计）"
        )
    if kind_code and not _KIND_CODES.fullmatch(kind_code):
        raise InvalidComponent(f"公开（公告）号{quote(value)}的文献代码 {kind_code} 不存在")
    return body, kind_code


def _stage(kind_code: str, published: date | None) -> Stage:
    letter, figure = kind_code[0], kind_code[1:]
    if figure in ("8", "9"):
        return "republication"
    if letter == "A":
        return "application"
    if figure:
        return "unknown" if published and published < FIGURES_FROM else "partly_invalid"
    if letter in "CYD":
        return _stage_of_old_letter(letter, published)
    return "grant"


def _stage_of_old_letter(letter: str, published: date | None) -> Stage:
    if published is None:
        return "unknown"
    if published <= OLD_GRANTS_UNTIL:
        return "grant"
    return "unknown" if letter == "D" else "partly_invalid"
