"""Application number (申请号) of a Chinese patent, with its check character.

Standard ZC 0006-2003, in force 2003-10-01: four-digit year, one type digit, seven-digit serial, a dot and a
check character. Applications filed before have a two-digit year, the type digit, a five-digit serial and
the check character. Type digits: 1 invention (发明), 2 utility model (实用新型), 3 design (外观设计),
8 and 9 PCT inventions and utility models that entered China. "CN" may precede, "ZL" on a granted patent.

The check character is the sum of the digits, weighted 2, 3, ... 9, 2, 3, ... from the left, modulo 11;
10 is written X. The canonical form is digits, dot, check character:

>>> day = date(2026, 1, 1)
>>> validate("ZL 2013 1 0699744.2", today=day)
'201310699744.2'
>>> validate("ＣＮ２００７１０３０８４９４ｘ", today=day)
'200710308494.X'
>>> validate("97101765", today=day)
'97101765.4'
>>> validate("200490000001.3", today=day)  # doctest: +ELLIPSIS
Traceback (most recent call last):
    ...
ingestion.identifiers.errors.InvalidCheckDigit: 申请号“200490000001.3”的校验位为 3，按号码计算应为 6...

A number without check character gets a computed one; so do filings of 1985 to 1988, which never had one
(general knowledge, no source at hand). What spreadsheets leave behind is recognised: numbers as floats, a
tail of zeros where it cannot be a check character, and scientific notation, whose digits are lost:

>>> validate("2013106997442.0", today=day)
'201310699744.2'
>>> validate(201310699744.0, today=day)
'201310699744.2'
>>> validate("2.02E+12", today=day)  # doctest: +ELLIPSIS
Traceback (most recent call last):
    ...
ingestion.identifiers.errors.ScientificNotation: 申请号“2.02E+12”已被电子表格改写为科学计数法...

Labels and remarks may stand round a number whose check character is right, and docdb writes no check character but
a kind letter:

>>> [validate(number, today=day) for number in ("专利号：ZL201310699744.2（已授权）", '="201310699744.2"', "CN 201310699744 A")]
['201310699744.2', '201310699744.2', '201310699744.2']

As text, twelve or eight digits with ".0" are a number with the check character 0, not a tail: a wrong
check character must not slip through. Only a reader that sees a real number can tell; pass it the float.
"""

from __future__ import annotations

import re
from datetime import date
from operator import mul
from typing import Literal

from ingestion.identifiers._text import Cell, fold, half_width, quote, unguarded
from ingestion.identifiers.errors import (
    InvalidCheckDigit,
    InvalidComponent,
    InvalidFormat,
    InvalidIdentifier,
    InvalidLength,
    IsPublicationNumber,
    ScientificNotation,
)

Kind = Literal["invention", "utility_model", "design"]

_KINDS: dict[str, Kind] = {
    "1": "invention",
    "2": "utility_model",
    "3": "design",
    "8": "invention",
    "9": "utility_model",
}
_FIRST_YEAR = 1985
_NEW_ERA = 2003

