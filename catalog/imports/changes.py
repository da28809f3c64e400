"""What imports replaced (导入前的内容), kept so that an import can be undone.

One row for every record that an import made or changed: `before` holds the values that it replaced, None where the record
was new, `after` the digests of those it set in their place, and `stamp` is the record's `updated_at` after the import:
whatever touches the record later gives it another, and the digests tell which values are still those of the import.
`kind` is the name that its table has here (`__noted_as__`).
Rows of a file that change nothing leave nothing here.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from hashlib import blake2b
from typing import Any, NamedTuple

from pydantic_core import to_jsonable_python
from sqlalchemy import JSON, Index, delete, select, update
from sqlalchemy.types import TypeEngine
from sqlmodel import Field, Session, SQLModel, col

from catalog.kit.base import UtcDateTime, apply_changes, as_json, chunks, table_of
from catalog.kit.bulk import insert_rows

Before = dict[str, Any]
After = dict[str, str]


class ImportChange(SQLModel, table=True):
    """A record that an import made or changed."""

    __tablename__ = "import_changes"
    # Without its hidden row number SQLite keeps the rows in the key itself: half the room at a million new records.
    __table_args__ = (Index(None, "kind", "record_id"), {"sqlite_with_rowid": False})

    import_id: int = Field(foreign_key="imports.id", primary_key=True)
    kind: str = Field(max_length=16, primary_key=True)
    record_id: int = Field(primary_key=True)
    before: Before | None = Field(default=None, sa_type=JSON(none_as_null=True))
    stamp: datetime = Field(sa_type=UtcDateTime)
    after: After | None = Field(default=None, sa_type=JSON(none_as_null=True))


class Change(NamedTuple):
    """A change on its way to the table; `before` and `after` are None for a new record."""

    record_id: int
    before: Before | None
    stamp: datetime
    after: After | None = None


def digests(values: Mapping[str, Any]) -> After:
    """What tells values apart, by their names; amounts of different scale are the same."""
    return {name: _digest(value) for name, value in values.items()}


def _digest(value: Any) -> str:
    plain = f"{value.normalize():f}" if isinstance(value, Decimal) else to_jsonable_python(value)
    return blake2b(as_json(plain).encode(), digest_size=6).hexdigest()


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
            _last(entry, again),
        )
        for entry in entries
    ]
    insert_rows(session, table_of(ImportChange), tuple(ImportChange.model_fields), rows)


Known = tuple[Before | None, After | None]


def _known(session: Session, import_id: int, kind: str, ids: Sequence[int]) -> dict[int, Known]:
    found: dict[int, Known] = {}
    columns = col(ImportChange.record_id), col(ImportChange.before), col(ImportChange.after)
    for chunk in chunks(ids):
        query = select(*columns).where(
            col(ImportChange.import_id) == import_id,
            col(ImportChange.kind) == kind,
            col(ImportChange.record_id).in_(chunk),
        )
        found.update((record_id, (before, after)) for record_id, before, after in session.execute(query))
    return found


def _first(entry: Change, again: Mapping[int, Known]) -> Before | None:
    """What stood before the first change by this import."""
    if entry.record_id not in again:
        return entry.before
    earlier, _ = again[entry.record_id]
    return None if earlier is None else (entry.before or {}) | earlier


def _last(entry: Change, again: Mapping[int, Known]) -> After | None:
    """What the last change by this import set."""
    earlier, set_then = again.get(entry.record_id, (entry.before, None))
    return None if earlier is None else (set_then or {}) | (entry.after or {})


def note_new(session: Session, import_id: int | None, row: Any) -> None:
    """Note that an import made this record, which has been flushed."""
    note(session, import_id, row.__noted_as__, [Change(row.id, None, row.updated_at)])


def apply_noted(session: Session, import_id: int | None, row: Any, said: dict[str, Any]) -> bool:
    """Sets the differing values and stores the previous ones; returns whether anything changed."""
    before = {name: getattr(row, name) for name, value in said.items() if getattr(row, name) != value}
    after = digests({name: said[name] for name in before})
    before["updated_at"] = row.updated_at
    if not apply_changes(row, said):
        return False
    session.flush()
    note(session, import_id, row.__noted_as__, [Change(row.id, before, row.updated_at, after)])
    return True


def restamp(session: Session, kind: str, record_id: int, former: datetime, stamp: datetime) -> None:
    """Lets the import that had left a record with the stamp `former` know it by another: the record is as it left it."""
    its = col(ImportChange.kind) == kind, col(ImportChange.record_id) == record_id
    statement = update(ImportChange).where(*its, col(ImportChange.stamp) == former).values(stamp=stamp)
    session.execute(statement, execution_options={"synchronize_session": False})


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
