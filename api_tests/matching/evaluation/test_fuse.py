"""Reciprocal rank fusion: the formula, ties, and independence of the order of the rankings."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.evaluation.fuse import RRF_K, reciprocal_rank_fusion

Rankings = st.lists(st.lists(st.integers(0, 30), unique=True, max_size=20), min_size=1, max_size=3)


def test_formula() -> None:
    rows, scores = reciprocal_rank_fusion([np.array([7, 3]), np.array([3])])
    assert rows.tolist() == [3, 7]
    assert scores.tolist() == pytest.approx([1 / (RRF_K + 2) + 1 / (RRF_K + 1), 1 / (RRF_K + 1)])


@given(Rankings)
def test_every_row_once_best_first(rankings: list[list[int]]) -> None:
    rows, scores = reciprocal_rank_fusion([np.array(r, dtype=np.int64) for r in rankings])
    assert sorted(rows.tolist()) == sorted({row for ranking in rankings for row in ranking})
    assert scores.tolist() == sorted(scores.tolist(), reverse=True)


def test_ties_follow_the_first_ranking_then_the_row() -> None:
    lexical, dense = np.array([9, 4]), np.array([4, 9])
    assert reciprocal_rank_fusion([lexical, dense])[0].tolist() == [9, 4]
    assert reciprocal_rank_fusion([dense, lexical])[0].tolist() == [4, 9]
    beyond_the_first = [np.array([], dtype=np.int64), np.array([5]), np.array([2])]
    assert reciprocal_rank_fusion(beyond_the_first)[0].tolist() == [2, 5]


@given(Rankings)
def test_the_order_of_the_rankings_does_not_matter(rankings: list[list[int]]) -> None:
    arrays = [np.array(r, dtype=np.int64) for r in rankings]
    forward, backward = reciprocal_rank_fusion(arrays), reciprocal_rank_fusion(arrays[::-1])
    assert np.allclose(forward[1], backward[1])
