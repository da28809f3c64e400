"""Registers of deals: recognised, refused by rule, completed by later registers, undone; the exported ledger comes back."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from api_tests.ingestion.invented import Import
from catalog.db import Database
from catalog.deals import lists as deal_lists
from catalog.deals import shown as deals_shown
from catalog.deals.lists import DealFilter
from catalog.deals.shown import DealPublic
from catalog.kit.days import beijing_today
from catalog.kit.paging import ListQuery
from catalog.mending import undo
from catalog.supply import facts
from ingestion.imports.importer import import_file
from service.sheets.deals import document_of
from service.sheets.documents import to_xlsx

PATENTS = (
    "申请号,专利名称,专利类型,申请日,授权公告日,申请人\n"
    "201310699744.2,一种装置,发明,2013-12-18,2016-03-02,示例理工大学\n"
    "201710601862.3,一种方法,发明,2017-07-21,2020-05-01,示例理工大学\n"
)
HEADER = (
    "合同编号,转化方式,许可方式,专利号,转让方/许可方,受让方/被许可方,受让方地址,合同金额（万元）,支付方式,"
    "到账金额（万元）,到账日期,签约日期,许可期限止,备案号,备案日期\n"
)
ROW = (
    "HT-1,许可,独占许可,201310699744.2,示例理工大学,示例设备有限公司,湖北省宜昌市示例路2号,30,一次付清,"
    "{paid},{day},2025-03-03,2028-03-02,X1,2025-04-01\n"
)
FIRST = HEADER + ROW.format(paid=10, day="2025-05-01")


@pytest.fixture
def deals(database: Database, import_text: Import) -> Import:
    import_text(PATENTS)
    return import_text


def stored(database: Database) -> list[DealPublic]:
    with database.read() as session:
        rows = deal_lists.page(session, ListQuery(sort="id"), DealFilter()).rows
        return deals_shown.publics(session, rows)


def test_a_register_is_recognised_stored_and_repeated(database: Database, deals: Import) -> None:
    assert deals(FIRST, "台账.csv", "deals").new == 1
    (deal,) = stored(database)
    assert (deal.code, deal.kind_name, deal.licence_type_name, deal.payment_form_name) == (
        "HT-1",
        "许可",
        "独占",
        "一次总付",
    )
    assert [deal.contract_amount, deal.received, deal.filed_on] == [300_000, 100_000, date(2025, 4, 1)]
    assert (deal.takers[0].region_name, deal.givers[0].kind_name) == ("宜昌市", "高校")
    with database.read() as session:
        assert [fact.value for fact in facts.of_patents(session, [1])[1]] == ["exclusive"]
    assert deals(FIRST, "台账.csv", "deals").unchanged == 1
    later = deals(HEADER + ROW.format(paid=25, day="2025-09-01"), "台账.csv", "deals")
    assert later.changed == 1
    (deal,) = stored(database)
    assert [(r.received_on, r.amount) for r in deal.receipts] == [
        (date(2025, 5, 1), Decimal("100000.00")),
        (date(2025, 9, 1), Decimal("150000.00")),
    ]


def test_empty_cells_erase_nothing(database: Database, deals: Import) -> None:
    deals(FIRST, "台账.csv", "deals")
    bare = "合同编号,交易种类,许可方式,申请号,出让方,受让方,签约日\n"
    bare += "HT-1,许可,独占,201310699744.2,示例理工大学,示例设备有限公司,2025-03-03\n"
    assert deals(bare, "简表.csv", "deals").unchanged == 1
    assert stored(database)[0].filing_number == "X1"


@pytest.mark.parametrize(
    ("cell", "level"),
    [("央企", "central"), ("省属", "provincial"), ("市级", "municipal"), ("中央", "central")],
)
def test_the_level_of_a_state_owned_giver_is_read(
    database: Database, deals: Import, cell: str, level: str
) -> None:
    named = HEADER.replace("备案日期", "备案日期,出让方国企层级,三方合同,专利服务机构,服务机构信用代码")
    row = ROW.format(paid=10, day="2025-05-01").strip() + f",{cell},是,示例服务机构,91420100MA4K00000X\n"
    assert deals(named + row, "台账.csv", "deals").new == 1
    (deal,) = stored(database)
    assert (deal.giver_level, deal.broker_credit_code) == (level, "91420100MA4K00000X")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (ROW.format(paid=31, day="2025-05-01"), "310000 元超过合同金额 300000 元"),
        (ROW.format(paid=10, day=""), "没有到账日"),
        (ROW.format(paid="", day="").replace("2028-03-02", "2034-01-01"), "最后有效日 2033-12-17"),
        (ROW.format(paid="", day="").replace("201310699744.2", "200710308494.X"), "请先导入这些专利"),
        (ROW.format(paid="", day="").replace("201310699744.2", "201310699744.3"), "201310699744.3"),
        (ROW.format(paid="", day="").replace("许可,独占许可", "租赁,"), "可填：转让、许可、作价入股、质押"),
        (ROW.format(paid="", day="").replace("2025-03-03", ""), "缺少签约日"),
        (ROW.format(paid="", day="").replace("示例设备有限公司", "示例理工大学"), "同时是出让方和受让方"),
    ],
)
def test_wrong_rows_are_refused_with_their_reason(deals: Import, row: str, reason: str) -> None:
    report = deals(HEADER + row, "台账.csv", "deals")
    assert (report.new, report.rejected) == (0, 1)
    refusal = report.refusals[0]
    assert reason in f"{refusal.reason}{refusal.value}"


def test_an_import_of_deals_is_undone(database: Database, deals: Import) -> None:
    first = deals(FIRST, "台账.csv", "deals").import_id or 0
    later = deals(HEADER + ROW.format(paid=25, day="2025-09-01").replace("X1", "X2"), "台账2.csv", "deals")
    with database.write() as session:
        tried = undo.undo(session, first, dry_run=True)
    assert tried.told == [f"交易 HT-1：导入后又被编号 {later.import_id} 的导入（台账2.csv）改动，保留"]
    with database.write() as session:
        assert undo.undo(session, later.import_id or 0).restored == 1
    (deal,) = stored(database)
    assert (deal.filing_number, deal.received) == ("X1", Decimal("100000.00"))


def test_a_new_deal_goes_with_its_facts_when_undone(database: Database, deals: Import) -> None:
    first = deals(FIRST, "台账.csv", "deals").import_id or 0
    with database.write() as session:
        assert undo.undo(session, first).removed == 1
    assert stored(database) == []
    with database.read() as session:
        assert facts.of_patents(session, [1]) == {}


def test_the_exported_ledger_imports_as_it_is(database: Database, deals: Import, tmp_path: Path) -> None:
    deals(FIRST + ROW.format(paid=5, day="2025-06-01").replace("HT-1", "HT-2"), "台账.csv", "deals")
    before = stored(database)
    path = tmp_path / "导出.xlsx"
    path.write_bytes(to_xlsx(document_of(before, [])))
    report = import_file(database, path, "deals", today=beijing_today(), rejected_dir=tmp_path / "rejected")
    assert (report.rows, report.unchanged, report.rejected) == (2, 2, 0), report.refusals
    assert stored(database) == before
