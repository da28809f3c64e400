"""Undo of imports: nothing is left of one, at any time, but for what others have built on, which is told."""

from __future__ import annotations

import csv
import io
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from api_tests.ingestion.invented import Import, number
from catalog.db import Database, sqlite_url
from catalog.demand import enterprises, needs
from catalog.imports import imports
from catalog.kit.base import ClassRef, id_of
from catalog.kit.days import beijing_today
from catalog.kit.errors import Conflict, NotFound
from catalog.kit.paging import ListQuery
from catalog.mending import undo
from catalog.runs import generations
from catalog.runs import matches as night_matches
from catalog.runs import nights as nightly_runs
from catalog.runs.matches import NightMatch, NightSide
from catalog.segments import segments
from catalog.supply import holders, patent_classes, patent_edits, patent_lists, patents, screenings
from catalog.supply.holders import HolderRef
from catalog.supply.patent_classes import FROM_TEXT
from catalog.supply.patent_lists import PatentFilter
from catalog.supply.patents import PatentCreate
from catalog.supply.screenings import Result
from ingestion.imports.importer import import_file
from ingestion.reviews.answers import import_answers

DAY = date(2026, 6, 1)
RECORDS = (
    "patents", "publications", "patent_holders", "patent_classes", "holders", "needs", "enterprises", "licences",
    "patent_facts", "conflicts", "conflict_rows",
)  # fmt: skip


def state(database: Database, tables: Sequence[str] = RECORDS) -> dict[str, list[Any]]:
    """Every row of every table of records, without the time of its last change and without what a night infers."""
    with database.engine.connect() as connection:
        return {table: sorted(map(repr, _rows(connection, table))) for table in tables}


def _rows(connection: Connection, table: str) -> Iterator[dict[str, Any]]:
    for row in connection.execute(text(f"select * from {table}")).mappings():
        kept = {name: value for name, value in row.items() if name != "updated_at"}
        if table == "needs":
            kept["classes"] = [c for c in json.loads(row["classes"]) if c["basis"] != FROM_TEXT]
        if table != "patent_classes" or row["basis"] != FROM_TEXT:
            yield kept


def night(database: Database) -> None:
    """Writes what a night does: screenings, classes inferred from text, a generation, matches both ways."""
    with database.write() as session:
        held = text("SELECT patent_id, holder_id FROM patent_holders WHERE position = 0 ORDER BY patent_id")
        screened = [
            Result(patent_id, holder_id, DAY, True, "无实施记录", [], "w")
            for patent_id, holder_id in session.connection().execute(held)
        ]
        screenings.replace(session, 0, None, screened)
        inferred = [ClassRef(scheme="segment", code="S1", weight=1, basis=FROM_TEXT)]
        unlabelled = patent_classes.unlabelled_ids(session)
        patent_classes.add_inferred(session, dict.fromkeys(unlabelled, inferred))
        for need_id in needs.unlabelled_ids(session):
            needs.add_inferred(session, need_id, inferred)
        run, name = id_of(nightly_runs.start(session)), f"G-{datetime.now(UTC).isoformat()}"
        generations.record(
            session, name, 1, 1, {"started_at": datetime.now(UTC).isoformat()}, datetime.now(UTC)
        )
        for side in NightSide:
            night_matches.store(session, run, side, [(1, [NightMatch(1, 1, 1, 0, 0)])])
        nightly_runs.finish(session, run)


def run_undo(database: Database, import_id: int | None) -> undo.Undone:
    with database.write() as session:
        return undo.undo(session, import_id or 0, actor="测试")


