"""Byte rows: the vectors of an index in eight bits a number, with proven bounds of what that may change.

They are for a query that is scanned for alone, which takes as long as its rows take to come from memory. The rest of a vector
without its mean (`index.vectors.centring`) is divided by a step for each dimension, by which the query is multiplied instead;
products are sums of integers. The parts along the mean are kept in single precision beside them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.arrays import Floats, Rows
from index.vectors import byte_kernels
from index.vectors.centring import Centring
from index.vectors.exact import lengths

_LARGEST = 127
# Codes begin at a page, behind the parts.
_PAGE = 4096


@dataclass(frozen=True, slots=True)
class _Bounds:
    """The greatest length of a vector without its mean, of a row of codes, and of the error of a rest."""

    centred: float
    codes: float
    error: float


class ByteRows:
    """The byte rows of the vectors of an index: `codes` (n, dimensions) in `steps` (dimensions,), and `parts` (n,)."""

    def __init__(
        self, basis: Centring, steps: Floats, codes: NDArray[np.int8], parts: Floats, bounds: _Bounds
    ) -> None:
        self._basis, self._steps, self._codes = basis, steps, codes
        self._parts, self._bounds = parts, bounds

    @classmethod
    def write(cls, path: Path, vectors: Floats, basis: Centring) -> None:
        """Write the byte rows of `vectors` (n, dimensions) beside `path`, block by block."""
        steps = _steps(vectors, basis)
        rows, facts = _paths(path)
        bounds, at = np.zeros(3), 0
        parts = np.zeros(_first_byte(len(vectors)) // 4, np.float32)
        with rows.open("wb") as file:
            file.seek(parts.nbytes)
            for codes, block_parts, block_bounds in _blocks(vectors, basis, steps):
                file.write(codes.data)
                parts[at : at + len(codes)] = block_parts
                bounds, at = np.maximum(bounds, block_bounds), at + len(codes)
            file.seek(0)
            file.write(parts.data)
        np.savez(facts, mean=basis.mean, along=basis.along, steps=steps, bounds=bounds, count=len(vectors))

    @classmethod
    def open(cls, path: Path, count: int, dimensions: int) -> ByteRows | None:
        """Map the byte rows beside `path`; memory is shared between processes. None where there are none.

        Raises ValueError when they are not those of `count` vectors of so many `dimensions`.
        """
        rows, facts = _paths(path)
        if not (rows.exists() and facts.exists()):
            return None
        with np.load(facts) as npz:
            basis, steps, bounds = Centring(npz["mean"], npz["along"]), npz["steps"], _Bounds(*npz["bounds"])
            stored_count = int(npz["count"])
        first = _first_byte(count)
        right_size = rows.stat().st_size == first + count * dimensions
        if stored_count != count or len(steps) != dimensions or not right_size:
            raise ValueError(f"{rows.name} is not of {count} vectors of {dimensions} dimensions")
        file = np.memmap(rows, np.uint8, "r").view(np.ndarray)
        codes = file[first:].view(np.int8).reshape(count, dimensions)
        return cls(basis, steps, codes, file[:first].view(np.float32)[:count], bounds)

    def candidates(self, query: Floats, k: int, rows: Rows | None) -> Rows:
        """The rows among `rows` (None: among all), at least k, that may be of the best k for a query (dimensions,), or tied."""
        rest, part = (split[0] for split in self._basis.split(query[None]))
        scaled = rest.astype(np.float64) * self._steps
        # The sum of a row's products with such a query is within 32 bits.
        most = min(2**15 - 1, (2**31 - 1) // (_LARGEST * len(query)))
        step = max(float(np.abs(scaled).max()), 1e-30) / most
        rounded = np.rint(scaled / step)
        sums = np.empty(len(self._codes) if rows is None else len(rows), np.int32)
        if rows is None:
            byte_kernels.products(self._codes, rounded.astype(np.int16), sums)
        else:
            byte_kernels.products_of(self._codes, rounded.astype(np.int16), rows, sums)
        scores = (
            sums.astype(np.float32) * np.float32(step)
            + (self._parts if rows is None else self._parts[rows]) * part
        )
        rounding = float(np.linalg.norm(scaled - step * rounded)) * self._bounds.codes
        last = np.partition(scores, len(scores) - k)[len(scores) - k]
        found = np.flatnonzero(scores >= last - self._margin(query, rest, rounding))
        return found if rows is None else rows[found]

    def _margin(self, query: Floats, rest: Floats, rounding: float) -> np.float32:
        """The distance below the k-th best score at which a row of the true best k, or tied with them, can be."""
        length = float(np.linalg.norm(query))
        bound = float(np.linalg.norm(rest)) * self._bounds.error + rounding
        # All sums in single precision (Higham, 2002, 3.1): those of the splits, and of the products' two parts.
        bound += length * (self._bounds.centred + self._bounds.error) * len(query) * 2.0**-21
        # Scores are compared as rounded to single precision: rows so near are tied.
        return np.float32((2 * bound + length * 2.0**-22) * 1.02)

    def fits(self, vectors: Floats, rows: Rows) -> bool:
        """Whether the byte rows of `rows` are within the bounds of those `vectors`, all of them in the order of `rows`."""
        rest, part = self._basis.split(vectors - self._basis.mean)
        codes = self._codes[rows].astype(np.float32)
        # The splits are sums in single precision, and may have been added up in another order when the rows were written.
        slack = self._bounds.centred * vectors.shape[1] * 2.0**-22
        return bool(
            np.all(lengths(codes * self._steps - rest) <= self._bounds.error + slack)
            and np.all(lengths(codes) <= self._bounds.codes)
            and np.all(np.abs(self._parts[rows] - part) <= slack)
        )


def _steps(vectors: Floats, basis: Centring) -> Floats:
    """The step of each dimension: its greatest number is the largest code."""
    greatest = np.full(vectors.shape[1], 1e-30, np.float32)
    for _, rest, _ in basis.blocks(vectors):
        greatest = np.maximum(greatest, np.abs(rest).max(axis=0))
    steps: Floats = greatest / np.float32(_LARGEST)
    return steps


def _blocks(
    vectors: Floats, basis: Centring, steps: Floats
) -> Iterator[tuple[NDArray[np.int8], Floats, tuple[float, float, float]]]:
    """Codes and parts of each block of the vectors, and its bounds."""
    for centred, rest, part in basis.blocks(vectors):
        codes = np.clip(np.rint(rest / steps), -_LARGEST, _LARGEST)
        error = float(lengths(codes * steps - rest).max())
        # Lengths in single precision, which a reader may add up in another order.
        bounds = float(lengths(centred).max()), float(lengths(codes).max()) * (1 + 2.0**-12), error
        yield codes.astype(np.int8), part, bounds


def _first_byte(count: int) -> int:
    return -(-count * 4 // _PAGE) * _PAGE


def _paths(path: Path) -> tuple[Path, Path]:
    return path.with_suffix(".bytes"), path.with_suffix(".bytes.npz")
