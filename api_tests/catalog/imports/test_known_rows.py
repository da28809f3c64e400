"""A batch of many records does what as many batches of one do: the same rows, notes for undo and refusals."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from sqlalchemy import event
from sqlmodel import Session, SQLModel

from catalog.db import Database, sqlite_url
from catalog.demand import enterprises, needs
from catalog.demand.enterprises import EnterpriseCreate, FirmOutcome
from catalog.demand.needs import NeedCreate
from catalog.imports import imports
from catalog.kit.base import ClassRef, id_of
from catalog.kit.terms import FactKind
from catalog.registers.patents import upsert
from catalog.supply import facts
from catalog.supply.facts import FactCreate
from catalog.supply.patents import PatentCreate

MANY = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
TABLES = ("enterprises", "needs", "patent_facts", "import_changes")
TIMES = {"created_at", "updated_at", "stamp"}

# Few values, so that records meet under one name, one code or one event.
_DAYS = st.sampled_from([None, date(2020, 1, 2), date(2021, 3, 4)])
_FIRM = st.builds(
    EnterpriseCreate,
    name=st.sampled_from(["示例甲公司", "示例甲 公司", "示例乙公司", "示例丙公司"]),
    credit_code=st.sampled_from([None, "91420100DEM0000061", "91420100D00000005Y"]),
    prefecture=st.sampled_from([None, "420100", "420500"]),
    titles=st.sampled_from([[], ["高新技术企业"]]),
    staff=st.sampled_from([None, 10, 20]),
)
_NEED = st.builds(
    lambda firm, with_firm, **values: NeedCreate(
        enterprise_name=firm.name, firm=firm if with_firm else None, **values
    ),
    _FIRM,
    st.booleans(),
    code=st.sampled_from([None, "N-1", "N-2"]),
    title=st.sampled_from(["求泵", "求阀"]),
    text=st.just("泵漏水"),
    budget=st.sampled_from([None, 50, 80]),
    classes=st.sampled_from(
        [[], [ClassRef(scheme="segment", code="S1")], [ClassRef(scheme="industry", code="34")]]
    ),
)
_EVENT = st.builds(
    FactCreate,
    patent_id=st.just(1),
    kind=st.sampled_from(["licence", "transfer"]),
    happened_on=_DAYS,
    value=st.sampled_from(["", "exclusive"]),
    party=st.sampled_from(["", "甲公司", "乙公司"]),
    note=st.sampled_from(["", "备注一", "备注二"]),
)
_END = _EVENT.map(lambda fact: fact.model_copy(update={"ends_on": date(2023, 1, 1), "ended": True}))
_STATE = st.builds(
    FactCreate,
    patent_id=st.just(1),
    kind=st.just("citations"),
    happened_on=_DAYS,
    value=st.sampled_from(["3", "5"]),
)
_KINDS: dict[str, tuple[Callable[..., Sequence[Any]], st.SearchStrategy[Any]]] = {
    "enterprises": (enterprises.upsert, _FIRM),
    "needs": (needs.upsert, _NEED),
    "facts": (facts.store, st.one_of(_EVENT, _END, _STATE)),
}  # fmt: skip
_KIND = st.sampled_from(list(_KINDS))


@st.composite
def batches(draw: st.DrawFn) -> list[tuple[str, list[Any]]]:
    """Three imports, each a kind and its records; two at least are of one kind."""
    kind = draw(_KIND)
    kinds = [kind, kind, draw(_KIND)]
    return [(each, draw(st.lists(_KINDS[each][1], min_size=1, max_size=6))) for each in kinds]


@pytest.fixture(scope="module")
def catalogue(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A catalogue with one patent; sessions for reading may write, nothing is committed."""
    path = tmp_path_factory.mktemp("known") / "catalog.db"
    shutil.copy(template, path)
    database = Database(sqlite_url(path))
    with database.write() as session:
        upsert(session, [PatentCreate(application_number="1", title="一种装置")])
    yield database
    database.dispose()


def stored(session: Session, kind: str, records: Sequence[BaseModel], import_id: int | None) -> list[str]:
    return [_told(one) for one in _KINDS[kind][0](session, records, import_id=import_id)]


def _told(outcome: object) -> str:
    """The outcome without times: of a firm the status, and which one it was."""
    return f"{outcome.status} {outcome.firm.id}" if isinstance(outcome, FirmOutcome) else str(outcome)


def left(catalogue: Database, imported: list[tuple[str, list[Any]]], size: int) -> list[Any]:
    """The outcomes of all records in batches of a size, and the rows that they left, without times."""
    found: list[Any] = []
    with catalogue.read() as session:
        for kind, records in imported:
            import_id = id_of(imports.start(session, kind, "a.csv", "0" * 64, ""))
            for start in range(0, len(records), size):
                found += stored(session, kind, records[start : start + size], import_id)
                session.expunge_all()
        for table in map(SQLModel.metadata.tables.__getitem__, TABLES):
            rows = session.execute(table.select().order_by(*table.primary_key)).mappings()
            found += [without_times(row) for row in map(dict, rows)]
    return found


def without_times(row: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in row.items() if name not in TIMES}
    return kept | {"before": without_times(row["before"])} if kept.get("before") else kept


@MANY
@given(batches())
def test_a_batch_is_as_many_batches_of_one(
    catalogue: Database, imported: list[tuple[str, list[Any]]]
) -> None:
    assert left(catalogue, imported, 6) == left(catalogue, imported, 1)


def test_an_enterprise_may_take_the_name_that_another_gives_up(catalogue: Database) -> None:
    first, second, _ = codes = ["91420100DEM0000061", "91420100D00000005Y", None]
    before = [EnterpriseCreate(name=f"示例{n}公司", credit_code=code) for n, code in enumerate(codes)]
    after = [
        EnterpriseCreate(name="示例新公司", credit_code=second, former_names=["示例1公司"]),
        EnterpriseCreate(name="示例1公司", credit_code=first, former_names=["示例0公司"]),
    ]
    with catalogue.read() as session:
        enterprises.upsert(session, before, import_id=None)
        outcomes = enterprises.upsert(session, after, import_id=None)
        assert [getattr(outcome, "status", outcome) for outcome in outcomes] == ["changed", "changed"]


@pytest.mark.parametrize("kind", _KINDS)
def test_statements_do_not_grow_with_the_records(catalogue: Database, kind: str) -> None:
    """A third of the speed of patents rests on it: a record costs no statement of its own."""

    def record(n: int) -> Any:
        return {
            "enterprises": EnterpriseCreate(name=f"示例{n}公司"),
            "needs": NeedCreate(code=f"N-{n}", title="求泵", text="泵漏水", enterprise_name=f"示例{n}公司"),
            "facts": FactCreate(patent_id=1, kind=FactKind.LICENCE, party=f"示例{n}公司"),
        }[kind]

    with catalogue.read() as session:
        statements: list[str] = []
        event.listen(catalogue.engine, "before_cursor_execute", lambda *said: statements.append(said[2]))
        stored(session, kind, [record(n) for n in range(10)], None)
        few = len(statements)
        stored(session, kind, [record(n) for n in range(100, 500)], None)
        assert len(statements) <= 2 * few
