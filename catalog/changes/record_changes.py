"""The newest change of every record (变更记录), the places in their order, and how a change is noted.

One row a record that is or was in the catalogue, so the table does not grow with the number of changes. Triggers write it
(`catalog.changes.triggers`), so that no statement is missed, whoever runs it.

The order of places is the order in which changes become visible. On SQLite one transaction writes at a time, and the sequence alone
is that order. On PostgreSQL a transaction may commit a lower number of the sequence after a higher one was read: there the number
of the transaction comes first, and a place is settled (既定) once every transaction up to its own has ended.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple, Self

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Index,
    Integer,
    UniqueConstraint,
    and_,
    func,
    select,
    text,
    tuple_,
)
from sqlmodel import Field, Session, SQLModel, col

from catalog.changes.kinds import ChangingKind
from catalog.kit.base import UtcDateTime, enum_type
from catalog.kit.errors import InvalidInput
from catalog.kit.terms import Term

_MOST = 2**63 - 1
# The number of the transaction and the time, in the form in which SQLAlchemy stores it.
_VALUES = {
    "sqlite": ("0", "strftime('%Y-%m-%d %H:%M:%f000', 'now')"),
    "postgresql": ("txid_current() + record_changes_offset()", "clock_timestamp()"),
}


class Operation(Term):
    """The ways in which a record changes (变更方式)."""

    CREATED = "created", "新增"
    UPDATED = "updated", "改动"
    DELETED = "deleted", "删除"


class RecordChange(SQLModel, table=True):
    """The newest change of a record; its place is `transaction_id` and `seq`."""

    __tablename__ = "record_changes"
    # As the key of the table itself the sequence costs an import half of what an index on it would.
    __table_args__ = (
        UniqueConstraint("kind", "record_id"),
        Index(None, "transaction_id", "seq").ddl_if(dialect="postgresql"),
    )

    seq: int | None = Field(
        default=None, primary_key=True, sa_type=BigInteger().with_variant(Integer, "sqlite")
    )
    transaction_id: int = Field(sa_type=BigInteger)
    kind: str = Field(max_length=16)
    record_id: int
    operation: Operation = Field(sa_type=enum_type(Operation))
    at: datetime = Field(sa_type=UtcDateTime)


class ChangePlace(NamedTuple):
    """A place in the order of changes, as text `transaction.seq`; the first change comes after `ChangePlace()`."""

    transaction: int = 0
    seq: int = 0

    def __str__(self) -> str:
        return f"{self.transaction}.{self.seq}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The place that is written so. Raises InvalidInput."""
        found = re.fullmatch(r"(\d{1,19})\.(\d{1,19})", text, re.ASCII)
        numbers = [int(digits) for digits in found.groups()] if found else []
        if not numbers or max(numbers) > _MOST:
            raise InvalidInput(f"游标“{text[:40]}”不能识别", hint="请原样使用上一次应答中的 next")
        return cls(*numbers)


def place_of(row: RecordChange) -> ChangePlace:
    """The place of a stored change."""
    return ChangePlace(row.transaction_id, row.seq or 0)


def order_of(session: Session) -> list[Any]:
    """The columns by which changes are in order."""
    seq = col(RecordChange.seq)
    return [seq] if _dialect(session) == "sqlite" else [col(RecordChange.transaction_id), seq]


def between(session: Session, after: ChangePlace, upto: ChangePlace) -> ColumnElement[bool]:
    """The condition that a change comes after the one place and at or before the other."""
    columns = order_of(session)
    place = tuple_(*columns)
    first, last = (tuple_(*end[-len(columns) :]) for end in (after, upto))
    return and_(place > first, place <= last)


def settled(session: Session) -> ChangePlace:
    """The place up to which the order is settled: no change will ever be noted at or before it that is not yet visible."""
    if _dialect(session) == "sqlite":
        return ChangePlace(0, session.execute(select(func.max(col(RecordChange.seq)))).scalar_one() or 0)
    query = text("SELECT txid_snapshot_xmin(txid_current_snapshot()) + record_changes_offset()")
    return ChangePlace(session.execute(query).scalar_one(), 0)


def newest(session: Session, upto: ChangePlace) -> ChangePlace:
    """The place of the last change up to this place."""
    query = select(col(RecordChange.transaction_id), col(RecordChange.seq))
    last = query.where(between(session, ChangePlace(), upto))
    found = session.execute(last.order_by(*(column.desc() for column in order_of(session))).limit(1)).first()
    return ChangePlace(*found) if found else ChangePlace()


def noting(dialect: str, kind: str, record: str, operation: Operation | None) -> str:
    """The statement that notes a change; `record` is the SQL of the id. Without `operation` the one before stays: a part changed."""
    transaction, moment = _VALUES[dialect]
    kept = "" if operation is None else ", operation = excluded.operation"
    return (
        "INSERT INTO record_changes (kind, record_id, transaction_id, operation, at) "
        f"VALUES ('{kind}', {record}, {transaction}, '{operation or Operation.UPDATED}', {moment}) "
        "ON CONFLICT (kind, record_id) DO UPDATE SET "
        f"seq = excluded.seq, transaction_id = excluded.transaction_id, at = excluded.at{kept}"
    )


def note_updated(session: Session, kind: ChangingKind, ids: Sequence[int]) -> None:
    """Notes that these records changed, where neither they nor parts with triggers were written."""
    if ids:
        statement = noting(_dialect(session), kind.name, ":id", None)
        session.execute(text(statement), [{"id": id_} for id_ in sorted(ids)])


def _dialect(session: Session) -> str:
    return session.get_bind().dialect.name
