"""A live view (实时视图): a generation with what has changed since it was built laid over it.

Rows 0 to N - 1 are those of the base, the rows behind them belong to the tail: records whose text is new, in memory. Rows of
the base whose record is gone, or has another text by now, are left out of every search; where only the columns of a record
changed they lie over those of the base. What statistics rest on (idf, mean length, mean vector, samples) stays the base's:
the scores of all that did not change stay as they are, bit by bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from index.generations.attributes import Attributes
from index.generations.collection import Collection
from index.generations.columns import Columns, ColumnValues, Filters
from index.generations.generation import Generation
from index.vectors.exact import best_first
from index.vectors.sentences import SentenceIndex
from index.vectors.vectors import VectorIndex
from index.words.bm25 import counted, length_norm, mean_length
from index.words.postings import LexicalIndex

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]

# Rows of the base asked for beyond k, so that those that are gone among the best seldom make a second search necessary.
_SPARE = 16


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


class LiveVectors(VectorIndex):
    """The vectors of a base but for the rows that are not `alive`, and those of a tail, exactly searched both."""

    def __init__(self, base: VectorIndex, tail: VectorIndex, alive: Mask) -> None:
        self._base, self._tail, self._alive = base, tail, alive
        self._gone = int(len(alive) - alive.sum())
        self.dimensions = base.dimensions

    def __len__(self) -> int:
        return len(self._base) + len(self._tail)

    def vector(self, row: int) -> Floats:
        """The vector of `row`, shape (dimensions,)."""
        vector: Floats = self.rows(np.array([row], np.int64))[0]
        return vector

    def rows(self, rows: Rows) -> Floats:
        """The vectors of `rows`, shape (n, dimensions), in their order."""
        vectors = np.empty((len(rows), self.dimensions), np.float32)
        old = rows < len(self._base)
        vectors[old] = self._base.rows(rows[old])
        vectors[~old] = self._tail.rows(rows[~old] - len(self._base))
        return vectors

    def scores(self, query: Floats, rows: Rows) -> Floats:
        """Inner products of `query` (dimensions,) with the vectors of `rows`, in their order."""
        scores = np.empty(len(rows), np.float32)
        old = rows < len(self._base)
        scores[old] = self._base.scores(query, rows[old])
        scores[~old] = self._tail.scores(query, rows[~old] - len(self._base))
        return scores

    def search(self, queries: Floats, k: int, rows: Rows | None = None) -> tuple[Floats, Rows]:
        """As `VectorIndex.search`; `rows` hold none that is gone."""
        count = len(self._base)
        if rows is None:
            old, new = self._search_alive(queries, k), self._tail.search(queries, k)
        else:
            cut = int(np.searchsorted(rows, count))
            old = self._base.search(queries, k, rows[:cut])
            new = self._tail.search(queries, k, rows[cut:] - count)
        if new[1].shape[1] == 0:
            return old
        scores, found = np.hstack([old[0], new[0]]), np.hstack([old[1], new[1] + count])
        return best_first(scores, found, np.full(len(scores), scores.shape[1], np.int32), k)

    def _search_alive(self, queries: Floats, k: int) -> tuple[Floats, Rows]:
        """The best rows of the base that are not gone."""
        wanted = min(k, len(self._base) - self._gone)
        spare = min(self._gone, _SPARE)
        while True:
            scores, rows = self._base.search(queries, k + spare)
            alive = self._alive[rows]
            if spare == self._gone or alive.sum(axis=1).min(initial=wanted) >= wanted:
                break
            spare = min(self._gone, spare * 8)
        if alive.all():
            return scores[:, :wanted], rows[:, :wanted]
        first = np.argsort(~alive, axis=1, kind="stable")[:, :wanted]
        return np.take_along_axis(scores, first, axis=1), np.take_along_axis(rows, first, axis=1)


class LiveLexical(LexicalIndex):
    """The postings of a base but for documents that are not alive, and those of a tail, weighed by the base's statistics."""

    def __init__(self, base: LexicalIndex, tail: LexicalIndex, alive: Mask) -> None:
        arrays = {name: getattr(base, name) for name in ("keys", "offsets", "rows", "weights", "lengths")}
        super().__init__(base.documents, arrays, base.mean_length)
        self.parts = base, tail
        self._gone = np.flatnonzero(~alive)

    def weighted(self, keys: NDArray[np.uint64], factors: NDArray[np.float64]) -> Floats:
        """As `LexicalIndex.weighted`, 0 for what is gone."""
        return self.without_gone([part.weighted(keys, factors) for part in self.parts])

    def masses(self, queries: LexicalIndex) -> NDArray[np.float64]:
        """What `mass` answers for the tokens of each document of `queries`."""
        masses: NDArray[np.float64] = np.concatenate([self.parts[0].masses(part) for part in _parts(queries)])
        return masses

    def asked_by(self, queries: LexicalIndex, tokens: Sequence[str]) -> Floats:
        """As `LexicalIndex.asked_by`, 0 for queries that are gone."""
        sums = [self.parts[0].asked_by(part, tokens) for part in _parts(queries)]
        return queries.without_gone(sums) if isinstance(queries, LiveLexical) else np.concatenate(sums)

    def without_gone(self, sums: Sequence[Floats]) -> Floats:
        """The sums of the parts together, 0 for what is gone."""
        together: Floats = np.concatenate(sums)
        together[self._gone] = 0
        return together


