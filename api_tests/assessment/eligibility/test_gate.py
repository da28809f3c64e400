"""The eligibility gate: every row of the decision table, its properties, and that bulk and single checks agree."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from assessment.eligibility import gate as eligibility_gate
from assessment.eligibility import table as eligibility_table
from assessment.eligibility.conditions import CONDITIONS, KnownFacts
from assessment.eligibility.gate import JudgedEligibility
from assessment.eligibility.table import Effect, RuleTable
from catalog.db import Database, sqlite_url
from catalog.kit.errors import InvalidInput, NotFound
from catalog.kit.terms import FactKind, LicenceStatus, OwnerConsent
from catalog.law.life import LegalFacts
from catalog.licences import eligibility_records
from catalog.licences.eligibility_records import EligibilityRecord, Event, OwnerStatement
from catalog.registers.patents import upsert
from catalog.supply import facts
from catalog.supply.facts import FactCreate
from catalog.supply.holders import HolderRef
from catalog.supply.patents import PatentCreate

D = date
DAY = D(2026, 6, 30)
TABLE = eligibility_gate.load_table()
FILED, GRANTED = D(2019, 3, 1), D(2022, 5, 10)
SOUND = LegalFacts(
    kind="invention",
    filed=FILED,
    granted=GRANTED,
    status="in_force",
    status_date=D(2026, 6, 1),
    annuity_paid_until=D(2027, 2, 28),
    annuity_checked_on=D(2026, 6, 1),
)
PATENT = EligibilityRecord(
    patent_id=1,
    application_number="201910000001.5",
    title="一种装置",
    legal=SOUND,
    owners=(OwnerStatement("示例大学"),),
)
MODEL = replace(PATENT, legal=replace(SOUND, kind="utility_model"))
SHARED = replace(PATENT, owners=(OwnerStatement("示例大学"), OwnerStatement("示例公司")))
GIVEN, REFUSED = OwnerConsent.GIVEN, OwnerConsent.NOT_GIVEN


def decide(record: EligibilityRecord, day: date, table: RuleTable) -> JudgedEligibility:
    """The verdict on what is recorded of a patent."""
    return eligibility_gate.decide(KnownFacts.of([record], day)[0], table)


def legal(**changes: Any) -> EligibilityRecord:
    return replace(PATENT, legal=replace(SOUND, **changes))


def with_events(*events: Event, record: EligibilityRecord = PATENT) -> EligibilityRecord:
    return replace(record, events=events)


def event(kind: str, value: str = "", first: date | None = D(2025, 1, 1), last: date | None = None) -> Event:
    return Event(FactKind(kind), value, first, last, party="示例公司", source="登记簿")


def report(value: str, on: date | None = D(2024, 1, 1)) -> EligibilityRecord:
    return with_events(event("evaluation_report", value, on), record=MODEL)


def owned(*owners: OwnerStatement) -> EligibilityRecord:
    return replace(PATENT, owners=owners)


def codes(verdict: JudgedEligibility, *effects: Effect) -> set[str]:
    return {ground.code for ground in verdict.grounds if not effects or ground.effect in effects}


# One line a row of the table: what is known, the verdict, the rules that decide it, a word of the to-do list.
CASES: dict[str, tuple[EligibilityRecord, str, set[str], str]] = {
    "all known and sound": (PATENT, "eligible", set(), ""),
    "paid in the year of the grant": (
        legal(granted=D(2026, 5, 1), annuity_paid_until=None, annuity_checked_on=None), "eligible", set(), "",
    ),
    "no number": (replace(PATENT, application_number=None), "unknown", {"no_number"}, "补录申请号"),
    "refused": (legal(status="rejected", granted=None), "blocked", {"refused"}, ""),
    "withdrawn": (legal(status="withdrawn", granted=None), "blocked", {"refused"}, ""),
    "pending": (legal(status="pending", granted=None), "blocked", {"not_granted"}, "待公告授予"),
    "grant announced later": (legal(granted=D(2026, 7, 7)), "blocked", {"not_granted"}, "待公告授予"),
    "invalid": (legal(status="invalidated"), "blocked", {"invalidated"}, ""),
    "expired by date": (legal(filed=D(2006, 6, 30), status_date=D(2025, 1, 1)), "blocked", {"expired"}, ""),
    "last day of the term": (
        legal(filed=D(2006, 7, 1), annuity_paid_until=D(2026, 6, 30)), "eligible", set(), "",
    ),
    "utility model after ten years": (
        legal(kind="utility_model", filed=D(2016, 6, 30)), "blocked", {"expired"}, "",
    ),
    "design of fifteen years": (
        with_events(
            event("evaluation_report", "grantable"),
            record=legal(kind="design", filed=D(2021, 6, 1)),
        ), "eligible", set(), "",
    ),
    "design of ten years": (legal(kind="design", filed=D(2016, 6, 30)), "blocked", {"expired"}, ""),
    "term compensated": (
        legal(filed=D(2006, 6, 30), expiry=D(2027, 1, 1)), "eligible", set(), "",
    ),
    "terminated": (legal(status="terminated", status_date=D(2026, 3, 1)), "blocked", {"terminated"}, "恢复权利"),
    "fees unpaid beyond grace": (
        legal(annuity_paid_until=D(2025, 2, 28), annuity_checked_on=D(2026, 6, 20)), "blocked", {"terminated"}, "恢复权利",
    ),
    "abandoned": (legal(status="abandoned", status_date=D(2026, 1, 1)), "blocked", {"abandoned"}, ""),
    "status unknown": (
        legal(status=None, granted=None), "unknown", {"life_unknown", "grant_date_missing"}, "登记簿",
    ),
    "status not recorded": (legal(status=None, status_date=None), "unknown", {"status_unrecorded"}, "登记簿"),
    "grant date not recorded": (legal(granted=None), "unknown", {"grant_date_missing"}, "授权公告日"),
    "kind not recorded": (legal(kind=None), "unknown", {"life_unknown", "kind_missing"}, "专利类型"),
    "partly invalid": (legal(status="partly_invalid"), "eligible", set(), "维持有效的权利要求"),
    "exclusive licence (86-1)": (
        with_events(event("licence", "exclusive")), "blocked", {"exclusive_licence"}, "独占许可期满",
    ),
    "sole licence (86-1)": (with_events(event("licence", "sole")), "blocked", {"sole_licence"}, "排他许可期满"),
    "licence to the last day": (
        with_events(event("licence", "exclusive", last=DAY)), "blocked", {"exclusive_licence"}, "",
    ),
    "licence ended": (
        with_events(event("licence", "exclusive", last=DAY - timedelta(1))), "eligible", set(), "",
    ),
    "licence to come": (with_events(event("licence", "sole", first=DAY + timedelta(1))), "eligible", set(), ""),
    "ordinary and open licences": (
        with_events(event("licence", "ordinary"), event("licence", "open")), "eligible", set(), "",
    ),
    "licence of unknown type": (with_events(event("licence")), "unknown", {"licence_type_unknown"}, "许可方式"),
    "suspended (86-2)": (with_events(event("suspension")), "blocked", {"suspended"}, "保全解除"),
    "suspended by status": (legal(status="suspended"), "blocked", {"suspended"}, "保全解除"),
    "suspension lifted": (with_events(event("suspension", last=D(2026, 1, 1))), "eligible", set(), ""),
    "grace (86-3)": (
        legal(annuity_paid_until=D(2026, 2, 28), annuity_checked_on=D(2026, 6, 20), status_date=None),
        "blocked", {"grace"}, "补缴年费",
    ),
    "grace by status": (
        legal(status="grace", annuity_paid_until=None, annuity_checked_on=None), "blocked", {"grace"}, "补缴年费",
    ),
    "grace by status, a payment of no known day": (
        legal(status="grace", annuity_checked_on=None), "unknown", {"annuity_unknown"}, "缴费情况",
    ),
    "grace by status, paid since": (legal(status="grace", annuity_checked_on=D(2026, 6, 20)), "eligible", set(), ""),
    "annuity unknown": (
        legal(status_date=None, annuity_paid_until=None, annuity_checked_on=None), "unknown", {"annuity_unknown"}, "缴费情况",
    ),
    "pledge without consent (86-4)": (
        with_events(event("pledge", "not_given")), "blocked", {"pledge_refused"}, "质权人同意",
    ),
    "pledge, consent not recorded": (with_events(event("pledge")), "unknown", {"pledge_unknown"}, "质权人同意"),
    "pledge by status": (legal(status="pledged"), "unknown", {"pledge_unknown"}, "质权人同意"),
    "pledge with consent": (with_events(event("pledge", "given")), "eligible", set(), ""),
    "pledge by status with consent": (
        with_events(event("pledge", "given"), record=legal(status="pledged")), "eligible", set(), "",
    ),
    "pledge by status, the agreed one over": (
        with_events(event("pledge", "given", last=D(2026, 1, 1)), record=legal(status="pledged")),
        "unknown", {"pledge_unknown"}, "质权人同意",
    ),
    "pledge released": (with_events(event("pledge", "not_given", last=D(2026, 1, 1))), "eligible", set(), ""),
    "other hindrance (86-5)": (with_events(event("hindrance")), "blocked", {"other_hindrance"}, "消除"),
    "model without report": (MODEL, "unknown", {"report_missing"}, "取得专利权评价报告"),
    "model with report": (report("grantable"), "eligible", set(), ""),
    "model with adverse report": (report("not_grantable"), "blocked", {"report_negative"}, ""),
    "report without conclusion": (report(""), "unknown", {"report_unclear"}, "结论"),
    "report after the day": (report("grantable", DAY + timedelta(1)), "unknown", {"report_missing"}, ""),
    "adverse report corrected later": (
        with_events(
            event("evaluation_report", "not_grantable", D(2024, 1, 1)),
            event("evaluation_report", "grantable", D(2025, 1, 1)),
            record=MODEL,
        ), "eligible", set(), "",
    ),
    "adverse report after a good one": (
        with_events(
            event("evaluation_report", "grantable", D(2024, 1, 1)),
            event("evaluation_report", "not_grantable", D(2025, 1, 1)),
            record=MODEL,
        ), "blocked", {"report_negative"}, "",
    ),
    "an invention needs no report": (
        with_events(event("evaluation_report", "not_grantable")), "eligible", set(), "",
    ),
    "owners not recorded": (owned(), "unknown", {"owners_unknown"}, "补录专利权人"),
    "co-owner not asked": (SHARED, "unknown", {"co_owner_unknown"}, "共有人同意"),
    "one of two agrees": (
        owned(OwnerStatement("示例大学", GIVEN, D(2026, 1, 1)), OwnerStatement("示例公司")), "unknown", {"co_owner_unknown"}, "共有人同意",
    ),
    "a co-owner refuses": (
        owned(OwnerStatement("示例大学", GIVEN, D(2026, 1, 1)), OwnerStatement("示例公司", REFUSED, D(2026, 1, 1))),
        "blocked", {"co_owner_refuses"}, "全体专利权人同意",
    ),
    "all agree": (
        owned(OwnerStatement("示例大学", GIVEN, D(2026, 1, 1)), OwnerStatement("示例公司", GIVEN, D(2026, 2, 1))), "eligible", set(), "",
    ),
    "agrees after the day": (
        owned(OwnerStatement("示例大学", GIVEN, D(2026, 1, 1)), OwnerStatement("示例公司", GIVEN, D(2026, 7, 1))),
        "unknown", {"co_owner_unknown"}, "",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_row_of_the_table(name: str) -> None:
    record, expected, deciding, todo = CASES[name]
    verdict = decide(record, DAY, TABLE)
    assert verdict.verdict == expected, verdict
    assert codes(verdict, Effect.BLOCKS, Effect.UNKNOWN) == deciding
    assert todo in "；".join(verdict.todo)
    assert verdict.table_version == TABLE.version
    for ground in verdict.grounds:
        assert ground.article
        assert ground.data, ground.code


def test_every_rule_that_decides_has_a_case() -> None:
    deciding = {rule.id for rule in TABLE.rule if rule.effect in (Effect.BLOCKS, Effect.UNKNOWN)}
    tested = {code for _, _, expected, _ in CASES.values() for code in expected}
    assert deciding - tested == {"no_right"}  # for statuses yet to be invented


def test_each_ground_names_its_article_its_data_and_whether_it_was_checked() -> None:
    verdict = decide(CASES["grace (86-3)"][0], DAY, TABLE)
    (grace,) = [ground for ground in verdict.grounds if ground.code == "grace"]
    assert grace.article == "专利法实施细则第八十六条第三项"
    # Due 2026-03-01 in patent year 8 (2000 yuan); 30 June lies in the fourth month: 15 %.
    assert "应缴日 2026-03-01，年费（元） 2000，当日滞纳金（元） 300.00，宽限期至 2026-09-01" in grace.data
    pledge = decide(with_events(event("pledge")), DAY, TABLE).grounds[0]
    assert pledge.data == ["质押记录：示例公司，2025-01-01 起；来源：登记簿"]
    old_design = with_events(
        event("evaluation_report", "grantable"), record=legal(kind="design", filed=D(2018, 1, 1))
    )
    notes = [g for g in decide(old_design, DAY, TABLE).grounds if g.code == "term_unchecked"]
    assert [(g.effect, g.checked) for g in notes] == [(Effect.NOTE, False)]


def test_a_declaration_in_force_is_noted() -> None:
    declared = replace(PATENT, declared=LicenceStatus.PUBLISHED, declared_until=DAY)
    assert "declared_already" in codes(decide(declared, DAY, TABLE))
    assert "declared_already" not in codes(decide(declared, DAY + timedelta(1), TABLE))


# --- properties

days = st.dates(D(2015, 1, 1), D(2030, 1, 1))
maybe_day = st.none() | days
burdens = st.sampled_from(
    [
        ("licence", "exclusive"),
        ("licence", "sole"),
        ("suspension", ""),
        ("pledge", "not_given"),
        ("hindrance", ""),
    ]
)
any_event = st.builds(
    lambda kind, first, last: Event(FactKind(kind[0]), kind[1], first, last),
    burdens
    | st.sampled_from(
        [
            ("licence", ""),
            ("licence", "ordinary"),
            ("pledge", ""),
            ("pledge", "given"),
            ("evaluation_report", ""),
        ]
        + [("evaluation_report", value) for value in ("grantable", "not_grantable")]
    ),
    maybe_day,
    maybe_day,
)
owners = st.builds(
    OwnerStatement,
    st.sampled_from(["示例大学", "示例公司", "示例研究所"]),
    st.sampled_from(OwnerConsent),
    maybe_day,
)
statuses = ["in_force", "pending", "grace", "terminated", "partly_invalid", "suspended", "pledged", None]


def mostly(sound: Any, other: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Draws a sound value three times of four: records that lack one thing are where verdicts turn."""
    return st.sampled_from([True, True, True, False]).flatmap(lambda keep: st.just(sound) if keep else other)


