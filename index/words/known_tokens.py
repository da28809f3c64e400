"""The tokens of the documents of an index that is there already, by document, so that they are not read from texts again."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryFile

import numpy as np
from numpy.typing import NDArray

from index.compiled import compiled
from index.words.kernels import term_frequency
from index.words.postings import LexicalIndex

# Near 1 a weight in single precision does not distinguish neighbouring counts.
_TELLING = 0.99


class KnownTokens:
    """Document r has the tokens `keys[terms[i]]`, each `counts[i]` times, for i from `starts[r]` to `starts[r + 1]`.

    Where `sure[r]` is False the counts are not certain. `terms` and `counts` lie in files without a name.
    """

    def __init__(self, index: LexicalIndex, folder: Path) -> None:
        """Turn the postings of `index` round; `folder` has room for as much again."""
        self.keys, self.lengths = index.keys, index.lengths
        self.starts = np.zeros(index.documents + 1, np.int64)
        self.sure = np.ones(index.documents, np.bool_)
        _count(index.rows, index.weights, self.starts, self.sure)
        np.cumsum(self.starts, out=self.starts)
        self.terms, self.counts = (_room(folder, int(self.starts[-1])) for _ in range(2))
        postings = index.offsets, index.rows, index.weights
        _turn_round(postings, index.norms, self.starts[:-1].copy(), self.terms, self.counts)


def _room(folder: Path, size: int) -> NDArray[np.int32]:
    if size == 0:  # nothing cannot be mapped
        return np.empty(0, np.int32)
    with TemporaryFile(dir=folder) as file:
        return np.memmap(file, np.int32, "w+", shape=(size,)).view(np.ndarray)


@compiled
def _count(
    rows: NDArray[np.int32], weights: NDArray[np.float32], starts: NDArray[np.int64], sure: NDArray[np.bool_]
) -> None:
    for posting in range(len(rows)):
        starts[rows[posting] + 1] += 1
        if weights[posting] > _TELLING:
            sure[rows[posting]] = False


@compiled
def _turn_round(
    postings: tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]],
    norms: NDArray[np.float32],
    ends: NDArray[np.int64],
    terms: NDArray[np.int32],
    counts: NDArray[np.int32],
) -> None:
    offsets, rows, weights = postings
    for token in range(len(offsets) - 1):
        for posting in range(offsets[token], offsets[token + 1]):
            row = rows[posting]
            terms[ends[row]] = token
            counts[ends[row]] = term_frequency(weights[posting], norms[row])
            ends[row] += 1
