"""The statistics of the words of a collection: all of its parts, and what is added to it, are weighed by them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.arrays import Floats, Rows
from index.words.bm25 import counted, length_norm, token_key

Keys = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class WordStatistics:
    """Document frequencies: the token `keys[t]`, ascending, occurs in `offsets[t + 1] - offsets[t]` of the `documents`.

    `mean_length` is the mean number of tokens of a document, by which postings are weighted.
    """

    documents: int
    keys: Keys
    offsets: Rows
    mean_length: float

    def idf(self, keys: Keys) -> NDArray[np.float64]:
        """The inverse document frequency of the tokens with these keys, greatest for a token of no document."""
        at, known = places(self.keys, keys)
        frequencies = np.zeros(len(keys), np.int64)
        frequencies[known] = self.offsets[at[known] + 1] - self.offsets[at[known]]
        return self.idf_of(frequencies)

    def idf_of(self, frequencies: Rows) -> NDArray[np.float64]:
        """The inverse document frequency of tokens that occur in so many documents."""
        idf: NDArray[np.float64] = np.log1p((self.documents - frequencies + 0.5) / (frequencies + 0.5))
        return idf

    def idfs(self, tokens: Sequence[str]) -> NDArray[np.float64]:
        """The inverse document frequency of each of these tokens."""
        return self.idf(np.array([token_key(token) for token in tokens], np.uint64))

    def query_weights(self, tokens: Sequence[str]) -> tuple[Keys, NDArray[np.float64]]:
        """The keys of the distinct tokens of a query, ascending, and idf times count of each."""
        # In the order of the keys, so that the same words in another order give the same sums.
        keys, counts = counted(tokens)
        return keys, self.idf(keys) * counts

    def posting_weights(self, tokens: Sequence[str]) -> tuple[Keys, Floats]:
        """The keys of a document's tokens, ascending, and what their postings weigh or would weigh."""
        keys, counts = counted(tokens)
        times = counts.astype(np.float32)
        norm = length_norm(np.float32(len(tokens)), self.mean_length)
        return keys, times / (times + norm)


def mass(factors: NDArray[np.float64]) -> float:
    """The sum of the weights of a query's tokens: the bound of its BM25, and a measure of its information content.

    One by one in the order of the keys, as `LexicalIndex.masses` does.
    """
    return float(np.cumsum(factors)[-1]) if len(factors) else 0.0


def places(among: Keys, keys: Keys) -> tuple[Rows, NDArray[np.bool_]]:
    """The places of some keys `among` others, which ascend, and which of them are there at all."""
    at = np.searchsorted(among, keys)
    known = np.zeros(len(keys), bool)
    inside = at < len(among)
    known[inside] = among[at[inside]] == keys[inside]
    return at, known
