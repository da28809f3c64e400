"""Exact vector search: inner products of unit vectors, by FAISS over a mapped file.

FAISS finds the candidates; what is returned is scored and ordered here, in double precision. So the score of a query
and a row never depends on the filter, on k or on the queries that were scanned together, equal vectors have equal
scores, and ties are resolved to the lowest row.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]

# Candidates fetched beyond k, so that a second scan is rare: of 135,000 rows, the one 64 places behind the 500th scores
# 4e-4 less, where single precision may err by 2e-5.
_MARGIN = 64
UNIT_TOLERANCE = 1e-3


class VectorIndex:
    """Unit vectors of one generation, numbered by row."""

    def __init__(self, index: faiss.IndexFlatIP) -> None:
        self._index = index
        self.dimensions = int(index.d)
        self.vectors: Floats = _view(index)

    @classmethod
    def write(cls, path: Path, blocks: Iterable[Floats], dimensions: int) -> int:
        """Write the vectors of all `blocks`, each (n, dimensions) and of unit length, to `path`.

        Answers the number of vectors. Raises ValueError for a wrong shape, NaN, or a vector that is not of unit length.
        """
        index = faiss.IndexFlatIP(dimensions)
        for block in blocks:
            check_shape(block, dimensions)
            norms = np.linalg.norm(block, axis=1)
            if not np.all(np.abs(norms - 1) <= UNIT_TOLERANCE):
                raise ValueError(f"vectors are not of unit length: norms from {norms.min()} to {norms.max()}")
            index.add(np.ascontiguousarray(block))
        faiss.write_index(index, str(path))
        return int(index.ntotal)

    @classmethod
    def open(cls, path: Path) -> VectorIndex:
        """Map the vectors in `path`; memory is shared between processes and read on demand.

        Raises ValueError when the file holds another kind of index.
        """
        index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
        if not isinstance(index, faiss.IndexFlatIP):
            raise ValueError(f"{path} holds no flat inner-product index")
        return cls(index)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def vector(self, row: int) -> Floats:
        """The vector of `row`, shape (dimensions,)."""
        vector: Floats = self.vectors[row]
        return vector

    def scores(self, query: Floats, rows: Rows) -> Floats:
        """Inner products of `query` (dimensions,) with the vectors of `rows`, in their order."""
        return exact_products(self.vectors[rows], query)

    def search(self, queries: Floats, k: int, rows: Rows | None = None) -> tuple[Floats, Rows]:
        """The best k' = min(k, candidates) rows of each query by (-score, row): scores (q, k') and rows (q, k').

        `rows` (sorted, distinct) restricts the candidates; None means all. Exact.
        Raises ValueError for a wrong shape, NaN or infinity in a query, or k below 1.
        """
        check_shape(queries, self.dimensions)
        if k < 1:
            raise ValueError(f"k must be at least 1, not {k}")
        found = min(k, len(self) if rows is None else len(rows))
        if found == 0 or len(queries) == 0:
            return np.empty((len(queries), found), np.float32), np.empty((len(queries), found), np.int64)
        results = self._exact(np.ascontiguousarray(queries), found, rows)
        return np.stack([scores for scores, _ in results]), np.stack([best for _, best in results])

    def _exact(self, queries: Floats, k: int, rows: Rows | None) -> list[tuple[Floats, Rows]]:
        candidates = len(self) if rows is None else len(rows)
        depth = min(k + _MARGIN, candidates)
        # FAISS sums in single precision: its scores may be off by this much for unit vectors (Higham, 2002, 3.1).
        slack = self.dimensions * 2.0**-24 * np.linalg.norm(queries, axis=1) * (1 + UNIT_TOLERANCE)
        rough, near = self._scan(queries, depth, rows)
        results = []
        for query, last, its_rows, its_slack in zip(queries, rough[:, -1], near, slack, strict=True):
            result = self._best(query, its_rows, k)
            # A row that was not fetched could be among the best: look further, for this query alone.
            reach = depth
            while reach < candidates and last + its_slack >= result[0][-1]:
                reach = min(reach * 4, candidates)
                further, wider = self._scan(query[None], reach, rows)
                last, result = further[0, -1], self._best(query, wider[0], k)
            results.append(result)
        return results

    def _scan(self, queries: Floats, depth: int, rows: Rows | None) -> tuple[Floats, Rows]:
        parameters = None
        if rows is not None:
            parameters = faiss.SearchParameters(sel=faiss.IDSelectorArray(rows))  # type: ignore[call-arg]
        scores, found = self._index.search(queries, depth, params=parameters)
        return scores, found

    def _best(self, query: Floats, rows: Rows, k: int) -> tuple[Floats, Rows]:
        scores = self.scores(query, rows)
        order = np.lexsort((rows, -scores))[:k]
        return scores[order], rows[order]


def exact_products(vectors: Floats, other: Floats) -> Floats:
    """Inner products of vectors (n, dimensions) with another (dimensions,), in double precision, rounded to single."""
    products: Floats = np.vecdot(vectors.astype(np.float64), other.astype(np.float64)).astype(np.float32)
    return products


def _view(index: faiss.IndexFlatIP) -> Floats:
    shape = (int(index.ntotal), int(index.d))
    if shape[0] == 0:
        return np.empty(shape, np.float32)
    view: Floats = faiss.rev_swig_ptr(index.get_xb(), shape[0] * shape[1]).reshape(shape)
    view.flags.writeable = False
    return view


def check_shape(vectors: Floats, dimensions: int) -> None:
    """Raises ValueError unless `vectors` are finite float32 of shape (n, dimensions)."""
    if vectors.ndim != 2 or vectors.shape[1] != dimensions or vectors.dtype != np.float32:
        raise ValueError(f"expected float32 (n, {dimensions}), got {vectors.dtype} {vectors.shape}")
    if not np.isfinite(vectors).all():
        raise ValueError("vectors hold NaN or infinity")