PATENT = st.fixed_dictionaries(
    {"专利名称": st.sampled_from(["一种泵", "一种阀", "一种阀体", "一种屏"])},
    optional={
        "申请号": st.integers(0, 3).map(number),
        "公开号": st.sampled_from(["CN109000001A", "CN109000001B", "CN109000002A"]),
        "申请人": st.sampled_from(["示例大学", "示例研究所", "示例大学;示例研究所", "示例泵业有限公司"]),
        "摘要": st.sampled_from(["一种泵，效率高。", "一种阀门。"]),
        "IPC": st.sampled_from(["F04D29/22", "F16K1/00;F04D1/00", "G02F1/13"]),
        "申请日": st.sampled_from(["2019-01-02", "2019-03-04"]),
        "公开日": st.sampled_from(["2019-09-01", "2020-09-01"]),
        "法律状态": st.sampled_from(["有效", "失效"]),
        "被引证次数": st.sampled_from(["0", "3"]),
        "质押情况": st.sampled_from(["0", "1", "已注销"]),
        "年费缴至日": st.sampled_from(["2026-01-02", "2027-01-02"]),
    },
)
NEED = st.fixed_dictionaries(
    {
        "需求名称": st.sampled_from(["要泵", "要阀"]),
        "需求描述": st.sampled_from(["要高效的泵。", "要耐磨的阀。"]),
    },
    optional={
        "需求编号": st.sampled_from(["N1", "N2"]),
        "企业名称": st.sampled_from(["甲有限公司", "乙有限公司"]),
        "预算": st.sampled_from(["10万元", "20万元"]),
        "行业": st.sampled_from(["3441", "3974"]),
    },
)
FIRM = st.fixed_dictionaries(
    {"企业名称": st.sampled_from(["甲有限公司", "乙有限公司", "丙有限公司"])},
    optional={
        "地址": st.sampled_from(["湖北省武汉市", "湖北省襄阳市"]),
        "从业人员数": st.sampled_from(["5", "70"]),
    },
)
LICENCE = st.fixed_dictionaries(
    {"申请号": st.integers(90, 91).map(number), "支付方式": st.sampled_from(["免费", "一次总付"])},
    optional={"许可地域": st.sampled_from(["全国", "湖北省"])},
)
FACT = st.fixed_dictionaries(
    {
        "申请号": st.integers(90, 91).map(number),
        "记录种类": st.sampled_from(["质押", "质押", "质押注销", "许可", "被引证次数", "核查无记录"]),
        "取值": st.sampled_from(["", "3", "质押"]),
    },
    optional={
        "日期": st.sampled_from(["2022-01-01", "2023-01-01", "2024-01-01"]),
        "注销日": st.sampled_from(["2024-06-01", "2025-06-01"]),
        "期满日": st.sampled_from(["2025-01-01", "2026-01-01"]),
        "相对方": st.sampled_from(["甲银行", "乙银行"]),
        "备注": st.sampled_from(["备注一", "备注二"]),
    },
)
KINDS = {"patents": PATENT, "needs": NEED, "enterprises": FIRM, "licences": LICENCE, "facts": FACT}
REGISTER = st.sampled_from(sorted(KINDS)).flatmap(
    lambda kind: st.tuples(st.just(kind), st.lists(KINDS[kind], min_size=1, max_size=7))
)
GRANTED = [
    {"专利名称": f"一种授权装置{n}", "申请号": number(n), "授权公告日": "2021-02-03"} for n in (90, 91)
]