records = st.builds(
    EligibilityRecord,
    patent_id=st.just(1),
    application_number=mostly("201910000001.5", st.none()),
    title=st.just("一种装置"),
    legal=st.builds(
        LegalFacts,
        kind=st.sampled_from(["invention", "invention", "utility_model", "design", None]),
        filed=mostly(FILED, st.none() | st.dates(D(2008, 1, 1), D(2024, 1, 1))),
        granted=mostly(GRANTED, maybe_day),
        # A recorded expiry is a compensated term: later than the formula.
        expiry=mostly(None, st.dates(D(2044, 1, 2), D(2049, 1, 1))),
        status=mostly("in_force", st.sampled_from(statuses)),
        status_date=mostly(D(2026, 6, 1), maybe_day),
        annuity_paid_until=mostly(D(2027, 2, 28), maybe_day),
        annuity_checked_on=mostly(D(2026, 6, 1), maybe_day),
    ),
    owners=mostly((OwnerStatement("示例大学"),), st.lists(owners, max_size=3).map(tuple)),
    events=st.lists(any_event, max_size=2).map(tuple),
)
some_day = mostly(DAY, days)
RANK = {"eligible": 2, "unknown": 1, "blocked": 0}


def rank(record: EligibilityRecord, day: date) -> int:
    return RANK[decide(record, day, TABLE).verdict]


