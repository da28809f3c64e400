"""Coarse rows: the vectors of an index in a short number format, with proven bounds of the rounding error.

They are for the matrix units, which multiply many queries with a row at once. The remainder of a vector without its mean
(`index.vectors.centring`) is rounded; the product of the parts along the mean is added in columns of its own, as sums of two coarse
numbers each. The bounds are those of the actual rounding.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from index.arrays import Floats, Rows
from index.vectors import pair_kernels
from index.vectors.centring import Centring
from index.vectors.exact import lengths
from index.vectors.pair_product import Product, coarse_product

# Products of the parts along the mean: upper by upper, lower by upper, upper by lower; padded for the matrix units.
_ROW_COLUMNS, _QUERY_COLUMNS, _COLUMNS = "ulu", "uul", 32
# The rows in a file begin at a page; in those of older generations the one before ends with a header.
_FIRST_BYTE = 4096
_STORED = coarse_product("索引版本中存有 bfloat16 向量")


def _rounded(rest: Floats, part: Floats, columns: str, dtype: torch.dtype) -> torch.Tensor:
    """Split vectors in the coarse format (n, dimensions + _COLUMNS)."""
    dimensions, parts = rest.shape[1], torch.from_numpy(part)
    coarse = torch.zeros((len(rest), dimensions + _COLUMNS), dtype=dtype)
    coarse[:, :dimensions] = torch.from_numpy(rest)
    upper = parts.to(dtype)
    values = {"u": upper, "l": parts - upper.float()}
    for at, column in enumerate(columns):
        coarse[:, dimensions + at] = values[column]
    return coarse


def _errors(coarse: torch.Tensor, rest: Floats) -> Floats:
    """The length of the error of each coarse rest."""
    return lengths((coarse[:, : rest.shape[1]].float() - torch.from_numpy(rest)).numpy())


class CoarseRows:
    """The coarse rows of `count` vectors, padded by zeros for the scan.

    `bounds` are the greatest length of a vector without the mean, of a coarse rest, and of an error of a rest.
    """

    def __init__(
        self, basis: Centring, product: Product, rows: torch.Tensor, count: int, bounds: NDArray[np.float64]
    ) -> None:
        self._basis, self._bounds = basis, bounds
        self.rows, self.count, self.product = rows, count, product

    @classmethod
    def of(cls, vectors: Floats, product: Product) -> CoarseRows:
        """The coarse rows of `vectors` (n, dimensions), in memory."""
        basis = Centring.of(vectors)
        rows = torch.zeros((_padded(len(vectors)), vectors.shape[1] + _COLUMNS), dtype=product.dtype)
        bounds, at = np.zeros(3), 0
        for block, block_bounds in _blocks(vectors, basis, product):
            rows[at : at + len(block)] = block
            bounds, at = np.maximum(bounds, block_bounds), at + len(block)
        return cls(basis, product, rows, len(vectors), bounds)

    @classmethod
    def write(cls, path: Path, vectors: Floats, basis: Centring) -> None:
        """Write the coarse rows of `vectors` in bfloat16 beside `path`, block by block."""
        bounds = np.zeros(3)
        columns = vectors.shape[1] + _COLUMNS
        rows, facts = _paths(path)
        with rows.open("wb") as file:
            file.seek(_FIRST_BYTE)
            for block, block_bounds in _blocks(vectors, basis, _STORED):
                file.write(block.view(torch.int16).numpy().data)
                bounds = np.maximum(bounds, block_bounds)
            file.write(bytes((_padded(len(vectors)) - len(vectors)) * columns * 2))
        np.savez(facts, mean=basis.mean, along=basis.along, bounds=bounds, count=len(vectors))

    @classmethod
    def open(cls, path: Path, count: int, dimensions: int) -> CoarseRows | None:
        """Map the coarse rows beside `path`; memory is shared between processes. None where there are none.

        Raises ValueError when they are not those of `count` vectors of so many `dimensions`.
        """
        rows, facts = _paths(path)
        if not (rows.exists() and facts.exists()):
            return None
        with np.load(facts) as npz:
            basis, bounds, stored_count = (
                Centring(npz["mean"], npz["along"]),
                npz["bounds"],
                int(npz["count"]),
            )
        shape = (_padded(count), dimensions + _COLUMNS)
        right_size = rows.stat().st_size == _FIRST_BYTE + shape[0] * shape[1] * 2
        if stored_count != count or len(basis.mean) != dimensions or not right_size:
            raise ValueError(f"{rows.name} is not of {count} vectors of {dimensions} dimensions")
        # Copy-on-write, never written: torch rejects read-only arrays.
        file = np.memmap(rows, np.uint8, "c").view(np.ndarray)
        bits = torch.from_numpy(file[_FIRST_BYTE:].view(np.int16).reshape(shape))
        return cls(basis, _STORED, bits.view(torch.bfloat16), count, bounds)

    def only(self, rows: Rows) -> CoarseRows:
        """A copy of some rows, renumbered."""
        taken = torch.zeros((_padded(len(rows)), self.rows.shape[1]), dtype=self.rows.dtype)
        torch.index_select(self.rows, 0, torch.from_numpy(rows), out=taken[: len(rows)])
        return CoarseRows(self._basis, self.product, taken, len(rows), self._bounds)

    def coarse_queries(self, queries: Floats) -> tuple[torch.Tensor, Floats]:
        """Queries (n, dimensions) in the coarse format, and their margins.

        A margin is how far below the k-th best coarse score a row of the true best k, or tied with them, can be.
        """
        rest, part = self._basis.split(queries)
        coarse = _rounded(rest, part, _QUERY_COLUMNS, self.product.dtype)
        return coarse, self._margins(queries, rest, _errors(coarse, rest))

    def _margins(self, queries: Floats, rests: Floats, errors: Floats) -> Floats:
        centred, coarse_rest, error = self._bounds
        query_lengths = lengths(queries)
        bound = errors * coarse_rest + lengths(rests) * error
        # All sums in single precision (Higham, 2002, 3.1): of the splits, and of the product even where a unit cuts off
        # instead of rounding. The parts' products lack that of two lower numbers, each 2**-8 of its upper one.
        bound += query_lengths * centred * (queries.shape[1] * 2.0**-21 + 2.0**-15)
        # Scores are compared as rounded to single precision: rows so near are tied.
        margins: Floats = ((2 * bound + query_lengths * 2.0**-22) * 1.02).astype(np.float32)
        return margins

    def fits(self, vectors: Floats, rows: Rows) -> bool:
        """Whether the coarse rows of `rows` are within the bounds of those `vectors`, all of them in the order of `rows`."""
        centred = vectors - self._basis.mean
        rest, part = self._basis.split(centred)
        coarse, dimensions = self.rows[torch.from_numpy(rows)], vectors.shape[1]
        longest, coarse_rest, error = self._bounds
        upper, lower, again = (coarse[:, dimensions + at].float().numpy() for at in range(3))
        # The splits are sums in single precision, and may have been added up in another order when the rows were written.
        slack = longest * dimensions * 2.0**-22
        return bool(
            np.all(_errors(coarse, rest) <= error + slack)
            and np.all(lengths(coarse[:, :dimensions].float().numpy()) <= coarse_rest + slack)
            and np.all(np.abs(upper + lower - part) <= np.abs(part) * 2.0**-15 + slack)
            and np.array_equal(upper, again)
        )


def _blocks(
    vectors: Floats, basis: Centring, product: Product
) -> Iterator[tuple[torch.Tensor, tuple[float, float, float]]]:
    """The coarse rows of each block of the vectors, and its bounds."""
    for centred, rest, part in basis.blocks(vectors):
        coarse = _rounded(rest, part, _ROW_COLUMNS, product.dtype)
        error = float(_errors(coarse, rest).max())
        yield coarse, (float(lengths(centred).max()), float(lengths(rest).max()) + error, error)


def _padded(count: int) -> int:
    return -(-count // pair_kernels.WIDTH) * pair_kernels.WIDTH


def _paths(path: Path) -> tuple[Path, Path]:
    return path.with_suffix(".coarse"), path.with_suffix(".coarse.npz")
