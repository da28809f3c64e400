"""Embeddings by content: what has been embedded once is never embedded again.

One folder for each model (its fingerprint) holds two files that only grow: the keys, sha256 of prompt kind and text, and
the vectors in the same order. Vectors reach the disk before their keys, so after a crash every key has its vector; a
torn tail is cut on opening. A killed build goes on where it stopped.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Self

import numpy as np

from catalog.kit.progress import Progress
from index.arrays import Vectors

Encode = Callable[[Sequence[str]], Vectors]

# Texts embedded before they are stored: what a kill can cost, against the padding that short batches cost.
_CHUNK_TEXTS = 1024
# Vectors handed over together: 100 MB of 384 dimensions.
_BLOCK_TEXTS = 65_536
_KEY_BYTES = 32


class EmbeddingStore:
    """The stored embeddings of one model. One process writes at a time (`reindex` holds a lock)."""

    def __init__(self, folder: Path, dimensions: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._dimensions = dimensions
        self._keys_file = (folder / "keys.bin").open("a+b")
        self._vectors_file = (folder / f"vectors-{dimensions}.f32").open("a+b")
        self._rows = self._recover()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._keys_file.close()
        self._vectors_file.close()

    def __len__(self) -> int:
        return len(self._rows)

    def blocks(
        self, kind: str, texts: Sequence[str], encode: Encode, progress: Progress | None = None
    ) -> tuple[Iterator[Vectors], int]:
        """The vectors of `texts` under the prompt `kind`, block by block, and how many texts had to be embedded.

        The vectors of all texts need not fit into memory. `encode` is called with the distinct texts that are not
        stored yet, some at a time; `progress` with the number of these done and in all. Both are over when this returns.
        """
        keys = [sha256(f"{kind}\n{text}".encode("utf-8", "surrogatepass")).digest() for text in texts]
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._rows}
        new_keys = list(missing)
        for start in range(0, len(new_keys), _CHUNK_TEXTS):
            chunk = new_keys[start : start + _CHUNK_TEXTS]
            self._append(chunk, encode([missing[key] for key in chunk]))
            if progress:
                progress(start + len(chunk), len(new_keys))
        starts = range(0, len(keys), _BLOCK_TEXTS)
        return (self._gather(keys[start : start + _BLOCK_TEXTS]) for start in starts), len(new_keys)

    def _recover(self) -> dict[bytes, int]:
        """Cut both files to the whole records that they share, and number the keys."""
        size = 4 * self._dimensions
        keys_size, vectors_size = (
            os.fstat(f.fileno()).st_size for f in (self._keys_file, self._vectors_file)
        )
        count = min(keys_size // _KEY_BYTES, vectors_size // size)
        self._keys_file.truncate(count * _KEY_BYTES)
        self._vectors_file.truncate(count * size)
        self._keys_file.seek(0)
        return {self._keys_file.read(_KEY_BYTES): row for row in range(count)}

    def _append(self, keys: list[bytes], vectors: Vectors) -> None:
        if vectors.shape != (len(keys), self._dimensions) or not np.isfinite(vectors).all():
            raise ValueError(f"the model gave {vectors.shape} for {len(keys)} texts, or NaN")
        _write_through(self._vectors_file, np.ascontiguousarray(vectors, np.float32).tobytes())
        _write_through(self._keys_file, b"".join(keys))
        self._rows.update(zip(keys, range(len(self._rows), len(self._rows) + len(keys)), strict=True))

    def _gather(self, keys: list[bytes]) -> Vectors:
        stored = np.memmap(self._vectors_file, np.float32, "r", shape=(len(self._rows), self._dimensions))
        gathered: Vectors = stored[[self._rows[key] for key in keys]]
        return gathered


def _write_through(file: BinaryIO, content: bytes) -> None:
    file.write(content)
    file.flush()
    os.fsync(file.fileno())
