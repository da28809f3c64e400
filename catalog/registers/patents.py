"""Upserts of patents in batches: which known patent a record refers to, and what it changes.

A record is matched, in this order, by application number, by the body of a publication number (A and B publications
of one application share it) and, for want of either on one of the sides, by the fingerprint of title and first applicant.
A draft that matches a numbered record receives the number. Empty values overwrite nothing. Nothing is stored of a record
that claims a publication of another patent, nor of one that contradicts the patent under its number (`meaning`): where a
row of the same file said otherwise it is refused, otherwise it waits for a decision.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from sqlmodel import Session

from catalog.imports.conflicts import Subject
from catalog.kit.base import UpsertCounts, now
from catalog.kit.errors import Conflict
from catalog.registers.known import KnownPatents
from catalog.registers.meaning import (
    IDENTITY,
    LABELS,
    Contest,
    KnownPatent,
    Statement,
    agrees,
    filed_otherwise,
    merge,
    new,
    same_day,
)
from catalog.registers.writing import Writing
from catalog.supply import holders
from catalog.supply.holders import name_key
from catalog.supply.patents import PatentCreate

__all__ = ["Batch", "Claims", "Outcome", "upsert"]

APPLICATION, PUBLICATION = "申请号", "公开（公告）号"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a record; for a refused or waiting one the Chinese name of the field and its value.

    `known` is the patent that the record was stored into, `earlier` the row of the file that was stored into it before,
    `kept` what differed from that and stayed. A record that contradicts a `rival` under the number of the patent
    `contested` differs from it in `differs`; `reason` is that of other refusals.
    """

    status: Literal["new", "changed", "unchanged", "refused", "waiting"]
    label: str = ""
    value: str = ""
    reason: str = ""
    known: KnownPatent | None = None
    earlier: int = 0
    kept: list[str] = field(default_factory=list)
    contested: KnownPatent | None = None
    rival: Statement | None = None
    differs: list[str] = field(default_factory=list)


class Claims:
    """The patents that the rows of a file spoke of, eight bytes a patent: a million rows need no more than memory allows.

    `contests` holds the patents of which rows of the file were not stored, by id.
    """

    def __init__(self) -> None:
        self._rows = array("L")
        self.contests: dict[int, Contest] = {}

    def get(self, patent_id: int) -> int:
        """The first row that was stored into the patent, 0 for none."""
        return self._rows[patent_id] if patent_id < len(self._rows) else 0

    def set(self, patent_id: int, row: int) -> None:
        """Note that a row was stored into the patent."""
        if patent_id >= len(self._rows):
            self._rows.extend([0] * (patent_id + 1 - len(self._rows)))
        self._rows[patent_id] = row

    def names(self, patent_id: int) -> bool:
        """Whether a row of the file named the patent."""
        return bool(self.get(patent_id)) or patent_id in self.contests

    def contradicted(self) -> list[int]:
        """The patents under whose numbers rows of the file contradict each other."""
        return [id_ for id_, contest in self.contests.items() if contest.pair]


def upsert(
    session: Session, records: Sequence[PatentCreate], *, import_id: int | None = None, is_demo: bool = False
) -> UpsertCounts:
    """Upserts register records of these patents; returns how many were new, changed, unchanged.

    They are applied in order, the last one wins. Raises Conflict.
    """
    counts = UpsertCounts()
    batch = Batch(session, records, import_id, is_demo)
    for record in records:
        outcome = batch.take(record, 0)
        if outcome.status in ("refused", "waiting"):
            raise Conflict(outcome.reason or f"{outcome.label} {outcome.value} 已登记为{outcome.rival}")
        setattr(counts, outcome.status, getattr(counts, outcome.status) + 1)
    batch.flush()
    return counts


def meant(session: Session, records: Sequence[PatentCreate]) -> list[int]:
    """The ids of the stored patents that the records refer to, 0 for a new one."""
    patents = KnownPatents(session, records)
    found = [patents.find(record, patents.owners(record)) for record in records]
    return [known.id if known else 0 for known in found]


