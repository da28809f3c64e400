"""What the verdict on open licensing (开放许可资格) of a patent rests on: legal facts, patentees, recorded events, declaration.

Nothing here depends on a day: the verdict on any day is read from the same record.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from catalog.base import chunks, fold
from catalog.facts import Fact
from catalog.holders import Holder
from catalog.legal_life import LegalFacts
from catalog.licences import ALL_OWNERS, CURRENT, Licence, newest_last, stated_consents
from catalog.patents import Patent, PatentHolder, legal_columns, legal_facts
from catalog.terms import Conclusion, FactKind, LicenceStatus, OwnerConsent

KINDS = (
    FactKind.LICENCE,
    FactKind.PLEDGE,
    FactKind.SUSPENSION,
    FactKind.HINDRANCE,
    FactKind.EVALUATION_REPORT,
    FactKind.NO_RECORD,
)


@dataclass(frozen=True, slots=True)
class Event:
    """A recorded event; `known_by` is a day by which it had happened, whatever else is recorded of it."""

    kind: FactKind
    value: str = ""
    first: date | None = None
    last: date | None = None
    party: str = ""
    source: str = ""
    known_by: date | None = None

    def may_run_on(self, day: date) -> bool:
        """Whether the event, for all that is recorded, may be in force on that day (both ends included)."""
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)

    def surely_by(self, day: date) -> bool:
        """Whether the event had certainly happened by that day."""
        on = self.first or self.known_by
        return on is not None and on <= day


@dataclass(frozen=True, slots=True)
class Owner:
    """A patentee and what it says of an open licence; `on` is a day by which it had said so."""

    name: str
    consent: OwnerConsent = OwnerConsent.UNKNOWN
    on: date | None = None


@dataclass(frozen=True, slots=True)
class EligibilityRecord:
    """All that is recorded of a patent as far as the verdict depends on it. `events` holds those of KINDS."""

    patent_id: int = 0
    application_number: str | None = None
    title: str = ""
    legal: LegalFacts = field(default_factory=LegalFacts)
    owners: tuple[Owner, ...] = ()
    events: tuple[Event, ...] = ()
    declared: LicenceStatus | None = None
    declared_until: date | None = None


@dataclass(slots=True)
class _Gathered:
    owners: dict[int, str] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    declaration: Licence | None = None


def patent_ids(session: Session) -> list[int]:
    """Ids of all patents."""
    return list(session.execute(select(col(Patent.id)).order_by(col(Patent.id))).scalars())


def load(session: Session, ids: Sequence[int]) -> dict[int, EligibilityRecord]:
    """The records of these patents by patent id; ids that are no patents are left out."""
    return {record.patent_id: record for chunk in chunks(ids) for record in _chunk(session, chunk)}


def _chunk(session: Session, ids: list[int]) -> Iterator[EligibilityRecord]:
    number, title = col(Patent.application_number), col(Patent.title)
    query = select(col(Patent.id), number, title, *legal_columns()).where(col(Patent.id).in_(ids))
    rows = session.execute(query).all()
    found = {row[0]: _Gathered() for row in rows}
    _add_holders(session, ids, found)
    _add_events(session, ids, found)
    _add_declarations(session, ids, found)
    merged = _merged_names(session, found.values())
    for row in rows:
        gathered = found[row[0]]
        declaration = gathered.declaration
        yield EligibilityRecord(
            patent_id=row[0],
            application_number=row[1],
            title=row[2],
            legal=legal_facts(row),
            owners=tuple(_owners(gathered, merged)),
            events=(*gathered.events, *_reports(gathered)),
            declared=LicenceStatus(declaration.status) if declaration else None,
            declared_until=declaration.ends_on if declaration else None,
        )


def _add_holders(session: Session, ids: list[int], found: dict[int, _Gathered]) -> None:
    query = (
        select(col(PatentHolder.patent_id), col(Holder.id), col(Holder.name))
        .join(Holder, col(Holder.id) == col(PatentHolder.holder_id))
        .where(col(PatentHolder.patent_id).in_(ids))
        .order_by(col(PatentHolder.patent_id), col(PatentHolder.position))
    )
    for patent_id, holder_id, name in session.execute(query):
        found[patent_id].owners[holder_id] = name


def _add_events(session: Session, ids: list[int], found: dict[int, _Gathered]) -> None:
    columns = (Fact.patent_id, Fact.kind, Fact.value, Fact.happened_on, Fact.ends_on, Fact.party, Fact.source)
    query = (
        select(*(col(column) for column in columns), col(Fact.created_at))
        .where(col(Fact.patent_id).in_(ids), col(Fact.kind).in_([kind.value for kind in KINDS]))
        .order_by(col(Fact.patent_id), col(Fact.id))
    )
    for patent_id, kind, value, first, last, party, source, stored in session.execute(query):
        event = Event(FactKind(kind), value, first, last, party, source, stored.date())
        found[patent_id].events.append(event)


def _add_declarations(session: Session, ids: list[int], found: dict[int, _Gathered]) -> None:
    query = select(Licence).where(col(Licence.patent_id).in_(ids)).order_by(*newest_last())
    for row in session.execute(query).scalars():
        found[row.patent_id].declaration = row


def _reports(gathered: _Gathered) -> Iterator[Event]:
    """The evaluation report that a declaration states; its bare number says nothing beside a recorded report."""
    row = gathered.declaration
    recorded = any(event.kind == FactKind.EVALUATION_REPORT for event in gathered.events)
    if row is None or not (row.report_conclusion or (row.report_number and not recorded)):
        return
    yield Event(
        FactKind.EVALUATION_REPORT,
        Conclusion(row.report_conclusion).value if row.report_conclusion else "",
        first=row.report_on,
        source=f"开放许可声明所列，编号 {row.report_number or '未填'}",
        known_by=row.declared_on or row.created_at.date(),
    )


def _merged_names(session: Session, gathered: Iterable[_Gathered]) -> dict[str, int]:
    """Ids of the holders by the folded names that consents use, for a merged spelling the kept holder's."""
    names = {
        fold(consent.holder)
        for one in gathered
        if one.declaration is not None
        for consent in stated_consents(one.declaration)
    }
    found: dict[str, int] = {}
    for chunk in chunks(sorted(names)):
        root: Any = func.coalesce(col(Holder.merged_into), col(Holder.id))
        query = select(col(Holder.name_key), root).where(col(Holder.name_key).in_(chunk))
        found.update(dict(session.execute(query).all()))
    return found


def _owners(gathered: _Gathered, merged: dict[str, int]) -> Iterator[Owner]:
    said: dict[int, Owner] = {}
    everybody: Owner | None = None
    row = gathered.declaration
    # What was said for a declaration that was withdrawn or has expired says nothing of a new one.
    for consent in stated_consents(row) if row is not None and row.status in CURRENT else []:
        by = consent.on or (row.declared_on or row.created_at.date() if row else None)
        owner = Owner(consent.holder, OwnerConsent(consent.consent), by)
        if fold(consent.holder) == fold(ALL_OWNERS):
            everybody = owner
        elif fold(consent.holder) in merged:
            said[merged[fold(consent.holder)]] = owner
    for holder_id, name in gathered.owners.items():
        stated = said.get(holder_id) or everybody
        yield Owner(name, stated.consent, stated.on) if stated else Owner(name)
