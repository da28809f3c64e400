"""Imports whose process ended without a word are told from those on their way."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from catalog.db import Database, sqlite_url
from catalog.imports import imports
from catalog.imports.imports import ImportStatus
from catalog.kit.base import now
from catalog.kit.errors import Conflict
from catalog.kit.processes import is_alive, this_process
from catalog.mending import undo
from service.installation.setup import initialise


@pytest.fixture
def database(tmp_path: Path) -> Database:
    made = Database(sqlite_url(tmp_path / "catalog.db"))
    initialise(made)
    return made


@pytest.fixture(scope="session")
def ended_process() -> str:
    """The name of a process of this machine that has ended."""
    script = "from catalog.kit.processes import this_process; print(this_process())"
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout.strip()


def started(database: Database, process: str) -> int:
    with database.write() as session:
        row = imports.start(session, "patents", "a.csv", "0" * 64, "命令行")
        row.process = process
        session.add(row)
    return row.id or 0


def test_a_process_is_alive_until_it_ends(ended_process: str) -> None:
    assert is_alive(this_process())
    assert is_alive(ended_process) is False
    same_number = this_process().rpartition("/")[0] + "/1"
    assert is_alive(same_number) is False
    assert is_alive("another-machine/1/1") is None


def test_an_import_of_an_ended_process_shows_as_interrupted_and_is_marked_by_the_next(
    database: Database, ended_process: str
) -> None:
    number = started(database, ended_process)
    with database.read() as session:
        shown = imports.public(imports.get(session, number))
    assert (shown.status, "重新导入同一文件" in shown.message) == (ImportStatus.INTERRUPTED, True)
    running = started(database, this_process())
    with database.read() as session:
        assert imports.get(session, number).status == ImportStatus.INTERRUPTED.value
        assert imports.get(session, running).status == ImportStatus.RUNNING.value


def test_an_interrupted_import_can_be_undone_a_running_one_not(
    database: Database, ended_process: str
) -> None:
    interrupted, running = started(database, ended_process), started(database, this_process())
    with database.write() as session:
        assert undo.undo(session, interrupted).removed == 0
    with pytest.raises(Conflict, match="仍在进行"), database.write() as session:
        undo.undo(session, running)


@pytest.mark.parametrize(("silent", "expected"), [(5, ImportStatus.RUNNING), (90, ImportStatus.INTERRUPTED)])
def test_an_import_on_another_machine_is_judged_by_its_last_sign(
    database: Database, silent: int, expected: ImportStatus
) -> None:
    number = started(database, "another-machine/1/1")
    with database.write() as session:
        imports.get(session, number).updated_at = now() - timedelta(minutes=silent)
    with database.read() as session:
        assert imports.public(imports.get(session, number)).status == expected
