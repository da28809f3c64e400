"""Writing the new and changed patents of a batch of register records, with the data needed to undo it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any

from sqlalchemy import bindparam, delete, update
from sqlmodel import Session, SQLModel

from catalog.imports.changes import Before, Change, note
from catalog.kit.base import chunks, table_of
from catalog.kit.bulk import insert_rows, reserve_ids
from catalog.registers import images as patent_images
from catalog.registers.meaning import FIELDS, KnownPatent
from catalog.supply.patents import Patent, PatentClass, PatentHolder, Publication

_COLUMNS = tuple(column.name for column in table_of(Patent).columns)
_as_row = itemgetter(*_COLUMNS)


@dataclass(frozen=True, slots=True)
class Writing:
    """One batch on its way into the catalogue."""

    session: Session
    import_id: int | None
    is_demo: bool
    moment: datetime

    def store(self, fresh: Sequence[KnownPatent], stale: Sequence[KnownPatent]) -> None:
        """Inserts new patents, which receive their ids, and updates the dirty parts of known ones."""
        if fresh:
            self._insert(fresh)
        self._note(fresh, stale)
        self._update([known for known in stale if "values" in known.dirty])
        self._touch([known for known in stale if "values" not in known.dirty])
        for part, model in (
            ("publications", Publication),
            ("holders", PatentHolder),
            ("classes", PatentClass),
        ):
            dirty = [known for known in stale if part in known.dirty]
            self._clear(model, [known.id for known in dirty])
            rows = [row for known in (*fresh, *dirty) for row in _ROWS[part](known)]
            insert_rows(self.session, table_of(model), _COLUMNS_OF[part], rows)
        for known in (*fresh, *stale):
            known.stamp = self.moment

    def _note(self, fresh: Sequence[KnownPatent], stale: Sequence[KnownPatent]) -> None:
        """Stores the values that the import is about to replace, so that it can be undone."""
        if self.import_id is None:
            return
        images = patent_images.before(self.session, stale)
        changes = [Change(known.id, None, self.moment) for known in fresh]
        changes += [self._change(known, images[known.id]) for known in stale]
        note(self.session, self.import_id, Patent.__noted_as__, changes)

    def _change(self, known: KnownPatent, image: Before) -> Change:
        """The change that replaces the values in an image."""
        values, names = self._values(known), image.keys() - {"updated_at"}
        after: Before = {name: values[name] for name in names - _ROWS.keys()}
        for part in names & _ROWS.keys():
            after[part] = [_unkeyed(part, row) for row in _ROWS[part](known)]
        return Change(known.id, image, self.moment, patent_images.digests_of(after))

    def _values(self, known: KnownPatent) -> dict[str, Any]:
        values = dict(known.values)
        values["abstract"] = values["abstract"] or ""
        values["first_claim"] = values["first_claim"] or ""
        values["inventors"] = values["inventors"] or []
        values |= {"fingerprint": known.fingerprint, "updated_at": self.moment}
        return values

    def _insert(self, fresh: Sequence[KnownPatent]) -> None:
        """Insert the new patents, which learn their ids."""
        table = table_of(Patent)
        rows = []
        for known, id_ in zip(fresh, reserve_ids(self.session, table, len(fresh)), strict=True):
            known.id = id_
            values = self._values(known)
            values |= {
                "id": id_,
                "created_at": self.moment,
                "import_id": self.import_id,
                "is_demo": self.is_demo,
            }
            rows.append(_as_row(values))
        insert_rows(self.session, table, _COLUMNS, rows)

    def _update(self, stale: Sequence[KnownPatent]) -> None:
        if not stale:
            return
        table = table_of(Patent)
        names = [*FIELDS, "fingerprint", "updated_at"]
        statement = (
            update(table)
            .where(table.c.id == bindparam("patent_id"))
            .values({name: bindparam(f"new_{name}") for name in names})
        )
        rows = [
            {"patent_id": known.id} | {f"new_{name}": value for name, value in self._values(known).items()}
            for known in stale
        ]
        self.session.execute(statement, rows)

    def _touch(self, stale: Sequence[KnownPatent]) -> None:
        """Stamp patents of which only publications, holders or classes changed."""
        table = table_of(Patent)
        for chunk in chunks([known.id for known in stale]):
            self.session.execute(update(table).where(table.c.id.in_(chunk)).values(updated_at=self.moment))

    def _clear(self, model: type[SQLModel], ids: list[int]) -> None:
        table = table_of(model)
        for chunk in chunks(ids):
            self.session.execute(delete(table).where(table.c.patent_id.in_(chunk)))


def _publication_rows(known: KnownPatent) -> Iterator[tuple[Any, ...]]:
    for number, on in known.publications.items():
        yield number, _body(number, known.bodies), known.id, on


def _holder_rows(known: KnownPatent) -> Iterator[tuple[Any, ...]]:
    for position, holder_id in enumerate(known.holder_ids):
        yield known.id, position, holder_id


def _class_rows(known: KnownPatent) -> Iterator[tuple[Any, ...]]:
    for scheme, rows in known.classes.items():
        for position, (code, weight, basis) in enumerate(rows):
            yield known.id, scheme, code, position, weight, basis


_ROWS = {"publications": _publication_rows, "holders": _holder_rows, "classes": _class_rows}
_COLUMNS_OF = {
    "publications": ("number", "body", "patent_id", "published_on"),
    "holders": ("patent_id", "position", "holder_id"),
    "classes": ("patent_id", "scheme", "code", "position", "weight", "basis"),
}


def _unkeyed(part: str, row: tuple[Any, ...]) -> list[Any]:
    """The row as an image has it, without the id of its patent."""
    return [value for name, value in zip(_COLUMNS_OF[part], row, strict=True) if name != "patent_id"]


def _body(number: str, bodies: set[str]) -> str:
    return max((body for body in bodies if number.startswith(body)), key=len, default=number)
