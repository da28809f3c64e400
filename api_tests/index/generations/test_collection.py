"""Filters, vectors and words of a collection agree on rows: a narrow filter loses nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from api_tests.index.small_catalogue import HashEncoder
from index.engine import Filters
from index.generations.collection import Collection, Document, sentences_of
from index.generations.columns import ColumnValues

COUNT = 400


def document(number: int) -> Document:
    columns = ColumnValues(segments=(f"S{number % 20}",), regions=("420000", f"42{number % 17:02d}00"))
    return Document(id=number * 3 + 5, text=f"第{number}种冷却装置", columns=columns)


def built(
    folder: Path,
    documents: Iterable[Document],
    before: Collection | None = None,
    encoder: HashEncoder | None = None,
) -> Collection:
    encoder = encoder or HashEncoder()

    def encode(texts: Sequence[str]) -> list[NDArray[np.float32]]:
        return [encoder.encode_passages(texts)]

    return Collection.build(folder, documents, encoder.dimensions, encode, encode, before=before)


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Collection:
    folder = tmp_path_factory.mktemp("collection") / "patents"
    return built(folder, map(document, range(COUNT)))


def test_a_narrow_filter_returns_every_record_that_meets_it(collection: Collection) -> None:
    query = HashEncoder().encode_queries(["冷却"])
    for segment in range(20):
        rows = collection.columns.select(Filters(segment=[f"S{segment}"], region=["420300"]))
        expected = [n * 3 + 5 for n in range(COUNT) if n % 20 == segment and n % 17 == 3]
        _, dense = collection.vectors.search(query, COUNT, rows)
        _, lexical = collection.lexical.search(["冷却"], COUNT, rows)
        assert sorted(collection.ids[dense[0]].tolist()) == expected
        assert sorted(collection.ids[lexical].tolist()) == expected


def test_a_collection_may_be_empty(tmp_path: Path) -> None:
    empty = built(tmp_path / "empty", [])
    assert len(empty) == 0
    assert empty.vectors.search(HashEncoder().encode_queries(["冷却"]), 10)[1].shape == (1, 0)
    assert empty.lexical.search(["冷却"], 10)[1].tolist() == []
    assert empty.columns.select(Filters(open_licence=True)) is not None


def test_ids_must_ascend(tmp_path: Path) -> None:
    documents = [document(1), document(1)]
    with pytest.raises(ValueError, match="ascend"):
        built(tmp_path / "wrong", documents)


def test_every_document_needs_a_vector(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="1 vectors for 2"):
        Collection.build(
            tmp_path / "wrong", map(document, range(2)), 4, lambda _: [np.eye(1, 4, dtype=np.float32)]
        )


def test_sentences_and_mean_follow_the_texts(tmp_path: Path) -> None:
    texts = ["冷却装置。包括水泵；水泵变频", "……", "风扇"]
    collection = built(tmp_path / "some", [Document(n, text, ColumnValues()) for n, text in enumerate(texts)])
    assert collection.sentences is not None
    assert np.diff(collection.sentences.starts).tolist() == [3, 1, 1]
    queries = HashEncoder().encode_passages(["包括水泵；", "风扇"])
    scores, places = collection.sentences.nearest(queries, (np.array([0, 0, 1]), np.array([0, 2, 2])))
    assert (scores[[0, 2]] > 0.99).all()
    assert scores[1] < 0.9
    assert places.tolist() == [1, 0, 0]
    np.testing.assert_allclose(collection.mean, collection.vectors.vectors.mean(axis=0), atol=1e-6)


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


texts = st.lists(
    st.sampled_from(["冷却", "装置", "泵。", "\n", "A1 ", "冷冷冷冷", "0.5", "冷 " * 400]), max_size=8
).map("".join)


@settings(max_examples=60, deadline=None)
@given(earlier=st.dictionaries(st.integers(1, 12), texts), changes=st.dictionaries(st.integers(1, 12), texts))
def test_what_an_earlier_collection_knows_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, earlier: dict[int, str], changes: dict[int, str]
) -> None:
    # A text of the earlier collection stays, is another one, or is gone; others come.
    later = {key: text for key, text in (earlier | changes).items() if (key, text) != (3, "")}
    folder = tmp_path_factory.mktemp("collections")

    def documents(of: dict[int, str]) -> list[Document]:
        return [Document(key, of[key], ColumnValues()) for key in sorted(of)]

    before = built(folder / "before", documents(earlier))
    encoder = HashEncoder()
    built(folder / "upon it", documents(later), before, encoder)
    built(folder / "whole", documents(later))
    assert files_of(folder / "upon it") == files_of(folder / "whole")
    known = [text for key, text in later.items() if earlier.get(key) == text]
    anew = [text for key, text in later.items() if earlier.get(key) != text]
    assert len(encoder.encoded) == len(known) + sum(1 + len(sentences_of(text)) for text in anew)
