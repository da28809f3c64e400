"""Upserts of patents in batches: which known patent a record speaks of, and what it changes.

A record is matched, in this order, by application number, by the body of a publication number (A and B publications
of one application share it) and, for want of either on one of the sides, by the fingerprint of title and first applicant.
A draft that a numbered record turns out to be receives the number. Empty values erase nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlmodel import Session, SQLModel, col

from catalog import holders
from catalog.base import ClassRef, UpsertCounts, fold, now
from catalog.patents import (
    Patent,
    PatentBase,
    PatentClass,
    PatentCreate,
    PatentHolder,
    Publication,
    fingerprint,
)

CHUNK = 500
FIELDS = tuple(PatentBase.model_fields)


@dataclass
class _Known:
    """A patent as the batch knows it so far."""

    id: int
    values: dict[str, Any]
    fingerprint: str
    bodies: set[str] = field(default_factory=set)
    publications: dict[str, Any] = field(default_factory=dict)
    holder_ids: list[int] = field(default_factory=list)
    classes: dict[str, list[tuple[str, float, str]]] = field(default_factory=dict)
    dirty: set[str] = field(default_factory=set)


def key_of(record: PatentCreate) -> str:
    """The fingerprint of a record."""
    return fingerprint(record.title, record.holders[0].name if record.holders else "")


def upsert(
    session: Session, records: Sequence[PatentCreate], *, import_id: int | None = None, is_demo: bool = False
) -> UpsertCounts:
    """Store what a register says of these patents; answers how many were new, changed, unchanged."""
    batch = _Batch(session, records, import_id, is_demo)
    counts = UpsertCounts()
    for record in records:
        outcome = batch.take(record)
        setattr(counts, outcome, getattr(counts, outcome) + 1)
    batch.flush()
    return counts


class _Batch:
    """The known patents that the records of one batch may speak of."""

    def __init__(
        self, session: Session, records: Sequence[PatentCreate], import_id: int | None, is_demo: bool
    ) -> None:
        self.session, self.import_id, self.is_demo = session, import_id, is_demo
        self.by_number: dict[str, _Known] = {}
        self.by_body: dict[str, _Known] = {}
        self.by_fingerprint: dict[str, list[_Known]] = {}
        self.fresh: list[_Known] = []
        self.known: dict[int, _Known] = {}
        self.holder_ids = holders.ensure(
            session, (ref for record in records for ref in record.holders), is_demo=is_demo
        )
        self._load(records)

    def _load(self, records: Sequence[PatentCreate]) -> None:
        ids: set[int] = set()
        for column, values in (
            (col(Patent.application_number), [r.application_number for r in records if r.application_number]),
            (col(Patent.fingerprint), [key_of(r) for r in records]),
        ):
            ids |= self._ids(select(col(Patent.id)), column, values)
        bodies = [p.body for r in records for p in r.publications]
        ids |= self._ids(select(col(Publication.patent_id)), col(Publication.body), bodies)
        for chunk in _chunks(sorted(ids)):
            self._load_chunk(chunk)

    def _ids(self, query: Any, column: Any, values: Iterable[str]) -> set[int]:
        found: set[int] = set()
        for chunk in _chunks(sorted(set(values))):
            found.update(self.session.execute(query.where(column.in_(chunk))).scalars())
        return found

    def _load_chunk(self, ids: list[int]) -> None:
        table = SQLModel.metadata.tables["patents"]
        columns = [table.c.id, table.c.fingerprint, *(table.c[name] for name in FIELDS)]
        for row in self.session.execute(
            select(*columns).where(table.c.id.in_(ids)).order_by(table.c.id)
        ).mappings():
            known = _Known(row["id"], {name: row[name] for name in FIELDS}, row["fingerprint"])
            self.known[known.id] = known
            self._remember(known)
        rows: Any = self.session.execute(
            select(
                col(Publication.patent_id),
                col(Publication.number),
                col(Publication.body),
                col(Publication.published_on),
            ).where(col(Publication.patent_id).in_(ids))
        )
        for patent_id, number, body, published_on in rows:
            self.known[patent_id].publications[number] = published_on
            self._remember_body(self.known[patent_id], body)
        rows = self.session.execute(
            select(col(PatentHolder.patent_id), col(PatentHolder.holder_id))
            .where(col(PatentHolder.patent_id).in_(ids))
            .order_by(col(PatentHolder.position))
        )
        for patent_id, holder_id in rows:
            self.known[patent_id].holder_ids.append(holder_id)
        rows = self.session.execute(
            select(PatentClass).where(col(PatentClass.patent_id).in_(ids)).order_by(col(PatentClass.position))
        ).scalars()
        for row in rows:
            schemes = self.known[row.patent_id].classes
            schemes.setdefault(row.scheme, []).append((row.code, row.weight, row.basis))

    def _remember(self, known: _Known) -> None:
        number = known.values["application_number"]
        if number:
            self.by_number[number] = known
        self.by_fingerprint.setdefault(known.fingerprint, []).append(known)

    def _remember_body(self, known: _Known, body: str) -> None:
        known.bodies.add(body)
        self.by_body[body] = known

    def _find(self, record: PatentCreate) -> _Known | None:
        number = record.application_number
        if number and number in self.by_number:
            return self.by_number[number]
        bodies = {p.body for p in record.publications}
        candidates = [self.by_body[body] for body in sorted(bodies) if body in self.by_body]
        # Same title and first applicant is not enough where both sides have publications that differ.
        candidates += [
            known
            for known in self.by_fingerprint.get(key_of(record), [])
            if not (bodies and known.bodies and not bodies & known.bodies)
        ]
        if number:
            candidates = [known for known in candidates if known.values["application_number"] is None]
        return candidates[0] if candidates else None

    def take(self, record: PatentCreate) -> str:
        """Apply one record to the batch: "new", "changed" or "unchanged"."""
        known = self._find(record)
        if known is None:
            known = _Known(0, dict.fromkeys(FIELDS), key_of(record))
            self._merge(known, record)
            self._remember(known)
            self.fresh.append(known)
            return "new"
        earlier, known.dirty = known.dirty, set()
        self._merge(known, record)
        changed = bool(known.dirty)
        known.dirty |= earlier
        if record.application_number:
            self.by_number[record.application_number] = known
        return "changed" if changed else "unchanged"

    def _merge(self, known: _Known, record: PatentCreate) -> None:
        for name in FIELDS:
            value = getattr(record, name)
            if value in (None, "", []) or known.values[name] == value:
                continue
            known.values[name] = value
            known.dirty.add("values")
        for publication in record.publications:
            stored = known.publications.get(publication.number, ...)
            if stored is ... or (publication.published_on and stored != publication.published_on):
                known.publications[publication.number] = publication.published_on
                self._remember_body(known, publication.body)
                known.dirty.add("publications")
        ids = list(dict.fromkeys(self.holder_ids[fold(ref.name)] for ref in record.holders))
        if ids and ids != known.holder_ids:
            known.holder_ids = ids
            known.dirty.add("holders")
        for scheme, rows in _by_scheme(record.classes).items():
            if rows != known.classes.get(scheme):
                known.classes[scheme] = rows
                known.dirty.add("classes")

    def flush(self) -> None:
        """Write what the batch changed."""
        if self.fresh:
            self._insert()
        stale = [known for known in self.known.values() if known.dirty]
        for known in stale:
            self._update(known)
        touched = [*self.fresh, *stale]
        self._write_publications(touched)
        self._write_links(touched)

    def _stamp(self, known: _Known) -> dict[str, Any]:
        values = dict(known.values)
        for name in ("abstract", "first_claim"):
            values[name] = values[name] or ""
        values["inventors"] = values["inventors"] or []
        return values | {"updated_at": now()}

    def _insert(self) -> None:
        common = {"import_id": self.import_id, "is_demo": self.is_demo, "created_at": now()}
        values = [self._stamp(known) | common | {"fingerprint": known.fingerprint} for known in self.fresh]
        statement = insert(Patent).returning(col(Patent.id), sort_by_parameter_order=True)
        for known, id_ in zip(self.fresh, self.session.execute(statement, values).scalars(), strict=True):
            known.id = id_ or 0

    def _update(self, known: _Known) -> None:
        statement = update(Patent).where(col(Patent.id) == known.id).values(**self._stamp(known))
        self.session.execute(statement, execution_options={"synchronize_session": False})

    def _write_publications(self, touched: list[_Known]) -> None:
        touched = [known for known in touched if "publications" in known.dirty]
        for chunk in _chunks([known.id for known in touched]):
            self.session.execute(delete(Publication).where(col(Publication.patent_id).in_(chunk)))
        body_of = {number: _body(number, known.bodies) for known in touched for number in known.publications}
        rows = [
            {"number": number, "body": body_of[number], "patent_id": known.id, "published_on": on}
            for known in touched
            for number, on in known.publications.items()
        ]
        if rows:
            self.session.execute(insert(Publication), rows)

    def _write_links(self, touched: list[_Known]) -> None:
        for part, table in (("holders", PatentHolder), ("classes", PatentClass)):
            ids = [known.id for known in touched if part in known.dirty]
            for chunk in _chunks(ids):
                self.session.execute(delete(table).where(col(table.patent_id).in_(chunk)))
        holder_rows = [
            {"patent_id": known.id, "position": position, "holder_id": holder_id}
            for known in touched
            if "holders" in known.dirty
            for position, holder_id in enumerate(known.holder_ids)
        ]
        if holder_rows:
            self.session.execute(insert(PatentHolder), holder_rows)
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
            self.session.execute(insert(PatentClass), class_rows)


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


def _by_scheme(classes: Iterable[ClassRef]) -> dict[str, list[tuple[str, float, str]]]:
    schemes: dict[str, list[tuple[str, float, str]]] = {}
    for ref in classes:
        rows = schemes.setdefault(ref.scheme, [])
        if all(code != ref.code for code, _, _ in rows):
            rows.append((ref.code, ref.weight, ref.basis))
    return schemes


def _chunks(values: Sequence[Any]) -> Iterable[list[Any]]:
    return (list(values[start : start + CHUNK]) for start in range(0, len(values), CHUNK))
