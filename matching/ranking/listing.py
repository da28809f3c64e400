"""The list of a match (匹配清单): which of the hits are shown, in which order, and what is folded under them.

    retrieved (relevance and factors) -> still there and wanted -> folded -> as many as are asked for

Records are looked up in steps, best first, until the list is full: nearly always those that are shown and no more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

import numpy as np

from catalog.supply.patents_shown import PatentOutline, PatentPublic
from index.engine import Ids
from matching.ranking.families import Families, FamilyRules, Floats, Reason
from matching.retrieval.retrieve import Hit

# Records deleted since the generation was built leave gaps; this many more hits are kept to fill them.
SPARE = 50
# A condition that only records tell, met by few, would have the records of every patent read: as many are, the rest is told.
MOST_LOOKED_UP = 10_000


class _Record(Protocol):
    id: int


class Vectors(Protocol):
    """The vectors of patents."""

    def vectors(self, ids: Ids) -> Floats:
        """The vectors of patents (n, dimensions), in this order."""


RecordT = TypeVar("RecordT", bound=_Record)
Retrieve = Callable[[int], list[Hit]]
"""The best hits, as many as are asked for."""
LookUp = Callable[[list[int]], dict[int, RecordT]]
"""The records with these ids that are there and wanted."""
OutlinesOf = Callable[[list[int]], Mapping[int, PatentOutline]]
"""The outlines of those of these patents that are there, by id."""


@dataclass(frozen=True, slots=True)
class Existing(Generic[RecordT]):
    """The hits that are shown, the records of all that were looked up, and the hits that were not.

    `is_cut` where the list is not full and no more than `MOST_LOOKED_UP` hits were looked up.
    """

    kept: list[Hit]
    found: dict[int, RecordT]
    rest: list[Hit]
    is_cut: bool = False


def existing(
    retrieve_top: Retrieve,
    look_up: LookUp[RecordT],
    top_k: int,
    leads: Callable[[Hit, RecordT], bool] = lambda _hit, _record: True,
) -> Existing[RecordT]:
    """The best `top_k` hits whose records are still there and that lead: what was deleted is gone at once.

    `leads` is asked of each such hit once, best first.
    """
    kept: list[Hit] = []
    found: dict[int, RecordT] = {}
    seen, top = 0, top_k + SPARE
    hits = retrieve_top(top)
    while len(kept) < top_k:
        if seen == len(hits):
            if len(hits) < top or seen >= MOST_LOOKED_UP:
                break
            top = min(top * 4, MOST_LOOKED_UP)
            hits = retrieve_top(top)
            continue
        # As many as are missing; twice as many as were just looked up in vain, where few meet a condition.
        some = hits[seen : seen + max(top_k - len(kept), 2 * (seen - len(kept)))]
        new = look_up([hit.id for hit in some if hit.id not in found])
        found |= new
        kept += [hit for hit in some if hit.id in new and leads(hit, new[hit.id])]
        seen += len(some)
    return Existing(kept[:top_k], found, hits[seen:], len(kept) < top_k and len(hits) == top)


@dataclass(frozen=True, slots=True)
class Folded:
    """A patent folded under a better one of its family."""

    hit: Hit
    patent: PatentPublic
    reason: Reason


@dataclass(frozen=True, slots=True)
class ListedPatents:
    """The hits that are shown, the records of all that were looked up, and what is folded, by the id of what leads it.

    `is_cut` as in `Existing`.
    """

    kept: list[Hit]
    found: dict[int, PatentPublic]
    folded: dict[int, list[Folded]] = field(default_factory=dict)
    is_cut: bool = False

    @property
    def ids(self) -> list[int]:
        """The ids of all that are shown or folded under what is shown."""
        members = (folded.hit.id for its in self.folded.values() for folded in its)
        return [*(hit.id for hit in self.kept), *members]


def listed(
    retrieve_top: Retrieve,
    look_up: LookUp[PatentPublic],
    top_k: int,
    vectors: Vectors,
    outlines: OutlinesOf,
    rules: FamilyRules | None,
) -> ListedPatents:
    """The `top_k` patents that lead their families by these rules; without rules all lead.

    `vectors` are those of the hits' rows.
    """
    if rules is None:
        plain = existing(retrieve_top, look_up, top_k)
        return ListedPatents(plain.kept, plain.found, {}, plain.is_cut)
    folding = _Folding(Families(rules), vectors)
    its = existing(retrieve_top, look_up, top_k, folding.leads)
    shown = {hit.id for hit in its.kept}
    folding.look_further(its.rest, look_up, outlines)
    folded = {leader: members for leader, members in folding.folded.items() if leader in shown}
    return ListedPatents(its.kept, its.found, folded, its.is_cut)


@dataclass(frozen=True, slots=True)
class _Folding:
    families: Families
    vectors: Vectors
    folded: dict[int, list[Folded]] = field(default_factory=dict)

    def leads(self, hit: Hit, patent: PatentPublic) -> bool:
        """Whether the hit leads a family; else it is folded."""
        sibling = self.families.add(patent, self.vectors.vectors(np.array([hit.id]))[0])
        if sibling is not None:
            self.folded.setdefault(sibling.leader, []).append(Folded(hit, patent, sibling.reason))
        return sibling is None

    def look_further(self, rest: Sequence[Hit], look_up: LookUp[PatentPublic], outlines: OutlinesOf) -> None:
        """Fold those of the hits behind the list that belong to a family in it; few are looked up."""
        if not rest:
            return
        vectors = self.vectors.vectors(np.array([hit.id for hit in rest]))
        near = np.flatnonzero(self.families.near(vectors)).tolist()
        seen = outlines([rest[at].id for at in near])
        akin = [
            (rest[at], sibling)
            for at in near
            if rest[at].id in seen and (sibling := self.families.of(seen[rest[at].id], vectors[at]))
        ]
        found = look_up([hit.id for hit, _ in akin])
        for hit, sibling in akin:
            if patent := found.get(hit.id):
                self.folded.setdefault(sibling.leader, []).append(Folded(hit, patent, sibling.reason))
