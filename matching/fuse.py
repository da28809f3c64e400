"""Reciprocal rank fusion (倒数排名融合) of rankings.

Cormack, Clarke, Buettcher: Reciprocal Rank Fusion outperforms Condorcet and individual rank learning methods,
SIGIR 2009: score(d) = sum over rankings of 1 / (k + rank(d)), with k = 60.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

RRF_K = 60


def reciprocal_rank_fusion(
    rankings: Sequence[NDArray[np.int64]], k: int = RRF_K
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Fuse rankings of row numbers, each best first and without repetition.

    Returns rows and scores, best first; equal scores are ordered by row, so that the order never depends on chance.
    """
    rows = np.concatenate([np.asarray(ranking, dtype=np.int64) for ranking in rankings])
    shares = np.concatenate([1.0 / (k + np.arange(1, len(ranking) + 1)) for ranking in rankings])
    fused, place = np.unique(rows, return_inverse=True)
    scores = np.bincount(place, weights=shares, minlength=len(fused))
    order = np.lexsort((fused, -scores))
    return fused[order], scores[order]
