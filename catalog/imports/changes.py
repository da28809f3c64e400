"""The values that imports replaced (导入前的内容), kept so that an import can be undone.

One row for every record that an import made or changed: `before` holds the values that it replaced, None where the record
was new, `after` the digests of those it set in their place, and `stamp` is the record's `updated_at` after the import:
whatever touches the record later gives it another, and the digests show which values are still those of the import.
`kind` is the name that its table has here (`__noted_as__`).
Rows of a file that change nothing leave nothing here.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from hashlib import blake2b
from typing import Any, Generic, NamedTuple, Protocol, TypeVar, cast

from pydantic_core import to_jsonable_python
from sqlalchemy import JSON, Index, delete, select, update
from sqlalchemy.types import TypeEngine
from sqlmodel import Field, Session, SQLModel, col

from catalog.kit.base import Keyed, Stamped, UtcDateTime, apply_changes, as_json, chunks, id_of, table_of
from catalog.kit.bulk import insert_rows, new_ids

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
    """Digests of values by their names; amounts of different scale are the same."""
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
    """The values before the first change by this import."""
    if entry.record_id not in again:
        return entry.before
    earlier, _ = again[entry.record_id]
    return None if earlier is None else (entry.before or {}) | earlier


def _last(entry: Change, again: Mapping[int, Known]) -> After | None:
    """The values set by the last change of this import."""
    earlier, set_then = again.get(entry.record_id, (entry.before, None))
    return None if earlier is None else (set_then or {}) | (entry.after or {})


class Noted(Keyed, Stamped, Protocol):
    """A row whose changes by imports are kept, under the name `__noted_as__` of its table."""

    __noted_as__: str


RowT = TypeVar("RowT", bound=Noted)


class KnownRows(Generic[RowT]):
    """The rows of a table that a batch of records may refer to, and those that it makes; written, and noted for undo, in bulk.

    Rows are found by columns in which they are unique, among the values given for each. A new row has its id at once, so that
    others can refer to it.
    """

    def __init__(
        self, session: Session, model: type[RowT], import_id: int | None, **keys: Iterable[str | None]
    ) -> None:
        self._session, self._model, self._import_id = session, model, import_id
        self._ids = new_ids(session, table_of(cast("Any", model)))
        self._by: dict[str, dict[str, RowT]] = {name: {} for name in keys}
        self._fresh: dict[int, RowT] = {}
        self._changed: dict[int, tuple[RowT, Before, After]] = {}
        for name, values in keys.items():
            column = getattr(model, name)
            for chunk in chunks(sorted({value for value in values if value})):
                for row in session.execute(select(model).where(column.in_(chunk))).scalars():
                    self._index(row)

    def find(self, name: str, value: str | None) -> RowT | None:
        """The row whose column `name` has this value."""
        return self._by[name].get(value) if value else None

    def add(self, row: RowT) -> None:
        """Takes a new row, which receives its id."""
        row.id = next(self._ids)
        self._fresh[row.id] = row
        self._index(row)

    def change(self, row: RowT, values: dict[str, Any]) -> bool:
        """Sets the differing values; returns whether anything changed."""
        before = {name: getattr(row, name) for name, value in values.items() if getattr(row, name) != value}
        if not before:
            return False
        if id_of(row) not in self._fresh:
            _, image, set_then = self._changed.get(id_of(row), (row, {"updated_at": row.updated_at}, {}))
            after = set_then | digests({name: values[name] for name in before})
            self._changed[id_of(row)] = (row, before | image, after)
        apply_changes(row, values)
        given_up = [name for name in self._by if before.get(name)]
        for name in given_up:
            del self._by[name][before[name]]
        self._index(row)
        if given_up:
            # The next row may take the key, which is unique in the catalogue too.
            self.flush()
        return True

    def flush(self) -> None:
        """Writes what was made and changed since the last time, and notes what it replaced."""
        self._session.add_all(self._fresh.values())
        self._session.flush()
        changes = [Change(id_, None, row.updated_at) for id_, row in self._fresh.items()]
        changes += [
            Change(id_, before, row.updated_at, after) for id_, (row, before, after) in self._changed.items()
        ]
        note(self._session, self._import_id, self._model.__noted_as__, changes)
        self._fresh, self._changed = {}, {}

    def _index(self, row: RowT) -> None:
        for name, rows in self._by.items():
            if key := getattr(row, name):
                rows[key] = row


def restamp(session: Session, kind: str, record_id: int, former: datetime, stamp: datetime) -> None:
    """Lets the import that had left a record with the stamp `former` know it by another: the record is as it left it."""
    conditions = col(ImportChange.kind) == kind, col(ImportChange.record_id) == record_id
    statement = update(ImportChange).where(*conditions, col(ImportChange.stamp) == former).values(stamp=stamp)
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