@settings(max_examples=300, deadline=None)
@given(record=records, day=some_day, data=st.data())
def test_adding_a_blocking_fact_never_improves_a_verdict(
    record: EligibilityRecord, day: date, data: st.DataObject
) -> None:
    more = data.draw(
        st.one_of(
            burdens.flatmap(
                lambda b: st.builds(Event, st.just(FactKind(b[0])), st.just(b[1]), maybe_day, maybe_day)
            ).map(lambda e: replace(record, events=(*record.events, e))),
            st.builds(Event, st.just(FactKind.EVALUATION_REPORT), st.just("not_grantable"), maybe_day).map(
                lambda e: replace(record, events=(*record.events, e))
            ),
            st.sampled_from(["rejected", "withdrawn", "invalidated", "terminated", "abandoned"]).map(
                lambda s: replace(record, legal=replace(record.legal, status=s, status_date=None))
            ),
            st.builds(OwnerStatement, st.just("示例甲"), st.just(REFUSED), maybe_day).map(
                lambda o: replace(record, owners=(*record.owners, o))
            ),
        )
    )
    # A first patentee of whom nothing else is known is itself an addition that helps.
    assume(record.owners or more.owners == record.owners)
    assert rank(more, day) <= rank(record, day)


def removals(record: EligibilityRecord) -> Iterable[EligibilityRecord]:
    """The record without one thing that it says.

    A whole burden that goes is a burden less, the end of one that goes a burden more; what was paid until when and when that
    was looked at are one statement. The end of an agreed pledge says that it no longer explains what the register shows.
    """
    yield replace(record, application_number=None)
    for name in ("kind", "filed", "granted", "expiry", "status_date"):
        yield replace(record, legal=replace(record.legal, **{name: None}))
    yield replace(record, legal=replace(record.legal, status=None, status_date=None))
    yield replace(record, legal=replace(record.legal, annuity_paid_until=None, annuity_checked_on=None))
    yield replace(record, owners=())
    for at, owner in enumerate(record.owners):
        for mute in (replace(owner, on=None), replace(owner, consent=OwnerConsent.UNKNOWN)):
            yield replace(record, owners=(*record.owners[:at], mute, *record.owners[at + 1 :]))
    for at, event in enumerate(record.events):
        agreed = (event.kind, event.value) == (FactKind.PLEDGE, "given")
        for less in (replace(event, value=""), replace(event, first=None), replace(event, last=None)):
            if agreed and less.last != event.last:
                continue
            yield replace(record, events=(*record.events[:at], less, *record.events[at + 1 :]))
        if event.kind == FactKind.EVALUATION_REPORT and event.value == "grantable":
            yield replace(record, events=(*record.events[:at], *record.events[at + 1 :]))


