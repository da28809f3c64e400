"""The list of a match (匹配清单): the ranked hits that are shown, and the patents folded under them.

    ranked (relevance and factors) -> existing and meeting the conditions -> folded -> the first `top_k`

Records are looked up in steps, best first, until the list is full: nearly always only those shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol

import numpy as np

from catalog.supply.patents_shown import PatentOutline, PatentPublic
from index.arrays import Floats
from index.engine import Ids
from matching.ranking.families import Families, FamilyRules, Reason, Sibling
from matching.ranking.ranked import AskingT, Ranked
from matching.retrieval.retrieve import Hit


@dataclass(frozen=True, slots=True)
class ListLimits:
    """The limits of a list.

    Records deleted since the generation was built leave gaps; `spare` more hits are ranked to fill them. A condition on records
    that few meet would have every record read: at most `looked_up` are, and a list cut short is reported.
    """

    spare: int = 50
    looked_up: int = 10_000


LIMITS = ListLimits()


class Walk(Generic[AskingT]):
    """The hits of a ranking in the steps in which their records are looked up, until `top_k` are kept.

    `rest` are the hits that were ranked and not looked up; `is_cut` where the list is not full because the limit of
    look-ups was reached.
    """

    def __init__(self, ranked: Ranked[AskingT], top_k: int, limits: ListLimits = LIMITS) -> None:
        self._ranked, self._top_k, self._limits = ranked, top_k, limits
        self._top = top_k + limits.spare
        self._hits = ranked.best(self._top)
        self._seen, self._kept = 0, list[Hit]()

    def steps(self) -> Iterator[list[Hit]]:
        """The next hits to be looked up; those of a step that exist go to `keep` before the next step."""
        while len(self._kept) < self._top_k and (self._seen < len(self._hits) or self._deeper()):
            missing = self._top_k - len(self._kept)
            # As many as are missing; twice as many as the last step looked up in vain, where few meet a condition.
            stop = self._seen + max(missing, 2 * (self._seen - len(self._kept)))
            some = self._hits[self._seen : stop]
            self._seen += len(some)
            yield some

    def keep(self, hits: Iterable[Hit]) -> None:
        """Keep these of the step."""
        self._kept.extend(hits)

    @property
    def kept(self) -> list[Hit]:
        """The best that were kept."""
        return self._kept[: self._top_k]

    @property
    def rest(self) -> list[Hit]:
        """The hits after the last step."""
        return self._hits[self._seen :]

    @property
    def is_cut(self) -> bool:
        """Whether there may be more hits after those looked up."""
        return len(self._kept) < self._top_k and len(self._hits) == self._top

    def _deeper(self) -> bool:
        if len(self._hits) < self._top or self._seen >= self._limits.looked_up:
            return False
        self._top = min(self._top * 4, self._limits.looked_up)
        self._hits = self._ranked.best(self._top)
        return self._seen < len(self._hits)


@dataclass(frozen=True, slots=True)
class Folded:
    """A patent folded under a better one of its family."""

    hit: Hit
    patent: PatentPublic
    reason: Reason


class Vectors(Protocol):
    """The vectors of patents."""

    def vectors(self, ids: Ids) -> Floats:
        """The vectors of patents (n, dimensions), in this order."""


@dataclass(frozen=True, slots=True)
class NearHit:
    """A hit after the list whose vector is near one in it."""

    hit: Hit
    vector: Floats


@dataclass(frozen=True, slots=True)
class AkinHit:
    """A hit after the list that belongs to a family in it."""

    hit: Hit
    place: Sibling


class Folding:
    """The families of a list, best first; `under` maps a patent to those folded under it."""

    def __init__(self, rules: FamilyRules, vectors: Vectors) -> None:
        self._families, self._vectors = Families(rules), vectors
        self._folded: dict[int, list[Folded]] = {}

    def leading(self, hits: Sequence[Hit], patents: Mapping[int, PatentPublic]) -> list[Hit]:
        """The hits, best first, that lead a family of their own; the others are folded."""
        if not hits:
            return []
        vectors = self._vectors.vectors(_ids_of(hits))
        places = self._families.add([patents[hit.id] for hit in hits], vectors)
        for hit, place in zip(hits, places, strict=True):
            if place is not None:
                self._fold(hit, place, patents[hit.id])
        return [hit for hit, place in zip(hits, places, strict=True) if place is None]

    def near(self, rest: Sequence[Hit]) -> list[NearHit]:
        """The hits after the list that may belong to a family in it."""
        if not rest:
            return []
        vectors = self._vectors.vectors(_ids_of(rest))
        near = np.flatnonzero(self._families.near(vectors)).tolist()
        return [NearHit(rest[at], vectors[at]) for at in near]

    def akin(self, near: Sequence[NearHit], outlines: Mapping[int, PatentOutline]) -> list[AkinHit]:
        """The near hits that do belong to a family, by their outlines."""
        there = [one for one in near if one.hit.id in outlines]
        if not there:
            return []
        vectors = np.stack([one.vector for one in there])
        places = self._families.of([outlines[one.hit.id] for one in there], vectors)
        return [
            AkinHit(one.hit, place) for one, place in zip(there, places, strict=True) if place is not None
        ]

    def fold(self, akin: Sequence[AkinHit], patents: Mapping[int, PatentPublic]) -> None:
        """Fold the hits that still exist and meet the conditions."""
        for one in akin:
            if patent := patents.get(one.hit.id):
                self._fold(one.hit, one.place, patent)

    def under(self, leading: Sequence[Hit]) -> dict[int, list[Folded]]:
        """The items folded under these, by the id of what leads it."""
        shown = {hit.id for hit in leading}
        return {leader: folded for leader, folded in self._folded.items() if leader in shown}

    def _fold(self, hit: Hit, place: Sibling, patent: PatentPublic) -> None:
        self._folded.setdefault(place.leader, []).append(Folded(hit, patent, place.reason))


def _ids_of(hits: Sequence[Hit]) -> Ids:
    return np.array([hit.id for hit in hits], np.int64)
