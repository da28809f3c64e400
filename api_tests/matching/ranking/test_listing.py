"""The list of a match: full whatever is gone or folded, nothing lost."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_tests.matching.ranking.test_families import patent
from catalog.supply.patents_shown import PatentOutline, PatentPublic
from index.arrays import Floats
from index.engine import Ids
from matching.ranking.families import load
from matching.ranking.listing import LIMITS, Folded, Folding, ListLimits, Walk
from matching.ranking.ranked import Ranked
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


class Listed(NamedTuple):
    kept: list[Hit]
    folded: dict[int, list[Folded]]
    is_cut: bool


@dataclass
class Catalogue:
    """Patents by id: those of one group are of one day, holder and title; group 0 is gone."""

    groups: list[int]
    looked_up: list[int] = field(default_factory=list)

    def vectors(self, ids: Ids) -> Floats:
        vectors: Floats = np.eye(HITS, dtype=np.float32)[[self.groups[id_ - 1000] for id_ in ids]]
        return vectors

    def look_up(self, ids: list[int]) -> dict[int, PatentPublic]:
        self.looked_up += ids
        return self._there(ids)

    def _there(self, ids: list[int]) -> dict[int, PatentPublic]:
        there = [id_ for id_ in ids if self.groups[id_ - 1000]]
        return {id_: patent(id_, f"装置{chr(0x4E00 + self.groups[id_ - 1000])}") for id_ in there}

    def best(self, top: int) -> list[Hit]:
        return [hit(number) for number in range(min(top, len(self.groups)))]

    def show(self, top_k: int, *, fold: bool = True, limits: ListLimits = LIMITS) -> Listed:
        walk = Walk(cast(Ranked[Any], self), top_k, limits)
        folding, found = Folding(load(), self), dict[int, PatentPublic]()
        for some in walk.steps():
            new = self.look_up([one.id for one in some if one.id not in found])
            found |= new
            there = [one for one in some if one.id in new]
            walk.keep(folding.leading(there, new) if fold else there)
        near = folding.near(walk.rest if fold else [])
        akin = folding.akin(near, self.outlines([one.hit.id for one in near]))
        folding.fold(akin, self.look_up([one.hit.id for one in akin]))
        return Listed(walk.kept, folding.under(walk.kept), walk.is_cut)

    def outlines(self, ids: list[int]) -> dict[int, PatentOutline]:
        names = [each.name for each in fields(PatentOutline)]
        there = self._there(ids).values()
        return {one.id: PatentOutline(**{name: getattr(one, name) for name in names}) for one in there}


@given(st.lists(st.integers(0, 12), max_size=HITS), st.integers(1, 12))
def test_every_group_is_shown_once_with_all_that_is_folded_under_it(groups: list[int], top_k: int) -> None:
    catalogue = Catalogue(groups)
    found = catalogue.show(top_k)
    firsts = list(dict.fromkeys(group for group in groups if group))[:top_k]
    assert [groups[place(one)] for one in found.kept] == firsts
    reach = range(min(len(groups), top_k + LIMITS.spare))
    for one in found.kept:
        itself = {groups.index(groups[place(one)])}
        others = [number for number in reach if groups[number] == groups[place(one)]]
        folded = [place(folded.hit) for folded in found.folded.get(one.id, [])]
        assert folded == sorted(folded)
        assert set(others) - itself <= set(folded)
        assert {groups[number] for number in folded} <= {groups[place(one)]}
    assert len(catalogue.looked_up) == len(set(catalogue.looked_up))


@pytest.mark.parametrize(
    ("there", "of", "found", "is_cut"), [(50, 200, 1, True), (150, 200, 0, True), (50, 90, 1, False)]
)
def test_looking_for_what_few_meet_ends_and_says_so(there: int, of: int, found: int, is_cut: bool) -> None:
    catalogue = Catalogue([int(number == there) for number in range(of)])
    listed = catalogue.show(10, fold=False, limits=ListLimits(looked_up=100))
    assert (len(listed.kept), listed.is_cut) == (found, is_cut)
    assert len(catalogue.looked_up) == min(of, 100)


@given(st.lists(st.integers(0, 12), max_size=HITS), st.integers(1, 12))
def test_unfolded_all_that_are_there_are_shown(groups: list[int], top_k: int) -> None:
    found = Catalogue(groups).show(top_k, fold=False)
    assert [place(one) for one in found.kept] == [n for n, group in enumerate(groups) if group][:top_k]
    assert not found.folded
