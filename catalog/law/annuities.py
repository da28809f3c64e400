"""Annuities (年费): what is due for a patent year, the surcharge (滞纳金) when late, reductions.

All amounts are exact, in yuan, and all of them are data (annuities.csv, refdata/annuity_surcharges.csv,
annuity_reductions.csv); a row whose `checked` is not yes rests on general knowledge.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache

from catalog.law import tables
from catalog.law.working_days import LastDay, last_day
from catalog.law.years import add_months
from catalog.reference.lists import rows

GRACE_MONTHS = 6
HUNDRED = Decimal(100)
CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Surcharge:
    """Share of the full annuity that is added in a month of the grace period; whether its source was checked."""

    percent: Decimal
    checked: bool
    source: str


@dataclass(frozen=True, slots=True)
class Reduction:
    """A reduction (减缴): what part of the annuity in percent remains to be paid.

    It holds for the first `annuities` from that of the year of grant on; None without such a limit.
    """

    case: str
    label: str
    remaining: Decimal
    annuities: int | None
    checked: bool
    source: str

    def holds_for(self, nth: int) -> bool:
        """Whether it holds for the `nth` annuity from that of the year of grant."""
        return self.annuities is None or 1 <= nth <= self.annuities


@cache
def _surcharges() -> dict[int, Surcharge]:
    return {
        int(row["month"]): Surcharge(Decimal(row["percent"]), row["checked"] == "yes", row["source"])
        for row in rows("annuity_surcharges.csv")
    }


@cache
def reductions() -> dict[str, Reduction]:
    """The known reductions by case."""
    return {
        row["case"]: Reduction(
            row["case"],
            row["label"],
            Decimal(row["remaining"]),
            int(row["annuities"]) if row["annuities"] else None,
            row["checked"] == "yes",
            row["source"],
        )
        for row in rows("annuity_reductions.csv")
    }


def amount(kind: str, year: int) -> Decimal | None:
    """The full annuity of a patent year in yuan, past the full term that of the compensated one; None where unknown."""
    amounts = tables.current().amounts
    return amounts.get((kind, year), amounts.get((f"{kind}_compensation", year)))


def pay_by(due: date) -> LastDay:
    """Last day on which an annuity due on `due` is paid in time."""
    return last_day(due)


def grace_end(due: date) -> LastDay:
    """Last day of the grace period (宽限期) for an annuity due on `due`: six months, which may end on a holiday too."""
    return last_day(add_months(due, GRACE_MONTHS))


def surcharge(due: date, on: date) -> Surcharge | None:
    """The surcharge for paying on that day, by started month; None when it is not late or the grace period is over."""
    if not pay_by(due).sure < on <= grace_end(due).sure:
        return None
    months = (month for month in range(1, GRACE_MONTHS) if on <= add_months(due, month))
    return _surcharges()[next(months, GRACE_MONTHS)]


def reduced(full: Decimal, cases: Iterable[str], nth: int) -> tuple[Decimal, Reduction | None]:
    """The remainder of a full annuity, the `nth` from that of the year of grant, under the best of the reductions.

    They never add up, and a surcharge is always a share of the full annuity.
    Raises KeyError for an unknown case.
    """
    holding = [reduction for case in cases if (reduction := reductions()[case]).holds_for(nth)]
    best = min(holding, key=lambda r: r.remaining, default=None)
    return (full, None) if best is None else ((full * best.remaining / HUNDRED).quantize(CENT), best)
