"""Upserts of patents in batches: which known patent a record speaks of, and what it changes.

A record is matched, in this order, by application number, by the body of a publication number (A and B publications
of one application share it) and, for want of either on one of the sides, by the fingerprint of title and first applicant.
A draft that a numbered record turns out to be receives the number. Empty values erase nothing. A record that cannot be
told apart, or claims a publication of another patent, is a conflict: nothing of it is stored.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import delete, select, update
from sqlmodel import Session, col

from catalog import holders, patent_images
from catalog.base import ClassRef, UpsertCounts, chunks, fold, now, table_of
from catalog.errors import Conflict
from catalog.import_changes import Change, RecordKind, note
from catalog.patent_merge import (
    FIELDS,
    LABELS,
    Known,
    contradiction,
    key_of,
    may_be_same,
    merge,
    said_on,
    similarity,
)
from catalog.patents import Patent, PatentClass, PatentCreate, PatentHolder, Publication

__all__ = ["Claims", "Outcome", "apply", "key_of", "replace_classes", "upsert"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a record; for a conflict the Chinese name of the field, its value and the reason.

    `known` is the patent that the record speaks of, `repeats` whether an earlier row of the file spoke of it.
    """

    status: Literal["new", "changed", "unchanged", "conflict"]
    label: str = ""
    value: str = ""
    reason: str = ""
    notes: list[str] = field(default_factory=list)
    known: Known | None = None
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
    """Store what a register says of these patents; answers how many were new, changed, unchanged. Raises Conflict."""
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
    """Store what the rows of a file say; one outcome a record.

    `lines` are their rows in the file and `claims` what earlier batches of the file spoke of; without them the
    records are taken as they come and the last one wins.
    """
    batch = _Batch(session, records, import_id, is_demo, claims)
    outcomes = [
        batch.take(record, line) for record, line in zip(records, lines or [0] * len(records), strict=True)
    ]
    batch.flush()
    return outcomes


