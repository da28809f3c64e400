"""Recorded facts: events and states, values by term, nothing stored twice."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError

from catalog import facts, patents
from catalog.base import UpsertCounts
from catalog.db import Database, sqlite_url
from catalog.facts import FactCreate
from catalog.patent_upserts import upsert
from catalog.patents import PatentCreate
from catalog.terms import FactKind

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
        return facts.upsert(session, records)


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
    ],
)
def test_values_that_say_nothing_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        licence(**changes)
