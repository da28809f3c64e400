"""Scoring of one query on each part of a side: BM25 sums and scores."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from index.arrays import Floats, Rows
from index.engine import AskingNeed, AskingPatent, PairScores, Statistics, less_mean
from index.generations.parts import Part
from index.vectors.exact import exact_products
from index.words.statistics import WordStatistics, mass


class Scorer(Protocol):
    """A need or a patent as a query."""

    def sums(self, part: Part) -> Floats:
        """BM25 of all rows of a part."""

    def scores(self, part: Part, rows: Rows, sums: Floats) -> PairScores:
        """The scores of some rows, given the result of `sums` for their part."""


class NeedScorer:
    """A need that searches patents."""

    def __init__(self, need: AskingNeed, words: WordStatistics) -> None:
        self._vector = need.vector
        self._keys, self._factors = words.query_weights(need.tokens)

    def sums(self, part: Part) -> Floats:
        """BM25 of all patents of a part."""
        return part.lexical.weighted(self._keys, self._factors)

    def scores(self, part: Part, rows: Rows, sums: Floats) -> PairScores:
        """The scores of some patents."""
        pairs = np.zeros(len(rows), np.int64), rows
        sentence, place = part.sentences.nearest(self._vector[None], pairs)
        document = part.vectors.scores(self._vector, rows)
        masses = np.full(len(rows), mass(self._factors))
        return PairScores(part.ids[rows], document, sentence, place, sums[rows], masses)


class PatentScorer:
    """A patent that searches needs; `words` are the statistics of the patents side, `needs` those of the needs side."""

    def __init__(self, patent: AskingPatent, words: WordStatistics, needs: Statistics) -> None:
        self._patent, self._words, self._mean = patent, words, needs.mean

    def sums(self, part: Part) -> Floats:
        """BM25 of the patent, with each need of a part as the query."""
        return part.lexical.as_queries(self._words, self._patent.tokens)

    def scores(self, part: Part, rows: Rows, sums: Floats) -> PairScores:
        """The scores of the patent for some needs."""
        needs = less_mean(part.vectors.rows(rows), self._mean, self._patent.share)
        pairs = np.arange(len(rows)), np.zeros(len(rows), np.int64)
        sentence, place = self._patent.sentences.nearest(needs, pairs)
        document = exact_products(needs, self._patent.vector)
        return PairScores(part.ids[rows], document, sentence, place, sums[rows], masses_of(part)[rows])


def masses_of(part: Part) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The mass (information content) of each need of a part. Raises ValueError for a part of patents."""
    if part.masses is None:
        raise ValueError("a part of patents cannot be asked as needs are")
    return part.masses.values
