"""Our metrics against reference values of ranx on random runs.

ranx compiles for minutes, so its values for the runs in ranx_reference.json were computed once (version named there).
"""

import json
from pathlib import Path

import pytest

from matching.evaluation.metrics import summarise

REFERENCE = json.loads((Path(__file__).parent / "ranx_reference.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", REFERENCE["expected"])
def test_metrics_agree_with_ranx(name: str) -> None:
    ours = summarise(REFERENCE["run"], REFERENCE["grades"])
    assert ours[name] == pytest.approx(REFERENCE["expected"][name], abs=1e-9)


def test_queries_without_relevant_documents_do_not_count() -> None:
    assert summarise({"a": ["x"], "b": ["y"]}, {"a": {"x": 1}, "b": {"y": 0}})["ndcg@10"] == 1.0
