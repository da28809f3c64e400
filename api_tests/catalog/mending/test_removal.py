"""Deletion: nothing shows a deleted record, and restored it is as it was, with all that went with it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from api_tests.catalog.mending.small_register import FIRST, SECOND, everything, fill, patent
from catalog.db import Database
from catalog.deals import deals
from catalog.deals import edits as deal_edits
from catalog.demand import enterprises, needs
from catalog.demand.enterprises import EnterpriseCreate
from catalog.kit.days import beijing_today
from catalog.kit.errors import Conflict, Gone, InvalidInput, NotFound
from catalog.kit.paging import ListQuery
from catalog.mending import removal, restoring, tombstones
from catalog.mending.rows import MODELS
from catalog.mending.tombstones import Tombstone, TombstoneFilter, Why
from catalog.registers.registers import REFERENCES, REMOVABLE, register_named
from catalog.supply import facts, holder_merges, holders, patent_edits, patents, patents_shown
from catalog.supply.holders import HolderRef

WHY = Why("小王", "登记有误")


@pytest.fixture
def filled(database: Database) -> Database:
    fill(database)
    return database


def deleted(database: Database, kind: str, record_id: int, *, cascade: bool = False) -> int:
    with database.write() as session:
        stone = removal.delete(session, register_named(kind), record_id, WHY, cascade=cascade)
        return stone.id or 0


def restored(database: Database, tombstone_id: int) -> restoring.RestorationReport:
    with database.write() as session:
        return restoring.restore(session, tombstone_id, actor="小李")


CASES = [
    ("patents", 1, 4), ("needs", 1, 3), ("needs", 2, 1), ("enterprises", 1, 4), ("licences", 1, 1), ("deals", 1, 1), ("facts", 1, 1)
]  # fmt: skip


@pytest.mark.parametrize(("kind", "record_id", "count"), CASES)
def test_what_is_restored_is_as_it_was(filled: Database, kind: str, record_id: int, count: int) -> None:
    before = everything(filled)
    stone = deleted(filled, kind, record_id, cascade=True)
    with filled.read() as session:
        assert session.get(register_named(kind).model, record_id) is None
        listed = tombstones.page(session, ListQuery(), TombstoneFilter()).rows
        assert len(listed) == count
        assert {(row.actor, row.reason) for row in listed} == {WHY}
    result = restored(filled, stone)
    assert (result.restored, result.notes) == (count, [])
    assert everything(filled) == before
    with filled.read() as session:
        assert tombstones.page(session, ListQuery(), TombstoneFilter()).total == 0
        assert tombstones.get(session, stone).restored_by == "小李"


@pytest.mark.parametrize(
    ("kind", "record_id", "obstacles", "hint"),
    [
        ("patents", 1, f"专利 {FIRST}已有专利 {FIRST} 的开放许可声明（编号 1）、匹配反馈 1（编号 1）、对接事项 1（编号 1）", "一并删除"),
        ("patents", 2, f"专利 {SECOND}已有交易 HT-1（编号 1）", "请先删除这些记录"),
        ("needs", 1, "需求 N1已有匹配反馈 1（编号 1）、对接事项 1（编号 1）", "一并删除"),
        ("enterprises", 1, "企业“甲有限公司”已有需求 N1（编号 1）、对接事项 1（编号 1）", "一并删除"),
    ],
)  # fmt: skip
def test_what_refers_to_a_record_is_in_the_way(
    filled: Database, kind: str, record_id: int, obstacles: str, hint: str
) -> None:
    before = everything(filled)
    with pytest.raises(Conflict) as refused:
        deleted(filled, kind, record_id)
    assert refused.value.message == f"{obstacles}，不能删除"
    assert hint in (refused.value.hint or "")
    assert everything(filled) == before


def test_a_deal_is_in_the_way_of_its_patent_even_when_all_may_go(filled: Database) -> None:
    with pytest.raises(Conflict, match="HT-1"):
        deleted(filled, "patents", 2, cascade=True)
    deleted(filled, "deals", 1)
    with filled.read() as session:
        assert facts.of_patents(session, [2]) == {}  # what followed from the deal
    deleted(filled, "patents", 2)


def test_a_reason_is_needed_and_a_second_time_is_told(filled: Database) -> None:
    with filled.write() as session, pytest.raises(InvalidInput, match="请填写理由"):
        removal.delete(session, register_named("needs"), 2, Why("小王", " "))
    stone = deleted(filled, "needs", 2)
    with pytest.raises(NotFound):
        deleted(filled, "needs", 2)
    restored(filled, stone)
    with pytest.raises(Conflict, match="已于"):
        restored(filled, stone)
    with pytest.raises(NotFound):
        restored(filled, 99)


def test_no_other_record_gets_the_id(filled: Database) -> None:
    stone = deleted(filled, "needs", 2)
    with filled.write() as session:
        added = needs.create(session, needs.NeedCreate(code="N3", title="要屏", text="要屏"))
        assert added.id == 3
    restored(filled, stone)
    with filled.read() as session:
        assert needs.get(session, 2).code == "N2"


def test_a_number_that_was_taken_meanwhile_is_in_the_way(filled: Database) -> None:
    stones = {
        "patents": deleted(filled, "patents", 1, cascade=True),
        "needs": deleted(filled, "needs", 2),
        "enterprises": deleted(filled, "enterprises", 1, cascade=True),
    }
    with filled.write() as session:
        other = patent(None, 1).model_copy(update={"title": "别的泵"})
        taken = patent_edits.create(session, other)
        needs.create(session, needs.NeedCreate(code="N2", title="要屏", text="要屏"))
        enterprises.create(session, EnterpriseCreate(name="甲 有限公司"))
    with pytest.raises(Conflict) as refused:
        restored(filled, stones["patents"])
    reason = f"公开（公告）号 CN109000001B 已属于编号 {taken.id} 的专利"
    assert refused.value.message == f"不能恢复专利 {FIRST}：{reason}"
    with pytest.raises(Conflict, match="需求编号 N2 已属于编号 3 的技术需求"):
        restored(filled, stones["needs"])
    with pytest.raises(Conflict, match="企业名称 甲有限公司 已属于编号 2 的企业"):
        restored(filled, stones["enterprises"])


def test_what_a_record_belongs_to_comes_first(filled: Database) -> None:
    fact = deleted(filled, "facts", 1)
    patent_stone = deleted(filled, "patents", 1, cascade=True)
    with pytest.raises(Conflict, match="它所属的专利（编号 1）不在目录中，请先恢复"):
        restored(filled, fact)
    restored(filled, patent_stone)
    assert restored(filled, fact).restored == 1


def test_what_went_along_and_cannot_come_back_is_told(filled: Database) -> None:
    stone = deleted(filled, "patents", 1, cascade=True)
    need = deleted(filled, "needs", 1)
    result = restored(filled, stone)
    assert result.restored == 2  # the patent and its declaration
    assert len(result.notes) == 2
    assert all("技术需求（编号 1）不在目录中" in note for note in result.notes)
    restored(filled, need)


def test_a_holder_that_was_merged_meanwhile_is_named_by_the_kept_one(filled: Database) -> None:
    with filled.write() as session:
        kept = holders.ensure(session, [HolderRef(name="示例理工大学")])["示例理工大学"]
    stone = deleted(filled, "patents", 1, cascade=True)
    with filled.write() as session:
        holder_merges.merge(session, kept, [1])
    restored(filled, stone)
    with filled.read() as session:
        assert patents_shown.many(session, [1], today=beijing_today())[1].holders == ["示例理工大学"]


def test_many_are_deleted_with_a_report_of_each(filled: Database) -> None:
    with filled.write() as session:
        results = removal.delete_all(session, register_named("needs"), [2, 1, 2, 99], WHY)
    assert [(r.record_id, r.deletion is not None) for r in results] == [(2, True), (1, False), (99, False)]
    assert "匹配反馈 1" in results[1].problem
    assert results[2].problem == "没有编号为 99 的技术需求"


def test_the_deleted_are_listed_by_kind_and_explained(filled: Database) -> None:
    stone = deleted(filled, "enterprises", 1, cascade=True)
    with filled.read() as session:
        of_needs = tombstones.page(session, ListQuery(), TombstoneFilter(kind="needs")).rows
        assert [(row.name, row.taken_with) for row in of_needs] == [("需求 N1", stone)]
        with pytest.raises(InvalidInput, match="可用的类别"):
            tombstones.page(session, ListQuery(), TombstoneFilter(kind="holders"))
        with pytest.raises(NotFound) as missing:
            enterprises.get(session, 1)
        gone = tombstones.explained(session, missing.value)
        assert isinstance(gone, Gone)
        assert (gone.deletion_id, gone.merged_into) == (stone, None)
        assert "由小王删除（登记有误）" in gone.message
        with pytest.raises(NotFound) as never:
            patents.get(session, 99)
        assert tombstones.explained(session, never.value) is never.value


def test_a_loosened_party_is_tied_again_unless_it_was_tied_otherwise(filled: Database) -> None:
    stone = deleted(filled, "enterprises", 1, cascade=True)
    with filled.read() as session:
        assert deal_edits.stated(session, deals.get(session, 1)).takers[0].name == "甲有限公司"
    assert "'enterprise_id': 1" not in str(everything(filled)["deal_parties"])
    restored(filled, stone)
    assert "'enterprise_id': 1" in str(everything(filled)["deal_parties"])


def test_every_foreign_key_to_a_record_is_known_to_the_registers() -> None:
    """A new table that refers to records must say what their deletion means for it."""
    removable = {register.model.__tablename__ for register in REMOVABLE}
    known = {(r.column.class_.__tablename__, r.column.key) for r in REFERENCES}
    known |= {(p.model.__tablename__, p.key) for register in REMOVABLE for p in register.parts if p.key}
    known |= {("pipeline_events", "case_id")}
    tables = Tombstone.metadata.tables.values()
    keys = {
        (table.name, key.parent.name)
        for table in tables
        for key in table.foreign_keys
        if key.column.table.name in removable
    }
    assert keys <= known
    assert {table for table, _ in keys} <= MODELS.keys()


def test_times_of_change_move_on(filled: Database) -> None:
    with filled.read() as session:
        before = needs.get(session, 2).updated_at
    restored(filled, deleted(filled, "needs", 2))
    with filled.read() as session:
        assert before < needs.get(session, 2).updated_at < before + timedelta(minutes=5)
        assert needs.get(session, 2).published_on != date.min
