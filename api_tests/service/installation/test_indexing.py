"""Rebuilding the index of an installation: what stays for a rollback."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from api_tests.index.small_catalogue import HashEncoder, make_catalogue
from catalog.demand import needs
from catalog.demand.needs import NeedCreate
from catalog.runs import generations
from index.engine import Filters
from index.model.encoder import Encoder
from service.installation.indexing import rebuild
from service.installation.runtime import Runtime
from service.installation.settings import Settings


def ids_of_segment(runtime: Runtime) -> list[int]:
    """The last of the needs that the filter columns know to be of the patents' segment."""
    generation = runtime.store.current()
    assert generation is not None
    ids = generation.needs.select(Filters(segment=["HB01"]))
    return list(map(int, ids[-1:]))


def test_a_rollback_leads_to_what_was_in_use_before(tmp_path: Path) -> None:
    make_catalogue(tmp_path).dispose()
    runtime = Runtime(Settings(data=tmp_path, model="hash"), cast(Encoder, HashEncoder()))
    in_use = [rebuild(runtime).build.name]
    for turn in range(4):
        with runtime.database.write() as session:
            needs.create(
                session, NeedCreate(title=f"锂电池隔膜{turn}", text="锂电池隔膜容易刺穿，希望涂覆陶瓷")
            )
        report = rebuild(runtime)
        assert report.assigned.needs == 1
        assert ids_of_segment(runtime) == [turn + 3]
        in_use.append(report.build.name)
        assert runtime.store.names() == in_use[-3:]
    with runtime.database.read() as session:
        kept = {row.name for row in generations.history(session) if row.status != "pruned"}
    assert kept == set(in_use[-3:])
    assert runtime.store.rollback().name == in_use[-2]
    runtime.close()
