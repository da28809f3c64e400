"""Periods (期限) in one cell: two days, a day and a length, a length alone, or words for no end."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from ingestion.values.cells import Cell, content
from ingestion.values.numerals import in_digits
from ingestion.values.values import TO, parse_date

_DAY = r"(?:\d{4}\s*[-./年]\s*\d{1,2}\s*[-./月]\s*\d{1,2}(?!\d)\s*日?(?:\s*\d{1,2}:\d{2}(?::\d{2})?)?|\d{8}(?!\d))"
_PART = r"\d{4}\s*年?\s*(?:第?\s*[1-4]\s*季度?|Q\s*[1-4]|[上下]半年)"
_MONTH = r"\d{4}\s*[-./年]\s*\d{1,2}(?![\d个])\s*月?(?:份)?(?:底|末|下旬)?"
_YEAR = r"(?:19|20)\d{2}\s*年?(?:底|末|度)?(?!\d)"
_POINT = re.compile(rf"{_DAY}|{_PART}|{_MONTH}|{_YEAR}", re.IGNORECASE)
_LENGTH = re.compile(
    r"(?<![\d.~至到-])(?:(\d{1,3}(?:\.\d)?)\s*周?年(半)?(?:零?(\d{1,2})个?月)?|(\d{1,3})\s*个?月)|(?<![一-龥\d])(半)年"
)
_PATENT = r"(?:本|该)?专利权?的?"
_TERM = r"(?:剩余|全部)?(?:有效期限?|保护期限?|存续期间?|寿命|期限)"
_UNTIL_THE_PATENT_ENDS = re.compile(
    rf"(?:直?[至到]|{TO}){_PATENT}{_TERM}?(?:届满|终止|失效|期满|到期)?(?:之?日)?(?:为?止)?|(?:直?至|{TO})长期(?:有效)?"
)
# What may stand round the days and the length without changing what they mean.
_WORDS = re.compile(
    r"自|从|由|起|截[至止]?|到|至|止|为|共|计|许可|使用|实施|合同|协议|期限?|有效|期间|专利|声明|公告|公布|双方|签订|签署|签约|签字|盖章|授权|生效"
    r"|备案|登记|许可合同|之?日|当日|后|之?内|之?前|以前|整|算|[()\[\]\s,，;；:：。.~/–—-]"
)
_ASIDES = re.compile(r"\([^()0-9]*\)|[,，;；]?(?:到期)?(?:后)?可(?:以)?(?:续|延|展|协商)[^0-9]*")
"""What stands beside a period, which is no part of it."""
_UNENDING = re.compile(
    rf"(?:许可期限?为?|期限为?)?(?:长期(?:有效)?|永久(?:有效)?|常年(?:有效)?|无固定期限|无限期|不限|不限期|(?:剩余|全部){_TERM}"
    rf"|[同与和]?(?:自.{{0,12}}起)?(?:直?至|到|在)?{_PATENT}{_TERM}?(?:内|届满|终止|失效|期满|到期)?(?:之日)?(?:为止|止|前)?(?:均可|一致|相同)?)"
)


@dataclass(frozen=True, slots=True)
class Period:
    """First and last day and the length in months, each None where not stated."""

    start: date | None = None
    end: date | None = None
    months: int | None = None


def is_unending(stated: str) -> bool:
    """Whether the words state that there is no last day (长期有效), or none before the patent ends."""
    return bool(stated) and bool(_UNENDING.fullmatch(_folded(stated)))


def parse_period(value: Cell) -> Period:
    """The period in a cell; a single day is the last one. Raises ValueError for what is no plain period.

    >>> parse_period("2025-01-01 至 2027-12-31").end, parse_period("自公告之日起三年").months
    (datetime.date(2027, 12, 31), 36)
    >>> parse_period("2025.01.01-2027.12.31").start, parse_period("自2024年1月1日起3年").end
    (datetime.date(2025, 1, 1), datetime.date(2026, 12, 31))
    """
    stated = _folded(content(value))
    if not stated or is_unending(stated):
        return Period()
    bounded = _UNTIL_THE_PATENT_ENDS.sub("", stated)
    plain = _ASIDES.sub("", bounded)
    points = _POINT.findall(plain)
    without = _POINT.sub(" ", plain)
    lengths = {_months(found) for found in _LENGTH.finditer(without)}
    rest = _WORDS.sub("", _LENGTH.sub("", without))
    if rest or len(points) > 2 or len(lengths) > 1 or not (points or lengths):
        raise ValueError(f"“{stated[:40]}”不是期限，应写成 2025-01-01 至 2027-12-31，或 3 年")
    months = lengths.pop() if lengths else None
    if bounded != stated and len(points) == 1:
        return Period(_first_day(points[0]))
    return _between(points, plain, months)


def says_only_period(value: Cell) -> bool:
    """Whether a cell holds a period and nothing beside it.

    >>> says_only_period("3年"), says_only_period("3年（可续签）"), says_only_period("长期有效")
    (True, False, False)
    """
    stated = _folded(content(value))
    return not (is_unending(stated) or _UNTIL_THE_PATENT_ENDS.search(stated) or _ASIDES.search(stated))


def parse_last_day(value: Cell) -> date | None:
    """The day until which something is possible (截止日期): of a month, a quarter or a year the last day.

    None for an empty cell and where there is no end. Raises ValueError.

    >>> parse_last_day("2025年底"), parse_last_day("2025Q3"), parse_last_day("长期有效")
    (datetime.date(2025, 12, 31), datetime.date(2025, 9, 30), None)
    """
    try:
        return parse_date(value)
    except ValueError as error:
        unreadable = error
    try:
        period = parse_period(value)
    except ValueError:
        raise unreadable from None
    if period.end is None and not is_unending(content(value)):
        raise unreadable
    return period.end


def _folded(stated: str) -> str:
    return in_digits(stated).strip()


def _months(length: re.Match[str]) -> int:
    years, half, further, months, half_year = length.groups()
    if half_year or months:
        return 6 if half_year else int(months)
    return round(float(years) * 12) + (6 if half else 0) + int(further or 0)


def _between(points: list[str], stated: str, months: int | None) -> Period:
    if len(points) == 2:
        return Period(_first_day(points[0]), _last_day(points[1]), months)
    if not points:
        return Period(months=months)
    if months and not re.search(r"[至到止]", stated):
        start = _first_day(points[0])
        return Period(start, last_day(start, months), months)
    if re.search(r"起", stated) and not re.search(r"[至到止]", stated):
        return Period(_first_day(points[0]))
    return Period(None, _last_day(points[0]), months)


def _months_of(point: str) -> tuple[int, int, int] | None:
    """Year, first and last month of a point of time that is no day; None for a day."""
    parts = [int(part) for part in re.findall(r"\d+", point)]
    if half := re.search(r"([上下])半年", point):
        return (parts[0], 1, 6) if half[1] == "上" else (parts[0], 7, 12)
    if re.search(r"季|Q", point, re.IGNORECASE):
        return parts[0], parts[1] * 3 - 2, parts[1] * 3
    if len(parts) == 1 and parts[0] < 10_000:
        return parts[0], 1, 12
    if len(parts) == 2 and parts[1] not in range(1, 13):
        raise ValueError(f"“{point[:40]}”不是有效的日期（日历中无此月）")
    return (parts[0], parts[1], parts[1]) if len(parts) == 2 else None


def _first_day(point: str) -> date:
    if months := _months_of(point):
        return date(months[0], months[1], 1)
    found = parse_date(re.sub(r"(?<=\d)\s+(?=\d{1,2}:)", "T", point))
    if found is None:
        raise ValueError(f"“{point[:40]}”不是日期")
    return found


def _last_day(point: str) -> date:
    if months := _months_of(point):
        year, _, month = months
        return date(year, month, monthrange(year, month)[1])
    return _first_day(point)


def last_day(start: date, months: int) -> date:
    """The last day of a period of so many months: the day before the matching one, else the end of the month (细则 5).

    >>> last_day(date(2024, 1, 1), 36), last_day(date(2024, 8, 31), 6)
    (datetime.date(2026, 12, 31), datetime.date(2025, 2, 28))
    """
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    longest = monthrange(year, month + 1)[1]
    matching = date(year, month + 1, min(start.day, longest))
    return matching if start.day > longest else matching - timedelta(days=1)
