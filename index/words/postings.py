"""BM25 (Robertson and Zaragoza, 2009) over the tokens of `index.text`, mapped from files.

A posting holds the saturated term frequency tf / (tf + k1 (1 - b + b length / mean length)); idf, with Lucene's
ln(1 + (N - df + 0.5) / (df + 0.5)), is applied when asked. A query is never cut, and a token that stands twice in it counts
twice (bench/query_cut.py says what either is worth). Every document is scored: relevance asks for the BM25 of all candidates
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

from index.mapped import mapped
from index.words import kernels as lexical_kernels
from index.words.bm25 import Floats, counted, length_norm, mean_length, token_key

Rows = NDArray[np.int64]

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

    def idfs(self, tokens: Sequence[str]) -> NDArray[np.float64]:
        """How telling each token is: its inverse document frequency, greatest for a token of no document."""
        starts, stops = self._spans(np.array([token_key(token) for token in tokens], np.uint64))
        return self.idf_of(stops - starts)

    def scores(self, tokens: Sequence[str], rows: Rows | None = None) -> Floats:
        """BM25 of the query `tokens` for `rows`, in their order, or for all documents; 0 where none occurs."""
        sums = self.weighted(*self.query_weights(tokens))
        return sums if rows is None else sums[rows]

    def weighted(self, keys: NDArray[np.uint64], factors: NDArray[np.float64]) -> Floats:
        """The postings of tokens with these ascending keys, each times its factor, added up for every document."""
        spans = self._spans(keys)
        sums = np.zeros(self.documents, np.float32)
        lexical_kernels.add_scores(spans, factors.astype(np.float32), self.rows, self.weights, sums)
        return sums

    def search(self, tokens: Sequence[str], k: int, rows: Rows | None = None) -> tuple[Floats, Rows]:
        """The best k documents by (-score, row), as scores and rows; fewer where fewer have a token of the query.

        `rows` (sorted, distinct) restricts the candidates; None means all. Exact. Raises ValueError for k below 1.
        """
        return best_of(self.scores(tokens), k, rows)

    def mass(self, tokens: Sequence[str]) -> float:
        """The idf of all tokens of a query added up: what BM25 can come to, and a measure of how much the query says."""
        _, factors = self.query_weights(tokens)
        # Added one by one in the order of the keys, as `masses` does.
        return float(np.cumsum(factors)[-1]) if len(factors) else 0.0

    def masses(self, queries: LexicalIndex) -> NDArray[np.float64]:
        """What `mass` answers for the tokens of each document of `queries`."""
        places, known = self.places(queries.keys)
        frequencies = np.zeros(len(places), np.int64)
        frequencies[known] = np.diff(self.offsets)[places[known]]
        masses = np.zeros(queries.documents)
        postings = (queries.offsets, queries.rows, queries.weights)
        lexical_kernels.add_masses(postings, queries.norms, self.idf_of(frequencies), masses)
        return masses

    def asked_by(self, queries: LexicalIndex, tokens: Sequence[str]) -> Floats:
        """BM25 of one document, given by its `tokens`, for each document of `queries` as the query.

        What `scores` answers for these queries and the row of that document, bit by bit.
        """
        keys, weights = self.posting_weights(tokens)
        asked, known = queries.places(keys)
        # A document that came later may have tokens of its own, which count as those of no document do.
        starts, stops = self._spans(keys[known])
        idf = self.idf_of(stops - starts)
        sums = np.zeros(queries.documents, np.float32)
        postings = (queries.offsets, queries.rows, queries.weights)
        lexical_kernels.add_asked(postings, queries.norms, asked[known], idf, weights[known], sums)
        return sums

    def posting_weights(self, tokens: Sequence[str]) -> tuple[NDArray[np.uint64], Floats]:
        """The keys of a document's tokens, ascending, and what their postings weigh or would weigh here."""
        keys, counts = counted(tokens)
        times = counts.astype(np.float32)
        norm = length_norm(np.float32(len(tokens)), self.mean_length)
        return keys, times / (times + norm)

    @cached_property
    def norms(self) -> Floats:
        """k1 (1 - b + b length / mean length) of the documents."""
        norms: Floats = length_norm(self.lengths.astype(np.float32), self.mean_length)
        return norms

    @cached_property
    def mean_length(self) -> float:
        """The mean number of tokens by which postings are weighed."""
        return mean_length(self.lengths) if self._given_mean is None else self._given_mean

    def query_weights(self, tokens: Sequence[str]) -> tuple[NDArray[np.uint64], NDArray[np.float64]]:
        """The keys of the distinct tokens of a query, ascending, and idf times count of each."""
        # In the order of the keys, so that the same words in another order give the same sums.
        keys, counts = counted(tokens)
        starts, stops = self._spans(keys)
        return keys, self.idf_of(stops - starts) * counts

    def places(self, keys: NDArray[np.uint64]) -> tuple[Rows, NDArray[np.bool_]]:
        """The places in `self.keys` of some keys, and which of these are there at all."""
        places = np.searchsorted(self.keys, keys)
        known = np.zeros(len(keys), bool)
        inside = places < len(self.keys)
        known[inside] = self.keys[places[inside]] == keys[inside]
        return places, known

    def _spans(self, keys: NDArray[np.uint64]) -> tuple[Rows, Rows]:
        """Where the postings of each token start and stop; nowhere (0, 0) for a token of no document."""
        places, known = self.places(keys)
        starts, stops = np.zeros(len(keys), np.int64), np.zeros(len(keys), np.int64)
        starts[known], stops[known] = self.offsets[places[known]], self.offsets[places[known] + 1]
        return starts, stops

    def idf_of(self, frequencies: Rows) -> NDArray[np.float64]:
        """The inverse document frequency of tokens that stand in so many documents."""
        idf: NDArray[np.float64] = np.log1p((self.documents - frequencies + 0.5) / (frequencies + 0.5))
        return idf


def best_of(scores: Floats, k: int, rows: Rows | None = None) -> tuple[Floats, Rows]:
    """The best k positive of the `scores` of all documents by (-score, row), as scores and rows.

    `rows` (sorted, distinct) restricts the candidates; None means all. Raises ValueError for k below 1.
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, not {k}")
    candidates = scores if rows is None else scores[rows]
    best = lexical_kernels.best_places(candidates, k)
    return candidates[best], best if rows is None else rows[best]
