"""The contract of the index: every engine returns what a slow and obvious computation returns, all of them bit by bit the same.

Random texts, vectors of few directions (so that most scores are tied), filters, deletions, later texts and later columns. The
engines are one collection, a split of it into three parts by id, and both with an overlay of changes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api_tests.index.brute_force import unit
from index.arrays import Floats
from index.attributes import Attributes
from index.engine import (
    AskingNeed,
    AskingPatent,
    Candidates,
    Engine,
    Filters,
    Ids,
    PairsAsked,
    PairScores,
    less_mean,
)
from index.generations.collection import Collection, Document, sentences_of
from index.generations.columns import ColumnValues
from index.generations.sides import NeedSide, PatentSide, Side, need_side, patent_side
from index.live.overlay import Embedded, Recent, collection_of, overlaid
from index.text import tokens
from index.vectors.sentences import SentenceIndex
from index.words.bm25 import counted
from index.words.statistics import WordStatistics

DIMENSIONS, SHARE = 12, 0.6
WORDS = ("冷却", "电池", "隔膜", "检测", "焊接", "H01M")
DIRECTIONS = unit(np.random.default_rng(5).standard_normal((7, DIMENSIONS)) + 0.5)
EVERYTHING = Filters()
FILTERS = (EVERYTHING, Filters(segment=["S1"]), Filters(open_licence=True), Filters(segment=["none"]))
Documents = dict[int, Document]


def encode(texts: Sequence[str]) -> list[Floats]:
    return [DIRECTIONS[[sum(text.encode()) % len(DIRECTIONS) for text in texts]].reshape(-1, DIMENSIONS)]


def embedded(text: str, has_sentences: bool) -> Embedded:
    parts = sentences_of(text)
    sentences = SentenceIndex.of(encode(parts)[0], [len(parts)]) if has_sentences else None
    return Embedded.of(tokens(text), encode([text])[0][0], sentences)


@st.composite
def documents(draw: st.DrawFn, least: int = 0, most: int = 25) -> Documents:
    """Documents by id: some without any token, many alike."""
    texts = st.lists(st.sampled_from([*WORDS, "。", "，", " "]), max_size=9).map("".join)
    segments = st.lists(st.sampled_from(["S1", "S2", "S3"]), max_size=2, unique=True).map(tuple)
    columns = st.builds(ColumnValues, segments=segments, open_licence=st.booleans())
    drawn = draw(
        st.dictionaries(st.integers(1, 60), st.tuples(texts, columns), min_size=least, max_size=most)
    )
    return {id_: Document(id_, *drawn[id_]) for id_ in sorted(drawn)}


@dataclass(frozen=True)
class Changes:
    """The later changes: documents in the place of others or new, columns alone, and what is gone."""

    texts: Documents
    columns: Documents
    gone: frozenset[int]

    def after(self, before: Documents) -> Documents:
        """The documents that are there by now."""
        kept = {id_: one for id_, one in before.items() if id_ not in self.gone}
        moved = {
            i: Document(i, one.text, self.columns[i].columns) for i, one in kept.items() if i in self.columns
        }
        now = kept | moved | self.texts
        return {id_: now[id_] for id_ in sorted(now)}

    def over(self, side: Any, has_sentences: bool) -> Any:
        """A side with these changes as an overlay."""
        kept = {
            i: one
            for i, one in self.columns.items()
            if i in side and i not in self.gone and i not in self.texts
        }
        recent = [Recent(i, one.columns, None) for i, one in kept.items()]
        recent += [Recent(i, one.columns, embedded(one.text, has_sentences)) for i, one in self.texts.items()]
        return overlaid(side, recent, self.gone - self.texts.keys())


changes = st.builds(
    Changes, documents(0, 8), documents(0, 8), st.frozensets(st.integers(1, 60), max_size=25)
) | st.just(Changes({}, {}, frozenset()))


def split(side: Any, before: Documents, has_sentences: bool) -> Any:
    """The side in three parts by id, one of them often empty, each weighed by the statistics of the whole."""
    ends = np.searchsorted(list(before), [18, 40]).tolist()
    parts = []
    for first, end in zip([0, *ends], [*ends, len(before)], strict=True):
        records = [
            (one.id, one.columns, embedded(one.text, has_sentences))
            for one in list(before.values())[first:end]
        ]
        parts.append(side.part_of(collection_of(records, side.statistics, has_sentences=has_sentences)))
    return side.with_parts(parts)


@dataclass(frozen=True)
class Case:
    """Patents and needs after the changes, and engines of both sides that must return the same."""

    patents: Documents
    needs: Documents
    engines: list[tuple[PatentSide, NeedSide]]
    words: WordStatistics


Cosine = Callable[[str], np.float32]
"""What the dense leg ranks a text by."""
Pair = Callable[[str], tuple[str, str]]
"""The texts of need and patent of the pair that a text belongs to."""
Build = Callable[[Documents, bool], Collection]


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    folder, built = tmp_path_factory.mktemp("engines"), list[Path]()

    def build_one(records: Documents, has_sentences: bool) -> Collection:
        built.append(folder / str(len(built)))
        sentences = encode if has_sentences else None
        return Collection.build(built[-1], records.values(), DIMENSIONS, encode, sentences)

    return build_one


def case(build: Build, patents: Documents, needs: Documents, of_patents: Changes, of_needs: Changes) -> Case:
    one = patent_side(build(patents, True))
    needs_of_one = need_side(build(needs, False), one.statistics.words)
    three, needs_of_three = split(one, patents, True), split(needs_of_one, needs, False)
    pairs = [(one, needs_of_one), (three, needs_of_three)]
    engines = [(of_patents.over(p, True), of_needs.over(n, False)) for p, n in pairs]
    return Case(of_patents.after(patents), of_needs.after(needs), engines, one.statistics.words)


# A generation has patents: without any nothing is built.
cases = {"patents": documents(1), "needs": documents(), "of_patents": changes, "of_needs": changes}


class Obvious:
    """Pairs of a need and a patent, computed one by one."""

    def __init__(self, words: WordStatistics, mean: Floats) -> None:
        self._words, self._mean = words, mean

    def bm25(self, need: str, patent: str) -> np.float32:
        query = zip(*self._words.query_weights(tokens(need)), strict=True)
        weight = dict(zip(*self._words.posting_weights(tokens(patent)), strict=True))
        total = np.float32(0)
        for key, factor in query:
            total += weight.get(key, np.float32(0)) * np.float32(factor)
        return total

    def need(self, text: str) -> Floats:
        return less_mean(encode([text])[0][0], self._mean, SHARE)

    def document(self, need: str, patent: str) -> np.float32:
        return np.float32(
            np.vecdot(encode([patent])[0].astype(np.float64), self.need(need).astype(np.float64))[0]
        )

    def sentence(self, need: str, patent: str) -> tuple[float, int]:
        sentences = embedded(patent, True).sentences
        assert sentences is not None
        cosines = sentences.vectors @ self.need(need)
        return float(cosines.max()), int(cosines.argmax())

    def mass(self, need: str) -> float:
        keys, counts = counted(tokens(need))
        return float(sum(self._words.idf(keys) * counts))


def best(scores: dict[int, np.float32], depth: int, least: float = -np.inf) -> list[int]:
    """The ids of the best by (-score, id)."""
    return sorted((i for i in scores if scores[i] > least), key=lambda i: (-scores[i], i))[:depth]


def meets(document: Document, filters: Filters) -> bool:
    columns = document.columns
    return (not filters.segment or bool({*filters.segment} & {*columns.segments})) and (
        filters.open_licence is None or filters.open_licence == columns.open_licence
    )


def by_rank(ids: Ids, ranks: Any) -> list[int]:
    order = np.argsort(ranks[ranks > 0])
    found: list[int] = ids[ranks > 0][order].tolist()
    return found


def assert_obvious(
    found: Candidates, there: Documents, obvious: Obvious, cosine_of: Cosine, pair: Pair
) -> None:
    """The candidates are those of both legs, and their scores those of the pairs (need, patent) that `pair` gives."""
    dense = best({i: cosine_of(one.text) for i, one in there.items()}, found.depth)
    scores = {i: obvious.bm25(*pair(one.text)) for i, one in there.items()}
    lexical = best(scores, found.depth, 0)
    assert by_rank(found.ids, found.dense_rank) == dense
    assert by_rank(found.ids, found.lexical_rank) == lexical
    assert found.ids.tolist() == sorted({*dense, *lexical})
    for at, id_ in enumerate(found.ids.tolist()):
        pair_scores, texts = found.scores, pair(there[id_].text)
        cosine, place = obvious.sentence(*texts)
        assert (pair_scores.bm25[at], pair_scores.document[at]) == (scores[id_], obvious.document(*texts))
        assert pair_scores.sentence[at] == pytest.approx(cosine, abs=1e-6)
        assert pair_scores.place[at] == place or obvious.sentence(*texts)[0] == pytest.approx(
            cosine, abs=1e-6
        )
        assert pair_scores.mass[at] == pytest.approx(obvious.mass(texts[0]))
        document = int(found.document[at])
        assert found.attributes.segments_of(document) == sorted(there[id_].columns.segments)
        assert bool(found.attributes.open_licence[document]) == there[id_].columns.open_licence


def assert_same(one: Any, other: Any) -> None:
    """All columns are the same, bit by bit; of segments the codes that somebody has."""
    if isinstance(one, Attributes):
        assert [one.segments_of(at) for at in range(len(one))] == [
            other.segments_of(at) for at in range(len(other))
        ]
        assert np.array_equal(one.open_licence, other.open_licence)
        return
    for each in fields(one):
        mine, theirs = getattr(one, each.name), getattr(other, each.name)
        if isinstance(mine, PairScores | Attributes):
            assert_same(mine, theirs)
        else:
            assert np.array_equal(mine, theirs), each.name


requests = {
    "text": st.lists(st.sampled_from([*WORDS, "未见"]), max_size=6).map("".join),
    "filters": st.sampled_from(FILTERS),
    "depth": st.sampled_from([1, 4, 100]),
}


@settings(deadline=None, max_examples=30)
@given(**cases, **requests)
def test_patents_for_a_need(build: Build, text: str, filters: Filters, depth: int, **what: Any) -> None:
    example = case(build, **what)
    answers = []
    for patents, needs in example.engines:
        obvious = Obvious(example.words, needs.statistics.mean)
        need = AskingNeed(obvious.need(text), tokens(text))
        found = patents.candidates(need, filters, depth, 5)
        there = {i: one for i, one in example.patents.items() if meets(one, filters)}
        assert_obvious(found, there, obvious, partial(obvious.document, text), lambda t: (text, t))
        assert_same(found.sample, patents.sample(need, 5))
        assert found.sample is not None
        assert len(found.sample) == min(5, patents.statistics.documents)
        answers.append(_plain(found, np.arange(len(found.ids))))
    assert_same(*answers)


@settings(deadline=None, max_examples=30)
@given(**cases, **requests)
def test_needs_for_a_patent(build: Build, text: str, filters: Filters, depth: int, **what: Any) -> None:
    example = case(build, **what)
    vectors = np.concatenate([encode([text])[0], encode(sentences_of(text))[0]])
    patent = AskingPatent.of(vectors, tokens(text))
    patent = replace(patent, share=SHARE)

    def cosine(need: str) -> np.float32:
        raw = encode([need])[0].astype(np.float64)
        return np.float32(np.vecdot(raw, patent.vector.astype(np.float64))[0])

    answers = []
    for _, needs in example.engines:
        obvious = Obvious(example.words, needs.statistics.mean)
        found = needs.candidates(patent, filters, depth)
        there = {i: one for i, one in example.needs.items() if meets(one, filters)}
        assert_obvious(found, there, obvious, cosine, lambda t: (t, text))
        answers.append(_plain(found, np.arange(len(found.ids))))
    assert_same(*answers)


@settings(deadline=None, max_examples=20)
@given(**cases, filters=requests["filters"], depth=requests["depth"], from_needs=st.booleans())
def test_all_pairs_are_the_requests_of_each(
    build: Build, filters: Filters, depth: int, from_needs: bool, **what: Any
) -> None:
    example = case(build, **what)
    for patents, needs in example.engines:
        asking, answering = (needs, patents) if from_needs else (patents, needs)
        query = PairsAsked(asking.select(EVERYTHING), filters, depth, SHARE)
        seen: list[int] = []
        for block in answering.pairs(asking, query):
            seen += block.ids.tolist()
            for number, id_ in enumerate(block.ids.tolist()):
                alone = answering.candidates(
                    _query_of(example, patents, needs, id_, from_needs), filters, depth
                )
                assert_same(_of_number(block.candidates, number), _plain(alone, np.arange(len(alone.ids))))
        assert sorted(seen) == query.ids.tolist()


@settings(deadline=None, max_examples=20)
@given(**cases, size=st.sampled_from([1, 5, 100]))
def test_the_sample_for_many_needs_is_that_for_each(build: Build, size: int, **what: Any) -> None:
    example = case(build, **what)
    for patents, needs in example.engines:
        query = PairsAsked(needs.select(EVERYTHING), EVERYTHING, size, SHARE)
        for block in patents.sampled(size).pairs(needs, query):
            for number, id_ in enumerate(block.ids.tolist()):
                alone = patents.sample(_query_of(example, patents, needs, id_, True), size)
                assert_same(_of_number(block.candidates, number).scores, alone)


def _query_of(example: Case, patents: PatentSide, needs: NeedSide, id_: int, from_needs: bool) -> Any:
    if from_needs:
        text = example.needs[id_].text
        return AskingNeed(
            less_mean(needs.vectors(np.array([id_])), needs.statistics.mean, SHARE)[0], tokens(text)
        )
    text = example.patents[id_].text
    return AskingPatent(patents.vectors(np.array([id_]))[0], patents.sentences(id_), tokens(text), SHARE)


def _of_number(found: Candidates, number: int) -> Candidates:
    at = np.flatnonzero(found.asking == number)
    at = at[np.argsort(found.ids[at])]
    return _plain(replace(found, asking=np.zeros(len(at), np.int64)), at)


def _plain(found: Candidates, at: Ids) -> Candidates:
    """Some of the candidates, with the attributes of each."""
    attributes, places = found.attributes.at(found.document[at]), np.arange(len(at))
    return replace(
        found, scores=found.scores.at(at), cosine=found.cosine[at], document=places, attributes=attributes
    )


@settings(deadline=None, max_examples=20)
@given(**cases, filters=requests["filters"])
def test_records_are_found_by_id(build: Build, filters: Filters, **what: Any) -> None:
    example = case(build, **what)
    engines: list[tuple[Side[Any], Documents]] = [
        *((patents, example.patents) for patents, _ in example.engines),
        *((needs, example.needs) for _, needs in example.engines),
    ]
    for engine, there in engines:
        assert len(engine) == len(there)
        assert engine.select(filters).tolist() == [i for i, one in there.items() if meets(one, filters)]
        assert [i for i in range(62) if i in engine] == list(there)
        ids = np.array(list(there)[::-1], np.int64)
        texts = [there[i].text for i in ids.tolist()]
        assert np.array_equal(engine.vectors(ids), encode(texts)[0])
        attributes = engine.attributes(ids)
        for at, id_ in enumerate(ids.tolist()):
            assert attributes.segments_of(at) == sorted(there[id_].columns.segments)
        with pytest.raises(KeyError):
            engine.vectors(np.array([61]))
    for id_, one in example.patents.items():
        for patents, _ in example.engines:
            expected = embedded(one.text, True).sentences
            assert expected is not None
            assert np.array_equal(patents.sentences(id_).codes, expected.codes)


@settings(deadline=None, max_examples=20)
@given(
    **cases, k=requests["depth"], labelled=st.none() | st.frozensets(st.integers(1, 60)), many=st.booleans()
)
def test_nearest_documents(
    build: Build, k: int, labelled: frozenset[int] | None, many: bool, **what: Any
) -> None:
    example = case(build, **what)
    queries = np.tile(DIRECTIONS, (12, 1)) if many else DIRECTIONS[:2]
    among = None if labelled is None else np.array(sorted(labelled), np.int64)
    there = {i: one for i, one in example.patents.items() if labelled is None or i in labelled}
    for patents, _ in example.engines:
        blocks = list(patents.nearest(queries, k, among))
        assert np.concatenate([block.queries for block in blocks]).tolist() == list(range(len(queries)))
        for query, ids in zip(queries, np.concatenate([block.ids for block in blocks]), strict=True):
            vectors = encode([one.text for one in there.values()])[0].astype(np.float64)
            cosines = np.vecdot(vectors, query.astype(np.float64)).astype(np.float32)
            assert ids.tolist() == best(dict(zip(there, cosines, strict=True)), k)


@settings(deadline=None, max_examples=20)
@given(**cases)
def test_statistics_are_those_of_the_side_as_built(build: Build, **what: Any) -> None:
    example, built = case(build, **what), what["patents"]
    vectors = encode([one.text for one in built.values()])[0].astype(np.float64)
    for engine in (patents for patents, _ in example.engines):
        assert engine.statistics.documents == len(built)
        if len(built):
            mean, covariance = engine.spread()
            np.testing.assert_allclose(engine.statistics.mean, vectors.mean(axis=0), atol=1e-6)
            np.testing.assert_allclose(mean, vectors.mean(axis=0), atol=1e-9)
            np.testing.assert_allclose(covariance, np.cov(vectors.T, bias=True), atol=1e-9)


def test_sides_of_different_engines_do_not_pair(build: Build) -> None:
    patents = patent_side(build({}, True))
    other: Engine[Any] = object()  # type: ignore[assignment]
    with pytest.raises(TypeError):
        list(patents.pairs(other, PairsAsked(np.empty(0, np.int64), EVERYTHING, 1, SHARE)))


def test_an_empty_side_may_get_its_first_records(build: Build) -> None:
    later = Changes({3: Document(3, "冷却电池", ColumnValues())}, {}, frozenset())
    one = later.over(need_side(build({}, False), patent_side(build({}, True)).statistics.words), False)
    assert one.select(EVERYTHING).tolist() == [3]
    patent = AskingPatent.of(np.concatenate([encode(["冷却"])[0]] * 2), tokens("冷却"))
    assert one.candidates(patent, EVERYTHING, 5).ids.tolist() == [3]
