"""The contract of the index (索引契约): what matching may ask of one side of a generation, whatever engine answers.

All is said in ids and candidates, nothing in rows or arrays of everything, and filters go as conditions: so one collection,
a collection with later changes over it, and shards elsewhere answer alike, to the last tie. Statistics are those of the side as
it was built, shared by all its parts: a part scores as the whole does. `api_tests/index/test_engine.py` is what every engine passes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, field_validator

from index.attributes import Attributes
from index.vectors.exact import Floats as Floats
from index.vectors.sentences import SentenceIndex
from index.words.statistics import WordStatistics

Ids = NDArray[np.int64]
Numbers = NDArray[np.int64]

CODED = ("segment", "region", "industry", "ipc", "holder_kind", "kind")
"""The fields of `Filters` that hold codes."""


class Filters(BaseModel):
    """What a match is restricted to. Within a field any of the values will do, between fields all must hold."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    segment: list[str] = []
    region: list[str] = []
    industry: list[str] = []
    ipc: list[str] = []
    holder_kind: list[str] = []
    kind: list[str] = []
    open_licence: bool | None = None
    in_force_on: date | None = None

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
        flags = self.open_licence, self.in_force_on
        return not any(getattr(self, field) for field in CODED) and flags == (None, None)


@dataclass(frozen=True, slots=True)
class AskingNeed:
    """A need that asks: its shifted vector (dimensions,) and tokens, repeated as they stand."""

    vector: Floats
    tokens: list[str]


@dataclass(frozen=True, slots=True)
class AskingPatent:
    """A patent that asks: its vector (dimensions,), its sentences and its tokens, repeated as they stand.

    `share` of the mean of all that answer is taken off the vector of each of them before it is scored.
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
    """What is asked of all pairs: records of the asking side, by id, and as in a request the filters and the depth of each leg.

    `share` of the mean of all needs is taken off the vector of each of them before it is searched or scored.
    """

    ids: Ids
    filters: Filters
    depth: int
    share: float
    threads: int = 2


@dataclass(frozen=True, slots=True)
class Statistics:
    """What scores rest on: the number of documents as built, their mean vector (dimensions,), and their words."""

    documents: int
    mean: Floats
    words: WordStatistics


@dataclass(frozen=True, slots=True)
class PairScores:
    """What was measured of pairs of a need and a patent, in columns; `ids` are those of the answering side.

    `document` and `sentence` are cosines, of the patent's text and of its sentence nearest to the need, whose number is `place`;
    `mass` is how much the need says (`index.words.statistics.mass`).
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
    """The exact best `depth` of either leg, once each, of one or several that ask; those of one that asks alone by id.

    `asking` is the number of the one that asks, ascending; `attributes` are those of each document once, at the place `document`.
    `cosine` is what the dense leg ranks by, -inf beyond its depth; the lexical leg
    ranks by `scores.bm25`; ties go to the lower id. `sample` are scores of the even sample, where that was asked for.
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
        """Those of the candidates."""
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
        """The candidates of a whole from those of its parts, which were asked alike."""
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
    """The candidates of some records that ask, which these number; `ids` are those that ask."""

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
    """One side of a generation: patents, which needs ask, or needs or products of firms, which patents ask.

    Ids that are asked about must be in it, but for `in`.
    """

    @property
    def statistics(self) -> Statistics:
        """Those of the side as it was built."""

    @property
    def product(self) -> str:
        """The number format in which candidates of all pairs are found, and why, in Chinese."""

    def __len__(self) -> int: ...

    def __contains__(self, id_: int) -> bool: ...

    def select(self, filters: Filters) -> Ids:
        """The ids of all that meet the filters, ascending."""

    def candidates(self, asking: AskingT_contra, filters: Filters, depth: int, sample: int = 0) -> Candidates:
        """The candidates of one that asks, all with the number 0, and at once what `sample` answers. Raises ValueError."""

    def sample(self, asking: AskingT_contra, size: int) -> PairScores:
        """The scores of `size` documents, evenly spread over the side as it was built; of all where there are fewer."""

    def pairs(self, asking: Engine[Any], wanted: PairsAsked) -> Iterator[CandidateBlock]:
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
