"""Comparison of two rankings of the same queries (两种排序的比较): is the difference more than chance, and where is it?

The interval is that of the paired bootstrap: queries are drawn with replacement, each with both its values. Smucker, Allan
and Carterette (CIKM 2007) found it and the randomisation test to agree where other tests do not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt

import numpy as np
from pydantic import BaseModel

from matching.evaluation.benchmark import Benchmark
from matching.evaluation.metrics import METRICS, Ranking

SAMPLES = 10_000
SEED = 0
LEVEL = 0.95
Z = 1.959964
"""The quantile of the normal distribution for LEVEL."""
# Draws worked on at a time, so that a collection of thousands of queries needs little memory.
_BLOCK = 1000


class Interval(BaseModel, frozen=True):
    """A mean or a share and its 95 % interval; `low` and `high` are None where there are too few cases."""

    mean: float
    low: float | None
    high: float | None

    @property
    def beyond_chance(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


class QueryDifference(BaseModel, frozen=True):
    """One query in two rankings. Ranks are those of its relevant documents, highest grades first; None: not found."""

    query: str
    text: str
    first: float
    second: float
    difference: float
    first_ranks: list[int | None]
    second_ranks: list[int | None]


def values(
    run: Mapping[str, Ranking], benchmark: Benchmark, metric: str, queries: Sequence[str]
) -> dict[str, float]:
    """The metric of each of these queries."""
    measured = METRICS[metric]
    return {query: measured(run.get(query, ()), benchmark.judgements[query]) for query in queries}


def paired_bootstrap(first: Sequence[float], second: Sequence[float]) -> Interval:
    """The mean of first - second and where 95 % of SAMPLES resampled means lie; the same numbers at every call.

    Raises ValueError when the two are not of one length, or empty.
    """
    differences = np.asarray(first, np.float64) - np.asarray(second, np.float64)
    if len(first) != len(second) or not len(differences):
        raise ValueError(f"{len(first)} and {len(second)} values cannot be paired")
    mean, count = float(differences.mean()), len(differences)
    if count < 2:
        return Interval(mean=mean, low=None, high=None)
    random = np.random.default_rng(SEED)
    means = np.concatenate(
        [
            differences[random.integers(0, count, (_BLOCK, count))].mean(axis=1)
            for _ in range(SAMPLES // _BLOCK)
        ]
    )
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(mean=mean, low=float(low), high=float(high))


def wilson(hits: int, of: int) -> Interval:
    """A share of independent cases with its 95 % score interval (Wilson, 1927)."""
    if of == 0:
        return Interval(mean=0.0, low=None, high=None)
    share, square = hits / of, Z**2 / of
    middle, reach = share + square / 2, Z * sqrt((share * (1 - share) + square / 4) / of)
    return Interval(mean=share, low=(middle - reach) / (1 + square), high=(middle + reach) / (1 + square))


def by_query(
    first: Mapping[str, Ranking], second: Mapping[str, Ranking], benchmark: Benchmark, metric: str
) -> list[QueryDifference]:
    """Every query with relevant documents, compared in both rankings; the largest loss of `first` first."""
    queries = benchmark.answered
    ours, theirs = (values(run, benchmark, metric, queries) for run in (first, second))
    found = [
        QueryDifference(
            query=query,
            text=benchmark.queries[query],
            first=ours[query],
            second=theirs[query],
            difference=ours[query] - theirs[query],
            first_ranks=_ranks(first.get(query, ()), benchmark.judgements[query]),
            second_ranks=_ranks(second.get(query, ()), benchmark.judgements[query]),
        )
        for query in queries
    ]
    return sorted(found, key=lambda row: (row.difference, row.query))


def _ranks(ranking: Ranking, grades: Mapping[str, int]) -> list[int | None]:
    ranks = {document: rank for rank, document in enumerate(ranking, 1)}
    relevant = sorted((document for document, grade in grades.items() if grade > 0), key=lambda d: -grades[d])
    return [ranks.get(document) for document in relevant]
