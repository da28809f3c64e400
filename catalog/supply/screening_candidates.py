"""The facts that a screening (盘点筛选) needs of every patent of a university, institute, hospital or state-owned holder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from catalog.kit.terms import FactKind, HolderKind
from catalog.law.life import LegalFacts
from catalog.supply.facts import EXPLOITATION, Fact
from catalog.supply.holders import Holder
from catalog.supply.patents import Patent, PatentHolder, legal_columns, legal_facts

SCREENED = frozenset(
    {HolderKind.UNIVERSITY, HolderKind.INSTITUTE, HolderKind.HOSPITAL, HolderKind.STATE_OWNED}
)
FIRMS = frozenset({HolderKind.COMPANY, HolderKind.STATE_OWNED})


@dataclass(slots=True)
class ScreeningCandidate:
    """A patent to be screened: `holder_id` is its first holder of a screened kind, `firms` the co-holding firms.

    `facts` are (kind, day or None, value), oldest first.
    """

    patent_id: int
    legal: LegalFacts
    holder_id: int = 0
    firms: int = 0
    facts: list[tuple[FactKind, date | None, str]] = field(default_factory=list)


def _held() -> Any:
    kinds = [kind.value for kind in SCREENED]
    holds = select(col(PatentHolder.patent_id)).join(Holder, col(Holder.id) == col(PatentHolder.holder_id))
    return holds.where(col(Holder.kind).in_(kinds))


def count(session: Session) -> int:
    """The number of patents to be screened."""
    total: int = session.execute(select(func.count()).select_from(_held().distinct().subquery())).scalar_one()
    return total


def exploitation_recorded(session: Session) -> bool:
    """Whether the catalogue has any record of implementation, licence, transfer, pledge or product filing."""
    query = select(col(Fact.id)).where(col(Fact.kind).in_([kind.value for kind in EXPLOITATION])).limit(1)
    return session.execute(query).first() is not None


def block(session: Session, after: int, as_of: date, size: int) -> list[ScreeningCandidate]:
    """The next candidates, at most `size`, with ids above `after`, with what had happened by `as_of`; empty when there are no more."""
    held = _held().where(col(PatentHolder.patent_id) == col(Patent.id)).exists()
    query = (
        select(col(Patent.id), *legal_columns())
        .where(col(Patent.id) > after, held)
        .order_by(col(Patent.id))
        .limit(size)
    )
    found = {row[0] or 0: ScreeningCandidate(row[0] or 0, legal_facts(row)) for row in session.execute(query)}
    if found:
        _add_holders(session, found)
        _add_facts(session, found, as_of)
    return list(found.values())


def _of_block(column: Any, found: dict[int, ScreeningCandidate]) -> Any:
    return column.between(min(found), max(found))


def _add_holders(session: Session, found: dict[int, ScreeningCandidate]) -> None:
    query = (
        select(col(PatentHolder.patent_id), col(Holder.id), col(Holder.kind))
        .join(Holder, col(Holder.id) == col(PatentHolder.holder_id))
        .where(_of_block(col(PatentHolder.patent_id), found))
        .order_by(col(PatentHolder.patent_id), col(PatentHolder.position))
    )
    for patent_id, holder_id, kind in _known(session.execute(query), found):
        candidate = found[patent_id]
        if candidate.holder_id == 0 and kind in SCREENED:
            candidate.holder_id = holder_id
        elif kind in FIRMS:
            candidate.firms += 1


def _add_facts(session: Session, found: dict[int, ScreeningCandidate], as_of: date) -> None:
    day = col(Fact.happened_on)
    query = (
        select(col(Fact.patent_id), col(Fact.kind), day, col(Fact.value))
        .where(_of_block(col(Fact.patent_id), found), day.is_(None) | (day <= as_of))
        .order_by(col(Fact.patent_id), func.coalesce(day, date.min), col(Fact.id))
    )
    for patent_id, kind, on, value in _known(session.execute(query), found):
        found[patent_id].facts.append((FactKind(kind), on, value))


def _known(rows: Any, found: dict[int, ScreeningCandidate]) -> Iterator[Any]:
    return (row for row in rows if row[0] in found)
