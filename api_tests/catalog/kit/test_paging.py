"""Pages by number and by cursor: every row that stays is delivered once, whatever comes and goes between the pages."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select
from sqlmodel import Session, SQLModel, col, create_engine

from catalog import tables  # noqa: F401 - all tables are defined
from catalog.db import Database
from catalog.demand import enterprises
from catalog.demand.enterprises import LIST, Enterprise, EnterpriseFilter
from catalog.kit.base import id_column
from catalog.kit.errors import InvalidInput
from catalog.kit.paging import ListQuery

START = datetime(2026, 1, 1, tzinfo=UTC)


def firm(number: int, days: int | None = None, *, region: str = "420100") -> Enterprise:
    """An enterprise of which many have the same dates or none."""
    return Enterprise(
        name=f"示例{number}有限公司",
        name_key=f"示例{number}有限公司",
        prefecture=region,
        industry="3841",
        titles=["专精特新"] if number % 2 else [],
        founded_on=None if days is None else date(2020, 1, 1) + timedelta(days),
        updated_at=START + timedelta(days or 0),
    )


@pytest.fixture(scope="module")
def firms() -> Session:
    """A database in memory for the table of enterprises."""
    engine = create_engine("sqlite://")
    SQLModel.metadata.create_all(engine)
    return Session(engine, expire_on_commit=False)


Step = st.tuples(
    st.lists(st.none() | st.integers(0, 3), max_size=4), st.lists(st.integers(0, 60), max_size=4)
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    first=st.lists(st.none() | st.integers(0, 3), max_size=25),
    steps=st.lists(Step, max_size=12),
    size=st.integers(1, 7),
    sort=st.sampled_from(["id", "-id", "founded_on", "-founded_on", "updated_at", "-updated_at", "name"]),
)
def test_what_stays_is_delivered_exactly_once(
    firms: Session,
    first: list[int | None],
    steps: list[tuple[list[int | None], list[int]]],
    size: int,
    sort: str,
) -> None:
    firms.execute(delete(Enterprise))
    numbers = iter(range(10**6))
    firms.add_all([firm(next(numbers), days) for days in first])
    firms.flush()
    stayed = {row.id for row in enterprises.page(firms, ListQuery(size=200)).rows}
    moves, delivered, cursor = iter(steps), list[int | None](), "*"
    while True:
        found = enterprises.page(firms, ListQuery(size=size, sort=sort, cursor=cursor))
        delivered += [row.id for row in found.rows]
        if found.next is None:
            break
        assert len(found.rows) == size
        cursor = found.next
        added, gone = next(moves, ([], []))
        firms.add_all([firm(next(numbers), days) for days in added])
        known = sorted(firms.execute(select(id_column(Enterprise))).scalars())
        removed = {known[place] for place in gone if place < len(known)}
        firms.execute(delete(Enterprise).where(col(Enterprise.id).in_(removed)))
        firms.flush()
        stayed -= removed
    assert len(delivered) == len(set(delivered))
    assert stayed <= set(delivered)


def stored(database: Database, *rows: Enterprise) -> None:
    with database.write() as session:
        session.add_all(rows)


@pytest.mark.parametrize("sort", ["founded_on", "-founded_on"])
def test_rows_without_a_value_come_last_in_either_direction(database: Database, sort: str) -> None:
    stored(database, firm(1), firm(2, 5), firm(3), firm(4, 1))
    with database.read() as session:
        rows = enterprises.page(session, ListQuery(sort=sort)).rows
    assert [row.founded_on is None for row in rows] == [False, False, True, True]


def test_only_what_was_changed_since_is_listed(database: Database) -> None:
    stored(database, *(firm(number, number) for number in range(5)))
    with database.read() as session:
        wanted = ListQuery(updated_since=START + timedelta(3), cursor="*", count=True)
        found = enterprises.page(session, wanted)
    assert ([row.name for row in found.rows], found.total) == (["示例3有限公司", "示例4有限公司"], 2)


def test_counts_keep_to_the_conditions(database: Database) -> None:
    stored(database, *(firm(n, 400 * n, region="420500" if n == 4 else "420100") for n in range(5)))
    with database.read() as session:
        wanted = ListQuery(size=1, facets=["region", "title", "year", "industry"])
        found = enterprises.page(session, wanted, EnterpriseFilter(region=["420100"]))
    assert found.facets is not None
    shown = {name: [(c.code, c.name, c.count) for c in counts] for name, counts in found.facets.items()}
    assert shown == {
        "region": [("420100", "武汉市", 4)],
        "title": [("专精特新", "专精特新", 2)],
        "year": [
            ("2020", "2020 年", 1),
            ("2021", "2021 年", 1),
            ("2022", "2022 年", 1),
            ("2023", "2023 年", 1),
        ],
        "industry": [("3841", "锂离子电池制造", 4)],
    }


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ({"sort": "address"}, "可用的排序字段：name、id、revenue"),
        ({"facets": ["colour"]}, "可用的：region、industry、title、year"),
        ({"cursor": "nonsense"}, "不是本系统给出的游标"),
        ({"cursor": "W10"}, "不是本系统给出的游标"),
        ({"cursor": "*", "page": 2}, "不能同时使用"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_what_can(
    database: Database, wanted: dict[str, object], reason: str
) -> None:
    with database.read() as session, pytest.raises(InvalidInput) as caught:
        enterprises.page(session, ListQuery.model_validate(wanted))
    assert reason in str(caught.value)


def test_a_cursor_belongs_to_its_order(database: Database) -> None:
    stored(database, firm(1), firm(2))
    with database.read() as session:
        found = enterprises.page(session, ListQuery(size=1, cursor=""))
        with pytest.raises(InvalidInput, match="与 sort 不符"):
            enterprises.page(session, ListQuery(size=1, cursor=found.next, sort="-id"))
    assert set(LIST.sorts.columns) >= {"created_at", "updated_at", "founded_on"}
