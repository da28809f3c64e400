"""Classes inferred from text: who votes, what is left alone, what the filters find afterwards."""

from pathlib import Path

import pytest

from catalog.db import Database, sqlite_url
from catalog.demand import needs
from catalog.demand.needs import NeedCreate
from catalog.kit.base import ClassRef
from catalog.kit.days import beijing_today
from catalog.kit.paging import ListQuery
from catalog.registers.patents import upsert
from catalog.supply import patent_lists, patents_shown
from catalog.supply.holders import HolderRef
from catalog.supply.patent_lists import PatentFilter
from catalog.supply.patents import PatentCreate
from index.generations.build import reindex
from index.generations.generation import GenerationStore
from index.model.encoder import Encoder
from matching.night.classes import assign_from_text
from service.installation.setup import initialise

PUMP = ClassRef(scheme="segment", code="HB04", basis="ipc")
BATTERY = ClassRef(scheme="segment", code="HB02", basis="ipc")
TITLES = {
    "离心泵叶轮减阻涂层": [PUMP],
    "多级离心泵密封结构": [PUMP],
    "锂离子电池硅碳负极材料": [BATTERY],
    "动力电池液冷板": [BATTERY],
    "一种水泵叶轮的防汽蚀结构": [],
}


@pytest.fixture
def database(tmp_path: Path) -> Database:
    db = Database(sqlite_url(tmp_path / "catalog.db"))
    initialise(db)
    holder = [HolderRef(name="示例大学")]
    records = [PatentCreate(title=t, holders=holder, classes=refs) for t, refs in TITLES.items()]
    with db.write() as session:
        upsert(session, records)
        needs.create(session, NeedCreate(title="电池负极膨胀", text="电池循环几百次以后负极膨胀严重"))
    return db


def test_classes_come_from_the_nearest_labelled_patents(
    database: Database, tmp_path: Path, encoder: Encoder
) -> None:
    reindex(database, tmp_path, encoder, today=beijing_today())
    store = GenerationStore(tmp_path / "generations")
    generation = store.current()
    assert generation is not None
    assigned = assign_from_text(database, generation.patents, generation.needs)
    assert (len(assigned.needs), len(assigned.patents)) == (1, 1)
    with database.read() as session:
        need = needs.page(session, ListQuery()).rows[0]
        assert next((c["code"], c["basis"]) for c in need.classes if c["scheme"] == "segment") == (
            "HB02",
            "text",
        )
        rows = patent_lists.page(session, ListQuery(), PatentFilter(text="防汽蚀")).rows
        (pump,) = patents_shown.publics(session, rows, today=beijing_today())
        assert (pump.classes[0].code, pump.classes[0].basis) == ("HB04", "text")
    again = assign_from_text(database, generation.patents, generation.needs)
    assert (again.needs, again.patents) == ([], [])
