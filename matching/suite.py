"""Retrieval quality as a regression suite (检索质量回归): conditions in a file, each with the metrics it must reach.

In the manner of pyserini's reproductions: a condition is a way to rank, a collection is embedded once and ranked under all
of them, and one that falls more than its tolerance below what was measured before is a defect. Half of each collection's
needs (by the hash of their ids) served for tuning; what a comparison is worth shows on the other half.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from catalog.errors import InvalidInput
from index.encoder import Encoder
from matching.benchmark import Benchmark, half, known_items, load, part_of
from matching.compare import Interval, QueryDifference, by_query, paired_bootstrap, values
from matching.evaluate import Condition, Evaluation, Progress, Ranking, Run, measure
from matching.metrics import METRICS
from matching.relevance import Weights
from matching.rule_files import RuleFile, parse

Part = Literal["tuning", "test", "all"]
BASELINES = ("rrf", "relevance")
"""What every condition is compared with: plain fusion, and what the product does."""
_HINT = "请对照 evaluation/conditions.toml 修改"


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ConditionEntry(_Entry):
    """A condition of the file: its name for readers, how it ranks, and the weights that differ from the product's."""

    name: str = Field(min_length=1)
    ranking: Ranking
    weights: Weights = Weights()
    cleaning: bool = False

    @property
    def condition(self) -> Condition:
        """As it is measured."""
        return Condition(self.ranking, self.weights, self.cleaning)


class CollectionEntry(_Entry):
    """A collection of the file.

    `folder` is in BEIR layout, its documents come from `corpus` by title hash where that is given. Without a folder the
    records of `corpus` are known items, asked by their field `asked`. `every` above 1 takes a fixed part only. Where `corpus`
    is absent the collection is skipped.
    """

    name: str = Field(min_length=1)
    folder: Path | None = None
    corpus: Path | None = None
    asked: str | None = None
    every: int = Field(default=1, ge=1)
    metric: str = "ndcg@10"
    decisive: Part = "test"
    tolerance: float | None = Field(default=None, ge=0)
    expected: dict[str, dict[Part, float]] = {}

    @field_validator("metric")
    @classmethod
    def _known(cls, metric: str) -> str:
        if metric not in METRICS:
            raise ValueError(f"没有指标 {metric}，可用：{'、'.join(METRICS)}")
        return metric

    @model_validator(mode="after")
    def _readable(self) -> CollectionEntry:
        if self.folder is None and (self.corpus is None or self.asked is None):
            raise ValueError("需要 folder，或者 corpus 与 asked")
        return self

    def within(self, folder: Path) -> CollectionEntry:
        """With its paths seen from `folder`."""
        paths = {"folder": self.folder, "corpus": self.corpus}
        return self.model_copy(update={name: path and folder / path for name, path in paths.items()})

    def benchmark(self) -> Benchmark | None:
        """The collection itself, None where its records are absent. Raises InvalidInput."""
        if self.corpus and not self.corpus.is_file():
            return None
        if self.folder is not None:
            benchmark = load(self.folder, self.corpus)
        else:
            benchmark = known_items(self.corpus or Path(), self.asked or "")
        return part_of(benchmark, self.every) if self.every > 1 else benchmark


class Suite(_Entry):
    """What a file of conditions says."""

    tolerance: float = Field(ge=0)
    conditions: dict[str, ConditionEntry]
    collections: dict[str, CollectionEntry]

    @model_validator(mode="after")
    def _expected_of_known_conditions(self) -> Suite:
        missing = {*BASELINES} - {*self.conditions}
        if missing:
            raise ValueError(f"缺少作比较用的条件 {'、'.join(sorted(missing))}")
        for key, collection in self.collections.items():
            unknown = {*collection.expected} - {*self.conditions}
            if unknown:
                raise ValueError(f"评测集 {key} 的 expected 中没有名为 {'、'.join(sorted(unknown))} 的条件")
        return self

    def chosen(self, names: Sequence[str]) -> dict[str, CollectionEntry]:
        """The collections of these names, all for none. Raises InvalidInput."""
        unknown = [name for name in names if name not in self.collections]
        if unknown:
            raise InvalidInput(
                f"没有评测集 {'、'.join(unknown)}", hint=f"可用：{'、'.join(self.collections)}"
            )
        return {key: entry for key, entry in self.collections.items() if not names or key in names}

    def named(self, names: Sequence[str]) -> dict[str, Condition]:
        """The conditions of these names, all for none. Raises InvalidInput."""
        unknown = [name for name in names if name not in self.conditions]
        if unknown:
            raise InvalidInput(f"没有条件 {'、'.join(unknown)}", hint=f"可用：{'、'.join(self.conditions)}")
        return {key: entry.condition for key, entry in self.conditions.items() if not names or key in names}


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
    """One collection under all conditions; `skipped` says why it was not measured."""

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
        default=[], description="相关度与名次融合逐条比较，相关度输得最多的在前"
    )


class SuiteResult(BaseModel):
    """All collections, and the model they were measured with."""

    model: str
    precision: str
    collections: list[CollectionResult]

    @property
    def shortfalls(self) -> list[Shortfall]:
        """Those of all collections."""
        return [shortfall for collection in self.collections for shortfall in collection.shortfalls]


def read(path: Path) -> Suite:
    """The suite in a file, whose paths are seen from it. Raises InvalidInput naming the place that cannot be used."""
    if not path.is_file():
        raise InvalidInput(f"条件文件 {path} 不存在", hint="例如 evaluation/conditions.toml")
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"条件文件 {path} 不是 UTF-8 编码", hint="请另存为 UTF-8 文本") from error
    suite = parse(RuleFile(path.name, "", text), Suite, hint=_HINT)
    collections = {key: entry.within(path.parent) for key, entry in suite.collections.items()}
    return suite.model_copy(update={"collections": collections})


def run(
    suite: Suite, encoder: Encoder, names: Sequence[str] = (), *, progress: Progress | None = None
) -> SuiteResult:
    """Measure the collections of these names, all for none, under all conditions. Raises InvalidInput."""
    collections = [
        _measured(suite, key, entry, encoder, progress) for key, entry in suite.chosen(names).items()
    ]
    return SuiteResult(model=encoder.name, precision=encoder.precision.dtype, collections=collections)


def compare(
    suite: Suite, encoder: Encoder, name: str, pair: tuple[str, str], *, progress: Progress | None = None
) -> list[QueryDifference]:
    """Two conditions query by query on one collection, by its metric. Raises InvalidInput."""
    conditions, (entry,) = suite.named(pair), suite.chosen([name]).values()
    benchmark = entry.benchmark()
    if benchmark is None:
        raise InvalidInput(f"评测集 {name} 的数据不在本机：{entry.corpus}", hint="请换一个评测集")
    runs = measure(benchmark, encoder, conditions, progress=progress).runs
    return by_query(runs[pair[0]], runs[pair[1]], benchmark, entry.metric)


def _measured(
    suite: Suite, key: str, entry: CollectionEntry, encoder: Encoder, progress: Progress | None
) -> CollectionResult:
    head = CollectionResult(key=key, name=entry.name, metric=entry.metric, decisive=entry.decisive)
    benchmark = entry.benchmark()
    if benchmark is None:
        return head.model_copy(update={"skipped": f"{entry.corpus.name if entry.corpus else key} 不在本机"})
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
        part: {metric: sum(its[q] for q in queries) / len(queries) for metric, its in by_metric.items()}
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
