"""The base of all tables and schemas: naming of constraints, a strict base schema, pages of results."""

import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Protocol, Self, TypeVar, cast

from pydantic import BaseModel, ConfigDict, model_validator
from sqlalchemy import Column, ColumnElement, Dialect, Enum, Row, Select, Table, bindparam
from sqlalchemy.orm import Mapped
from sqlalchemy.types import DateTime, TypeDecorator
from sqlmodel import Field, Session, SQLModel, col

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

RowT = TypeVar("RowT")
Record = Row[*tuple[Any, ...]]
"""A row of columns, read by their names."""


CHUNK = 500
"""Values in one SQL condition: a statement with many thousands is slow, and refused by some databases."""


NEVER_TWICE = {"sqlite_autoincrement": True}
"""Table argument of records that can be removed: SQLite would give the id of the last one again, to another record."""


def now() -> datetime:
    """The current time in UTC, with its zone."""
    return datetime.now(UTC)


def fold(text: str) -> str:
    """Fold width and case and drop all white space: the key under which names and titles are compared."""
    return "".join(unicodedata.normalize("NFKC", text).lower().split())


def plain(text: str) -> str:
    """The text without punctuation, brackets, spaces, width and case.

    >>> plain("示例（武汉）科技 有限公司") == plain("示例(武汉)科技有限公司") == plain("示例武汉科技有限公司")
    True
    """
    return re.sub(r"[\W_]+", "", fold(text))


def as_json(value: Any) -> str:
    """JSON as the database keeps it; Chinese as it is: escaped it takes twice the room."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


MAX_REMARK = 2000
"""Characters of a remark: what a register adds in words, and the wording of cells that could not be read."""


def enum_type(members: type[StrEnum]) -> Enum:
    """Column type for a closed set of values: stored as its text, read back as its member."""
    return Enum(members, native_enum=False, length=24, values_callable=lambda m: [x.value for x in m])


class UtcDateTime(TypeDecorator[datetime]):
    """A time with its zone: SQLite stores no zones, so values read back are marked as the UTC that was stored."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        """The type of values, which cursors of lists are read as."""
        return datetime

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The stored moment in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def chunks(values: Sequence[RowT]) -> Iterator[list[RowT]]:
    """`values` in lists of at most `CHUNK`."""
    return (list(values[start : start + CHUNK]) for start in range(0, len(values), CHUNK))


def table_of(model: type[SQLModel]) -> Table:
    """The table of a model: inserts of many rows through the mapper are several times slower."""
    return SQLModel.metadata.tables[str(model.__tablename__)]


class Keyed(Protocol):
    """A row of a table with a number as its key, which is None until the row is flushed."""

    id: int | None


def id_of(row: Keyed | Record) -> int:
    """The id of a stored row. Raises AssertionError for one that was not flushed."""
    key: int | None = row.id
    if key is None:
        raise AssertionError("the row was not flushed")
    return key


def id_column(model: type[SQLModel]) -> Mapped[int]:
    """The key column of a table: of a row that comes from the database it is never None."""
    return col(cast("Any", model).id)


def among(column: Column[Any]) -> ColumnElement[bool]:
    """The condition that the column is one of the ids that `rows_among` is called with."""
    return column.in_(bindparam("ids", expanding=True))


def rows_among(session: Session, query: Select[Any], ids: Sequence[int]) -> Iterator[Record]:
    """The rows of a query with the condition `among`, in the order of the query within every `CHUNK` ids.

    Queries used by every request are built once and select columns: building a query, and loading entities, takes several
    times as long as running it.
    """
    # The session does so by itself only before queries of mapped classes.
    session.flush()
    for chunk in chunks(ids):
        yield from session.execute(query, {"ids": chunk}).all()


def _refuse_nul(data: Any) -> Any:
    if isinstance(data, dict):
        for name, value in data.items():
            if isinstance(value, str) and "\x00" in value:
                raise ValueError(f"字段 {name} 含有空字符（NUL），请删除后再提交")
    return data


class Schema(SQLModel):
    """Base of every payload: unknown fields and NUL characters are refused."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)  # type: ignore[assignment]

    _without_nul = model_validator(mode="before")(_refuse_nul)


class PartSchema(BaseModel):
    """Base of the parts of a payload that no table shares: alike, but a plain model takes a third of the time of one of SQLModel."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    _without_nul = model_validator(mode="before")(_refuse_nul)


class Stamped(Protocol):
    """A row that knows when it was last changed."""

    updated_at: datetime


class Timestamps(SQLModel):
    """The times at which a row was first stored and last changed (UTC)."""

    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    updated_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class Stamps(SQLModel):
    """The times at which a record as shown to users was first stored and last changed."""

    created_at: datetime = Field(description="首次登记的时刻（UTC）")
    updated_at: datetime = Field(description="最近一次变动的时刻（UTC）")


def apply_changes(row: Stamped, values: dict[str, Any]) -> bool:
    """Sets the differing values and the time of change; returns whether anything changed."""
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    for name, value in changed.items():
        setattr(row, name, value)
    if changed:
        row.updated_at = now()
    return bool(changed)


class ClassRef(BaseModel):
    """One class of a record under a scheme: `ipc`, `industry` (GB/T 4754) or `segment` (产业细分领域)."""

    scheme: str = Field(
        max_length=16, description="分类体系：ipc、industry（GB/T 4754）、segment（产业细分领域）"
    )
    code: str = Field(max_length=32, description="分类号或代码")
    weight: float = Field(default=1.0, ge=0, le=1, description="权重，同一体系内合计为 1")
    basis: str = Field(
        default="official",
        max_length=16,
        description="official=登记, industry=由登记行业推断, ipc=由 IPC 推断, text=由文本推断",
    )


class UpsertCounts(SQLModel):
    """The numbers of records of a batch that were new, changed or already known as they are."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0

    def add(self, other: Self) -> None:
        """Add the counts of another batch."""
        self.new += other.new
        self.changed += other.changed
        self.unchanged += other.unchanged
