"""Matching over a real installation: filters, evidence, both directions."""

from collections import defaultdict

import pytest

from assessment.eligibility.gate import Eligibility
from catalog.demand.needs import page as need_page
from catalog.kit.days import beijing_today
from catalog.kit.errors import NotFound
from catalog.kit.paging import ListQuery
from catalog.supply.patent_lists import PatentFilter, page
from catalog.supply.patents_shown import PatentPublic, publics
from index.engine import Filters
from matching.answers.filters import MatchFilters, Wanted
from matching.answers.matcher import Matcher
from matching.ranking.listing import ListLimits
from service.installation.runtime import Runtime

TEXT = "铸件内部有气孔，想找能在线检测缺陷的办法"


@pytest.fixture(scope="module")
def matcher(installation: Runtime) -> Matcher:
    return installation.matcher


@pytest.fixture(scope="module")
def catalogue(installation: Runtime, matcher: Matcher) -> list[PatentPublic]:
    """The patents that are indexed; other tests may have added some since."""
    indexed = matcher.generation().patents
    with installation.database.read() as session:
        rows = page(session, ListQuery(size=200), PatentFilter())
        assert rows.total == len(rows.rows) >= len(indexed) > 30
        return publics(session, [row for row in rows.rows if (row.id or 0) in indexed], today=beijing_today())


def segments_of(patent: PatentPublic) -> set[str]:
    return {ref.code for ref in patent.classes if ref.scheme == "segment"}


def test_every_segment_and_prefecture_returns_every_patent_there_is(
    matcher: Matcher, catalogue: list[PatentPublic]
) -> None:
    expected: dict[tuple[str, str], set[int]] = defaultdict(set)
    for patent in catalogue:
        for segment in segments_of(patent):
            if patent.prefecture:
                expected[segment, patent.prefecture].add(patent.id)
    assert len(expected) > 40
    for (segment, prefecture), ids in expected.items():
        found = matcher.patents_for_text(
            TEXT, Wanted(200, Filters(segment=[segment], region=[prefecture]), beijing_today())
        )
        assert {item.patent.id for item in found.items} == ids


def test_in_force_filter_agrees_with_what_is_shown(matcher: Matcher, catalogue: list[PatentPublic]) -> None:
    today = beijing_today()
    found = matcher.patents_for_text(TEXT, Wanted(200, Filters(in_force_on=today), beijing_today()))
    assert {item.patent.id for item in found.items} == {p.id for p in catalogue if p.in_force}


def test_open_licence_filter_returns_terms(matcher: Matcher) -> None:
    found = matcher.patents_for_text(TEXT, Wanted(200, Filters(open_licence=True), beijing_today()))
    assert found.items
    assert all(item.licence is not None and item.licence.terms for item in found.items)
    # What may be licensed says so with its grounds, what is missing is named.
    for item in found.items:
        assert item.eligibility.grounds
        assert item.eligibility.as_of == beijing_today()


def test_ranks_scores_and_segments_are_consistent(matcher: Matcher) -> None:
    answer = matcher.patents_for_text(TEXT, Wanted(10, Filters(), beijing_today()))
    assert [item.rank for item in answer.items] == list(range(1, 11))
    scores = [item.score for item in answer.items]
    assert scores == sorted(scores, reverse=True)
    counted = {entry.code: entry.count for entry in answer.by_segment}
    for code, count in counted.items():
        assert count == sum(code in {s.code for s in item.segments} for item in answer.items)


def test_evidence_is_quoted_verbatim(matcher: Matcher) -> None:
    answer = matcher.patents_for_text("激光器散热不好，温度太高", Wanted(10, Filters(), beijing_today()))
    quoted = [(item.patent, evidence) for item in answer.items for evidence in item.evidence]
    assert quoted
    for patent, evidence in quoted:
        assert getattr(patent, evidence.field)[evidence.start : evidence.end] == evidence.sentence
        assert 0 < evidence.score <= 1
    assert all(item.evidence[0].basis == "meaning" for item in answer.items)


def test_both_directions_give_the_same_score(installation: Runtime, matcher: Matcher) -> None:
    with installation.database.read() as session:
        need_id = need_page(session, ListQuery(size=1)).rows[0].id or 0
    forward = matcher.patents_for_need(need_id, Wanted(5, Filters(), beijing_today())).items[0]
    backward = matcher.needs_for_patent(forward.patent.id, Wanted(200, Filters(), beijing_today()))
    (same,) = [item for item in backward.items if item.need.id == need_id]
    assert same.score == forward.score


def test_unknown_ids_are_not_found(matcher: Matcher) -> None:
    with pytest.raises(NotFound):
        matcher.patents_for_need(10**9, Wanted(5, Filters(), beijing_today()))
    with pytest.raises(NotFound):
        matcher.needs_for_patent(10**9, Wanted(5, Filters(), beijing_today()))


def test_the_eligible_are_found_however_few(installation: Runtime, matcher: Matcher) -> None:
    everything = matcher.patents_for_text(TEXT, Wanted(200, Filters(), beijing_today())).items
    for verdict in Eligibility:
        expected = [item.patent.id for item in everything if item.eligibility.verdict == verdict]
        for top_k in (1, 200):
            found = matcher.patents_for_text(
                TEXT, Wanted(top_k, MatchFilters(eligibility=[verdict]), beijing_today())
            )
            assert [item.patent.id for item in found.items] == expected[:top_k]
    assert {item.eligibility.verdict for item in everything} >= {Eligibility.BLOCKED, Eligibility.UNKNOWN}


def test_who_asks_for_what_few_are_is_told_how_many_were_looked_at(
    installation: Runtime, matcher: Matcher
) -> None:
    wanted = MatchFilters(eligibility=[Eligibility.ELIGIBLE])
    told = "只核对了匹配度最高的 10 件"
    assert not any(
        told in notice
        for notice in matcher.patents_for_text(TEXT, Wanted(200, wanted, beijing_today())).notices
    )
    short = Matcher(installation.database, installation.store, installation.encoder, limits=ListLimits(0, 10))
    assert any(
        told in notice for notice in short.patents_for_text(TEXT, Wanted(10, wanted, beijing_today())).notices
    )


def test_a_kept_generation_can_be_asked(installation: Runtime, matcher: Matcher) -> None:
    name = matcher.generation().name
    now = matcher.patents_for_text(TEXT, Wanted(5, Filters(), beijing_today()))
    then = matcher.patents_for_text(TEXT, Wanted(5, Filters(), beijing_today(), as_of=name))
    assert [item.patent.id for item in then.items] == [item.patent.id for item in now.items]
    with pytest.raises(NotFound):
        matcher.patents_for_text(TEXT, Wanted(5, Filters(), beijing_today(), as_of="20200101-000000-000"))
