"""Exact scores: inner products in double precision, rounded to single, and their order.

So the score of a query and a row never depends on the route by which the row was found, equal vectors have equal scores,
and ties are resolved to the lowest row.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from index.arrays import Floats, Rows
from index.vectors import pair_kernels

Counts = NDArray[np.int32]

UNIT_TOLERANCE = 1e-3


def check_shape(vectors: Floats, dimensions: int) -> None:
    """Raises ValueError unless `vectors` are finite float32 of shape (n, dimensions)."""
    if vectors.ndim != 2 or vectors.shape[1] != dimensions or vectors.dtype != np.float32:
        raise ValueError(f"expected float32 (n, {dimensions}), got {vectors.dtype} {vectors.shape}")
    if not np.isfinite(vectors).all():
        raise ValueError("vectors hold NaN or infinity")


def lengths(vectors: Floats) -> Floats:
    """The length of each vector (n, dimensions)."""
    norms: Floats = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    return norms


def exact_products(vectors: Floats, other: Floats) -> Floats:
    """Inner products of vectors (n, dimensions) with another (dimensions,), in double precision, rounded to single."""
    products: Floats = np.vecdot(vectors.astype(np.float64), other.astype(np.float64)).astype(np.float32)
    return products


def exact_scores(vectors: Floats, queries: Floats, rows: Rows, counts: Counts) -> Floats:
    """`exact_products` of each of the queries with the first `counts[q]` of the vectors `rows[q]`; the rest is 0."""
    scores, is_open = np.zeros(rows.shape, np.float32), np.zeros(rows.shape, np.bool_)
    # Two sums in double precision, added in different orders, differ by no more than this (Higham, 2002, 3.1).
    slack = lengths(queries).astype(np.float64) * (1 + UNIT_TOLERANCE) * queries.shape[1] * 2.0**-51
    pair_kernels.rescore(queries, vectors, rows, counts, slack, scores, is_open)
    for query in np.flatnonzero(is_open.any(axis=1)):
        mask = is_open[query]
        scores[query, mask] = exact_products(vectors[rows[query, mask]], queries[query])
    return scores


def best_first(scores: Floats, rows: Rows, counts: Counts, k: int) -> tuple[Floats, Rows]:
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
