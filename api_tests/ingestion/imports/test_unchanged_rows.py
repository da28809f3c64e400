"""Rows left unread: the catalogue and the reports are the same as if every row had been read."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from api_tests.ingestion.invented import checked, counts, number
from catalog.conflicts import edits as conflict_edits
from catalog.db import Database, sqlite_url
from catalog.imports import conflicts
from catalog.imports.conflicts import ConflictFilter
from catalog.kit.days import beijing_today
from catalog.kit.errors import PatentDockError
from catalog.kit.paging import ListQuery
from catalog.kit.terms import ConflictStatus, Decision
from catalog.mending import undo
from catalog.supply import holder_merges, patent_edits, patent_lists, patents
from catalog.supply.patents import PatentCreate
from ingestion.imports.importer import ImportLimits, ImportReport, import_file
from ingestion.storing.rows import RowReader, Taken

HEADER = "名称,申请号,公开号,公开日,专利权人,分类号,摘要,被引证次数,序号\n"
ROWS = [f"一种{p}号水泵,{number(p)},,,示例大学,F04D29/22,,," for p in range(1, 6)]


def save(folder: Path, rows: list[str], name: str = "a.csv") -> Path:
    path = folder / name
    path.write_text(HEADER + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return path


# The first rows of a file are read for the preview; here none is.
NO_PREVIEW = ImportLimits(preview=0)


def run(database: Database, path: Path, limits: ImportLimits = NO_PREVIEW) -> ImportReport:
    folder = path.parent / "rejected"
    return checked(
        import_file(database, path, "patents", today=beijing_today(), rejected_dir=folder, limits=limits)
    )


@contextmanager
def reading(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The titles of the rows that are read."""
    titles: list[str] = []
    real = RowReader.read

    def note(reader: RowReader, taken: Taken) -> None:
        real(reader, taken)
        titles.append(taken.record.title)

    with monkeypatch.context() as patched:
        patched.setattr(RowReader, "read", note)
        yield titles


