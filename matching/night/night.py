"""The night's matches (夜间匹配): every open need against every patent in force, and every such patent against the needs.

Candidates of both legs, their relevance and their factors are those of a request by day, for all records of one generation
at once. All comes from the generation: vectors, sentences, tokens and columns; neither the catalogue nor the model is asked.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from catalog.runs.matches import NightMatch, NightSide
from index.generations.columns import Filters
from index.generations.generation import Generation
from index.vectors.all_pairs import Group, PairBlock, all_pairs
from index.vectors.exact import exact_scores
from index.vectors.pair_product import choose_product
from index.words.all_pairs import LexicalBlock, lexical_pairs
from matching.night.merge import merge
from matching.ranking.factors import FactorRules
from matching.ranking.pair_factors import PairFactors
from matching.retrieval.relevance import MICRO, Amounts, parts, shifted
from matching.retrieval.retrieve import DEPTH, sentences_of

TOP_PATENTS = 20
"""Patents kept for a need."""
TOP_NEEDS = 10
"""Needs kept for a patent."""

Rows = NDArray[np.int64]
Floats = NDArray[np.float32]
Counts = NDArray[np.int32]
Found = list[tuple[int, list[NightMatch]]]
Store = Callable[[NightSide, Found], None]
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class NightReport:
    """What a night matched: open needs, patents in force, and in which number format candidates were found, and why."""

    needs: int
    patents_in_force: int
    patents: int
    product: str


def match_all(
    generation: Generation,
    day: date,
    store: Store,
    rules: FactorRules | None = None,
    *,
    threads: int = 2,
    progress: Progress | None = None,
) -> NightReport:
    """Match all open needs with all patents in force on `day`, both ways, and hand the matches to `store` in blocks.

    Every need is asked with the filter `in_force_on`, as officials ask it; a patent whose time in force is unknown is not
    matched. Without `rules` of factors relevance alone counts. Memory stays bounded; see `index.vectors.all_pairs`.
    """
    patents, needs = generation.patents, generation.needs
    in_force = patents.columns.select(Filters(in_force_on=day))
    if in_force is None:
        raise AssertionError("a filter was given")
    factors = factors_of(generation, rules, day) if rules else None
    sides = (
        (
            NightSide.NEED,
            "需求匹配专利",
            patents_for_needs(generation, in_force, factors=factors, threads=threads),
            len(needs),
        ),
        (
            NightSide.PATENT,
            "专利匹配需求",
            needs_for_patents(generation, in_force, factors=factors, threads=threads),
            len(in_force),
        ),
    )
    for side, step, blocks, total in sides:
        done = 0
        for found in blocks:
            store(side, found)
            done += len(found)
            if progress:
                progress(step, done, total)
    return NightReport(len(needs), len(in_force), len(patents), choose_product().reason)


def factors_of(generation: Generation, rules: FactorRules, day: date) -> PairFactors:
    """The factors of all pairs of a generation."""
    needs, patents = generation.needs.columns.attributes, generation.patents.columns.attributes
    return PairFactors(rules, day, needs, patents)


def patents_for_needs(
    generation: Generation,
    rows: Rows | None,
    top: int = TOP_PATENTS,
    *,
    factors: PairFactors | None = None,
    threads: int = 2,
) -> Iterator[Found]:
    """The `top` patents of `rows` (None: all) for every need, as `retrieve` ranks them, in blocks by id of the needs."""
    asking = np.arange(len(generation.needs))
    return _AllPairs(generation, factors, from_needs=True).blocks(asking, rows, top, threads)


def needs_for_patents(
    generation: Generation,
    rows: Rows,
    top: int = TOP_NEEDS,
    *,
    factors: PairFactors | None = None,
    among: Rows | None = None,
    threads: int = 2,
) -> Iterator[Found]:
    """The `top` needs of `among` (None: all) for each of the patents `rows`, as `retrieve_needs` ranks them.

    They come in blocks by id of the patents.
    """
    return _AllPairs(generation, factors, from_needs=False).blocks(rows, among, top, threads)


class _AllPairs:
    """All pairs of one generation, the needs asking or the patents."""

    def __init__(self, generation: Generation, factors: PairFactors | None, *, from_needs: bool) -> None:
        patents, needs = generation.patents, generation.needs
        self._factors = factors
        self._of_patents = factors.of_patents(np.arange(len(patents))) if factors else None
        self._from_needs = from_needs
        self._asking, self._answering = (needs, patents) if from_needs else (patents, needs)
        self._sentences, self._masses = sentences_of(patents), generation.need_masses
        self._needs = shifted(needs.vectors.vectors, needs.mean, needs.settled)
        vectors = (self._needs, patents.vectors.vectors)
        self._queries, self._vectors = vectors if from_needs else vectors[::-1]

    def blocks(self, asking_rows: Rows, rows: Rows | None, top: int, threads: int) -> Iterator[Found]:
        """The best `top` of `rows` (None: all) of the answering side for these rows of the asking one."""
        if len(asking_rows) == 0:
            return
        dense = all_pairs(
            self._answering.vectors, self._queries, DEPTH, [Group(asking_rows, rows)], threads=threads
        )
        seen: deque[PairBlock] = deque()

        def wanted() -> Iterator[Rows]:
            for block in dense:
                seen.append(block)
                yield block.rows

        lexical = lexical_pairs(
            self._asking.lexical,
            self._answering.lexical,
            asking_rows,
            DEPTH,
            rows,
            wanted=wanted(),
            targets_ask=not self._from_needs,
            threads=threads,
        )
        with ThreadPoolExecutor(threads) as pool:
            waiting: deque[Future[Found]] = deque()
            for block in lexical:
                waiting.append(pool.submit(self._ranked, seen.popleft(), block, top))
                if len(waiting) > threads:
                    yield waiting.popleft().result()
            yield from (future.result() for future in waiting)

    def _ranked(self, dense: PairBlock, lexical: LexicalBlock, top: int) -> Found:
        rows, bm25, counts = merge(dense.rows, lexical, len(self._answering))
        asking = self._asking.ids[dense.queries].tolist()
        if not counts.any():
            return [(record, []) for record in asking]
        queries = np.ascontiguousarray(self._queries[dense.queries])
        taken = np.arange(rows.shape[1]) < counts[:, None]
        document = exact_scores(self._vectors, queries, rows, counts)[taken]
        pairs = np.repeat(dense.queries, counts), rows[taken]
        needs, patents = pairs if self._from_needs else pairs[::-1]
        sentence, _ = self._sentences.nearest(self._needs, (needs, patents))
        scored = parts(document, sentence, bm25[taken], self._masses[needs])
        raised = self._raised(needs, patents)
        total = scored.total + raised
        best, at = _best(rows, taken, total, top)
        ids = self._answering.ids[np.take_along_axis(rows, best, axis=1)]
        values = (total, scored.document, scored.sentence, scored.lexical, raised)
        columns = [ids.tolist(), *((part[at] / MICRO).tolist() for part in values)]
        return [
            (record, [NightMatch(*match) for match in zip(*its, strict=True)][:count])
            for record, count, *its in zip(asking, counts.tolist(), *columns, strict=True)
        ]

    def _raised(self, needs: Rows, patents: Rows) -> Amounts:
        """The sum of the factors of these pairs."""
        if self._factors is None or self._of_patents is None:
            return np.zeros(len(needs), np.int64)
        return self._factors.of_pairs(needs, patents) + self._of_patents[patents]


def _best(
    rows: Rows, taken: NDArray[np.bool_], totals: NDArray[np.int64], top: int
) -> tuple[Rows, NDArray[np.int64]]:
    """The columns of the best `top` of each query by (-total, row), and their places in `totals`."""
    total = np.full(rows.shape, np.iinfo(np.int64).min)
    total[taken] = totals
    places = np.zeros(rows.shape, np.int64)
    places[taken] = np.arange(len(totals))
    best = np.lexsort((rows, -np.maximum(total, -(2**62))), axis=1)[:, :top]
    return best, np.take_along_axis(places, best, axis=1)
