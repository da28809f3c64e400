"""A SQLite database as a file: copied while others write, examined without being changed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from catalog.db import Database
from catalog.dumps.facts import CopyDamaged, DatabaseFacts, differing

NAME = "catalog.db"


def dump(database: Database, folder: Path) -> DatabaseFacts:
    """Copy the database as it is at one moment into `folder`; returns the facts of the copy. Raises NotReady and Busy."""
    (folder / NAME).touch(0o600)
    database.copy_to(folder / NAME).dispose()
    return facts_of(folder / NAME)


def check(path: Path, facts: DatabaseFacts) -> None:
    """Examine a copy that nobody writes to: pages, references, rows by table. Raises CopyDamaged."""
    try:
        with closing(_opened(path)) as connection:
            problems = [row[0] for row in connection.execute("PRAGMA integrity_check(5)") if row[0] != "ok"]
            problems = problems or [
                f"{table} 中有记录指向不存在的 {parent}"
                for table, _, parent, _ in connection.execute("PRAGMA foreign_key_check").fetchmany(5)
            ]
            problems = problems or differing(facts.rows, _facts(connection).rows)
    except sqlite3.Error as error:
        problems = [str(error)]
    if problems:
        raise CopyDamaged(f"数据库副本 {path} 已损坏：{'；'.join(problems)}", hint="请改用另一份备份")


def facts_of(path: Path) -> DatabaseFacts:
    """The facts of a database that nobody writes to. Raises sqlite3.Error."""
    with closing(_opened(path)) as connection:
        return _facts(connection)


def _opened(path: Path) -> sqlite3.Connection:
    # Immutable: neither a lock nor a write-ahead log is made beside a copy that may lie on a read-only disk.
    return sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1", uri=True)


def _facts(connection: sqlite3.Connection) -> DatabaseFacts:
    named = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
    rows = {
        name: int(connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0])
        for (name,) in connection.execute(named).fetchall()
    }
    revision = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return DatabaseFacts(kind="sqlite", revision=revision[0] if revision else "", rows=rows)
