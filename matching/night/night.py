"""The night's matches (夜间匹配): every open need against every patent that is or may be in force, and each of these against the needs.

Candidates of both legs, their relevance and their factors are those of a request by day, for all records of one generation
at once. All data come from the generation: vectors, sentences, tokens and columns; neither the catalogue nor the model is used.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray

from catalog.kit.progress import StepProgress
from catalog.kit.terms import Band
from catalog.runs.matches import NightMatch, NightSide
from index.attributes import Attributes
from index.engine import CandidateBlock, Candidates, Filters, Ids, PairsAsked
from index.generations.generation import Generation
from matching.ranking.factors import FactorRules
from matching.ranking.pair_factors import PairFactors
from matching.retrieval.confidence import Levels, levels, settled
from matching.retrieval.relevance import MICRO, Amounts, hub_share, parts
from matching.retrieval.retrieve import DEPTH

TOP_PATENTS = 20
"""Patents kept for a need."""
TOP_NEEDS = 10
"""Needs kept for a patent."""

EVERYTHING = Filters()
Found = list[tuple[int, list[NightMatch]]]
Store = Callable[[NightSide, Found], None]


@dataclass(frozen=True, slots=True)
class NightReport:
    """The counts of a night: open needs, patents that are or may be in force, in which number format candidates were found, and why.

    `pairs_high` and `pairs_medium` are how many of the pairs kept for the needs are of these bands.
    """

    needs: int
    patents_possible: int
    patents: int
    product: str
    pairs_high: int
    pairs_medium: int


def match_all(
    generation: Generation,
    day: date,
    store: Store,
    rules: FactorRules | None = None,
    *,
    threads: int = 2,
    progress: StepProgress | None = None,
) -> NightReport:
    """Match all needs open on `day` with all patents that are or may be in force then, both ways; hand matches to `store` in blocks.

    Every need is searched with the filter `possible_on`, as in requests that state nothing else. Without `rules` of factors
    relevance alone counts, and pairs have no bands. Memory stays bounded; see `index.vectors.all_pairs`.
    """
    patents, needs = generation.patents, generation.needs
    filters, still_open = Filters(possible_on=day), Filters(open_on=day)
    possible, asking = patents.select(filters), needs.select(still_open)
    factors = None
    if rules:
        factors = NightFactors(rules, day, levels(patents, needs, asking, threads))
    sides = (
        (
            NightSide.NEED,
            "需求匹配专利",
            patents_for_needs(generation, asking, filters, factors=factors, threads=threads),
            len(asking),
        ),
        (
            NightSide.PATENT,
            "专利匹配需求",
            needs_for_patents(generation, possible, factors=factors, filters=still_open, threads=threads),
            len(possible),
        ),
    )
    bands = Counter[tuple[NightSide, str | None]]()
    for side, step, blocks, total in sides:
        done = 0
        for found in blocks:
            store(side, found)
            bands.update((side, match.band) for _, matches in found for match in matches)
            done += len(found)
            if progress:
                progress(step, done, total)
    high, medium = (bands[NightSide.NEED, band] for band in (Band.HIGH, Band.MEDIUM))
    return NightReport(len(asking), len(possible), len(patents), patents.product, high, medium)


@dataclass(frozen=True, slots=True)
class NightFactors:
    """The factors of many pairs by their attributes, on a day, and the levels that give them their bands, where wanted."""

    rules: FactorRules
    day: date
    levels: Levels = field(default_factory=Levels)

    def pairs(self, needs: Attributes, patents: Attributes) -> PairFactors:
        """The weighted factors of needs and patents with these attributes."""
        return PairFactors(self.rules, self.day, needs, patents)


def patents_for_needs(
    generation: Generation,
    ids: Ids,
    filters: Filters,
    top: int = TOP_PATENTS,
    *,
    factors: NightFactors | None = None,
    threads: int = 2,
) -> Iterator[Found]:
    """The `top` patents for each of these needs, as `retrieve` ranks them, in blocks by id of the needs."""
    asking, answering = generation.needs, generation.patents
    wanted = PairsAsked(ids, filters, DEPTH, _share(generation), threads)

    def raised(block: CandidateBlock) -> Amounts:
        found = block.candidates
        if factors is None:
            return np.zeros(len(found.ids), np.int64)
        pairs = factors.pairs(asking.attributes(block.ids), found.attributes)
        of_patents = pairs.of_patents(np.arange(len(found.attributes)))
        return pairs.of_pairs(found.asking, found.document) + of_patents[found.document]

    judging = factors.levels if factors else Levels()
    yield from _ranked(answering.pairs(asking, wanted), raised, top, judging, from_needs=True)


def needs_for_patents(
    generation: Generation,
    ids: Ids,
    top: int = TOP_NEEDS,
    *,
    factors: NightFactors | None = None,
    filters: Filters = EVERYTHING,
    threads: int = 2,
) -> Iterator[Found]:
    """The `top` needs that meet the filters for each of these patents, as `retrieve_needs` ranks them.

    Yields blocks by id of the patents, except for patents added after the generation was built.
    """
    asking, answering = generation.patents, generation.needs
    wanted = PairsAsked(ids, filters, DEPTH, _share(generation), threads)

    def raised(block: CandidateBlock) -> Amounts:
        found = block.candidates
        if factors is None:
            return np.zeros(len(found.ids), np.int64)
        pairs = factors.pairs(found.attributes, asking.attributes(block.ids))
        of_patents = pairs.of_patents(np.arange(len(block.ids)))
        return pairs.of_pairs(found.document, found.asking) + of_patents[found.asking]

    judging = factors.levels if factors else Levels()
    yield from _ranked(answering.pairs(asking, wanted), raised, top, judging, from_needs=False)


def with_settled_bands(found: Found, before: Mapping[int, Mapping[int, Band]]) -> Found:
    """Matches of needs with the bands by which changes are reported, given those of the night before by need and patent."""
    return [
        (
            need,
            [
                match._replace(
                    settled=settled(before.get(need, {}).get(match.id), match.band, match.share or 0.0)
                )
                if match.band
                else match
                for match in matches
            ],
        )
        for need, matches in found
    ]


def _share(generation: Generation) -> float:
    return hub_share(generation.needs.statistics.documents)


def _ranked(
    blocks: Iterator[CandidateBlock],
    raised: Callable[[CandidateBlock], Amounts],
    top: int,
    judging: Levels,
    *,
    from_needs: bool,
) -> Iterator[Found]:
    """The best `top` of each query by (-score, id), with the bands that the levels of the needs give."""
    for block in blocks:
        found, added = block.candidates, raised(block)
        scored = parts(found.scores)
        total = scored.total + added
        best = _best(found, total, top)
        values = (total, scored.document, scored.sentence, scored.lexical, added)
        needs = block.ids[found.asking[best]] if from_needs else found.ids[best]
        judged = judging.of_pairs(needs, scored.total[best] / MICRO)
        columns = [found.ids[best].tolist(), *((part[best] / MICRO).tolist() for part in values), *judged]
        matches = [NightMatch(*match) for match in zip(*columns, strict=True)]
        ends = np.searchsorted(found.asking[best], np.arange(len(block.ids) + 1)).tolist()
        yield [(id_, matches[ends[at] : ends[at + 1]]) for at, id_ in enumerate(block.ids.tolist())]


def _best(found: Candidates, total: Amounts, top: int) -> NDArray[np.int64]:
    """The places of the best `top` of each query, in their order."""
    counts = np.bincount(found.asking)
    near = np.arange(len(total))
    if counts.max(initial=0) > top:
        # Few have to be sorted: those that are not below the last one of the list.
        lowest = np.full((len(counts), int(counts.max())), -(2**62))
        lowest[np.arange(lowest.shape[1]) < counts[:, None]] = total
        near = np.flatnonzero(total >= np.partition(lowest, -top, axis=1)[found.asking, -top])
    order = near[np.lexsort((found.ids[near], -total[near], found.asking[near]))]
    asking = found.asking[order]
    best: NDArray[np.int64] = order[np.arange(len(order)) - np.searchsorted(asking, asking) < top]
    return best
