"""Reciprocal rank fusion (倒数排名融合) of rankings: the peer that relevance is measured against.

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

    Returns rows and scores, best first. Two rankings often tie: one row is first and second, another second and first.
    Equal scores follow the order of the first ranking given, then the row, so that the order never depends on chance.
    """
    rows = np.concatenate([np.asarray(ranking, dtype=np.int64) for ranking in rankings])
    shares = np.concatenate([1.0 / (k + np.arange(1, len(ranking) + 1)) for ranking in rankings])
    fused, first, place = np.unique(rows, return_index=True, return_inverse=True)
    # Rounded, because a sum of shares must not depend on the order in which they are added.
    scores = np.bincount(place, weights=shares, minlength=len(fused)).astype(np.float64).round(12)
    # The first place of a row in the concatenation is its place in the first ranking, or after all of it.
    leading = np.minimum(first, len(rankings[0]) if rankings else 0)
    order = np.lexsort((fused, leading, -scores))
    return fused[order], scores[order]
