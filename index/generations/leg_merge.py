"""The candidates of both legs of many queries merged, compiled: for all pairs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from index.arrays import Floats, Rows
from index.compiled import compiled
from index.words.all_pairs import LexicalBlock

Ranks = NDArray[np.int32]


def merge(dense: Rows, lexical: LexicalBlock, documents: int) -> tuple[Rows, Floats, Ranks]:
    """The distinct candidates of each query: rows and their BM25 (queries, at most all), and their number.

    `dense` (queries, n) are rows below `documents`; `lexical.wanted` holds their BM25.
    """
    shape = (len(dense), dense.shape[1] + lexical.rows.shape[1])
    rows, bm25, counts = (
        np.zeros(shape, np.int64),
        np.zeros(shape, np.float32),
        np.zeros(len(dense), np.int32),
    )
    last_seen = np.full(documents, -1, np.int32)
    best = (lexical.rows, lexical.scores, lexical.counts)
    _merge(dense, lexical.wanted, best, last_seen, rows, bm25, counts)
    return rows, bm25, counts


@compiled
def _merge(
    dense: Rows,
    wanted: Floats,
    lexical: tuple[Ranks, Floats, Ranks],
    last_seen: Ranks,
    rows: Rows,
    bm25: Floats,
    counts: Ranks,
) -> None:
    lexical_rows, lexical_scores, lexical_counts = lexical
    for query in range(len(dense)):
        count = dense.shape[1]
        for at in range(count):
            rows[query, at], bm25[query, at] = dense[query, at], wanted[query, at]
            last_seen[dense[query, at]] = query
        for at in range(lexical_counts[query]):
            if last_seen[lexical_rows[query, at]] != query:
                rows[query, count], bm25[query, count] = lexical_rows[query, at], lexical_scores[query, at]
                count += 1
        counts[query] = count
