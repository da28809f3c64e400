"""The outcome of the same file on the same catalogue and on a changed one."""

from __future__ import annotations

from pathlib import Path

from api_tests.ingestion.invented import checked, counts, number
from catalog.db import Database
from catalog.imports import imports
from catalog.kit.days import beijing_today
from catalog.kit.paging import ListQuery
from catalog.licences import lists as licence_lists
from ingestion.imports.importer import ImportReport, import_file

CONTENT = f"名称,申请号\n一种水泵,{number(1)}\n一种阀门,{number(2)}\n,{number(3)}\n"


def run(database: Database, folder: Path, name: str = "a.csv", kind: str = "patents") -> ImportReport:
    return checked(
        import_file(database, folder / name, kind, today=beijing_today(), rejected_dir=folder / "rejected")
    )


def test_a_file_imported_again_changes_nothing(database: Database, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(CONTENT, encoding="utf-8")
    first = run(database, tmp_path)
    again = run(database, tmp_path)
    assert counts(again) == (0, 0, 2, 1)
    assert again.import_id != first.import_id
    assert again.refusals == first.refusals
    assert again.rejected_file is not None
    with database.read() as session:
        assert imports.rejected(session, again.import_id or 0, ListQuery()).total == 1


def test_a_change_in_between_has_it_read_again(database: Database, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(CONTENT, encoding="utf-8")
    (tmp_path / "b.csv").write_text(f"名称,申请号\n一种离心水泵,{number(1)}\n", encoding="utf-8")
    run(database, tmp_path)
    assert counts(run(database, tmp_path, "b.csv")) == (0, 1, 0, 0)
    assert counts(run(database, tmp_path)) == (0, 1, 1, 1)


def test_what_was_rejected_for_want_of_a_record_is_accepted_once_it_is_there(
    database: Database, tmp_path: Path
) -> None:
    (tmp_path / "l.csv").write_text(f"申请号,支付方式\n{number(1)},免费\n", encoding="utf-8")
    (tmp_path / "p.csv").write_text(
        f"名称,申请号,申请日,授权公告日\n一种水泵,{number(1)},2019-01-02,2021-01-02\n", encoding="utf-8"
    )
    assert counts(run(database, tmp_path, "l.csv", "licences")) == (0, 0, 0, 1)
    run(database, tmp_path, "p.csv")
    assert counts(run(database, tmp_path, "l.csv", "licences")) == (1, 0, 0, 0)
    assert counts(run(database, tmp_path, "l.csv", "licences")) == (0, 0, 1, 0)
    with database.read() as session:
        assert licence_lists.page(session, ListQuery(), today=beijing_today()).total == 1
