"""Congruence of the lexical index with a plain computation of BM25."""

from __future__ import annotations

import filecmp
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.words.bm25 import K1, B
from index.words.postings import LexicalIndex, best_of
from index.words.statistics import mass
from index.words.writing import write_index

WORDS = ["锂电", "电池", "316l", "钢", "涂层", "h01m10/0525", "冷却"]
token_lists = st.lists(st.sampled_from(WORDS), max_size=12)


def bm25(documents: list[list[str]], query: list[str], row: int) -> float:
    mean = sum(map(len, documents)) / len(documents)
    document, total = documents[row], 0.0
    for token in query:
        frequency = sum(token in other for other in documents)
        idf = math.log(1 + (len(documents) - frequency + 0.5) / (frequency + 0.5))
        tf = document.count(token)
        if tf:
            total += idf * tf / (tf + K1 * (1 - B + B * len(document) / mean))
    return total


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_search_equals_plain_bm25(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    documents = data.draw(st.lists(token_lists, max_size=30))
    query = data.draw(st.lists(st.sampled_from([*WORDS, "未见"]), max_size=10))
    kept = data.draw(st.none() | st.sets(st.integers(0, 29)))
    k = data.draw(st.integers(1, 35))
    folder = tmp_path_factory.mktemp("lexical") / "lexical"
    assert write_index(folder, iter(documents)) == len(documents)
    index = LexicalIndex.open(folder)
    rows = None if kept is None else np.array(sorted(r for r in kept if r < len(documents)), np.int64)

    scores, found = index.search(query, k, rows)

    expected = {row: bm25(documents, query, row) for row in range(len(documents))}
    candidates = [r for r in expected if expected[r] > 0 and (rows is None or r in rows)]
    assert len(found) == min(k, len(candidates))
    assert set(found.tolist()) <= set(candidates)
    np.testing.assert_allclose(scores, [expected[row] for row in found], rtol=1e-5)
    assert found.tolist() == [row for _, row in sorted(zip(-scores, found.tolist(), strict=True))]
    # Nothing left out is better, and among equals the lowest rows were taken.
    left = [row for row in candidates if row not in found]
    if left:
        ours = index.scores(query, np.array(left))
        assert all((-s, r) > (-scores[-1], found[-1]) for s, r in zip(ours, left, strict=True))
    np.testing.assert_allclose(index.scores(query), list(expected.values()), rtol=1e-5)


def open_index(folder: Path, documents: list[list[str]]) -> LexicalIndex:
    write_index(folder / "lexical", documents)
    return LexicalIndex.open(folder / "lexical")


def test_equal_documents_tie_and_the_lowest_row_wins(tmp_path: Path) -> None:
    index = open_index(tmp_path, [["钢"], ["锂电", "电池"], ["电池", "锂电"], ["锂电", "电池"]])
    scores, rows = index.search(["电池", "锂电"], 2)
    assert rows.tolist() == [1, 2]
    assert scores[0] == scores[1]


def test_a_repeated_query_token_counts_as_often_as_it_stands(tmp_path: Path) -> None:
    index = open_index(tmp_path, [["钢", "电池"], ["锂电"]])
    once, twice = index.scores(["钢"]), index.scores(["钢", "钢"])
    np.testing.assert_allclose(twice, 2 * once)


def test_idf_falls_with_the_number_of_documents(tmp_path: Path) -> None:
    index = open_index(tmp_path, [["钢", "电池"], ["电池"]])
    unseen, rare, frequent = index.statistics.idfs(["未见", "钢", "电池"])
    assert unseen > rare > frequent > 0


def test_the_order_of_words_does_not_change_a_score(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    index = open_index(tmp_path, [random.choice(WORDS, 20).tolist() for _ in range(50)])
    query = random.choice(WORDS, 40).tolist()
    np.testing.assert_array_equal(index.scores(query), index.scores(query[::-1]))


def test_k_below_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        open_index(tmp_path, [["钢"]]).search(["钢"], 0)


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_a_document_scores_for_queries_what_each_query_finds(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("lexical")
    documents = data.draw(st.lists(token_lists, min_size=1, max_size=20))
    queries = data.draw(st.lists(st.lists(st.sampled_from([*WORDS, "未见"]), max_size=10), max_size=20))
    for name, lists in (("documents", documents), ("queries", queries)):
        write_index(folder / name, lists)
    index, asking = (LexicalIndex.open(folder / name) for name in ("documents", "queries"))
    row, words = data.draw(st.integers(0, len(documents) - 1)), index.statistics
    expected = np.array([index.scores(query)[row] for query in queries], np.float32)
    np.testing.assert_array_equal(asking.as_queries(words, documents[row]), expected)
    masses = [words.idfs(query).sum() for query in queries]
    np.testing.assert_allclose([mass(words.query_weights(query)[1]) for query in queries], masses)
    np.testing.assert_allclose(asking.masses(words), masses)


def test_an_index_written_in_parts_is_the_same(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    documents = [random.choice(WORDS, random.integers(0, 20)).tolist() for _ in range(200)]
    write_index(tmp_path / "whole", documents)
    write_index(tmp_path / "parts", documents, waiting=50, grouped=100)
    names = sorted(path.name for path in (tmp_path / "whole").iterdir())
    assert filecmp.cmpfiles(tmp_path / "whole", tmp_path / "parts", names, shallow=False)[0] == names


@pytest.mark.parametrize("order", [1, -1])
def test_the_best_of_many_scores_come_in_order_and_the_lowest_of_equal_ones(order: int) -> None:
    # More scores than are kept at a time, with many ties, rising and falling.
    scores = np.sort(np.random.default_rng(6).integers(0, 3000, 30_000).astype(np.float32))[::order].copy()
    best, rows = best_of(scores, 25)
    expected = np.lexsort((np.arange(len(scores)), -scores))[:25]
    assert rows.tolist() == expected.tolist()
    np.testing.assert_array_equal(best, scores[expected])
