"""Patent years (专利年度): the calendar of a right, counted from its filing date.

A period of years or months ends on the matching day of its last month and, where that month has no such day, on the
month's last day (专利法实施细则 第五条; 29 February becomes 28 February in other years).
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from decimal import Decimal

DAYS_A_YEAR = Decimal("365.25")
"""Days of a mean year, for converting a span of days to years."""

EARLIEST, LATEST = date(1985, 4, 1), date(2100, 12, 31)
"""The day on which the patent law took effect, and one that no right or contract of today reaches."""


def sane(day: date) -> bool:
    """Whether a day can be one in the course of a right or a contract, and no slip of the pen."""
    return EARLIEST <= day <= LATEST


def add_months(day: date, months: int) -> date:
    """The matching day `months` later (earlier, if negative), or the last day of that month; date.max past year 9999."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > date.max.year:
        return date.max
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def anniversary(day: date, years: int) -> date:
    """The matching day `years` later; for 29 February the 28 February of a year without one."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return add_months(day, 12 * years)


def patent_year(filed: date, on: date) -> int:
    """Number of the patent year that the day `on` lies in: full years since filing, plus one.

    Raises ValueError for a day before the filing.
    """
    if on < filed:
        raise ValueError(f"{on} is before the filing date {filed}")
    years = on.year - filed.year
    return years + 1 if anniversary(filed, years) <= on else years


def first_anniversary(filed: date, not_before: date) -> date:
    """The first anniversary of the filing on or after that day."""
    if not_before <= filed:
        return anniversary(filed, 1)
    year = patent_year(filed, not_before)
    this = anniversary(filed, year - 1)
    return this if year > 1 and this == not_before else anniversary(filed, year)


def last_anniversary(filed: date, not_after: date) -> date | None:
    """The last anniversary of the filing on or before that day; None in the first patent year."""
    if not_after < filed:
        return None
    year = patent_year(filed, not_after)
    return anniversary(filed, year - 1) if year > 1 else None