class Batch:
    """Records being matched to the patents that they refer to."""

    def __init__(
        self,
        session: Session,
        records: Sequence[PatentCreate],
        import_id: int | None = None,
        is_demo: bool = False,
        claims: Claims | None = None,
    ) -> None:
        self.session, self.claims = session, claims
        self.writing = Writing(session, import_id, is_demo, now())
        self.fresh: list[KnownPatent] = []
        self.known = KnownPatents(session, records)
        for id_, known in self.known.by_id.items():
            if claims:
                known.row, known.contest = claims.get(id_), claims.contests.get(id_)
        self.holder_ids = holders.ensure(
            session,
            (ref for record in records for ref in record.holders),
            is_demo=is_demo,
            import_id=import_id,
        )

    def take(self, record: PatentCreate, row: int) -> Outcome:
        """Apply one record to the batch; without `claims` it is no row of a file."""
        owners = self.known.owners(record)
        known = self.known.find(record, owners)
        ids = self._ids(record)
        if taken := self._taken(record, known, owners, row):
            return taken
        if known is None:
            known = new(record, self.known.key(record), ids)
            self.known.remember(known)
            self.fresh.append(known)
            return self._stored("new", record, known, row)
        if contradiction := self._contradiction(record, known, ids, row):
            return contradiction
        earlier, known.dirty = known.dirty, set()
        kept = merge(known, record, ids)
        status: Literal["changed", "unchanged"] = "changed" if known.dirty else "unchanged"
        known.dirty |= earlier
        return self._stored(status, record, known, row, kept)

    def replace(self, record: PatentCreate) -> Outcome:
        """Apply one record, which takes the place of a patent that it contradicts: nothing of that one stays but its id."""
        outcome = self.take(record, 0)
        if outcome.contested is None:
            return outcome
        known, other = outcome.contested, new(record, self.known.key(record), self._ids(record))
        known.values, known.fingerprint, known.dirty = other.values, other.fingerprint, other.dirty
        known.publications, known.bodies = other.publications, other.bodies
        known.holder_ids, known.classes = other.holder_ids, other.classes
        return Outcome("changed", known=known)

    def _ids(self, record: PatentCreate) -> list[int]:
        return list(dict.fromkeys([self.holder_ids[name_key(ref.name)] for ref in record.holders]))

    def _stored(
        self,
        status: Literal["new", "changed", "unchanged"],
        record: PatentCreate,
        known: KnownPatent,
        row: int,
        kept: Sequence[str] = (),
    ) -> Outcome:
        self.known.index(known, record)
        earlier = known.row
        known.row = earlier or (row if self.claims is not None else 0)
        return Outcome(status, known=known, earlier=earlier, kept=list(kept))

    def _taken(
        self, record: PatentCreate, known: KnownPatent | None, owners: list[KnownPatent], row: int
    ) -> Outcome | None:
        """Whether a publication of the record already belongs to another patent, perhaps by a row of the same file."""
        for owner in owners:
            other = owner.values["application_number"]
            if owner is known and (
                not record.application_number or other in (None, record.application_number)
            ):
                continue
            here, stated = self._here(record, row), self._statement(owner)
            if owner.row and (differs := here.differs(stated)) >= IDENTITY:
                return self._contested(record, owner, here, stated, differs)
            numbers = "、".join(p.number for p in record.publications)
            whose = f"申请号 {other}" if other else f"另一件缺申请号的专利“{owner.values['title']}”"
            reason = f"{PUBLICATION} {numbers} 已登记在{whose}名下，与本行不是同一件专利，请核对号码"
            return Outcome("refused", PUBLICATION, numbers, reason)
        return None

    def _contradiction(
        self, record: PatentCreate, known: KnownPatent, ids: Sequence[int], row: int
    ) -> Outcome | None:
        """The outcome of a record that contradicts the patent under its number, or a row of the file there."""
        contest = known.contest
        if contest is None and agrees(known, record, ids):
            return None
        here, stored = self._here(record, row), self._statement(known)
        differs = here.differs(stored)
        is_other = differs >= IDENTITY
        if filed_otherwise(known, record):
            differs.add("filing_date")
        rival = contest.rival(here) if contest else None
        if rival:
            differs = here.differs(rival)
        elif known.row and (is_other or (differs and same_day(known, record))):
            rival = stored
        elif not is_other:
            return None
        return self._contested(record, known, here, rival or stored, differs)

    def _contested(
        self,
        record: PatentCreate,
        known: KnownPatent,
        here: Statement,
        rival: Statement,
        differs: set[str],
    ) -> Outcome:
        """The outcome of a record that contradicts another row of the file, or only the stored patent (row 0)."""
        label, number = number_of(record, known)
        labels = [LABELS[name] for name in LABELS if name in differs]
        known.contest = contest = known.contest or Contest(label, number)
        if not rival.row:
            contest.waiting.append(here)
        elif contest.pair is None:
            contest.pair, contest.differs = (rival, here), labels
        status: Literal["refused", "waiting"] = "refused" if rival.row else "waiting"
        return Outcome(status, label, number, contested=known, rival=rival, differs=labels)

    def _here(self, record: PatentCreate, row: int) -> Statement:
        return Statement(row, subject_of(record), frozenset(self._ids(record)))

    def _statement(self, known: KnownPatent) -> Statement:
        names = holders.names_of(self.session, known.holder_ids)
        subject = Subject(known.values["title"], tuple(names[id_] for id_ in known.holder_ids))
        return Statement(known.row, subject, frozenset(known.holder_ids))

    def flush(self) -> None:
        """Write what the batch changed."""
        known = self.known.by_id.values()
        self.writing.store(self.fresh, [some for some in known if some.dirty])
        if self.claims is not None:
            for some in (*self.fresh, *known):
                if some.row:
                    self.claims.set(some.id, some.row)
                if some.contest:
                    self.claims.contests[some.id] = some.contest


def subject_of(record: PatentCreate) -> Subject:
    """Title and holders as a record states them."""
    return Subject(record.title, tuple(holder.name for holder in record.holders))


def number_of(record: PatentCreate, known: KnownPatent) -> tuple[str, str]:
    """The label and the number by which a record names a patent."""
    number = record.application_number
    if number and number == known.values["application_number"]:
        return APPLICATION, number
    shared = (p.number for p in record.publications if p.body in known.bodies)
    return PUBLICATION, next(shared, number or record.title)
