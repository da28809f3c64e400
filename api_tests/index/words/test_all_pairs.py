"""The lexical leg of all pairs returns what the search for each document's tokens returns."""

from __future__ import annotations

from itertools import tee
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.vectors.all_pairs import BLOCK
from index.words.all_pairs import lexical_pairs
from index.words.postings import LexicalIndex, best_of
from index.words.writing import write_index

WORDS = ["锂电", "电池", "316l", "钢", "涂层", "h01m10/0525", "冷却"]


def open_index(folder: Path, documents: list[list[str]]) -> LexicalIndex:
    write_index(folder, documents)
    return LexicalIndex.open(folder)


def documents(random: np.random.Generator, count: int, words: int, longest: int) -> list[list[str]]:
    """Texts of words of which some are frequent, most rare, with repetitions and empty texts."""
    pool = np.array(WORDS + [f"词{number}" for number in range(words)])
    share = 1 / np.arange(1, len(pool) + 1)
    return [
        random.choice(pool, random.integers(0, longest), p=share / share.sum()).tolist() for _ in range(count)
    ]


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32), st.sampled_from([0, 3, 400]), st.sampled_from([0, 7, 2000]), st.data())
def test_pairs_equal_the_search_of_each_document(
    tmp_path_factory: pytest.TempPathFactory, seed: int, query_count: int, answering: int, data: st.DataObject
) -> None:
    random = np.random.default_rng(seed)
    folder = tmp_path_factory.mktemp("lexical")
    queries = documents(random, query_count, 200, 40)
    queries += [["钢"] * data.draw(st.sampled_from([1, 50, 5000])) + ["电池"]]
    own = open_index(folder / "queries", queries)
    targets = open_index(folder / "targets", documents(random, answering, 300, 80))
    kept = data.draw(st.sampled_from([None, 0.0, 0.1, 0.9]))
    rows = None if kept is None else np.flatnonzero(random.random(answering) < kept)
    query_rows = np.flatnonzero(random.random(len(queries)) < data.draw(st.sampled_from([0.3, 1.0])))
    k = data.draw(st.sampled_from([1, 9, 500]))

    targets_are_queries, besides = data.draw(st.booleans()), min(answering, 3)
    drawn = (
        random.integers(0, max(answering, 1), (len(query_rows[at : at + BLOCK]), besides))
        for at in range(0, len(query_rows), BLOCK)
    )
    wanted, copies = tee(drawn)

    answered: list[int] = []
    words = (own if targets_are_queries else targets).statistics
    pairs = lexical_pairs(
        own, targets, query_rows, k, rows, words=words, wanted=wanted, targets_are_queries=targets_are_queries
    )
    for block, extra in zip(pairs, copies, strict=True):
        for at, query in enumerate(block.queries):
            document = queries[query]
            every = targets.as_queries(words, document) if targets_are_queries else targets.scores(document)
            scores, found = best_of(every, k, rows)
            np.testing.assert_array_equal(block.rows[at, : block.counts[at]], found)
            np.testing.assert_array_equal(block.scores[at, : block.counts[at]], scores)
            np.testing.assert_array_equal(block.wanted[at], every[extra[at]])
        answered += block.queries.tolist()
    assert answered == query_rows.tolist()
