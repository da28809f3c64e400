"""The triggers that note every change of a record, on the tables of all kinds: SQLite and PostgreSQL.

`ensure` is called after every run of migrations (`catalog/migrations/env.py`): SQLite drops the triggers of a table that a migration
makes anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from sqlalchemy import Connection, inspect, text

from catalog.changes.kinds import KINDS
from catalog.changes.record_changes import Operation, RecordChange, noting

PREFIX = "record_change_of_"
_EVENTS = (
    ("INSERT", "NEW", Operation.CREATED),
    ("UPDATE", "NEW", Operation.UPDATED),
    ("DELETE", "OLD", Operation.DELETED),
)
# All triggers, or the functions behind them, with what distinguishes one from an older version.
_KNOWN = {
    "sqlite": f"SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE '{PREFIX}%'",
    "postgresql": (
        "SELECT p.proname, p.prosrc FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid"
        " JOIN pg_class c ON c.oid = t.tgrelid"
        f" WHERE c.relnamespace = current_schema()::regnamespace AND p.proname LIKE '{PREFIX}%'"
    ),
}
_DROP = {
    "sqlite": "DROP TRIGGER IF EXISTS {}",
    "postgresql": "DROP FUNCTION IF EXISTS {}() CASCADE",
}


class Triggering(NamedTuple):
    """The triggers of a table: `source` tells versions apart, `statements` create it."""

    source: str
    statements: tuple[str, ...]


def ensure(connection: Connection) -> None:
    """Creates the triggers that are missing or of an older version, and drops those that are no more wanted.

    Tables that there are not yet have none. Where all is as it should be, nothing is written.
    """
    tables = set(inspect(connection).get_table_names())
    if RecordChange.__tablename__ not in tables:
        return
    dialect = connection.dialect.name
    if dialect == "postgresql":
        _continue_transactions(connection)
    wanted, known = _wanted(dialect, tables), _known(connection)
    _drop(
        connection,
        [name for name, source in known.items() if name not in wanted or wanted[name].source != source],
    )
    for name, triggering in wanted.items():
        if known.get(name) != triggering.source:
            for statement in triggering.statements:
                connection.exec_driver_sql(statement)


def drop(connection: Connection) -> None:
    """Drops all triggers, for a migration that takes away or makes anew what they write."""
    _drop(connection, list(_known(connection)))


def _drop(connection: Connection, names: list[str]) -> None:
    for name in names:
        connection.exec_driver_sql(_DROP[connection.dialect.name].format(name))


def _known(connection: Connection) -> dict[str, str]:
    return dict(connection.execute(text(_KNOWN[connection.dialect.name])).all())


def _wanted(dialect: str, tables: set[str]) -> Mapping[str, Triggering]:
    made = _on_sqlite if dialect == "sqlite" else _on_postgresql
    found: dict[str, Triggering] = {}
    for kind in KINDS:
        for table, column in ((kind.table, "id"), *kind.parts.items()):
            if table in tables:
                found |= made(kind.name, table, column, is_part=table != kind.table)
    return found


def _notings(dialect: str, kind: str, column: str, *, is_part: bool) -> Iterator[tuple[str, str]]:
    """Events with the statement that notes each."""
    for event, row, operation in _EVENTS:
        yield event, noting(dialect, kind, f"{row}.{column}", None if is_part else operation)


def _on_sqlite(kind: str, table: str, column: str, *, is_part: bool) -> dict[str, Triggering]:
    found = {}
    for event, statement in _notings("sqlite", kind, column, is_part=is_part):
        name = f"{PREFIX}{table}_{event.lower()}"
        source = f"CREATE TRIGGER {name} AFTER {event} ON {table} BEGIN {statement}; END"
        found[name] = Triggering(source, (source,))
    return found


def _on_postgresql(kind: str, table: str, column: str, *, is_part: bool) -> dict[str, Triggering]:
    name = f"{PREFIX}{table}"
    cases = " ".join(
        f"IF TG_OP = '{event}' THEN {statement}; END IF;"
        for event, statement in _notings("postgresql", kind, column, is_part=is_part)
    )
    body = f"BEGIN {cases} RETURN NULL; END"
    return {
        name: Triggering(
            body,
            (
                f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $body${body}$body$",
                f"CREATE TRIGGER {name} AFTER INSERT OR UPDATE OR DELETE ON {table}"
                f" FOR EACH ROW EXECUTE FUNCTION {name}()",
            ),
        )
    }


def _continue_transactions(connection: Connection) -> None:
    """Lets the numbers of transactions go on behind the highest noted one.

    A database that was dumped and restored on another server counts its transactions anew, maybe from lower numbers: new changes
    would come before old ones, and readers would never see them. An offset keeps the order, and all places that readers hold.
    """
    query = (
        "SELECT max(transaction_id), txid_snapshot_xmax(txid_current_snapshot()) + record_changes_offset()"
        " FROM record_changes"
    )
    highest, following = connection.exec_driver_sql(query).one()
    if highest is not None and highest >= following:
        set_offset(connection, highest + 1)


def set_offset(connection: Connection, offset: int) -> None:
    """Adds this to the numbers of transactions that the server counts, on PostgreSQL."""
    connection.exec_driver_sql(
        "CREATE OR REPLACE FUNCTION record_changes_offset() RETURNS bigint LANGUAGE sql STABLE"
        f" AS 'SELECT {offset}::bigint'"
    )
