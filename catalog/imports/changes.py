"""What imports replaced (导入前的内容), kept so that an import can be undone.

One row for every record that an import made or changed: `before` holds the values that it replaced, None where the record
was new, and `stamp` is the record's `updated_at` after the import: whatever touches the record later gives it another.
`kind` is the name that its table has here (`__noted_as__`).
Rows of a file that change nothing leave nothing here.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from pydantic_core import to_jsonable_python
from sqlalchemy import JSON, delete, select
from sqlalchemy.types import TypeEngine
from sqlmodel import Field, Session, SQLModel, col

from catalog.kit.base import UtcDateTime, apply_changes, chunks, table_of
from catalog.kit.bulk import insert_rows

Before = dict[str, Any]


class ImportChange(SQLModel, table=True):
    """A record that an import made or changed."""

    __tablename__ = "import_changes"
    # Without its hidden row number SQLite keeps the rows in the key itself: half the room at a million new records.
    __table_args__ = ({"sqlite_with_rowid": False},)

    import_id: int = Field(foreign_key="imports.id", primary_key=True)
    kind: str = Field(max_length=16, primary_key=True)
    record_id: int = Field(primary_key=True)
    before: Before | None = Field(default=None, sa_type=JSON(none_as_null=True))
    stamp: datetime = Field(sa_type=UtcDateTime)


class Change(NamedTuple):
    """A change on its way to the table; `before` is None for a new record."""

    record_id: int
    before: Before | None
    stamp: datetime


def note(session: Session, import_id: int | None, kind: str, changes: Iterable[Change]) -> None:
    """Stores the values that an import replaced; without an import (single edits) nothing is stored."""
    entries = list(changes)
    if import_id is None or not entries:
        return
    # Only a record that was there before can have been changed by this import already.
    again = _known(
        session, import_id, kind, [entry.record_id for entry in entries if entry.before is not None]
    )
    for chunk in chunks(list(again)):
        session.execute(
            delete(ImportChange).where(
                col(ImportChange.import_id) == import_id,
                col(ImportChange.kind) == kind,
                col(ImportChange.record_id).in_(chunk),
            )
        )
    rows = [
        (
            import_id,
            kind,
            entry.record_id,
            None if entry.before is None else to_jsonable_python(_first(entry, again)),
            entry.stamp,
        )
        for entry in entries
    ]
    insert_rows(session, table_of(ImportChange), tuple(ImportChange.model_fields), rows)


def _known(session: Session, import_id: int, kind: str, ids: Sequence[int]) -> dict[int, Before | None]:
    found: dict[int, Before | None] = {}
    for chunk in chunks(ids):
        query = select(col(ImportChange.record_id), col(ImportChange.before)).where(
            col(ImportChange.import_id) == import_id,
            col(ImportChange.kind) == kind,
            col(ImportChange.record_id).in_(chunk),
        )
        found.update((record_id, before) for record_id, before in session.execute(query))
    return found


def _first(entry: Change, again: dict[int, Before | None]) -> Before | None:
    """What stood before the first change by this import."""
    if entry.record_id not in again:
        return entry.before
    earlier = again[entry.record_id]
    return None if earlier is None else (entry.before or {}) | earlier


def note_new(session: Session, import_id: int | None, row: Any) -> None:
    """Note that an import made this record, which has been flushed."""
    note(session, import_id, row.__noted_as__, [Change(row.id, None, row.updated_at)])


def apply_noted(session: Session, import_id: int | None, row: Any, said: dict[str, Any]) -> bool:
    """Sets the differing values and stores the previous ones; returns whether anything changed."""
    before = {name: getattr(row, name) for name, value in said.items() if getattr(row, name) != value}
    before["updated_at"] = row.updated_at
    if not apply_changes(row, said):
        return False
    session.flush()
    note(session, import_id, row.__noted_as__, [Change(row.id, before, row.updated_at)])
    return True


def revived(model: type[SQLModel], before: Before) -> dict[str, Any]:
    """The kept values as the columns of `model` take them."""
    columns = table_of(model).columns
    return {name: _revive(columns[name].type, value) for name, value in before.items()}


def _revive(column: TypeEngine[Any], value: Any) -> Any:
    if value is None:
        return None
    kind = datetime if isinstance(column, UtcDateTime) else column.python_type
    if kind in (datetime, date):
        return kind.fromisoformat(value)
    return Decimal(value) if kind is Decimal else value
