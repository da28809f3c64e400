"""Confidence follows the score within a need, a pair has one band whoever asks, and a need without a match is told so."""

import numpy as np
import pytest

from catalog.indexed import needs as indexed_needs
from catalog.kit.days import beijing_today
from catalog.kit.terms import Band
from index.engine import Filters
from matching.answers.filters import MatchFilters, Wanted
from matching.retrieval.confidence import (
    AMONG,
    GROWTH,
    HALF,
    HIGH,
    MEDIUM,
    Confidence,
    Level,
    levels,
    settled,
)
from service.installation.runtime import Runtime

CASTING = "铸件内部有气孔，想找能在线检测缺陷的办法"
WEDDING = "想找人帮忙设计婚礼请柬和喜糖盒"


def test_bands_follow_the_score() -> None:
    level = Level(mean=0.2, deviation=0.02, patents=AMONG)
    high, medium, low = (level.confidence(0.2 + 0.02 * above) for above in (6, 5.2, 4.9))
    assert (high.band, medium.band, low.band) == (Band.HIGH, Band.MEDIUM, Band.LOW)
    assert high.share > medium.share > low.share
    assert high.above == pytest.approx(6)


def test_among_more_patents_more_is_asked_of_a_match() -> None:
    small, large = (Level(0.2, 0.02, patents) for patents in (AMONG, 10 * AMONG))
    assert small.confidence(0.2 + 0.02 * HALF).share == 0.5
    assert large.confidence(0.2 + 0.02 * (HALF + GROWTH * np.log(10))).share == 0.5


def test_a_share_that_moves_around_a_boundary_changes_no_told_band() -> None:
    shares, told = (0.34, 0.36, 0.34, 0.38, 0.41, 0.36, 0.31, 0.29, 0.61), list[Band]()
    for share in shares:
        band = Band.HIGH if share >= HIGH else Band.MEDIUM if share >= MEDIUM else Band.LOW
        told.append(settled(told[-1] if told else None, band, share))
    assert told == [*[Band.LOW] * 4, *[Band.MEDIUM] * 3, Band.LOW, Band.HIGH]


def test_bands_are_ordered_and_the_last_is_no_match() -> None:
    assert [band.is_match for band in Band] == [True, True, False]
    assert [[one.is_at_least(other) for other in Band] for one in Band] == [
        [True, True, True],
        [False, True, True],
        [False, False, True],
    ]


def test_matches_say_how_sure_they_are(installation: Runtime) -> None:
    matcher = installation.matcher
    found = matcher.patents_for_text(CASTING, Wanted(20, Filters(), beijing_today()))
    by_relevance = sorted(found.items, key=lambda item: item.relevance, reverse=True)
    shares = [item.confidence.share for item in by_relevance if item.confidence]
    assert len(shares) == 20
    assert shares == sorted(shares, reverse=True)
    # A filter changes which patents are shown, not how sure one may be of them.
    one = found.items[3]
    kind = one.patent.kind
    assert kind is not None
    narrow = matcher.patents_for_text(CASTING, Wanted(20, Filters(kind=[kind]), beijing_today()))
    assert {item.patent.id: item.confidence for item in narrow.items}[one.patent.id] == one.confidence


def test_nothing_is_suitable_exactly_when_no_row_is_a_match(installation: Runtime) -> None:
    matcher = installation.matcher
    assert not matcher.patents_for_text(WEDDING, Wanted(5, Filters(), beijing_today())).suitable
    with installation.database.read() as session:
        ids = [need.id for need in indexed_needs.texts(session) if need.is_open]
    said = set()
    for need in ids:
        found = matcher.patents_for_need(need, Wanted(20, Filters(), beijing_today()))
        bands = [item.confidence.band for item in found.items if item.confidence]
        assert found.suitable == any(band is not Band.LOW for band in bands)
        said.add(found.suitable)
        for least in Band:
            narrow = matcher.patents_for_need(need, Wanted(20, MatchFilters(min_band=least), beijing_today()))
            expected = [i for i in found.items if i.confidence and i.confidence.band.is_at_least(least)]
            assert [i.patent.id for i in narrow.items] == [i.patent.id for i in expected]
    assert said == {True, False}


def test_a_pair_has_one_confidence_whoever_asks(installation: Runtime) -> None:
    matcher, known = installation.matcher, dict[tuple[int, int], Confidence]()
    with installation.database.read() as session:
        ids = [need.id for need in indexed_needs.texts(session) if need.is_open]
    for need in ids:
        for item in matcher.patents_for_need(need, Wanted(20, Filters(), beijing_today())).items:
            assert item.confidence
            known[need, item.patent.id] = item.confidence
    bands, seen = set(), 0
    for patent in sorted({patent for _, patent in known}):
        for back in matcher.needs_for_patent(patent, Wanted(200, Filters(), beijing_today())).items:
            if (its := known.get((back.need.id, patent))) is not None:
                assert back.confidence == its
                seen += 1
                bands.add(its.band)
        narrow = matcher.needs_for_patent(
            patent, Wanted(200, MatchFilters(min_band=Band.MEDIUM), beijing_today())
        )
        assert narrow.suitable == bool(narrow.items)
        assert {i.need.id for i in narrow.items} >= {
            n for (n, p), its in known.items() if p == patent and its.band.is_match
        }
    assert seen == len(known)
    assert bands >= {Band.MEDIUM, Band.LOW}


def test_levels_in_bulk_are_those_of_each_need(installation: Runtime) -> None:
    generation = installation.matcher.generation()
    ids = generation.needs.select(Filters())
    together = levels(generation.patents, generation.needs, ids).found
    assert sorted(together) == ids.tolist()
    for id_ in ids.tolist():
        alone = levels(generation.patents, generation.needs, np.array([id_])).found
        assert alone == {id_: together[id_]}
