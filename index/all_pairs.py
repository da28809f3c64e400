"""All pairs: the exact best k rows of a vector index for very many queries, under filters of their own.

A product in a coarse number format on vectors from which their mean was subtracted (which moves all scores of a query
alike) finds the candidates; the error of every coarse score is bounded, from the rounding that really happened, so that
all rows within the bound of the best k stay candidates. Those are scored by the formula of `VectorIndex.scores`. So the
answers are those of `VectorIndex.search`, ties included, and nothing has to be looked at twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from index import pair_kernels
from index.pair_product import Product, choose_product
from index.vectors import UNIT_TOLERANCE, Floats, Rows, VectorIndex, check_shape, exact_products

BLOCK = 1024
"""Queries of one block: enough to keep the matrix units busy, few enough for the cache."""
_ROWS = 2048
_GATHERED = 4096
# Below this the centred copy of the vectors costs more than it saves.
_FEW = 32
# Products of the parts along the mean: upper by upper, lower by upper, upper by lower; padded for the matrix units.
_ROW_COLUMNS, _QUERY_COLUMNS, _COLUMNS = "ulu", "uul", 32


@dataclass(frozen=True, slots=True)
class Group:
    """Queries, by number, that share a filter: `rows` (sorted, distinct), None for all."""

    queries: Rows
    rows: Rows | None


@dataclass(frozen=True, slots=True)
class PairBlock:
    """The best k' = min(k, candidates) rows, with scores, of some queries, by number; both (queries, k')."""

    queries: Rows
    scores: Floats
    rows: Rows


def all_pairs(
    index: VectorIndex,
    queries: Floats,
    k: int,
    groups: Sequence[Group] | None = None,
    *,
    product: Product | None = None,
    threads: int = 2,
) -> Iterator[PairBlock]:
    """What `index.search(queries, k, rows)` answers for every group (None: all queries, all rows), block by block.

    Blocks come in the order of the groups. Beside the vectors, memory holds one copy of a group's rows in the coarse
    format and a few blocks: some 20 MB for each thread at k = 20, 60 MB at k = 500. `product` is the number format, by
    default the one that was measured to be the fastest on this machine. Raises ValueError as `search` does.
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, not {k}")
    if groups is None:
        groups = [Group(np.arange(len(queries)), None)]
    product = product or choose_product()
    threads_before = torch.get_num_threads()
    try:
        # Each thread multiplies on its own: two products side by side keep both cores as busy and their scores in cache.
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            for group in groups:
                yield from _of_group(index, queries, k, group, product, pool, threads)
    finally:
        torch.set_num_threads(threads_before)


def _of_group(
    index: VectorIndex,
    queries: Floats,
    k: int,
    group: Group,
    product: Product,
    pool: ThreadPoolExecutor,
    threads: int,
) -> Iterator[PairBlock]:
    candidates = len(index) if group.rows is None else len(group.rows)
    numbers = [group.queries[at : at + BLOCK] for at in range(0, len(group.queries), BLOCK)]
    if len(group.queries) < _FEW or candidates <= k:
        for some in numbers:
            yield PairBlock(some, *index.search(np.ascontiguousarray(queries[some]), k, group.rows))
        return
    scan = _Scan(index, group.rows, k, product, pool)
    waiting: list[Future[PairBlock]] = []
    # Bounded: results that nobody has taken yet are memory.
    for some in numbers:
        waiting.append(pool.submit(scan.block, queries, some))
        if len(waiting) > threads:
            yield waiting.pop(0).result()
    yield from (future.result() for future in waiting)


