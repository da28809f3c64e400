"""One credit code is one enterprise: other names under it are refused with both lines, or wait; nothing is renamed in silence."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from api_tests.ingestion.invented import Import, checked
from catalog.conflicts import edits as conflict_edits
from catalog.conflicts import shown as conflicts_shown
from catalog.conflicts.shown import ConflictPublic
from catalog.db import Database, sqlite_url
from catalog.imports import conflicts
from catalog.imports.conflicts import ConflictFilter
from catalog.kit.days import beijing_today
from catalog.kit.errors import Conflict
from catalog.kit.paging import ListQuery
from catalog.kit.terms import ConflictStatus, Decision
from catalog.mending import undo
from ingestion.imports.importer import ImportLimits, ImportReport, import_file

CODE, OTHER = "91420100DEM0000061", "91420100DEM000007X"
HEADER = "企业名称,统一社会信用代码,从业人员数,曾用名\n"
PUMPS, PANELS = f"示例水泵有限公司,{CODE},10,\n", f"样本面板有限公司,{CODE},20,\n"
NAMES = ["示例水泵有限公司", "样本面板有限公司", "示例阀门有限公司"]


def counted(report: ImportReport) -> tuple[int, int, int, int, int]:
    """New, changed, unchanged, rejected, waiting."""
    return report.new, report.changed, report.unchanged, report.rejected, report.waiting


def firms(database: Database) -> list[tuple[str, str | None, int | None, str]]:
    with database.engine.connect() as connection:
        query = text("select name, credit_code, staff, former_names from enterprises order by id")
        return [tuple(row) for row in connection.execute(query)]


def waiting(database: Database) -> list[ConflictPublic]:
    with database.read() as session:
        where = ConflictFilter(status=ConflictStatus.PENDING)
        return conflicts_shown.publics(session, conflicts.page(session, ListQuery(size=200), where).rows)


def decide(database: Database, decision: Decision) -> None:
    (found,) = waiting(database)
    with database.write() as session:
        conflict_edits.decide(session, found.id, decision, actor="测试员")


def undo_import(database: Database, report: ImportReport) -> undo.Undone:
    with database.write() as session:
        return undo.undo(session, report.import_id or 0)


@pytest.fixture
def import_firms(import_text: Import) -> Import:
    return lambda rows, name="企业.csv", **options: import_text(HEADER + rows, name, "enterprises", **options)


@pytest.mark.parametrize("batch", [1, 1000])
def test_two_names_of_one_code_in_a_file_are_refused_with_both_lines(
    database: Database, tmp_path: Path, batch: int
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"{HEADER}{PUMPS}示例阀门有限公司,,5,\n{PANELS}", "utf-8")
    for _ in range(2):
        report = checked(
            import_file(
                database,
                path,
                "enterprises",
                rejected_dir=tmp_path,
                limits=ImportLimits(batch=batch),
                today=beijing_today(),
            )
        )
        assert (report.rejected, report.waiting) == (2, 0)
        assert [name for name, *_ in firms(database)] == ["示例阀门有限公司"]
        reasons = {refusal.line: refusal.reason for refusal in report.refusals}
        assert "第 4 行为“样本面板有限公司”" in reasons[2]
        assert "第 2 行为“示例水泵有限公司”" in reasons[4]


def test_what_the_file_changed_before_is_as_it_was(database: Database, import_firms: Import) -> None:
    import_firms(PUMPS)
    before = firms(database)
    assert counted(import_firms(PUMPS.replace(",10,", ",11,") + PANELS)) == (0, 0, 0, 2, 0)
    assert counted(import_firms(PANELS + PUMPS)) == (0, 0, 0, 2, 0)
    assert (firms(database), waiting(database)) == (before, [])


def test_another_name_under_a_stored_code_waits(database: Database, import_firms: Import) -> None:
    import_firms(PUMPS)
    before = firms(database)
    trial = import_firms(PANELS, dry_run=True)
    assert (counted(trial), len(trial.conflicts), waiting(database)) == ((0, 0, 0, 0, 1), 1, [])
    for _ in range(2):
        assert counted(import_firms(PANELS)) == (0, 0, 0, 0, 1)
    assert firms(database) == before
    (found,) = waiting(database)
    assert (found.kind, found.field, found.number) == ("enterprises", "统一社会信用代码", CODE)
    assert (found.stored_name, found.name, found.owners) == ("示例水泵有限公司", "样本面板有限公司", [])
    differs = {value.label: (value.stored, value.stated) for value in found.differs}
    assert differs == {"企业名称": ("示例水泵有限公司", "样本面板有限公司"), "从业人员数": ("10", "20")}
    assert [(row.import_id, row.line) for row in found.rows] == [(2, 2), (3, 2)]


def test_accepted_the_firm_is_renamed_and_known_by_its_former_name(
    database: Database, import_firms: Import
) -> None:
    import_firms(PUMPS)
    before = firms(database)
    report = import_firms(PANELS)
    decide(database, Decision.REPLACE)
    renamed = [("样本面板有限公司", CODE, 20, '["示例水泵有限公司"]')]
    assert firms(database) == renamed
    assert counted(import_firms(PANELS)) == (0, 0, 1, 0, 0)
    again = import_firms(PUMPS.replace(",10,", ",20,"))
    assert (counted(again), firms(database)) == ((0, 0, 1, 0, 0), renamed)
    undo_import(database, report)
    assert firms(database) == before


def test_kept_the_firm_keeps_its_name_and_the_row_waits_no_more(
    database: Database, import_firms: Import
) -> None:
    import_firms(PUMPS)
    before = firms(database)
    import_firms(PANELS)
    decide(database, Decision.KEEP)
    again = import_firms(PANELS.replace(",20,", ",30,"))
    assert (counted(again), firms(database)) == ((0, 0, 1, 0, 0), before)
    assert any("已决定保留原记录" in message for message in again.messages)


@pytest.mark.parametrize(
    ("later", "what"),
    [
        (f"示例 水泵有限公司,{CODE},11,\n", "spelt otherwise"),
        ("示例水泵有限公司,,11,\n", "no code"),
        (f"样本面板有限公司,{CODE},11,示例水泵有限公司\n", "its former name stated"),
        ("样本面板有限公司,,11,示例水泵有限公司\n", "its former name stated, no code"),
    ],
)
def test_true_changes_pass(database: Database, import_firms: Import, later: str, what: str) -> None:
    import_firms(PUMPS)
    assert counted(import_firms(later)) == (0, 1, 0, 0, 0), what
    ((name, code, staff, former),) = firms(database)
    assert (code, staff, waiting(database)) == (CODE, 11, []), what
    assert former == ('["示例水泵有限公司"]' if name.startswith("样本") else "[]"), what


def test_a_name_that_is_another_firms_waits_and_cannot_be_taken(
    database: Database, import_firms: Import
) -> None:
    import_firms(f"{PUMPS}样本面板有限公司,,5,\n")
    before = firms(database)
    import_firms(PANELS)
    with pytest.raises(Conflict, match="分属两家企业"):
        decide(database, Decision.REPLACE)
    assert firms(database) == before
    assert len(waiting(database)) == 1


def test_taken_as_new_once_the_stored_firm_is_gone(database: Database, import_firms: Import) -> None:
    first = import_firms(PUMPS)
    later = import_firms(PANELS)
    undo_import(database, first)
    assert "采用即作为新记录" in waiting(database)[0].remark
    decide(database, Decision.REPLACE)
    assert firms(database) == [("样本面板有限公司", CODE, 20, "[]")]
    assert undo_import(database, later).removed == 1


def test_a_need_with_another_firms_code_is_noted_and_changes_nothing(
    database: Database, import_firms: Import, import_text: Import
) -> None:
    import_firms(PUMPS)
    before = firms(database)
    form = f"需求名称,需求描述,企业名称,统一社会信用代码\n要泵,要高效的泵,样本面板有限公司,{CODE}\n"
    report = import_text(form, "需求.csv", "needs")
    assert firms(database) == before
    assert any(
        f"{CODE} 登记为“示例水泵有限公司”，本行为“样本面板有限公司”" in line for line in report.messages
    )


_ROWS = st.lists(
    st.builds(
        lambda name, code, staff, former: f"{name},{code},{staff},{former}\n",
        st.sampled_from(NAMES),
        st.sampled_from(["", CODE, CODE, OTHER]),
        st.sampled_from(["", "5", "6"]),
        st.sampled_from(["", "", "", *NAMES]),
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=st.lists(st.tuples(_ROWS, st.sampled_from([None, *Decision])), min_size=1, max_size=4))
def test_every_row_ends_once_and_all_is_undone(
    template: Path, files: list[tuple[list[str], Decision | None]]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(template, folder / "catalog.db")
        database = Database(sqlite_url(folder / "catalog.db"))
        reports = []
        for rows, decision in files:
            (folder / "a.csv").write_text(HEADER + "".join(rows), "utf-8")
            report = checked(
                import_file(
                    database, folder / "a.csv", "enterprises", rejected_dir=folder, today=beijing_today()
                )
            )
            assert report.rows == len(rows)
            codes = [code for _, code, *_ in firms(database) if code]
            assert len(codes) == len(set(codes))
            reports.append(report)
            if decision:
                with database.write() as session:
                    conflict_edits.decide_all(session, report.import_id or 0, decision, actor="测试员")
        for report in reversed(reports):
            undo_import(database, report)
        assert (firms(database), waiting(database)) == ([], [])
        database.dispose()
