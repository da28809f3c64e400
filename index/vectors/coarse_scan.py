"""The scan of coarse rows: for each query the rows that can be among its best, scored exactly.

Every row within the margin of the best k stays a candidate, and candidates are scored by the formula of `index.vectors.exact`: so the
results are those of brute force, ties included, in a single pass.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from index.arrays import Floats, Rows
from index.vectors import pair_kernels
from index.vectors.coarse import CoarseRows
from index.vectors.exact import Counts, best_first, exact_scores

# Rows multiplied at once. Where queries are few, the rows go through the matrix units as they lie in memory, which takes
# half the time; where they are many, the scores of a block stay in the cache.
_ROWS_FOR_FEW, _ROWS = 8192, 2048
_FEW = 128


@dataclass(frozen=True, slots=True)
class Allowed:
    """Filters of some queries: query q may have the rows whose bits `bits[of[q]]` holds, all where that is negative."""

    bits: NDArray[np.uint8]
    of: Counts

    @classmethod
    def everything(cls, queries: int) -> Allowed:
        """No filter at all."""
        return cls(np.empty((1, 0), np.uint8), np.full(queries, -1, np.int32))

    @classmethod
    def same(cls, bits: NDArray[np.uint8], queries: int) -> Allowed:
        """The same filter for all queries."""
        return cls(bits[None], np.zeros(queries, np.int32))


def row_bits(rows: Rows, count: int) -> NDArray[np.uint8]:
    """The bits of `rows`, of `count` in all."""
    bits = np.zeros(-(-count // 8), np.uint8)
    pair_kernels.mark(rows, bits)
    return bits


def scan(
    coarse: CoarseRows,
    vectors: Floats,
    queries: Floats,
    wanted: Counts,
    allowed: Allowed,
    numbers: Rows | None = None,
) -> tuple[Floats, Rows, NDArray[np.bool_]]:
    """The best rows of each query by (-score, row): scores and rows (queries, greatest `wanted`), and which are sound.

    Query q gets `wanted[q]` rows, at most as many as its filter allows; entries behind them are undefined. A result is unsound
    where a query has too many candidates, as among many equal vectors. `numbers` are the rows of `vectors` that the
    coarse rows are of, None where they are of all.
    """
    rows, counts = _candidates(coarse, queries, wanted, allowed)
    k = int(wanted.max(initial=0))
    rows = rows[:, : max(int(counts.max(initial=0)), k)]
    found = rows.astype(np.int64) if numbers is None else numbers[rows]
    scores, best = best_first(exact_scores(vectors, queries, found, counts), found, counts, k)
    return scores, best, counts >= 0


def _candidates(
    coarse: CoarseRows, queries: Floats, wanted: Counts, allowed: Allowed
) -> tuple[NDArray[np.int32], Counts]:
    coarse_queries, margins = coarse.coarse_queries(queries)
    count, capacity = len(queries), min(4 * int(wanted.max(initial=0)) + 128, coarse.count) + 1
    bits = np.zeros((count, capacity + 1), np.int32)
    values, rows = bits.view(np.float32), np.zeros((count, capacity), np.int32)
    counts, least = np.zeros(count, np.int32), np.full(count, -np.inf, np.float32)
    step = _ROWS_FOR_FEW if count <= _FEW else _ROWS
    scores = torch.empty(count * step, dtype=coarse.rows.dtype)
    room = torch.empty_like(scores) if count <= _FEW else scores
    for at in range(0, len(coarse.rows), step):
        some = coarse.rows[at : at + step]
        products = scores[: count * len(some)].view(count, len(some))
        _multiply(coarse_queries, some, products, room)
        raw = products.view(coarse.product.bits).numpy().reshape(count, -1, pair_kernels.WIDTH)
        pair_kernels.collect(
            raw,
            at,
            coarse.count,
            wanted,
            margins,
            least,
            bits,
            values,
            rows,
            counts,
            allowed.bits,
            allowed.of,
        )
    pair_kernels.prune(wanted, margins, bits, values, rows, counts, coarse.product.is_rounded)
    return rows, counts


def _multiply(queries: torch.Tensor, rows: torch.Tensor, scores: torch.Tensor, room: torch.Tensor) -> None:
    """The products of all queries and rows into `scores` (queries, rows)."""
    if len(queries) <= _FEW:
        turned = room[: scores.numel()].view(len(rows), len(queries))
        torch.mm(rows, queries.T, out=turned)
        scores.copy_(turned.T)
    else:
        torch.mm(queries, rows.T, out=scores)