@settings(max_examples=400, deadline=None)
@given(record=records, day=some_day)
def test_removing_data_never_turns_unknown_into_eligible(record: EligibilityRecord, day: date) -> None:
    if rank(record, day) == RANK["unknown"]:
        for less in removals(record):
            assert rank(less, day) <= RANK["unknown"], less


def test_removing_data_never_makes_a_burdened_patent_eligible() -> None:
    """As above for blocked ones, from patents that are sound but for one burden."""
    for burden in (name for name, (_, verdict, _, _) in CASES.items() if verdict == "blocked"):
        for less in removals(CASES[burden][0]):
            assert rank(less, DAY) <= RANK["unknown"], (burden, less)


# --- the table as data


def test_what_is_law_stays_and_what_is_not_may_be_edited(tmp_path: Path) -> None:
    shipped = eligibility_table.text()
    own = tmp_path / "eligibility.toml"
    strict = shipped.replace(
        'condition = "encumbrances_not_checked"\neffect = "note"',
        'condition = "encumbrances_not_checked"\neffect = "unknown"',
    )
    own.write_text(strict, "utf-8")
    table = eligibility_gate.load_table(tmp_path)
    assert table.version.startswith("自定义-")
    verdict = decide(PATENT, DAY, table)
    assert (verdict.verdict, verdict.table_version) == ("unknown", table.version)
    nothing = tuple(Event(FactKind.NO_RECORD, kind, D(2026, 6, 1)) for kind in ("licence", "pledge"))
    assert decide(with_events(*nothing), DAY, table).verdict == "eligible"
    for before, after, reason in (
        ('effect = "blocks"', 'effect = "note"', "应为“blocks”，现为“note”"),
        ('condition = "in_grace_period"', 'condition = "in_bloom"', "“in_bloom”不存在"),
        ('id = "grace"', 'id = "suspended"', "写了两次"),
        ('id = "grace"', 'id = "leniency"', "缺少规则“grace”"),
        ('effect = "blocks"', 'effect = "forbids"', "无法使用"),
        ("[[rule]]", "[[rule", "无法读取"),
    ):
        own.write_text(shipped.replace(before, after, 1), "utf-8")
        with pytest.raises(InvalidInput) as refused:
            eligibility_gate.load_table(tmp_path)
        assert reason in refused.value.message
    assert {rule.condition for rule in TABLE.rule} == set(CONDITIONS)


