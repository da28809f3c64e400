"""Metrics of a ranking against graded judgements (评测指标), as trec_eval defines them.

A ranking is a list of document ids, best first; judgements map document ids to grades, 0 or absent meaning not relevant.
Every metric is 0 for a query without relevant documents; such queries are left out of the means by `summarise`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import log2

Ranking = Sequence[str]
Grades = Mapping[str, int]


def ndcg(ranking: Ranking, grades: Grades, k: int) -> float:
    """Normalised discounted cumulative gain at k with linear gain (Järvelin and Kekäläinen, TOIS 2002)."""
    gains = [grades.get(document, 0) for document in ranking[:k]]
    ideal = sorted(grades.values(), reverse=True)[:k]
    best = _discounted(ideal)
    return _discounted(gains) / best if best else 0.0


def _discounted(gains: Sequence[int]) -> float:
    return sum(max(gain, 0) / log2(rank + 1) for rank, gain in enumerate(gains, 1))


def recall(ranking: Ranking, grades: Grades, k: int) -> float:
    """Share of the relevant documents among the first k."""
    relevant = {document for document, grade in grades.items() if grade > 0}
    return len(relevant.intersection(ranking[:k])) / len(relevant) if relevant else 0.0


def hit(ranking: Ranking, grades: Grades, k: int) -> float:
    """1 if a relevant document is among the first k, else 0."""
    return float(any(grades.get(document, 0) > 0 for document in ranking[:k]))


def reciprocal_rank(ranking: Ranking, grades: Grades) -> float:
    """1 / rank of the first relevant document, 0 if there is none."""
    return next((1 / rank for rank, document in enumerate(ranking, 1) if grades.get(document, 0) > 0), 0.0)


METRICS: dict[str, Callable[[Ranking, Grades], float]] = {
    "ndcg@10": lambda ranking, grades: ndcg(ranking, grades, 10),
    "recall@1": lambda ranking, grades: recall(ranking, grades, 1),
    "recall@10": lambda ranking, grades: recall(ranking, grades, 10),
    "recall@100": lambda ranking, grades: recall(ranking, grades, 100),
    "hit@10": lambda ranking, grades: hit(ranking, grades, 10),
    "mrr": reciprocal_rank,
}


def summarise(run: Mapping[str, Ranking], judgements: Mapping[str, Grades]) -> dict[str, float]:
    """Mean of every metric over the queries that have a relevant document."""
    judged = [query for query, grades in judgements.items() if any(grade > 0 for grade in grades.values())]
    return {
        name: sum(metric(run.get(query, ()), judgements[query]) for query in judged) / max(len(judged), 1)
        for name, metric in METRICS.items()
    }
