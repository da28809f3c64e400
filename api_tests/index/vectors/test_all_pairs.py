"""All pairs give the results of the index itself, in every number format, ties included."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from api_tests.index.brute_force import brute_force, unit
from index.vectors.all_pairs import Group, all_pairs
from index.vectors.centring import Centring
from index.vectors.coarse import CoarseRows
from index.vectors.pair_product import Product, coarse_product, exact_product, faster_product
from index.vectors.vectors import VectorIndex

DIMENSIONS = 24
FORMATS = (coarse_product("测试"), exact_product("测试"))
Floats = NDArray[np.float32]
Rows = NDArray[np.int64]


@st.composite
def vectors_and_queries(draw: st.DrawFn) -> tuple[Floats, Floats]:
    """Vectors in one direction, as embeddings are, or in all; all distinct, near ties, or many times the same."""
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    common = random.standard_normal(DIMENSIONS) * draw(st.sampled_from([0.0, 3.0, 50.0]))
    size, distinct = draw(st.sampled_from([0, 5, 300, 5000])), draw(st.sampled_from([1, 40, 5000]))
    pool = unit(common + random.standard_normal((distinct, DIMENSIONS)))
    vectors = pool[random.integers(0, distinct, size)]
    if draw(st.booleans()):
        vectors = unit(vectors + random.standard_normal(vectors.shape) * 1e-7)
    queries = unit(common + random.standard_normal((draw(st.sampled_from([3, 70])), DIMENSIONS)))
    queries[0] = pool[0]
    queries[1] = -pool[0]
    return vectors, queries


@st.composite
def cases(draw: st.DrawFn) -> tuple[Floats, Floats, list[Group], int, Product]:
    vectors, queries = draw(vectors_and_queries())
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    groups = []
    for numbers in np.array_split(random.permutation(len(queries)), draw(st.sampled_from([1, 2]))):
        kept = draw(st.sampled_from([None, 0.0, 0.02, 0.5, 1.0]))
        rows = None if kept is None else np.flatnonzero(random.random(len(vectors)) < kept)
        groups.append(Group(numbers, rows))
    return vectors, queries, groups, draw(st.sampled_from([1, 7, 60, 400])), draw(st.sampled_from(FORMATS))


@settings(deadline=None, max_examples=40)
@given(cases(), st.booleans())
def test_all_pairs_equal_brute_force(
    tmp_path_factory: pytest.TempPathFactory,
    case: tuple[Floats, Floats, list[Group], int, Product],
    is_stored: bool,
) -> None:
    vectors, queries, groups, k, product = case
    path = tmp_path_factory.mktemp("pairs") / "vectors.faiss"
    VectorIndex.write(path, [vectors], DIMENSIONS)
    if is_stored and len(vectors):
        CoarseRows.write(path, vectors, Centring.of(vectors))
    index = VectorIndex.open(path)
    blocks = list(all_pairs(index, queries, k, groups, product=product))
    answered = np.concatenate([block.queries for block in blocks])
    np.testing.assert_array_equal(answered, np.concatenate([group.queries for group in groups]))
    rows_of = {int(query): group.rows for group in groups for query in group.queries}
    for block in blocks:
        for query, scores, rows in zip(block.queries, block.scores, block.rows, strict=True):
            expected_scores, expected = brute_force(vectors, queries[query], k, rows_of[int(query)])
            np.testing.assert_array_equal(rows, expected)
            np.testing.assert_array_equal(scores, expected_scores)


def test_without_groups_all_queries_see_all_rows(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    vectors = unit(random.standard_normal((3000, DIMENSIONS)))
    VectorIndex.write(tmp_path / "vectors.faiss", [vectors], DIMENSIONS)
    index = VectorIndex.open(tmp_path / "vectors.faiss")
    # More queries than a block holds, and their own rows first.
    blocks = list(all_pairs(index, vectors, 1))
    assert len(blocks) > 1
    np.testing.assert_array_equal(np.concatenate([block.rows for block in blocks])[:, 0], np.arange(3000))
    with pytest.raises(ValueError, match="at least 1"):
        list(all_pairs(index, vectors, 0))
    with pytest.raises(ValueError, match="NaN"):
        list(all_pairs(index, np.full((40, DIMENSIONS), np.nan, np.float32), 5))


def test_a_format_that_errs_more_than_it_may_is_not_used() -> None:
    assert faster_product(lambda expected, depth: torch.zeros_like(expected)).dtype is torch.float32
