"""Congruence of the vector search with brute force: by FAISS, by the byte rows, and by the shared scan of coarse rows."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import faiss
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from api_tests.index.brute_force import brute_force, unit
from index.vectors.byte_rows import ByteRows
from index.vectors.centring import Centring
from index.vectors.coarse import CoarseRows
from index.vectors.coarse_scan import Allowed, row_bits, scan
from index.vectors.pair_product import Product, coarse_product, exact_product
from index.vectors.vectors import ROUTES, Routes, VectorIndex

DIMENSIONS = 16
FORMATS = (coarse_product("测试"), exact_product("测试"))
Floats = NDArray[np.float32]
Rows = NDArray[np.int64]
Case = tuple[Floats, Floats, int, Rows | None]


def rounded(share_together: float) -> Routes:
    """Rounded rows are searched, however small the index is and whatever this machine is good at."""
    return Routes(1, 0, share_together, 0, lambda: coarse_product("测试"))


SCANNED, ALONE = rounded(0), rounded(np.inf)
"""Every search goes by the scan of coarse rows; by the byte rows."""


def write(folder: Path, vectors: Floats, routes: Routes = ROUTES) -> VectorIndex:
    path = folder / "vectors.faiss"
    blocks = [vectors[:7], vectors[7:]]
    assert VectorIndex.write(path, blocks, vectors.shape[1], routes) == len(vectors)
    return VectorIndex.open(path, routes)


@st.composite
def collections(draw: st.DrawFn) -> Case:
    """Vectors with many exact duplicates and near ties, in one direction or all; queries of every length; k, and a filter."""
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    size, distinct = draw(st.sampled_from([0, 1, 30, 300, 2500])), draw(st.sampled_from([1, 40, 2500]))
    common = random.standard_normal(DIMENSIONS) * draw(st.sampled_from([0.0, 3.0, 50.0]))
    pool = unit(common + random.standard_normal((distinct, DIMENSIONS)))
    vectors = pool[random.integers(0, distinct, size)]
    if draw(st.booleans()):
        vectors = unit(vectors + random.standard_normal(vectors.shape) * 1e-7)
    queries = unit(common + random.standard_normal((draw(st.sampled_from([1, 3, 25])), DIMENSIONS)))
    variant = draw(st.sampled_from(["unit", "one of the vectors", "shifted", "zero", "long"]))
    if variant == "one of the vectors":
        queries[0] = pool[0]
    elif variant == "shifted":
        queries -= np.float32(0.7) * pool.mean(axis=0)
    elif variant == "zero":
        queries[0] = 0
    elif variant == "long":
        queries *= np.float32(1e4)
    kept = draw(st.sampled_from([None, None, 0.0, 0.02, 0.5, 0.9, 1.0]))
    rows = None if kept is None else np.flatnonzero(random.random(size) < kept)
    return vectors, queries, draw(st.sampled_from([1, 2, 20, 350, 4000])), rows


def check(index: VectorIndex, case: Case) -> None:
    vectors, queries, k, rows = case
    scores, found = index.search(queries, k, rows)
    for at, query in enumerate(queries):
        expected_scores, expected_rows = brute_force(vectors, query, k, rows)
        np.testing.assert_array_equal(found[at], expected_rows)
        np.testing.assert_array_equal(scores[at], expected_scores)


@settings(deadline=None, max_examples=30)
@given(collections())
def test_search_by_faiss_equals_brute_force(tmp_path_factory: pytest.TempPathFactory, case: Case) -> None:
    index = write(tmp_path_factory.mktemp("vectors"), case[0])
    assert index.coarse is None
    assert index.byte_rows is None
    check(index, case)


@settings(deadline=None, max_examples=50)
@given(collections())
def test_search_by_coarse_rows_equals_brute_force(
    tmp_path_factory: pytest.TempPathFactory, case: Case
) -> None:
    check(write(tmp_path_factory.mktemp("vectors"), case[0], SCANNED), case)


@settings(deadline=None, max_examples=50)
@given(collections())
def test_search_by_byte_rows_equals_brute_force(tmp_path_factory: pytest.TempPathFactory, case: Case) -> None:
    check(write(tmp_path_factory.mktemp("vectors"), case[0], ALONE), case)


def test_byte_rows_leave_few_candidates(tmp_path: Path) -> None:
    random = np.random.default_rng(17)
    vectors, queries = (unit(random.standard_normal((count, 384)) * 0.3 + 1) for count in (5000, 20))
    byte_rows = write(tmp_path, vectors, ALONE).byte_rows
    assert byte_rows is not None
    for query in queries:
        assert set(brute_force(vectors, query, 50, None)[1]) <= set(byte_rows.candidates(query, 50, None))
        assert len(byte_rows.candidates(query, 50, None)) < 250


@settings(deadline=None, max_examples=30)
@given(collections(), st.sampled_from(FORMATS), st.integers(0, 2**32))
def test_queries_scanned_together_keep_their_filters_and_depths(
    case: Case, product: Product, seed: int
) -> None:
    vectors, queries, _, rows = case
    if len(vectors) == 0 or rows is None or len(rows) == 0:
        return
    random = np.random.default_rng(seed)
    of = random.integers(-1, 2, len(queries)).astype(np.int32)
    filters = [rows, np.flatnonzero(random.random(len(vectors)) < 0.3), None]
    counts = [len(vectors) if allowed_rows is None else len(allowed_rows) for allowed_rows in filters]
    wanted = np.array([random.integers(0, min(counts[at], 60) + 1) for at in of], np.int32)
    allowed = Allowed(
        np.stack(
            [row_bits(allowed_rows, len(vectors)) for allowed_rows in filters if allowed_rows is not None]
        ),
        of,
    )
    scores, found, sound = scan(CoarseRows.of(vectors, product), vectors, queries, wanted, allowed)
    for at in np.flatnonzero(sound):
        expected = brute_force(vectors, queries[at], int(wanted[at]), filters[of[at]])
        np.testing.assert_array_equal(scores[at, : wanted[at]], expected[0])
        np.testing.assert_array_equal(found[at, : wanted[at]], expected[1])


@pytest.mark.parametrize("product", FORMATS)
def test_only_crowds_of_near_vectors_are_too_many_for_the_scan(product: Product) -> None:
    random = np.random.default_rng(11)
    vectors, queries = (unit(random.standard_normal((count, DIMENSIONS)) + 2) for count in (3000, 30))
    for crowd, expected in ((1, True), (3000, False)):
        crowded = np.repeat(vectors[: 3000 // crowd], crowd, axis=0)
        wanted, allowed = np.full(30, 10, np.int32), Allowed.everything(30)
        sound = scan(CoarseRows.of(crowded, product), crowded, queries, wanted, allowed)[2]
        assert (sound == expected).all()


def test_threads_that_search_at_once_get_their_own_answers(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    vectors, queries = (unit(random.standard_normal((count, DIMENSIONS)) + 2) for count in (5000, 64))
    index = write(tmp_path, vectors, SCANNED)
    filters = [None, *(np.flatnonzero(random.random(5000) < kept) for kept in (0.01, 0.3, 0.9))]

    def search(number: int) -> None:
        k, rows = 1 + number % 50, filters[number % 4]
        scores, found = index.search(queries[number % 64][None], k, rows)
        expected = brute_force(vectors, queries[number % 64], k, rows)
        np.testing.assert_array_equal(scores[0], expected[0])
        np.testing.assert_array_equal(found[0], expected[1])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(search, range(200)))


@pytest.mark.parametrize("routes", [SCANNED, ALONE, ROUTES])
def test_a_score_is_the_same_by_every_route(tmp_path: Path, routes: Routes) -> None:
    random = np.random.default_rng(7)
    vectors = unit(random.standard_normal((2000, 384)))
    queries = unit(random.standard_normal((40, 384)))
    index = write(tmp_path, vectors, routes)
    together_scores, together = index.search(queries, 30)
    for query, scores, rows in zip(queries, together_scores, together, strict=True):
        alone_scores, alone = index.search(query[None], 30)
        filtered_scores, filtered = index.search(query[None], 10, np.sort(rows))
        np.testing.assert_array_equal(rows, alone[0])
        np.testing.assert_array_equal(scores, alone_scores[0])
        np.testing.assert_array_equal(rows[:10], filtered[0])
        np.testing.assert_array_equal(scores[:10], filtered_scores[0])
        np.testing.assert_array_equal(scores, index.scores(query, rows))
    np.testing.assert_array_equal(index.rows(np.array([3])), vectors[[3]])


def test_vectors_live_as_long_as_they_are_held(tmp_path: Path) -> None:
    random = np.random.default_rng(13)
    vectors = unit(random.standard_normal((20_000, DIMENSIONS)))
    assert VectorIndex.write(tmp_path / "vectors.faiss", [vectors], DIMENSIONS) == len(vectors)
    held = VectorIndex.open(tmp_path / "vectors.faiss").vectors  # nothing else holds the mapped file
    np.testing.assert_array_equal(held, vectors)
    assert not held.flags.writeable


def test_the_file_is_one_of_faiss(tmp_path: Path) -> None:
    vectors = np.eye(DIMENSIONS, dtype=np.float32)
    write(tmp_path, vectors)
    index = faiss.IndexFlatIP(DIMENSIONS)
    index.add(vectors)
    faiss.write_index(index, str(tmp_path / "by_faiss"))
    assert (tmp_path / "vectors.faiss").read_bytes() == (tmp_path / "by_faiss").read_bytes()


def test_rounded_rows_are_those_of_their_vectors(tmp_path: Path) -> None:
    random = np.random.default_rng(9)
    vectors = unit(random.standard_normal((300, DIMENSIONS)) + 3)
    path, basis = tmp_path / "vectors.faiss", Centring.of(vectors)
    index, rows = write(tmp_path, vectors, SCANNED), np.arange(0, 300, 7)
    for stored in (index.coarse, index.byte_rows):
        assert stored is not None
        assert stored.fits(vectors[rows], rows)
        assert not stored.fits(vectors[rows + 1], rows)
    (tmp_path / "vectors.coarse.npz").unlink()
    (tmp_path / "vectors.bytes").unlink()
    bare = VectorIndex.open(path)  # as in generations from before
    assert bare.coarse is None
    assert bare.byte_rows is None
    check(bare, (vectors, vectors[:3], 20, None))
    for kind in (CoarseRows, ByteRows):
        kind.write(path, vectors[:299], basis)
        with pytest.raises(ValueError, match="300 vectors"):
            VectorIndex.open(path)
        kind.write(path, vectors, basis)


@pytest.fixture
def small(tmp_path: Path) -> VectorIndex:
    return write(tmp_path, np.eye(DIMENSIONS, dtype=np.float32))


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
