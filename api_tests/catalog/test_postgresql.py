"""The catalogue on PostgreSQL: the same migrations, the same upserts."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import select, text
from sqlmodel import Session, SQLModel, col

import demo
from catalog.accounts import keys as access_keys
from catalog.changes import feed
from catalog.changes.feed import FeedPage, FeedQuery
from catalog.changes.record_changes import ChangePlace, place_of
from catalog.db import Database, sqlite_url
from catalog.demand import enterprises, needs
from catalog.demand.enterprises import Enterprise, EnterpriseCreate
from catalog.demand.needs import Need
from catalog.dumps import postgresql_dumps
from catalog.dumps.facts import CopyDamaged
from catalog.dumps.moving import move
from catalog.kit.base import id_of, now
from catalog.kit.days import beijing_today
from catalog.kit.errors import Busy, Conflict, NotReady
from catalog.kit.paging import ListQuery
from catalog.licences import lists as licence_lists
from catalog.licences.licences import Licence
from catalog.supply import patent_lists
from catalog.supply.patent_lists import PatentFilter, page
from catalog.supply.patents import Patent
from catalog.supply.patents_shown import publics
from catalog.webhooks import edits as webhook_edits
from catalog.webhooks.deliveries import claim, webhooks_due
from catalog.webhooks.edits import WebhookInput
from catalog.webhooks.events import DEAL_CHANGED
from catalog.webhooks.outbox import announce
from ingestion.imports.importer import ImportLimits, import_file
from ingestion.storing.rows import RowReader
from service.installation.setup import initialise

pytestmark = pytest.mark.postgresql


def _binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).parent
    if os.environ.get("CI"):
        pytest.fail("CI must have PostgreSQL; see .ci/run")
    pytest.skip("PostgreSQL is not on this machine")


def _as_postgres(*command: str | Path) -> None:
    # PostgreSQL refuses to run as root.
    words = [str(word) for word in command]
    if os.geteuid() == 0:
        words = ["runuser", "-u", "postgres", "--", *words]
    subprocess.run(words, check=True, capture_output=True, timeout=120, cwd="/")


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    binaries = _binaries()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    # Not under pytest's own folder, which another user may not enter.
    with tempfile.TemporaryDirectory(prefix="patentdock-pg-") as name:
        folder = Path(name)
        if os.geteuid() == 0:
            os.chown(folder, pwd.getpwnam("postgres").pw_uid, -1)
        data = folder / "data"
        _as_postgres(
            binaries / "initdb", "-D", data, "-U", "patentdock", "-A", "trust", "-E", "UTF8", "--no-sync"
        )
        options = f"-c listen_addresses=127.0.0.1 -p {port} -k {folder} -c fsync=off"
        _as_postgres(binaries / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start")
        try:
            db = Database(f"postgresql://patentdock@127.0.0.1:{port}/postgres")
            initialise(db)
            yield db
            db.dispose()
        finally:
            _as_postgres(binaries / "pg_ctl", "-D", data, "-m", "immediate", "stop")


def test_migrations_and_models_agree(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []


def test_a_table_that_another_holds_is_waited_for_and_then_busy(database: Database) -> None:
    hasty = Database(database.engine.url.render_as_string(hide_password=False), patience=0.1)
    with database.write() as holder:
        holder.execute(text("LOCK TABLE api_keys"))
        with pytest.raises(Busy, match="仍未轮到"), hasty.write() as session:
            access_keys.create(session, "占用")
    hasty.dispose()


def test_demonstration_data_imports_and_lists(database: Database, tmp_path: Path) -> None:
    def load() -> dict[str, tuple[int, int, int, int]]:
        reports = {
            kind: import_file(
                database, demo.path(kind), kind, is_demo=True, today=beijing_today(), rejected_dir=tmp_path
            )
            for kind in demo.kinds()
        }
        return {kind: (r.new, r.changed, r.unchanged, r.rejected) for kind, r in reports.items()}

    assert load() == {
        "enterprises": (40, 0, 0, 0),
        "patents": (344, 0, 0, 0),
        "needs": (64, 0, 0, 0),
        "licences": (65, 0, 0, 0),
        "facts": (210, 1, 0, 0),
    }
    assert all(new == changed == rejected == 0 for new, changed, _, rejected in load().values())
    with database.read() as session:
        rows = page(session, ListQuery(size=5, sort="-filing_date"), PatentFilter(ipc=["H01M"]))
        assert rows.total > 5
        assert all(
            any(c.startswith("H01M") for c in p.ipc)
            for p in publics(session, rows.rows, today=beijing_today())
        )


def test_main_lists_are_walked_by_cursor_and_counted_as_on_sqlite(database: Database) -> None:
    today = beijing_today()
    with database.read() as session:
        for main, query in (
            (patent_lists.LIST, select(Patent)),
            (needs.main_list(today), select(Need)),
            (enterprises.LIST, select(Enterprise)),
            (
                licence_lists.main_list(today),
                select(Licence).join(Patent, col(Patent.id) == col(Licence.patent_id)),
            ),
        ):
            wanted = ListQuery(size=200, facets=list(main.facets), cursor="*", count=True)
            first = main.page(session, query, wanted)
            assert first.facets is not None
            assert all(counts for name, counts in first.facets.items() if name != "year")
            for name in main.sorts.columns:
                for sort in (name, f"-{name}"):
                    ids, cursor = list[int](), "*"
                    while cursor:
                        found = main.page(session, query, ListQuery(size=50, sort=sort, cursor=cursor))
                        ids += [row.id for row in found.rows]
                        cursor = found.next or ""
                    assert len(ids) == len(set(ids)) == first.total, (main.model, sort)
        some = patent_lists.page(session, ListQuery(), PatentFilter(among=[1, 2, 3], not_among=[2]))
        assert [row.id for row in some.rows] == [1, 3]


def test_rows_that_say_nothing_new_are_left_unread(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [f"一种{p}号示例泵,20199990000{p},2\n" for p in range(1, 6)]
    path = tmp_path / "清单.csv"
    path.write_text("名称,申请号,被引证次数\n" + "".join(rows), encoding="utf-8")
    import_file(database, path, "patents", today=beijing_today(), rejected_dir=tmp_path)
    path.write_text("名称,申请号,被引证次数\n" + "".join(reversed(rows)), encoding="utf-8")
    monkeypatch.setattr(RowReader, "read", lambda *_: pytest.fail("a row was read"))
    again = import_file(
        database,
        path,
        "patents",
        today=beijing_today(),
        rejected_dir=tmp_path,
        limits=ImportLimits(preview=0),
    )
    assert (again.new, again.changed, again.unchanged, again.rejected) == (0, 0, 5, 0)


def _add_firm(session: Session, name: str) -> None:
    enterprises.create(session, EnterpriseCreate(name=name))


def _read(database: Database, after: ChangePlace) -> FeedPage:
    with database.read() as session:
        return feed.page(session, FeedQuery(after=after, kinds=["enterprises"], size=200))


def test_a_transaction_that_commits_late_is_not_missed_by_those_who_read_a_later_one(
    database: Database,
) -> None:
    before = _read(database, ChangePlace())
    with database.write() as late:
        _add_firm(late, "先开始、后提交的企业")
        with database.write() as early:
            _add_firm(early, "后开始、先提交的企业")
        between = _read(database, before.next)
        # What comes after an open transaction waits for it.
        assert between.rows == []
        assert between.next == before.next
    after = _read(database, between.next)
    assert [change.operation for change in after.rows] == ["created", "created"]
    first, second = (place_of(row) for row in after.rows)
    assert first < second
    again = _read(database, after.next)
    assert again.rows == []
    with database.write() as session:
        session.execute(text("UPDATE enterprises SET name = name WHERE name LIKE '%%提交的企业'"))
        session.execute(text("DELETE FROM enterprises WHERE name LIKE '先开始%%'"))
    operations = sorted(change.operation for change in _read(database, again.next).rows)
    assert operations == ["deleted", "updated"]


def test_a_catalogue_that_moved_to_a_server_that_counts_from_lower_numbers_keeps_the_order(
    database: Database,
) -> None:
    with database.write() as session:
        _add_firm(session, "搬迁前的企业")
        # As if the server that noted this had counted much further than the present one.
        session.execute(text("UPDATE record_changes SET transaction_id = transaction_id + 1000000000"))
        place = ChangePlace(
            *session.execute(text("SELECT max(transaction_id), max(seq) FROM record_changes")).one()
        )
    database.upgrade()
    assert _read(database, place).rows == []
    with database.write() as session:
        _add_firm(session, "搬迁后的企业")
    moved = _read(database, place)
    assert [change.operation for change in moved.rows] == ["created"]
    assert _read(database, moved.next).rows == []


def test_two_senders_claim_different_events_and_nobody_deletes_a_receiver_that_is_being_told(
    database: Database,
) -> None:
    with database.write() as session:
        data = WebhookInput(name="省平台", url="http://127.0.0.1:9/", events=["deal.changed"])
        hook = id_of(webhook_edits.create(session, data, actor="测试", allow_http=True))
    with database.write() as session:
        announce(session, DEAL_CHANGED, {1: {}, 2: {}})
        hasty = Database(database.engine.url.render_as_string(hide_password=False), patience=0.1)
        with pytest.raises(Busy), hasty.write() as other:
            webhook_edits.delete(other, hook)
    claims = []
    with database.write() as one, hasty.write() as other:
        for session in (one, other):
            claimed = claim(session, hook, now(), at_most=1, lease=timedelta(minutes=1))
            assert claimed
            claims.append(claimed.parcels[0].delivery_id)
    assert len(set(claims)) == 2
    with hasty.write() as session:
        assert webhooks_due(session, now()) == []
        webhook_edits.delete(session, hook)
    hasty.dispose()


def _emptied(database: Database) -> Database:
    """An empty database on the same server."""
    url = database.engine.url
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("DROP DATABASE IF EXISTS empty"))
        connection.execute(text("CREATE DATABASE empty"))
    return Database(url.set(database="empty").render_as_string(hide_password=False))


def _rows(database: Database) -> dict[str, list[str]]:
    with database.engine.connect() as connection:
        return {
            table.name: sorted(repr(tuple(row)) for row in connection.execute(table.select()))
            for table in SQLModel.metadata.sorted_tables
        }


def test_a_catalogue_moves_to_postgresql_and_back_row_by_row(database: Database, tmp_path: Path) -> None:
    first = Database(sqlite_url(tmp_path / "first.db"))
    initialise(first)
    for kind in demo.kinds():
        import_file(first, demo.path(kind), kind, is_demo=True, today=beijing_today(), rejected_dir=tmp_path)
    with first.write() as session:
        highest = session.execute(text("SELECT seq FROM sqlite_sequence WHERE name = 'patents'")).scalar_one()
    server, back = _emptied(database), Database(sqlite_url(tmp_path / "back.db"))
    rows = move(first, server, lambda *_: None)
    assert rows["patents"] == 344
    with pytest.raises(Conflict, match="不是空的"):
        move(first, server, lambda *_: None)
    with server.read() as session:
        following = text("SELECT nextval(pg_get_serial_sequence('patents', 'id'))")
        assert session.execute(following).scalar_one() > highest
    move(server, back, lambda *_: None)
    assert _rows(first) == _rows(server) == _rows(back)
    # Records go on being noted and numbered.
    with back.write() as session:
        _add_firm(session, "搬回之后的企业")
    for moved in (first, server, back):
        moved.dispose()


def test_a_dump_is_counted_without_a_server_and_loads_whole_or_not_at_all(
    database: Database, tmp_path: Path
) -> None:
    with database.write() as session:
        _add_firm(session, "备份里的企业\n有两行")
    facts = postgresql_dumps.dump(database, tmp_path, None)
    postgresql_dumps.check(tmp_path, facts, None)
    target = _emptied(database)
    postgresql_dumps.load(target, tmp_path, facts, None)
    target.upgrade()
    assert _rows(target) == _rows(database)
    path = tmp_path / postgresql_dumps.NAME
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(CopyDamaged, match=path.name):
        postgresql_dumps.check(tmp_path, facts, None)
    target.dispose()
    half = _emptied(database)
    with pytest.raises(NotReady, match="pg_restore"):
        postgresql_dumps.load(half, tmp_path, facts, None)
    assert postgresql_dumps.facts_of(half).rows == {}
    half.dispose()
    with pytest.raises(NotReady, match="PATENTDOCK_PG_BIN"):
        postgresql_dumps.tool("pg_dump", tmp_path)
