"""A deleted record does not come back by the next import; a merged one means the record that was kept."""

from __future__ import annotations

import pytest

from api_tests.ingestion.invented import Import, counts, number
from catalog.db import Database
from catalog.demand import enterprises, needs
from catalog.kit.paging import ListQuery
from catalog.mending import merging, removal, restoring
from catalog.mending.tombstones import Why
from catalog.registers.registers import register_named
from catalog.supply import facts, patent_edits, patent_lists, patents
from catalog.supply.patents import PatentCreate
from ingestion.storing.deleted import AGAIN, MERGED

WHY = Why("小王", "不是本校专利")
FILES = {
    "patents": f"专利名称,申请号,申请人,公开号,授权公告日\n一种泵,{number(1)},示例大学,CN109000001B,2021-02-03\n",
    "needs": "需求编号,需求名称,需求描述\nN1,要泵,要高效的泵\n",
    "enterprises": "企业名称,统一社会信用代码\n甲有限公司,\n",
    "licences": f"申请号,支付方式,声明日\n{number(1)},免费,2024-01-02\n",
    "facts": f"申请号,记录种类,取值,日期\n{number(1)},被引证次数,3,2024-01-02\n",
    "deals": f"合同编号,交易种类,许可方式,申请号,出让方,受让方,签约日\nHT-1,许可,普通,{number(1)},示例大学,甲有限公司,2025-03-03\n",
}  # fmt: skip


def delete(database: Database, kind: str, record_id: int = 1) -> int:
    with database.write() as session:
        return removal.delete(session, register_named(kind), record_id, WHY, cascade=True).id or 0


@pytest.mark.parametrize("kind", FILES)
def test_a_deleted_record_stays_deleted_until_it_is_restored(
    database: Database, import_text: Import, kind: str
) -> None:
    if kind in ("licences", "facts", "deals"):
        import_text(FILES["patents"])
    assert counts(import_text(FILES[kind], "一.csv", kind)) == (1, 0, 0, 0)
    stone = delete(database, kind)
    report = import_text(FILES[kind], "二.csv", kind)
    assert counts(report) == (0, 0, 0, 1)
    (refusal,) = report.refusals
    assert AGAIN in refusal.reason
    assert "由小王删除（不是本校专利）" in refusal.reason
    assert f"records restore {stone}" in refusal.reason
    with database.write() as session:
        restoring.restore(session, stone)
    assert counts(import_text(FILES[kind], "三.csv", kind)) == (0, 0, 1, 0)


@pytest.mark.parametrize(
    ("row", "same"),
    [
        (f"别名,{number(1)},别的大学,", True),
        ("别名,,别的大学,CN109000001A", True),
        ("一种泵,,示例大学,", True),
        (f"一种泵,{number(2)},示例大学,", False),
        ("一种泵,,别的大学,", False),
    ],
)
def test_a_patent_is_known_by_number_publication_and_title(
    database: Database, import_text: Import, row: str, same: bool
) -> None:
    import_text(FILES["patents"])
    delete(database, "patents")
    report = import_text(f"专利名称,申请号,申请人,公开号\n{row}\n", "又.csv")
    assert counts(report) == ((0, 0, 0, 1) if same else (1, 0, 0, 0))


def test_a_record_made_by_hand_takes_its_place(database: Database, import_text: Import) -> None:
    import_text(FILES["patents"])
    delete(database, "patents")
    with database.write() as session:
        patent_edits.create(session, PatentCreate(title="一种泵", application_number=number(1)))
    assert counts(import_text(FILES["patents"], "又.csv")) == (0, 1, 0, 0)


def test_what_names_a_deleted_record_is_refused_with_the_reason(
    database: Database, import_text: Import
) -> None:
    import_text(FILES["patents"])
    import_text(FILES["enterprises"], "企业.csv", "enterprises")
    delete(database, "patents")
    delete(database, "enterprises")
    named = {
        "licences": FILES["licences"], "facts": FILES["facts"], "deals": FILES["deals"],
        "needs": "需求名称,需求描述,企业名称\n要泵,要高效的泵,甲有限公司\n",
    }  # fmt: skip
    for kind, content in named.items():
        report = import_text(content, f"{kind}.csv", kind)
        assert counts(report) == (0, 0, 0, 1)
        assert "不是本校专利" in report.refusals[0].reason
    with database.read() as session:
        assert enterprises.page(session, ListQuery()).total == 0


def test_a_fact_of_a_register_of_patents_stays_deleted_too(database: Database, import_text: Import) -> None:
    rows = f"专利名称,申请号,被引证次数\n一种泵,{number(1)},3\n"
    import_text(rows)
    delete(database, "facts")
    again = import_text(rows + f"一种阀,{number(2)},4\n", "又.csv")
    assert counts(again) == (1, 0, 1, 0)
    assert any(AGAIN in message for message in again.messages)
    with database.read() as session:
        assert list(facts.of_patents(session, [1, 2])) == [2]


def test_a_merged_record_means_the_kept_one(database: Database, import_text: Import) -> None:
    import_text("企业名称\n甲有限公司\n甲公司\n", "企业.csv", "enterprises")
    import_text("需求编号,需求名称,需求描述\nN1,要泵,要泵\nN2,要泵,要高效的泵\n", "需求.csv", "needs")
    import_text(f"专利名称,申请号\n一种泵,{number(1)}\n一种泵的草稿,\n")
    coded = "需求名称,需求描述,企业名称\n要阀,要耐磨的阀,甲公司\n"
    import_text(coded, "阀.csv", "needs")
    with database.write() as session:
        for kind in ("enterprises", "needs", "patents"):
            merging.merge(session, register_named(kind), 1, 2, WHY)
    firms = import_text("企业名称,主要产品\n甲公司,水泵\n", "又.csv", "enterprises")
    assert counts(firms) == (0, 1, 0, 0)
    assert any(MERGED in message for message in firms.messages)
    needs_again = import_text(
        "需求编号,需求名称,需求描述,企业名称,预算\nN2,要泵,要泵,甲公司,5万元\n", "又.csv", "needs"
    )
    assert counts(needs_again) == (0, 1, 0, 0)
    assert counts(import_text(coded, "阀.csv", "needs")) == (0, 0, 1, 0)
    assert counts(import_text("专利名称,申请号,摘要\n一种泵的草稿,,高效\n", "又.csv")) == (0, 1, 0, 0)
    with database.read() as session:
        (firm,) = enterprises.page(session, ListQuery()).rows
        need, _ = needs.page(session, ListQuery()).rows
        assert (firm.name, firm.products) == ("甲有限公司", "水泵")
        assert (need.code, need.enterprise_id) == ("N1", 1)
        assert patent_lists.count(session) == 1
        assert patents.get(session, 1).abstract == "高效"
