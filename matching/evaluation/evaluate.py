"""Evaluation (评测) of the product's own retrieval on a collection with judgements.

Documents are built into an ordinary collection, once, and searched through `matching.retrieval.retrieve`: what is measured is what
users get.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from catalog.kit.progress import StepProgress
from index.arrays import Floats
from index.engine import AskingNeed, Engine, Filters
from index.generations.collection import Collection, Document
from index.generations.columns import ColumnValues
from index.generations.sides import patent_side
from index.model.encoder import Encoder
from matching.evaluation.benchmark import Benchmark
from matching.evaluation.fuse import reciprocal_rank_fusion
from matching.evaluation.metrics import summarise
from matching.need.cleaning import clean
from matching.retrieval.relevance import WEIGHTS, Weights
from matching.retrieval.retrieve import asking_need, retrieve

RUN_DEPTH = 100
RUN_TAG = "patentdock"
FUSION_DEPTH = 500
Run = dict[str, list[str]]
Ranking = Literal["lexical", "dense", "rrf", "relevance"]


@dataclass(frozen=True)
class Condition:
    """A way to rank that is measured: one leg alone, plain fusion of both (RRF), or relevance with these weights.

    With `cleaning` the needs are searched without what `matching.need.cleaning` leaves out.
    """

    ranking: Ranking
    weights: Weights = WEIGHTS
    cleaning: bool = False


CONDITIONS = {
    "lexical": Condition("lexical"),
    "dense": Condition("dense"),
    "rrf": Condition("rrf"),
    "relevance": Condition("relevance"),
}
"""Both legs, their plain fusion, and what the product does."""


@dataclass(frozen=True)
class Evaluation:
    """Metrics by condition and name, and the rankings and scores they rest on."""

    metrics: dict[str, dict[str, float]]
    runs: dict[str, Run]
    scores: dict[str, dict[str, list[float]]]


def measure(
    benchmark: Benchmark,
    encoder: Encoder,
    conditions: Mapping[str, Condition] = CONDITIONS,
    *,
    progress: StepProgress | None = None,
) -> Evaluation:
    """Search every judged query of a collection in every document and measure the rankings of all conditions."""
    names = list(benchmark.documents)
    say = progress or (lambda stage, done, total: None)

    def encode(texts: Sequence[str]) -> list[Floats]:
        return [encoder.encode_passages(texts, progress=lambda done, total: say("向量化", done, total))]

    with tempfile.TemporaryDirectory(prefix="patentdock-eval-") as work:
        documents = (
            Document(id=number, text=text, columns=ColumnValues())
            for number, text in enumerate(benchmark.documents.values())
        )
        collection = Collection.build(
            Path(work) / "collection", documents, encoder.dimensions, encode, encode
        )
        return _search_all(patent_side(collection), benchmark, encoder, conditions, names, say)


def _search_all(
    patents: Engine[AskingNeed],
    benchmark: Benchmark,
    encoder: Encoder,
    conditions: Mapping[str, Condition],
    names: list[str],
    say: StepProgress,
) -> Evaluation:
    runs: dict[str, Run] = {name: {} for name in conditions}
    scores: dict[str, dict[str, list[float]]] = {name: {} for name in conditions}
    queries = {
        cleaning: _Queries.of(benchmark, encoder, cleaning)
        for cleaning in {condition.cleaning for condition in conditions.values()}
    }
    for number, query in enumerate(benchmark.judgements, 1):
        for name, condition in conditions.items():
            need, vector = queries[condition.cleaning].need(query, condition.weights)
            ids, query_scores = _rank(patents, condition, need, vector)
            runs[name][query] = [names[id_] for id_ in ids[:RUN_DEPTH]]
            scores[name][query] = [float(score) for score in query_scores[:RUN_DEPTH]]
        say("检索", number, len(benchmark.judgements))
    metrics = {name: summarise(run, benchmark.judgements) for name, run in runs.items()}
    return Evaluation(metrics, runs, scores)


@dataclass(frozen=True)
class _Queries:
    """The needs of a collection as queries, cleaned or not, with their vectors."""

    texts: dict[str, str]
    vectors: dict[str, Floats]
    mean: Floats

    @classmethod
    def of(cls, benchmark: Benchmark, encoder: Encoder, cleaning: bool) -> _Queries:
        texts = {query: clean(text).text if cleaning else text for query, text in benchmark.queries.items()}
        vectors = encoder.encode_queries(list(texts.values()))
        mean: Floats = vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
        return cls(texts, dict(zip(texts, vectors, strict=True)), mean)

    def need(self, query: str, weights: Weights) -> tuple[AskingNeed, Floats]:
        vector = self.vectors[query]
        return asking_need(self.texts[query], vector, self.mean, len(self.texts), weights), vector


def _rank(
    patents: Engine[AskingNeed], condition: Condition, need: AskingNeed, vector: Floats
) -> tuple[Sequence[int], Sequence[float]]:
    """Ids and scores, best first."""
    if condition.ranking == "relevance":
        hits = retrieve(patents, need, Filters(), RUN_DEPTH, condition.weights)
        return [hit.id for hit in hits], [hit.score for hit in hits]
    found = patents.candidates(AskingNeed(vector, need.tokens), Filters(), FUSION_DEPTH)
    lexical, dense = _by_rank(found.lexical_rank), _by_rank(found.dense_rank)
    if condition.ranking == "lexical":
        return found.ids[lexical].tolist(), found.scores.bm25[lexical].tolist()
    if condition.ranking == "dense":
        return found.ids[dense].tolist(), found.cosine[dense].tolist()
    ids, fused = reciprocal_rank_fusion([found.ids[lexical], found.ids[dense]])
    return ids.tolist(), fused.tolist()


def _by_rank(ranks: NDArray[np.int32]) -> NDArray[np.int64]:
    """The places of what has a rank, best first."""
    return np.flatnonzero(ranks)[np.argsort(ranks[ranks > 0])]


def write_run(evaluation: Evaluation, path: Path, condition: str = "relevance") -> None:
    """Write the run of a condition in TREC form: query, Q0, document, rank, score, tag."""
    with path.open("w", encoding="utf-8") as out:
        for query, ranking in evaluation.runs[condition].items():
            scores = evaluation.scores[condition][query]
            for rank, (document, score) in enumerate(zip(ranking, scores, strict=True), 1):
                out.write(f"{query} Q0 {document} {rank} {score:.8f} {RUN_TAG}\n")