# --- from the catalogue


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Database:
    db = Database(sqlite_url(tmp_path_factory.mktemp("eligibility") / "catalog.db"))
    db.upgrade()
    random = Random(6)
    patents = [invented(random, serial) for serial in range(600)]
    with db.write() as session:
        upsert(session, patents)
        facts.store(session, [fact for id_ in range(1, 601) for fact in invented_facts(random, id_)])
    return db


def invented(random: Random, serial: int) -> PatentCreate:
    filed = D(random.randint(2008, 2023), random.randint(1, 12), 5)
    return PatentCreate(
        application_number=f"2019{random.randint(1, 3)}{serial:07d}.0",
        title=f"一种装置{serial}",
        kind=random.choice(["invention", "utility_model", "design", None]),  # type: ignore[arg-type]
        filing_date=filed,
        grant_date=random.choice([None, filed + timedelta(700)]),
        legal_status=random.choice(["in_force", "grace", "pledged", "terminated", None]),  # type: ignore[arg-type]
        legal_status_date=random.choice([None, D(2026, 6, 1)]),
        annuity_paid_until=random.choice([None, D(2027, 1, 1)]),
        holders=[HolderRef(name=f"示例单位{n}") for n in range(random.randint(0, 3))],
    )


def invented_facts(random: Random, patent_id: int) -> list[FactCreate]:
    kinds = [
        ("licence", "exclusive"),
        ("pledge", "given"),
        ("evaluation_report", "grantable"),
        ("suspension", ""),
    ]
    return [
        FactCreate(patent_id=patent_id, kind=kind, value=value, happened_on=D(2025, 1, n + 1))  # type: ignore[arg-type]
        for n, (kind, value) in enumerate(random.sample(kinds, random.randint(0, 2)))
    ]


