"""Evaluation (评测) of the product's own retrieval on a collection in BEIR layout.

The folder holds corpus.jsonl (`_id`, `title`, `text`), queries.jsonl (`_id`, `text`) and qrels.tsv (or qrels/test.tsv)
with the columns query-id, corpus-id and score (grade). Documents are built into an ordinary collection and searched
through `matching.retrieve`: what is measured is what users get.
"""

from __future__ import annotations

import csv
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from catalog.errors import InvalidInput
from index.collection import Collection, Document
from index.columns import ColumnValues
from index.encoder import Encoder
from matching.fuse import reciprocal_rank_fusion
from matching.metrics import summarise
from matching.relevance import WEIGHTS, Weights
from matching.retrieve import Floats, Need, retrieve

RUN_DEPTH = 100
RUN_TAG = "patentdock"
FUSION_DEPTH = 500
Progress = Callable[[str, int, int], None]
Run = dict[str, list[str]]


@dataclass(frozen=True)
class Condition:
    """A way to rank that is measured: one leg alone, plain fusion of both (RRF), or relevance with these weights."""

    ranking: Literal["lexical", "dense", "rrf", "relevance"]
    weights: Weights = WEIGHTS


CONDITIONS = {
    "lexical": Condition("lexical"),
    "dense": Condition("dense"),
    "rrf": Condition("rrf"),
    "relevance": Condition("relevance"),
}
"""Both legs, their plain fusion, and what the product does."""


@dataclass(frozen=True)
class Benchmark:
    """A collection in BEIR layout: documents and queries by id, judgements as grades by query and document."""

    documents: dict[str, str]
    queries: dict[str, str]
    judgements: dict[str, dict[str, int]]


@dataclass(frozen=True)
class Evaluation:
    """Metrics by condition and name, and the rankings and scores they rest on."""

    metrics: dict[str, dict[str, float]]
    runs: dict[str, Run]
    scores: dict[str, dict[str, list[float]]]


def _objects(path: Path) -> Iterator[dict[str, str]]:
    if not path.is_file():
        raise InvalidInput(
            f"评测目录缺少文件 {path.name}", hint="需要 corpus.jsonl、queries.jsonl 和 qrels.tsv（BEIR 布局）"
        )
    with path.open(encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
                yield {"_id": str(record["_id"]), "text": record["text"], "title": record.get("title") or ""}
            except (ValueError, KeyError, TypeError) as error:
                raise InvalidInput(
                    f"{path.name} 第 {number} 行无法读取：{line.strip()[:80]}",
                    hint="每行应是含 _id 和 text 的 JSON 对象",
                ) from error


def _judgements(folder: Path) -> dict[str, dict[str, int]]:
    path = next((p for p in (folder / "qrels.tsv", folder / "qrels" / "test.tsv") if p.is_file()), None)
    if path is None:
        raise InvalidInput(
            "评测目录缺少文件 qrels.tsv", hint="三列：query-id、corpus-id、score，以制表符分隔"
        )
    judgements: dict[str, dict[str, int]] = {}
    with path.open(encoding="utf-8-sig", newline="") as lines:
        for number, row in enumerate(csv.reader(lines, delimiter="\t"), 1):
            if number == 1 and row and row[-1].strip().lower() == "score":
                continue
            try:
                query, document, grade = (cell.strip() for cell in row)
                judgements.setdefault(query, {})[document] = int(grade)
            except ValueError as error:
                raise InvalidInput(
                    f"{path.name} 第 {number} 行无法读取：{row}",
                    hint="每行三列：query-id、corpus-id、整数等级",
                ) from error
    return judgements


def load(folder: Path) -> Benchmark:
    """Read a collection. Raises InvalidInput naming file and line of what cannot be read."""
    documents = {
        record["_id"]: "\n".join(part for part in (record["title"], record["text"]) if part)
        for record in _objects(folder / "corpus.jsonl")
    }
    queries = {record["_id"]: record["text"] for record in _objects(folder / "queries.jsonl")}
    judgements = {query: grades for query, grades in _judgements(folder).items() if query in queries}
    if not documents or not judgements:
        raise InvalidInput(
            "评测目录里没有可用的文档或判定", hint="请检查 corpus.jsonl 与 qrels.tsv 的编号是否对应"
        )
    return Benchmark(documents, queries, judgements)


def evaluate(
    folder: Path,
    encoder: Encoder,
    conditions: Mapping[str, Condition] = CONDITIONS,
    *,
    progress: Progress | None = None,
) -> Evaluation:
    """Search every judged query in every document and measure the rankings of all conditions."""
    return measure(load(folder), encoder, conditions, progress=progress)


def measure(
    benchmark: Benchmark,
    encoder: Encoder,
    conditions: Mapping[str, Condition] = CONDITIONS,
    *,
    progress: Progress | None = None,
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
        return _search_all(collection, benchmark, encoder, conditions, names, say)


def _search_all(
    collection: Collection,
    benchmark: Benchmark,
    encoder: Encoder,
    conditions: Mapping[str, Condition],
    names: list[str],
    say: Progress,
) -> Evaluation:
    runs: dict[str, Run] = {name: {} for name in conditions}
    scores: dict[str, dict[str, list[float]]] = {name: {} for name in conditions}
    vectors = encoder.encode_queries(list(benchmark.queries.values()))
    mean: Floats = vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
    by_query = dict(zip(benchmark.queries, vectors, strict=True))
    for number, query in enumerate(benchmark.judgements, 1):
        for name, condition in conditions.items():
            text, vector = benchmark.queries[query], by_query[query]
            need = Need.of(text, vector, mean, len(vectors), condition.weights)
            rows, its_scores = _rank(collection, condition, need, vector)
            runs[name][query] = [names[row] for row in rows[:RUN_DEPTH]]
            scores[name][query] = [float(score) for score in its_scores[:RUN_DEPTH]]
        say("检索", number, len(benchmark.judgements))
    metrics = {name: summarise(run, benchmark.judgements) for name, run in runs.items()}
    return Evaluation(metrics, runs, scores)


def _rank(
    collection: Collection, condition: Condition, need: Need, vector: Floats
) -> tuple[Sequence[int], Sequence[float]]:
    """Rows and scores, best first."""
    if condition.ranking == "relevance":
        hits = retrieve(collection, need, None, RUN_DEPTH, condition.weights)
        return [hit.row for hit in hits], [hit.score for hit in hits]
    lexical_scores, lexical = collection.lexical.search(need.tokens, FUSION_DEPTH)
    if condition.ranking == "lexical":
        return lexical.tolist(), lexical_scores.tolist()
    dense_scores, dense = collection.vectors.search(vector[None, :], FUSION_DEPTH)
    if condition.ranking == "dense":
        return dense[0].tolist(), dense_scores[0].tolist()
    rows, fused = reciprocal_rank_fusion([lexical, dense[0]])
    return rows.tolist(), fused.tolist()


def write_run(evaluation: Evaluation, path: Path, condition: str = "relevance") -> None:
    """Write the run of a condition in TREC form: query, Q0, document, rank, score, tag."""
    with path.open("w", encoding="utf-8") as out:
        for query, ranking in evaluation.runs[condition].items():
            its_scores = evaluation.scores[condition][query]
            for rank, (document, score) in enumerate(zip(ranking, its_scores, strict=True), 1):
                out.write(f"{query} Q0 {document} {rank} {score:.8f} {RUN_TAG}\n")
