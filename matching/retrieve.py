"""Retrieval: both legs, dense and lexical, under the same filters, and their fusion.

Filters come first: `rows` are the only rows that either leg looks at, so a narrow filter never loses a match.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.collection import Collection
from index.lexical import best_of
from index.text import tokens
from matching.fuse import reciprocal_rank_fusion

DEPTH = 500


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for: unit vector of shape (dimensions,) and lexical tokens, repeated as they stand."""

    vector: NDArray[np.float32]
    tokens: list[str]

    @classmethod
    def of(cls, text: str, vector: NDArray[np.float32]) -> Query:
        """The query for a text that has been embedded."""
        return cls(vector, tokens(text))


@dataclass(frozen=True, slots=True)
class Hit:
    """One row of the fused ranking with what each leg says of it; a rank is None below the leg's depth."""

    row: int
    id: int
    score: float
    dense: float
    dense_rank: int | None
    lexical: float
    lexical_rank: int | None


@dataclass(frozen=True, slots=True)
class Legs:
    """The rankings of both legs as row numbers, best first, and the BM25 of every document."""

    dense: NDArray[np.int64]
    lexical: NDArray[np.int64]
    bm25: NDArray[np.float32]

    def fused(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Rows and scores of the fusion, best first; the lexical leg resolves its ties."""
        return reciprocal_rank_fusion([self.lexical, self.dense])


def legs(
    collection: Collection, query: Query, rows: NDArray[np.int64] | None = None, depth: int = DEPTH
) -> Legs:
    """Search both legs for the `depth` best of `rows` (None: of all)."""
    _, dense = collection.vectors.search(query.vector[None, :], depth, rows)
    bm25 = collection.lexical.scores(query.tokens)
    _, lexical = best_of(bm25, depth, rows)
    return Legs(dense[0], lexical, bm25)


def retrieve(
    collection: Collection, query: Query, rows: NDArray[np.int64] | None = None, top: int = 10
) -> list[Hit]:
    """The `top` best rows of the fused ranking among `rows` (None: all), best first, ties by id."""
    found = legs(collection, query, rows, max(DEPTH, top))
    fused, scores = found.fused()
    fused, scores = fused[:top], scores[:top]
    dense = collection.vectors.scores(query.vector, fused)
    lexical = found.bm25[fused]
    dense_rank = {int(row): rank for rank, row in enumerate(found.dense, 1)}
    lexical_rank = {int(row): rank for rank, row in enumerate(found.lexical, 1)}
    return [
        Hit(
            row=int(row),
            id=int(collection.ids[row]),
            score=float(scores[n]),
            dense=float(dense[n]),
            dense_rank=dense_rank.get(int(row)),
            lexical=float(lexical[n]),
            lexical_rank=lexical_rank.get(int(row)),
        )
        for n, row in enumerate(fused)
    ]
