"""The results that exact search must return, computed slowly and obviously."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]


def unit(vectors: NDArray[np.floating]) -> Floats:
    """The vectors at length 1."""
    scaled: Floats = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return scaled


def brute_force(vectors: Floats, query: Floats, k: int, rows: Rows | None) -> tuple[Floats, Rows]:
    """The best k of `rows` by (-score, row), scores in double precision rounded to single."""
    candidates = np.arange(len(vectors)) if rows is None else rows
    scores = np.sum(vectors[candidates].astype(float) * query.astype(float), axis=1).astype(np.float32)
    order = np.lexsort((candidates, -scores))[:k]
    return scores[order], candidates[order]
