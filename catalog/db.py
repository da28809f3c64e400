"""The database: SQLite in WAL mode by default, PostgreSQL by URL, one schema by alembic."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, DisconnectionError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import Session

# Foreign keys between modules resolve only when every module with tables has been imported.
import catalog.tables  # noqa: F401
from catalog.accounts import viewers
from catalog.accounts.viewers import VIEWER
from catalog.kit.base import as_json
from catalog.kit.errors import Busy, NotReady

__all__ = ["Database", "Session", "sqlite_url"]

PATIENCE = 30.0
"""Seconds that a writer waits for others."""
RETRY_AFTER = 10
"""Seconds after which another try is worth it: most transactions are over within one."""

_BUSY_WRITER = "数据库正由其他操作写入，等候后仍未轮到"
_NO_CONNECTION = "数据库连接已全部占用"
_BUSY_STATES = {
    "55P03": _BUSY_WRITER,
    "40001": "与同时进行的写入冲突，本次写入已撤回",
    "40P01": "与同时进行的写入互相等待，本次写入已撤回",
    "53300": _NO_CONNECTION,
}
"""What PostgreSQL calls a state in which another try will do."""

_REASONS = {
    "readonly database": "数据库文件只读，无法写入",
    "unable to open database file": "数据库文件无法打开",
    "not a database": "数据库文件已损坏，或不是 SQLite 数据库",
    "malformed": "数据库文件已损坏",
    "disk is full": "磁盘已满，数据库无法写入",
    "disk I/O error": "磁盘读写出错，数据库无法使用",
    "no such table": "数据库中缺少表，结构尚未建立",
}


def sqlite_url(path: Path) -> str:
    """URL of the SQLite database in the file `path`."""
    return f"sqlite:///{path}"


def _prepare_sqlite(connection: Any, patience: float) -> None:
    # The driver's own implicit BEGIN would hide ours; see _begin.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={patience * 1000:.0f}",
        "journal_mode=WAL",
        # Every commit is on the disk before it is acknowledged; without, a power cut takes the last ones (docs/reliability.md).
        "synchronous=FULL",
        "foreign_keys=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _prepare_postgresql(connection: Any, patience: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = {patience * 1000:.0f}")
    connection.commit()


def _busy(reason: str) -> Busy:
    return Busy(reason, hint=f"请在 {RETRY_AFTER} 秒后重试", retry_after=RETRY_AFTER)


def _why_busy(error: BaseException | None) -> str:
    """The reason in Chinese where a driver's error means that others hold the database; empty for any other failure."""
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the higher bits tell how it came about
        return _BUSY_WRITER if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) else ""
    return _BUSY_STATES.get(getattr(error, "sqlstate", None) or "", "")


@contextmanager
def _usable() -> Iterator[None]:
    """Translates failures of the database itself into Busy and NotReady; errors about stored data pass through."""
    try:
        yield
    except PoolTimeout as error:
        raise _busy(_NO_CONNECTION) from error
    except DatabaseError as error:
        if why := _why_busy(error.orig):
            raise _busy(why) from error
        # The other subclasses concern statements and values, not the database.
        if type(error) not in (DatabaseError, OperationalError):
            raise
        reason = next((text for words, text in _REASONS.items() if words in str(error.orig)), "")
        # SQLite puts faulty statements of the program into the same class.
        if not reason and isinstance(error.orig, sqlite3.Error):
            raise
        raise NotReady(
            reason or f"数据库无法使用：{error.orig}",
            hint="请确认数据目录可写、数据库服务已启动、地址正确；patentdock doctor 会指出问题所在",
        ) from error


