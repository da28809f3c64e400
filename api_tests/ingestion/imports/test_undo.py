"""Undo of imports: nothing is left of one, and one that others have built on stays."""

from __future__ import annotations

import csv
import io
import json
import shutil
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from api_tests.ingestion.invented import Import, number
from catalog.db import Database, sqlite_url
from catalog.imports import imports
from catalog.kit.days import beijing_today
from catalog.kit.errors import Conflict, NotFound
from catalog.kit.paging import PageQuery
from catalog.registers import undo
from catalog.runs import generations
from catalog.supply import holder_merges, holders, patent_edits, patent_lists, patents
from catalog.supply.holders import HolderRef
from catalog.supply.patent_lists import PatentFilter
from catalog.supply.patents import PatentCreate
from ingestion.imports.importer import import_file
from ingestion.reviews.answers import import_answers

RECORDS = (
    "patents", "publications", "patent_holders", "patent_classes", "holders", "needs", "enterprises", "licences",
    "patent_facts", "conflicts", "conflict_rows",
)  # fmt: skip


def state(database: Database) -> dict[str, list[Any]]:
    """Every row of every table of records."""
    with database.engine.connect() as connection:
        return {
            table: sorted(map(repr, connection.execute(text(f"select * from {table}")))) for table in RECORDS
        }


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


@settings(max_examples=30, deadline=None)
@given(registers=st.lists(REGISTER, min_size=2, max_size=4))
def test_an_undo_leaves_what_was_before(
    template: Path, registers: list[tuple[str, list[dict[str, str]]]]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(template, folder / "catalog.db")
        database = Database(sqlite_url(folder / "catalog.db"))
        before: list[tuple[int, dict[str, list[Any]]]] = []
        for kind, rows in [("patents", GRANTED), *registers]:
            earlier = state(database)
            path = folder / f"{kind}.csv"
            path.write_text(as_csv(rows), "utf-8")
            report = import_file(database, path, kind, today=beijing_today(), rejected_dir=folder)
            before.append((report.import_id or 0, earlier))
        for import_id, earlier in reversed(before):
            run_undo(database, import_id)
            assert state(database) == earlier
        with database.engine.connect() as connection:
            assert not connection.execute(text("select * from import_changes")).all()
        database.dispose()


CITED = {"申请号": number(90), "记录种类": "被引证次数", "取值": "3"}


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(FACT, min_size=2, max_size=7))
@example(
    rows=[CITED | {"相对方": "甲银行", "备注": "备注一"}, CITED | {"相对方": "乙银行", "备注": "备注二"}]
)
@example(rows=[CITED | {"相对方": "甲银行"}, CITED | {"相对方": "乙银行", "日期": "2023-01-01"}])
def test_facts_imported_again_change_nothing(template: Path, rows: list[dict[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(template, folder / "catalog.db")
        database = Database(sqlite_url(folder / "catalog.db"))
        for kind, content in (("patents", GRANTED), ("facts", rows)):
            (folder / f"{kind}.csv").write_text(as_csv(content), "utf-8")
            import_file(database, folder / f"{kind}.csv", kind, today=beijing_today(), rejected_dir=folder)
        stored = state(database)["patent_facts"]
        again = import_file(
            database, folder / "facts.csv", "facts", today=beijing_today(), rejected_dir=folder
        )
        assert (again.new, again.changed) == (0, 0)
        assert state(database)["patent_facts"] == stored
        database.dispose()


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


def test_a_later_import_of_the_same_records_is_in_the_way_until_it_is_undone(
    database: Database, import_text: Import
) -> None:
    first = import_text(f"专利名称,申请号\n一种泵,{number(1)}\n一种阀,{number(2)}\n", "甲.csv").import_id
    second = import_text(f"专利名称,申请号,摘要\n一种泵,{number(1)},高效\n", "乙.csv").import_id
    third = import_text(f"专利名称,申请号\n一种屏,{number(3)}\n", "丙.csv").import_id
    with pytest.raises(Conflict) as refused:
        run_undo(database, first)
    assert f"编号 {second} 的导入（乙.csv）其后改动了专利 {number(1)}" in refused.value.message
    assert number(2) not in refused.value.message
    run_undo(database, second)
    assert run_undo(database, first).removed == 2
    with database.read() as session:
        assert imports.get(session, first or 0).status == "undone"
        assert patent_lists.count(session) == 1
    with pytest.raises(Conflict, match="已经撤销"):
        run_undo(database, first)
    assert run_undo(database, third).removed == 1
    with pytest.raises(NotFound):
        run_undo(database, 99)


def test_an_edit_a_licence_and_a_merge_are_in_the_way(database: Database, import_text: Import) -> None:
    granted = f"专利名称,申请号,授权公告日,申请人\n一种泵,{number(1)},2021-02-03,示例大学\n一种阀,{number(2)},2021-02-03,示列大学\n"
    first = import_text(granted).import_id
    licence = import_text(f"申请号,支付方式\n{number(1)},免费\n", "许可.csv", "licences").import_id
    with pytest.raises(Conflict, match=f"1 条开放许可声明（来自编号 {licence} 的导入）"):
        run_undo(database, first)
    run_undo(database, licence)
    with database.write() as session:
        (merged,) = holder_merges.merge(session, *merge_ids(database))
    with pytest.raises(Conflict, match="单独修改或合并"):
        run_undo(database, first)
    with database.write() as session:
        holder_merges.take_back(session, merged.id or 0)
    with database.write() as session:
        key = patents.ids_of(session, [number(1)])[number(1)]
        patent_edits.replace(session, key, PatentCreate(application_number=number(1), title="一种泵改"))
    with pytest.raises(Conflict, match=f"其后单独修改或合并了专利 {number(1)}"):
        run_undo(database, first)


def merge_ids(database: Database) -> tuple[int, list[int]]:
    with database.read() as session:
        ids = [row.id or 0 for row in holders.page(session, PageQuery()).rows]
    return ids[0], ids[1:]


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


def test_a_newer_generation_ends_the_time_for_undo(database: Database, import_text: Import) -> None:
    before = import_text(f"专利名称,申请号\n一种泵,{number(1)}\n").import_id
    started = datetime.now(UTC)
    with database.write() as session:
        generations.record(session, "G-1", 1, 0, {"started_at": started.isoformat()}, started + timedelta(1))
    after = import_text(f"专利名称,申请号\n一种阀,{number(2)}\n").import_id
    assert run_undo(database, after).removed == 1
    with pytest.raises(Conflict) as refused:
        run_undo(database, before)
    assert "之后已建立索引版本 G-1" in refused.value.message


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
        assert patent_lists.page(session, PageQuery(), PatentFilter()).total == 0
