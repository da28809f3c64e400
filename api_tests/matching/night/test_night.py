"""The night's matches are what a request by day would answer, for every record and both ways."""

from __future__ import annotations

from datetime import date

import pytest

from catalog.indexed import needs as indexed_needs
from catalog.indexed import patents as indexed_patents
from catalog.runs.matches import NightMatch, NightSide
from index.generations.columns import Filters
from index.generations.documents import patent_text
from index.generations.generation import Generation
from matching.night.night import TOP_NEEDS, TOP_PATENTS, Found, NightReport, factors_of, match_all
from matching.ranking.factors import load as load_factors
from matching.ranking.pair_factors import AskedFactors
from matching.retrieval.retrieve import AskingNeed, AskingPatent, Hit, retrieve, retrieve_needs
from service.installation.runtime import Runtime

DAY = date(2026, 6, 1)
Stored = dict[NightSide, Found]


@pytest.fixture(scope="module")
def generation(installation: Runtime) -> Generation:
    current = installation.store.current()
    assert current is not None
    return current


@pytest.fixture(scope="module")
def night(generation: Generation) -> tuple[NightReport, Stored]:
    stored: Stored = {side: [] for side in NightSide}
    report = match_all(generation, DAY, lambda side, found: stored[side].extend(found), load_factors())
    return report, stored


def test_every_need_gets_what_the_request_by_day_answers(
    installation: Runtime, generation: Generation, night: tuple[NightReport, Stored]
) -> None:
    report, stored = night
    rows = generation.patents.columns.select(Filters(in_force_on=DAY))
    assert rows is not None
    assert 0 < len(rows) < len(generation.patents)
    assert report.patents_in_force == len(rows)
    with installation.database.read() as session:
        texts = {need.id: need.text for need in indexed_needs.texts(session)}
    factors = factors_of(generation, load_factors(), DAY)
    assert [need_id for need_id, _ in stored[NightSide.NEED]] == generation.needs.ids.tolist()
    for row, (need_id, found) in enumerate(stored[NightSide.NEED]):
        vector, mean = generation.needs.vectors.vector(row), generation.needs.mean
        need = AskingNeed.of(texts[need_id], vector, mean, len(generation.needs))
        raised = AskedFactors(factors, need=row).raised
        assert found == as_stored(retrieve(generation.patents, need, rows, TOP_PATENTS, raised=raised))


def test_every_patent_in_force_gets_what_the_request_by_day_answers(
    installation: Runtime, generation: Generation, night: tuple[NightReport, Stored]
) -> None:
    _, stored = night
    with installation.database.read() as session:
        texts = {
            p.id: patent_text(p.title, p.abstract, p.first_claim)
            for p in indexed_patents.texts(session, set())
        }
    factors = factors_of(generation, load_factors(), DAY)
    assert len(stored[NightSide.PATENT]) == night[0].patents_in_force
    for patent_id, found in stored[NightSide.PATENT]:
        row = generation.patents.row_of(patent_id)
        assert row is not None
        patent = AskingPatent.of(generation.patents, row, texts[patent_id])
        raised = AskedFactors(factors, patent=row).raised
        assert found == as_stored(retrieve_needs(generation, patent, None, TOP_NEEDS, raised=raised))


def as_stored(hits: list[Hit]) -> list[NightMatch]:
    return [
        NightMatch(h.id, h.score, h.document, h.sentence, h.lexical, round(h.score - h.relevance, 6))
        for h in hits
    ]


def test_a_pair_has_one_score_whoever_asks(night: tuple[NightReport, Stored]) -> None:
    _, stored = night
    asked = {(n, match.id): match for n, found in stored[NightSide.NEED] for match in found}
    both = [
        (match, asked[match.id, patent])
        for patent, found in stored[NightSide.PATENT]
        for match in found
        if (match.id, patent) in asked
    ]
    assert len(both) > 20
    assert all(one[1:] == other[1:] for one, other in both)
    assert len({one.factors for one, _ in both}) > 2


def test_where_nothing_is_in_force_needs_have_no_matches(generation: Generation) -> None:
    stored: Stored = {side: [] for side in NightSide}
    report = match_all(generation, date(1980, 1, 1), lambda side, found: stored[side].extend(found))
    assert report.patents_in_force == 0
    assert stored[NightSide.NEED] == [(need_id, []) for need_id in generation.needs.ids.tolist()]
    assert stored[NightSide.PATENT] == []
