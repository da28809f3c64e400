"""The data behind the verdict on open licensing (开放许可资格) of a patent: legal facts, patentees, recorded events, declaration.

Nothing here depends on a day: the verdict on any day is computed from the same record.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from catalog.kit.base import Record, among, chunks, fold, rows_among, table_of
from catalog.kit.terms import Conclusion, FactKind, LicenceStatus, OwnerConsent
from catalog.law.life import LegalFacts
from catalog.licences.licences import ALL_OWNERS, CURRENT, Licence, newest_last, stated_consents
from catalog.supply.facts import Fact
from catalog.supply.holders import Holder
from catalog.supply.patents import Patent, holders_of, legal_columns, legal_facts

KINDS = (
    FactKind.LICENCE,
    FactKind.PLEDGE,
    FactKind.SUSPENSION,
    FactKind.HINDRANCE,
    FactKind.EVALUATION_REPORT,
    FactKind.NO_RECORD,
)
_PATENTS, _FACTS, _LICENCES = table_of(Patent).c, table_of(Fact).c, table_of(Licence)
_RECORDED = select(_PATENTS.id, _PATENTS.application_number, _PATENTS.title, *legal_columns()).where(
    among(_PATENTS.id)
)
_EVENTS = (
    select(
        _FACTS.patent_id,
        _FACTS.kind,
        _FACTS.value,
        _FACTS.happened_on,
        _FACTS.ends_on,
        _FACTS.party,
        _FACTS.source,
        _FACTS.created_at,
    )
    .where(among(_FACTS.patent_id), _FACTS.kind.in_([kind.value for kind in KINDS]))
    .order_by(_FACTS.patent_id, _FACTS.id)
)
_DECLARATIONS = select(_LICENCES).where(among(_LICENCES.c.patent_id)).order_by(*newest_last())


@dataclass(frozen=True, slots=True)
class Event:
    """A recorded event; `known_by` is a day by which it had happened."""

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
class OwnerStatement:
    """A patentee and its position on an open licence; `on` is a day by which it had stated it."""

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
    owners: tuple[OwnerStatement, ...] = ()
    events: tuple[Event, ...] = ()
    declared: LicenceStatus | None = None
    declared_until: date | None = None


@dataclass(slots=True)
class _Gathered:
    owners: dict[int, str] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    declaration: Record | None = None


def patent_ids(session: Session) -> list[int]:
    """Ids of all patents."""
    return list(session.execute(select(col(Patent.id)).order_by(col(Patent.id))).scalars())


def load(session: Session, ids: Sequence[int]) -> dict[int, EligibilityRecord]:
    """The records of these patents by patent id; ids that are no patents are left out."""
    return {record.patent_id: record for chunk in chunks(ids) for record in _chunk(session, chunk)}


def _chunk(session: Session, ids: list[int]) -> Iterator[EligibilityRecord]:
    rows = list(rows_among(session, _RECORDED, ids))
    found = {row.id: _Gathered() for row in rows}
    for patent_id, holders in holders_of(session, ids).items():
        found[patent_id].owners = {holder.id: holder.name for holder in holders}
    _add_events(session, ids, found)
    for row in rows_among(session, _DECLARATIONS, ids):
        found[row.patent_id].declaration = row
    merged = _merged_names(session, found.values())
    for row in rows:
        gathered = found[row.id]
        declaration = gathered.declaration
        yield EligibilityRecord(
            patent_id=row.id,
            application_number=row.application_number,
            title=row.title,
            legal=legal_facts(row),
            owners=tuple(_owners(gathered, merged)),
            events=(*gathered.events, *_reports(gathered)),
            declared=LicenceStatus(declaration.status) if declaration else None,
            declared_until=declaration.ends_on if declaration else None,
        )


def _add_events(session: Session, ids: list[int], found: dict[int, _Gathered]) -> None:
    rows = rows_among(session, _EVENTS, ids)
    for patent_id, kind, value, first, last, party, source, stored in rows:
        event = Event(FactKind(kind), value, first, last, party, source, stored.date())
        found[patent_id].events.append(event)


def _reports(gathered: _Gathered) -> Iterator[Event]:
    """The evaluation report that a declaration states; its bare number is ignored beside a recorded report."""
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


def _owners(gathered: _Gathered, merged: dict[str, int]) -> Iterator[OwnerStatement]:
    by_holder: dict[int, OwnerStatement] = {}
    everybody: OwnerStatement | None = None
    row = gathered.declaration
    # Statements for a withdrawn or expired declaration do not apply to a new one.
    for consent in stated_consents(row) if row is not None and row.status in CURRENT else []:
        by = consent.on or (row.declared_on or row.created_at.date() if row else None)
        owner = OwnerStatement(consent.holder, OwnerConsent(consent.consent), by)
        if fold(consent.holder) == fold(ALL_OWNERS):
            everybody = owner
        elif fold(consent.holder) in merged:
            by_holder[merged[fold(consent.holder)]] = owner
    for holder_id, name in gathered.owners.items():
        stated = by_holder.get(holder_id) or everybody
        yield OwnerStatement(name, stated.consent, stated.on) if stated else OwnerStatement(name)
