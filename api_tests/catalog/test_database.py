"""The database: migrations, modes, isolation of writers."""

import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError
from sqlmodel import SQLModel

import catalog.tables  # noqa: F401
from catalog.accounts import keys as access_keys
from catalog.db import Database, sqlite_url
from catalog.kit.errors import Busy, Conflict, InvalidInput, NotReady

REFERRING = ("imports", "rejected_rows")
ON_POSTGRESQL = {"ix_record_changes_transaction_id_seq"}
"""Indexes that SQLite does not need."""


@pytest.fixture
def database(tmp_path: Path) -> Database:
    db = Database(sqlite_url(tmp_path / "catalog.db"))
    db.upgrade()
    return db


def test_migrations_and_models_agree(database: Database) -> None:
    with database.engine.connect() as connection:
        opts = {"compare_type": True, "include_object": lambda _, name, *__: name not in ON_POSTGRESQL}
        context = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(context, SQLModel.metadata) == []
    current, head = database.revisions()
    assert current == head is not None


def test_what_is_stored_survives_an_upgrade(tmp_path: Path) -> None:
    """Rows that refer to a table that a migration changes stay, and so do those they refer to."""
    (tmp_path / "catalog.db").touch()
    database = Database(sqlite_url(tmp_path / "catalog.db"))
    with database.engine.begin() as connection:
        command.upgrade(database._alembic(connection), "0013")
        connection.execute(
            text(
                "INSERT INTO imports (id, kind, file_name, file_hash, actor, source, process, state, status, rows, new,"
                " changed, unchanged, rejected, mapping, columns, preview, message, created_at, updated_at)"
                " VALUES (1, 'patents', 'a.csv', '', '', '', '', '', 'finished', 1, 0, 0, 0, 1, '{}', '[]', '[]', '',"
                " '2026-11-30', '2026-11-30')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO rejected_rows (import_id, sheet, line, field, value, reason, cells)"
                " VALUES (1, '', 2, '', '', '缺少名称', '{}')"
            )
        )
    database.upgrade()
    with database.read() as session:
        counts = [session.execute(text(f"SELECT count(*) FROM {name}")).scalar() for name in REFERRING]
    assert counts == [1, 1]


def test_sqlite_runs_in_wal_mode_with_foreign_keys(database: Database) -> None:
    with database.read() as session:
        assert session.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert session.execute(text("PRAGMA foreign_keys")).scalar() == 1


def test_what_is_acknowledged_is_on_the_disk_and_for_the_owner_alone(
    database: Database, tmp_path: Path
) -> None:
    with database.write() as session:
        assert session.execute(text("PRAGMA synchronous")).scalar() == 2  # FULL
    for name in ("catalog.db", "catalog.db-wal"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600


def test_a_database_that_vanishes_is_named_and_never_made_anew(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "catalog.db"
    assert path.rename(tmp_path / "away.db").is_file()
    for block in (database.write, database.read):
        with pytest.raises(NotReady, match=r"catalog\.db 不存在"), block() as session:
            access_keys.create(session, "无处可写")
    assert database.revisions()[0] is None
    assert not path.exists()
    # Put back, it is used again without a restart.
    (tmp_path / "away.db").rename(path)
    with database.write() as session:
        access_keys.create(session, "省平台")


def test_a_failed_block_writes_nothing(database: Database) -> None:
    def fail_halfway() -> None:
        with database.write() as session:
            access_keys.create(session, "平台")
            access_keys.create(session, "平台")

    with pytest.raises(Conflict):
        fail_halfway()
    with database.read() as session:
        assert list(access_keys.keys(session)) == []


def test_an_unreadable_address_is_explained() -> None:
    with pytest.raises(NotReady, match="数据库地址无法识别"):
        Database("not a url")


def test_api_keys_are_hashed_and_can_be_revoked(database: Database) -> None:
    with database.write() as session:
        key = access_keys.create(session, "省平台")
    with database.write() as session:
        row = access_keys.verify(session, key)
        assert row is not None
        assert row.name == "省平台"
        assert key.split("_", 2)[2] not in row.secret_hash
        assert access_keys.verify(session, key[:-1]) is None
        assert access_keys.verify(session, "pd_1") is None
        access_keys.revoke(session, "省平台")
    with database.read() as session:
        assert access_keys.verify(session, key) is None


def test_opening_the_database_alone_knows_every_table() -> None:
    program = "import catalog.db; from sqlmodel import SQLModel; print(len(SQLModel.metadata.sorted_tables))"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) == len(SQLModel.metadata.tables)


@pytest.mark.parametrize("name", ["", "  ", "长" * 101, "a\x00b"])
def test_a_key_needs_a_name_that_can_be_read(database: Database, name: str) -> None:
    with pytest.raises(InvalidInput, match="1 至 100"), database.write() as session:
        access_keys.create(session, name)


def test_a_database_that_cannot_be_written_is_explained(database: Database) -> None:
    event.listen(database.engine, "connect", lambda raw, _: raw.execute("PRAGMA query_only=ON"))
    database.dispose()
    with pytest.raises(NotReady, match="只读"), database.write() as session:
        access_keys.create(session, "省平台")


def test_a_file_that_is_no_database_is_explained(tmp_path: Path) -> None:
    path = tmp_path / "catalog.db"
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(NotReady, match="不是 SQLite 数据库"):
        Database(sqlite_url(path)).revisions()


def test_a_faulty_statement_is_not_blamed_on_the_database(database: Database) -> None:
    with pytest.raises(OperationalError), database.read() as session:
        session.execute(text("SELEC 1"))


def test_a_writer_waits_for_another_and_is_then_told_that_the_database_is_busy(
    database: Database, tmp_path: Path
) -> None:
    hasty = Database(sqlite_url(tmp_path / "catalog.db"), patience=0.05)
    with database.write() as holder:
        access_keys.create(holder, "甲")
        with pytest.raises(Busy, match="仍未轮到") as busy, hasty.write() as session:
            access_keys.create(session, "乙")
    assert busy.value.retry_after > 0
    with hasty.write() as session:
        access_keys.create(session, "乙")
    hasty.dispose()
