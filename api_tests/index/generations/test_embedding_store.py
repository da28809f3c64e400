from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from api_tests.index.small_catalogue import DIMENSIONS, HashEncoder
from index.generations.embedding_store import EmbeddingStore, Encode

TEXTS = ["隔膜", "极片", "隔膜", "电解液"]


def vectors_of(
    store: EmbeddingStore, kind: str, texts: Sequence[str], encode: Encode
) -> tuple[NDArray[np.float32], int]:
    blocks, embedded = store.blocks(kind, texts, encode)
    return np.concatenate([np.empty((0, DIMENSIONS), np.float32), *blocks]), embedded


def test_a_text_is_embedded_once_for_each_prompt(tmp_path: Path) -> None:
    encoder = HashEncoder()
    with EmbeddingStore(tmp_path, DIMENSIONS) as store:
        vectors, embedded = vectors_of(store, "passage", TEXTS, encoder.encode_passages)
        assert embedded == 3
        np.testing.assert_array_equal(vectors, HashEncoder().encode_passages(TEXTS))
    with EmbeddingStore(tmp_path, DIMENSIONS) as store:
        again, embedded = vectors_of(store, "passage", TEXTS[::-1], encoder.encode_passages)
        assert embedded == 0
        np.testing.assert_array_equal(again, vectors[::-1])
        assert vectors_of(store, "query", TEXTS, encoder.encode_queries)[1] == 3
        assert len(store) == 6


def test_no_texts(tmp_path: Path) -> None:
    with EmbeddingStore(tmp_path, DIMENSIONS) as store:
        vectors, embedded = vectors_of(store, "passage", [], HashEncoder().encode_passages)
    assert vectors.shape == (0, DIMENSIONS)
    assert embedded == 0


@pytest.mark.parametrize(("keys_left", "vectors_left"), [(2 * 32 + 5, None), (None, 2 * 4 * DIMENSIONS + 7)])
def test_a_torn_tail_is_cut_and_embedded_again(
    tmp_path: Path, keys_left: int | None, vectors_left: int | None
) -> None:
    with EmbeddingStore(tmp_path, DIMENSIONS) as store:
        expected, _ = vectors_of(store, "passage", TEXTS, HashEncoder().encode_passages)
    for name, left in (("keys.bin", keys_left), (f"vectors-{DIMENSIONS}.f32", vectors_left)):
        if left is not None:
            with (tmp_path / name).open("r+b") as file:
                file.truncate(left)
    with EmbeddingStore(tmp_path, DIMENSIONS) as store:
        assert len(store) == 2
        vectors, embedded = vectors_of(store, "passage", TEXTS, HashEncoder().encode_passages)
    assert embedded == 1
    np.testing.assert_array_equal(vectors, expected)


def test_what_was_embedded_before_a_failure_is_kept(tmp_path: Path) -> None:
    texts = [f"第{number}种" for number in range(3000)]
    encoder = HashEncoder()

    def fails_late(chunk: Sequence[str]) -> NDArray[np.float32]:
        if texts[-1] in chunk:
            raise RuntimeError("killed")
        return encoder.encode_passages(chunk)

    with EmbeddingStore(tmp_path, DIMENSIONS) as store, pytest.raises(RuntimeError):
        vectors_of(store, "passage", texts, fails_late)
    with EmbeddingStore(tmp_path, DIMENSIONS) as store:
        kept = len(store)
        assert kept == len(encoder.encoded) > 1000
        vectors, embedded = vectors_of(store, "passage", texts, encoder.encode_passages)
    assert embedded == 3000 - kept
    np.testing.assert_array_equal(vectors, HashEncoder().encode_passages(texts))


def test_a_vector_that_is_no_number_is_refused(tmp_path: Path) -> None:
    with (
        EmbeddingStore(tmp_path, DIMENSIONS) as store,
        pytest.raises(ValueError, match="NaN"),
    ):
        vectors_of(
            store, "passage", ["隔膜"], lambda texts: np.full((len(texts), DIMENSIONS), np.nan, np.float32)
        )
