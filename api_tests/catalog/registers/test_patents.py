"""The known patent that a record speaks of, and what it changes (identity rules of ADR 0005)."""

from pathlib import Path

import pytest

from catalog.db import Database, sqlite_url
from catalog.kit.base import ClassRef, UpsertCounts
from catalog.kit.days import beijing_today
from catalog.kit.paging import ListQuery
from catalog.kit.terms import PatentKind
from catalog.registers.patents import upsert
from catalog.supply.holders import HolderRef
from catalog.supply.patent_lists import PatentFilter, page
from catalog.supply.patents import PatentCreate, PublicationRef
from catalog.supply.patents_shown import PatentPublic, publics

NUMBER = "202119900008.7"


@pytest.fixture
def database(tmp_path: Path) -> Database:
    db = Database(sqlite_url(tmp_path / "catalog.db"))
    db.upgrade()
    return db


def record(
    title: str,
    number: str | None = None,
    *,
    holder: str = "示例大学",
    publication: str | None = None,
    abstract: str = "",
    kind: PatentKind | None = None,
    ipc: tuple[str, ...] = (),
) -> PatentCreate:
    body = publication.rstrip("ABUS") if publication else ""
    return PatentCreate(
        application_number=number,
        title=title,
        kind=kind,
        abstract=abstract,
        holders=[HolderRef(name=holder)],
        publications=[PublicationRef(number=publication, body=body)] if publication else [],
        classes=[ClassRef(scheme="ipc", code=code) for code in ipc],
    )


def store(database: Database, *records: PatentCreate) -> UpsertCounts:
    with database.write() as session:
        return upsert(session, records)


def stored(database: Database, where: PatentFilter | None = None) -> list[PatentPublic]:
    with database.read() as session:
        return publics(
            session, page(session, ListQuery(), where or PatentFilter()).rows, today=beijing_today()
        )


def counts(new: int = 0, changed: int = 0, unchanged: int = 0) -> UpsertCounts:
    return UpsertCounts(new=new, changed=changed, unchanged=unchanged)


def test_the_same_records_again_change_nothing(database: Database) -> None:
    records = [
        record("一种泵", NUMBER, ipc=("F04D29/22", "F04D1/00"), kind=PatentKind.INVENTION),
        record("一种阀"),
    ]
    assert store(database, *records) == counts(new=2)
    assert store(database, *records) == counts(unchanged=2)


def test_a_numbered_record_gives_its_number_to_the_draft(database: Database) -> None:
    store(database, record("一种泵"))
    assert store(database, record("一种泵", NUMBER)) == counts(changed=1)
    (patent,) = stored(database)
    assert patent.application_number == NUMBER
    assert not patent.flags
    assert store(database, record("一种泵")) == counts(unchanged=1)


def test_application_and_grant_publication_are_one_patent(database: Database) -> None:
    store(database, record("一种泵", publication="CN102889890A"))
    assert store(database, record("一种泵及其装配方法", publication="CN102889890B")) == counts(changed=1)
    (patent,) = stored(database)
    assert patent.publications == ["CN102889890A", "CN102889890B"]
    assert patent.flags == ["缺申请号"]


def test_same_title_and_applicant_with_other_publication_is_another_patent(database: Database) -> None:
    store(database, record("一种泵", publication="CN102889890A"))
    assert store(database, record("一种泵", publication="CN202644312U")) == counts(new=1)


def test_two_numbered_patents_of_one_title_stay_apart(database: Database) -> None:
    assert store(database, record("一种泵", NUMBER), record("一种泵", "202129900001.9")) == counts(new=2)


def test_duplicates_within_a_batch_are_counted_not_lost(database: Database) -> None:
    assert store(
        database, record("一种泵"), record("一种泵"), record("一种泵", abstract="一种离心泵。")
    ) == counts(new=1, unchanged=1, changed=1)
    assert stored(database)[0].abstract == "一种离心泵。"


def test_empty_values_erase_nothing(database: Database) -> None:
    store(database, record("一种泵", NUMBER, abstract="原摘要", ipc=("F04D29/22",)))
    assert store(database, record("一种泵", NUMBER)) == counts(unchanged=1)
    assert stored(database)[0].ipc == ["F04D29/22"]


def test_lists_filter_by_class_prefix_and_holder(database: Database) -> None:
    store(
        database,
        record("一种泵", ipc=("F04D29/22",)),
        record("一种阀", holder="样本研究院", ipc=("F16K1/00",)),
    )
    assert [p.title for p in stored(database, PatentFilter(ipc=["F04"]))] == ["一种泵"]
    assert [p.title for p in stored(database, PatentFilter(holder="研究院"))] == ["一种阀"]
