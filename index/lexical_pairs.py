"""The lexical leg of all pairs: the documents of one collection as queries to the index of another.

The tokens of a query and their counts come from the index of its own collection, so that no text is read again. Sums are
made in the order and precision of `LexicalIndex.scores`: answers are those of `LexicalIndex.search`, bit by bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index import lexical_kernels
from index.all_pairs import BLOCK
from index.lexical import Floats, LexicalIndex, Rows, length_norms

_READ = 64 * BLOCK


@dataclass(frozen=True, slots=True)
class LexicalBlock:
    """The best rows of some queries, by row of their own collection: the first `counts[q]` of `rows[q]` and `scores[q]`."""

    queries: Rows
    scores: Floats
    rows: NDArray[np.int32]
    counts: NDArray[np.int32]


def lexical_pairs(
    queries: LexicalIndex,
    targets: LexicalIndex,
    query_rows: Rows,
    k: int,
    rows: Rows | None = None,
    *,
    threads: int = 2,
) -> Iterator[LexicalBlock]:
    """What `targets.search(tokens, k, rows)` answers for the documents `query_rows` (ascending) of `queries`, in blocks
    of BLOCK as `all_pairs` answers them.

    `rows` (sorted, distinct) restricts the candidates; None means all. Memory holds, besides a few blocks, the tokens of
    65,536 queries: some 120 MB for patents. Raises ValueError for k below 1.
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, not {k}")
    pairs = _LexicalPairs(queries, targets, k, rows)
    with ThreadPoolExecutor(threads) as pool:
        waiting: list[Future[LexicalBlock]] = []
        for at in range(0, len(query_rows), _READ):
            some = query_rows[at : at + _READ]
            starts, terms, counts = pairs.read(some)
            for first in range(0, len(some), BLOCK):
                its = some[first : first + BLOCK]
                waiting.append(
                    pool.submit(pairs.block, its, starts[first : first + len(its) + 1], terms, counts)
                )
                # Bounded: results that nobody has taken yet are memory.
                if len(waiting) > threads:
                    yield waiting.pop(0).result()
        yield from (future.result() for future in waiting)


class _LexicalPairs:
    def __init__(self, queries: LexicalIndex, targets: LexicalIndex, k: int, rows: Rows | None) -> None:
        self._queries, self._targets = queries, targets
        self._norms = length_norms(queries.lengths)
        places, known = targets.places(queries.keys)
        # The place of every token of the queries among those of the targets, -1 where none has it.
        self._target_of = np.where(known, places, -1)
        self._idf = targets.idf_of(np.diff(targets.offsets))
        self._k = min(k, max(targets.documents, 1))
        self._allowed = np.ones(targets.documents, np.bool_)
        if rows is not None:
            self._allowed[:] = False
            self._allowed[rows] = True

    def read(self, rows: Rows) -> tuple[Rows, NDArray[np.int32], NDArray[np.int32]]:
        """The tokens that targets have, too, of some documents: where each document's start, places and counts."""
        place = np.full(int(rows[-1] - rows[0]) + 1, -1, np.int32)
        place[rows - rows[0]] = np.arange(len(rows), dtype=np.int32)
        source = (self._queries.offsets, self._queries.rows, self._target_of, int(rows[0]), place)
        starts = np.zeros(len(rows) + 1, np.int64)
        lexical_kernels.count_tokens(*source, starts)
        np.cumsum(starts, out=starts)
        terms, counts = np.empty(starts[-1], np.int32), np.empty(starts[-1], np.int32)
        lexical_kernels.read_tokens(
            *source, self._queries.weights, self._norms[rows], starts[:-1].copy(), terms, counts
        )
        return starts, terms, counts

    def block(
        self, queries: Rows, starts: Rows, terms: NDArray[np.int32], counts: NDArray[np.int32]
    ) -> LexicalBlock:
        """The best rows of some queries with these tokens."""
        shape = (len(queries), self._k)
        scores, rows = np.zeros(shape, np.float32), np.zeros(shape, np.int32)
        found = np.zeros(len(queries), np.int32)
        targets = self._targets
        lexical_kernels.search(
            starts,
            terms,
            counts,
            self._idf,
            (targets.offsets, targets.rows, targets.weights),
            self._allowed,
            scores,
            rows,
            found,
        )
        return LexicalBlock(queries, scores, rows, found)
