"""Reciprocal rank fusion: the formula, ties, and independence of the order of the rankings."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.fuse import RRF_K, reciprocal_rank_fusion

Rankings = st.lists(st.lists(st.integers(0, 30), unique=True, max_size=20), min_size=1, max_size=3)


def test_formula() -> None:
    rows, scores = reciprocal_rank_fusion([np.array([7, 3]), np.array([3])])
    assert rows.tolist() == [3, 7]
    assert scores.tolist() == pytest.approx([1 / (RRF_K + 2) + 1 / (RRF_K + 1), 1 / (RRF_K + 1)])


@given(Rankings)
def test_every_row_once_best_first_ties_by_row(rankings: list[list[int]]) -> None:
    rows, scores = reciprocal_rank_fusion([np.array(r, dtype=np.int64) for r in rankings])
    assert sorted(rows.tolist()) == sorted({row for ranking in rankings for row in ranking})
    keys = [(-score, row) for score, row in zip(scores.tolist(), rows.tolist(), strict=True)]
    assert keys == sorted(keys)


@given(Rankings)
def test_the_order_of_the_rankings_does_not_matter(rankings: list[list[int]]) -> None:
    arrays = [np.array(r, dtype=np.int64) for r in rankings]
    forward, backward = reciprocal_rank_fusion(arrays), reciprocal_rank_fusion(arrays[::-1])
    assert np.allclose(forward[1], backward[1])
