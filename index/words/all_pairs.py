"""The lexical leg of all pairs: the documents of one collection against the index of another, either side as queries.

The tokens of a document and their counts come from the index of its own collection, so that no text is read again. Sums
are made in the order and precision of `LexicalIndex.scores` and `as_queries`: results are identical, bit by bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.arrays import Floats, Rows
from index.vectors.all_pairs import BLOCK
from index.words import kernels as lexical_kernels
from index.words.postings import LexicalIndex
from index.words.statistics import WordStatistics, places

_READ = 64 * BLOCK


Tokens = tuple[Rows, NDArray[np.int32], Floats]
"""Where each document's tokens start; the tokens as places among the targets'; what each is worth."""


@dataclass(frozen=True, slots=True)
class LexicalBlock:
    """The best rows of some queries, by row of their own collection: the first `counts[q]` of `rows[q]` and `scores[q]`.

    `wanted` holds the scores of the additionally requested rows, (queries, n).
    """

    queries: Rows
    scores: Floats
    rows: NDArray[np.int32]
    counts: NDArray[np.int32]
    wanted: Floats


def lexical_pairs(
    queries: LexicalIndex,
    targets: LexicalIndex,
    query_rows: Rows,
    k: int,
    rows: Rows | None = None,
    *,
    words: WordStatistics,
    wanted: Iterator[Rows] | None = None,
    targets_are_queries: bool = False,
    threads: int = 2,
) -> Iterator[LexicalBlock]:
    """The results of `targets.search(tokens, k, rows)` for the documents `query_rows` (ascending) of `queries`, in blocks
    of BLOCK as `all_pairs` yields them; `words` are the statistics of the searched side.

    With `targets_are_queries` the scores are those of `targets.as_queries(words, tokens)`: the targets are the queries, and `words`
    the statistics of the side of `queries`.
    `rows` (sorted, distinct) restricts the candidates; None means all. `wanted` gives for each block in turn further rows
    (queries, n) whose scores are wanted. Memory holds, besides a few blocks, the tokens of 65,536 queries: some 120 MB for
    patents. Raises ValueError for k below 1.
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, not {k}")
    pairs = (_TargetsAsQueries if targets_are_queries else _LexicalPairs)(queries, targets, words, k, rows)
    with ThreadPoolExecutor(threads) as pool:
        waiting: list[Future[LexicalBlock]] = []
        for at in range(0, len(query_rows), _READ):
            some = query_rows[at : at + _READ]
            starts, terms, factors = pairs.read(some)
            for first in range(0, len(some), BLOCK):
                block = some[first : first + BLOCK]
                block_tokens = (starts[first : first + len(block) + 1], terms, factors)
                further = next(wanted) if wanted else np.empty((len(block), 0), np.int64)
                waiting.append(pool.submit(pairs.block, block, block_tokens, further))
                # Bounded: unconsumed results occupy memory.
                if len(waiting) > threads:
                    yield waiting.pop(0).result()
        yield from (future.result() for future in waiting)


class _LexicalPairs:
    def __init__(
        self, queries: LexicalIndex, targets: LexicalIndex, words: WordStatistics, k: int, rows: Rows | None
    ) -> None:
        self._queries, self._targets, self._words = queries, targets, words
        at, known = places(targets.keys, queries.keys)
        # The place of every token of the queries among those of the targets, -1 where none has it.
        self._target_of = np.where(known, at, -1)
        self._k = min(k, max(targets.documents, 1))
        self._allowed = np.ones(targets.documents, np.bool_)
        if rows is not None:
            self._allowed[:] = False
            self._allowed[rows] = True
        self._weights = self._worth_of_postings()

    def _worth_of_postings(self) -> Floats:
        """The worth of the targets' postings; times the worth of the query's token it is a part of the score."""
        return self._targets.weights

    def _worth_of_tokens(self, terms: NDArray[np.int32], counts: NDArray[np.int32], _: Floats) -> Floats:
        idf = self._words.idf(self._targets.keys)
        worth: Floats = (idf[terms] * counts).astype(np.float32)
        return worth

    def read(self, rows: Rows) -> Tokens:
        """The tokens that targets have, too, of some documents."""
        place = np.full(int(rows[-1] - rows[0]) + 1, -1, np.int32)
        place[rows - rows[0]] = np.arange(len(rows), dtype=np.int32)
        source = (self._queries.offsets, self._queries.rows, self._target_of, int(rows[0]), place)
        starts = np.zeros(len(rows) + 1, np.int64)
        lexical_kernels.count_tokens(*source, starts)
        np.cumsum(starts, out=starts)
        terms, counts = np.empty(starts[-1], np.int32), np.empty(starts[-1], np.int32)
        weights = np.empty(starts[-1], np.float32)
        norms = self._queries.norms[rows]
        lexical_kernels.read_tokens(
            *source, self._queries.weights, norms, starts[:-1].copy(), terms, counts, weights
        )
        return starts, terms, self._worth_of_tokens(terms, counts, weights)

    def block(self, queries: Rows, tokens: Tokens, wanted: Rows) -> LexicalBlock:
        """The best rows of some queries with these tokens."""
        shape = (len(queries), self._k)
        scores, rows = np.zeros(shape, np.float32), np.zeros(shape, np.int32)
        found = np.zeros(len(queries), np.int32)
        wanted_scores = np.zeros(wanted.shape, np.float32)
        lexical_kernels.search(
            tokens,
            (self._targets.offsets, self._targets.rows, self._weights),
            self._allowed,
            (scores, rows, found),
            (np.ascontiguousarray(wanted), wanted_scores),
        )
        return LexicalBlock(queries, scores, rows, found, wanted_scores)


class _TargetsAsQueries(_LexicalPairs):
    """Scores with the targets as queries: idf of the collection whose documents are read, counts of the targets."""

    def _worth_of_postings(self) -> Floats:
        idf = np.zeros(len(self._targets.keys))
        known = self._target_of >= 0
        idf[self._target_of[known]] = self._words.idf(self._queries.keys[known])
        worth = np.empty(len(self._targets.weights), np.float32)
        targets = self._targets
        postings = (targets.offsets, targets.rows, targets.weights)
        lexical_kernels.worth_as_query(postings, targets.norms, idf, worth)
        return worth

    def _worth_of_tokens(
        self, terms: NDArray[np.int32], counts: NDArray[np.int32], weights: Floats
    ) -> Floats:
        return weights
