"""Periods (期限) in one cell: two days, a day and a length, a length alone, or words for no end."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from ingestion.values.cells import Cell, said
from ingestion.values.numerals import in_digits
from ingestion.values.values import parse_date

_DAY = r"(?:\d{4}\s*[-./年]\s*\d{1,2}\s*[-./月]\s*\d{1,2}(?!\d)\s*日?|\d{8}(?!\d))"
_MONTH = r"\d{4}\s*[-./年]\s*\d{1,2}(?!\d)\s*月?"
_POINT = re.compile(rf"{_DAY}|{_MONTH}|(?:19|20)\d{{2}}\s*年?(?!\d)")
_LENGTH = re.compile(r"(?<![\d.~至到-])(\d{1,3})\s*(年|个月|月)(?!半)|(?<![一-龥\d])(半年)")
_UNTIL_THE_PATENT_ENDS = re.compile(
    r"直?[至到](?:本|该)?专利权?(?:的)?(?:有效期|保护期|期限)?(?:届满|终止|失效|期满)(?:之日)?(?:为?止)?"
)
# Words around the days and the length that do not change their meaning.
_WORDS = re.compile(
    r"自|从|由|起|截?至|到|止|为|共|计|许可|使用|实施|合同|协议|期限?|有效|期间|专利|声明|公告|公布|签订|签署|生效|备案|登记|许可合同|之?日|当日|整|算"
    r"|[()\[\]\s,，;；:：。.~–—-]"
)
_UNENDING = re.compile(
    r"(?:许可期限?为?|期限为?)?(?:长期(?:有效)?|永久(?:有效)?|常年(?:有效)?|无固定期限|无限期|不限|不限期"
    r"|(?:自.{0,12}起)?(?:直?至|到|在)?(?:本|该)?专利权?(?:的)?(?:有效期|保护期|期限)?(?:内|届满|终止|失效|期满)?(?:之日)?(?:为止|止|前)?)"
)


@dataclass(frozen=True, slots=True)
class Period:
    """First and last day and the length in months, each None where not stated."""

    start: date | None = None
    end: date | None = None
    months: int | None = None


def is_unending(stated: str) -> bool:
    """Whether the words state that there is no last day (长期有效), or none before the patent ends."""
    return bool(stated) and bool(_UNENDING.fullmatch(in_digits(stated).strip()))


def parse_period(value: Cell) -> Period:
    """The period in a cell; a single day is the last one. Raises ValueError for what is no plain period.

    >>> parse_period("2025-01-01 至 2027-12-31").end, parse_period("自公告之日起三年").months
    (datetime.date(2027, 12, 31), 36)
    >>> parse_period("2025.01.01-2027.12.31").start, parse_period("自2024年1月1日起3年").end
    (datetime.date(2025, 1, 1), datetime.date(2026, 12, 31))
    """
    stated = in_digits(said(value)).strip()
    if not stated or is_unending(stated):
        return Period()
    stated = _UNTIL_THE_PATENT_ENDS.sub("", stated)
    length = _length(_POINT.sub(" ", stated))
    points = _POINT.findall(_without(stated, length))
    rest = _WORDS.sub("", _POINT.sub("", _without(stated, length)))
    if rest or len(points) > 2 or not (points or length):
        raise ValueError(f"“{stated[:40]}”不是期限，应写成 2025-01-01 至 2027-12-31，或 3 年")
    months = _months(length) if length else None
    return _between(points, stated, months)


def _length(stated: str) -> str:
    found = [match[0] for match in _LENGTH.finditer(stated)]
    return found[0] if len(found) == 1 else ""


def _without(stated: str, length: str) -> str:
    return stated.replace(length, "", 1) if length else stated


def _months(length: str) -> int:
    if length == "半年":
        return 6
    number = int(re.sub(r"\D", "", length))
    return number * 12 if length.endswith("年") else number


def _between(points: list[str], stated: str, months: int | None) -> Period:
    if len(points) == 2:
        start, end = _first_day(points[0]), _last_day(points[1])
        return Period(start, end, months)
    if not points:
        return Period(months=months)
    if months and not re.search(r"[至到止]", stated):
        start = _first_day(points[0])
        return Period(start, last_day(start, months), months)
    if re.search(r"起", stated) and not re.search(r"[至到止]", stated):
        return Period(_first_day(points[0]))
    return Period(None, _last_day(points[0]), months)


def _first_day(point: str) -> date:
    parts = [int(part) for part in re.findall(r"\d+", point)]
    if len(parts) < 3 and len(str(parts[0])) == 4:
        return date(parts[0], parts[1] if len(parts) == 2 else 1, 1)
    found = parse_date(re.sub(r"\s", "", point))
    if found is None:
        raise ValueError(f"“{point[:40]}”不是日期")
    return found


def _last_day(point: str) -> date:
    parts = [int(part) for part in re.findall(r"\d+", point)]
    if len(parts) == 1 and parts[0] < 10_000:
        return date(parts[0], 12, 31)
    first = _first_day(point)
    return first.replace(day=monthrange(first.year, first.month)[1]) if len(parts) == 2 else first


def last_day(start: date, months: int) -> date:
    """The last day of a period of so many months: the day before the matching one, else the end of the month (细则 5).

    >>> last_day(date(2024, 1, 1), 36), last_day(date(2024, 8, 31), 6)
    (datetime.date(2026, 12, 31), datetime.date(2025, 2, 28))
    """
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    longest = monthrange(year, month + 1)[1]
    matching = date(year, month + 1, min(start.day, longest))
    return matching if start.day > longest else matching - timedelta(days=1)
