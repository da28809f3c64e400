"""A segment catalogue that is put in use before the index is built anew."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from api_tests.index.small_catalogue import HashEncoder, make_catalogue
from catalog.db import Database
from catalog.kit.days import beijing_today
from catalog.segments import segments
from catalog.segments.segments import CatalogueEntry, SegmentEntry
from index.generations.build import reindex
from index.generations.generation import Generation, GenerationStore
from matching.answers.segment_names import SegmentNames, segment_names


@pytest.fixture
def indexed(tmp_path: Path) -> tuple[Database, Generation]:
    database = make_catalogue(tmp_path)
    reindex(database, tmp_path, HashEncoder(), today=beijing_today())
    generation = GenerationStore(tmp_path / "generations").current()
    assert generation
    return database, generation


def named(database: Database, generation: Generation) -> SegmentNames:
    with database.read() as session:
        return segment_names(session, generation)


@pytest.mark.parametrize("version", ["T-1", "T-2"])
def test_names_are_those_in_use_and_the_reader_is_told(
    indexed: tuple[Database, Generation], version: str
) -> None:
    database, generation = indexed
    assert named(database, generation).notices == []
    entry = CatalogueEntry(
        version=version,
        title="新目录",
        valid_from=date(2026, 1, 1),
        segments=[SegmentEntry(code="HB01", name="改了名的领域")],
    )
    with database.write() as session:
        segments.store(session, entry)
    found = named(database, generation)
    assert (found.version, found.names) == (version, {"HB01": "改了名的领域"})
    (notice,) = found.notices
    assert "patentdock reindex" in notice


def test_changes_that_are_not_searched_are_told(indexed: tuple[Database, Generation]) -> None:
    database, generation = indexed
    (notice,) = named(database, replace(generation, left=12)).notices
    assert notice == "另有 12 条新增或变更的记录尚未纳入索引，请运行 patentdock reindex"
