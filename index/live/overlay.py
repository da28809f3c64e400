"""Overlay (变更叠加) of the changes since a generation was built on one of its sides: a new immutable side.

Records of the side that were deleted or have a new text are left out of its parts; where only the columns of a record changed,
the new ones replace those of its part; records with new texts form a further part, in memory. The basis of statistics (idf,
mean length, mean vector, samples) stays that of the side: scores of unchanged records stay identical, bit by bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from index.arrays import Floats
from index.engine import Ids, Statistics
from index.generations.collection import Collection
from index.generations.columns import Columns, ColumnValues
from index.generations.parts import Part
from index.generations.sides import Side
from index.vectors.sentences import SentenceIndex
from index.vectors.vectors import VectorIndex
from index.words.bm25 import counted, length_norm, mean_length
from index.words.postings import LexicalIndex

SideT = TypeVar("SideT", bound=Side[Any])


@dataclass(frozen=True, slots=True)
class Embedded:
    """A text as it is searched: vector (dimensions,), sentences where the side has them, tokens by key with their counts."""

    vector: Floats
    sentences: SentenceIndex | None
    keys: NDArray[np.uint64]
    counts: NDArray[np.int32]

    @classmethod
    def of(cls, words: Sequence[str], vector: Floats, sentences: SentenceIndex | None) -> Embedded:
        """The text that has these tokens."""
        return cls(vector, sentences, *counted(words))


@dataclass(frozen=True, slots=True)
class Recent:
    """A record that is new or has changed; without `embedded` its text is that of the base."""

    id: int
    columns: ColumnValues
    embedded: Embedded | None


def overlaid(side: SideT, recent: Iterable[Recent], gone: Iterable[int] = ()) -> SideT:
    """The side with these records, in any order, as an overlay, and without those in `gone`, by id.

    A record without `embedded` is in the side.
    """
    ordered = sorted(recent, key=lambda one: one.id)
    fresh = [(one.id, one.columns, one.embedded) for one in ordered if one.embedded is not None]
    left = np.array(sorted({*gone, *(id_ for id_, _, _ in fresh)}), np.int64)
    over = {one.id: one.columns for one in ordered if one.embedded is None}
    parts = [_without(part, left, over) for part in side.parts]
    if not fresh:
        return side.with_parts(parts)
    has_sentences = fresh[0][2].sentences is not None
    collection = collection_of(fresh, side.statistics, has_sentences=has_sentences)
    return side.with_parts([*parts, side.part_of(collection, is_settled=False)])


def _without(part: Part, left: Ids, over: Mapping[int, ColumnValues]) -> Part:
    """The part without some records, and with these columns over those of others."""
    gone = part.rows_of(left)
    ids = np.array(list(over), np.int64)
    rows = part.rows_of(ids)
    columns = Columns.of(over[id_] for id_ in ids[rows >= 0].tolist()) if np.any(rows >= 0) else None
    return replace(part, gone=gone[gone >= 0], over=rows[rows >= 0], columns=columns)


def collection_of(
    fresh: Sequence[tuple[int, ColumnValues, Embedded]], statistics: Statistics, *, has_sentences: bool
) -> Collection:
    """Records, ids ascending, as a collection in memory, weighed by these statistics."""
    texts, dimensions = [text for _, _, text in fresh], len(statistics.mean)
    return Collection(
        ids=np.array([id_ for id_, _, _ in fresh], np.int64),
        vectors=VectorIndex.of(_vectors(texts, dimensions)),
        lexical=_lexical(texts, statistics),
        columns=Columns.of(columns for _, columns, _ in fresh),
        mean=statistics.mean,
        sentences=_sentences(texts, dimensions) if has_sentences else None,
    )


def _vectors(texts: Sequence[Embedded], dimensions: int) -> Floats:
    return np.stack([text.vector for text in texts]) if texts else np.empty((0, dimensions), np.float32)


def _lexical(texts: Sequence[Embedded], statistics: Statistics) -> LexicalIndex:
    """The postings of these texts, weighted by the mean length of the side, unless the side was empty."""
    keys = np.concatenate([np.empty(0, np.uint64), *(text.keys for text in texts)])
    counts = np.concatenate([np.empty(0, np.float32), *(text.counts.astype(np.float32) for text in texts)])
    lengths = np.array([text.counts.sum() for text in texts], np.int32)
    mean = statistics.words.mean_length if statistics.documents else mean_length(lengths)
    distinct_tokens = [len(text.keys) for text in texts]
    rows = np.repeat(np.arange(len(texts), dtype=np.int32), distinct_tokens)
    weights = counts / (counts + np.repeat(length_norm(lengths.astype(np.float32), mean), distinct_tokens))
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    starts = np.flatnonzero(
        np.concatenate([np.ones(min(len(keys), 1), np.bool_), ordered[1:] != ordered[:-1]])
    )
    arrays = {
        "keys": ordered[starts],
        "offsets": np.append(starts, len(keys)).astype(np.int64),
        "rows": rows[order],
        "weights": weights[order],
        "lengths": lengths,
    }
    return LexicalIndex(len(texts), arrays, mean)


def _sentences(texts: Sequence[Embedded], dimensions: int) -> SentenceIndex:
    parts = [text.sentences for text in texts if text.sentences is not None]
    return SentenceIndex(
        np.concatenate([np.empty((0, dimensions), np.int8), *(part.codes for part in parts)]),
        np.concatenate([np.empty(0, np.float32), *(part.scales for part in parts)]),
        np.cumsum([0, *(len(part.codes) for part in parts)], dtype=np.int64),
    )
