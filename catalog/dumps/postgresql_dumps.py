"""A PostgreSQL database as a file of pg_dump, read back by pg_restore."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection, inspect

from catalog.db import Database
from catalog.dumps.facts import CopyDamaged, DatabaseFacts, differing
from catalog.kit.errors import NotReady

NAME = "catalog.dump"
_DEBIAN = "/usr/lib/postgresql"


def tool(name: str, folder: Path | None) -> str:
    """The program of PostgreSQL: in `folder` where one is set, else on the path, else where Debian keeps it. Raises NotReady."""
    if folder:
        found = shutil.which(name, path=folder)
    else:
        kept = sorted(Path(_DEBIAN).glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
        found = shutil.which(name) or (str(kept[-1]) if kept else None)
    if found is None:
        raise NotReady(
            f"没有找到 PostgreSQL 的程序 {name}" + (f"（在 {folder}）" if folder else ""),
            hint="请安装 PostgreSQL 客户端程序（Debian：postgresql-client），或用 PATENTDOCK_PG_BIN 指定其所在的文件夹",
        )
    return found


def dump(database: Database, folder: Path, tools: Path | None) -> DatabaseFacts:
    """Dump the database as it is at one moment into `folder`; returns the facts of that moment. Raises NotReady."""
    program = tool("pg_dump", tools)
    with database.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        snapshot = connection.exec_driver_sql("SELECT pg_export_snapshot()").scalar_one()
        facts = _facts(connection)
        path = folder / NAME
        path.touch(0o600)
        command = [program, "--format=custom", f"--snapshot={snapshot}", f"--file={path}", "--no-password"]
        _run(database, command)
    return facts


def check(folder: Path, facts: DatabaseFacts, tools: Path | None) -> None:
    """Read the dump in `folder` to its end and count the rows of every table; needs no server. Raises CopyDamaged, NotReady."""
    command = [tool("pg_restore", tools), "--data-only", "--file=-", str(folder / NAME)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as reading:  # noqa: S603
        if reading.stdout is None or reading.stderr is None:
            raise AssertionError("both were asked for")
        rows = dict(_counted(reading.stdout))
        message = reading.stderr.read().decode("utf-8", "replace")
    problems = [message.strip()] if reading.returncode else differing(facts.rows, rows)
    if problems:
        raise CopyDamaged(
            f"数据库副本 {folder / NAME} 已损坏：{'；'.join(problems)}", hint="请改用另一份备份"
        )


def load(database: Database, folder: Path, facts: DatabaseFacts, tools: Path | None) -> None:
    """Load the dump in `folder` into an empty database, all of it or nothing. Raises NotReady and CopyDamaged."""
    options = ("--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", "--no-password")
    _run(database, [tool("pg_restore", tools), *options, str(folder / NAME)], dbname=True)
    if problems := differing(facts.rows, facts_of(database).rows):
        raise CopyDamaged(f"恢复后的数据库与备份不符：{'；'.join(problems)}", hint="请改用另一份备份")


def facts_of(database: Database) -> DatabaseFacts:
    """The facts of the database as it is; no rows where it is empty."""
    with database.engine.connect() as connection:
        return _facts(connection)


def _facts(connection: Connection) -> DatabaseFacts:
    names = sorted(inspect(connection).get_table_names())
    rows = {
        name: int(connection.exec_driver_sql(f'SELECT count(*) FROM "{name}"').scalar_one()) for name in names
    }
    query = "SELECT version_num FROM alembic_version"
    revision = connection.exec_driver_sql(query).scalar() if "alembic_version" in names else None
    return DatabaseFacts(kind="postgresql", revision=revision or "", rows=rows)


def _counted(lines: Iterator[bytes]) -> Iterator[tuple[str, int]]:
    """Table and rows of every block of data: from a line `COPY public.table (...) FROM stdin;` to one of a backslash and a dot."""
    for line in lines:
        if line.startswith(b"COPY "):
            name = line.split(b" ", 2)[1].rpartition(b".")[2].decode().strip('"')
            yield name, sum(1 for _ in iter(lambda: next(lines), b"\\.\n"))


def _run(database: Database, command: list[str], *, dbname: bool = False) -> None:
    url = database.engine.url
    address = url.set(drivername="postgresql", password=None).render_as_string()
    target = [f"--dbname={address}"] if dbname else [address]
    # Not on the command line, where every user of the machine would see it.
    secret = {"PGPASSWORD": url.password} if url.password else {}
    done = subprocess.run(  # noqa: S603
        [*command, *target], env=os.environ | secret, capture_output=True, text=True, check=False
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"退出码 {done.returncode}"]
        raise NotReady(
            f"{Path(command[0]).name} 未能完成：{lines[-1]}",
            hint="请确认数据库可以连接、磁盘有空间，且该程序的版本不低于数据库服务器；可用 PATENTDOCK_PG_BIN 指定另一版本",
        )
