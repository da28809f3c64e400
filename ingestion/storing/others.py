"""Storing batches of records of all kinds but patents: in bulk, or one by one where a record concerns several tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from catalog.db import Session
from catalog.kit.errors import PatentDockError
from ingestion.errors import RowError
from ingestion.storing.rows import Keys, Origin, Remarks, RowReader, Store, Taken

Outcomes = Sequence[str | PatentDockError]
"""What became of the records of a batch: new, changed or unchanged, or the error that refuses one."""

KeysOf = Callable[[Any], Keys]
Upsert = Callable[[Session, list[Taken], Origin], Outcomes]


def stored(keys: KeysOf, upsert: Upsert) -> Callable[[Origin, RowReader], Store]:
    """The store of a kind. Rows of one file that share a key must agree; `upsert` takes those that do."""
    return partial(RecordStore, keys, upsert)


def one_by_one(upsert: Callable[[Session, Any, Origin, Remarks], str]) -> Upsert:
    """`upsert` takes one record, in a savepoint of its own, adds warnings to the remarks, and raises PatentDockError."""

    def outcome(session: Session, taken: Taken, origin: Origin) -> str | PatentDockError:
        try:
            with session.begin_nested():
                return upsert(session, taken.record, origin, taken.remarks)
        except PatentDockError as error:
            return error

    return lambda session, batch, origin: [outcome(session, taken, origin) for taken in batch]


class RecordStore:
    """Stores batches of records that are read before the catalogue is locked."""

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
            if taken.record is not None:
                taken.error = self._contradiction(taken)
        agreed = [taken for taken in batch if taken.record is not None and taken.error is None]
        for taken, outcome in zip(agreed, self.upsert(session, agreed, self.origin), strict=True):
            if isinstance(outcome, PatentDockError):
                taken.error = _refusal(outcome)
            else:
                taken.outcome = outcome

    def contradicted(self) -> dict[int, str]:
        """The first of two rows that contradict each other stays."""
        return {}

    def take_back(self, session: Session, rows: dict[int, Taken]) -> None:
        """No row is ever taken back."""

    def close(self, session: Session) -> None:
        """Nothing is left to do."""

    def _contradiction(self, taken: Taken) -> RowError | None:
        """Refuses a row that says other things than an earlier one of the same key: every import would change it twice."""
        digest = hash(taken.record.model_dump_json())
        for label, key in self.keys(taken.record):
            if not key:
                continue
            line, first = self.first_rows.setdefault(f"{label}{key}", (taken.row.line, digest))
            if digest != first:
                return RowError(label, key, f"与第 {line} 行的{label}相同（{key}）而内容不同，请合并为一行")
        return None


def _refusal(error: PatentDockError) -> RowError:
    return error if isinstance(error, RowError) else RowError("", "", error.message, hint=error.hint)
