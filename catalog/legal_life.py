"""Legal life (法律存续) of a patent: from when until when it is in force.

Terms are dated data (refdata/patent_terms.csv, domain-rules 3): they run from the filing date, and the last valid day
is the day before the anniversary. A stored expiry date (term compensation) overrides the formula.
What cannot be known from the data is None, never assumed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from catalog.reference import rows
from catalog.terms import LegalStatus

DEAD = frozenset(
    {
        LegalStatus.TERMINATED,
        LegalStatus.EXPIRED,
        LegalStatus.ABANDONED,
        LegalStatus.INVALIDATED,
        LegalStatus.REJECTED,
        LegalStatus.WITHDRAWN,
    }
)


@dataclass(frozen=True, slots=True)
class ForcePeriod:
    """First and last day on which a patent is in force, both included."""

    first: date
    last: date

    def holds_on(self, day: date) -> bool:
        """Whether the patent is in force on `day`."""
        return self.first <= day <= self.last


@cache
def _terms() -> list[tuple[str, date, date, int]]:
    return [
        (
            row["kind"],
            date.fromisoformat(row["filed_from"]),
            date.fromisoformat(row["filed_to"]) if row["filed_to"] else date.max,
            int(row["years"]),
        )
        for row in rows("patent_terms.csv")
    ]


def term_years(kind: str, filed: date) -> int | None:
    """Years of protection for a patent of `kind` filed on that day; None outside the table."""
    return next((years for k, first, last, years in _terms() if k == kind and first <= filed <= last), None)


def anniversary(day: date, years: int) -> date:
    """The same day `years` later; for 29 February the 1 March of a year without one."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


def last_valid_day(kind: str | None, filed: date | None, expiry: date | None) -> date | None:
    """The last day of the full term: the stored `expiry`, else the day before the anniversary of the filing."""
    if expiry is not None:
        return expiry
    if kind is None or filed is None:
        return None
    years = term_years(kind, filed)
    return anniversary(filed, years) - timedelta(days=1) if years else None


def force_period(
    *,
    kind: str | None,
    filed: date | None,
    granted: date | None,
    expiry: date | None,
    status: str | None,
    status_date: date | None,
) -> ForcePeriod | None:
    """When the patent is in force, as far as the data says; None when it is unknown or never was.

    A patent whose stored status is a dead one ends the day before the date of that status; without that date
    it is not known when it ended, so nothing is claimed.
    """
    last = last_valid_day(kind, filed, expiry)
    if granted is None or last is None:
        return None
    if status and LegalStatus(status) in DEAD:
        if status_date is None:
            return None
        last = min(last, status_date - timedelta(days=1))
    if status == LegalStatus.PENDING.value or last < granted:
        return None
    return ForcePeriod(granted, last)