class LiveSentences(SentenceIndex):
    """The sentences of a base and those of a tail."""

    def __init__(self, base: SentenceIndex, tail: SentenceIndex) -> None:
        self._base, self._tail = base, tail

    def __len__(self) -> int:
        return len(self._base) + len(self._tail)

    def document(self, row: int) -> SentenceIndex:
        """The sentences of one document alone."""
        count = len(self._base)
        return self._base.document(row) if row < count else self._tail.document(row - count)

    def nearest(self, queries: Floats, pairs: tuple[Rows, Rows]) -> tuple[Floats, NDArray[np.int32]]:
        """As `SentenceIndex.nearest`."""
        numbers, rows = pairs
        scores, places = np.empty(len(rows), np.float32), np.empty(len(rows), np.int32)
        old = rows < len(self._base)
        for part, its, first in ((self._base, old, 0), (self._tail, ~old, len(self._base))):
            scores[its], places[its] = part.nearest(queries, (numbers[its], rows[its] - first))
        return scores, places


class LiveColumns(Columns):
    """The columns of a base, with others laid over those of the rows `over`, which may lie behind the base's."""

    def __init__(self, base: Columns, alive: Mask, over: Rows, values: Columns) -> None:
        self._base, self._over, self._values = base, over, values
        self._count = max(len(base), int(over[-1]) + 1 if len(over) else 0)
        self._kept = alive.copy()
        self._kept[over[over < len(base)]] = False

    def __len__(self) -> int:
        return self._count

    def select(self, filters: Filters) -> Rows | None:
        """As `Columns.select`, without rows that are gone."""
        chosen, added = self._base.select(filters), self._values.select(filters)
        if chosen is None or added is None:
            return None
        return np.sort(np.concatenate([chosen[self._kept[chosen]], self._over[added]]), kind="stable")

    @cached_property
    def attributes(self) -> Attributes:
        """As `Columns.attributes`."""
        joined = Attributes.joined([self._base.attributes, self._values.attributes])
        rows = np.arange(self._count)
        rows[self._over] = len(self._base) + np.arange(len(self._over))
        return joined.at(rows)


@dataclass(frozen=True, slots=True)
class Added(Collection):
    """The tail of a live collection by itself, with the statistics of a base of `over` rows."""

    over: int = 0

    @property
    def settled(self) -> int:
        """The rows of the base."""
        return self.over


