"""All pairs of a part of the needs and a part of the patents, either side as queries: both legs and all scores."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from index.arrays import Floats, Rows
from index.engine import Candidates, PairsAsked, PairScores, less_mean
from index.generations.leg_merge import merge
from index.generations.parts import Part
from index.generations.scoring import masses_of
from index.vectors.all_pairs import Group, PairBlock, all_pairs
from index.vectors.exact import exact_scores
from index.words.all_pairs import LexicalBlock, lexical_pairs
from index.words.statistics import WordStatistics


class PartPair:
    """A part of the needs and one of the patents, whose side has these `words`; `mean` is that of the side of needs."""

    def __init__(
        self,
        needs: Part,
        patents: Part,
        words: WordStatistics,
        mean: Floats,
        share: float,
        *,
        from_needs: bool,
    ) -> None:
        self._words, self._from_needs = words, from_needs
        self._sentences, self._masses = patents.sentences, masses_of(needs)
        self._needs = less_mean(needs.vectors.vectors, mean, share)
        self._asking, self._answering = (needs, patents) if from_needs else (patents, needs)
        vectors = (self._needs, patents.vectors.vectors)
        self._queries, self._vectors = vectors if from_needs else vectors[::-1]

    def blocks(self, asking: Rows, rows: Rows | None, query: PairsAsked) -> Iterator[tuple[Rows, Candidates]]:
        """The candidates among `rows` (None: all) for rows of the querying part, ascending, in blocks of `all_pairs.BLOCK`."""
        if len(asking) == 0:
            return
        group = Group(asking, rows)
        dense = all_pairs(self._answering.vectors, self._queries, query.depth, [group], threads=query.threads)
        seen: deque[PairBlock] = deque()

        def near() -> Iterator[Rows]:
            for block in dense:
                seen.append(block)
                yield block.rows

        lexical = lexical_pairs(
            self._asking.lexical,
            self._answering.lexical,
            asking,
            query.depth,
            rows,
            words=self._words,
            wanted=near(),
            targets_are_queries=not self._from_needs,
            threads=query.threads,
        )
        with ThreadPoolExecutor(query.threads) as pool:
            waiting: deque[Future[tuple[Rows, Candidates]]] = deque()
            for block in lexical:
                waiting.append(pool.submit(self._candidates, seen.popleft(), block, query.depth))
                # Bounded: unconsumed results occupy memory, some 30 MB a block.
                if len(waiting) >= query.threads:
                    yield waiting.popleft().result()
            yield from (future.result() for future in waiting)

    def _candidates(self, dense: PairBlock, lexical: LexicalBlock, depth: int) -> tuple[Rows, Candidates]:
        rows, bm25, counts = merge(dense.rows, lexical, len(self._answering.ids))
        taken = np.arange(rows.shape[1]) < counts[:, None]
        cosine = np.full(rows.shape, -np.inf, np.float32)
        cosine[:, : dense.scores.shape[1]] = dense.scores
        queries = np.ascontiguousarray(self._queries[dense.queries])
        document = exact_scores(self._vectors, queries, rows, counts)[taken]
        found_rows = rows[taken]
        pairs = np.repeat(dense.queries, counts), found_rows
        needs, patents = pairs if self._from_needs else pairs[::-1]
        sentence, place = self._sentences.nearest(self._needs, (needs, patents))
        scores = PairScores(
            self._answering.ids[found_rows], document, sentence, place, bm25[taken], self._masses[needs]
        )
        asking = np.repeat(np.arange(len(counts)), counts)
        found, at = _distinct(found_rows, len(self._answering.ids))
        attributes = self._answering.attributes.at(found)
        return dense.queries, Candidates(asking, scores, cosine[taken], at, attributes, depth)


def _distinct(rows: Rows, count: int) -> tuple[Rows, Rows]:
    """Each of the rows, of `count` in all, once, and the place of every one among these."""
    marks = np.zeros(count, np.bool_)
    marks[rows] = True
    found = np.flatnonzero(marks)
    places = np.empty(count, np.int64)
    places[found] = np.arange(len(found))
    return found, places[rows]
