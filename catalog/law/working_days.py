"""Working days (工作日): on which day a period ends that would end on a legal holiday (专利法实施细则 第五条).

A period that ends on a day off ends on the first working day after. The notice of the State Council for a year is data
(catalog.law.tables); for a year without one Saturdays and Sundays are off and the end may come later by a whole holiday.
The term of a right is no such period: it ends on its day (专利审查指南, part V, chapter 9).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from catalog.law import tables
from catalog.law.tables import DAY, SATURDAY, TURN_OF_THE_YEAR, Holidays

LONGEST_HOLIDAY = timedelta(days=9)
"""The longest run of days off that the State Council has given (春节 2026)."""


@dataclass(frozen=True, slots=True)
class LastDay:
    """The last day of a period (期限届满日): it lasts until `sure`, and until `latest` at most."""

    sure: date
    latest: date

    def leaves_open(self, day: date) -> bool:
        """Whether the notice of the year is missing, so that it is unknown if the period still runs on that day."""
        return self.sure < day <= self.latest


def last_day(end: date) -> LastDay:
    """The last day of a period that ends on `end` by the calendar."""
    return _last_day(end, tables.current().holidays)


@lru_cache(maxsize=1 << 16)
def _last_day(end: date, holidays: Holidays) -> LastDay:
    if end > date.max - LONGEST_HOLIDAY * 2:
        return LastDay(end, end)
    sure = end
    while not _is_working(sure, holidays):
        sure += DAY
    if _is_known(end, holidays) and _is_known(sure, holidays):
        return LastDay(sure, sure)
    return LastDay(sure, max(sure, end + LONGEST_HOLIDAY))


def _is_working(day: date, holidays: Holidays) -> bool:
    return day in holidays.work or (day.weekday() < SATURDAY and day not in holidays.rest)


def _is_known(day: date, holidays: Holidays) -> bool:
    """Whether the notices cover that day."""
    return day.year in holidays.notices and (day + TURN_OF_THE_YEAR).year in holidays.notices
