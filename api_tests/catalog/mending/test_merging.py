"""Merging: what referred to the one refers to the other, empty values are filled, nothing is overwritten, and all can be taken back."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlmodel import Session

from api_tests.catalog.mending.small_register import DAY, FIRST, SECOND, deal, everything, fill, patent
from catalog.db import Database
from catalog.deals import deals
from catalog.deals import pipeline as deal_pipeline
from catalog.deals.pipeline import CaseCreate
from catalog.demand import enterprises, feedback, needs
from catalog.demand.enterprises import EnterpriseCreate
from catalog.demand.feedback import FeedbackCreate
from catalog.demand.needs import NeedCreate, NeedUpdate
from catalog.kit.base import id_of
from catalog.kit.days import beijing_today
from catalog.kit.errors import Conflict, Gone, InvalidInput, NotFound
from catalog.kit.terms import FactKind, FeedbackVerdict, PaymentForm
from catalog.licences import edits as licence_edits
from catalog.licences import history as licence_history
from catalog.licences.licences import LicenceCreate
from catalog.mending import merging, removal, restoring, tombstones
from catalog.mending.merging import MergeResult
from catalog.mending.tombstones import Why
from catalog.registers.registers import register_named
from catalog.supply import facts, patent_edits, patents, patents_shown
from catalog.supply.facts import FactCreate

WHY = Why("小王", "同一条")


@pytest.fixture
def filled(database: Database) -> Database:
    """The small register with a draft that is patent 1, a second firm and need that are the first ones, and a second deal."""
    fill(database)
    with database.write() as session:
        draft = patent(None, 3).model_copy(update={"publications": [], "agency": "甲所", "holders": []})
        patent_edits.create(session, draft)
        enterprises.create(
            session, EnterpriseCreate(name="甲公司", credit_code="91420100MA4K00001X", products="泵")
        )
        needs.create(
            session, NeedCreate(code="N3", title="要泵", text="要泵", enterprise_id=2, budget=Decimal(5))
        )
        for kind, day in ((FactKind.CITATIONS, DAY), (FactKind.CLAIMS, DAY)):
            facts.create(session, FactCreate(patent_id=3, kind=kind, value="3", happened_on=day))
        for patent_id, need_id in ((1, 3), (3, 1), (3, 2)):
            said = FeedbackCreate(
                patent_id=patent_id, need_id=need_id, verdict=FeedbackVerdict.SUITABLE, who="甲有限公司"
            )
            feedback.create(session, said)
        deal_pipeline.create(session, CaseCreate(application_number=FIRST, need_id=3))
        deal(session, "HT-2", SECOND)
    return database


def merged(database: Database, kind: str, kept: int, other: int) -> MergeResult:
    with database.write() as session:
        return merging.merge(session, register_named(kind), kept, other, WHY)


@pytest.mark.parametrize(
    ("kind", "kept", "other"), [("patents", 1, 3), ("needs", 1, 3), ("enterprises", 1, 2), ("facts", 1, 1)]
)
def test_what_is_restored_is_as_it_was(filled: Database, kind: str, kept: int, other: int) -> None:
    if kind == "facts":
        with filled.write() as session:
            said = FactCreate(patent_id=1, kind=FactKind.CITATIONS, value="3", happened_on=date(2026, 7, 1))
            other = id_of(facts.create(session, said.model_copy(update={"note": "另一处"})))
    before = everything(filled)
    result = merged(filled, kind, kept, other)
    assert everything(filled) != before
    with filled.write() as session:
        told = restoring.restore(session, result.deletion.id)
    assert told.notes == []
    assert everything(filled) == before


def test_empty_values_are_filled_and_others_told(filled: Database) -> None:
    result = merged(filled, "enterprises", 1, 2)
    assert result.filled == ["统一社会信用代码"]
    assert {(d.label, d.kept, d.merged) for d in result.differing} == {
        ("企业名称", "甲有限公司", "甲公司"),
        ("主要产品", "水泵", "泵"),
    }
    with filled.read() as session:
        kept = enterprises.get(session, 1)
        assert (kept.name, kept.credit_code, kept.products) == ("甲有限公司", "91420100MA4K00001X", "水泵")
        assert needs.get(session, 3).enterprise_id == 1
        with pytest.raises(NotFound) as missing:
            enterprises.get(session, 2)
        gone = tombstones.explained(session, missing.value)
        assert isinstance(gone, Gone)
        assert (gone.merged_into, gone.hint) == (1, "请改用编号 1 的记录")


def test_a_draft_gives_its_patent_what_it_lacks_and_doubles_go(filled: Database) -> None:
    result = merged(filled, "patents", 1, 3)
    assert result.filled == ["代理机构"]
    # The counted citations and the answer to need 1 are there already, claims and the answer to need 2 are not.
    assert result.moved == 2
    assert [name.split()[0] for name in result.dropped] == ["专利", "匹配反馈"]
    with filled.read() as session:
        kinds = {(fact.kind, fact.value) for fact in facts.of_patents(session, [1])[1]}
        assert kinds == {(FactKind.CITATIONS, "3"), (FactKind.CLAIMS, "3")}
        assert patents_shown.many(session, [1], today=beijing_today())[1].holders == ["示例大学"]


def test_the_kept_draft_becomes_the_numbered_patent(filled: Database) -> None:
    before = everything(filled)
    result = merged(filled, "patents", 3, 1)
    assert {"申请号", "公开（公告）号", "专利权人"} <= set(result.filled)
    with filled.read() as session:
        row = patents.get(session, 3)
        assert (row.application_number, row.fingerprint) == (
            FIRST,
            patents.fingerprint("一种泵3", "示例大学"),
        )
        assert patents_shown.many(session, [3], today=beijing_today())[3].publications == ["CN109000001B"]
    with filled.write() as session:
        restoring.restore(session, result.deletion.id)
    assert everything(filled) == before


def test_what_was_changed_since_stays_on_a_restoration(filled: Database) -> None:
    result = merged(filled, "needs", 1, 3)
    assert result.filled == ["预算"]
    with filled.write() as session:
        row = needs.get(session, 1)
        said = NeedUpdate(code="N1", title=row.title, text=row.text, enterprise_id=1, budget=Decimal(7))
        needs.update(session, 1, said)
        told = restoring.restore(session, result.deletion.id)
    assert told.notes == ["编号 1 的技术需求的预算之后又有改动，未还原"]
    with filled.read() as session:
        assert needs.get(session, 1).budget == 7
        assert needs.get(session, 3).budget == 5


@pytest.mark.parametrize(
    ("kind", "kept", "other", "error", "reason"),
    [
        ("patents", 1, 2, Conflict, f"两条专利的申请号不同（{FIRST}、{SECOND}），不是同一条记录"),
        ("patents", 1, 1, InvalidInput, "不能与自己合并"),
        ("patents", 1, 99, NotFound, "没有编号为 99 的专利"),
        ("facts", 1, 2, Conflict, "两条运用与评价记录的记录种类不同（citations、licence）"),
    ],
)
def test_what_cannot_be_the_same_is_refused(
    filled: Database, kind: str, kept: int, other: int, error: type[Exception], reason: str
) -> None:
    before = everything(filled)
    with pytest.raises(error, match=reason):
        merged(filled, kind, kept, other)
    assert everything(filled) == before


def test_two_current_declarations_cannot_stand_together(filled: Database) -> None:
    with filled.write() as session:
        row = patents.get(session, 2)
        stated = LicenceCreate(
            application_number=SECOND, payment_form=PaymentForm.FREE, declared_on=date(2025, 1, 2)
        )
        licence_edits.create(session, stated, today=beijing_today())
        row.application_number = None  # as if it had come as a draft
    before = everything(filled)
    with pytest.raises(Conflict, match="都有不能并存的内容"):
        merged(filled, "patents", 1, 2)
    assert everything(filled) == before


def test_deals_are_merged_with_their_payments_told(filled: Database) -> None:
    result = merged(filled, "deals", 1, 2)
    labels = {d.label for d in result.differing}
    assert labels >= {"合同编号", "证明材料"}
    assert "到账" not in labels  # the same payment under both
    with filled.write() as session:
        assert [r.amount for r in deals.receipts(session, 1)] == [Decimal("100.00")]
        removal.delete(session, register_named("deals"), 1, WHY)
        restoring.restore(session, result.deletion.id)
        assert deals.get(session, 2).code == "HT-2"


def test_a_filled_declaration_has_it_in_its_history(filled: Database) -> None:
    with filled.write() as session:
        _declare_once_more(session)
    result = merged(filled, "licences", 1, 2)
    assert "联系人与联系方式" in result.filled
    with filled.read() as session:
        last = licence_history.of_licence(session, 1)[-1]
        assert (last.actor, last.after["contact"], last.note) == ("小王", "张三", "同一条")


def _declare_once_more(session: Session) -> None:
    licence_edits.withdraw(session, 1, date(2025, 5, 1))
    said: dict[str, Any] = {"application_number": FIRST, "payment_form": PaymentForm.FREE, "contact": "张三"}
    licence_edits.create(session, LicenceCreate(**said), today=beijing_today())


def test_a_merged_record_leads_to_the_last_kept_one(filled: Database) -> None:
    with filled.write() as session:
        needs.create(session, NeedCreate(code="N4", title="要泵", text="要泵"))
    merged(filled, "needs", 1, 3)
    merged(filled, "needs", 4, 1)
    with filled.read() as session:
        stone = tombstones.of_record(session, "need", 3)
        assert stone is not None
        assert tombstones.last_of_merges(session, stone) == 4
