"""Queries to a generation with later changes over it: requests in both directions, and the needs of many patents."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
import pytest

from api_tests.index.small_catalogue import HashEncoder, add_patents, make_catalogue
from catalog.db import Database
from catalog.demand import needs
from catalog.demand.needs import NeedCreate, NeedUpdate
from catalog.kit.days import beijing_today
from catalog.kit.paging import ListQuery
from catalog.kit.terms import NeedStatus
from index.engine import Filters
from index.generations.build import reindex
from index.generations.generation import GenerationStore
from index.live.follower import Follower
from index.model.encoder import Encoder
from matching.answers.filters import Wanted
from matching.answers.matcher import Matcher
from matching.night.night import NightFactors, needs_for_patents
from matching.ranking import factors as factor_rules
from matching.reverse.chances import ChanceConditions, ChanceFinder

NEED = "求隔膜涂覆陶瓷的办法"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of patents 1 to 40 and needs 1, 3, 4, 5, and changes after it: patents 41 to 44, needs 6 to 9, need 3 closed."""
    folder = tmp_path_factory.mktemp("live-pairs")
    database = make_catalogue(folder, 40)
    add_needs(database, range(3))
    reindex(database, folder, HashEncoder(), today=beijing_today())
    add_patents(database, range(50, 54))
    add_needs(database, range(3, 7))
    with database.write() as session:
        row = needs.get(session, 3)
        needs.update(session, 3, NeedUpdate(title=row.title, text=row.text, status=NeedStatus.CLOSED))
    return folder


def add_needs(database: Database, numbers: range) -> None:
    with database.write() as session:
        for number in numbers:
            data = NeedCreate(
                title=f"求第{number}种锂电池", text=f"求第{number}种锂电池的隔膜", prefecture="420100"
            )
            needs.create(session, data)


@pytest.fixture(scope="module")
def matcher(folder: Path) -> Matcher:
    database = Database(f"sqlite:///{folder / 'catalog.db'}")
    encoder = HashEncoder()
    store = GenerationStore(folder / "generations")
    Follower(database, store, encoder).catch_up()
    return Matcher(database, store, cast(Encoder, encoder), folder)


def test_pairs_have_one_score_whichever_asks(matcher: Matcher) -> None:
    open_needs = [1, 4, 5, 6, 7, 8, 9]
    scores: dict[tuple[int, int], float] = {}
    for need_id in (1, 5, 9):
        found = matcher.patents_for_need(need_id, Wanted(200, Filters(), beijing_today()))
        assert sorted(item.patent.id for item in found.items) == list(range(1, 45))
        scores |= {(need_id, item.patent.id): item.score for item in found.items}
        assert all(item.confidence is not None for item in found.items)
    for patent_id in (1, 41, 44):
        listed = matcher.needs_for_patent(patent_id, Wanted(200, Filters(), beijing_today()))
        assert sorted(item.need.id for item in listed.items) == open_needs
        for item in listed.items:
            if (item.need.id, patent_id) in scores:
                assert item.score == pytest.approx(scores[item.need.id, patent_id], abs=2e-6)


def test_scores_of_what_did_not_change_stay(matcher: Matcher) -> None:
    name = matcher.generation().name
    before = matcher.patents_for_text(NEED, Wanted(200, Filters(), beijing_today(), as_of=name))
    after = matcher.patents_for_text(NEED, Wanted(200, Filters(), beijing_today()))
    assert len(before.items) == 40
    old = {item.patent.id: (item.relevance, item.confidence) for item in before.items}
    now = {item.patent.id: (item.relevance, item.confidence) for item in after.items}
    assert {id_: now[id_] for id_ in old} == old
    assert before.notices == after.notices == []


@pytest.mark.parametrize("among", [None, Filters(region=["420100"])])
def test_the_needs_of_many_patents_are_those_of_each(matcher: Matcher, among: Filters | None) -> None:
    generation = matcher.generation()
    factors = NightFactors(factor_rules.load(None), beijing_today())
    filters = among or Filters()
    ids = np.array([1, 6, 40, 41, 44], np.int64)
    blocks = needs_for_patents(generation, ids, 4, factors=factors, filters=filters)
    found = dict(one for block in blocks for one in block)
    assert list(found) == ids.tolist()
    for patent_id, matches in found.items():
        listed = matcher.needs_for_patent(patent_id, Wanted(4, filters, beijing_today()))
        assert [match.id for match in matches] == [item.need.id for item in listed.items]
        assert [match.score for match in matches] == pytest.approx([i.score for i in listed.items], abs=2e-6)


def test_chances_of_a_holder_hold_what_is_new(matcher: Matcher, folder: Path) -> None:
    finder = ChanceFinder(matcher._database, matcher, folder)
    where = ChanceConditions(needs=Filters(), day=beijing_today(), per_patent=10, include_ended=True)
    page = finder.page(1, ListQuery(size=200), where)
    assert page.matched == 44
    assert {item.patent.id for item in page.items} >= {1, 41, 44}
    assert {item.need.id for item in page.items} == {1, 4, 5, 6, 7, 8, 9}
    assert all(item.factors for item in page.items)
