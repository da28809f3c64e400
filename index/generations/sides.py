"""The sides of a generation on this machine (专利侧、需求侧): several parts searched as one collection.

Each part returns its own exact best with all columns, and the best of their union are kept (`Candidates.joined`): however the
records are divided into parts, results are those of one collection, ties included.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from typing import Any, Generic, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from index.arrays import Floats, Rows
from index.attributes import Attributes
from index.engine import (
    AskingNeed,
    AskingPatent,
    CandidateBlock,
    Candidates,
    Engine,
    Filters,
    Ids,
    NearestBlock,
    PairsAsked,
    PairScores,
    Statistics,
)
from index.generations.collection import Collection
from index.generations.pairs import PartPair
from index.generations.parts import Masses, Part, located
from index.generations.scoring import NeedScorer, PatentScorer, Scorer
from index.vectors.all_pairs import Group, all_pairs
from index.vectors.pair_product import choose_product
from index.vectors.sentences import SentenceIndex
from index.words.statistics import WordStatistics

AskingT = TypeVar("AskingT", AskingNeed, AskingPatent)

# Threads that search for requests: as many as are scanned for together.
_BESIDE = ThreadPoolExecutor(32, "searching")
# So few documents are searched sooner than another thread has begun, which takes 0.3 ms.
_FEW = 4096
_SPREAD_BLOCK = 20_000


class Side(ABC, Generic[AskingT]):
    """An `Engine` of parts in this process; one instance serves many threads."""

    def __init__(self, parts: Sequence[Part], statistics: Statistics) -> None:
        self.parts, self.statistics = tuple(parts), statistics

    @abstractmethod
    def part_of(self, collection: Collection, *, is_settled: bool = True) -> Part:
        """A part of this side."""

    @abstractmethod
    def with_parts(self, parts: Sequence[Part]) -> Self:
        """A side of other parts with the same statistics."""

    @abstractmethod
    def _scorer(self, asking: AskingT) -> Scorer: ...

    @abstractmethod
    def _pair(self, asking: Part, side: Side[Any], answering: Part, share: float) -> PartPair: ...

    @property
    def product(self) -> str:
        """As `Engine.product`; of this machine."""
        return choose_product().reason

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def __contains__(self, id_: int) -> bool:
        return any(part.rows_of(np.array([id_]))[0] >= 0 for part in self.parts)

    def select(self, filters: Filters) -> Ids:
        """As `Engine.select`."""
        chosen = (part.chosen(filters) for part in self.parts)
        ids = [
            part.ids if rows is None else part.ids[rows]
            for part, rows in zip(self.parts, chosen, strict=True)
        ]
        return ids[0] if len(ids) == 1 else np.sort(np.concatenate(ids))

    def candidates(self, asking: AskingT, filters: Filters, depth: int, sample: int = 0) -> Candidates:
        """As `Engine.candidates`."""
        rows = [part.select(filters) for part in self.parts]
        search = partial(self._nearest, asking.vector, depth, rows)
        # The longest stage that holds no lock of the interpreter runs while the words are added up.
        dense = _BESIDE.submit(search).result if len(self) > _FEW else search
        scorer = self._scorer(asking)
        sums = [scorer.sums(part) for part in self.parts]
        lexical = [p.best_words(s, depth, r) for p, s, r in zip(self.parts, sums, rows, strict=True)]
        sampled = self._sampled(scorer, sums, sample) if sample else None
        found = [
            self._candidates(at, scorer, near, words, sums[at], depth)
            for at, (near, words) in enumerate(zip(dense(), lexical, strict=True))
        ]
        return Candidates.joined(found).with_sample(sampled)

    def sample(self, asking: AskingT, size: int) -> PairScores:
        """As `Engine.sample`."""
        scorer = self._scorer(asking)
        return self._sampled(scorer, [scorer.sums(part) for part in self._settled], size)

    def sampled(self, size: int) -> Self:
        """As `Engine.sampled`."""
        return self.with_parts(
            [self.part_of(part.only(rows)) for part, rows in self._evenly(size) if len(rows)]
        )

    def pairs(self, asking: Engine[Any], query: PairsAsked) -> Iterator[CandidateBlock]:
        """As `Engine.pairs`. Raises TypeError for the side of another engine, KeyError for ids it has not."""
        if not isinstance(asking, Side):
            raise TypeError("the sides of a generation are of one engine")
        for part, (_, rows) in zip(asking.parts, located(asking.parts, query.ids), strict=True):
            streams = [
                self._pair(part, asking, answering, query.share).blocks(
                    rows, answering.chosen(query.filters), query
                )
                for answering in self.parts
            ]
            for blocks in zip(*streams, strict=True):
                found = Candidates.joined([candidates for _, candidates in blocks])
                yield CandidateBlock(part.ids[blocks[0][0]], found)

    def nearest(self, queries: Floats, k: int, among: Ids | None = None) -> Iterator[NearestBlock]:
        """As `Engine.nearest`."""
        streams = [
            all_pairs(part.vectors, queries, k, [self._group(part, queries, among)]) for part in self.parts
        ]
        for blocks in zip(*streams, strict=True):
            cosines = np.hstack([block.scores for block in blocks])
            ids = np.hstack([part.ids[block.rows] for part, block in zip(self.parts, blocks, strict=True)])
            if len(blocks) > 1:
                best = np.lexsort((ids, -cosines), axis=1)[:, :k]
                cosines, ids = np.take_along_axis(cosines, best, 1), np.take_along_axis(ids, best, 1)
            yield NearestBlock(blocks[0].queries, cosines, ids)

    def spread(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """As `Engine.spread`; in blocks, the vectors may be larger than memory."""
        dimensions = len(self.statistics.mean)
        total, products = np.zeros(dimensions), np.zeros((dimensions, dimensions))
        for vectors in (part.vectors.vectors for part in self._settled):
            for at in range(0, len(vectors), _SPREAD_BLOCK):
                exact = vectors[at : at + _SPREAD_BLOCK].astype(np.float64)
                total += exact.sum(axis=0)
                products += exact.T @ exact
        count = max(self.statistics.documents, 1)
        mean = total / count
        return mean, products / count - np.outer(mean, mean)

    def attributes(self, ids: Ids) -> Attributes:
        """As `Engine.attributes`."""
        found = located(self.parts, ids)
        parts = [attributes.at(rows) for attributes, (_, rows) in zip(self._attributes, found, strict=True)]
        if len(parts) == 1:
            return parts[0]
        return Attributes.joined(parts).at(np.argsort(np.concatenate([places for places, _ in found])))

    def vectors(self, ids: Ids) -> Floats:
        """As `Engine.vectors`."""
        vectors = np.empty((len(ids), len(self.statistics.mean)), np.float32)
        for part, (places, rows) in zip(self.parts, located(self.parts, ids), strict=True):
            vectors[places] = part.vectors.rows(rows)
        return vectors

    def sentences(self, id_: int) -> SentenceIndex:
        """As `Engine.sentences`."""
        found = zip(self.parts, located(self.parts, [id_]), strict=True)
        return next(part.sentences.document(int(rows[0])) for part, (_, rows) in found if len(rows))

    def digests(self, id_: int) -> tuple[int, int] | None:
        """The recorded `Document.digests` of a record, None where unknown."""
        for part in self.parts:
            row, digests = part.rows_of(np.array([id_]))[0], part.collection.digests
            if row >= 0 and digests is not None:
                return int(digests[row, 0]), int(digests[row, 1])
        return None

    @property
    def _settled(self) -> list[Part]:
        return [part for part in self.parts if part.is_settled]

    @cached_property
    def _attributes(self) -> list[Attributes]:
        """The attributes of all parts, segments by the same codes."""
        attributes = [part.attributes for part in self.parts]
        codes = tuple(sorted({code for one in attributes for code in one.segment_codes}))
        return [one.coded(codes) for one in attributes]

    def _nearest(self, query: Floats, depth: int, rows: list[Rows | None]) -> list[tuple[Floats, Rows]]:
        return [part.nearest(query, depth, allowed) for part, allowed in zip(self.parts, rows, strict=True)]

    def _candidates(
        self, at: int, scorer: Scorer, near: tuple[Floats, Rows], words: Rows, sums: Floats, depth: int
    ) -> Candidates:
        """The candidates of one part, given both legs."""
        rows = np.union1d(near[1], words)
        cosine = np.full(len(rows), -np.inf, np.float32)
        cosine[np.searchsorted(rows, near[1])] = near[0]
        scores, every = scorer.scores(self.parts[at], rows, sums), np.arange(len(rows))
        attributes = self._attributes[at].at(rows)
        return Candidates(np.zeros_like(every), scores, cosine, every, attributes, depth)

    def _sampled(self, scorer: Scorer, sums: Sequence[Floats], size: int) -> PairScores:
        """The scores of the sample, given the sums of the settled parts, which come first."""
        return PairScores.joined(
            [
                scorer.scores(part, rows, part_sums)
                for (part, rows), part_sums in zip(self._evenly(size), sums, strict=False)
            ]
        )

    def _evenly(self, size: int) -> Iterator[tuple[Part, Rows]]:
        """The settled parts, each with its rows of an even sample of all of them."""
        count = self.statistics.documents
        rows = np.unique(np.linspace(0, max(count - 1, 0), min(size, count)).astype(np.int64))
        first = 0
        for part in self._settled:
            end = first + len(part.ids)
            yield part, rows[(rows >= first) & (rows < end)] - first
            first = end

    def _group(self, part: Part, queries: Floats, among: Ids | None) -> Group:
        if among is None:
            return Group(np.arange(len(queries)), part.chosen(Filters()))
        rows = part.rows_of(among)
        return Group(np.arange(len(queries)), np.unique(rows[rows >= 0]))


class PatentSide(Side[AskingNeed]):
    """Patents, searched by needs."""

    def part_of(self, collection: Collection, *, is_settled: bool = True) -> Part:
        """A part of this side."""
        return Part(collection, is_settled=is_settled)

    def with_parts(self, parts: Sequence[Part]) -> PatentSide:
        """A side of other parts with the same statistics."""
        return PatentSide(parts, self.statistics)

    def _scorer(self, asking: AskingNeed) -> Scorer:
        return NeedScorer(asking, self.statistics.words)

    def _pair(self, asking: Part, side: Side[Any], answering: Part, share: float) -> PartPair:
        return PartPair(
            asking, answering, self.statistics.words, side.statistics.mean, share, from_needs=True
        )


class NeedSide(Side[AskingPatent]):
    """Needs or products of firms, searched by patents; `words` are the statistics of the patents."""

    def __init__(self, parts: Sequence[Part], statistics: Statistics, words: WordStatistics) -> None:
        super().__init__(parts, statistics)
        self._words = words

    def part_of(self, collection: Collection, *, is_settled: bool = True) -> Part:
        """A part of this side."""
        return Part(collection, Masses(collection.lexical, self._words), is_settled)

    def with_parts(self, parts: Sequence[Part]) -> NeedSide:
        """A side of other parts with the same statistics."""
        return NeedSide(parts, self.statistics, self._words)

    def _scorer(self, asking: AskingPatent) -> Scorer:
        return PatentScorer(asking, self._words, self.statistics)

    def _pair(self, asking: Part, side: Side[Any], answering: Part, share: float) -> PartPair:
        return PartPair(answering, asking, self._words, self.statistics.mean, share, from_needs=False)


def patent_side(collection: Collection) -> PatentSide:
    """The patents of one collection."""
    empty = PatentSide([], statistics_of(collection))
    return empty.with_parts([empty.part_of(collection)])


def need_side(collection: Collection, words: WordStatistics) -> NeedSide:
    """The needs of one collection, or products of firms, to be searched by patents with these statistics."""
    empty = NeedSide([], statistics_of(collection), words)
    return empty.with_parts([empty.part_of(collection)])


def statistics_of(collection: Collection) -> Statistics:
    """The statistics of a side that is one collection."""
    return Statistics(len(collection), collection.mean, collection.lexical.statistics)
