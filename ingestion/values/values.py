"""Values of cells: dates, amounts of money, whole numbers, as registers and firms write them."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from ingestion.values.cells import Cell, said

_EXCEL_EPOCH = date(1899, 12, 30)
_EXCEL_DAYS = range(20_000, 60_000)  # 1954 to 2064; smaller numbers are counts, larger ones identifiers

_YEAR_FIRST = re.compile(r"(\d{4})\s*[-./年\\]\s*(\d{1,2})\s*[-./月\\]\s*(\d{1,2})\s*日?(?:[T\s].*)?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:\.0+|\d{6})?")
_YEAR_LAST = re.compile(r"(\d{1,2})[-./](\d{1,2})[-./](\d{4})(?:\s.*)?")
_YEAR_MONTH = re.compile(r"(\d{4})\s*[-./年]\s*(\d{1,2})\s*月?")

_PERIOD = re.compile(r"(.*\d.*?)\s*(?:至|到|~|—+|–|\s-\s)\s*(.*\d.*)")

_UNITS = {"亿元": 100_000_000, "亿": 100_000_000, "千万元": 10_000_000, "百万元": 1_000_000, "百万": 1_000_000,
          "万元": 10_000, "万": 10_000, "千元": 1_000, "元": 1}  # fmt: skip
_AMOUNT = re.compile(
    r"(?:约|人民币|RMB|￥|¥|\s)*([0-9]+(?:\.[0-9]+)?)\s*"
    r"(亿元|亿|千万元|百万元|百万|万元|万|千元|元)?(?:人民币|整|左右|以内|以上)*"
)
_RANGE = re.compile(r"[0-9.]+\s*(?:亿元|亿|万元|万|元)?\s*[-~—–至到]+\s*([0-9.]+.*)")


def parse_date(value: Cell) -> date | None:
    """The day a cell means, None for an empty one. Raises ValueError (in Chinese) for what is no date.

    >>> parse_date("2012.05.31"), parse_date("20100209"), parse_date(45292.0)
    (datetime.date(2012, 5, 31), datetime.date(2010, 2, 9), datetime.date(2024, 1, 1))
    >>> parse_date("2018年8月31日"), parse_date("2018-08-31 00:00:00"), parse_date("-")
    (datetime.date(2018, 8, 31), datetime.date(2018, 8, 31), None)
    """
    if isinstance(value, str):
        return _date_in(value)
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else _date_in(said(value))


@lru_cache(maxsize=16_384)
def _date_in(cell: str) -> date | None:
    written = said(cell)
    if not written:
        return None
    found = unicodedata.normalize("NFKC", written)
    if found in ("0", "00000000", "0000-00-00", "1900-01-00"):
        return None
    parts = _date_parts(found)
    if parts is None and _is_serial(found):
        return _EXCEL_EPOCH + timedelta(days=int(float(found)))
    if parts is None:
        raise ValueError(f"“{found[:40]}”不是日期，应写成 2024-01-31")
    try:
        return date(*parts)
    except ValueError as error:
        raise ValueError(f"“{found[:40]}”不是有效的日期（没有这一天）") from error


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
    return None


def _is_serial(found: str) -> bool:
    return bool(re.fullmatch(r"\d{5}(?:\.\d+)?", found)) and int(float(found)) in _EXCEL_DAYS


def parse_period(value: Cell) -> tuple[date | None, date | None]:
    """First and last day of a period in one cell; a single day is the last one. Raises ValueError.

    >>> parse_period("2025-01-01 至 2027-12-31"), parse_period("2027年12月31日")
    ((datetime.date(2025, 1, 1), datetime.date(2027, 12, 31)), (None, datetime.date(2027, 12, 31)))
    """
    found = unicodedata.normalize("NFKC", said(value)).strip()
    if match := _PERIOD.fullmatch(found):
        return parse_date(match[1]), parse_date(match[2])
    return None, parse_date(found)


def parse_month(value: Cell) -> date | None:
    """Like `parse_date`, where the day or the month may be missing (成立日期): then the first one."""
    found = unicodedata.normalize("NFKC", said(value)) if isinstance(value, (str, float, int)) else ""
    if match := _YEAR_MONTH.fullmatch(found):
        return parse_date(f"{match[1]}-{match[2]}-1")
    if re.fullmatch(r"(19|20)\d{2}年?", found):
        return date(int(found[:4]), 1, 1)
    return parse_date(value)


def parse_amount(value: Cell, unit: int = 1) -> Decimal | None:
    """Yuan of a cell; `unit` is what a bare number counts in (from the header). The upper end of a range.

    Raises ValueError for text that names no amount.

    >>> parse_amount("80", 10_000), parse_amount("1,200元"), parse_amount("50-100万元")
    (Decimal('800000.00'), Decimal('1200.00'), Decimal('1000000.00'))
    """
    found = unicodedata.normalize("NFKC", said(value)).replace(",", "").strip()
    if not found or found in ("面议", "待定", "不限", "协商", "双方协商"):
        return None
    if ends := _RANGE.fullmatch(found):
        found = ends[1].strip()
    match = _AMOUNT.fullmatch(found)
    if match is None:
        raise ValueError(f"“{said(value)[:40]}”不是金额，应写成数字，如 80 或 80万元")
    return _yuan(match[1], _UNITS[match[2]] if match[2] else unit)


def _yuan(number: str, unit: int) -> Decimal:
    try:
        amount = (Decimal(number) * unit).quantize(Decimal("0.01"))
    except InvalidOperation as error:
        raise ValueError(f"金额“{number[:40]}”过大") from error
    if amount >= Decimal(10) ** 16:
        raise ValueError(f"金额“{number[:40]}”过大")
    return amount


def unit_in(header: str) -> int:
    """What a bare number counts in under this header: 万元 unless it says otherwise is never assumed.

    >>> unit_in("营业收入（万元）"), unit_in("预算")
    (10000, 1)
    """
    return next((factor for unit, factor in _UNITS.items() if unit in header), 1)


def parse_count(value: Cell) -> int | None:
    """A whole number (人), None for an empty cell. Raises ValueError."""
    found = unicodedata.normalize("NFKC", said(value)).replace(",", "").removesuffix("人").strip()
    if not found:
        return None
    if not re.fullmatch(r"\d{1,9}(?:\.0+)?", found):
        raise ValueError(f"“{found[:40]}”不是整数")
    return int(float(found))


def parse_rate(value: Cell) -> Decimal | None:
    """A rate in percent, None for an empty cell; a bare number counts in percent. Raises ValueError."""
    found = unicodedata.normalize("NFKC", said(value)).removesuffix("%").strip()
    if not found:
        return None
    if not re.fullmatch(r"\d{1,3}(?:\.\d{1,6})?", found):
        raise ValueError(f"“{said(value)[:40]}”不是百分比，应写成 3 或 3%")
    return Decimal(found).quantize(Decimal("0.001"))
