"""BM25 (Robertson and Zaragoza, 2009) over the tokens of `index.text`, mapped from files.

A posting holds the saturated term frequency tf / (tf + k1 (1 - b + b length / mean length)); idf, with Lucene's
ln(1 + (N - df + 0.5) / (df + 0.5)), is applied at query time. A query is never truncated, and a token that occurs twice in it counts
twice (bench/query_cut.py measures the effect of both). Every document is scored: relevance needs the BM25 of all candidates
of the dense leg. Written by hand, not bm25s or tantivy: docs/adr/0004; bench/lexical.py compares the three.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.arrays import Floats, Rows
from index.mapped import mapped
from index.words import kernels as lexical_kernels
from index.words.bm25 import length_norm, mean_length
from index.words.statistics import Keys, WordStatistics, places

# Postings looked at together, of the 150 million of a million patents.
_BLOCK = 4_194_304
_ARRAYS = ("keys", "offsets", "rows", "weights", "lengths")


class LexicalIndex:
    """The postings of one collection. `documents` is their number.

    The postings of the token with `keys[t]`, ascending, are `rows` and `weights` from `offsets[t]` to `offsets[t + 1]`;
    `lengths` are the numbers of tokens of the documents.
    """

    def __init__(
        self, documents: int, arrays: dict[str, NDArray[Any]], mean_length: float | None = None
    ) -> None:
        """Documents weighed by the `mean_length` of others instead of their own, where that is given."""
        self.documents = documents
        self._given_mean = mean_length
        self.keys, self.offsets = arrays["keys"], arrays["offsets"]
        self.rows, self.weights = arrays["rows"], arrays["weights"]
        self.lengths = arrays["lengths"]

    @classmethod
    def open(cls, folder: Path) -> LexicalIndex:
        """Map the index in `folder`."""
        facts = json.loads((folder / "bm25.json").read_text("utf-8"))
        return cls(facts["documents"], {name: mapped(folder / f"{name}.npy") for name in _ARRAYS})

    @cached_property
    def statistics(self) -> WordStatistics:
        """The statistics of these documents alone."""
        return WordStatistics(self.documents, self.keys, self.offsets, self.mean_length)

    def scores(self, tokens: Sequence[str], rows: Rows | None = None) -> Floats:
        """BM25 of the query `tokens` for `rows`, in their order, or for all documents; 0 where none occurs."""
        sums = self.weighted(*self.statistics.query_weights(tokens))
        return sums if rows is None else sums[rows]

    def search(self, tokens: Sequence[str], k: int, rows: Rows | None = None) -> tuple[Floats, Rows]:
        """The best k documents by (-score, row), as scores and rows; fewer where fewer have a token of the query.

        `rows` (sorted, distinct) restricts the candidates; None means all. Exact. Raises ValueError for k below 1.
        """
        return best_of(self.scores(tokens), k, rows)

    def weighted(self, keys: Keys, factors: NDArray[np.float64]) -> Floats:
        """The postings of tokens with these ascending keys, each times its factor, added up for every document."""
        sums = np.zeros(self.documents, np.float32)
        lexical_kernels.add_scores(
            self._spans(keys), factors.astype(np.float32), self.rows, self.weights, sums
        )
        return sums

    def masses(self, words: WordStatistics) -> NDArray[np.float64]:
        """The `statistics.mass` of the tokens of each document, weighted by `words`."""
        masses = np.zeros(self.documents)
        postings = (self.offsets, self.rows, self.weights)
        lexical_kernels.add_masses(postings, self.norms, words.idf(self.keys), masses)
        return masses

    def as_queries(self, words: WordStatistics, tokens: Sequence[str]) -> Floats:
        """BM25 of one document, given by its `tokens`, for each document of this index as the query.

        What the index with the statistics `words` scores for these queries and that document, bit by bit.
        """
        keys, weights = words.posting_weights(tokens)
        at, known = places(self.keys, keys)
        # A later document may have tokens unknown to the statistics; these count as tokens of no document.
        idf = words.idf(keys[known])
        sums = np.zeros(self.documents, np.float32)
        postings = (self.offsets, self.rows, self.weights)
        lexical_kernels.add_as_queries(postings, self.norms, at[known], idf, weights[known], sums)
        return sums

    def only(self, rows: Rows) -> LexicalIndex:
        """The index of some documents, `rows` ascending, in memory, weighed as here."""
        place = np.full(self.documents, -1, np.int32)
        place[rows] = np.arange(len(rows), dtype=np.int32)
        kept = np.concatenate(
            [
                at + np.flatnonzero(place[self.rows[at : at + _BLOCK]] >= 0)
                for at in range(0, max(len(self.rows), 1), _BLOCK)
            ]
        )
        starts = np.searchsorted(kept, self.offsets)
        used = np.flatnonzero(np.diff(starts))
        arrays = {
            "keys": self.keys[used],
            "offsets": np.append(starts[used], len(kept)),
            "rows": place[self.rows[kept]],
            "weights": self.weights[kept],
            "lengths": self.lengths[rows],
        }
        return LexicalIndex(len(rows), arrays, self.mean_length)

    @cached_property
    def norms(self) -> Floats:
        """k1 (1 - b + b length / mean length) of the documents."""
        norms: Floats = length_norm(self.lengths.astype(np.float32), self.mean_length)
        return norms

    @cached_property
    def mean_length(self) -> float:
        """The mean number of tokens by which postings are weighed."""
        return mean_length(self.lengths) if self._given_mean is None else self._given_mean

    def _spans(self, keys: Keys) -> tuple[Rows, Rows]:
        """The places where the postings of each token start and stop; nowhere (0, 0) for a token of no document."""
        at, known = places(self.keys, keys)
        starts, stops = np.zeros(len(keys), np.int64), np.zeros(len(keys), np.int64)
        starts[known], stops[known] = self.offsets[at[known]], self.offsets[at[known] + 1]
        return starts, stops


def best_of(scores: Floats, k: int, rows: Rows | None = None) -> tuple[Floats, Rows]:
    """The best k positive of the `scores` of all documents by (-score, row), as scores and rows.

    `rows` (sorted, distinct) restricts the candidates; None means all. Raises ValueError for k below 1.
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, not {k}")
    candidates = scores if rows is None else scores[rows]
    best = lexical_kernels.best_places(candidates, k)
    return candidates[best], best if rows is None else rows[best]
