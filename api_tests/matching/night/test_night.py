"""The night's matches are what a request by day would answer, for every record and both ways."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from catalog.indexed import needs as indexed_needs
from catalog.indexed import patents as indexed_patents
from catalog.kit.terms import Band
from catalog.runs.matches import NightMatch, NightSide
from index.engine import Filters
from index.generations.documents import patent_text
from index.generations.generation import Generation
from matching.night.night import TOP_NEEDS, TOP_PATENTS, Found, NightReport, match_all
from matching.ranking import factors as factor_rules
from matching.ranking.pair_factors import AskedFactors
from matching.retrieval.confidence import Levels, levels
from matching.retrieval.retrieve import Hit, asking_among, asking_patent, retrieve, retrieve_needs
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
    report = match_all(generation, DAY, lambda side, found: stored[side].extend(found), factor_rules.load())
    return report, stored


def test_every_need_gets_what_the_request_by_day_answers(
    installation: Runtime, generation: Generation, night: tuple[NightReport, Stored]
) -> None:
    report, stored = night
    in_force = generation.patents.select(Filters(possible_on=DAY))
    assert 0 < len(in_force) < len(generation.patents)
    assert report.patents_possible == len(in_force)
    with installation.database.read() as session:
        texts = {need.id: need.text for need in indexed_needs.texts(session)}
    ids = generation.needs.select(Filters())
    judged = levels(generation.patents, generation.needs, ids)
    assert [need_id for need_id, _ in stored[NightSide.NEED]] == ids.tolist()
    for (need_id, found), vector in zip(stored[NightSide.NEED], generation.needs.vectors(ids), strict=True):
        need = asking_among(texts[need_id], vector, generation.needs)
        its = generation.needs.attributes(np.array([need_id]))
        raised = AskedFactors(factor_rules.load(), DAY, need=its).raised
        hits = retrieve(generation.patents, need, Filters(possible_on=DAY), TOP_PATENTS, raised=raised)
        assert found == as_stored(hits, judged, [need_id] * len(hits))


def test_every_patent_in_force_gets_what_the_request_by_day_answers(
    installation: Runtime, generation: Generation, night: tuple[NightReport, Stored]
) -> None:
    _, stored = night
    with installation.database.read() as session:
        texts = {
            p.id: patent_text(p.title, p.abstract, p.first_claim)
            for p in indexed_patents.texts(session, set())
        }
    assert len(stored[NightSide.PATENT]) == night[0].patents_possible
    judged = levels(generation.patents, generation.needs, generation.needs.select(Filters()))
    for patent_id, found in stored[NightSide.PATENT]:
        patent = asking_patent(generation.patents, patent_id, texts[patent_id])
        its = generation.patents.attributes(np.array([patent_id]))
        raised = AskedFactors(factor_rules.load(), DAY, patent=its).raised
        hits = retrieve_needs(generation.needs, patent, Filters(), TOP_NEEDS, raised=raised)
        assert found == as_stored(hits, judged, [hit.id for hit in hits])


def as_stored(hits: list[Hit], judged: Levels, needs: list[int]) -> list[NightMatch]:
    return [
        NightMatch(
            h.id,
            h.score,
            h.document,
            h.sentence,
            h.lexical,
            round(h.score - h.relevance, 6),
            its.share,
            its.band,
        )
        for h, need in zip(hits, needs, strict=True)
        if (its := judged.of(need, h.relevance))
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
    assert {one.band for one, _ in both} >= {Band.MEDIUM, Band.LOW}


def test_pairs_are_counted_by_band(night: tuple[NightReport, Stored]) -> None:
    report, stored = night
    bands = [match.band for _, found in stored[NightSide.NEED] for match in found]
    assert (report.pairs_high, report.pairs_medium) == (bands.count(Band.HIGH), bands.count(Band.MEDIUM))
    assert report.pairs_medium > 0


def test_where_nothing_is_in_force_needs_have_no_matches(generation: Generation) -> None:
    stored: Stored = {side: [] for side in NightSide}
    report = match_all(generation, date(1980, 1, 1), lambda side, found: stored[side].extend(found))
    assert report.patents_possible == 0
    assert stored[NightSide.NEED] == [(id_, []) for id_ in generation.needs.select(Filters()).tolist()]
    assert stored[NightSide.PATENT] == []
