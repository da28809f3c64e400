"""A copy that reads the feed at any moment, in pages of any size, is in the end the same as the catalogue, and reads nothing in vain.

`PATENTDOCK_FEED_OPERATIONS=10000` runs that many operations in place of a few hundred.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from api_tests.catalog.mending.small_register import deal, patent
from catalog.changes import feed
from catalog.changes.feed import FeedQuery
from catalog.changes.kinds import KIND_OF, KINDS
from catalog.changes.record_changes import ChangePlace
from catalog.db import Database, Session, sqlite_url
from catalog.demand import enterprises, feedback, needs
from catalog.demand.enterprises import EnterpriseCreate, EnterpriseUpdate
from catalog.demand.feedback import FeedbackCreate
from catalog.demand.needs import NeedCreate, NeedUpdate
from catalog.imports import imports
from catalog.kit.base import ClassRef
from catalog.kit.days import beijing_today
from catalog.kit.errors import NotFound, PatentDockError
from catalog.kit.terms import FactKind, FeedbackVerdict, PaymentForm
from catalog.licences import edits as licence_edits
from catalog.licences.licences import LicenceCreate
from catalog.mending import merging, removal, restoring, undo
from catalog.mending.tombstones import Why
from catalog.registers import patents as patent_register
from catalog.registers import reclassification
from catalog.registers.registers import register_named
from catalog.segments import segments
from catalog.supply import facts, holder_merges, patent_classes
from catalog.supply.facts import FactCreate
from catalog.supply.holders import HolderRef
from ingestion.identifiers.application_number import check_digit

OPERATIONS = int(os.environ.get("PATENTDOCK_FEED_OPERATIONS", "250"))
WHY = Why("测试", "测试")
TODAY = beijing_today()
NUMBERS = [f"20191990{serial:04d}.{check_digit(f'20191990{serial:04d}')}" for serial in range(1, 25)]
HOLDERS = ["示例大学", "示例研究所", "样本大学"]
RAW = (
    "UPDATE needs SET title = 'z' || random() WHERE id % 3 = :third",
    "UPDATE patents SET agency = 'x' || random() WHERE id % 3 = :third",
    "UPDATE OR IGNORE enterprises SET products = 'y' || random() WHERE id % 3 = :third",
    "DELETE FROM patent_facts WHERE id % 3 = :third",
    "DELETE FROM feedback WHERE id % 3 = :third",
    "UPDATE deal_parties SET name = 'z' || random() WHERE deal_id % 3 = :third",
)
Record = tuple[str, int]


def snapshot(session: Session) -> dict[Record, str]:
    """Every record with its parts, as text."""
    found: dict[Record, str] = {}
    for kind in KINDS:
        for row in session.execute(text(f"SELECT * FROM {kind.table}")).mappings():
            found[kind.name, row["id"]] = str(dict(row))
        parts = dict(kind.parts)
        if kind.name == "patents":
            parts |= dict.fromkeys(("publications", "patent_holders", "patent_classes"), "patent_id")
        for table, column in parts.items():
            for row in session.execute(text(f"SELECT * FROM {table}")).mappings():
                found[kind.name, row[column]] += str(dict(row))
    return found


class World:
    """A catalogue that is changed at random."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self.database, self.chance = Database(sqlite_url(folder / "catalog.db")), chance
        self.database.upgrade()
        with self.database.write() as session:
            entry = [segments.SegmentEntry(code=code, name=code) for code in ("S1", "S2")]
            catalogue = segments.CatalogueEntry(
                version="T", title="目录", valid_from=date(2024, 1, 1), segments=entry
            )
            segments.store(session, catalogue)
        self.actions: list[Callable[[Session], object]] = [
            self.patents, self.patents, self.imported, self.need, self.edited_need, self.firm, self.edited_firm,
            self.licence, self.fact, self.deal, self.feedback, self.deleted, self.deleted, self.restored, self.restored,
            self.merged, self.undone, self.holders_merged, self.holders_parted, self.classified, self.raw, self.raw,
        ]  # fmt: skip

    def change(self) -> None:
        """One random operation, which may be refused, or rolled back at the end."""
        action = self.chance.choice(self.actions)
        try:
            with self.database.write() as session:
                action(session)
                if self.chance.random() < 0.05:
                    raise KeyError
        except (PatentDockError, KeyError):
            pass

    def one_of(self, session: Session, table: str) -> int:
        ids = session.execute(text(f"SELECT id FROM {table}")).scalars().all()
        if not ids:
            raise NotFound(f"{table} is empty")
        return int(self.chance.choice(ids))

    def serial(self) -> int:
        return self.chance.randrange(1000)

    def _some(self) -> list[Any]:
        numbers = self.chance.sample(range(len(NUMBERS)), self.chance.randint(1, 4))
        some = [patent(NUMBERS[at], at) for at in numbers]
        for one in some:
            one.abstract = self.chance.choice(["高效", "耐用", "节能"])
            one.holders = [HolderRef(name=self.chance.choice(HOLDERS))]
        return some

    def patents(self, session: Session) -> None:
        patent_register.upsert(session, self._some())

    def imported(self, session: Session) -> None:
        row = imports.start(session, "patents", "甲.csv", "0" * 64, "测试")
        patent_register.upsert(session, self._some(), import_id=row.id)
        imports.finish(session, row)

    def need(self, session: Session) -> None:
        needs.create(session, NeedCreate(title=f"求泵{self.serial()}", text="求高效的泵"))

    def edited_need(self, session: Session) -> None:
        data = NeedUpdate(title=f"求阀{self.serial()}", text="求耐磨的阀")
        needs.update(session, self.one_of(session, "needs"), data)

    def firm(self, session: Session) -> None:
        enterprises.create(
            session, EnterpriseCreate(name=self.chance.choice(["甲", "乙", "丙"]) + "有限公司")
        )

    def edited_firm(self, session: Session) -> None:
        data = EnterpriseUpdate(name=f"{self.serial()}有限公司", products="水泵")
        enterprises.update(session, self.one_of(session, "enterprises"), data)

    def licence(self, session: Session) -> None:
        number = self.chance.choice(NUMBERS)
        licence_edits.create(
            session, LicenceCreate(application_number=number, payment_form=PaymentForm.FREE), today=TODAY
        )

    def fact(self, session: Session) -> None:
        day = date(2026, 1, self.chance.randint(1, 28))
        stated = FactCreate(
            patent_id=self.one_of(session, "patents"), kind=FactKind.CITATIONS, value="3", happened_on=day
        )
        facts.create(session, stated)

    def deal(self, session: Session) -> None:
        deal(session, f"HT-{self.serial()}", self.chance.choice(NUMBERS))

    def feedback(self, session: Session) -> None:
        answer = FeedbackCreate(
            patent_id=self.one_of(session, "patents"),
            need_id=self.one_of(session, "needs"),
            verdict=FeedbackVerdict.SUITABLE,
        )
        feedback.create(session, answer)

    def deleted(self, session: Session) -> None:
        kind = self.chance.choice(["patents", "needs", "enterprises", "licences", "deals", "facts"])
        id_ = self.one_of(session, KIND_OF[kind].table)
        removal.delete(session, register_named(kind), id_, WHY, cascade=self.chance.random() < 0.7)

    def restored(self, session: Session) -> None:
        restoring.restore(session, self.one_of(session, "tombstones"))

    def merged(self, session: Session) -> None:
        kind = self.chance.choice(["needs", "enterprises"])
        kept, other = (self.one_of(session, KIND_OF[kind].table) for _ in range(2))
        merging.merge(session, register_named(kind), kept, other, WHY)

    def undone(self, session: Session) -> None:
        undo.undo(session, self.one_of(session, "imports"))

    def holders_merged(self, session: Session) -> None:
        kept, other = (self.one_of(session, "holders") for _ in range(2))
        holder_merges.merge(session, kept, [other])

    def holders_parted(self, session: Session) -> None:
        holder_merges.take_back(session, self.one_of(session, "holder_merges"))

    def classified(self, session: Session) -> None:
        id_ = self.one_of(session, "patents")
        if self.chance.random() < 0.5:
            inferred = {id_: [ClassRef(scheme="industry", code="38", basis="text")]}
            patent_classes.add_inferred(session, inferred)
        else:
            code, weight = self.chance.choice(["S1", "S2"]), self.chance.random()
            reclassification.replace_of_patents(
                session, {id_: [ClassRef(scheme="segment", code=code, weight=weight, basis="ipc")]}
            )

    def raw(self, session: Session) -> None:
        session.execute(text(self.chance.choice(RAW)), {"third": self.chance.randrange(3)})


