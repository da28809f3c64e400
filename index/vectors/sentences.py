"""The sentences of the documents of a collection, as vectors in 8-bit codes, by document.

A document is as near to a query as its nearest sentence: one sentence of an abstract names the problem, the others the
parts. A code is the component divided by its vector's greatest one and rounded to 127 steps; of multilingual-e5-small the
cosines so change by 0.0006, a tenth of what lies between neighbours in a ranking, and a million patents need 4 GB instead
of 15. What is measured and shown is the score of the codes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.arrays import Floats, Rows
from index.compiled import compiled
from index.mapped import mapped

_STEPS = 127
_BLOCK = 65_536
_ARRAYS = ("codes", "scales", "starts")


class SentenceIndex:
    """The sentences of document r are those from `starts[r]` to `starts[r + 1]` of `codes` times `scales`."""

    def __init__(self, codes: NDArray[np.int8], scales: Floats, starts: Rows) -> None:
        self.codes, self.scales, self.starts = codes, scales, starts

    @classmethod
    def of(cls, vectors: Floats, counts: Sequence[int]) -> SentenceIndex:
        """The sentences of documents that have so many each, at least one, in memory."""
        return cls(*_codes(vectors), _starts(counts))

    @classmethod
    def write(
        cls,
        folder: Path,
        blocks: Iterable[Floats],
        counts: Sequence[int],
        dimensions: int,
        known: KnownSentences | None = None,
    ) -> None:
        """Write vectors, in blocks (n, dimensions), of documents that have `counts` sentences each, into a new `folder`.

        Documents that are `known` have no vectors in the blocks. Raises ValueError when a document has no sentence, or there are
        more or fewer vectors than sentences.
        """
        starts = _starts(counts)
        folder.mkdir()
        codes = np.lib.format.open_memmap(folder / "codes.npy", "w+", np.int8, (int(starts[-1]), dimensions))
        scales, done = np.zeros(len(codes), np.float32), 0
        places = known.copy(starts, codes, scales) if known else np.arange(len(codes))
        for block in blocks:
            block_places = places[done : done + len(block)]
            done += len(block)
            if done > len(places):
                break
            codes[block_places], scales[block_places] = _codes(block)
        if done != len(places):
            raise ValueError(f"{done} vectors for {len(places)} sentences")
        codes.flush()
        np.save(folder / "scales.npy", scales)
        np.save(folder / "starts.npy", starts)

    @classmethod
    def open(cls, folder: Path) -> SentenceIndex:
        """Map the sentences in `folder`."""
        return cls(*(mapped(folder / f"{name}.npy") for name in _ARRAYS))

    def __len__(self) -> int:
        """The number of documents."""
        return len(self.starts) - 1

    @property
    def vectors(self) -> Floats:
        """The decoded vectors, one row per sentence."""
        vectors: Floats = self.codes * self.scales[:, None]
        return vectors

    def document(self, row: int) -> SentenceIndex:
        """The sentences of one document alone."""
        span = slice(int(self.starts[row]), int(self.starts[row + 1]))
        return SentenceIndex(
            self.codes[span], self.scales[span], np.array([0, span.stop - span.start], np.int64)
        )

    def only(self, rows: Rows) -> SentenceIndex:
        """The sentences of some documents, in this order, in memory."""
        counts = np.diff(self.starts)[rows]
        starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
        places = np.arange(starts[-1]) + np.repeat(self.starts[rows] - starts[:-1], counts)
        return SentenceIndex(self.codes[places], self.scales[places], starts)

    def nearest(self, queries: Floats, pairs: tuple[Rows, Rows]) -> tuple[Floats, NDArray[np.int32]]:
        """The score of the nearest sentence, and its number in the document, for pairs of a query and a document.

        `queries` is (n, dimensions); `pairs` are the numbers of the queries and the rows of the documents.
        """
        numbers, rows = (np.ascontiguousarray(part, np.int64) for part in pairs)
        scores, places = np.empty(len(rows), np.float32), np.empty(len(rows), np.int32)
        vectors = np.ascontiguousarray(queries, np.float32)
        _nearest(vectors, self.codes, self.scales, self.starts, numbers, rows, scores, places)
        return scores, places


@dataclass(frozen=True, slots=True)
class KnownSentences:
    """Documents whose sentences an earlier index has: `rows` holds their rows there, -1 for a document it has not."""

    index: SentenceIndex
    rows: Rows

    def count(self, document: int) -> int:
        """The number of sentences of a known document."""
        row = self.rows[document]
        return int(self.index.starts[row + 1] - self.index.starts[row])

    def copy(self, starts: Rows, codes: NDArray[np.int8], scales: Floats) -> Rows:
        """Copy the sentences of all known documents to where each document `starts`; returns the places of the others."""
        counts = np.diff(starts)
        is_known = np.repeat(self.rows >= 0, counts)
        # How far a sentence of a document lies behind its place in the earlier index.
        shift = np.repeat(self.index.starts[self.rows] - starts[:-1], counts)
        places = np.flatnonzero(is_known)
        for at in range(0, len(places), _BLOCK):
            block_places = places[at : at + _BLOCK]
            source = block_places + shift[block_places]
            codes[block_places], scales[block_places] = self.index.codes[source], self.index.scales[source]
        return np.flatnonzero(~is_known)


def _starts(counts: Sequence[int]) -> Rows:
    if min(counts, default=1) < 1:
        raise ValueError("a document without a sentence")
    starts = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=starts[1:])
    return starts


def _codes(vectors: Floats) -> tuple[NDArray[np.int8], Floats]:
    scales: Floats = (np.abs(vectors).max(axis=1, initial=1e-30) / _STEPS).astype(np.float32)
    return np.rint(vectors / scales[:, None]).astype(np.int8), scales


@partial(compiled, fastmath={"reassoc", "contract"})
def _dot(codes: NDArray[np.int8], query: Floats) -> np.float32:
    total = np.float32(0)
    for at in range(len(query)):
        total += np.float32(codes[at]) * query[at]
    return total


@compiled
def _nearest(
    queries: Floats,
    codes: NDArray[np.int8],
    scales: Floats,
    starts: Rows,
    numbers: Rows,
    rows: Rows,
    scores: Floats,
    places: NDArray[np.int32],
) -> None:
    for pair in range(len(rows)):
        best, place = np.float32(-np.inf), 0
        first = starts[rows[pair]]
        for sentence in range(first, starts[rows[pair] + 1]):
            score = np.float32(_dot(codes[sentence], queries[numbers[pair]]) * scales[sentence])
            if score > best:
                best, place = score, sentence - first
        scores[pair], places[pair] = best, place
