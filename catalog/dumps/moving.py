"""Moving (搬迁) the catalogue to another database, SQLite or PostgreSQL, in one transaction."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from enum import Enum
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Integer, Table, delete, func, insert, inspect, select, text
from sqlmodel import SQLModel

from catalog.changes import triggers
from catalog.changes.record_changes import RecordChange
from catalog.db import Database
from catalog.dumps.facts import differing
from catalog.kit.base import table_of
from catalog.kit.errors import Conflict, NotReady
from catalog.kit.progress import StepProgress

_BLOCK = 2000
_MODULUS = 2**256


def move(source: Database, target: Database, progress: StepProgress) -> dict[str, int]:
    """Copy all tables of `source` into the empty `target`, whose schema is made; returns the rows by table.

    Nobody writes to the source meanwhile. Everything is compared by counts and digests before it is committed. Raises Conflict
    for a target that has rows, NotReady for a source of another schema and where the copy differs; the target then stays empty.
    """
    current, newest = source.revisions()
    if current != newest:
        raise NotReady(
            f"数据库结构版本为 {current or '空'}，程序需要 {newest}", hint="请先运行 patentdock init"
        )
    _require_empty(target)
    target.upgrade()
    with source.exclusive() as reading, target.exclusive() as writing:
        tables = _in_order()
        copied = {table.name: _copy(reading, writing, table, progress) for table in tables}
        for table in tables:
            _continue_ids(reading, writing, table)
        triggers.ensure(writing)
        found = {table.name: _digest(_rows(writing, table)) for table in tables}
        rows = {name: count for name, (count, _) in copied.items()}
        wrong = differing(rows, {name: count for name, (count, _) in found.items()})
        wrong = wrong or [f"{name} 内容不同" for name in copied if copied[name] != found[name]]
        if wrong:
            raise NotReady(
                f"搬迁后的内容与原数据库不符：{'；'.join(wrong)}", hint="目标数据库未作改动，请反馈"
            )
    return rows


def _in_order() -> list[Table]:
    """The tables, those that are referred to first, the notes of changes last: copying the records makes notes of its own."""
    noted = table_of(RecordChange)
    return [*(table for table in SQLModel.metadata.sorted_tables if table is not noted), noted]


def _require_empty(target: Database) -> None:
    if target.revisions()[0] is None and target.is_missing:
        return
    with target.engine.connect() as connection:
        there = set(inspect(connection).get_table_names())
        filled = [
            table.name
            for table in SQLModel.metadata.sorted_tables
            if table.name in there and connection.execute(select(func.count()).select_from(table)).scalar()
        ]
    if filled:
        raise Conflict(
            f"目标数据库不是空的（{'、'.join(filled[:5])} 中已有记录）", hint="请指定一个新建的空数据库"
        )


def _copy(reading: Connection, writing: Connection, table: Table, progress: StepProgress) -> tuple[int, int]:
    """Copies a table; returns the number of rows and their digest."""
    total = reading.execute(select(func.count()).select_from(table)).scalar_one()
    if table is table_of(RecordChange):
        writing.execute(delete(table))
    done, digest = 0, 0
    for block in _rows(reading, table):
        writing.execute(insert(table), [dict(row._mapping) for row in block])
        done, digest = done + len(block), (digest + _sum(block)) % _MODULUS
        progress("搬迁", done, total)
    return done, digest


def _rows(connection: Connection, table: Table) -> Iterator[Sequence[Any]]:
    result = connection.execution_options(yield_per=_BLOCK).execute(select(table))
    yield from result.partitions()


def _digest(blocks: Iterator[Sequence[Any]]) -> tuple[int, int]:
    count = total = 0
    for block in blocks:
        count, total = count + len(block), (total + _sum(block)) % _MODULUS
    return count, total


def _sum(rows: Sequence[Any]) -> int:
    """A digest that does not depend on the order: databases sort texts differently."""
    return sum(int.from_bytes(sha256(repr([*map(_plain, row)]).encode()).digest(), "big") for row in rows)


def _plain(value: Any) -> Any:
    """The value in a form that is the same whichever database it comes from."""
    match value:
        case Enum():
            return value.value
        case Decimal():
            return format(value.normalize(), "f")
        case date():
            return value.isoformat()
        case dict() | list():
            return json.dumps(value, sort_keys=True)
        case memoryview():
            return bytes(value)
    return value


def _continue_ids(reading: Connection, writing: Connection, table: Table) -> None:
    """Lets ids go on behind the highest that was ever given: that of a removed record is not given again."""
    key = table.autoincrement_column
    if key is None or not isinstance(key.type, Integer):
        return
    highest = max(_given(reading, table), _given(writing, table))
    if not highest:
        return
    if writing.dialect.name == "postgresql":
        named = {"table": table.name, "key": key.name, "highest": highest}
        writing.execute(text("SELECT setval(pg_get_serial_sequence(:table, :key), :highest)"), named)
    elif _counts_on(writing, table):
        named = {"table": table.name, "highest": highest}
        writing.execute(text("DELETE FROM sqlite_sequence WHERE name = :table"), named)
        writing.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:table, :highest)"), named)


def _given(connection: Connection, table: Table) -> int:
    """The highest id that the table has or had, 0 for none."""
    key = table.autoincrement_column
    highest: Any = connection.execute(select(func.max(key))).scalar()
    found: list[int] = [highest or 0]
    if connection.dialect.name == "postgresql":
        named = {"table": table.name, "key": key.name if key is not None else ""}
        query = text("SELECT pg_sequence_last_value(pg_get_serial_sequence(:table, :key)::regclass)")
        found.append(connection.execute(query, named).scalar() or 0)
    elif _counts_on(connection, table):
        query = text("SELECT seq FROM sqlite_sequence WHERE name = :table")
        found.append(connection.execute(query, {"table": table.name}).scalar() or 0)
    return max(found)


def _counts_on(connection: Connection, table: Table) -> bool:
    """Whether SQLite remembers the highest id of the table by itself."""
    query = text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :table")
    return "AUTOINCREMENT" in str(connection.execute(query, {"table": table.name}).scalar()).upper()
