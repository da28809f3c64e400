"""The contract of the index (索引契约): the queries that every engine supports on one side of a generation.

Requests and results hold ids and candidates, never rows or whole-corpus arrays, and filters are passed as conditions: so one
collection, a collection with an overlay of later changes, and remote shards return identical results, ties included. Statistics
are those of the side as built, shared by all its parts: a part scores as the whole does. Every engine passes
`api_tests/index/test_engine.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, field_validator

from index.arrays import Floats
from index.attributes import Attributes
from index.vectors.sentences import SentenceIndex
from index.words.statistics import WordStatistics

Ids = NDArray[np.int64]
Numbers = NDArray[np.int64]

CODED = ("segment", "region", "industry", "ipc", "holder_kind", "kind")
"""The fields of `Filters` that hold codes."""


class Filters(BaseModel):
    """The conditions on the records of a match. Within a field any of the values will do, between fields all must hold.

    `in_force_on` leaves what is known to be in force on a day, `possible_on` what is not known not to be; both are for patents.
    `open_on` is for needs, and leaves out those that closed before that day.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    segment: list[str] = []
    region: list[str] = []
    industry: list[str] = []
    ipc: list[str] = []
    holder_kind: list[str] = []
    kind: list[str] = []
    open_licence: bool | None = None
    in_force_on: date | None = None
    possible_on: date | None = None
    open_on: date | None = None

    @field_validator(*CODED, mode="before")
    @classmethod
    def _as_list(cls, value: Any) -> Any:
        if value is None:
            return []
        return [value] if isinstance(value, str) else value

    @field_validator("ipc", "industry")
    @classmethod
    def _as_printed(cls, values: list[str]) -> list[str]:
        return ["".join(value.split()).upper().removesuffix("*") for value in values]

    @property
    def is_empty(self) -> bool:
        """Whether nothing is restricted that an index knows of."""
        flags = self.open_licence, self.in_force_on, self.possible_on, self.open_on
        return not any(getattr(self, field) for field in CODED) and flags == (None, None, None, None)


@dataclass(frozen=True, slots=True)
class AskingNeed:
    """A need as a query: its shifted vector (dimensions,) and its tokens, with repetitions."""

    vector: Floats
    tokens: list[str]


@dataclass(frozen=True, slots=True)
class AskingPatent:
    """A patent as a query: its vector (dimensions,), its sentences and its tokens, with repetitions.

    `share` times the mean vector of the searched side is subtracted from each of its vectors before scoring.
    """

    vector: Floats
    sentences: SentenceIndex
    tokens: list[str]
    share: float = 0.0

    @classmethod
    def of(cls, vectors: Floats, tokens: list[str]) -> AskingPatent:
        """The patent with these tokens whose text has the first of the vectors, and its sentences the others."""
        return cls(vectors[0], SentenceIndex.of(vectors[1:], [len(vectors) - 1]), tokens)


@dataclass(frozen=True, slots=True)
class PairsAsked:
    """A query for all pairs: the ids of the querying records and, as in a request, the filters and the depth of each leg.

    `share` times the mean vector of all needs is subtracted from the vector of each before search and scoring.
    """

    ids: Ids
    filters: Filters
    depth: int
    share: float
    threads: int = 2


@dataclass(frozen=True, slots=True)
class Statistics:
    """The statistics on which scores rest: the number of documents as built, their mean vector (dimensions,), and their words."""

    documents: int
    mean: Floats
    words: WordStatistics


@dataclass(frozen=True, slots=True)
class PairScores:
    """The scores of pairs of a need and a patent, in columns; `ids` are those of the searched side.

    `document` and `sentence` are cosines, of the patent's text and of its sentence nearest to the need, whose number is `place`;
    `mass` is the information content of the need (`index.words.statistics.mass`).
    """

    ids: Ids
    document: Floats
    sentence: Floats
    place: NDArray[np.int32]
    bm25: Floats
    mass: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.ids)

    def at(self, rows: Numbers) -> Self:
        """Some of the pairs, in this order."""
        return replace(self, **{name: column[rows] for name, column in _columns(self).items()})

    @classmethod
    def joined(cls, parts: Sequence[PairScores]) -> PairScores:
        """The pairs of all parts, one after the other."""
        return (
            parts[0] if len(parts) == 1 else cls(*map(np.concatenate, zip(*map(_values, parts), strict=True)))
        )