@dataclass(frozen=True, slots=True)
class LiveCollection(Collection):
    """A collection over a base of `len(alive)` rows; ids ascend in the base and in the tail behind it, which is `added`."""

    alive: Mask = field(kw_only=True)
    added: Added = field(kw_only=True)

    @property
    def settled(self) -> int:
        """The rows of the base."""
        return len(self.alive)

    @property
    def present(self) -> Rows:
        """The rows of all that can be found."""
        return np.concatenate([np.flatnonzero(self.alive), np.arange(self.settled, len(self.ids))])

    def row_of(self, record_id: int) -> int | None:
        """The row of a record, None when it is not in this collection or gone from it."""
        for first, stop in ((self.settled, len(self.ids)), (0, self.settled)):
            row = first + int(np.searchsorted(self.ids[first:stop], record_id))
            if row < stop and self.ids[row] == record_id:
                return row if row >= self.settled or self.alive[row] else None
        return None


@dataclass(frozen=True)
class LiveGeneration(Generation):
    """A generation as it is by now; `base` is the one that was built."""

    base: Generation = field(kw_only=True)

    @property
    def built(self) -> Generation:
        """The base."""
        return self.base

    @cached_property
    def need_masses(self) -> NDArray[np.float64]:
        """As `Generation.need_masses`; those of the base are added up once."""
        needs = self.needs.lexical
        tail = _parts(needs)[1:]
        return np.concatenate([self.base.need_masses, *(self.base.patents.lexical.masses(t) for t in tail)])

    @cached_property
    def by_products(self) -> Generation | None:
        """As `Generation.by_products`."""
        base, products = self.base.by_products, self.products
        return None if base is None or products is None else replace(self, needs=products, base=base)


def laid_over(base: Collection, recent: Iterable[Recent], gone: Iterable[int] = ()) -> LiveCollection:
    """The base with these records laid over it, in any order, and without those that are `gone`, by id.

    One without `embedded` is in the base.
    """
    its = sorted(recent, key=lambda one: one.id)
    new = [(one.id, one.embedded) for one in its if one.embedded is not None]
    place = {id_: row for row, (id_, _) in enumerate(new, len(base))}
    alive = np.ones(len(base), np.bool_)
    alive[[row for id_ in (*gone, *place) if (row := base.row_of(id_)) is not None]] = False
    over = {place[one.id] if one.embedded else base.row_of(one.id): one.columns for one in its}
    rows = np.array(sorted(row for row in over if row is not None), np.int64)
    texts, dimensions = [text for _, text in new], base.vectors.dimensions
    added = Added(
        ids=np.array(list(place), np.int64),
        vectors=VectorIndex.of(_vectors(texts, dimensions)),
        lexical=_lexical(texts, base.lexical),
        columns=Columns.of(over[row] for row in place.values()),
        mean=base.mean,
        sentences=None if base.sentences is None else _sentences(texts, dimensions),
        over=len(base),
    )
    sentences = None
    if base.sentences is not None and added.sentences is not None:
        sentences = LiveSentences(base.sentences, added.sentences)
    return LiveCollection(
        ids=np.concatenate([base.ids, added.ids]),
        vectors=LiveVectors(base.vectors, added.vectors, alive),
        lexical=LiveLexical(base.lexical, added.lexical, alive),
        columns=LiveColumns(base.columns, alive, rows, Columns.of(over[int(row)] for row in rows)),
        mean=base.mean,
        sentences=sentences,
        alive=alive,
        added=added,
    )


def _vectors(texts: Sequence[Embedded], dimensions: int) -> Floats:
    return np.stack([text.vector for text in texts]) if texts else np.empty((0, dimensions), np.float32)


def _lexical(texts: Sequence[Embedded], base: LexicalIndex) -> LexicalIndex:
    """The postings of these texts, weighed by the mean length of the base, unless that is empty."""
    keys = np.concatenate([np.empty(0, np.uint64), *(text.keys for text in texts)])
    counts = np.concatenate([np.empty(0, np.float32), *(text.counts.astype(np.float32) for text in texts)])
    lengths = np.array([text.counts.sum() for text in texts], np.int32)
    mean = base.mean_length if len(base.lengths) else mean_length(lengths)
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


def _parts(lexical: LexicalIndex) -> tuple[LexicalIndex, ...]:
    return lexical.parts if isinstance(lexical, LiveLexical) else (lexical,)
