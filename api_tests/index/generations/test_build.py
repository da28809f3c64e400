"""From the catalogue to a generation in use, whatever happens on the way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from api_tests.index.small_catalogue import HashEncoder, add_patents, make_catalogue, patent
from catalog.db import Database, sqlite_url
from catalog.kit.days import beijing_today
from catalog.kit.errors import Conflict, NotReady
from catalog.registers import patents as patent_register
from catalog.runs import generations
from index.engine import AskingNeed, Filters
from index.generations.build import reindex
from index.generations.documents import patent_text
from index.generations.generation import Generation, GenerationStore
from index.text import tokens


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return make_catalogue(tmp_path)


def test_a_build_puts_patents_and_open_needs_in_use(tmp_path: Path, database: Database) -> None:
    encoder = HashEncoder()
    report = reindex(database, tmp_path, encoder, today=beijing_today())
    assert (report.patents, report.needs, report.embedded, report.reused) == (3, 1, 4, 0)
    generation = GenerationStore(tmp_path / "generations").current()
    assert generation is not None
    assert generation.name == report.name
    assert generation.manifest.segment_catalogue == "T-1"
    assert generation.manifest.model.fingerprint == encoder.fingerprint

    data = patent(1)
    text = patent_text(data.title, data.abstract, data.first_claim)
    patents = generation.patents
    (block,) = patents.nearest(encoder.encode_passages([text]), 1)
    assert block.ids.tolist() == [[2]]
    found = patents.candidates(AskingNeed(encoder.encode_passages([text])[0], tokens("第1种")), Filters(), 5)
    assert found.ids[found.lexical_rank == 1].tolist() == [2]
    for filters in (
        Filters(segment=["HB01"], region=["420000"], ipc=["H01M"], industry=["C"]),
        Filters(region=["420100"], holder_kind=["university"], kind=["invention"], industry=["38"]),
    ):
        assert patents.select(filters).tolist() == [1, 2, 3]
    assert [i in patents for i in (1, 3, 4)] == [True, True, False]
    with database.read() as session:
        assert [(g.name, g.status, g.patents) for g in generations.history(session)] == [
            (report.name, "active", 3)
        ]


def test_only_what_changed_is_embedded_again(tmp_path: Path, database: Database) -> None:
    reindex(database, tmp_path, HashEncoder(), today=beijing_today())
    changed = patent(1).model_copy(update={"abstract": "一种固态电池。"})
    with database.write() as session:
        patent_register.upsert(session, [changed])
    add_patents(database, range(3, 5))
    encoder = HashEncoder()
    report = reindex(database, tmp_path, encoder, today=beijing_today())
    assert (report.patents, report.embedded, report.reused) == (5, 3, 3)
    assert encoder.encoded[3:] == ["一种固态电池。", "第3种锂电池", "第4种锂电池"]  # the new sentences
    # None of these vectors is of another model.
    other = HashEncoder(fingerprint="fedcba9876543210")
    assert reindex(database, tmp_path, other, today=beijing_today()).embedded == 6
    store = GenerationStore(tmp_path / "generations")
    assert len(store.names()) == 3
    with database.read() as session:
        assert sorted(g.status for g in generations.history(session)) == ["active", "retired", "retired"]


def test_equal_texts_are_embedded_once_and_both_found(tmp_path: Path, database: Database) -> None:
    encoder = HashEncoder()
    twin = patent(1).model_copy(update={"application_number": "202199000001.X"})
    with database.write() as session:
        patent_register.upsert(session, [twin])
    report = reindex(database, tmp_path, encoder, today=beijing_today())
    generation = GenerationStore(tmp_path / "generations").current()
    assert generation is not None
    assert (report.patents, report.embedded, report.reused) == (4, 4, 1)
    text = patent_text(twin.title, twin.abstract, twin.first_claim)
    (block,) = generation.patents.nearest(encoder.encode_passages([text]), 2)
    assert block.cosines[0, 0] == block.cosines[0, 1]
    assert block.ids.tolist() == [[2, 4]]


def test_a_catalogue_without_patents_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotReady, match=r"尚无专利.*patentdock import patents"):
        reindex(make_catalogue(tmp_path, patents=0), tmp_path, HashEncoder(), today=beijing_today())
    assert GenerationStore(tmp_path / "generations").current() is None


def test_a_second_build_at_the_same_time_is_refused(tmp_path: Path, database: Database) -> None:
    with GenerationStore(tmp_path / "generations").locked(), pytest.raises(Conflict, match="正在进行"):
        reindex(database, tmp_path, HashEncoder(), today=beijing_today())


def test_a_build_replaces_a_broken_generation(tmp_path: Path, database: Database) -> None:
    store = GenerationStore(tmp_path / "generations")
    first = reindex(database, tmp_path, HashEncoder(), today=beijing_today()).name
    (store.root / first / "manifest.json").write_text("{", "utf-8")
    second = reindex(database, tmp_path, HashEncoder(), today=beijing_today())
    assert second.embedded == 0
    assert store.verify(second.name).patents == 3


def test_a_build_killed_at_any_step_leaves_a_complete_generation(tmp_path: Path) -> None:
    root = Path(__file__).parents[3]
    environment = os.environ | {"PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "api_tests.index.killed_builds", str(tmp_path)]
    in_use: list[str] = []
    with subprocess.Popen(
        command, cwd=root, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as builds:
        assert builds.stdin is not None
        assert builds.stdout is not None
        for line in builds.stdout:
            outcome = json.loads(line)
            assert outcome["code"] == (-9 if outcome["killed"] else 0)
            store = GenerationStore(tmp_path / "generations")
            generation = store.current()
            assert generation is not None
            store.verify(generation.name)
            in_use.append(generation.name)
            assert len(generation.patents) == (3 if generation.name == in_use[0] else 6)
            builds.stdin.write("\n")
            builds.stdin.flush()
    assert builds.returncode == 0
    # Many kills came before the switch and some after it.
    assert in_use.count(in_use[0]) > 20
    assert len(set(in_use)) > 2
    with Database(sqlite_url(tmp_path / "catalog.db")).read() as session:
        active = [g.name for g in generations.history(session) if g.status == "active"]
    assert active == [in_use[-1]]


def test_needs_and_patents_meet_in_one_space(tmp_path: Path, database: Database) -> None:
    encoder = HashEncoder()
    reindex(database, tmp_path, encoder, today=beijing_today())
    generation = GenerationStore(tmp_path / "generations").current()
    assert generation is not None
    np.testing.assert_allclose(
        generation.needs.vectors(np.array([1]))[0], encoder.encode_queries(["求隔膜涂覆技术"])[0], rtol=1e-6
    )


def test_a_generation_that_a_check_refuses_is_not_used(tmp_path: Path, database: Database) -> None:
    first = reindex(database, tmp_path, HashEncoder(), today=beijing_today())

    def refuse(generation: Generation) -> None:
        raise NotReady(f"{generation.name} lost a match")

    with pytest.raises(NotReady, match="lost a match"):
        reindex(database, tmp_path, HashEncoder(), check=refuse, today=beijing_today())
    assert GenerationStore(tmp_path / "generations").current_name() == first.name
