"""A live view of a collection against a slow oracle: what is searched is exactly what is there by now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from api_tests.index.small_catalogue import HashEncoder
from index.generations.collection import Collection, Document, sentences_of
from index.generations.columns import ColumnValues, Filters
from index.live.view import Embedded, LiveCollection, Recent, laid_over
from index.text import tokens
from index.vectors.sentences import SentenceIndex
from index.words.postings import best_of

BASE = 30
ENCODER = HashEncoder()
WORDS = ("冷却", "电池", "隔膜", "检测", "焊接")
Floats = NDArray[np.float32]


def document(id_: int, version: int = 0) -> Document:
    text = f"{WORDS[id_ % 5]}装置{version}。{WORDS[(id_ + version) % 5] * (1 + id_ % 3)}方法"
    columns = ColumnValues(
        segments=(f"S{(id_ + version) % 4}",), regions=("420000",), open_licence=bool(version % 2)
    )
    return Document(id_, text, columns)


@cache
def embedded(text: str) -> Embedded:
    parts = sentences_of(text)
    its = SentenceIndex.of(ENCODER.encode_passages(parts), [len(parts)])
    return Embedded.of(tokens(text), ENCODER.encode_passages([text])[0], its)


def encode(texts: Sequence[str]) -> list[Floats]:
    return [ENCODER.encode_passages(texts)]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Collection:
    folder = tmp_path_factory.mktemp("live") / "patents"
    return Collection.build(folder, (document(2 * n) for n in range(BASE)), 32, encode, encode)


@dataclass(frozen=True)
class Now:
    """What is there by now: the live view, and its documents by id."""

    live: LiveCollection
    documents: dict[int, Document]

    @property
    def rows(self) -> dict[int, int]:
        return {id_: self.live.row_of(id_) or 0 for id_ in self.documents}


@st.composite
def changes(draw: st.DrawFn) -> dict[int, tuple[str, int]]:
    """By id what became of a record: of the base those with even ids below 2 BASE."""
    kinds = st.sampled_from(["text", "columns", "gone"])
    return draw(
        st.dictionaries(st.integers(0, 2 * BASE + 9), st.tuples(kinds, st.integers(1, 7)), max_size=45)
    )


def changed(base: Collection, what: dict[int, tuple[str, int]]) -> Now:
    documents = {2 * n: document(2 * n) for n in range(BASE)}
    recent, gone = [], []
    for id_, (kind, version) in what.items():
        new = document(id_, version)
        if kind == "gone":
            gone.append(id_)
            documents.pop(id_, None)
        elif kind == "columns" and id_ in documents:
            documents[id_] = Document(id_, documents[id_].text, new.columns)
            recent.append(Recent(id_, new.columns, None))
        else:
            documents[id_] = new
            recent.append(Recent(id_, new.columns, embedded(new.text)))
    return Now(laid_over(base, recent, gone), documents)


def test_nothing_changed_is_the_base(base: Collection) -> None:
    live, query = laid_over(base, []), ENCODER.encode_queries(["冷却"])
    ours, theirs = live.vectors.search(query, 9), base.vectors.search(query, 9)
    assert np.array_equal(ours[0], theirs[0])
    assert np.array_equal(ours[1], theirs[1])
    assert np.array_equal(live.lexical.scores(["冷却"]), base.lexical.scores(["冷却"]))
    assert live.columns.select(Filters()) is None


@settings(deadline=None, max_examples=25)
@given(what=changes(), k=st.integers(1, 40), segment=st.sampled_from([None, "S1"]), seed=st.integers(0, 9))
def test_searches_see_what_is_there_and_nothing_else(
    base: Collection, what: dict[int, tuple[str, int]], k: int, segment: str | None, seed: int
) -> None:
    now = changed(base, what)
    live = now.live
    rows = live.columns.select(Filters(segment=[segment] if segment else []))
    there = {i: d for i, d in now.documents.items() if segment is None or segment in d.columns.segments}
    assert rows is None or sorted(live.ids[rows].tolist()) == sorted(there)
    queries = ENCODER.encode_queries([f"问{seed}", f"答{seed}"])
    scores, found = live.vectors.search(queries, k, rows)
    vectors = {i: embedded(d.text).vector.astype(np.float64) for i, d in there.items()}
    for query, its_scores, its_rows in zip(queries, scores, found, strict=True):
        exact = {i: np.float32(np.vecdot(v, query.astype(np.float64))) for i, v in vectors.items()}
        best = sorted(there, key=lambda i: (-exact[i], now.rows[i]))[:k]
        assert live.ids[its_rows].tolist() == best
        assert its_scores.tolist() == [exact[i] for i in best]
    words = [*tokens("冷却装置"), "冷却"]
    bm25 = live.lexical.scores(words)
    expected = {i: _bm25(base, words, d.text) for i, d in there.items()}
    assert {i: bm25[now.rows[i]] for i in there} == pytest.approx(expected, rel=1e-6)
    assert set(live.ids[best_of(bm25, 200, rows)[1]].tolist()) == {i for i in there if expected[i] > 0}


def _bm25(base: Collection, words: list[str], text: str) -> float:
    """BM25 by the statistics of the base."""
    keys, weights = base.lexical.posting_weights(tokens(text))
    weight = dict(zip(keys.tolist(), weights.tolist(), strict=True))
    asked = base.lexical.query_weights(words)
    return float(
        sum(factor * weight.get(key, 0) for key, factor in zip(*map(np.ndarray.tolist, asked), strict=True))
    )


@settings(deadline=None, max_examples=10)
@given(what=changes())
def test_rows_sentences_and_columns_belong_to_their_records(
    base: Collection, what: dict[int, tuple[str, int]]
) -> None:
    now = changed(base, what)
    live, query = now.live, ENCODER.encode_queries(["冷却"])
    assert live.sentences is not None
    assert len(live.present) == len(now.documents)
    for id_ in range(2 * BASE + 12):
        assert (live.row_of(id_) is not None) == (id_ in now.documents)
    ids = sorted(now.documents)
    rows = np.array([now.rows[i] for i in ids], np.int64)
    scores, places = live.sentences.nearest(query, (np.zeros(len(rows), np.int64), rows))
    texts = [embedded(now.documents[i].text) for i in ids]
    for row, text, score, place in zip(rows, texts, scores, places, strict=True):
        assert text.sentences is not None
        assert np.array_equal(live.sentences.document(row).codes, text.sentences.codes)
        own = text.sentences.nearest(query, (np.zeros(1, np.int64), np.zeros(1, np.int64)))
        assert (score, place) == (own[0][0], own[1][0])
    assert np.array_equal(live.vectors.rows(rows), np.stack([text.vector for text in texts]))
    attributes = live.columns.attributes
    for id_, row in zip(ids, rows, strict=True):
        assert attributes.segments_of(row) == list(now.documents[id_].columns.segments)
        assert bool(attributes.open_licence[row]) == now.documents[id_].columns.open_licence
    licensed = live.columns.select(Filters(open_licence=True))
    assert licensed is not None
    assert (
        live.ids[licensed].tolist()
        == live.ids[sorted(now.rows[i] for i in ids if now.documents[i].columns.open_licence)].tolist()
    )


@settings(deadline=None, max_examples=6)
@example(what={0: ("text", 1)}, asked={0: ("text", 1)})  # a token that is new on both sides
@given(what=changes(), asked=changes())
def test_a_document_asked_by_all_queries_scores_as_each_of_them_asking(
    base: Collection, what: dict[int, tuple[str, int]], asked: dict[int, tuple[str, int]]
) -> None:
    now, queries = changed(base, what), changed(base, asked)
    masses = now.live.lexical.masses(queries.live.lexical)
    for id_, patent in list(now.documents.items())[::12]:
        sums = now.live.lexical.asked_by(queries.live.lexical, tokens(patent.text))
        for query_id, query in queries.documents.items():
            row = queries.rows[query_id]
            assert sums[row] == now.live.lexical.scores(tokens(query.text))[now.rows[id_]]
            assert masses[row] == now.live.lexical.mass(tokens(query.text))
        there = set(queries.rows.values())
        assert all(sums[row] == 0 for row in range(len(sums)) if row not in there)


def test_an_empty_base_may_get_its_first_records(tmp_path: Path) -> None:
    empty = Collection.build(tmp_path / "needs", [], 32, encode, encode)
    live = laid_over(empty, [Recent(3, document(3).columns, embedded(document(3).text))])
    assert live.vectors.search(ENCODER.encode_queries(["冷却"]), 5)[1].tolist() == [[0]]
    assert live.lexical.search(tokens(document(3).text), 5)[1].tolist() == [0]
    assert live.row_of(3) == 0
