"""Evaluation in BEIR layout with the product's own retrieval, on invented documents."""

import json
from pathlib import Path

import pytest

from catalog.kit.errors import InvalidInput
from index.model.encoder import Encoder
from matching.evaluation.benchmark import load
from matching.evaluation.evaluate import measure, write_run

CORPUS = {
    "p1": "一种离心泵叶轮，叶片表面设置减阻涂层，降低汽蚀。",
    "p2": "一种锂离子电池负极材料的制备方法，硅碳复合，循环寿命长。",
    "p3": "一种茶叶杀青机，采用微波加热，温度均匀。",
    "p4": "一种离心泵叶轮，叶片表面设置减阻涂层，降低汽蚀。",
}
QUERIES = {"q1": "水泵叶片老是汽蚀", "q2": "电池负极循环寿命短"}
QRELS = {"q1": {"p1": 2, "p4": 2}, "q2": {"p2": 1}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "corpus.jsonl").write_text(
        "".join(json.dumps({"_id": key, "title": "", "text": text}) + "\n" for key, text in CORPUS.items())
    )
    (tmp_path / "queries.jsonl").write_text(
        "".join(json.dumps({"_id": key, "text": text}) + "\n" for key, text in QUERIES.items())
    )
    rows = [f"{q}\t{d}\t{grade}" for q, grades in QRELS.items() for d, grade in grades.items()]
    (tmp_path / "qrels.tsv").write_text("\n".join(["query-id\tcorpus-id\tscore", *rows]) + "\n")
    return tmp_path


def test_all_legs_are_measured_and_the_run_is_written(folder: Path, encoder: Encoder) -> None:
    evaluation = measure(load(folder), encoder)
    assert set(evaluation.metrics) == {"dense", "lexical", "rrf", "relevance"}
    assert evaluation.metrics["relevance"]["ndcg@10"] == pytest.approx(1.0)
    run = folder / "relevance.run"
    write_run(evaluation, run)
    lines = [line.split() for line in run.read_text().splitlines()]
    # Two documents with the same text are two results, the first one first.
    assert [line[2] for line in lines if line[0] == "q1"][:2] == ["p1", "p4"]
    assert lines[0] == ["q1", "Q0", "p1", "1", lines[0][4], "patentdock"]


def test_a_bad_line_is_named(folder: Path) -> None:
    (folder / "queries.jsonl").write_text('{"_id": "q1", "text": "水泵"}\n{"id": 3}\n')
    with pytest.raises(InvalidInput, match=r"queries\.jsonl 第 2 行"):
        load(folder)


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"corpus\.jsonl"):
        load(tmp_path)
