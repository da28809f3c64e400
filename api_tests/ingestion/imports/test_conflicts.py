"""Rows that state another patent under a number: refused with both lines in one file, waiting for a decision across files."""

from __future__ import annotations

import csv
import io
import os
import shutil
import signal
import tempfile
from collections import Counter
from multiprocessing import get_context
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from api_tests.ingestion.invented import Import, checked, number
from catalog.conflicts import edits as conflict_edits
from catalog.conflicts import shown as conflicts_shown
from catalog.conflicts.shown import ConflictPublic
from catalog.db import Database, sqlite_url
from catalog.imports import conflicts, imports
from catalog.imports.conflicts import ConflictFilter
from catalog.kit.days import beijing_today
from catalog.kit.errors import Conflict, NotFound
from catalog.kit.paging import ListQuery
from catalog.kit.terms import ConflictStatus, Decision
from catalog.mending import undo
from catalog.supply import holder_merges, holders, patent_edits, patent_lists, patents, patents_shown
from catalog.supply.patent_lists import PatentFilter
from catalog.supply.patents import PatentCreate
from ingestion.imports.importer import ImportLimits, ImportReport, import_file
from ingestion.kinds.lookup import kind_of

HEADER = "名称,申请号,专利权人,申请日,授权公告日,公开号,摘要,被引证次数\n"
PUMP = f"一种水泵,{number(1)},示例大学,2019-01-02,2020-01-02,,水泵的摘要,5\n"
PANEL = f"一种显示面板,{number(1)},样本电子有限公司,2019-05-06,2021-06-08,,面板的摘要,\n"


def stored(database: Database) -> dict[str, tuple[str, ...]]:
    """Title and holders of the stored patents, by number."""
    with database.read() as session:
        rows = patents_shown.publics(
            session,
            patent_lists.page(session, ListQuery(size=200), PatentFilter()).rows,
            today=beijing_today(),
        )
    return {row.application_number or row.title: (row.title, *row.holders) for row in rows}


def waiting(
    database: Database, status: ConflictStatus | None = ConflictStatus.PENDING
) -> list[ConflictPublic]:
    with database.read() as session:
        return conflicts_shown.publics(
            session, conflicts.page(session, ListQuery(size=200), ConflictFilter(status=status)).rows
        )


def decide(database: Database, conflict_id: int, decision: Decision, note: str = "") -> None:
    with database.write() as session:
        conflict_edits.decide(session, conflict_id, decision, actor="测试员", note=note)


def counted(report: ImportReport) -> tuple[int, int, int, int, int]:
    """New, changed, unchanged, rejected, waiting."""
    return report.new, report.changed, report.unchanged, report.rejected, report.waiting


def undo_import(database: Database, report: ImportReport) -> undo.Undone:
    with database.write() as session:
        return undo.undo(session, report.import_id or 0)


def holder_names(database: Database) -> set[str]:
    with database.read() as session:
        return {row.name for row in holders.page(session, ListQuery(size=200)).rows}