_NUMBER = re.compile(r"(?:CN|ZL)?([0-9]{12}|[0-9]{8})(?:\.?([0-9X]))?")
_CANONICAL = re.compile(r"[0-9]{12}\.[0-9X]")
_FLOAT_TAIL = re.compile(r"((?:CN|ZL)?(?:(?:[0-9]{13}|[0-9]{9})(?=\.0)|(?:[0-9]{12}|[0-9]{8})(?=\.00)))\.0+")
_WEIGHTS = [2 + place % 8 for place in range(12)]
_SCIENTIFIC = re.compile(r"[0-9](?:\.[0-9]*)?E\+?[0-9]{1,2}")
# With a kind letter always a publication; without, nine digits after CN whose first is a type digit: the
# years 10 to 39 never stood in a two-digit application number.
_PUBLICATION = re.compile(r"CN-?(?:(?:[0-9]{7}|[0-9]{9})-?[A-DSUY][0-9]?|[123][0-9]{8})")
# The form of docdb, in which nine digits and a letter are a publication.
_DOCDB = re.compile(r"CN[-._]?(?:([0-9]{12})(?:\.?([0-9X]))?|([0-9]{8}(?:\.[0-9X])?))[-._]?[A-Z][0-9]?")
_LABEL = re.compile(
    r"^(?:[0-9]{1,3}[.、)]|中国|国家|授权|发明|实用新型|外观设计|专利|申请|受理|证书|号码?|编号|为|是|第|PATENT|APPL(?:ICATION)?|NUMBER|NO|№"
    r"|[()\[\]【】/.:：=#*—-])*(?:CN|ZL)?(?:NO)?[.:：-]*(?=(?:CN|ZL)?[0-9]{8})"
)
_REMARK = re.compile(
    r"[.。)\]】*#]*(?:号|[(\[【,，;；、:：/|。\u4e00-\u9fff](?!.*[0-9]{7}).*)?[.。]*$", re.DOTALL
)
# A whole number inside other words; spaces may part the year, the type and the serial.
_INSIDE = re.compile(
    r"(?<![0-9A-Z.])(?:CN)?[\s:.-]*(?:ZL)?[\s:.-]*([0-9]{4}[\s.-]?[12389][\s.-]?[0-9]{7}|(?<!CN)[0-9]{8}|(?<=CN)[0-9]{8}(?=\.))"
    r"\s?[.。·・•∙_,/:-]?\s?([0-9X])(?![0-9A-Z]|\.[0-9])"
)


def check_digit(body: str) -> str:
    """The check character of the 8 or 12 digits of `body`.

    >>> check_digit("200710308494")
    'X'
    """
    if not (body.isascii() and body.isdigit()):
        raise InvalidFormat(f"申请号{quote(body)}只能由数字组成")
    if len(body) not in (8, 12):
        raise InvalidLength(f"申请号{quote(body)}应为 8 位或 12 位数字，实为 {len(body)} 位")
    total = sum(map(mul, map(int, body), _WEIGHTS))
    return "0123456789X"[total % 11]


def compact(value: Cell) -> str:
    """Prefix, labels, remarks, spaces and spreadsheet tails removed, dot before the check character; nothing is checked.

    >>> compact("CN 2013 1069 97442")
    '201310699744.2'
    """
    text = unguarded(fold(value))
    if tail := _FLOAT_TAIL.fullmatch(text):
        text = tail[1]
    if _PUBLICATION.fullmatch(text) or _SCIENTIFIC.fullmatch(text):
        return text
    number = _NUMBER.fullmatch(text) or _NUMBER.fullmatch(_REMARK.sub("", _LABEL.sub("", text), count=1))
    if number is None:
        return _from_docdb(text) or _from_words(value) or text
    body, check = number.groups()
    return f"{body}.{check}" if check else str(body)


def _from_docdb(text: str) -> str:
    found = _DOCDB.fullmatch(text)
    if found is None:
        return ""
    body, check, old = found.groups()
    return f"{body}.{check}" if check else body or old


def _from_words(value: Cell) -> str:
    """The one number in a text that has the right check character; empty for none and for several."""
    found = {(re.sub(r"[\s.-]", "", match[1]), match[2]) for match in _INSIDE.finditer(half_width(value))}
    right = [f"{body}.{check}" for body, check in found if check_digit(body) == check]
    return right[0] if len(right) == 1 else ""


def validate(value: Cell, *, today: date) -> str:
    """The canonical form; raises an error naming the fault. Years after that of `today` are refused."""
    text = value if isinstance(value, str) and _CANONICAL.fullmatch(value) else compact(value)
    number = _NUMBER.fullmatch(text)
    if number is None or _PUBLICATION.fullmatch(text):
        raise _malformed(text, value)
    body, check = number.groups()
    _check_parts(body, value, today)
    expected = check_digit(body)
    if check not in (None, expected):
        raise InvalidCheckDigit(
            f"申请号{quote(value)}的校验位为 {check}，按号码计算应为 {expected}",
            expected=expected,
            hint="请核对各位数字",
        )
    return f"{body}.{expected}"


