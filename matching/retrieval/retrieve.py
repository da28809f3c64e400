"""Retrieval (检索): candidates of both legs, dense and lexical, under the same filters, ranked by relevance.

Filters come first: `rows` are the only rows that either leg looks at, so a narrow filter never loses a match. Each leg
gives the exact best DEPTH; every candidate of either is scored in all parts, and raised or lowered by what the caller adds
(`matching.ranking.factors`), before the best are taken: the list is exact among the candidates.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.generations.collection import Collection
from index.generations.generation import Generation
from index.text import tokens
from index.vectors.exact import exact_products
from index.vectors.sentences import SentenceIndex
from index.words.postings import best_of
from matching.retrieval.relevance import MICRO, WEIGHTS, Amounts, Parts, Weights, parts, shifted

DEPTH = 200
"""Candidates of each leg."""

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]
Raise = Callable[[Rows], Amounts]
"""What is added to the relevance of rows, in millionths."""


@dataclass(frozen=True, slots=True)
class AskingNeed:
    """A need that asks: its shifted vector (dimensions,) and tokens, repeated as they stand."""

    vector: Floats
    tokens: list[str]

    @classmethod
    def of(
        cls, text: str, vector: Floats, mean: Floats, needs: int, weights: Weights = WEIGHTS
    ) -> AskingNeed:
        """The need written as `text`, embedded as `vector`, where so many open needs have that mean vector."""
        return cls(shifted(vector, mean, needs, weights), tokens(text))

    @classmethod
    def among(cls, text: str, vector: Floats, needs: Collection) -> AskingNeed:
        """The need written as `text`, embedded as `vector`, among the open `needs` of a generation."""
        return cls.of(text, vector, needs.mean, needs.settled)


@dataclass(frozen=True, slots=True)
class AskingPatent:
    """A patent that asks: its vector (dimensions,), its sentences and its tokens, repeated as they stand."""

    vector: Floats
    sentences: SentenceIndex
    tokens: list[str]

    @classmethod
    def of(cls, patents: Collection, row: int, text: str) -> AskingPatent:
        """The patent in `row` of a collection, with its text."""
        return cls(patents.vectors.vector(row), sentences_of(patents).document(row), tokens(text))


@dataclass(frozen=True, slots=True)
class Hit:
    """One row of the ranking. `document`, `sentence`, `lexical` are the parts of `relevance`, which add up to it exactly.

    `score`, by which rows are ranked, is the relevance with what was added to it. `place` is the number of the nearest
    sentence in the patent's text; `bm25` is not weighed; a rank is None below the leg's depth.
    """

    row: int
    id: int
    score: float
    relevance: float
    document: float
    sentence: float
    lexical: float
    bm25: float
    place: int
    dense_rank: int | None
    lexical_rank: int | None


@dataclass(frozen=True, slots=True)
class Candidates:
    """The rankings of both legs as row numbers, best first, and the BM25 of every document."""

    dense: Rows
    lexical: Rows
    bm25: Floats

    @property
    def rows(self) -> Rows:
        """All of them, ascending."""
        return np.union1d(self.dense, self.lexical)


def nearest(patents: Collection, need: AskingNeed, rows: Rows | None = None, depth: int = DEPTH) -> Rows:
    """The ranking of the dense leg: the `depth` best of `rows` (None: of all)."""
    _, dense = patents.vectors.search(need.vector[None, :], depth, rows)
    best: Rows = dense[0]
    return best


def candidates(
    patents: Collection,
    need: AskingNeed,
    rows: Rows | None = None,
    depth: int = DEPTH,
    bm25: Floats | None = None,
    dense: Rows | None = None,
) -> Candidates:
    """The `depth` best of `rows` (None: of all) in each leg.

    Where they are known `bm25` is that of all documents, `dense` what `nearest` says.
    """
    dense = nearest(patents, need, rows, depth) if dense is None else dense
    bm25 = patents.lexical.scores(need.tokens) if bm25 is None else bm25
    _, lexical = best_of(bm25, depth, rows)
    return Candidates(dense, lexical, bm25)


def retrieve(
    patents: Collection,
    need: AskingNeed,
    rows: Rows | None = None,
    top: int = 10,
    weights: Weights = WEIGHTS,
    bm25: Floats | None = None,
    raised: Raise | None = None,
    dense: Rows | None = None,
) -> list[Hit]:
    """The `top` patents with the best scores among `rows` (None: all), best first, ties by id.

    `bm25` and `dense`, of the depth max(DEPTH, `top`), as in `candidates`. `raised` adds to the relevance of every
    candidate before the best are taken.
    """
    found = candidates(patents, need, rows, max(DEPTH, top), bm25, dense)
    its = found.rows
    scored, places = scores_of_need(patents, need, its, found.bm25, weights)
    return _ranked(patents, found, its, scored, places, top, raised)


def scores_of_need(
    patents: Collection, need: AskingNeed, rows: Rows, bm25: Floats, weights: Weights = WEIGHTS
) -> tuple[Parts, NDArray[np.int32]]:
    """The parts of a need's scores of `rows`, and the nearest sentences' numbers; `bm25` is that of all documents."""
    pairs = np.zeros(len(rows), np.int64), rows
    sentence, places = sentences_of(patents).nearest(need.vector[None, :], pairs)
    document = patents.vectors.scores(need.vector, rows)
    return parts(document, sentence, bm25[rows], patents.lexical.mass(need.tokens), weights), places


def retrieve_needs(
    generation: Generation,
    patent: AskingPatent,
    rows: Rows | None = None,
    top: int = 10,
    weights: Weights = WEIGHTS,
    raised: Raise | None = None,
) -> list[Hit]:
    """The `top` needs with the best scores for a patent among `rows` (None: all), best first, ties by id.

    `raised` adds to the relevance as in `retrieve`.
    """
    needs, lexical = generation.needs, generation.patents.lexical
    depth = max(DEPTH, top)
    _, dense = needs.vectors.search(patent.vector[None, :], depth, rows)
    bm25 = lexical.asked_by(needs.lexical, patent.tokens)
    _, best = best_of(bm25, depth, rows)
    found = Candidates(dense[0], best, bm25)
    its = found.rows
    queries = shifted(needs.vectors.rows(its), needs.mean, needs.settled, weights)
    numbers = np.arange(len(its))
    sentence, places = patent.sentences.nearest(queries, (numbers, np.zeros(len(its), np.int64)))
    document = exact_products(queries, patent.vector)
    scored = parts(document, sentence, bm25[its], generation.need_masses[its], weights)
    return _ranked(needs, found, its, scored, places, top, raised)


def sentences_of(patents: Collection) -> SentenceIndex:
    """The sentences of a collection of patents. Raises ValueError for a collection of needs."""
    if patents.sentences is None:
        raise ValueError("a collection of needs cannot be searched as patents are")
    return patents.sentences


def _ranked(
    collection: Collection,
    found: Candidates,
    rows: Rows,
    scored: Parts,
    places: NDArray[np.int32],
    top: int,
    raised: Raise | None,
) -> list[Hit]:
    relevance = scored.total
    total = relevance + raised(rows) if raised else relevance
    order = np.lexsort((collection.ids[rows], -total))[:top]
    dense_rank = {int(row): rank for rank, row in enumerate(found.dense, 1)}
    lexical_rank = {int(row): rank for rank, row in enumerate(found.lexical, 1)}
    return [
        Hit(
            row=int(rows[n]),
            id=int(collection.ids[rows[n]]),
            score=int(total[n]) / MICRO,
            relevance=int(relevance[n]) / MICRO,
            document=int(scored.document[n]) / MICRO,
            sentence=int(scored.sentence[n]) / MICRO,
            lexical=int(scored.lexical[n]) / MICRO,
            bm25=float(found.bm25[rows[n]]),
            place=int(places[n]),
            dense_rank=dense_rank.get(int(rows[n])),
            lexical_rank=lexical_rank.get(int(rows[n])),
        )
        for n in order
    ]