@pytest.mark.parametrize("batch", [1, 2, 1000])
def test_two_rows_of_one_number_are_refused_with_both_lines(
    database: Database, tmp_path: Path, batch: int
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(HEADER + PUMP + f"一种阀门,{number(2)},示例大学,,,,,\n" + PANEL, "utf-8")
    for _ in range(2):
        report = checked(
            import_file(
                database,
                path,
                "patents",
                rejected_dir=tmp_path / "退",
                limits=ImportLimits(batch=batch),
                today=beijing_today(),
            )
        )
        assert (report.rejected, report.waiting) == (2, 0)
        assert list(stored(database)) == [number(2)]
        assert holder_names(database) == {"示例大学"}
        reasons = {refusal.line: refusal.reason for refusal in report.refusals}
        assert reasons.keys() == {2, 4}
        assert "与第 4 行相同" in reasons[2]
        assert "与第 2 行相同" in reasons[4]
        assert all("“一种水泵”（示例大学）" in reason for reason in reasons.values())
        assert all("“一种显示面板”（样本电子有限公司）" in reason for reason in reasons.values())
        assert report.rejected_file is not None
        (sheet,) = openpyxl.load_workbook(report.rejected_file).worksheets
        lines = {str(row[0].value): row for row in sheet.iter_rows(min_row=2)}
        assert lines.keys() == {"一种水泵", "一种显示面板"}
        marked = [cell.column_letter for cell in lines["一种水泵"] if cell.comment]
        assert marked == ["A", "B", "C", "D"][: len(marked)]
        with database.read() as session:
            row = imports.get(session, report.import_id or 0)
            assert (row.rows, row.new + row.changed + row.unchanged, row.rejected) == (3, 1, 2)
            assert imports.rejected(session, row.id or 0, ListQuery()).total == 2


def test_across_sheets_the_sheet_is_named(database: Database, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for name, rows in {"发明": PUMP, "新增": PANEL}.items():
        sheet = book.create_sheet(name)
        for line in (HEADER, rows):
            sheet.append(line.strip().split(","))
    del book["Sheet"]
    book.save(tmp_path / "a.xlsx")
    report = checked(
        import_file(database, tmp_path / "a.xlsx", "patents", rejected_dir=tmp_path, today=beijing_today())
    )
    assert counted(report) == (0, 0, 0, 2, 0)
    reasons = {refusal.sheet: refusal.reason for refusal in report.refusals}
    assert "工作表“新增”第 2 行" in reasons["发明"]
    assert "工作表“发明”第 2 行" in reasons["新增"]
    assert stored(database) == {}


def test_what_the_file_changed_before_the_contradiction_is_as_it_was(
    database: Database, import_text: Import
) -> None:
    import_text(HEADER + PUMP)
    before = dump(database)
    changed = PUMP.replace("一种水泵", "一种离心水泵").replace("水泵的摘要,5", "新摘要,9")
    report = import_text(HEADER + changed + PANEL)
    assert counted(report) == (0, 0, 0, 2, 0)
    assert dump(database) == before
    assert undo_import(database, report).restored == 0


def dump(database: Database) -> list[str]:
    tables = (
        "patents",
        "publications",
        "patent_holders",
        "patent_classes",
        "holders",
        "patent_facts",
        "conflicts",
    )
    with database.engine.connect() as connection:
        return [
            repr(
                sorted(repr({**row, "updated_at": ""}) for row in connection.execute(text(query)).mappings())
            )
            for query in (f"select * from {table}" for table in tables)
        ]


def test_a_third_row_of_the_number_is_refused_too_and_drafts_that_came_to_it(import_text: Import) -> None:
    draft = "一种水泵,,示例大学,,,,,\n"
    report = import_text(HEADER + draft + PUMP + draft + PANEL + PUMP)
    assert counted(report) == (0, 0, 0, 5, 0)
    assert sorted(refusal.line for refusal in report.refusals) == [2, 3, 4, 5, 6]


def test_a_copied_publication_number_is_refused_with_both_lines(import_text: Import) -> None:
    body = "CN109900001B"
    rows = f"一种水泵,{number(1)},示例大学,,2020-01-02,{body},,\n一种面板,{number(2)},样本公司,,2021-01-02,{body},,\n"
    report = import_text(HEADER + rows)
    assert counted(report) == (0, 0, 0, 2, 0)
    assert all(body in refusal.reason for refusal in report.refusals)


@pytest.mark.parametrize(
    ("later", "what"),
    [
        (f"一种水泵,{number(1)},样本电子有限公司,2019-01-02,2020-01-02,,,\n", "a transfer"),
        (f"一种离心水泵,{number(1)},示例大学,2019-01-02,2020-01-02,,,\n", "a corrected title"),
        (f"Water pump,{number(1)},示例大学,2019-01-02,2020-01-02,,,\n", "a title in another language"),
        (f"一种离心水泵,{number(1)},样本电子有限公司;示例大学,,,,,\n", "one of several holders"),
        (f"一种离心水泵,{number(1)},示例大学深圳研究院,,,,,\n", "a name contained in the other"),
        (f"一种离心水泵,{number(1)},示例 大学（曾用写法）,,,,,\n", "spelt otherwise"),
        (f"一种离心水泵,{number(1)},,,,,,\n", "no holder stated"),
    ],
)
def test_true_changes_pass(database: Database, import_text: Import, later: str, what: str) -> None:
    import_text(HEADER + PUMP)
    assert counted(import_text(HEADER + later)) == (0, 1, 0, 0, 0), what
    assert waiting(database) == []


def test_width_case_and_punctuation_make_no_other_title(import_text: Import) -> None:
    import_text(HEADER + PUMP.replace("一种水泵", "一种LED灯(双面)"))
    later = PANEL.replace("一种显示面板", "一种ｌｅｄ灯（双面）。")
    assert counted(import_text(HEADER + later)) == (0, 1, 0, 0, 0)


def test_a_merged_holder_is_the_kept_one(database: Database, import_text: Import) -> None:
    import_text(HEADER + PUMP + f"一种阀门,{number(2)},更名前学院,,,,,\n")
    with database.write() as session:
        ids = {row.name: row.id or 0 for row in holders.page(session, ListQuery()).rows}
        holder_merges.merge(session, ids["示例大学"], [ids["更名前学院"]])
    later = f"一种离心水泵,{number(1)},更名前学院,,,,,\n"
    assert counted(import_text(HEADER + later)) == (0, 1, 0, 0, 0)


def test_across_imports_the_row_waits_and_nothing_is_overwritten(
    database: Database, import_text: Import
) -> None:
    import_text(HEADER + PUMP)
    before = stored(database)
    trial = import_text(HEADER + PANEL, "乙.csv", dry_run=True)
    assert (counted(trial), len(trial.conflicts), waiting(database)) == ((0, 0, 0, 0, 1), 1, [])
    for _ in range(2):
        report = import_text(HEADER + PANEL, "乙.csv")
        assert counted(report) == (0, 0, 0, 0, 1)
        assert any("待决定" in message for message in report.messages)
    assert (stored(database), holder_names(database)) == (before, {"示例大学"})
    (found,) = waiting(database)
    assert (found.number, found.name, found.owners) == (number(1), "一种显示面板", ["样本电子有限公司"])
    assert (found.stored_name, found.stored_owners, found.remark) == ("一种水泵", ["示例大学"], "")
    assert {(row.import_id, row.line) for row in found.rows} == {(2, 2), (3, 2)}
    differs = {value.label: (value.stored, value.stated) for value in found.differs}
    assert differs["授权公告日"] == ("2020-01-02", "2021-06-08")
    with database.read() as session:
        assert [conflicts.undecided(session, id_) for id_ in (1, 2, 3)] == [0, 1, 1]


def test_replaced_the_new_record_stands_alone_and_an_undo_brings_the_stored_one_back(
    database: Database, import_text: Import
) -> None:
    import_text(HEADER + PUMP.replace("2020-01-02,,", "2020-01-02,CN109900001B,"))
    before = dump(database)[:-1]
    report = import_text(HEADER + PANEL.replace("摘要,\n", "摘要,7\n"))
    (found,) = waiting(database)
    decide(database, found.id, Decision.REPLACE, "号码经核对")
    assert stored(database) == {number(1): ("一种显示面板", "样本电子有限公司")}
    with database.read() as session:
        row = patents.find(session, number(1))
        assert row is not None
        (patent,) = patents_shown.publics(session, [row], today=beijing_today())
        assert (patent.abstract, patent.publications, str(patent.filing_date)) == (
            "面板的摘要",
            [],
            "2019-05-06",
        )
    (decided,) = waiting(database, ConflictStatus.REPLACED)
    assert (decided.decided_by, decided.note, decided.differs) == ("测试员", "号码经核对", [])
    with pytest.raises(Conflict, match="已由测试员于"):
        decide(database, found.id, Decision.KEEP)
    assert counted(import_text(HEADER + "一种水泵,,示例大学,,,,,\n")) == (1, 0, 0, 0, 0)
    undo_import(database, ImportReport("patents", "", import_id=3))
    undo_import(database, report)
    assert dump(database)[:-1] == before


def test_an_undo_of_the_import_that_put_it_lets_the_row_of_another_wait_again(
    database: Database, import_text: Import
) -> None:
    import_text(HEADER + PUMP)
    first = import_text(HEADER + PANEL)
    again = import_text(HEADER + PANEL)
    decide(database, waiting(database)[0].id, Decision.REPLACE)
    undo_import(database, again)
    (found,) = waiting(database)
    assert [row.import_id for row in found.rows] == [first.import_id]
    assert "随编号 3 的导入撤销" in found.note
    assert stored(database)[number(1)] == ("一种水泵", "示例大学")


def test_kept_the_stored_record_stays_and_the_same_row_waits_no_more(
    database: Database, import_text: Import
) -> None:
    import_text(HEADER + PUMP)
    import_text(HEADER + PANEL)
    decide(database, waiting(database)[0].id, Decision.KEEP)
    again = import_text(HEADER + PANEL.replace("面板的摘要", "改写的摘要"))
    assert counted(again) == (0, 0, 1, 0, 0)
    assert any("已决定保留原记录" in message for message in again.messages)
    assert stored(database) == {number(1): ("一种水泵", "示例大学")}


def test_an_undo_takes_the_waiting_rows_away(database: Database, import_text: Import) -> None:
    import_text(HEADER + PUMP)
    first, again = import_text(HEADER + PANEL), import_text(HEADER + PANEL)
    (found,) = waiting(database)
    assert undo_import(database, first).withdrawn == 1
    assert [row.import_id for row in waiting(database)[0].rows] == [again.import_id]
    assert undo_import(database, again).withdrawn == 1
    assert waiting(database, None) == []
    with pytest.raises(NotFound):
        decide(database, found.id, Decision.KEEP)


def test_a_row_may_be_taken_as_new_once_the_stored_record_is_gone(
    database: Database, import_text: Import
) -> None:
    first = import_text(HEADER + PUMP)
    later = import_text(HEADER + PANEL)
    undo_import(database, first)
    (found,) = waiting(database)
    assert found.record_id is None
    assert "采用即作为新记录" in found.remark
    decide(database, found.id, Decision.REPLACE)
    assert stored(database) == {number(1): ("一种显示面板", "样本电子有限公司")}
    assert undo_import(database, later).removed == 1
    assert stored(database) == {}


def test_a_stored_record_that_changed_since_is_shown(database: Database, import_text: Import) -> None:
    import_text(HEADER + PUMP)
    import_text(HEADER + PANEL)
    with database.write() as session:
        row = patents.find(session, number(1))
        assert row is not None
        data = PatentCreate(application_number=number(1), title="一种改后的水泵")
        patent_edits.replace(session, row.id or 0, data)
    (found,) = waiting(database)
    assert "有过改动" in found.remark
    assert ("专利名称", "一种改后的水泵") in {(value.label, value.stored) for value in found.differs}


def test_all_of_an_import_are_decided_together(database: Database, import_text: Import) -> None:
    rows = [f"一种{n}号泵,{number(n)},示例大学,,,,,\n" for n in range(1, 4)]
    import_text(HEADER + "".join(rows))
    report = import_text(
        HEADER + "".join(row.replace("泵", "屏").replace("示例大学", "样本公司") for row in rows)
    )
    assert report.waiting == 3
    taken = "一种别的屏,,别家公司,,,CN109900009B,,\n"
    import_text(HEADER + taken)
    with database.write() as session:
        found = conflict_edits.decide_all(session, report.import_id or 0, Decision.REPLACE, actor="测试员")
    assert (found.decided, found.undecided) == (3, [])
    assert [stored(database)[number(n)][0] for n in range(1, 4)] == [f"一种{n}号屏" for n in range(1, 4)]


def test_a_decision_that_cannot_be_carried_out_leaves_the_row_waiting(
    database: Database, import_text: Import
) -> None:
    import_text(HEADER + PUMP)
    report = import_text(HEADER + PANEL.replace(",,面板", ",CN109900009B,面板"))
    import_text(HEADER + f"一种阀门,{number(2)},别家公司,,,CN109900009B,,\n")
    with database.write() as session:
        found = conflict_edits.decide_all(session, report.import_id or 0, Decision.REPLACE, actor="测试员")
    assert (found.decided, [left.number for left in found.undecided]) == (0, [number(1)])
    assert number(2) in found.undecided[0].reason
    assert len(waiting(database)) == 1


def test_a_row_of_the_file_against_one_that_waits(database: Database, import_text: Import) -> None:
    import_text(HEADER + PUMP)
    for content in (PANEL + PUMP, PUMP + PANEL):
        report = import_text(HEADER + content)
        assert counted(report) == (0, 0, 0, 2, 0)
        assert waiting(database) == []
    assert stored(database) == {number(1): ("一种水泵", "示例大学")}


def test_a_decision_waits_for_the_end_of_the_import(database: Database, import_text: Import) -> None:
    import_text(HEADER + PUMP)
    import_text(HEADER + PANEL)
    with database.write() as session:
        imports.get(session, 2).status = imports.ImportStatus.RUNNING.value
    with pytest.raises(Conflict, match="还在进行"):
        decide(database, waiting(database)[0].id, Decision.REPLACE)


def test_every_contested_kind_reads_its_record_back() -> None:
    """Waiting rows are kept as JSON."""
    contested = kind_of("patents").register.contested
    assert contested is not None
    record = PatentCreate(application_number=number(1), title="一种泵")
    assert contested.model.model_validate(record.model_dump(mode="json")) == record


def _killed_after(folder: Path, rows: int) -> None:
    def die(done: int, _total: int | None) -> None:
        if done >= rows:
            os.kill(os.getpid(), signal.SIGKILL)

    database = Database(sqlite_url(folder / "catalog.db"))
    import_file(
        database,
        folder / "a.csv",
        "patents",
        rejected_dir=folder,
        progress=die,
        limits=ImportLimits(batch=1),
        today=beijing_today(),
    )


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_a_killed_import_is_made_good_by_the_next(template: Path, tmp_path: Path, rows: int) -> None:
    """As if it had run through: the first of two rows is stored by the killed import, and refused in the end."""
    shutil.copy(template, tmp_path / "catalog.db")
    database = Database(sqlite_url(tmp_path / "catalog.db"))
    path = tmp_path / "a.csv"
    path.write_text(HEADER + PUMP + f"一种阀门,{number(2)},示例大学,,,,,\n" + PANEL, "utf-8")
    killed = get_context("spawn").Process(target=_killed_after, args=(tmp_path, rows))
    killed.start()
    killed.join()
    assert killed.exitcode == -signal.SIGKILL
    report = checked(import_file(database, path, "patents", rejected_dir=tmp_path, today=beijing_today()))
    assert (report.rejected, report.waiting) == (2, 0)
    assert stored(database) == {number(2): ("一种阀门", "示例大学")}
    database.dispose()


# Rows of few numbers, titles and holders: conflicts, repetitions, true changes and refusals in any order.
_ROWS = st.lists(
    st.builds(
        lambda title, serial, body, holder, filed, granted: (
            [title, number(serial) if serial else "坏号", holder, filed, granted, body, "", ""]
        ),
        st.sampled_from(["一种水泵", "一种水泵", "一种面板", "一种阀门", ""]),
        st.sampled_from([1, 1, 1, 2, 0]),
        st.sampled_from(["", "", "CN109900001A", "CN109900001B", "CN109900002B"]),
        st.sampled_from(["", "示例大学", "示例大学", "样本公司", "样本公司;示例大学", "第三研究所"]),
        st.sampled_from(["", "2018-01-02", "2018-03-04"]),
        st.sampled_from(["", "2020-01-02", "2021-01-02"]),
    ),
    min_size=1,
    max_size=7,
)
_STEPS = st.lists(
    st.one_of(_ROWS, st.sampled_from(["again", Decision.KEEP, Decision.REPLACE, "undo"])), max_size=4
)


def rejected_pairs_name_each_other(report: ImportReport) -> None:
    """Every row refused against another names one that is refused, too."""
    lines = {refusal.line for refusal in report.refusals}
    for refusal in report.refusals:
        if "都未导入" in refusal.reason:
            other = int(refusal.reason.partition("与第 ")[2].partition(" 行")[0])
            assert other in lines
            assert other != refusal.line


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
@given(first=_ROWS, steps=_STEPS, batch=st.integers(1, 4))
def test_every_row_ends_once(
    template: Path, first: list[list[str]], steps: list[list[list[str]] | Decision | str], batch: int
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(template, folder / "catalog.db")
        database = Database(sqlite_url(folder / "catalog.db"))
        catalogue = _Catalogue(database, folder, ImportLimits(batch=batch))
        for step in [first, *steps]:
            catalogue.take(step)
        database.dispose()


class _Catalogue:
    """A catalogue into which generated files are imported, one over the other."""

    def __init__(self, database: Database, folder: Path, limits: ImportLimits) -> None:
        self.database, self.folder, self.limits = database, folder, limits
        self.rows: list[list[str]] = []
        self.reports: list[ImportReport] = []

    def take(self, step: list[list[str]] | Decision | str) -> None:
        if isinstance(step, list):
            self.rows = step
            self._import()
        elif step == "again":
            before, first = Counter(self._waiting()), self._import()
            second = self._import()
            assert (second.new, second.changed) == (0, 0)
            assert (second.rejected, second.waiting) == (first.rejected, first.waiting)
            assert len(Counter(self._waiting()) - before) <= first.waiting
        elif step == "undo":
            self._undo_all()
        else:
            self._decide(Decision(step))

    def _import(self) -> ImportReport:
        out = io.StringIO()
        csv.writer(out).writerows([HEADER.strip().split(","), *self.rows])
        path = self.folder / "a.csv"
        path.write_text(out.getvalue(), "utf-8")
        report = checked(
            import_file(
                self.database,
                path,
                "patents",
                rejected_dir=self.folder,
                limits=self.limits,
                today=beijing_today(),
            )
        )
        assert report.rows == len(self.rows)
        rejected_pairs_name_each_other(report)
        with self.database.read() as session:
            id_ = report.import_id or 0
            assert imports.rejected(session, id_, ListQuery()).total == report.rejected
            assert conflicts.undecided(session, id_) == report.waiting
        self.reports.append(report)
        return report

    def _waiting(self) -> list[int]:
        return [conflict.id for conflict in waiting(self.database)]

    def _decide(self, decision: Decision) -> None:
        """No conflict waits after its import was decided, but for those that cannot be; the number stands for one patent."""
        with self.database.write() as session:
            for report in self.reports:
                left = conflict_edits.decide_all(
                    session, report.import_id or 0, decision, actor="测试员"
                ).undecided
                assert conflicts.undecided(session, report.import_id or 0) >= len(left)
        stored(self.database)

    def _undo_all(self) -> None:
        """Taken back from the last to the first, nothing of them is left."""
        for report in reversed(self.reports):
            undo_import(self.database, report)
        assert stored(self.database) == {}
        assert waiting(self.database) == []
        assert holder_names(self.database) == set()
        self.reports = []