def is_valid(value: Cell, *, today: date = date.max) -> bool:
    """Whether `validate` accepts the value; without a day whatever its year."""
    try:
        validate(value, today=today)
    except InvalidIdentifier:
        return False
    return True


def format(number: Cell, prefix: Literal["", "CN", "ZL"] = "") -> str:
    """The printed form, year, type and serial apart, after `prefix`.

    >>> format("201310699744.2", "ZL")
    'ZL 2013 1 0699744.2'
    """
    canonical = validate(number, today=date.max)
    year = _year_digits(canonical)
    parts = [prefix, canonical[:year], canonical[year], canonical[year + 1 :]]
    return " ".join(part for part in parts if part)


def kind(number: Cell) -> Kind:
    """The kind of patent; PCT applications count as what they are in China.

    >>> kind("200480002090.2")
    'invention'
    """
    return kind_of(validate(number, today=date.max))


def kind_of(canonical: str) -> Kind:
    """The kind of a number in its canonical form, which is not checked again."""
    return _KINDS[_type_digit(canonical)]


def _year_digits(canonical: str) -> int:
    return 4 if len(canonical) > 10 else 2


def _type_digit(canonical: str) -> str:
    return canonical[_year_digits(canonical)]


def _year(number: str) -> int:
    if _year_digits(number) == 4:
        return int(number[:4])
    short = int(number[:2])
    return 1900 + short if short >= _FIRST_YEAR % 100 else 2000 + short


def _check_parts(body: str, value: Cell, today: date) -> None:
    year, serial = _year(body), body[_year_digits(body) + 1 :]
    digits = body[: _year_digits(body)]
    first, last = (_NEW_ERA, today.year) if len(body) == 12 else (_FIRST_YEAR, _NEW_ERA)
    if not first <= year <= last:
        raise InvalidComponent(
            f"申请号{quote(value)}中的年份 {digits} 不合理：{len(body)} 位号码应在 {first} 年至 {last} 年之间"
        )
    if not int(serial):
        raise InvalidComponent(
            f"申请号{quote(value)}的流水号全为零", hint="可能已被电子表格取整，请核对原始数据"
        )
    if _type_digit(body) not in _KINDS:
        raise InvalidComponent(
            f"申请号{quote(value)}的种类号为 {_type_digit(body)}，"
            "应为 1（发明）、2（实用新型）、3（外观设计）、8 或 9（PCT 进入中国）"
        )


def _malformed(text: str, value: Cell) -> InvalidIdentifier:
    if _SCIENTIFIC.fullmatch(text):
        return ScientificNotation(
            f"申请号{quote(value)}已被电子表格改写为科学计数法，原有数字丢失",
            hint="请将该列设为文本格式后重新导出",
        )
    if _PUBLICATION.fullmatch(text):
        return IsPublicationNumber(f"{quote(value)}是公开（公告）号，不是申请号", hint="请填写申请号或专利号")
    if not text:
        return InvalidFormat("申请号为空")
    if len(_INSIDE.findall(half_width(value))) > 1:
        return InvalidFormat(f"{quote(value)}中有不止一个号码，一格只能填写一个申请号")
    digits = re.fullmatch(r"(?:CN|ZL)?([0-9]+)(?:\.?[0-9X])?", text)
    if digits:
        return InvalidLength(
            f"申请号{quote(value)}的数字位数不对：应为 12 位（2003 年 10 月前为 8 位），另加 1 位校验位"
        )
    return InvalidFormat(
        f"申请号{quote(value)}的格式不对：应为年份、种类号、流水号和校验位，例如 201310699744.2"
    )
