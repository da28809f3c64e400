"""Reciprocal rank fusion of many pairs of rankings at once: `matching.fuse` for the night, compiled."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from index.compiled import compiled
from matching.fuse import RRF_K

Rows = NDArray[np.int64]
Ranks = NDArray[np.int32]


def fuse_blocks(
    dense: Rows, lexical: Ranks, lexical_counts: Ranks, top: int, documents: int
) -> tuple[Rows, NDArray[np.float64], Ranks, tuple[Ranks, Ranks]]:
    """The `top` best of `reciprocal_rank_fusion([lexical, dense])` for each query.

    `dense` (queries, n) and the first `lexical_counts` of `lexical` (queries, m) are row numbers below `documents`, best
    first. Answers rows and scores (queries, at most top), how many of them each query has, and their places in both rankings, the
    dense one first, from 1; 0 where a row is not in a ranking.
    """
    shape = (len(dense), min(top, documents))
    rows, scores, counts = np.zeros(shape, np.int64), np.zeros(shape), np.zeros(len(dense), np.int32)
    ranks = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
    _fuse(dense, lexical, lexical_counts, np.zeros(documents, np.int32), rows, scores, counts, *ranks)
    return rows, scores, counts, ranks


@compiled
def _score(dense_rank: int, lexical_rank: int) -> float:
    """The fused score of the places from 1, 0 for none; added up and rounded as `reciprocal_rank_fusion` does."""
    score = 0.0
    if lexical_rank:
        score += 1.0 / (RRF_K + lexical_rank)
    if dense_rank:
        score += 1.0 / (RRF_K + dense_rank)
    return float(np.rint(score * 1e12) / 1e12)


@compiled
def _offer(
    row: int,
    score: float,
    dense_rank: int,
    lexical_rank: int,
    rows: Rows,
    scores: NDArray[np.float64],
    count: int,
    dense_ranks: Ranks,
    lexical_ranks: Ranks,
) -> int:
    """Put a row in its place among the best, if it has one; answers how many these are now.

    The order is that of `reciprocal_rank_fusion`: score, place in the lexical ranking (those without behind), row.
    """
    at = count
    while at > 0:
        other = lexical_ranks[at - 1]
        if scores[at - 1] > score:
            break
        if scores[at - 1] == score:
            if other and (lexical_rank == 0 or other < lexical_rank):
                break
            if other == lexical_rank and rows[at - 1] < row:
                break
        at -= 1
    if at == len(rows):
        return count
    last = min(count, len(rows) - 1)
    for place in range(last, at, -1):
        rows[place], scores[place] = rows[place - 1], scores[place - 1]
        dense_ranks[place], lexical_ranks[place] = dense_ranks[place - 1], lexical_ranks[place - 1]
    rows[at], scores[at], dense_ranks[at], lexical_ranks[at] = row, score, dense_rank, lexical_rank
    return last + 1


@compiled
def _fuse(
    dense: Rows,
    lexical: Ranks,
    lexical_counts: Ranks,
    lexical_rank: Ranks,
    rows: Rows,
    scores: NDArray[np.float64],
    counts: Ranks,
    dense_ranks: Ranks,
    lexical_ranks: Ranks,
) -> None:
    top = rows.shape[1]
    for query in range(len(dense)):
        best, best_scores = rows[query], scores[query]
        its_dense, its_lexical = dense_ranks[query], lexical_ranks[query]
        its, count = lexical[query, : lexical_counts[query]], 0
        for at in range(len(its)):
            lexical_rank[its[at]] = at + 1
        for at in range(dense.shape[1]):
            row, place = dense[query, at], lexical_rank[dense[query, at]]
            score = _score(at + 1, place)
            # Asked here, because a call hands over four arrays and most rows have no place among the best.
            if count < top or score >= best_scores[top - 1]:
                count = _offer(row, score, at + 1, place, best, best_scores, count, its_dense, its_lexical)
            lexical_rank[row] = 0
        for at in range(len(its)):
            if lexical_rank[its[at]] == 0:
                continue
            score = _score(0, at + 1)
            if count < top or score >= best_scores[top - 1]:
                row = int(its[at])
                count = _offer(row, score, 0, at + 1, best, best_scores, count, its_dense, its_lexical)
            lexical_rank[its[at]] = 0
        counts[query] = count
