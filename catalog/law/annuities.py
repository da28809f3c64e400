"""Annuities (年费): what is due for a patent year, the surcharge (滞纳金) when late, reductions.

All amounts are exact, in yuan, and all of them are data (refdata/annuities.csv, annuity_surcharges.csv,
annuity_reductions.csv; domain-rules 3 and 4); a row whose `checked` is not yes rests on general knowledge.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache

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
    """A reduction (减缴): what part of the annuity in percent remains to be paid."""

    case: str
    label: str
    remaining: Decimal
    checked: bool
    source: str


@cache
def _amounts() -> dict[tuple[str, int], Decimal]:
    return {
        (row["kind"], year): Decimal(row["amount"])
        for row in rows("annuities.csv")
        for year in range(int(row["year_from"]), int(row["year_to"]) + 1)
    }


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
            row["case"], row["label"], Decimal(row["remaining"]), row["checked"] == "yes", row["source"]
        )
        for row in rows("annuity_reductions.csv")
    }


def amount(kind: str, year: int) -> Decimal | None:
    """The full annuity of a patent year in yuan; None outside the table."""
    return _amounts().get((kind, year))


def grace_end(due: date) -> date:
    """Last day of the grace period (宽限期) for an annuity due on `due`."""
    return add_months(due, GRACE_MONTHS)


def surcharge(due: date, on: date) -> Surcharge | None:
    """The surcharge for paying on that day, by started month; None when it is not late or the grace period is over."""
    if not due < on <= grace_end(due):
        return None
    return _surcharges()[next(month for month in range(1, GRACE_MONTHS + 1) if on <= add_months(due, month))]


def reduced(full: Decimal, cases: Iterable[str]) -> tuple[Decimal, Reduction | None]:
    """What remains of a full annuity under the best of the reductions; they never add up.

    A surcharge is always a share of the full annuity. Raises KeyError for an unknown case.
    """
    best = min((reductions()[case] for case in cases), key=lambda r: r.remaining, default=None)
    return (full, None) if best is None else ((full * best.remaining / HUNDRED).quantize(CENT), best)
