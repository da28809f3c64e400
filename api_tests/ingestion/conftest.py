"""A fresh catalogue with a small segment catalogue for each test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from api_tests.ingestion.invented import Import, checked, stir
from catalog.db import Database, sqlite_url
from catalog.segments import segments
from ingestion.imports.importer import ImportReport, import_file


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
    """Import text or bytes as a file, always reading it; the invariant of counts is checked every time."""

    def run(
        content: str | bytes, name: str = "清单.csv", kind: str = "patents", *, dry_run: bool = False
    ) -> ImportReport:
        stir(database)
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return checked(import_file(database, path, kind, rejected_dir=tmp_path / "rejected", dry_run=dry_run))

    return run