class _Scan:
    """The rows of one group in the coarse format, ready for blocks of queries.

    What is left of a vector without the mean is split into its part along the mean, in which queries are long, and the
    rest. The rest is rounded; the product of the parts is added in columns of its own, as sums of two coarse numbers each.
    """

    def __init__(
        self, index: VectorIndex, rows: Rows | None, k: int, product: Product, pool: ThreadPoolExecutor
    ) -> None:
        self._index, self._rows, self._k, self._product = index, rows, k, product
        self._count = len(index) if rows is None else len(rows)
        self._capacity = min(4 * k + 128, self._count) + 1
        starts = range(0, self._count, _GATHERED)
        total = np.sum(list(pool.map(self._sum, starts)), axis=0)
        self._mean: Floats = (total / self._count).astype(np.float32)
        length = np.linalg.norm(self._mean.astype(np.float64))
        self._along: Floats = (self._mean / max(length, 1e-30)).astype(np.float32)
        width = pair_kernels.WIDTH
        padded = -(-self._count // width) * width
        self._coarse = torch.zeros((padded, index.dimensions + _COLUMNS), dtype=product.dtype)
        self._bounds: NDArray[np.float64] = np.max(list(pool.map(self._take, starts)), axis=0)

    def _gathered(self, at: int) -> Floats:
        stop = min(at + _GATHERED, self._count)
        return self._index.vectors[slice(at, stop) if self._rows is None else self._rows[at:stop]]

    def _sum(self, at: int) -> NDArray[np.float64]:
        total: NDArray[np.float64] = self._gathered(at).sum(axis=0, dtype=np.float64)
        return total

    def _take(self, at: int) -> tuple[float, float, float]:
        """Fill a part of the coarse rows.

        Answers the greatest length of a vector without the mean, of a coarse rest and of an error of the rest.
        """
        block = self._gathered(at)
        centred = block - self._mean
        rest, part = self._split(centred)
        coarse = self._coarse[at : at + len(block)]
        error = self._round(rest, part, coarse, _ROW_COLUMNS)
        return _longest(centred), _longest(rest) + error.max(), error.max()

    def _split(self, vectors: Floats) -> tuple[Floats, Floats]:
        """The rest of each vector, and how long its part along the mean is."""
        part = vectors @ self._along
        return vectors - part[:, None] * self._along, part

    def _round(self, rest: Floats, part: Floats, coarse: torch.Tensor, columns: str) -> Floats:
        """Write vectors in the coarse format; answers the length of the error of each rest."""
        dimensions = rest.shape[1]
        exact = torch.from_numpy(rest)
        coarse[:, :dimensions] = exact
        parts = torch.from_numpy(part)
        upper = parts.to(self._product.dtype)
        values = {"u": upper, "l": parts - upper.float()}
        for at, column in enumerate(columns):
            coarse[:, dimensions + at] = values[column]
        return _lengths((coarse[:, :dimensions].float() - exact).numpy())

    def block(self, queries: Floats, numbers: Rows) -> PairBlock:
        """The best rows of some queries."""
        its = np.ascontiguousarray(queries[numbers])
        check_shape(its, len(self._mean))
        coarse = torch.zeros((len(its), self._coarse.shape[1]), dtype=self._product.dtype)
        rest, part = self._split(its)
        errors = self._round(rest, part, coarse, _QUERY_COLUMNS)
        rows, counts = self._candidates(coarse, self._margins(its, rest, errors))
        scores, best = self._best(its, rows, counts)
        for query in np.flatnonzero(counts < 0):
            found = self._index.search(its[query][None], self._k, self._rows)
            scores[query], best[query] = found[0][0], found[1][0]
        return PairBlock(numbers, scores, best)

    def _margins(self, queries: Floats, rests: Floats, errors: Floats) -> Floats:
        """How far below the k-th best coarse score a row of the true best k, or tied with them, can be."""
        centred, coarse_rest, error = self._bounds
        lengths = _lengths(queries)
        bound = errors * coarse_rest + _lengths(rests) * error
        # All sums in single precision (Higham, 2002, 3.1): of the splits, and of the product even where a unit cuts off
        # instead of rounding. The parts' products lack that of two lower numbers, each 2**-8 of its upper one.
        bound += lengths * centred * (len(self._mean) * 2.0**-21 + 2.0**-15)
        # Scores are compared as rounded to single precision: rows so near are tied.
        margins: Floats = ((2 * bound + lengths * 2.0**-22) * 1.02).astype(np.float32)
        return margins

    def _candidates(
        self, queries: torch.Tensor, margins: Floats
    ) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        count, width = len(queries), pair_kernels.WIDTH
        bits = np.zeros((count, self._capacity + 1), np.int32)
        values, rows = bits.view(np.float32), np.zeros((count, self._capacity), np.int32)
        counts, least = np.zeros(count, np.int32), np.full(count, -np.inf, np.float32)
        room = torch.empty(count * _ROWS, dtype=self._product.dtype)
        for at in range(0, len(self._coarse), _ROWS):
            some = self._coarse[at : at + _ROWS]
            scores = room[: count * len(some)].view(count, len(some))
            torch.mm(queries, some.T, out=scores)
            raw = scores.view(self._product.bits).numpy().reshape(count, -1, width)
            pair_kernels.collect(raw, at, self._count, self._k, margins, least, bits, values, rows, counts)
        pair_kernels.prune(self._k, margins, bits, values, rows, counts, self._product.is_rounded)
        return rows, counts

    def _best(
        self, queries: Floats, rows: NDArray[np.int32], counts: NDArray[np.int32]
    ) -> tuple[Floats, Rows]:
        rows = rows[:, : max(int(counts.max()), self._k)]
        found = rows.astype(np.int64) if self._rows is None else self._rows[rows]
        scores = exact_scores(self._index.vectors, queries, found, counts)
        return _ordered(scores, found, counts, self._k)


def exact_scores(vectors: Floats, queries: Floats, rows: Rows, counts: NDArray[np.int32]) -> Floats:
    """`exact_products` of each of the queries with the first `counts[q]` of the vectors `rows[q]`; the rest is 0."""
    scores, is_open = np.zeros(rows.shape, np.float32), np.zeros(rows.shape, np.bool_)
    # Two sums in double precision, added in different orders, differ by no more than this (Higham, 2002, 3.1).
    slack = _lengths(queries).astype(np.float64) * (1 + UNIT_TOLERANCE) * queries.shape[1] * 2.0**-51
    pair_kernels.rescore(queries, vectors, rows, counts, slack, scores, is_open)
    for query in np.flatnonzero(is_open.any(axis=1)):
        its = is_open[query]
        scores[query, its] = exact_products(vectors[rows[query, its]], queries[query])
    return scores


def _ordered(scores: Floats, rows: Rows, counts: NDArray[np.int32], k: int) -> tuple[Floats, Rows]:
    """The first k of the `counts` valid columns of each query by (-score, row)."""
    # One integer for both, because numpy sorts these ten times as fast: the bits of the negative score in an order that
    # holds for all numbers, then the row.
    bits = (0 - scores).view(np.uint32)
    ascending = np.where(bits >> 31, ~bits, bits | np.uint32(2**31))
    keys = (ascending.astype(np.uint64) << np.uint64(32)) | rows.astype(np.uint64)
    keys[np.arange(keys.shape[1]) >= counts[:, None]] = np.iinfo(np.uint64).max
    keys = np.sort(keys, axis=1)[:, :k]
    upper = (keys >> np.uint64(32)).astype(np.uint32)
    negative = np.where(upper >> 31, upper & np.uint32(2**31 - 1), ~upper).view(np.float32)
    return 0 - negative, (keys & np.uint64(2**32 - 1)).astype(np.int64)


def _lengths(vectors: Floats) -> Floats:
    lengths: Floats = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    return lengths


def _longest(vectors: Floats) -> float:
    return float(_lengths(vectors).max(initial=0.0))
