"""Upserts of patents in batches: which known patent a record refers to, and what it changes.

A record is matched, in this order, by application number, by the body of a publication number (A and B publications
of one application share it) and, for want of either on one of the sides, by the fingerprint of title and first applicant.
A draft that matches a numbered record receives the number. Empty values overwrite nothing. A record that is
ambiguous, or claims a publication of another patent, is a conflict: nothing of it is stored.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from sqlmodel import Session

from catalog.kit.base import UpsertCounts, now
from catalog.kit.errors import Conflict
from catalog.registers.known import KnownPatents
from catalog.registers.meaning import LABELS, KnownPatent, contradiction, merge, new, said_on
from catalog.registers.writing import Writing
from catalog.supply import holders
from catalog.supply.holders import name_key
from catalog.supply.patents import PatentCreate

__all__ = ["Batch", "Claims", "Outcome", "apply", "upsert"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a record; for a conflict the Chinese name of the field, its value and the reason.

    `known` is the patent that the record refers to, `repeats` whether an earlier row of the file referred to it.
    """

    status: Literal["new", "changed", "unchanged", "conflict"]
    label: str = ""
    value: str = ""
    reason: str = ""
    notes: list[str] = field(default_factory=list)
    known: KnownPatent | None = None
    repeats: bool = False


class Claims:
    """Which row of a file spoke of which patent, four bytes a patent: a million rows need no more than memory allows."""

    def __init__(self) -> None:
        self._lines = array("L")

    def get(self, patent_id: int) -> int:
        """The row that spoke of the patent, 0 for none."""
        return self._lines[patent_id] if patent_id < len(self._lines) else 0

    def set(self, patent_id: int, line: int) -> None:
        """Note that a row spoke of the patent."""
        if patent_id >= len(self._lines):
            self._lines.extend([0] * (patent_id + 1 - len(self._lines)))
        self._lines[patent_id] = line


def upsert(
    session: Session, records: Sequence[PatentCreate], *, import_id: int | None = None, is_demo: bool = False
) -> UpsertCounts:
    """Upserts register records of these patents; returns how many were new, changed, unchanged. Raises Conflict."""
    counts = UpsertCounts()
    for outcome in apply(session, records, import_id=import_id, is_demo=is_demo):
        if outcome.status == "conflict":
            raise Conflict(outcome.reason)
        setattr(counts, outcome.status, getattr(counts, outcome.status) + 1)
    return counts


def apply(
    session: Session,
    records: Sequence[PatentCreate],
    *,
    import_id: int | None = None,
    is_demo: bool = False,
    lines: Sequence[int] | None = None,
    claims: Claims | None = None,
) -> list[Outcome]:
    """Upserts the rows of a file; returns one outcome per record.

    `lines` are their rows in the file and `claims` the patents of earlier batches of the file; without them the records
    are applied in order and the last one wins.
    """
    batch = Batch(session, records, import_id, is_demo, claims)
    outcomes = [
        batch.take(record, line) for record, line in zip(records, lines or [0] * len(records), strict=True)
    ]
    batch.flush()
    return outcomes


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
            known.line = claims.get(id_) if claims else 0
        self.holder_ids = holders.ensure(
            session,
            (ref for record in records for ref in record.holders),
            is_demo=is_demo,
            import_id=import_id,
        )

    def take(self, record: PatentCreate, line: int) -> Outcome:
        """Apply one record to the batch."""
        owners = self.known.owners(record)
        known = self.known.find(record, owners)
        if conflict := self._conflict(record, known, owners):
            return conflict
        ids = list(dict.fromkeys([self.holder_ids[name_key(ref.name)] for ref in record.holders]))
        status: Literal["new", "changed", "unchanged"] = "new"
        notes: list[str] = []
        if known is None:
            known = new(record, self.known.key(record), ids)
            self.known.remember(known)
            self.fresh.append(known)
        else:
            if known.line and _same_day(known, record) and (name := contradiction(known, record, ids)):
                return _contradicted(known, record, name)
            earlier, known.dirty = known.dirty, set()
            kept, before = merge(known, record, ids), known.line
            status = "changed" if known.dirty else "unchanged"
            known.dirty |= earlier
            if kept and before:
                notes.append(f"与第 {before} 行是同一件专利，{'、'.join(kept)}不同，保留第 {before} 行的内容")
        self.known.index(known, record)
        repeats = known.line > 0
        known.line = known.line or (line if self.claims is not None else 0)
        return Outcome(status, notes=notes, known=known, repeats=repeats)

    def _conflict(
        self, record: PatentCreate, known: KnownPatent | None, owners: list[KnownPatent]
    ) -> Outcome | None:
        """Whether a publication of the record already belongs to another patent."""
        for owner in owners:
            other = owner.values["application_number"]
            if owner is known and (
                not record.application_number or other in (None, record.application_number)
            ):
                continue
            numbers = "、".join(p.number for p in record.publications)
            whose = f"申请号 {other}" if other else f"另一件缺申请号的专利“{owner.values['title']}”"
            reason = f"公开（公告）号 {numbers} 已登记在{whose}名下，与本行不是同一件专利，请核对号码"
            return Outcome("conflict", "公开（公告）号", numbers, reason)
        return None

    def flush(self) -> None:
        """Write what the batch changed."""
        known = self.known.by_id.values()
        self.writing.store(self.fresh, [some for some in known if some.dirty])
        if self.claims is not None:
            for some in (*self.fresh, *known):
                if some.line:
                    self.claims.set(some.id, some.line)


def _same_day(known: KnownPatent, record: PatentCreate) -> bool:
    """Whether neither of the two is known to be the newer publication."""
    newest, said = known.said_on, said_on(record)
    return newest is None or said is None or newest == said


def _contradicted(known: KnownPatent, record: PatentCreate, name: str) -> Outcome:
    value = record.holders[0].name if name == "holders" else str(getattr(record, name))
    shared = record.application_number or "、".join(p.number for p in record.publications) or record.title
    reason = f"与第 {known.line} 行是同一件专利（{shared}），但{LABELS[name]}不同，请核对哪一行正确"
    return Outcome("conflict", LABELS[name], value, reason)
