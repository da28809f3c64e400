"""The patents that the records of one batch may refer to, loaded at once and found by number, publication and title."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import Column, select
from sqlmodel import Session

from catalog.kit.base import chunks, table_of
from catalog.kit.bulk import rows_in
from catalog.registers.meaning import FIELDS, KnownPatent, may_be_same, similarity
from catalog.supply.patents import Patent, PatentClass, PatentCreate, PatentHolder, Publication, key_of


class KnownPatents:
    """The stored patents that a batch may refer to; new ones are added as they are created."""

    def __init__(self, session: Session, records: Sequence[PatentCreate]) -> None:
        self.session = session
        self.by_id: dict[int, KnownPatent] = {}
        self._by_number: dict[str, KnownPatent] = {}
        self._by_body: dict[str, KnownPatent] = {}
        self._by_fingerprint: dict[str, list[KnownPatent]] = {}
        self._keys = {id(record): key_of(record) for record in records}
        self._load(records)

    def key(self, record: PatentCreate) -> str:
        """The fingerprint of a record of the batch."""
        return self._keys[id(record)]

    def owners(self, record: PatentCreate) -> list[KnownPatent]:
        """The patents that already have a publication of the record."""
        found = [self._by_body[p.body] for p in record.publications if p.body in self._by_body]
        return list({id(known): known for known in found}.values())

    def find(self, record: PatentCreate, owners: list[KnownPatent]) -> KnownPatent | None:
        """The patent that the record refers to."""
        number = record.application_number
        if number and number in self._by_number:
            return self._by_number[number]
        if owners:
            return owners[0]
        candidates = [
            known
            for known in self._by_fingerprint.get(self.key(record), [])
            if may_be_same(known, record) and not (number and known.values["application_number"])
        ]
        # Of several drafts of one title the one with the same text; else the first stored.
        return max(
            candidates, key=lambda k: similarity(k.values["abstract"] or "", record.abstract), default=None
        )

    def remember(self, known: KnownPatent) -> None:
        """Adds a patent under its number and fingerprint."""
        number = known.values["application_number"]
        if number:
            self._by_number[number] = known
        self._by_fingerprint.setdefault(known.fingerprint, []).append(known)

    def index(self, known: KnownPatent, record: PatentCreate) -> None:
        """Adds the identifiers in a record to those of the patent."""
        if record.application_number:
            self._by_number[record.application_number] = known
        for publication in record.publications:
            self._by_body[publication.body] = known

    def _load(self, records: Sequence[PatentCreate]) -> None:
        numbers = [r.application_number for r in records if r.application_number]
        patents, publications = table_of(Patent).c, table_of(Publication).c
        found = self._pairs(patents.application_number, patents.id, numbers)
        bodies = (p.body for r in records for p in r.publications)
        owned = self._pairs(publications.body, publications.patent_id, bodies)
        # Only records without a number are matched by title.
        rest = [
            self.key(r)
            for r in records
            if r.application_number not in found and not any(p.body in owned for p in r.publications)
        ]
        alike = self._pairs(patents.fingerprint, patents.id, rest)
        ids = {id_ for pairs in (found, owned, alike) for some in pairs.values() for id_ in some}
        for chunk in chunks(sorted(ids)):
            self._load_values(chunk)
            self._load_links(chunk)

    def _pairs(self, key: Column[Any], id_: Column[Any], values: Iterable[str]) -> dict[str, list[int]]:
        """The ids of rows by their keys, of those that are among `values`."""
        found: dict[str, list[int]] = {}
        for value, patent_id in rows_in(self.session, select(key, id_), key, sorted(set(values))):
            found.setdefault(value, []).append(patent_id)
        return found

    def _load_values(self, ids: list[int]) -> None:
        table = table_of(Patent)
        columns = [table.c.id, table.c.fingerprint, table.c.updated_at, *(table.c[name] for name in FIELDS)]
        query = select(*columns).where(table.c.id.in_(ids)).order_by(table.c.id)
        for id_, fingerprint, stamp, *values in self.session.execute(query):
            known = KnownPatent(id_, dict(zip(FIELDS, values, strict=True)), fingerprint, stamp)
            self.by_id[id_] = known
            self.remember(known)

    def _load_links(self, ids: list[int]) -> None:
        self._each(Publication, ("number", "body", "published_on"), ids, self._add_publication)
        self._each(PatentHolder, ("holder_id",), ids, lambda known, id_: known.holder_ids.append(id_))
        self._each(PatentClass, ("scheme", "code", "weight", "basis"), ids, _add_class)

    def _each(self, model: Any, names: tuple[str, ...], ids: list[int], add: Callable[..., None]) -> None:
        """Give the rows that belong to these patents to `add`, in their order."""
        table = table_of(model)
        query = select(table.c.patent_id, *(table.c[name] for name in names)).where(
            table.c.patent_id.in_(ids)
        )
        if "position" in table.c:
            query = query.order_by(table.c.position)
        for patent_id, *values in self.session.execute(query):
            add(self.by_id[patent_id], *values)

    def _add_publication(self, known: KnownPatent, number: str, body: str, published_on: Any) -> None:
        known.publications[number] = published_on
        known.bodies.add(body)
        self._by_body[body] = known


def _add_class(known: KnownPatent, scheme: str, code: str, weight: float, basis: str) -> None:
    known.classes.setdefault(scheme, []).append((code, weight, basis))