def test_bulk_checks_equal_single_ones(database: Database) -> None:
    with database.read() as session:
        bulk = eligibility_gate.of_patents(session, range(1, 700), DAY)
        assert len(bulk) == 600
        assert {verdict.verdict for verdict in bulk.values()} == {"eligible", "blocked", "unknown"}
        for patent_id in Random(1).sample(range(1, 601), 60):
            assert eligibility_gate.check(session, patent_id, DAY) == bulk[patent_id]
        with pytest.raises(NotFound):
            eligibility_gate.check(session, 999, DAY)


def test_the_record_holds_what_the_catalogue_says(database: Database) -> None:
    with database.write() as session:
        upsert(
            session,
            [
                PatentCreate(
                    application_number="202020000001.1",
                    title="一种架",
                    holders=[HolderRef(name="示例甲"), HolderRef(name="示例乙")],
                )
            ],
        )
        facts.store(
            session,
            [
                FactCreate(
                    patent_id=601, kind=FactKind.PLEDGE, value="given", party="示例银行", source="登记簿"
                )
            ],
        )
        record = eligibility_records.load(session, [601])[601]
        session.rollback()
    assert [owner.name for owner in record.owners] == ["示例甲", "示例乙"]
    (pledge,) = record.events
    assert (pledge.kind, pledge.value, pledge.party, pledge.first) == ("pledge", "given", "示例银行", None)
    assert pledge.known_by is not None


