"""Values of cells: dates, amounts of money, whole numbers, as registers and firms write them."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from catalog.kit.days import beijing_day
from ingestion.values.cells import Cell, content
from ingestion.values.numerals import in_digits

_EXCEL_EPOCH = date(1899, 12, 30)
_EXCEL_DAYS = range(20_000, 60_000)  # 1954 to 2064; smaller numbers are counts, larger ones identifiers

_YEAR_FIRST = re.compile(r"(\d{4})\s*[-./年\\]\s*(\d{1,2})\s*[-./月\\]\s*(\d{1,2})\s*日?(?:[T\s].*)?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:\.0+|\d{6})?")
_YEAR_LAST = re.compile(r"(\d{1,2})[-./](\d{1,2})[-./](\d{4})(?:\s.*)?")
_LOOSE = re.compile(
    r"[(\[【]?(\d{4})\s*[-./年—–·。_,\s]\s*(\d{1,2})\s*[-./月—–·。_,\s]\s*(\d{1,2})\s*[日号]?[)\]】]?(?:[\s,;.。]|\([^()]*\)|星期.|周.)*"
)
_ENGLISH = re.compile(
    r"(?:([A-Z]{3})[A-Z]*\.? (\d{1,2})(?:ST|ND|RD|TH)?|(\d{1,2})[ -]([A-Z]{3})[A-Z]*),?[ -](\d{4})"
)
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_LONGEST_DATE = 40
_YEAR_MONTH = re.compile(r"(\d{4})\s*[-./年]\s*(\d{1,2})\s*月?")

_INSTANT = re.compile(
    r"(\d{4}-\d{2}-\d{2})[T\s](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})", re.I
)

_UNITS = {"亿元": 100_000_000, "亿": 100_000_000, "千万元": 10_000_000, "千万": 10_000_000, "百万元": 1_000_000, "百万": 1_000_000,
          "十万元": 100_000, "十万": 100_000, "万元": 10_000, "万": 10_000, "W": 10_000, "千元": 1_000, "元": 1, "圆": 1}  # fmt: skip
_NUMBER, _UNIT = r"[0-9]+(?:\.[0-9]+)?", "|".join(_UNITS)
TO = r"[-~—–―─‐‑−〜至到]+"
"""What stands between the ends of a range."""
_OPEN = (
    r"面议|面谈|面洽|详谈|详议|电议|另议|待议|商议|协商|洽谈|沟通|商定|商谈|商量|待商|可谈|待定|未定|暂定|未确定|不确定|不限|无上限|无限制"
    r"|约定|[根据视按依以].{0,14}(?:确定|决定|而定|为准)"
)
_HEDGES = (
    r"(?:大?约|近|拟|预[计算]|计划|[总合共]计|共|总|投入|资金|费用|经费|预算|不[超高多]过?于?|不[少低]于|最[高多低少]|[上下]限|至[少多]"
    r"|[小大低高少多]于|超过|每年|[每一]年|[≤≥<>=~:：])*"
)
_TAILS = (
    r"(?:整|左右|上下|之间|以[内下上]|之?内|起|封顶|\+|/[年项件次个家套]|每[年项件次个家套]|[一每]年|不?含税|税[前后]"
    rf"|\([^()]*\)|[;；。]|(?:具体|价格|费用|均?可)?(?:{_OPEN}|谈))*"
)
_RANGE = (
    rf"(?:(?P<lower>{_NUMBER})[余多来]?\(?(?P<lower_unit>{_UNIT})?\)?{TO})?"
    rf"(?P<upper>{_NUMBER})[余多来]?\(?(?P<unit>{_UNIT})?\)?(?:[余多]元?)?"
)
_AMOUNT = re.compile(rf"{_HEDGES}{_RANGE}{_TAILS}", re.IGNORECASE)
_PLAIN_AMOUNT = re.compile(_RANGE, re.IGNORECASE)
_TO_BE_AGREED = re.compile(rf"[^0-9]*(?:{_OPEN})[^0-9]*")
_YUAN = re.compile(r"人民币|RMB|CNY|[￥¥]", re.IGNORECASE)
_LEAST_IN_YUAN = 10_000
"""From here on a bare number behind the sign of the currency is no number of 万元."""
_APART = re.compile(r"(?<![0-9])\s+|\s+(?![0-9])")
_COUNT = re.compile(
    r"(?:大?约|共|分|分为)?\s*(\d{1,9})(?:\.0+)?\s*[多余]?\s*(?:人|名|期|次|个|笔)?(?:左右|支付)?"
)
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)\s*%")


def parse_date(value: Cell) -> date | None:
    """The day in a cell, None for an empty one. Raises ValueError (in Chinese) for what is no date.

    >>> parse_date("2012.05.31"), parse_date("20100209"), parse_date(45292.0)
    (datetime.date(2012, 5, 31), datetime.date(2010, 2, 9), datetime.date(2024, 1, 1))
    >>> parse_date("2018年8月31日"), parse_date("2018-08-31 00:00:00"), parse_date("-")
    (datetime.date(2018, 8, 31), datetime.date(2018, 8, 31), None)
    >>> parse_date("2021-03-04T16:00:00.000Z")
    datetime.date(2021, 3, 5)
    """
    if isinstance(value, str):
        return _date_in(value)
    if isinstance(value, datetime):
        return beijing_day(value)
    return value if isinstance(value, date) else _date_in(content(value))


@lru_cache(maxsize=16_384)
def _date_in(cell: str) -> date | None:
    written = content(cell)
    if not written:
        return None
    found = unicodedata.normalize("NFKC", written)
    if found in ("0", "00000000", "0000-00-00", "1900-01-00"):
        return None
    if instant := _INSTANT.fullmatch(found):
        return _day_of(*instant.groups())
    parts = _date_parts(found)
    if parts is None and _is_serial(found):
        return _EXCEL_EPOCH + timedelta(days=int(float(found)))
    if parts is None:
        raise ValueError(f"“{found[:40]}”不是日期，应写成 2024-01-31")
    try:
        return date(*parts)
    except ValueError as error:
        raise ValueError(f"“{found[:40]}”不是有效的日期（日历中无此日）") from error


def _day_of(day: str, time: str, zone: str) -> date:
    """The day in Beijing of an instant with its zone."""
    offset = zone if zone[0] in "+-" else "+00:00"
    try:
        return beijing_day(datetime.fromisoformat(f"{day}T{time}{offset}"))
    except ValueError as error:
        raise ValueError(f"“{day} {time}”不是有效的时间") from error


def _date_parts(found: str) -> tuple[int, int, int] | None:
    for pattern in (_YEAR_FIRST, _COMPACT):
        if match := pattern.fullmatch(found):
            year, month, day = map(int, match.groups())
            return year, month, day
    if match := _YEAR_LAST.fullmatch(found):
        first, second, year = map(int, match.groups())
        if first > 12 and second <= 12:
            return year, second, first
        if second > 12 or first == second:
            return year, first, second
        raise ValueError(f"“{found[:40]}”的月和日分不清，请写成 2024-01-31")
    return _loose_parts(found) if len(found) <= _LONGEST_DATE else None


def _loose_parts(found: str) -> tuple[int, int, int] | None:
    """Year, month and day as they are seldom written: Chinese numbers, English months, other marks, remarks behind them."""
    if match := _LOOSE.fullmatch(in_digits(found)):
        year, month, day = map(int, match.groups())
        return year, month, day
    if (match := _ENGLISH.fullmatch(found.upper())) and (name := match[1] or match[4]) in _MONTHS:
        return int(match[5]), _MONTHS.index(name) + 1, int(match[2] or match[3])
    return None


def _is_serial(found: str) -> bool:
    return bool(re.fullmatch(r"\d{5}(?:\.\d+)?", found)) and int(float(found)) in _EXCEL_DAYS


def parse_month(value: Cell) -> date | None:
    """Like `parse_date`, where the day or the month may be missing (成立日期): then the first one."""
    found = unicodedata.normalize("NFKC", content(value)) if isinstance(value, (str, float, int)) else ""
    if match := _YEAR_MONTH.fullmatch(found):
        return parse_date(f"{match[1]}-{match[2]}-1")
    if re.fullmatch(r"(19|20)\d{2}年?", found):
        return date(int(found[:4]), 1, 1)
    return parse_date(value)


def parse_amount(value: Cell, unit: int = 1) -> Decimal | None:
    """Yuan of a cell; `unit` is the unit of a bare number (from the header).

    Of a range the upper end; its unit may stand behind the lower one alone.

    Raises ValueError for text that names no amount.

    >>> parse_amount("80", 10_000), parse_amount("1,200元"), parse_amount("50-100万元")
    (Decimal('800000.00'), Decimal('1200.00'), Decimal('1000000.00'))
    """
    found = _amount_in(value)
    bare = _YUAN.sub("", found)
    if not found or _TO_BE_AGREED.fullmatch(bare):
        return None
    match = _AMOUNT.fullmatch(bare)
    if match is None:
        raise ValueError(f"“{content(value)[:40]}”不是金额，应写成数字，如 80 或 80万元")
    number, own_unit = match["upper"], match["unit"] or match["lower_unit"]
    if not own_unit and bare != found and float(number) >= _LEAST_IN_YUAN:
        return _yuan(number, 1)
    return _yuan(number, _UNITS[own_unit.upper()] if own_unit else unit)


def _amount_in(value: Cell) -> str:
    """The text of an amount without commas and without the white space that parts no two numbers."""
    return _APART.sub("", in_digits(content(value)).replace(",", ""))


def says_only_amount(value: Cell) -> bool:
    """Whether a cell holds an amount and nothing else, so that nothing is lost with its words; a range has a lower end too.

    >>> says_only_amount("80万元"), says_only_amount("50-80万元"), says_only_amount("30万元（含税）")
    (True, False, False)
    """
    found = _PLAIN_AMOUNT.fullmatch(_YUAN.sub("", _amount_in(value)))
    return found is not None and found["lower"] is None


def _yuan(number: str, unit: int) -> Decimal:
    try:
        amount = (Decimal(number) * unit).quantize(Decimal("0.01"))
    except InvalidOperation as error:
        raise ValueError(f"金额“{number[:40]}”过大") from error
    if amount >= Decimal(10) ** 16:
        raise ValueError(f"金额“{number[:40]}”过大")
    return amount


def unit_in(header: str) -> int:
    """The unit of a bare number under this header: 万元 is never assumed unless the header states it.

    >>> unit_in("营业收入（万元）"), unit_in("预算")
    (10000, 1)
    """
    return next((factor for unit, factor in _UNITS.items() if unit in header), 1)


def unit_name(factor: int) -> str:
    """The name of the unit that a bare number counts in, empty for 元 and for what is no unit.

    >>> unit_name(10_000), unit_name(1)
    ('万元', '')
    """
    return next((unit for unit, value in _UNITS.items() if value == factor and value > 1), "")


def parse_count(value: Cell) -> int | None:
    """A whole number (人、期), None for an empty cell. Raises ValueError.

    >>> parse_count("1,200人"), parse_count("分3期"), parse_count("三期")
    (1200, 3, 3)
    """
    found = in_digits(content(value)).replace(",", "").strip()
    if not found:
        return None
    match = _COUNT.fullmatch(found)
    if match is None:
        raise ValueError(f"“{found[:40]}”不是整数")
    return int(match[1])


def parse_rate(value: Cell) -> Decimal | None:
    """A rate in percent, None for an empty cell; a bare number counts in percent. Raises ValueError.

    >>> parse_rate("3"), parse_rate("净利润的百分之十")
    (Decimal('3.000'), Decimal('10.000'))
    """
    found = in_digits(content(value)).strip()
    if not found or _TO_BE_AGREED.fullmatch(found):
        return None
    stated = {match[1] for match in _PERCENT.finditer(found)}
    bare = re.fullmatch(r"\d{1,3}(?:\.\d{1,6})?", found)
    # A range (3%-5%) and a scale have several figures.
    if not (bare or (len(stated) == 1 and not re.search(r"\d\s*%?\s*[-~—–至到]+\s*\d", found))):
        raise ValueError(f"“{content(value)[:40]}”不是百分比，应写成 3 或 3%")
    return Decimal(bare[0] if bare else stated.pop()).quantize(Decimal("0.001"))
