"""All pairs: the exact best k rows of a vector index for very many queries, each under its own filters.

The coarse rows of the index (`index.vectors.coarse_scan`) are scanned for blocks of queries, on all threads. Results equal
those of `VectorIndex.search`, ties included.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch

from index.arrays import Floats, Rows
from index.vectors.coarse import CoarseRows
from index.vectors.coarse_scan import Allowed, row_bits, scan
from index.vectors.exact import check_shape
from index.vectors.pair_product import Product, choose_product
from index.vectors.vectors import VectorIndex

BLOCK = 1024
"""Queries of one block: enough to keep the matrix units busy, few enough for the cache."""
# Below this many queries, copying coarse rows costs more than it saves.
_FEW = 32
# A filter that leaves less than this share of the rows is scanned in a copy of them.
_BROAD = 0.5


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
    """The results of `index.search(queries, k, rows)` for every group (None: all queries, all rows), block by block.

    Blocks come in the order of the groups. Beside the vectors, memory holds a few blocks (some 20 MB for each thread at
    k = 20, 60 MB at k = 500), a copy of a narrow group's coarse rows, and the coarse rows of all vectors where the index
    has none stored in this number format. `product` is that format, by default the one that was measured to be the fastest on
    this machine. Raises ValueError as `search` does.
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, not {k}")
    if groups is None:
        groups = [Group(np.arange(len(queries)), None)]
    pairs = _AllPairs(index, queries, k, product or choose_product(), threads)
    threads_before = torch.get_num_threads()
    try:
        # Each thread multiplies on its own: two products side by side keep both cores as busy and their scores in cache.
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            for group in groups:
                yield from pairs.of_group(group, pool)
    finally:
        torch.set_num_threads(threads_before)


class _AllPairs:
    def __init__(self, index: VectorIndex, queries: Floats, k: int, product: Product, threads: int) -> None:
        self._index, self._queries, self._k = index, queries, k
        self._product, self._threads = product, threads
        stored = index.coarse
        self._coarse = stored if stored and stored.product.dtype is product.dtype else None

    def of_group(self, group: Group, pool: ThreadPoolExecutor) -> Iterator[PairBlock]:
        candidates = len(self._index) if group.rows is None else len(group.rows)
        numbers = [group.queries[at : at + BLOCK] for at in range(0, len(group.queries), BLOCK)]
        if len(group.queries) < _FEW or candidates <= self._k:
            yield from (self._searched(some, group.rows) for some in numbers)
            return
        scan_block = _Scan(self._index, self._all_rows(), group.rows, self._k)
        waiting: list[Future[PairBlock]] = []
        # Bounded: unconsumed results occupy memory.
        for some in numbers:
            waiting.append(pool.submit(scan_block, self._queries, some))
            if len(waiting) > self._threads:
                yield waiting.pop(0).result()
        yield from (future.result() for future in waiting)

    def _all_rows(self) -> CoarseRows:
        if self._coarse is None:
            self._coarse = CoarseRows.of(self._index.vectors, self._product)
        return self._coarse

    def _searched(self, numbers: Rows, rows: Rows | None) -> PairBlock:
        queries = np.ascontiguousarray(self._queries[numbers])
        return PairBlock(numbers, *self._index.search(queries, self._k, rows))


class _Scan:
    """The coarse rows of one group, ready for blocks of queries."""

    def __init__(self, index: VectorIndex, coarse: CoarseRows, rows: Rows | None, k: int) -> None:
        self._index, self._rows, self._k = index, rows, k
        self._numbers, self._bits = None, None
        if rows is not None and len(rows) < _BROAD * len(index):
            coarse, self._numbers = coarse.only(rows), rows
        elif rows is not None:
            self._bits = row_bits(rows, len(index))
        self._coarse = coarse

    def __call__(self, queries: Floats, numbers: Rows) -> PairBlock:
        """The best rows of some queries."""
        block = np.ascontiguousarray(queries[numbers])
        check_shape(block, self._index.dimensions)
        allowed = Allowed.everything(len(block))
        if self._bits is not None:
            allowed = Allowed.same(self._bits, len(block))
        wanted = np.full(len(block), self._k, np.int32)
        scores, rows, sound = scan(self._coarse, self._index.vectors, block, wanted, allowed, self._numbers)
        for query in np.flatnonzero(~sound):
            found = self._index.search(block[query][None], self._k, self._rows)
            scores[query], rows[query] = found[0][0], found[1][0]
        return PairBlock(numbers, scores, rows)