def verdict_of(day: date, **changes: Any) -> tuple[str, set[str]]:
    """The verdict where fees are paid until a day and the register is looked at on the day asked for."""
    known = {"status": "in_force", "status_date": D(2026, 1, 5), "annuity_checked_on": day}
    found = decide(legal(**known | changes), day, TABLE)
    return found.verdict.value, codes(found, Effect.BLOCKS, Effect.UNKNOWN)


def test_an_annuity_due_on_sunday_blocks_from_tuesday() -> None:
    """细则 5: filed 2018-05-10, due Sunday 2026-05-10; on Monday it is still paid in time."""
    paid = {"filed": D(2018, 5, 10), "granted": D(2021, 5, 10), "annuity_paid_until": D(2026, 5, 9)}
    assert verdict_of(D(2026, 5, 10), **paid) == verdict_of(D(2026, 5, 11), **paid) == ("eligible", set())
    assert verdict_of(D(2026, 5, 12), **paid) == ("blocked", {"grace"})


def test_without_the_notice_of_the_year_the_verdict_waits() -> None:
    """Filed 2024-05-08: due Thursday 2031-05-08, grace to Monday 2031-11-10 or up to seven days later."""
    paid = {"filed": D(2024, 5, 8), "granted": D(2027, 5, 8), "annuity_paid_until": D(2031, 5, 7)}
    assert verdict_of(D(2031, 5, 8), **paid) == ("eligible", set())
    assert verdict_of(D(2031, 5, 9), **paid) == ("unknown", {"annuity_unknown"})
    assert verdict_of(D(2031, 11, 10), **paid) == ("blocked", {"grace"})
    assert verdict_of(D(2031, 11, 11), **paid) == ("unknown", {"life_unknown"})
    assert verdict_of(D(2031, 11, 17), **paid) == ("unknown", {"life_unknown"})
    assert verdict_of(D(2031, 11, 18), **paid) == ("blocked", {"terminated"})


def test_a_suspended_right_is_blocked_as_suspended_and_not_as_ended() -> None:
    """细则 105: suspended 2026-06-01, paid to 2026-05-09, looked at on 2026-11-20."""
    known = {"filed": D(2018, 5, 10), "granted": D(2021, 5, 10), "annuity_paid_until": D(2026, 5, 9)}
    suspended = known | {"status": "suspended", "status_date": D(2026, 6, 1)}
    assert verdict_of(D(2026, 11, 20), **suspended) == ("blocked", {"suspended"})
