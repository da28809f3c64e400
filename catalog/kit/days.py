"""The current day in Beijing (北京时间), independent of the machine's time zone: laws and registers use it."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")
"""Without summer time since 1991, so a fixed offset replaces the zone on machines without zone data."""


def beijing_today() -> date:
    """The present day in Beijing."""
    return datetime.now(BEIJING).date()


def beijing_day(moment: datetime) -> date:
    """The day in Beijing of a moment; one without a zone is taken as it stands.

    >>> from datetime import UTC
    >>> beijing_day(datetime(2021, 3, 4, 16, tzinfo=UTC)), beijing_day(datetime(2021, 3, 4, 16))
    (datetime.date(2021, 3, 5), datetime.date(2021, 3, 4))
    """
    return (moment.astimezone(BEIJING) if moment.tzinfo else moment).date()