def as_csv(rows: list[dict[str, str]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, sorted({name for row in rows for name in row}))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


@contextmanager
def catalogue(template: Path) -> Iterator[tuple[Database, Callable[[str, list[dict[str, str]]], int]]]:
    """A copy of the empty catalogue, and what imports rows as a file of a kind."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(template, folder / "catalog.db")
        database = Database(sqlite_url(folder / "catalog.db"))

        def run(kind: str, rows: list[dict[str, str]]) -> int:
            (folder / f"{kind}.csv").write_text(as_csv(rows), "utf-8")
            return (
                import_file(
                    database, folder / f"{kind}.csv", kind, rejected_dir=folder, today=beijing_today()
                ).import_id
                or 0
            )

        yield database, run
        database.dispose()


@pytest.mark.parametrize("with_nights", [False, True])
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(registers=st.lists(REGISTER, min_size=2, max_size=4))
def test_an_undo_leaves_what_was_before_also_after_a_night(
    template: Path, with_nights: bool, registers: list[tuple[str, list[dict[str, str]]]]
) -> None:
    with catalogue(template) as (database, run):
        before: list[tuple[int, dict[str, list[Any]]]] = []
        for kind, rows in [("patents", GRANTED), *registers]:
            earlier = state(database)
            before.append((run(kind, rows), earlier))
            if with_nights:
                night(database)
        for import_id, earlier in reversed(before):
            assert run_undo(database, import_id).told == []
            assert state(database) == earlier
        with database.engine.connect() as connection:
            assert not connection.execute(text("select * from import_changes")).all()


OF_ONE_KIND = {
    "patents": ("patents", "publications", "patent_classes", "patent_holders", "patent_facts"), "needs": ("needs",),
    "enterprises": ("enterprises",), "facts": ("patent_facts",),
}  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_imports_undone_in_any_order_leave_nothing(template: Path, data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(sorted(OF_ONE_KIND)))
    rows = st.lists(KINDS[kind], min_size=1, max_size=5)
    with catalogue(template) as (database, run):
        run("patents", GRANTED)
        earlier = state(database, OF_ONE_KIND[kind])
        imported = [run(kind, its) for its in data.draw(st.lists(rows, min_size=2, max_size=4))]
        for import_id in data.draw(st.permutations(imported)):
            run_undo(database, import_id)
        assert state(database, OF_ONE_KIND[kind]) == earlier


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(FACT, min_size=2, max_size=7))
def test_facts_imported_again_change_nothing(template: Path, rows: list[dict[str, str]]) -> None:
    with catalogue(template) as (database, run):
        run("patents", GRANTED)
        run("facts", rows)
        stored = state(database)["patent_facts"]
        again = run("facts", rows)
        with database.read() as session:
            counts = imports.get(session, again)
        assert (counts.new, counts.changed) == (0, 0)
        assert state(database)["patent_facts"] == stored


def rows_kept(database: Database) -> list[tuple[str, str | None]]:
    with database.engine.connect() as connection:
        query = text("select kind, before from import_changes order by import_id, kind, record_id")
        return [(kind, before) for kind, before in connection.execute(query)]


def test_only_what_differs_is_kept_and_unchanged_rows_cost_nothing(
    database: Database, import_text: Import
) -> None:
    row = f"一种泵,{number(1)},很长的摘要,"
    import_text(f"专利名称,申请号,摘要,法律状态\n{row}\n")
    import_text(f"专利名称,申请号,摘要,法律状态\n{row}\n")
    import_text(f"专利名称,申请号,摘要,法律状态\n{row}有效\n")
    made, changed = rows_kept(database)
    assert made == ("patent", None)
    assert set(json.loads(changed[1] or "")) == {"legal_status", "updated_at"}


def test_what_later_imports_changed_stays_and_is_told(database: Database, import_text: Import) -> None:
    first = import_text(f"专利名称,申请号\n一种泵,{number(1)}\n一种阀,{number(2)}\n", "甲.csv").import_id
    second = import_text(f"专利名称,申请号,摘要,代理机构\n一种泵,{number(1)},高效,甲所\n", "乙.csv").import_id
    third = import_text(f"专利名称,申请号,代理机构\n一种泵,{number(1)},乙所\n", "丙.csv").import_id
    result = run_undo(database, second)
    assert (result.restored, result.left) == (1, 1)
    assert result.told == [f"专利 {number(1)}：代理机构之后又被编号 {third} 的导入（丙.csv）改动，未恢复"]
    assert values_of(database, number(1), "abstract", "agency") == ("", "乙所")
    result = run_undo(database, first)
    assert (result.removed, result.left) == (1, 1)
    assert result.told == [f"专利 {number(1)}：导入后又被编号 {third} 的导入（丙.csv）改动，保留"]
    with database.read() as session:
        row = imports.get(session, first or 0)
        assert row.status == "undone"
        assert "1 条记录因后来的改动或引用没有全部撤销" in row.message
    with pytest.raises(Conflict, match="已经撤销"):
        run_undo(database, first)
    assert run_undo(database, third).removed == 1  # what is left of all three
    with database.read() as session:
        assert patent_lists.count(session) == 0
    with pytest.raises(NotFound):
        run_undo(database, 99)


def values_of(database: Database, key: str, *names: str) -> tuple[Any, ...]:
    with database.read() as session:
        return tuple(getattr(patents.find(session, key), name) for name in names)


def test_an_edit_stays_and_is_told(database: Database, import_text: Import) -> None:
    import_text(f"专利名称,申请号\n一种泵,{number(1)}\n")
    changed = import_text(f"专利名称,申请号,摘要,代理机构\n一种泵,{number(1)},高效,甲所\n").import_id
    with database.write() as session:
        key = patents.ids_of(session, [number(1)])[number(1)]
        said = PatentCreate(application_number=number(1), title="一种泵", abstract="高效", agency="丁所")
        patent_edits.replace(session, key, said)
    result = run_undo(database, changed)
    assert result.told == [f"专利 {number(1)}：代理机构之后又被单独修改或合并改动，未恢复"]
    assert values_of(database, number(1), "abstract", "agency") == ("", "丁所")


def test_what_others_refer_to_stays_and_is_told(database: Database, import_text: Import) -> None:
    granted = f"专利名称,申请号,授权公告日\n一种泵,{number(1)},2021-02-03\n一种阀,{number(2)},2021-02-03\n"
    first = import_text(granted).import_id
    licence = import_text(f"申请号,支付方式\n{number(1)},免费\n", "许可.csv", "licences").import_id
    result = run_undo(database, first)
    assert (result.removed, result.left) == (1, 1)
    assert result.told == [f"专利 {number(1)}：已有 1 条开放许可声明，保留"]
    assert run_undo(database, licence).removed == 2  # the declaration, and the patent that stayed for it


def test_a_dry_run_tells_the_same_and_changes_nothing(database: Database, import_text: Import) -> None:
    first = import_text(f"专利名称,申请号\n一种泵,{number(1)}\n一种阀,{number(2)}\n").import_id or 0
    import_text(f"专利名称,申请号,摘要\n一种泵,{number(1)},高效\n")
    before = state(database)
    with database.write() as session:
        tried = undo.undo(session, first, dry_run=True)
    assert state(database) == before
    with database.read() as session:
        assert imports.get(session, first).status == "finished"
    assert run_undo(database, first) == tried


def test_classes_of_another_catalogue_are_not_restored(database: Database, import_text: Import) -> None:
    import_text(f"专利名称,申请号,IPC\n一种泵,{number(1)},F04D29/22\n")
    second = import_text(f"专利名称,申请号,IPC,摘要\n一种泵,{number(1)},G02F1/13,高效\n").import_id
    with database.write() as session:
        segments.catalogue(session).updated_at = datetime.now(UTC)
    result = run_undo(database, second)
    assert (result.restored, result.left) == (1, 0)
    assert "产业目录改为 T-1" in result.told[0]
    assert values_of(database, number(1), "abstract") == ("",)
    assert "G02F1/13" in "".join(state(database)["patent_classes"])


def test_no_id_is_given_twice(database: Database, import_text: Import) -> None:
    first = import_text("企业名称\n甲有限公司\n", "企业.csv", "enterprises").import_id
    run_undo(database, first)
    import_text("企业名称\n乙有限公司\n", "企业2.csv", "enterprises")
    other = import_text(f"专利名称,申请号,申请人\n一种泵,{number(1)},示例大学\n").import_id
    run_undo(database, other)
    import_text(f"专利名称,申请号,申请人\n一种阀,{number(2)},示例大学\n")
    with database.read() as session:
        assert [row.id for row in enterprises.page(session, ListQuery()).rows] == [2]
        assert patents.ids_of(session, [number(2)]) == {number(2): 2}
        assert [row.id for row in holders.page(session, ListQuery()).rows] == [2]


def test_what_came_along_stays_when_others_use_it(database: Database, import_text: Import) -> None:
    first = import_text(
        "需求名称,需求描述,企业名称\n要泵,要高效的泵,甲有限公司\n", "需求.csv", "needs"
    ).import_id
    import_text("需求名称,需求描述,企业名称\n要阀,要耐磨的阀,甲有限公司\n", "又.csv", "needs")
    result = run_undo(database, first)
    assert (result.removed, result.kept) == (1, 1)
    own = import_text(f"专利名称,申请号,申请人\n一种泵,{number(1)},示例大学\n").import_id
    with database.write() as session:
        patent_edits.create(session, PatentCreate(title="一种屏", holders=[HolderRef(name="示例大学")]))
    result = run_undo(database, own)
    assert (result.removed, result.kept) == (1, 1)


def test_answers_of_holders_can_be_undone(database: Database, import_text: Import, tmp_path: Path) -> None:
    import_text(f"专利名称,申请号\n一种泵,{number(1)}\n")
    earlier = state(database)
    ids = []
    for opinion in ("维持", "放弃"):
        path = tmp_path / "盘点表.csv"
        path.write_text(f"申请号,处置意见,产业化前景,备注\n{number(1)},{opinion},高,\n", "utf-8")
        ids.append(import_answers(database, path, date(2026, 5, 1)).import_id)
    for import_id in reversed(ids):
        run_undo(database, import_id)
    assert state(database) == earlier


def test_a_dry_run_keeps_nothing(database: Database, import_text: Import) -> None:
    import_text(f"专利名称,申请号\n一种泵,{number(1)}\n", dry_run=True)
    assert rows_kept(database) == []
    with database.read() as session:
        assert patent_lists.page(session, ListQuery(), PatentFilter()).total == 0
