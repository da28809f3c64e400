"""Bulk inserts and look-ups: the values go straight to the driver, converted column by column.

The work of SQLAlchemy for every row of an executemany costs more than SQLite takes to store a small one. Statement and
conversions are SQLAlchemy's own, computed once for a table and its columns.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import count
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    JSON,
    Column,
    Dialect,
    Integer,
    Select,
    Table,
    bindparam,
    func,
    literal,
    select,
    text,
)
from sqlmodel import Session

from catalog.kit.base import CHUNK, chunks


class _Prepared(NamedTuple):
    """A statement as the driver takes it; `converters` turn the values of a column into the driver's, by its place."""

    text: str
    positional: bool
    converters: Sequence[tuple[int, Callable[[Iterable[Any]], Iterable[Any]]]]


@lru_cache(maxsize=64)
def _prepared(table: Table, columns: tuple[str, ...], replacing: bool, dialect: Dialect) -> _Prepared:
    compiled = table.insert().compile(dialect=dialect, column_keys=list(columns))
    if compiled.positional and compiled.positiontup != list(columns):
        raise ValueError(f"columns of {table.name} out of order: {columns}")
    text = str(compiled)
    if replacing:
        key = [column.name for column in table.primary_key]
        others = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in key)
        text = f"{text} ON CONFLICT ({', '.join(key)}) DO UPDATE SET {others}"
    converters = [
        (place, _each(converter) if isinstance(table.c[name].type, JSON) else _each_once(converter))
        for place, name in enumerate(columns)
        if (converter := table.c[name].type.dialect_impl(dialect).bind_processor(dialect))
    ]
    return _Prepared(text, bool(compiled.positional), converters)


def _each(converter: Callable[[Any], Any]) -> Callable[[Iterable[Any]], Iterable[Any]]:
    return lambda values: map(converter, values)


def _each_once(converter: Callable[[Any], Any]) -> Callable[[Iterable[Any]], Iterable[Any]]:
    """Days and words are few, and the same again and again."""

    def convert(values: Iterable[Any]) -> Iterable[Any]:
        kept = list(values)
        known = {value: converter(value) for value in set(kept)}
        return map(known.__getitem__, kept)

    return convert


def rows_in(
    session: Session, query: Select[Any], column: Column[Any], values: Sequence[Any]
) -> Iterator[Any]:
    """The rows of `query` whose `column` is one of `values`: numbers, texts and bytes, which no driver converts."""
    if session.get_bind().dialect.name != "sqlite":
        for chunk in chunks(values):
            yield from session.execute(query.where(column.in_(chunk)))
        return
    session.flush()
    connection = session.connection()
    compiled = query.where(column == bindparam("one")).compile(dialect=connection.dialect)
    start = str(compiled).removesuffix("= ?")
    fixed = [compiled.params[name] for name in (compiled.positiontup or [])[:-1]]
    for chunk in chunks(values):
        marks = ", ".join("?" * len(chunk))
        yield from connection.exec_driver_sql(f"{start} IN ({marks})", (*fixed, *chunk))


def given_ids(session: Session, ids: Sequence[int]) -> Select[Any]:
    """Any number of ids as a query, for conditions on more of them than a statement may have parameters."""
    if session.get_bind().dialect.name == "sqlite":
        return select(func.json_each(json.dumps(list(map(int, ids)))).table_valued("value").c.value)
    return select(func.unnest(literal(list(map(int, ids)), ARRAY(Integer))).column_valued())


def reserve_ids(session: Session, table: Table, count: int) -> list[int]:
    """Ids for new rows of a table whose ids are `NEVER_TWICE`, in a transaction that writes: nobody else gets them."""
    if session.get_bind().dialect.name == "sqlite":
        # Only one writes at a time, and SQLite itself goes on behind the highest number that it ever gave.
        query = text("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = :name")
        last = session.execute(query, {"name": table.name}).scalar_one()
        return list(range(last + 1, last + 1 + count))
    query = text("SELECT nextval(pg_get_serial_sequence(:name, 'id')) FROM generate_series(1, :count)")
    return sorted(session.execute(query, {"name": table.name, "count": count}).scalars())


def new_ids(session: Session, table: Table) -> Iterator[int]:
    """Ids for new rows, one after the other, in a transaction that gives all new rows such ids."""
    if session.get_bind().dialect.name == "sqlite":
        yield from count(reserve_ids(session, table, 1)[0])
    size = 1
    while True:
        yield from reserve_ids(session, table, size)
        size = min(2 * size, CHUNK)


def insert_rows(
    session: Session,
    table: Table,
    columns: tuple[str, ...],
    rows: Sequence[Sequence[Any]],
    *,
    replacing: bool = False,
) -> None:
    """Inserts rows of values for `columns`, given in table order; other columns get the server's default.

    With `replacing` a row replaces the one with the same primary key.
    """
    if not rows:
        return
    connection = session.connection()
    prepared = _prepared(table, columns, replacing, connection.dialect)
    converted = _converted(rows, prepared)
    connection.exec_driver_sql(
        prepared.text,
        converted if prepared.positional else [dict(zip(columns, row, strict=True)) for row in converted],
    )


def _converted(rows: Sequence[Sequence[Any]], prepared: _Prepared) -> list[tuple[Any, ...]]:
    """The rows as the driver takes them."""
    if not prepared.converters:
        return [*map(tuple, rows)]
    values: list[Any] = list(zip(*rows, strict=True))
    for place, converter in prepared.converters:
        values[place] = converter(values[place])
    return list(zip(*values, strict=True))
