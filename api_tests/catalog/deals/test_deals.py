"""Deals against the rules, the facts that follow from them, and their way through the pipeline."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from sqlmodel import Session

from catalog.db import Database, sqlite_url
from catalog.deals import deals
from catalog.deals import edits as deal_edits
from catalog.deals import lists as deal_lists
from catalog.deals import pipeline as deal_pipeline
from catalog.deals import rules as deal_rules
from catalog.deals.deals import Deal, DealCreate, ReceiptCreate
from catalog.deals.pipeline import CaseCreate
from catalog.demand import needs
from catalog.demand.needs import NeedCreate
from catalog.kit.days import beijing_today
from catalog.kit.errors import Conflict, InvalidInput
from catalog.kit.paging import ListQuery
from catalog.kit.terms import (
    DealStatus,
    FactKind,
    LegalStatus,
    LicenceStatus,
    PatentKind,
    PaymentForm,
    PipelineStage,
)
from catalog.licences import edits as licence_edits
from catalog.licences.licences import LicenceCreate
from catalog.reference.lists import rows as reference_rows
from catalog.registers.patents import upsert
from catalog.supply import facts
from catalog.supply.facts import FactCreate
from catalog.supply.holders import HolderRef
from catalog.supply.patents import PatentCreate

OLD, NEW, ORPHAN = "201310699744.2", "201710601862.3", "200710308494.X"
FIRM = {"name": "示例新能源有限公司", "province": "420000", "prefecture": "420500"}


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """A catalogue with two patents of a university (one shared with a firm) and one without holders."""
    database = Database(sqlite_url(tmp_path / "catalog.db"))
    database.upgrade()
    university, partner = HolderRef(name="示例理工大学"), HolderRef(name="示例研究院")
    with database.write() as open_session:
        upsert(
            open_session,
            [
                PatentCreate(
                    application_number=number,
                    title="一种装置",
                    kind=PatentKind.INVENTION,
                    filing_date=filed,
                    grant_date=granted,
                    holders=owners,
                )
                for number, filed, granted, owners in (
                    (OLD, date(2013, 12, 18), date(2016, 3, 2), [university]),
                    (NEW, date(2017, 7, 21), date(2020, 5, 1), [university, partner]),
                    (ORPHAN, date(2007, 11, 30), None, []),
                )
            ],
        )
        yield open_session
    database.dispose()


def licence(**changes: Any) -> DealCreate:
    values: dict[str, Any] = {
        "kind": "licence",
        "licence_type": "ordinary",
        "application_numbers": [OLD],
        "givers": [{"name": "示例理工大学"}],
        "takers": [FIRM],
        "payment_form": "lump_sum",
        "contract_amount": 300_000,
        "signed_on": date(2025, 3, 1),
        "ends_on": date(2028, 2, 29),
    }
    return DealCreate.model_validate(values | changes)


def transfer(**changes: Any) -> DealCreate:
    return licence(kind="transfer", licence_type=None, ends_on=None, **changes)


def record(session: Session, data: DealCreate) -> Deal:
    return deal_edits.create(session, data, actor="甲", today=beijing_today())[0]


def declare(session: Session, number: str = OLD, **changes: Any) -> None:
    values = {
        "application_number": number,
        "payment_form": PaymentForm.FREE,
        "status": LicenceStatus.PUBLISHED,
        "declared_on": date(2024, 1, 1),
        "starts_on": date(2024, 1, 1),
        "ends_on": date(2030, 1, 1),
    }
    licence_edits.create(session, LicenceCreate.model_validate(values | changes), today=beijing_today())


def note(session: Session, kind: FactKind, **values: Any) -> None:
    day = date(2024, 6, 1)
    facts.store(session, [FactCreate(patent_id=1, kind=kind, happened_on=day, **values)])


def found_by(session: Session, data: DealCreate, *receipts: ReceiptCreate) -> dict[str, bool]:
    rows = deal_rules.patents_of(session, data)
    paid = [deals.Receipt(**receipt.model_dump(), deal_id=0) for receipt in receipts]
    return {f.code: f.refuses for f in deal_rules.check(session, data, rows, paid, today=beijing_today())}


def payment(amount: int, on: date = date(2025, 4, 1)) -> ReceiptCreate:
    return ReceiptCreate(received_on=on, amount=Decimal(amount))


def test_a_deal_in_order_is_not_remarked_on(session: Session) -> None:
    assert found_by(session, licence(), payment(300_000)) == {}


# One case for each row of the table of rules.
CASES: dict[str, dict[str, Any]] = {
    "not_patentee": {"data": transfer(givers=[{"name": "别家大学"}])},
    "licensor_not_patentee": {"data": licence(givers=[{"name": "别家大学"}])},
    "already_moved": {
        "data": transfer(
            givers=[{"name": "原持有大学"}], takers=[{"name": "示例理工大学", "province": "420000"}]
        )
    },
    "no_holders": {"data": licence(application_numbers=[ORPHAN], ends_on=date(2027, 1, 1))},
    "not_first_patentee": {
        "data": licence(application_numbers=[NEW], givers=[{"name": "示例研究院"}, {"name": "示例理工大学"}])
    },
    "co_owners_absent": {"data": licence(application_numbers=[NEW], licence_type="sole")},
    "co_owner_licenses_alone": {"data": licence(application_numbers=[NEW])},
    "past_term": {"data": licence(ends_on=date(2033, 12, 18))},
    "after_term": {"data": licence(application_numbers=[ORPHAN], starts_on=date(2027, 11, 30), ends_on=None)},
    "not_in_force": {"data": licence(), "lapsed": True},
    "before_grant": {"data": licence(signed_on=date(2015, 1, 1), ends_on=date(2020, 1, 1))},
    "before_filing": {"data": licence(signed_on=date(2013, 1, 1))},
    "no_term": {"data": licence(ends_on=None)},
    "no_declaration": {"data": licence(licence_type="open")},
    "exclusive_under_declaration": {"data": licence(licence_type="sole"), "declared": True},
    "taker_abroad": {
        "data": licence(licence_type="open", takers=[{"name": "Example GmbH", "country": "DE"}]),
        "declared": True,
    },
    "exclusive_in_force": {
        "data": licence(),
        "fact": (FactKind.LICENCE, {"value": "exclusive", "party": "乙"}),
    },
    "licence_in_force": {
        "data": licence(licence_type="exclusive"),
        "fact": (FactKind.LICENCE, {"value": "ordinary", "party": "乙"}),
    },
    "open_licences_may_run": {
        "data": licence(licence_type="sole"),
        "declared": {"status": LicenceStatus.WITHDRAWN, "withdrawn_on": date(2025, 2, 1)},
    },
    "pledged": {"data": transfer(), "fact": (FactKind.PLEDGE, {"party": "示例银行"})},
    "same_party": {"data": transfer(takers=[{"name": "示例 理工大学", "province": "420000"}])},
    "over_received": {"data": licence(), "paid": [payment(200_000), payment(100_001)]},
    "received_early": {"data": licence(), "paid": [payment(1, date(2025, 2, 28))]},
    "signed_in_future": {"data": licence(signed_on=date(2999, 1, 1), ends_on=None)},
    "filed_in_future": {"data": licence(filed_on=date(2999, 1, 1))},
    "filed_late": {"data": licence(filed_on=date(2025, 6, 4))},
    "no_amount": {"data": licence(contract_amount=None)},
    "no_register_address": {"data": licence(takers=[{"name": "示例新能源有限公司"}])},
}


def test_every_rule_has_its_case() -> None:
    assert set(CASES) == {row["code"] for row in reference_rows("deal_rules.csv")}


@pytest.mark.parametrize("code", CASES)
def test_rules_find_what_they_are_for(session: Session, code: str) -> None:
    case = CASES[code]
    if declared := case.get("declared"):
        declare(session, **(declared if isinstance(declared, dict) else {}))
    if case.get("lapsed"):
        patent = deal_rules.patents_of(session, case["data"])[0]
        patent.legal_status, patent.legal_status_date = LegalStatus.TERMINATED, date(2020, 1, 1)
    if "fact" in case:
        kind, values = case["fact"]
        note(session, kind, **values)
    level = next(row["level"] for row in reference_rows("deal_rules.csv") if row["code"] == code)
    assert found_by(session, case["data"], *case.get("paid", [])).get(code) == (level == "refuse")


def test_three_months_to_record_a_licence_end_on_a_working_day(session: Session) -> None:
    """细则 15, second paragraph: from 2025-03-01 to Sunday 2025-06-01; 2 June is 端午节, so Tuesday 3 June is in time."""
    late = {day: "filed_late" in found_by(session, licence(filed_on=date(2025, 6, day))) for day in (2, 3, 4)}
    assert late == {2: False, 3: False, 4: True}


def test_rules_of_term_and_filing_name_the_article_that_says_so() -> None:
    rules = {row["code"]: row["rule"] for row in reference_rows("deal_rules.csv")}
    assert "细则第十五条第二款" in rules["filed_late"]
    assert "八十七" not in rules["filed_late"]
    assert "备案办法第九条" in rules["no_term"]
    assert "十五条" not in rules["no_term"]


def messages(session: Session, data: DealCreate) -> str:
    rows = deal_rules.patents_of(session, data)
    return "；".join(
        f"{f.message}（{f.rule}）" for f in deal_rules.check(session, data, rows, today=beijing_today())
    )


def test_a_co_owner_may_license_ordinarily_alone_and_shares_the_fees(session: Session) -> None:
    """专利法 14: an ordinary licence needs no consent; any other, a transfer or a pledge does."""
    alone = messages(session, licence(application_numbers=[NEW]))
    assert "使用费应当在共有人之间分配" in alone
    assert "同意" not in alone
    for other in (
        licence(application_numbers=[NEW], licence_type="exclusive"),
        transfer(application_numbers=[NEW]),
        licence(application_numbers=[NEW], kind="pledge", licence_type=None),
    ):
        assert "是否已取得同意" in messages(session, other)


@pytest.mark.parametrize("wanted", ["exclusive", "sole"])
def test_licences_that_run_are_not_shut_out_by_an_exclusive_one(session: Session, wanted: str) -> None:
    """专利法 50, second paragraph, and 51: an ordinary licence to 2025-03-01 runs on the day of the signing, not after."""
    exclusive = licence(licence_type=wanted)
    note(session, FactKind.LICENCE, value="ordinary", party="乙厂", ends_on=date(2025, 3, 1))
    assert "licence_in_force" in found_by(session, exclusive)
    assert "licence_in_force" not in found_by(session, licence())
    next_day = exclusive.model_copy(update={"signed_on": date(2025, 3, 2)})
    assert "licence_in_force" not in found_by(session, next_day)


def test_open_licences_outlast_the_withdrawal_of_their_declaration(session: Session) -> None:
    """Withdrawn on 2025-02-01, granted to 2030-01-01: an exclusive licence is refused before and warned of after."""
    declare(session, status=LicenceStatus.WITHDRAWN, withdrawn_on=date(2025, 2, 1))
    note(session, FactKind.LICENCE, value="open", party="丙厂", ends_on=date(2030, 1, 1))

    def found(day: date) -> dict[str, bool]:
        return found_by(session, licence(licence_type="exclusive", signed_on=day))

    assert found(date(2025, 1, 31))["exclusive_under_declaration"] is True
    for day in (date(2025, 2, 1), date(2025, 2, 2)):
        assert found(day) == {"licence_in_force": False, "open_licences_may_run": False}


def test_an_open_licence_may_be_recorded_after_the_withdrawal_of_its_declaration(session: Session) -> None:
    declare(session, status=LicenceStatus.WITHDRAWN, withdrawn_on=date(2025, 6, 1))
    signed = {"licence_type": "open", "ends_on": date(2027, 1, 1)}
    assert found_by(session, licence(**signed)) == {}
    assert "no_declaration" in found_by(session, licence(**signed | {"signed_on": date(2025, 6, 1)}))


def test_a_refusal_names_its_rule(session: Session) -> None:
    with pytest.raises(InvalidInput, match=r"2033-12-17（依据：专利法第四十二条"):
        record(session, licence(ends_on=date(2033, 12, 18)))
    assert deal_lists.page(session, ListQuery(), deal_lists.DealFilter()).total == 0


def test_the_last_valid_day_and_the_whole_amount_are_within(session: Session) -> None:
    deal = record(session, licence(ends_on=date(2033, 12, 17)))
    deal_edits.receive(session, deal.id or 0, payment(300_000), today=beijing_today())
    with pytest.raises(InvalidInput, match=r"300000\.01 元超过合同金额 300000 元"):
        deal_edits.receive(
            session,
            deal.id or 0,
            ReceiptCreate(received_on=date(2025, 5, 1), amount=Decimal("0.01")),
            today=beijing_today(),
        )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"licence_type": None}, "没有许可方式"),
        ({"kind": "transfer"}, "不应有许可方式"),
        ({"payment_form": "free"}, "免费"),
        ({"royalty_rate": 5}, "同时填写"),
        ({"ends_on": date(2025, 2, 28)}, "早于生效日"),
        ({"filed_on": date(2025, 2, 28)}, "早于签约日"),
        ({"three_party": True}, "专利服务机构"),
        ({"application_numbers": [OLD, OLD]}, "专利重复"),
        ({"pledge_consent": "given"}, "质权人同意"),
        ({"starts_on": date(1, 1, 1)}, "生效日 0001-01-01 不合常理"),
        ({"signed_on": date(1985, 3, 31)}, "签约日 1985-03-31 不合常理"),
        ({"broker_credit_code": "91420100MA4K00000X"}, "没有写其名称"),
    ],
)
def test_deals_that_contradict_themselves_are_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        licence(**changes)


def known(session: Session) -> list[tuple[str, str, date | None]]:
    return [(f.kind, f.value, f.ends_on) for f in facts.of_patents(session, [1]).get(1, [])]


def test_facts_follow_the_deal(session: Session) -> None:
    deal = record(session, licence(licence_type="exclusive"))
    assert known(session) == [("licence", "exclusive", date(2028, 2, 29))]
    fact = facts.of_patents(session, [1])[1][0]
    assert (fact.party, fact.source) == ("示例新能源有限公司", f"交易登记 {deal.id}")
    deal_edits.change(
        session,
        deal.id or 0,
        licence(licence_type="ordinary", ends_on=date(2027, 1, 1)),
        today=beijing_today(),
    )
    assert known(session) == [("licence", "ordinary", date(2027, 1, 1))]
    deal_edits.end(session, deal.id or 0, date(2026, 1, 1), "协商解除", today=beijing_today())
    assert known(session) == [("licence", "ordinary", date(2026, 1, 1))]
    with pytest.raises(Conflict, match="已解除"):
        deal_edits.receive(session, deal.id or 0, payment(1), today=beijing_today())
    deal_edits.void(session, deal.id or 0, "登记有误")
    assert known(session) == []
    steps = [event.action for event in deals.events(session, deal.id or 0)]
    assert steps == ["created", "changed", "ended", "voided"]
    changed = deals.events(session, deal.id or 0)[1].changes
    assert changed["licence_type"] == ["exclusive", "ordinary"]


def test_a_deal_moved_to_another_patent_takes_its_fact_along(session: Session) -> None:
    deal = record(session, licence())
    deal_edits.change(session, deal.id or 0, licence(application_numbers=[NEW]), today=beijing_today())
    assert {key: len(rows) for key, rows in facts.of_patents(session, [1, 2]).items()} == {2: 1}


def test_what_a_register_recorded_stays_when_the_deal_goes(session: Session) -> None:
    note(session, FactKind.LICENCE, value="ordinary", party=FIRM["name"])
    deal = record(session, licence(starts_on=date(2024, 6, 1), signed_on=date(2024, 6, 1)))
    assert len(known(session)) == 1
    deal_edits.void(session, deal.id or 0, "重复登记")
    assert known(session) == [("licence", "ordinary", None)]


def test_codes_are_stable_and_taken_once(session: Session) -> None:
    deal = record(session, licence())
    assert deal.code == deal_edits.automatic_code(licence(contract_amount=1))
    with pytest.raises(Conflict, match="已登记"):
        record(session, licence())


def test_brokers_share_one_cap(session: Session) -> None:
    three = {"three_party": True, "broker": "示例服务机构", "contract_amount": 8_000_000}
    for number, day in ((OLD, 1), (NEW, 2)):
        record(session, licence(application_numbers=[number], signed_on=date(2025, 3, day), **three))
    shown = list(deal_lists.every(session, deal_lists.DealFilter()))
    # 5 % of 8 million is 400,000; of the second, only what is left of 500,000
    amounts = {d.signed_on.day: d.broker_subsidy.amount for d in shown if d.broker_subsidy}
    assert amounts == {1: 400_000, 2: 100_000}


def applied(session: Session) -> dict[int, tuple[object, bool]]:
    """Amount and whether it is a forecast, by the day of signing."""
    shown = deal_lists.every(session, deal_lists.DealFilter())
    return {d.signed_on.day: (s.amount, s.forecast) for d in shown if (s := d.broker_subsidy)}


@pytest.mark.parametrize(
    ("first", "second", "left"),
    [
        ({"broker": "核查服务机构（武汉）"}, {"broker": "核查服务机构(武汉)"}, 100_000),
        ({"broker": "核查 服务机构"}, {"broker": "核查服务机构"}, 100_000),
        (
            {"broker": "核查服务机构", "broker_credit_code": "91420100MA4K00000X"},
            {"broker": "核查知识产权公司", "broker_credit_code": "91420100MA4K00000X"},
            100_000,
        ),
        (
            {"broker": "核查服务机构", "broker_credit_code": "91420100MA4K00000X"},
            {"broker": "核查服务机构"},
            100_000,
        ),
        ({"broker": "核查服务机构"}, {"broker": "另一服务机构"}, 400_000),
    ],
)
def test_one_unit_is_one_credit_code_or_one_folded_name(
    session: Session, first: dict[str, Any], second: dict[str, Any], left: int
) -> None:
    """5 % of 8 million is 400,000 each; one unit gets 500,000 at most."""
    for number, day, broker in ((OLD, 1, first), (NEW, 2, second)):
        signed = {"application_numbers": [number], "signed_on": date(2025, 3, day)}
        record(session, licence(three_party=True, contract_amount=8_000_000, **signed, **broker))
    assert applied(session) == {1: (400_000, True), 2: (left, True)}


def test_a_subsidy_is_a_forecast_until_the_deal_is_filed_and_paid(session: Session) -> None:
    """5 % of 300,000 is 15,000."""
    deal = record(session, licence(three_party=True, broker="示例服务机构"))
    assert applied(session) == {1: (15_000, True)}
    deal_edits.file(session, deal.id or 0, "X1", date(2025, 4, 1), today=beijing_today())
    deal_edits.receive(session, deal.id or 0, payment(299_999), today=beijing_today())
    assert applied(session) == {1: (15_000, True)}
    deal_edits.receive(session, deal.id or 0, payment(1), today=beijing_today())
    assert applied(session) == {1: (15_000, False)}


def test_a_royalty_contract_earns_its_broker_a_share_of_what_was_received(session: Session) -> None:
    royalty = {
        "payment_form": "royalty",
        "contract_amount": None,
        "royalty_rate": 5,
        "royalty_base": "net_sales",
    }
    deal = record(session, licence(three_party=True, broker="示例服务机构", **royalty))
    assert applied(session) == {1: (0, True)}
    deal_edits.receive(session, deal.id or 0, payment(200_000), today=beijing_today())
    assert applied(session) == {1: (10_000, True)}
    deal_edits.file(session, deal.id or 0, "X1", date(2025, 4, 1), today=beijing_today())
    assert applied(session) == {1: (10_000, False)}


def test_what_is_converted_takes_the_cap_before_what_is_forecast(session: Session) -> None:
    three = {"three_party": True, "broker": "示例服务机构", "contract_amount": 8_000_000}
    record(session, licence(signed_on=date(2025, 3, 1), **three))
    later = record(session, licence(application_numbers=[NEW], signed_on=date(2025, 3, 2), **three))
    deal_edits.file(session, later.id or 0, "X1", date(2025, 4, 1), today=beijing_today())
    deal_edits.receive(session, later.id or 0, payment(8_000_000), today=beijing_today())
    assert applied(session) == {1: (100_000, True), 2: (400_000, False)}


def test_a_case_goes_through_all_stages_with_its_deal(session: Session) -> None:
    need = needs.create(session, NeedCreate(title="充电", text="低温充电慢", enterprise_name=FIRM["name"]))
    offer = CaseCreate(application_number=OLD, need_id=need.id, generation="g1", rank=2, score=0.5)
    case = deal_pipeline.create(session, offer, actor="甲")
    case_id = case.id or 0
    with pytest.raises(Conflict, match="已有编号为 1 的对接事项"):
        deal_pipeline.create(session, offer)
    for stage in (PipelineStage.READ, PipelineStage.INTERESTED, PipelineStage.NEGOTIATING):
        deal_pipeline.advance(session, case_id, stage, actor="乙")
    with pytest.raises(Conflict, match="可以进入：有意向、签约、终止"):
        deal_pipeline.advance(session, case_id, PipelineStage.RECEIVED)
    with pytest.raises(InvalidInput, match="需要已登记的交易"):
        deal_pipeline.advance(session, case_id, PipelineStage.SIGNED)
    other = record(session, licence(application_numbers=[NEW]))
    with pytest.raises(InvalidInput, match="不涉及该对接事项的专利"):
        deal_pipeline.advance(session, case_id, PipelineStage.SIGNED, deal_id=other.id)
    deal = record(session, licence())
    deal_pipeline.advance(session, case_id, PipelineStage.SIGNED, deal_id=deal.id)
    deal_edits.file(session, deal.id or 0, "X2025420001", date(2025, 4, 1), actor="丙", today=beijing_today())
    deal_edits.receive(session, deal.id or 0, payment(100), actor="丙", today=beijing_today())
    shown = deal_pipeline.publics(session, [deal_pipeline.get(session, case_id)])[0]
    assert [step.to_stage_name for step in shown.history] == [
        "推送", "已读", "有意向", "洽谈", "签约", "备案", "到账",
    ]  # fmt: skip
    assert [step.actor for step in shown.history] == ["甲", "乙", "乙", "乙", "", "丙", "丙"]
    assert (shown.need_title, shown.enterprise_name, shown.rank) == ("充电", FIRM["name"], 2)
    deal_edits.void(session, deal.id or 0, "登记有误", actor="丙")
    assert deal_pipeline.get(session, case_id).stage == PipelineStage.NEGOTIATING
    with pytest.raises(InvalidInput, match="应说明原因"):
        deal_pipeline.advance(session, case_id, PipelineStage.ENDED)
    assert deals.get(session, deal.id or 0).status == DealStatus.VOID


def test_stages_lead_from_the_start_to_every_end() -> None:
    reached, frontier = {PipelineStage.PUSHED}, [PipelineStage.PUSHED]
    while frontier:
        for stage in deal_pipeline.next_stages(frontier.pop()):
            if stage not in reached:
                reached.add(stage)
                frontier.append(stage)
    assert reached == set(PipelineStage)
