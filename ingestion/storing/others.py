"""Records that are stored one by one: all kinds but patents."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from catalog.db import Session
from catalog.kit.errors import PatentDockError
from ingestion.errors import RowError
from ingestion.storing.rows import Keys, Origin, Remarks, RowReader, Store, Taken

KeysOf = Callable[[Any], Keys]
Upsert = Callable[[Session, Any, Origin, Remarks], str]


def one_by_one(keys: KeysOf, upsert: Upsert) -> Callable[[Origin, RowReader], Store]:
    """The store of a kind.

    Rows of one file that share a key must agree. `upsert` returns new, changed or unchanged, adds warnings to the
    remarks, and raises PatentDockError for a rejected record.
    """
    return partial(OneByOne, keys, upsert)


class OneByOne:
    """Stores record after record, each in a savepoint of its own."""

    quick = True

    def __init__(self, keys: KeysOf, upsert: Upsert, origin: Origin, reader: RowReader) -> None:
        self.keys, self.upsert, self.origin, self.reader = keys, upsert, origin, reader
        self.first_rows: dict[str, tuple[int, int]] = {}

    def take(self, batch: list[Taken]) -> None:
        """Read all rows."""
        self.reader.read_all(batch)

    def read(self, session: Session, batch: list[Taken]) -> None:
        """Nothing is left to read."""

    def store(self, session: Session, batch: list[Taken]) -> None:
        """Store the records that were read."""
        for taken in batch:
            if taken.record is None:
                continue
            try:
                self._refuse_contradiction(taken)
                with session.begin_nested():
                    taken.outcome = self.upsert(session, taken.record, self.origin, taken.remarks)
            except RowError as error:
                taken.error = error
            except PatentDockError as error:
                taken.error = RowError("", "", error.message, hint=error.hint)

    def contradicted(self) -> dict[int, str]:
        """The first of two rows that contradict each other stays."""
        return {}

    def take_back(self, session: Session, rows: dict[int, Taken]) -> None:
        """No row is ever taken back."""

    def close(self, session: Session) -> None:
        """Nothing is left to do."""

    def _refuse_contradiction(self, taken: Taken) -> None:
        """Requires rows of one file on the same record to agree, since otherwise every import would change it twice."""
        digest = hash(taken.record.model_dump_json())
        for label, key in self.keys(taken.record):
            if not key:
                continue
            line, first = self.first_rows.setdefault(f"{label}{key}", (taken.row.line, digest))
            if digest != first:
                raise RowError(label, key, f"与第 {line} 行的{label}相同（{key}）而内容不同，请合并为一行")
