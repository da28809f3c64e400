"""Confidence follows the score within a need, and a need that nothing answers is told so."""

import pytest

from catalog.kit.days import beijing_today
from index.engine import Filters
from matching.retrieval.confidence import Band, Level
from service.installation.runtime import Runtime


def test_bands_follow_the_score() -> None:
    level = Level(mean=0.2, deviation=0.02)
    high, medium, low = (level.confidence(0.2 + 0.02 * above) for above in (6, 5, 3))
    assert (high.band, medium.band, low.band) == (Band.HIGH, Band.MEDIUM, Band.LOW)
    assert high.share > medium.share > low.share
    assert high.above == pytest.approx(6)


def test_matches_say_how_sure_they_are(installation: Runtime) -> None:
    matcher = installation.matcher
    found = matcher.patents_for_text("铸件内部有气孔，想找能在线检测缺陷的办法", 20, Filters())
    shares = [item.confidence.share for item in found.items if item.confidence]
    assert len(shares) == 20
    assert shares == sorted(shares, reverse=True)
    # A filter changes which patents are shown, not how sure one may be of them.
    one = found.items[3]
    kind = one.patent.kind
    assert kind is not None
    narrow = matcher.patents_for_text("铸件内部有气孔，想找能在线检测缺陷的办法", 20, Filters(kind=[kind]))
    assert {item.patent.id: item.confidence for item in narrow.items}[one.patent.id] == one.confidence


def test_a_need_that_nothing_answers_is_told_so(installation: Runtime) -> None:
    assert not installation.matcher.patents_for_text("想找人帮忙设计婚礼请柬和喜糖盒", 5, Filters()).suitable


def test_needs_of_a_patent_have_the_confidence_that_they_would_give(installation: Runtime) -> None:
    matcher = installation.matcher
    with installation.database.read() as session:
        from catalog.indexed import needs as indexed_needs

        texts = [need for need in indexed_needs.texts(session) if need.is_open]
    for need in texts[:3]:
        best = matcher.patents_for_need(need.id, 1, Filters(), today=beijing_today()).items[0]
        back = matcher.needs_for_patent(best.patent.id, 50, Filters(), today=beijing_today()).items
        (same,) = [item for item in back if item.need.id == need.id]
        assert same.confidence
        assert best.confidence
        assert same.confidence.share == pytest.approx(best.confidence.share, abs=0.05)
