"""Congruence of the vector search with a slow, obvious numpy oracle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from index.vectors import VectorIndex

DIMENSIONS = 16
Floats = NDArray[np.float32]
Rows = NDArray[np.int64]


def unit(vectors: NDArray[np.float64]) -> Floats:
    scaled: Floats = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return scaled


def oracle(vectors: Floats, query: Floats, k: int, rows: Rows | None) -> tuple[Floats, Rows]:
    candidates = np.arange(len(vectors)) if rows is None else rows
    scores = np.array([np.dot(vectors[row].astype(float), query.astype(float)) for row in candidates])
    rounded = scores.astype(np.float32)
    order = sorted(range(len(candidates)), key=lambda at: (-rounded[at], candidates[at]))[:k]
    return rounded[order], candidates[order]


@st.composite
def collections(draw: st.DrawFn) -> tuple[Floats, Floats, int, Rows | None]:
    """Vectors with many exact duplicates and near ties, queries (few and many), k, and a filter."""
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    size = draw(st.integers(0, 300))
    distinct = draw(st.integers(1, 300))
    pool = unit(random.standard_normal((distinct, DIMENSIONS)))
    vectors = pool[random.integers(0, distinct, size)]
    if draw(st.booleans()):
        vectors = unit(vectors + random.standard_normal(vectors.shape) * 1e-7)
    queries = unit(random.standard_normal((draw(st.sampled_from([1, 3, 25])), DIMENSIONS)))
    if draw(st.booleans()):
        queries[0] = pool[0]
    kept = draw(st.sampled_from([None, 0.0, 0.02, 0.5, 1.0]))
    rows = None if kept is None else np.flatnonzero(random.random(size) < kept)
    return vectors, queries, draw(st.integers(1, 350)), rows


@settings(deadline=None, max_examples=150)
@given(collections())
def test_search_equals_brute_force(
    tmp_path_factory: pytest.TempPathFactory, case: tuple[Floats, Floats, int, Rows | None]
) -> None:
    vectors, queries, k, rows = case
    path = tmp_path_factory.mktemp("vectors") / "vectors.faiss"
    assert VectorIndex.write(path, [vectors[:7], vectors[7:]], DIMENSIONS) == len(vectors)
    index = VectorIndex.open(path)
    scores, found = index.search(queries, k, rows)
    for at, query in enumerate(queries):
        expected_scores, expected_rows = oracle(vectors, query, k, rows)
        np.testing.assert_array_equal(found[at], expected_rows)
        np.testing.assert_array_equal(scores[at], expected_scores)


def test_a_score_is_the_same_by_every_route(tmp_path: Path) -> None:
    random = np.random.default_rng(7)
    vectors = unit(random.standard_normal((2000, 384)))
    queries = unit(random.standard_normal((40, 384)))
    path = tmp_path / "vectors.faiss"
    VectorIndex.write(path, [vectors], 384)
    index = VectorIndex.open(path)
    together_scores, together = index.search(queries, 30)
    for query, scores, rows in zip(queries, together_scores, together, strict=True):
        alone_scores, alone = index.search(query[None], 30)
        filtered_scores, filtered = index.search(query[None], 10, np.sort(rows))
        np.testing.assert_array_equal(rows, alone[0])
        np.testing.assert_array_equal(scores, alone_scores[0])
        np.testing.assert_array_equal(rows[:10], filtered[0])
        np.testing.assert_array_equal(scores[:10], filtered_scores[0])
        np.testing.assert_array_equal(scores, index.scores(query, rows))
    np.testing.assert_array_equal(index.vector(3), vectors[3])


@pytest.fixture
def small(tmp_path: Path) -> VectorIndex:
    path = tmp_path / "vectors.faiss"
    VectorIndex.write(path, [np.eye(DIMENSIONS, dtype=np.float32)], DIMENSIONS)
    return VectorIndex.open(path)


@pytest.mark.parametrize(
    ("query", "k"),
    [
        (np.ones((1, DIMENSIONS + 1), np.float32), 1),
        (np.ones(DIMENSIONS, np.float32), 1),
        (np.full((1, DIMENSIONS), np.nan, np.float32), 1),
        (np.full((1, DIMENSIONS), np.inf, np.float32), 1),
        (np.ones((1, DIMENSIONS), np.float32), 0),
    ],
)
def test_unusable_queries_are_refused(small: VectorIndex, query: Floats, k: int) -> None:
    with pytest.raises(ValueError, match=r"expected|NaN|at least 1"):
        small.search(query, k)


@pytest.mark.parametrize("value", [0.0, 2.0, np.nan])
def test_only_unit_vectors_are_written(tmp_path: Path, value: float) -> None:
    vectors = np.eye(DIMENSIONS, dtype=np.float32) * np.float32(value)
    with pytest.raises(ValueError, match=r"unit length|NaN"):
        VectorIndex.write(tmp_path / "vectors.faiss", [vectors], DIMENSIONS)