class Copy:
    """A copy of some kinds of records, kept by the feed alone."""

    def __init__(self, database: Database, kinds: list[str]) -> None:
        self.database, self.kinds, self.place = database, kinds, ChangePlace()
        self.records: dict[Record, str] = {}
        self.unread: set[Record] = set()
        self.delivered = 0

    def read(self, size: int) -> bool:
        """Take a page; returns whether there are more. Every change must be of a record that has changed since it was read."""
        with self.database.read() as session:
            page = feed.page(session, FeedQuery(ChangePlace.parse(str(self.place)), None, self.kinds, size))
            present = snapshot(session)
        for change in page.rows:
            record = change.kind, change.record_id
            assert record in self.unread, f"{record} was delivered without having changed"
            self.unread.discard(record)
            assert (change.operation == "deleted") == (record not in present)
            self.records.pop(record, None)
            if record in present:
                self.records[record] = present[record]
        assert len(page.rows) <= size
        self.delivered += len(page.rows)
        self.place = page.next
        return page.more


@pytest.mark.parametrize("seed", range(1 if OPERATIONS > 1000 else 3))
def test_a_copy_loses_nothing_and_reads_nothing_twice(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    world = World(tmp_path, chance)
    copies = [Copy(world.database, []), Copy(world.database, ["needs", "deals"])]
    before: dict[Record, str] = {}
    for _ in range(OPERATIONS):
        world.change()
        with world.database.read() as session:
            present = snapshot(session)
        for copy in copies:
            wanted = copy.kinds or list(KIND_OF)
            copy.unread |= {
                one
                for one in before.keys() | present.keys()
                if one[0] in wanted and before.get(one) != present.get(one)
            }
            if chance.random() < 0.2:
                copy.read(chance.choice([1, 2, 5, 50]))
        before = present
    for copy in copies:
        while copy.read(chance.choice([1, 7, 50])):
            pass
        assert copy.records == {
            one: said for one, said in before.items() if one[0] in (copy.kinds or KIND_OF)
        }
        # What was made and deleted between two readings may still come as deleted, everything else has come.
        assert {one for one in copy.unread if one in before} == set()
        place = copy.place
        assert not copy.read(10)
        assert copy.place == place
        assert copy.delivered > 20
