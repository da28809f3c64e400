"""The list of a match: full whatever is gone or folded, re-ranked where it was read, nothing lost."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_tests.matching.ranking.test_families import patent
from catalog.supply.patents_shown import PatentOutline, PatentPublic
from index.engine import Ids
from matching.ranking import listing
from matching.ranking.families import Floats, load
from matching.ranking.listing import SPARE, ListedPatents, Options, listed
from matching.ranking.rerank import Reranker
from matching.retrieval.relevance import MICRO
from matching.retrieval.retrieve import Hit

HITS = 200


def place(hit: Hit) -> int:
    """The place of a hit, from which its id follows."""
    return hit.id - 1000


def hit(number: int) -> Hit:
    """The hit of that place, with scores from 0.5 down in thousandths."""
    values: dict[str, Any] = dict.fromkeys(Hit.__dataclass_fields__, 0)
    values |= {"id": number + 1000, "score": round(0.5 - number / 1000, 6)}
    return Hit(**values)


@dataclass
class Catalogue:
    """Patents by id: those of one group are of one day, holder and title; group 0 is gone."""

    groups: list[int]
    asked: list[int] = field(default_factory=list)

    def vectors(self, ids: Ids) -> Floats:
        vectors: Floats = np.eye(HITS, dtype=np.float32)[[self.groups[id_ - 1000] for id_ in ids]]
        return vectors

    def look_up(self, ids: list[int]) -> dict[int, PatentPublic]:
        self.asked += ids
        return self._there(ids)

    def _there(self, ids: list[int]) -> dict[int, PatentPublic]:
        there = [id_ for id_ in ids if self.groups[id_ - 1000]]
        return {id_: patent(id_, f"装置{chr(0x4E00 + self.groups[id_ - 1000])}") for id_ in there}

    def show(self, top_k: int, *, fold: bool = True, reranker: Reranker | None = None) -> ListedPatents:
        def retrieve(top: int) -> list[Hit]:
            return [hit(number) for number in range(min(top, len(self.groups)))]

        options = Options(load() if fold else None, reranker)
        return listed(retrieve, self.look_up, top_k, "需求", self, self.outlines, options)

    def outlines(self, ids: list[int]) -> dict[int, PatentOutline]:
        names = [each.name for each in fields(PatentOutline)]
        there = self._there(ids).values()
        return {its.id: PatentOutline(**{name: getattr(its, name) for name in names}) for its in there}


@given(st.lists(st.integers(0, 12), max_size=HITS), st.integers(1, 12))
def test_every_group_is_shown_once_with_all_that_is_folded_under_it(groups: list[int], top_k: int) -> None:
    catalogue = Catalogue(groups)
    found = catalogue.show(top_k)
    firsts = list(dict.fromkeys(group for group in groups if group))[:top_k]
    assert [groups[place(one)] for one in found.kept] == firsts
    reach = range(min(len(groups), top_k + SPARE))
    for one in found.kept:
        its = {groups.index(groups[place(one)])}
        others = [number for number in reach if groups[number] == groups[place(one)]]
        folded = [place(folded.hit) for folded in found.folded.get(one.id, [])]
        assert folded == sorted(folded)
        assert set(others) - its <= set(folded)
        assert {groups[number] for number in folded} <= {groups[place(one)]}
    assert len(catalogue.asked) == len(set(catalogue.asked))


@pytest.mark.parametrize(
    ("there", "of", "found", "is_cut"), [(50, 200, 1, True), (150, 200, 0, True), (50, 90, 1, False)]
)
def test_looking_for_what_few_meet_ends_and_says_so(
    there: int, of: int, found: int, is_cut: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "MOST_LOOKED_UP", 100)
    catalogue = Catalogue([int(number == there) for number in range(of)])
    its = catalogue.show(10, fold=False)
    assert (len(its.kept), its.is_cut) == (found, is_cut)
    assert len(catalogue.asked) == min(of, 100)


@given(st.lists(st.integers(0, 12), max_size=HITS), st.integers(1, 12))
def test_unfolded_all_that_are_there_are_shown(groups: list[int], top_k: int) -> None:
    found = Catalogue(groups).show(top_k, fold=False)
    assert [place(one) for one in found.kept] == [n for n, group in enumerate(groups) if group][:top_k]
    assert not found.folded


@dataclass
class Judge:
    """Prefers the title it was told of."""

    liked: str
    name: str = "判读"

    def logit(self, need: str, text: str) -> float:
        return 800.0 if text.startswith(self.liked) else -800.0


def test_what_was_read_and_liked_rises_and_the_rest_keeps_its_order() -> None:
    catalogue = Catalogue(list(range(1, 101)))
    liked = f"装置{chr(0x4E00 + 8)}"
    found = catalogue.show(12, reranker=Reranker(Judge(liked), 10, 10_000, 0.04))
    assert [place(one) for one in found.kept] == [7, 0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11]
    assert found.added == {id_: 40_000 * (id_ == 1007) for id_ in range(1000, 1010)}
    for one in found.kept:
        assert round(one.score * MICRO) == round(hit(place(one)).score * MICRO) + found.added.get(one.id, 0)
    assert found.rerank is not None
    assert (found.rerank.read, found.rerank.wanted, found.rerank.budget_ended) == (10, 10, False)
    # What lies behind those that are read is never raised, however much it would be liked.
    behind = f"装置{chr(0x4E00 + 11)}"
    unmoved = catalogue.show(12, reranker=Reranker(Judge(behind), 10, 10_000, 0.04))
    assert [place(one) for one in unmoved.kept] == list(range(12))


def test_the_best_after_reading_leads_its_family() -> None:
    groups = [1, 2, 2, 3]
    catalogue = Catalogue(groups)

    class LikesTheThird(Judge):
        read = 0

        def logit(self, need: str, text: str) -> float:
            self.read += 1
            return 800.0 if self.read == 3 else -800.0

    found = catalogue.show(3, reranker=Reranker(LikesTheThird(""), 20, 10_000, 0.04))
    assert [place(one) for one in found.kept] == [2, 0, 3]
    assert [place(folded.hit) for folded in found.folded[1002]] == [1]
