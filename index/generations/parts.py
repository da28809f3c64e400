"""Parts (分片): what a side of a generation is made of. Rows are numbers within one part and never leave the index."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from index.arrays import Floats, Rows
from index.attributes import Attributes
from index.engine import Filters, Ids
from index.generations.collection import Collection
from index.generations.columns import Columns
from index.vectors.sentences import SentenceIndex
from index.vectors.vectors import VectorIndex
from index.words.postings import LexicalIndex, best_of
from index.words.statistics import WordStatistics

# Rows searched beyond k, so that removed rows among the best seldom make a second search necessary.
_SPARE = 16


class Masses:
    """The mass (information content) of each document of an index as a need, in the idf of the patents."""

    def __init__(self, lexical: LexicalIndex, words: WordStatistics) -> None:
        self._lexical, self._words = lexical, words

    @cached_property
    def values(self) -> NDArray[np.float64]:
        """By row; computed on first use."""
        return self._lexical.masses(self._words)


def _no_rows() -> Rows:
    return np.empty(0, np.int64)


@dataclass(frozen=True)
class Part:
    """A collection without its removed rows (`gone`, ascending) and with newer columns for the rows `over`, ascending.

    `masses` are those of a part of needs. A part that is not `is_settled` is newer than the statistics of the side.
    """

    collection: Collection
    masses: Masses | None = None
    is_settled: bool = True
    gone: Rows = field(default_factory=_no_rows)
    over: Rows = field(default_factory=_no_rows)
    columns: Columns | None = None

    @property
    def ids(self) -> Ids:
        """By row, removed rows included."""
        return self.collection.ids

    @property
    def vectors(self) -> VectorIndex:
        """Of all rows."""
        return self.collection.vectors

    @property
    def lexical(self) -> LexicalIndex:
        """Of all rows."""
        return self.collection.lexical

    @property
    def sentences(self) -> SentenceIndex:
        """Of all rows. Raises ValueError where there are none."""
        if self.collection.sentences is None:
            raise ValueError("a collection of needs cannot be searched as patents are")
        return self.collection.sentences

    def __len__(self) -> int:
        return len(self.ids) - len(self.gone)

    @cached_property
    def present(self) -> Rows:
        """The rows of all that is there."""
        return np.delete(np.arange(len(self.ids)), self.gone)

    @cached_property
    def attributes(self) -> Attributes:
        """By row."""
        base = self.collection.columns.attributes
        if self.columns is None:
            return base
        rows = np.arange(len(base))
        rows[self.over] = len(base) + np.arange(len(self.over))
        return Attributes.joined([base, self.columns.attributes]).at(rows)

    def select(self, filters: Filters) -> Rows | None:
        """The rows of what is there and meets the filters, ascending; None for all that is there."""
        chosen = self.collection.columns.select(filters)
        if chosen is None:
            return None
        if len(self.gone) or len(self.over):
            chosen = chosen[~(self._is_gone[chosen] | self._is_over[chosen])]
        added = self.columns.select(filters) if self.columns is not None else None
        return chosen if added is None else np.sort(np.concatenate([chosen, self.over[added]]))

    def chosen(self, filters: Filters) -> Rows | None:
        """As `select`, but None only where no row at all is left out."""
        rows = self.select(filters)
        return self.present if rows is None and len(self.gone) else rows

    def rows_of(self, ids: Ids) -> Rows:
        """The rows of records, -1 for what is not there."""
        if len(self.ids) == 0:
            return np.full(len(ids), -1, np.int64)
        rows = np.minimum(np.searchsorted(self.ids, ids), len(self.ids) - 1)
        return np.where((self.ids[rows] == ids) & ~self._is_gone[rows], rows, -1)

    def nearest(self, query: Floats, k: int, rows: Rows | None) -> tuple[Floats, Rows]:
        """The dense leg of a query (dimensions,): scores and rows of the best k, of `rows` as `select` gives them."""
        if rows is not None or not len(self.gone):
            scores, found = self.vectors.search(query[None], k, rows)
            return scores[0], found[0]
        count, spare = min(k, len(self)), min(len(self.gone), _SPARE)
        while True:
            scores, found = self.vectors.search(query[None], k + spare)
            there = np.flatnonzero(~self._is_gone[found[0]])[:count]
            if spare == len(self.gone) or len(there) == count:
                return scores[0][there], found[0][there]
            spare = min(len(self.gone), spare * 8)

    def best_words(self, sums: Floats, k: int, rows: Rows | None) -> Rows:
        """The lexical leg: the rows of the best k of `rows` by BM25, given that of all rows."""
        if rows is None and len(self.gone):
            sums = sums.copy()
            sums[self.gone] = 0
        return best_of(sums, k, rows)[1]

    @cached_property
    def _is_gone(self) -> NDArray[np.bool_]:
        return _marked(self.gone, len(self.ids))

    @cached_property
    def _is_over(self) -> NDArray[np.bool_]:
        return _marked(self.over, len(self.ids))


def located(parts: Sequence[Part], ids: Iterable[int]) -> list[tuple[Rows, Rows]]:
    """For each part the places of those of `ids` that are in it, and their rows. Raises KeyError for an id of none."""
    wanted = np.fromiter(ids, np.int64)
    found = []
    for part in parts:
        rows = part.rows_of(wanted)
        places = np.flatnonzero(rows >= 0)
        found.append((places, rows[places]))
    if sum(len(places) for places, _ in found) != len(wanted):
        raise KeyError("not all of these records are in the index")
    return found


def _marked(rows: Rows, count: int) -> NDArray[np.bool_]:
    marks = np.zeros(count, np.bool_)
    marks[rows] = True
    return marks
