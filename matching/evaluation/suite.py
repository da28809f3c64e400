"""Retrieval quality as a regression suite (检索质量回归): conditions in a file, each with the metrics it must reach.

In the manner of pyserini's reproductions: a condition is a way to rank, a collection is embedded once and ranked under all
of them, and one that falls more than its tolerance below what was measured before is a defect. Half of each collection's
needs (by the hash of their ids) served for tuning; what a comparison is worth shows on the other half.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, Field

from catalog.kit.progress import StepProgress
from index.model.encoder import Encoder
from matching.evaluation.benchmark import Benchmark, half
from matching.evaluation.compare import Interval, QueryDifference, by_query, paired_bootstrap, values
from matching.evaluation.evaluate import Evaluation, Run, measure
from matching.evaluation.metrics import METRICS
from matching.evaluation.suite_file import BASELINES, CollectionEntry, Part, Suite


class ConditionResult(BaseModel):
    """One condition on one collection: metrics by part, and what it is above the baselines on the decisive part."""

    condition: str
    name: str
    metrics: dict[Part, dict[str, float]]
    expected: dict[Part, float]
    above: dict[str, Interval]


class Shortfall(BaseModel):
    """A metric that fell more than its tolerance below what is expected."""

    collection: str
    condition: str
    part: Part
    metric: str
    expected: float
    measured: float
    tolerance: float


class CollectionResult(BaseModel):
    """One collection under all conditions; `skipped` is the reason why it was not measured."""

    key: str
    name: str
    metric: str
    decisive: Part
    skipped: str | None = None
    documents: int = 0
    queries: dict[Part, int] = {}
    conditions: list[ConditionResult] = []
    shortfalls: list[Shortfall] = []
    differences: list[QueryDifference] = Field(
        default=[], description="相关度与综合排序逐条比较，相关度落后最多的在前"
    )


class SuiteResult(BaseModel):
    """All collections, and the model they were measured with."""

    model: str
    precision: str
    collections: list[CollectionResult]

    @property
    def shortfalls(self) -> list[Shortfall]:
        """The shortfalls of all collections."""
        return [shortfall for collection in self.collections for shortfall in collection.shortfalls]


def run(
    suite: Suite, encoder: Encoder, names: Sequence[str] = (), *, progress: StepProgress | None = None
) -> SuiteResult:
    """Measure the collections of these names, all for none, under all conditions. Raises InvalidInput."""
    collections = [
        _measured(suite, key, entry, encoder, progress) for key, entry in suite.chosen(names).items()
    ]
    return SuiteResult(model=encoder.name, precision=encoder.precision.dtype, collections=collections)


def compare(
    suite: Suite, encoder: Encoder, name: str, pair: tuple[str, str], *, progress: StepProgress | None = None
) -> list[QueryDifference]:
    """Two conditions query by query on one collection, by its metric. Raises InvalidInput."""
    conditions, (entry,) = suite.named(pair), suite.chosen([name]).values()
    benchmark = entry.benchmark()
    runs = measure(benchmark, encoder, conditions, progress=progress).runs
    return by_query(runs[pair[0]], runs[pair[1]], benchmark, entry.metric)


def _measured(
    suite: Suite, key: str, entry: CollectionEntry, encoder: Encoder, progress: StepProgress | None
) -> CollectionResult:
    head = CollectionResult(key=key, name=entry.name, metric=entry.metric, decisive=entry.decisive)
    if entry.absent:
        return head.model_copy(update={"skipped": entry.absent})
    benchmark = entry.benchmark()
    say = (lambda stage, done, total: progress(f"{entry.name} {stage}", done, total)) if progress else None
    evaluation = measure(benchmark, encoder, suite.named(()), progress=say)
    parts = _parts(benchmark)
    results = [
        ConditionResult(
            condition=name,
            name=condition.name,
            metrics=_metrics(evaluation.runs[name], benchmark, parts),
            expected=entry.expected.get(name, {}),
            above=_above(evaluation, name, benchmark, entry.metric, parts[entry.decisive]),
        )
        for name, condition in suite.conditions.items()
    ]
    return head.model_copy(
        update={
            "documents": len(benchmark.documents),
            "queries": {part: len(queries) for part, queries in parts.items()},
            "conditions": results,
            "shortfalls": _shortfalls(head, results, suite, entry),
            "differences": by_query(
                evaluation.runs["relevance"], evaluation.runs["rrf"], benchmark, entry.metric
            ),
        }
    )


def _parts(benchmark: Benchmark) -> dict[Part, list[str]]:
    answered = benchmark.answered
    return {
        "tuning": [query for query in answered if half(query) == "tuning"],
        "test": [query for query in answered if half(query) == "test"],
        "all": answered,
    }


def _metrics(
    run: Run, benchmark: Benchmark, parts: Mapping[Part, Sequence[str]]
) -> dict[Part, dict[str, float]]:
    by_metric = {metric: values(run, benchmark, metric, parts["all"]) for metric in METRICS}
    return {
        part: {metric: sum(scores[q] for q in queries) / len(queries) for metric, scores in by_metric.items()}
        for part, queries in parts.items()
        if queries
    }


def _above(
    evaluation: Evaluation, name: str, benchmark: Benchmark, metric: str, queries: Sequence[str]
) -> dict[str, Interval]:
    if not queries:
        return {}
    own = list(values(evaluation.runs[name], benchmark, metric, queries).values())
    return {
        baseline: paired_bootstrap(
            own, list(values(evaluation.runs[baseline], benchmark, metric, queries).values())
        )
        for baseline in BASELINES
        if baseline != name
    }


def _shortfalls(
    head: CollectionResult, results: Sequence[ConditionResult], suite: Suite, entry: CollectionEntry
) -> list[Shortfall]:
    tolerance = suite.tolerance if entry.tolerance is None else entry.tolerance
    return [
        Shortfall(
            collection=head.key,
            condition=result.condition,
            part=part,
            metric=entry.metric,
            expected=expected,
            measured=result.metrics[part][entry.metric],
            tolerance=tolerance,
        )
        for result in results
        for part, expected in result.expected.items()
        if part in result.metrics and result.metrics[part][entry.metric] < expected - tolerance
    ]