@dataclass(frozen=True, slots=True)
class Candidates:
    """The union of the exact best `depth` of both legs for one or several queries; for a single query sorted by id.

    `asking` is the number of the query, ascending; `attributes` holds each document once, at the place `document`.
    `cosine` is what the dense leg ranks by, -inf beyond its depth; the lexical leg
    ranks by `scores.bm25`; ties go to the lower id. `sample` holds the scores of the even sample, where requested.
    """

    asking: Numbers
    scores: PairScores
    cosine: Floats
    document: Numbers
    attributes: Attributes
    depth: int
    sample: PairScores | None = None

    @property
    def ids(self) -> Ids:
        """The ids of the candidates."""
        return self.scores.ids

    @property
    def dense_rank(self) -> NDArray[np.int32]:
        """The rank of each in the dense leg, from 1 on, or 0."""
        return self._ranks(self.cosine, np.isfinite(self.cosine))

    @property
    def lexical_rank(self) -> NDArray[np.int32]:
        """The rank of each in the lexical leg, from 1 on, or 0."""
        return self._ranks(self.scores.bm25, self.scores.bm25 > 0)

    @classmethod
    def joined(cls, parts: Sequence[Candidates]) -> Candidates:
        """Merges the candidates of all parts for the same queries into those of the whole."""
        if len(parts) == 1:
            return parts[0]
        asking = np.concatenate([part.asking for part in parts])
        scores = PairScores.joined([part.scores for part in parts])
        cosine = np.concatenate([part.cosine for part in parts])
        firsts = np.cumsum([0, *(len(part.attributes) for part in parts[:-1])])
        document = np.concatenate([part.document + first for part, first in zip(parts, firsts, strict=True)])
        attributes = Attributes.joined([part.attributes for part in parts])
        every = cls(asking, scores, cosine, document, attributes, parts[0].depth)
        dense = every.dense_rank > 0
        kept = np.flatnonzero(dense | (every.lexical_rank > 0))
        kept = kept[np.lexsort((scores.ids[kept], asking[kept]))]
        cosine = np.where(dense, cosine, np.float32(-np.inf))[kept]
        return cls(asking[kept], scores.at(kept), cosine, document[kept], attributes, every.depth)

    def with_sample(self, sample: PairScores | None) -> Candidates:
        """These, and scores of the even sample."""
        return replace(self, sample=sample)

    def _ranks(self, score: Floats, has: NDArray[np.bool_]) -> NDArray[np.int32]:
        at = np.flatnonzero(has)
        order = at[np.lexsort((self.ids[at], -score[at], self.asking[at]))]
        asking = self.asking[order]
        rank = np.arange(1, len(order) + 1) - np.searchsorted(asking, asking)
        ranks = np.zeros(len(score), np.int32)
        ranks[order] = np.where(rank <= self.depth, rank, 0)
        return ranks


@dataclass(frozen=True, slots=True)
class CandidateBlock:
    """The candidates of several queries; `ids` are those of the querying records, which the candidates number."""

    ids: Ids
    candidates: Candidates


@dataclass(frozen=True, slots=True)
class NearestBlock:
    """The best k' = min(k, candidates) documents of some queries, by number, best first: cosines and ids, both (queries, k')."""

    queries: Numbers
    cosines: Floats
    ids: Ids


AskingT_contra = TypeVar("AskingT_contra", contravariant=True)


class Engine(Protocol[AskingT_contra]):
    """One side of a generation: patents, searched by needs, or needs or products of firms, searched by patents.

    Ids passed in must be in the side, except to `in`.
    """

    @property
    def statistics(self) -> Statistics:
        """The statistics of the side as it was built."""

    @property
    def product(self) -> str:
        """The number format in which candidates of all pairs are found, and why, in Chinese."""

    def __len__(self) -> int: ...

    def __contains__(self, id_: int) -> bool: ...

    def select(self, filters: Filters) -> Ids:
        """The ids of all that meet the filters, ascending."""

    def candidates(self, asking: AskingT_contra, filters: Filters, depth: int, sample: int = 0) -> Candidates:
        """The candidates of a single query, all numbered 0, with the result of `sample`. Raises ValueError."""

    def sample(self, asking: AskingT_contra, size: int) -> PairScores:
        """The scores of `size` documents, evenly spread over the side as it was built; of all where there are fewer."""

    def sampled(self, size: int) -> Engine[AskingT_contra]:
        """The documents of `sample` as a side of their own, with these statistics; attributes and filters are unknown to it."""

    def pairs(self, asking: Engine[Any], query: PairsAsked) -> Iterator[CandidateBlock]:
        """The candidates of many records of the other side of the generation, in blocks; memory stays bounded."""

    def nearest(self, queries: Floats, k: int, among: Ids | None = None) -> Iterator[NearestBlock]:
        """The nearest documents of each of the vectors, in blocks, of those `among` these ids (None: all), ties by id."""

    def spread(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and covariance of all vectors as built."""

    def attributes(self, ids: Ids) -> Attributes:
        """The attributes of documents, in this order."""

    def vectors(self, ids: Ids) -> Floats:
        """The vectors of documents (n, dimensions), in this order."""

    def sentences(self, id_: int) -> SentenceIndex:
        """The sentences of a document. Raises ValueError on a side that has none."""


def less_mean(vectors: Floats, mean: Floats, share: float) -> Floats:
    """Vectors (n, dimensions) less a share of the mean of their side."""
    shifted: Floats = (vectors - np.float32(share) * mean).astype(np.float32)
    return shifted


def _columns(scores: PairScores) -> dict[str, NDArray[Any]]:
    return {each.name: getattr(scores, each.name) for each in fields(scores)}


def _values(scores: PairScores) -> list[NDArray[Any]]:
    return list(_columns(scores).values())