class _Batch:
    """The known patents that the records of one batch may speak of."""

    def __init__(
        self,
        session: Session,
        records: Sequence[PatentCreate],
        import_id: int | None,
        is_demo: bool,
        claims: Claims | None,
    ) -> None:
        self.session, self.import_id, self.is_demo, self.claims = session, import_id, is_demo, claims
        self.by_number: dict[str, Known] = {}
        self.by_body: dict[str, Known] = {}
        self.by_fingerprint: dict[str, list[Known]] = {}
        self.fresh: list[Known] = []
        self.known: dict[int, Known] = {}
        self.moment = now()
        self.keys = {id(record): key_of(record) for record in records}
        self.holder_ids = holders.ensure(
            session,
            (ref for record in records for ref in record.holders),
            is_demo=is_demo,
            import_id=import_id,
        )
        self._load(records)

    def _load(self, records: Sequence[PatentCreate]) -> None:
        ids: set[int] = set()
        for column, values in (
            (col(Patent.application_number), [r.application_number for r in records if r.application_number]),
            (col(Patent.fingerprint), self.keys.values()),
        ):
            ids |= self._ids(select(col(Patent.id)), column, values)
        bodies = [p.body for r in records for p in r.publications]
        ids |= self._ids(select(col(Publication.patent_id)), col(Publication.body), bodies)
        for chunk in chunks(sorted(ids)):
            self._load_values(chunk)
            self._load_links(chunk)

    def _ids(self, query: Any, column: Any, values: Iterable[str]) -> set[int]:
        found: set[int] = set()
        for chunk in chunks(sorted(set(values))):
            found.update(self.session.execute(query.where(column.in_(chunk))).scalars())
        return found

    def _load_values(self, ids: list[int]) -> None:
        table = table_of(Patent)
        columns = [table.c.id, table.c.fingerprint, *(table.c[name] for name in FIELDS)]
        query = select(*columns).where(table.c.id.in_(ids)).order_by(table.c.id)
        for row in self.session.execute(query).mappings():
            known = Known(row["id"], {name: row[name] for name in FIELDS}, row["fingerprint"])
            known.line = self.claims.get(known.id) if self.claims else 0
            self.known[known.id] = known
            self._remember(known)

    def _load_links(self, ids: list[int]) -> None:
        rows: Any = self.session.execute(
            select(
                col(Publication.patent_id),
                col(Publication.number),
                col(Publication.body),
                col(Publication.published_on),
            ).where(col(Publication.patent_id).in_(ids))
        )
        for patent_id, number, body, published_on in rows:
            known = self.known[patent_id]
            known.publications[number] = published_on
            known.bodies.add(body)
            self.by_body[body] = known
        rows = self.session.execute(
            select(col(PatentHolder.patent_id), col(PatentHolder.holder_id))
            .where(col(PatentHolder.patent_id).in_(ids))
            .order_by(col(PatentHolder.position))
        )
        for patent_id, holder_id in rows:
            self.known[patent_id].holder_ids.append(holder_id)
        rows = self.session.execute(
            select(
                col(PatentClass.patent_id),
                col(PatentClass.scheme),
                col(PatentClass.code),
                col(PatentClass.weight),
                col(PatentClass.basis),
            )
            .where(col(PatentClass.patent_id).in_(ids))
            .order_by(col(PatentClass.position))
        )
        for patent_id, scheme, code, weight, basis in rows:
            self.known[patent_id].classes.setdefault(scheme, []).append((code, weight, basis))

    def _remember(self, known: Known) -> None:
        number = known.values["application_number"]
        if number:
            self.by_number[number] = known
        self.by_fingerprint.setdefault(known.fingerprint, []).append(known)

    def _owners(self, record: PatentCreate) -> list[Known]:
        """The patents that already have a publication of the record."""
        found = [self.by_body[p.body] for p in record.publications if p.body in self.by_body]
        return list({id(known): known for known in found}.values())

    def _find(self, record: PatentCreate, owners: list[Known]) -> Known | None:
        number = record.application_number
        if number and number in self.by_number:
            return self.by_number[number]
        if owners:
            return owners[0]
        candidates = [
            known
            for known in self.by_fingerprint.get(self.keys[id(record)], [])
            if may_be_same(known, record) and not (number and known.values["application_number"])
        ]
        # Of several drafts of one title the one with the same text; else the first stored.
        return max(
            candidates, key=lambda k: similarity(k.values["abstract"] or "", record.abstract), default=None
        )

    def take(self, record: PatentCreate, line: int) -> Outcome:
        """Apply one record to the batch."""
        owners = self._owners(record)
        known = self._find(record, owners)
        if conflict := self._conflict(record, known, owners):
            return conflict
        ids = list(dict.fromkeys(self.holder_ids[fold(ref.name)] for ref in record.holders))
        status: Literal["new", "changed", "unchanged"] = "new"
        notes: list[str] = []
        if known is None:
            known = Known(0, dict.fromkeys(FIELDS), self.keys[id(record)])
            merge(known, record, ids)
            self._remember(known)
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
        self._index(known, record)
        repeats = known.line > 0
        known.line = known.line or (line if self.claims is not None else 0)
        return Outcome(status, notes=notes, known=known, repeats=repeats)

    def _index(self, known: Known, record: PatentCreate) -> None:
        if record.application_number:
            self.by_number[record.application_number] = known
        for publication in record.publications:
            self.by_body[publication.body] = known

    def _conflict(self, record: PatentCreate, known: Known | None, owners: list[Known]) -> Outcome | None:
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
        if self.fresh:
            self._insert()
        stale = [known for known in self.known.values() if known.dirty]
        self._note(stale)
        for known in stale:
            self._update(known)
        touched = [*self.fresh, *stale]
        self._write_publications(touched)
        self._write_links(touched)
        if self.claims is not None:
            for known in (*self.fresh, *self.known.values()):
                if known.line:
                    self.claims.set(known.id, known.line)

    def _note(self, stale: list[Known]) -> None:
        """Keep what the import is about to replace, so that it can be undone."""
        if self.import_id is None:
            return
        images = patent_images.before(self.session, stale)
        changes = [Change(known.id, None, self.moment) for known in self.fresh]
        changes += [Change(known.id, images[known.id], self.moment) for known in stale]
        note(self.session, self.import_id, RecordKind.PATENT, changes)

    def _stamp(self, known: Known) -> dict[str, Any]:
        values = dict(known.values)
        for name in ("abstract", "first_claim"):
            values[name] = values[name] or ""
        values["inventors"] = values["inventors"] or []
        return values | {"updated_at": self.moment}

    def _insert(self) -> None:
        """Insert the new patents and learn their ids, all at once but for those of one fingerprint."""
        common = {"import_id": self.import_id, "is_demo": self.is_demo, "created_at": self.moment}
        table = table_of(Patent)
        statement = table.insert().returning(table.c.id, table.c.fingerprint, table.c.application_number)
        groups: dict[tuple[str, str | None], list[Known]] = {}
        for known in self.fresh:
            groups.setdefault((known.fingerprint, known.values["application_number"]), []).append(known)
        # The rows of RETURNING come in no certain order: only what is alone under its key can be told by it.
        alone = [known for group in groups.values() if len(group) == 1 for known in group]
        twins = [[known] for group in groups.values() if len(group) > 1 for known in group]
        for batch in ([alone] if alone else []) + twins:
            values = [self._stamp(known) | common | {"fingerprint": known.fingerprint} for known in batch]
            ids = {(key, number): id_ for id_, key, number in self.session.execute(statement, values)}
            for known in batch:
                known.id = ids[known.fingerprint, known.values["application_number"]]

    def _update(self, known: Known) -> None:
        statement = update(Patent).where(col(Patent.id) == known.id).values(**self._stamp(known))
        self.session.execute(statement, execution_options={"synchronize_session": False})

    def _write_publications(self, touched: list[Known]) -> None:
        touched = [known for known in touched if "publications" in known.dirty]
        for chunk in chunks([known.id for known in touched]):
            self.session.execute(delete(Publication).where(col(Publication.patent_id).in_(chunk)))
        body_of = {number: _body(number, known.bodies) for known in touched for number in known.publications}
        rows = [
            {"number": number, "body": body_of[number], "patent_id": known.id, "published_on": on}
            for known in touched
            for number, on in known.publications.items()
        ]
        if rows:
            self.session.execute(table_of(Publication).insert(), rows)

    def _write_links(self, touched: list[Known]) -> None:
        for part, table in (("holders", PatentHolder), ("classes", PatentClass)):
            ids = [known.id for known in touched if part in known.dirty]
            for chunk in chunks(ids):
                self.session.execute(delete(table).where(col(table.patent_id).in_(chunk)))
        holder_rows = [
            {"patent_id": known.id, "position": position, "holder_id": holder_id}
            for known in touched
            if "holders" in known.dirty
            for position, holder_id in enumerate(known.holder_ids)
        ]
        if holder_rows:
            self.session.execute(table_of(PatentHolder).insert(), holder_rows)
        class_rows = [
            {
                "patent_id": known.id,
                "scheme": scheme,
                "code": code,
                "position": position,
                "weight": weight,
                "basis": basis,
            }
            for known in touched
            if "classes" in known.dirty
            for scheme, rows in known.classes.items()
            for position, (code, weight, basis) in enumerate(rows)
        ]
        if class_rows:
            self.session.execute(table_of(PatentClass).insert(), class_rows)


def _same_day(known: Known, record: PatentCreate) -> bool:
    """Whether neither of the two is known to be the newer publication."""
    newest, said = known.said_on, said_on(record)
    return newest is None or said is None or newest == said


def _contradicted(known: Known, record: PatentCreate, name: str) -> Outcome:
    value = record.holders[0].name if name == "holders" else str(getattr(record, name))
    shared = record.application_number or "、".join(p.number for p in record.publications) or record.title
    reason = f"与第 {known.line} 行是同一件专利（{shared}），但{LABELS[name]}不同，请核对哪一行正确"
    return Outcome("conflict", LABELS[name], value, reason)


def replace_classes(session: Session, patent_id: int, scheme: str, classes: Sequence[ClassRef]) -> None:
    """Replace the classes of a patent under one scheme."""
    session.execute(
        delete(PatentClass).where(col(PatentClass.patent_id) == patent_id, col(PatentClass.scheme) == scheme)
    )
    session.add_all(
        PatentClass(patent_id=patent_id, position=position, **ref.model_dump())
        for position, ref in enumerate(classes)
    )
    session.flush()


def _body(number: str, bodies: set[str]) -> str:
    return max((body for body in bodies if number.startswith(body)), key=len, default=number)
