"""Recorded facts: events and states, values by term, nothing stored twice."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError

from catalog.db import Database, sqlite_url
from catalog.kit.base import UpsertCounts
from catalog.kit.errors import Conflict, NotFound
from catalog.kit.terms import FactKind
from catalog.registers.patents import upsert
from catalog.supply import facts, patents
from catalog.supply.facts import FactCreate, FactStated
from catalog.supply.patents import PatentCreate

NUMBER = "201310699744.2"


@pytest.fixture
def database(tmp_path: Path) -> Database:
    db = Database(sqlite_url(tmp_path / "catalog.db"))
    db.upgrade()
    with db.write() as session:
        upsert(session, [PatentCreate(application_number=NUMBER, title="一种装置")])
    return db


def store(database: Database, *records: FactCreate) -> UpsertCounts:
    with database.write() as session:
        return UpsertCounts(**Counter(facts.store(session, records)))


def licence(**changes: object) -> FactCreate:
    values = {
        "patent_id": 1,
        "kind": "licence",
        "happened_on": date(2022, 5, 1),
        "value": "独占",
        "party": "甲公司",
    }
    return FactCreate.model_validate(values | changes)


def citations(value: object, day: date | None) -> FactCreate:
    return FactCreate(patent_id=1, kind=FactKind.CITATIONS, value=str(value), happened_on=day)


def test_events_are_stored_once_and_completed(database: Database) -> None:
    with database.read() as session:
        assert patents.ids_of(session, [NUMBER, "200710308494.X"]) == {NUMBER: 1}
    assert store(database, licence(), licence(party="乙公司")).new == 2
    assert store(database, licence(), licence(party="乙公司")).unchanged == 2
    assert store(database, licence(ends_on=date(2025, 5, 1))).changed == 1
    with database.read() as session:
        rows = [facts.public(row) for row in facts.of_patents(session, [1])[1]]
    assert [(row.value, row.value_name, row.party, row.ends_on) for row in rows] == [
        ("exclusive", "独占", "甲公司", date(2025, 5, 1)),
        ("exclusive", "独占", "乙公司", None),
    ]


def test_states_follow_each_other(database: Database) -> None:
    first, second = date(2023, 1, 1), date(2024, 1, 1)
    assert store(database, citations(3, first)).new == 1
    assert store(database, citations("03", first), citations(3, second)).unchanged == 2
    assert store(database, citations(5, second)).new == 1
    assert store(database, citations(6, second)).changed == 1
    with database.read() as session:
        now = facts.of_patents(session, [1])[1]
        then = facts.of_patents(session, [1], as_of=date(2023, 6, 1), kinds=[FactKind.CITATIONS])[1]
    newest, older = facts.latest(now, FactKind.CITATIONS), facts.latest(then, FactKind.CITATIONS)
    assert newest
    assert older
    assert (newest.value, older.value) == ("6", "3")
    assert facts.latest(now, FactKind.FAMILY) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"value": "独家"},
        {"kind": "claims", "value": "-1"},
        {"kind": "claims", "value": ""},
        {"kind": "self_rating", "value": ""},
        {"ends_on": date(2022, 4, 30)},
        {"kind": "gift"},
        {"kind": "no_record", "value": "claims"},
        {"ended": True},
    ],
)
def test_values_that_say_nothing_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        licence(**changes)


def pledge(**changes: object) -> FactCreate:
    values = {"patent_id": 1, "kind": "pledge", "happened_on": date(2022, 5, 1), "party": "甲银行"}
    return FactCreate.model_validate(values | changes)


def shown(database: Database) -> list[tuple[object, ...]]:
    with database.read() as session:
        rows = facts.of_patents(session, [1]).get(1, [])
        return [(row.happened_on, row.ends_on, row.ended, row.party, row.value, row.note) for row in rows]


BEGUN, RELEASED = date(2022, 5, 1), date(2023, 6, 1)
RELEASE = {"happened_on": None, "ends_on": RELEASED, "ended": True, "party": "", "note": "注销"}


@pytest.mark.parametrize("turned", [False, True])
def test_beginning_and_end_come_in_any_order(database: Database, turned: bool) -> None:
    parts = [pledge(ends_on=date(2025, 5, 1), note="登记号 1"), pledge(**RELEASE)]
    for part in reversed(parts) if turned else parts:
        store(database, part)
    ((*event, note),) = shown(database)
    assert event == [BEGUN, RELEASED, True, "甲银行", ""]
    assert sorted(str(note).split("；")) == ["注销", "登记号 1"]
    assert store(database, *parts).unchanged == 2


def test_an_end_belongs_to_the_event_that_ran(database: Database) -> None:
    later = pledge(happened_on=date(2024, 1, 1))
    store(database, pledge(), later, pledge(**RELEASE), pledge(**RELEASE | {"party": "乙银行"}))
    assert [row[:4] for row in shown(database)] == [
        (None, RELEASED, True, "乙银行"),
        (BEGUN, RELEASED, True, "甲银行"),
        (date(2024, 1, 1), None, False, "甲银行"),
    ]


def test_an_event_known_by_its_kind_alone_becomes_the_one_known_better(database: Database) -> None:
    store(database, pledge(happened_on=None, party="", note="质押次数 1"))
    assert store(database, pledge()).changed == 1
    assert store(database, pledge(value="given")).changed == 1
    assert shown(database) == [(BEGUN, None, False, "甲银行", "given", "质押次数 1")]
    assert store(database, pledge(value="given"), pledge(value="")).unchanged == 2


def test_single_facts_are_created_replaced_and_removed(database: Database) -> None:
    with database.write() as session:
        key = facts.create(session, licence()).id or 0
    with database.write() as session, pytest.raises(Conflict):
        facts.create(session, licence(note="又一次"))
    with database.write() as session:
        facts.replace(session, key, FactStated(kind=FactKind.LICENCE, value="普通"))
    assert shown(database) == [(None, None, False, "", "ordinary", "")]
    with database.write() as session:
        facts.remove(session, key)
    with database.write() as session, pytest.raises(NotFound):
        facts.remove(session, key)