def test_only_what_is_new_is_read(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(database, save(tmp_path, ROWS))
    # Another order, another running number, one row changed and one new.
    again = [f"{row}{place}" for place, row in enumerate(reversed(ROWS))]
    again[2] = again[2].replace("示例大学", "示例大学；示例研究院")
    again.append(f"一种9号水泵,{number(9)},,,示例大学,,,,")
    with reading(monkeypatch) as titles:
        assert counts(run(database, save(tmp_path, again))) == (1, 1, 4, 0)
    assert titles == ["一种3号水泵", "一种9号水泵"]


def test_an_edit_has_the_row_read_again(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(database, save(tmp_path, ROWS))
    with database.write() as session:
        found = patents.find(session, number(2))
        assert found is not None
        patent_edits.replace(session, found.id or 0, PatentCreate(application_number=number(2), title="甲"))
    with reading(monkeypatch) as titles:
        assert counts(run(database, save(tmp_path, ROWS[::-1]))) == (0, 1, 4, 0)
    assert titles == ["一种2号水泵"]


def test_a_second_row_of_a_patent_is_held_against_the_first(database: Database, tmp_path: Path) -> None:
    run(database, save(tmp_path, ROWS))
    wrong = ROWS[0].replace("1号水泵", "阀门")
    assert counts(run(database, save(tmp_path, [*ROWS, wrong]))) == (0, 0, 4, 2)
    assert counts(run(database, save(tmp_path, [wrong, *ROWS]))) == (0, 0, 4, 2)


def test_a_dry_run_of_a_large_file_locks_nobody_out(database: Database, tmp_path: Path) -> None:
    path = save(tmp_path, ROWS)

    def write(_rows: int, _total: int | None) -> None:
        with database.write() as session:
            session.execute(text("PRAGMA busy_timeout=0"))
            session.execute(text("DELETE FROM imported_rows"))

    report = import_file(
        database,
        path,
        "patents",
        today=beijing_today(),
        rejected_dir=tmp_path,
        dry_run=True,
        progress=write,
        limits=ImportLimits(small_file=10),
    )
    assert counts(report) == (5, 0, 0, 0)
    with database.read() as session:
        assert patent_lists.count(session) == 0


# Whatever happens to the catalogue between files: each step is done to a catalogue that has its marks and to one without.

_ROW = st.builds(
    lambda title, serial, body, on, holder, ipc, cited, note: (
        f"一种{title}泵,{number(serial) if serial else ''},{body},{on},{holder},{ipc},{note},{cited},"
    ),
    st.sampled_from("甲甲乙"),
    st.sampled_from([1, 1, 1, 2, 0]),
    st.sampled_from(["", "", "CN109900001A", "CN109900001B", "CN109900002A"]),
    st.sampled_from(["", "2020.01.02", "2021.01.02"]),
    st.sampled_from(["", "示例大学", "样例大学", "示例大学;样例大学", "样例大学;示例大学"]),
    st.sampled_from(["", "F04D29/22", "G02F1/13;F04D29/22", "??"]),
    st.sampled_from(["", "2", "3"]),
    st.sampled_from(["", "一种泵。"]),
)
_FILES = st.lists(_ROW, min_size=1, max_size=4)
_ACTS = st.sampled_from(["turned", "turned", "again", "undo", "merge", "part", "edit", "keep", "replace"])
_STEPS = st.lists(st.one_of(_FILES, _ACTS, _ACTS), min_size=1, max_size=6)


@dataclass
class _Catalogue:
    """A catalogue on which steps are done; one that keeps no marks reads every row."""

    database: Database
    folder: Path
    keeps_marks: bool
    limits: ImportLimits
    last: list[str]
    log: list[Any]

    def take(self, step: list[str] | str) -> None:
        """Do a step; what it answered or refused goes to the log."""
        try:
            self.log.append(self._do(step))
        except PatentDockError as error:
            self.log.append(error.message.partition("（")[0])

    def _do(self, step: list[str] | str) -> Any:
        if isinstance(step, list) or step in ("again", "turned"):
            return self._import(step)
        with self.database.write() as session:
            return _ACTIONS[str(step)](session)

    def _import(self, step: list[str] | str) -> Any:
        if isinstance(step, list):
            self.last = step
        elif step == "turned":
            self.last = self.last[::-1]
        if not self.keeps_marks:
            with self.database.write() as session:
                session.execute(text("DELETE FROM imported_rows"))
        report = run(self.database, save(self.folder, self.last), self.limits)
        return counts(report), report.messages, [refusal.reason for refusal in report.refusals]

    def dump(self) -> dict[str, list[Any]]:
        """All that is stored but times."""
        queries = {
            "patents": "id, application_number, title, kind, abstract, publication_date, import_id",
            "publications": "*",
            "holders": "id, name, merged_into",
            "patent_holders": "*",
            "patent_classes": "*",
            "patent_facts": "id, patent_id, kind, value, note, import_id",
            "import_changes": "import_id, kind, record_id",
            "imports": "id, status, rows, new, changed, unchanged, rejected, waiting",
            "rejected_rows": "import_id, line, reason",
            "conflicts": "id, number, name, owners, record_id, status",
            "conflict_rows": "conflict_id, import_id, line",
        }
        with self.database.read() as session:
            return {
                table: sorted(map(repr, session.execute(text(f"SELECT {columns} FROM {table}"))))
                for table, columns in queries.items()
            }


def _edit(session: Any) -> None:
    found = patents.find(session, number(1))
    if found is not None:
        patent_edits.replace(session, found.id or 0, PatentCreate(application_number=number(1), title="改后"))


def _merge(session: Any) -> None:
    ids = {row.name: row.id or 0 for row in session.execute(text("SELECT name, id FROM holders"))}
    if {"示例大学", "样例大学"} <= ids.keys():
        holder_merges.merge(session, ids["示例大学"], [ids["样例大学"]])


def _part(session: Any) -> None:
    open_ones = session.execute(
        text("SELECT max(id) FROM holder_merges WHERE undone_at IS NULL")
    ).scalar_one()
    if open_ones:
        holder_merges.take_back(session, open_ones)


def _undo(session: Any) -> None:
    last = session.execute(text("SELECT max(id) FROM imports WHERE status != 'undone'")).scalar_one()
    if last:
        undo.undo(session, last)


def _decide(session: Any, decision: Decision) -> None:
    for row in conflicts.page(session, ListQuery(size=1), ConflictFilter(status=ConflictStatus.PENDING)).rows:
        conflict_edits.decide(session, row.id or 0, decision, actor="测试")


_ACTIONS: dict[str, Callable[[Any], None]] = {
    "edit": _edit,
    "merge": _merge,
    "part": _part,
    "undo": _undo,
    "keep": partial(_decide, decision=Decision.KEEP),
    "replace": partial(_decide, decision=Decision.REPLACE),
}


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(first=_FILES, steps=_STEPS, batch=st.integers(1, 3))
def test_unread_rows_leave_no_trace(
    template: Path,
    first: list[str],
    steps: list[list[str] | str],
    batch: int,
) -> None:
    with tempfile.TemporaryDirectory() as name:
        results = []
        for keeps_marks in (True, False):
            folder = Path(name) / str(keeps_marks)
            folder.mkdir()
            shutil.copy(template, folder / "catalog.db")
            catalogue = _Catalogue(
                Database(sqlite_url(folder / "catalog.db")),
                folder,
                keeps_marks,
                ImportLimits(batch, preview=0),
                [ROWS[0]],
                [],
            )
            for step in [first, *steps, "again"]:
                catalogue.take(step)
            results.append((catalogue.log, catalogue.dump()))
            catalogue.database.dispose()
        assert results[0] == results[1]
