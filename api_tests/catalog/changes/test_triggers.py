"""Changes are noted by the database: whoever writes, however, in every table of every kind of records."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import text

from api_tests.catalog.mending.small_register import fill
from catalog.changes import triggers
from catalog.changes.kinds import KINDS
from catalog.db import Database, sqlite_url
from catalog.deals.deals import DealEvent
from catalog.deals.pipeline import PipelineEvent
from catalog.demand import needs
from catalog.demand.needs import NeedCreate
from catalog.docking.activities import ActivityPlace, ActivitySession
from catalog.docking.history import ActivityEvent
from catalog.docking.invitations import Invitation
from catalog.docking.meetings import ActivityMeeting, ScheduleRun
from catalog.docking.outcomes import MeetingOutcome
from catalog.kit.base import ClassRef
from catalog.licences.history import LicenceChange
from catalog.mending import removal
from catalog.mending.tombstones import Why
from catalog.registers import reclassification
from catalog.registers.registers import HOLDERS, REMOVABLE, register_named
from catalog.segments import segments
from catalog.supply import patent_classes
from catalog.supply.facts import Fact
from catalog.supply.holder_merges import MergedPatent
from catalog.supply.patents import PatentClass, PatentHolder, Publication
from catalog.supply.screenings import Screening

OWN_KIND = {Fact, Invitation, ActivityMeeting, MeetingOutcome}
HISTORY = {DealEvent, LicenceChange, PipelineEvent, ActivityEvent, MergedPatent}
STAMPED = {Publication, PatentHolder, PatentClass, ActivitySession, ActivityPlace}
"""Written only together with their record, whose time of change is set; for classes see `note_updated`."""
DERIVED = {Screening, ScheduleRun}
"""Made anew every night, or while a programme is composed: no change of the record."""


@pytest.fixture
def database(tmp_path: Path) -> Database:
    database = Database(sqlite_url(tmp_path / "catalog.db"))
    database.upgrade()
    with database.write() as session:
        entry = [segments.SegmentEntry(code=code, name=code) for code in ("S1", "S2")]
        segments.store(
            session,
            segments.CatalogueEntry(version="T", title="目录", valid_from=date(2024, 1, 1), segments=entry),
        )
    return database


def names(database: Database) -> set[str]:
    query = text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    with database.read() as session:
        return set(session.execute(query).scalars())


def changes(database: Database) -> list[tuple[str, int, str]]:
    """Kind, record and operation of all changes in their order."""
    query = text("SELECT kind, record_id, operation FROM record_changes ORDER BY transaction_id, seq")
    with database.read() as session:
        return [tuple(row) for row in session.execute(query)]


def write(database: Database, *statements: str) -> None:
    with database.write() as session:
        for statement in statements:
            session.execute(text(statement))


def expected() -> set[str]:
    tables = [table for kind in KINDS for table in (kind.table, *kind.parts)]
    return {
        f"{triggers.PREFIX}{table}_{event}" for table in tables for event in ("insert", "update", "delete")
    }


def test_every_register_and_every_part_of_a_record_is_noted_or_said_not_to_be() -> None:
    registers = (*REMOVABLE, HOLDERS)
    assert {kind.table: kind.label for kind in KINDS} == {
        register.model.__tablename__: register.label for register in registers
    }
    named = {kind.table: kind.name for kind in KINDS}
    assert [r.kind for r in registers if r.kind not in ("", named[r.model.__tablename__])] == []
    models = {part.model for register in registers for part in register.parts}
    noted = models - OWN_KIND - HISTORY - STAMPED - DERIVED
    assert {model.__tablename__ for model in noted} == {table for kind in KINDS for table in kind.parts}


def test_all_triggers_are_there_after_any_way_through_the_migrations(database: Database) -> None:
    assert names(database) == expected()
    for revision in ("0021", "0017"):  # the second makes the tables of records anew
        with database.engine.begin() as connection:
            command.downgrade(database._alembic(connection), revision)
        assert names(database) == set()
        write(database, "UPDATE needs SET title = title")
        database.upgrade()
        assert names(database) == expected()


def test_a_trigger_that_is_missing_old_or_no_more_wanted_is_mended(database: Database) -> None:
    write(
        database,
        "DROP TRIGGER record_change_of_needs_insert",
        "DROP TRIGGER record_change_of_needs_update",
        "CREATE TRIGGER record_change_of_needs_update AFTER UPDATE ON needs BEGIN SELECT 1; END",
        "CREATE TRIGGER record_change_of_imports_update AFTER UPDATE ON imports BEGIN SELECT 1; END",
    )
    database.upgrade()
    assert names(database) == expected()
    with database.write() as session:
        needs.create(session, NeedCreate(title="求隔膜", text="求隔膜"))
    write(database, "UPDATE needs SET title = '求极片'")
    assert changes(database) == [("needs", 1, "updated")]


def test_the_migration_notes_what_is_known_already_in_the_order_of_its_changes(database: Database) -> None:
    fill(database)
    with database.write() as session:
        removal.delete(session, register_named("needs"), 2, Why("测试", "测试"))
    write(database, "UPDATE patents SET updated_at = '2999-01-01 00:00:00.000000' WHERE id = 1")
    with database.engine.begin() as connection:
        command.downgrade(database._alembic(connection), "0021")
    database.upgrade()
    found = changes(database)
    assert found[-1] == ("patents", 1, "created")
    assert ("needs", 2, "deleted") in found
    assert len(found) == len(set(found))
    write(database, "UPDATE holders SET name = name")
    assert changes(database)[-1] == ("holders", 1, "updated")


@pytest.mark.parametrize(
    ("statement", "change"),
    [
        ("UPDATE OR IGNORE patents SET agency = '代理' WHERE id = 1", ("patents", 1, "updated")),
        ("UPDATE OR REPLACE needs SET title = '阀' WHERE id = 1", ("needs", 1, "updated")),
        ("DELETE FROM patent_facts WHERE id < 2", ("facts", 1, "deleted")),
        ("DELETE FROM deal_evidence", ("deals", 1, "updated")),
        ("UPDATE deal_parties SET enterprise_id = NULL", ("deals", 1, "updated")),
        (
            "INSERT OR IGNORE INTO holders (created_at, updated_at, name, name_key, kind, kind_basis, is_demo)"
            " VALUES ('2026-01-01', '2026-01-01', '乙', '乙', 'unknown', 'name', 0)",
            ("holders", 2, "created"),
        ),
    ],
)
def test_a_statement_that_no_code_of_ours_runs_is_noted(
    database: Database, statement: str, change: tuple[str, int, str]
) -> None:
    fill(database)
    before = changes(database)
    write(database, statement)
    after = changes(database)
    assert after[-1] == change
    assert [one for one in after[:-1] if one[:2] != change[:2]] == [
        one for one in before if one[:2] != change[:2]
    ]


def test_classes_that_change_without_the_time_of_change_are_noted(database: Database) -> None:
    fill(database)
    with database.write() as session:
        patent_classes.add_inferred(session, {2: [ClassRef(scheme="industry", code="38", basis="text")]})
    assert changes(database)[-1] == ("patents", 2, "created")
    with database.write() as session:
        refs = [ClassRef(scheme="segment", code="S1", basis="ipc")]
        reclassification.replace_of_patents(session, {1: refs})
    assert changes(database)[-1] == ("patents", 1, "created")


def test_what_is_rolled_back_leaves_no_change(database: Database) -> None:
    fill(database)
    before = changes(database)

    def fail_halfway() -> None:
        with database.write() as session:
            session.execute(text("UPDATE needs SET title = '阀'"))
            raise KeyError

    with pytest.raises(KeyError):
        fail_halfway()
    assert changes(database) == before
