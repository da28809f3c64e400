"""The yearly review (年度盘点): the dormant and undecided patents of a holder, as put before it for its decision."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from catalog.kit.terms import PatentKind
from catalog.law.life import legal_life
from catalog.supply.patents import Patent, legal_columns, legal_facts
from catalog.supply.screenings import Point, Screening, points_of


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """A patent under review, with its last screening. `remaining_days` is None where the term is not known."""

    patent_id: int
    as_of: date
    application_number: str | None
    title: str
    kind: PatentKind | None
    filing_date: date | None
    remaining_days: int | None
    dormant: bool | None
    reason: str
    potential: int
    points: list[Point]


def rows(session: Session, holder_id: int) -> Iterator[ReviewRow]:
    """The patents of the holder that were screened as dormant or could not be decided, the most promising first."""
    query = (
        select(
            Screening,
            col(Patent.application_number),
            col(Patent.title),
            *legal_columns(),
        )
        .join(Patent, col(Patent.id) == col(Screening.patent_id))
        .where(col(Screening.holder_id) == holder_id, col(Screening.dormant).is_not(False))
        .order_by(col(Screening.potential).desc(), col(Screening.patent_id))
        .execution_options(yield_per=1000)
    )
    for row in session.execute(query):
        yield _row(row[0], row)
        session.expunge(row[0])


def _row(screening: Screening, patent: Any) -> ReviewRow:
    last = legal_life(legal_facts(patent), screening.as_of).last_valid_day
    return ReviewRow(
        patent_id=screening.patent_id,
        as_of=screening.as_of,
        application_number=patent.application_number,
        title=patent.title,
        kind=PatentKind(patent.kind) if patent.kind else None,
        filing_date=patent.filing_date,
        remaining_days=(last - screening.as_of).days + 1 if last else None,
        dormant=screening.dormant,
        reason=screening.reason,
        potential=screening.potential,
        points=points_of(screening),
    )
