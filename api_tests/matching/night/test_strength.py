"""Match strength: between 0 and 1, by the best need, whatever the scale of the model's cosines."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from index.generations.collection import Collection, Document
from index.generations.columns import ColumnValues
from index.generations.sides import patent_side
from matching.night.strength import match_strength

DIMENSIONS = 48


def unit(vectors: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    scaled: np.ndarray[Any, Any] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return scaled.astype(np.float32)


def side(path: Any, vectors: np.ndarray[Any, Any], first_id: int) -> Any:
    documents = (Document(first_id + n, "", ColumnValues()) for n in range(len(vectors)))
    return patent_side(Collection.build(path, documents, DIMENSIONS, lambda _: [vectors]))


@pytest.mark.parametrize("common", [0.0, 4.0])
def test_the_wanted_patent_is_strong_and_the_rest_are_not(tmp_path: Any, common: float) -> None:
    """`common` is a direction that all vectors share: it lifts all cosines, as in real models, and must not matter."""
    random = np.random.default_rng(7)
    raw = random.normal(size=(400, DIMENSIONS))
    wanted = raw[[3, 77]] + 0.3 * random.normal(size=(2, DIMENSIONS))
    shared = common * np.sqrt(DIMENSIONS) * np.eye(DIMENSIONS)[0]
    patents = side(tmp_path / "patents", unit(raw + shared), 1000)
    needs = side(tmp_path / "needs", unit(wanted + shared), 1)
    found = match_strength(SimpleNamespace(patents=patents, needs=needs))  # type: ignore[arg-type]
    assert set(found) == set(range(1000, 1400))
    assert {key for key, value in found.items() if value > 0.8} == {1003, 1077}
    assert np.median(list(found.values())) < 0.05
    assert all(0 <= value <= 1 for value in found.values())


def test_without_needs_or_with_few_patents_there_is_nothing_to_say(tmp_path: Any) -> None:
    vectors = unit(np.random.default_rng(1).normal(size=(40, DIMENSIONS)))
    many, few = side(tmp_path / "many", vectors, 1), side(tmp_path / "few", vectors[:5], 1)
    none = side(tmp_path / "none", vectors[:0], 1)
    assert match_strength(SimpleNamespace(patents=many, needs=none)) == {}  # type: ignore[arg-type]
    assert match_strength(SimpleNamespace(patents=few, needs=many)) == {}  # type: ignore[arg-type]