@contextmanager
def _rebuilding(connection: Connection) -> Iterator[None]:
    """Lets migrations make a table anew in the place of the old one, to which others refer; SQLite alone needs it."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        yield
        return
    # Outside of any transaction: within one it has no effect.
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys=ON")


def _file_number(path: Path) -> int | None:
    """The number that the system has for the file at `path`; None where there is none."""
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None


def _watch_file(engine: Engine, path: Path) -> None:
    """Lets no connection outlive the file that it was opened on: it would write where nobody finds it again."""

    def be_there(*_: Any) -> None:
        # SQLite would make an empty one.
        if not path.exists():
            raise NotReady(
                f"数据库文件 {path} 不存在",
                hint="新安装请运行 patentdock init；被删除或移走的，请放回原处，或用 patentdock restore 从备份恢复",
            )

    def note(_connection: Any, record: Any) -> None:
        record.info["file"] = _file_number(path)

    def compare(_connection: Any, record: Any, _proxy: Any) -> None:
        if record.info.get("file") != _file_number(path):
            raise DisconnectionError

    event.listen(engine, "do_connect", be_there)
    event.listen(engine, "connect", note)
    event.listen(engine, "checkout", compare)


def _begin(connection: Connection) -> None:
    # A transaction that reads first and writes later fails at once when another writer came between:
    # writers take the lock at the start and wait for it.
    write = connection.get_execution_options().get("write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


class Database:
    """The catalogue's database behind a URL. One instance a process; sessions are short.

    A writer waits `patience` seconds for others, then Busy is raised.
    """

    def __init__(self, url: str, patience: float = PATIENCE) -> None:
        self._file: Path | None = None
        try:
            parsed = make_url(url)
            if parsed.get_backend_name() == "sqlite" and parsed.database:
                self._file = Path(parsed.database)
                self._file.parent.mkdir(parents=True, exist_ok=True)
            if parsed.drivername == "postgresql":
                parsed = parsed.set(drivername="postgresql+psycopg")
            self.engine: Engine = create_engine(parsed, pool_pre_ping=True, json_serializer=as_json)
        except (ArgumentError, ImportError) as error:
            raise NotReady(
                f"数据库地址无法识别：{url}",
                hint="请检查 PATENTDOCK_DATABASE_URL，例如 sqlite:////数据目录/catalog.db",
            ) from error
        prepare = _prepare_sqlite if self.is_sqlite else _prepare_postgresql
        event.listen(self.engine, "connect", lambda connection, _: prepare(connection, patience))
        if self.is_sqlite:
            event.listen(self.engine, "begin", _begin)
        if self._file:
            _watch_file(self.engine, self._file)
        self._writer = self.engine.execution_options(write=True)

    @property
    def is_sqlite(self) -> bool:
        """Whether this is SQLite."""
        return self.engine.dialect.name == "sqlite"

    def _session(self, engine: Engine) -> Session:
        """A session of the viewer in whose request it is opened, and who may ask what it is asked."""
        return Session(engine, expire_on_commit=False, info={VIEWER: viewers.current()})

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for reading; nothing is committed. Raises NotReady when the database is of no use, and Busy."""
        with _usable(), self._session(self.engine) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session that commits when the block ends well and rolls back when it does not.

        Raises NotReady when the database cannot be written to, and Busy while others write for too long.
        """
        with _usable(), self._session(self._writer) as session:
            yield session
            session.commit()

    @property
    def file(self) -> Path | None:
        """The file of SQLite, None for PostgreSQL."""
        return self._file

    @property
    def is_missing(self) -> bool:
        """Whether this is SQLite without its file."""
        return self._file is not None and not self._file.exists()

    @contextmanager
    def exclusive(self) -> Iterator[Connection]:
        """A connection to the whole database while nobody else writes; what it writes is committed when the block ends well.

        Raises NotReady, and Busy while others write for too long.
        """
        with _usable(), self._writer.connect() as connection:
            if not self.is_sqlite:
                tables = ", ".join(f'"{name}"' for name in inspect(connection).get_table_names())
                connection.exec_driver_sql(f"LOCK TABLE {tables} IN SHARE ROW EXCLUSIVE MODE")
            yield connection
            connection.commit()

    def migrations(self) -> Config:
        """The configuration of alembic, without a connection."""
        return self._alembic()

    def _alembic(self, connection: Connection | None = None) -> Config:
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        config.attributes["connection"] = connection
        return config

    def upgrade(self) -> None:
        """Bring the schema to the newest revision; makes a SQLite database that is not there, for the owner's eyes alone.

        Raises NotReady when the database cannot be reached.
        """
        if self._file:
            self._file.touch(0o600)
        with _usable(), self._writer.connect() as connection, _rebuilding(connection):
            command.upgrade(self._alembic(connection), "head")
            connection.commit()

    def revisions(self) -> tuple[str | None, str | None]:
        """The schema revision in the database, None without one, and the newest one known to the program. Raises NotReady."""
        head = ScriptDirectory.from_config(self.migrations()).get_current_head()
        if self.is_missing:
            return None, head
        with _usable(), self.engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision(), head

    def copy_to(self, path: Path) -> Database:
        """A consistent copy of a SQLite database in a new file; others may write meanwhile. Raises NotReady."""
        with _usable(), self.engine.connect() as connection:
            source = connection.connection.driver_connection
            target = sqlite3.connect(path)
            try:
                if isinstance(source, sqlite3.Connection):
                    connection.rollback()
                    source.backup(target)
            except sqlite3.Error as error:
                raise OperationalError("backup", None, error) from error
            finally:
                target.close()
        return Database(sqlite_url(path))

    def dispose(self) -> None:
        """Close all connections."""
        self.engine.dispose()
