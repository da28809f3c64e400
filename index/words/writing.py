"""Writes the postings of a collection, in memory that grows with the vocabulary alone."""

from __future__ import annotations

import json
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from index.arrays import Floats
from index.words import kernels as lexical_kernels
from index.words.bm25 import K1, B, length_norms, token_key
from index.words.known_tokens import KnownTokens

WAITING = 1 << 22
"""Numbers that wait in memory before they go into a file."""
GROUPED = 1 << 26
"""Postings that are grouped at a time."""

Gathered = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]


def write_index(
    folder: Path,
    token_lists: Iterable[Sequence[str] | int],
    known: KnownTokens | None = None,
    *,
    waiting: int = WAITING,
    grouped: int = GROUPED,
) -> int:
    """Write the index of documents, given as their tokens in the order of rows, into the new `folder`; returns their number.

    A number stands for a document of `known` with the same tokens. Memory grows with the vocabulary alone; until all documents are
    there the postings wait in files without a name in `folder`, as large as the index.
    """
    folder.mkdir()
    with TemporaryFile(dir=folder) as terms, TemporaryFile(dir=folder) as counts:
        postings = _Postings(_Spilled(terms, waiting), _Spilled(counts, waiting), known)
        for tokens in token_lists:
            if isinstance(tokens, int):
                postings.add_known(tokens)
            else:
                postings.add(tokens)
        postings.write(folder, grouped)
    documents = len(postings.lengths)
    (folder / "bm25.json").write_text(json.dumps({"documents": documents, "k1": K1, "b": B}), "utf-8")
    return documents


class _Vocabulary(dict[str, int]):
    """The numbers of tokens: those of the earlier index first, in the order of its keys."""

    def __init__(self, known: KnownTokens | None) -> None:
        self._known = known.keys if known else np.empty(0, np.uint64)
        self._added: list[np.uint64] = []

    def __missing__(self, token: str) -> int:
        key = token_key(token)
        number = int(np.searchsorted(self._known, key)) if len(self._known) else 0
        if number == len(self._known) or self._known[number] != key:
            number = len(self._known) + len(self._added)
            self._added.append(key)
        self[token] = number
        return number

    @property
    def keys_by_number(self) -> NDArray[np.uint64]:
        """The keys of all tokens by their numbers."""
        return np.concatenate([self._known, np.array(self._added, np.uint64)])


class _Postings:
    """The postings while they are gathered, document by document, and grouped by token."""

    def __init__(self, terms: _Spilled, counts: _Spilled, known: KnownTokens | None) -> None:
        self._known, self._vocabulary = known, _Vocabulary(known)
        self._terms, self._counts = terms, counts
        self._distinct = array("i")
        self.lengths = array("i")

    def add(self, tokens: Sequence[str]) -> None:
        counts = Counter(tokens)
        self._terms.extend(map(self._vocabulary.__getitem__, counts))
        self._counts.extend(counts.values())
        self.lengths.append(len(tokens))
        self._distinct.append(len(counts))

    def add_known(self, document: int) -> None:
        if self._known is None:
            raise ValueError("there is no earlier index")
        span = slice(int(self._known.starts[document]), int(self._known.starts[document + 1]))
        self._terms.append(self._known.terms[span])
        self._counts.append(self._known.counts[span])
        self.lengths.append(int(self._known.lengths[document]))
        self._distinct.append(span.stop - span.start)

    def write(self, folder: Path, grouped: int) -> None:
        """Write the arrays of the index: postings by token in the order of keys, rows ascending in each group."""
        keys = self._vocabulary.keys_by_number
        order = np.argsort(keys)
        places = np.empty(len(keys), np.int32)
        places[order] = np.arange(len(keys), dtype=np.int32)
        self._vocabulary.clear()
        terms, counts = self._terms.mapped(), self._counts.mapped()
        frequencies = np.zeros(len(keys), np.int64)
        lexical_kernels.count_postings(terms, places, frequencies)
        # Some tokens of an earlier index may no longer occur.
        left = frequencies > 0
        places = (np.cumsum(left, dtype=np.int32) - 1).astype(np.int32)[places]
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(frequencies[left])])
        lengths = np.frombuffer(self.lengths, np.int32)
        for name, values in (("keys", keys[order][left]), ("offsets", offsets), ("lengths", lengths)):
            np.save(folder / f"{name}.npy", values)
        gathered = np.frombuffer(self._distinct, np.int32), terms, counts
        _group(folder, gathered, length_norms(lengths), places, offsets, grouped)


def _group(
    folder: Path,
    gathered: Gathered,
    norms: Floats,
    places: NDArray[np.int32],
    offsets: NDArray[np.int64],
    most: int,
) -> None:
    """Write the grouped postings, as many tokens at a time as have `most` of them, or one."""
    total, low = int(offsets[-1]), 0
    with (
        _array_file(folder / "rows.npy", np.int32, total) as rows_file,
        _array_file(folder / "weights.npy", np.float32, total) as weights_file,
    ):
        while low < len(offsets) - 1:
            high = max(int(np.searchsorted(offsets, offsets[low] + most, "right")) - 1, low + 1)
            heads = offsets[low:high] - offsets[low]
            size = int(offsets[high] - offsets[low])
            rows, weights = np.empty(size, np.int32), np.empty(size, np.float32)
            lexical_kernels.group_postings(gathered, norms, places, low, heads, (rows, weights))
            rows.tofile(rows_file)
            weights.tofile(weights_file)
            low = high


class _Spilled:
    """Integers that go into a file when `most` of them wait."""

    def __init__(self, file: BinaryIO, most: int) -> None:
        self._waiting = array("i")
        self._file, self._most = file, most

    def extend(self, values: Iterable[int]) -> None:
        self._waiting.extend(values)
        if len(self._waiting) >= self._most:
            self._spill()

    def append(self, values: NDArray[np.int32]) -> None:
        self._waiting.frombytes(values.tobytes())
        if len(self._waiting) >= self._most:
            self._spill()

    def mapped(self) -> NDArray[np.int32]:
        """All of them."""
        self._spill()
        if self._file.tell() == 0:  # nothing cannot be mapped
            return np.empty(0, np.int32)
        values: NDArray[np.int32] = np.memmap(self._file, np.int32, "r").view(np.ndarray)
        return values

    def _spill(self) -> None:
        self._waiting.tofile(self._file)
        self._file.flush()
        del self._waiting[:]


@contextmanager
def _array_file(path: Path, kind: type[np.generic], length: int) -> Iterator[BinaryIO]:
    """A new .npy file for so many numbers, which are written one after another."""
    header = {"descr": np.dtype(kind).str, "fortran_order": False, "shape": (length,)}
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        yield file
