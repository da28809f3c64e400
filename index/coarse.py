"""Coarse rows: the vectors of an index in a short number format, with proven bounds of what that may change.

Their mean is subtracted first, which moves all scores of a query alike: cosines of embeddings all lie between 0.8 and 0.95,
where bfloat16 has hardly any steps. What is left of a vector is split into its part along the mean, in which queries are
long, and the rest. The rest is rounded; the product of the parts is added in columns of its own, as sums of two coarse
numbers each. The bounds are those of the rounding that really happened.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import faiss
import numpy as np
import torch
from numpy.typing import NDArray

from index import pair_kernels
from index.exact import Floats, Rows, lengths
from index.pair_product import Product, coarse_product

_BLOCK = 16_384
# Products of the parts along the mean: upper by upper, lower by upper, upper by lower; padded for the matrix units.
_ROW_COLUMNS, _QUERY_COLUMNS, _COLUMNS = "ulu", "uul", 32
# The rows in a file begin here, behind the header of the FAISS index that they also are; pages begin at multiples of it.
_FIRST_BYTE = 4096
_STORED = coarse_product("索引版本中存有 bfloat16 向量")


@dataclass(frozen=True, slots=True)
class _Basis:
    """What is subtracted and split off, and the number format."""

    mean: Floats
    along: Floats
    product: Product

    @classmethod
    def of(cls, vectors: Floats, product: Product) -> _Basis:
        total = np.zeros(vectors.shape[1])
        for at in range(0, len(vectors), _BLOCK):
            total += vectors[at : at + _BLOCK].sum(axis=0, dtype=np.float64)
        mean = (total / max(len(vectors), 1)).astype(np.float32)
        length = max(float(np.linalg.norm(mean.astype(np.float64))), 1e-30)
        return cls(mean, (mean / length).astype(np.float32), product)

    def split(self, vectors: Floats) -> tuple[Floats, Floats]:
        """The rest of each vector, and how long its part along the mean is."""
        part = vectors @ self.along
        return vectors - part[:, None] * self.along, part

    def rounded(self, rest: Floats, part: Floats, columns: str) -> torch.Tensor:
        """Split vectors in the coarse format (n, dimensions + _COLUMNS)."""
        dimensions, parts = rest.shape[1], torch.from_numpy(part)
        coarse = torch.zeros((len(rest), dimensions + _COLUMNS), dtype=self.product.dtype)
        coarse[:, :dimensions] = torch.from_numpy(rest)
        upper = parts.to(self.product.dtype)
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
        self,
        basis: _Basis,
        rows: torch.Tensor,
        count: int,
        bounds: NDArray[np.float64],
        codes: faiss.IndexScalarQuantizer | None = None,
    ) -> None:
        self._basis, self._bounds, self._codes = basis, bounds, codes
        self.rows, self.count, self.product = rows, count, basis.product

    @classmethod
    def of(cls, vectors: Floats, product: Product) -> CoarseRows:
        """The coarse rows of `vectors` (n, dimensions), in memory."""
        basis = _Basis.of(vectors, product)
        rows = torch.zeros((_padded(len(vectors)), vectors.shape[1] + _COLUMNS), dtype=product.dtype)
        bounds, at = np.zeros(3), 0
        for block, its_bounds in _blocks(vectors, basis):
            rows[at : at + len(block)] = block
            bounds, at = np.maximum(bounds, its_bounds), at + len(block)
        return cls(basis, rows, len(vectors), bounds)

    @classmethod
    def write(cls, path: Path, vectors: Floats) -> None:
        """Write the coarse rows of `vectors` in bfloat16 beside `path`, block by block."""
        basis, bounds = _Basis.of(vectors, _STORED), np.zeros(3)
        columns = vectors.shape[1] + _COLUMNS
        rows, facts = _paths(path)
        with rows.open("wb") as file:
            file.write(_faiss_header(len(vectors), columns).rjust(_FIRST_BYTE, b"\0"))
            for block, its_bounds in _blocks(vectors, basis):
                file.write(block.view(torch.int16).numpy().data)
                bounds = np.maximum(bounds, its_bounds)
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
        with np.load(facts) as its:
            basis, bounds, its_count = (
                _Basis(its["mean"], its["along"], _STORED),
                its["bounds"],
                int(its["count"]),
            )
        shape = (_padded(count), dimensions + _COLUMNS)
        right_size = rows.stat().st_size == _FIRST_BYTE + shape[0] * shape[1] * 2
        if its_count != count or len(basis.mean) != dimensions or not right_size:
            raise ValueError(f"{rows.name} is not of {count} vectors of {dimensions} dimensions")
        # Copied on writing, which nobody does: torch takes no array that cannot be written.
        file = np.memmap(rows, np.uint8, "c").view(np.ndarray)
        bits = torch.from_numpy(file[_FIRST_BYTE:].view(np.int16).reshape(shape))
        return cls(basis, bits.view(torch.bfloat16), count, bounds, _faiss_index(file, count, shape[1]))

    def only(self, rows: Rows) -> CoarseRows:
        """A copy of some rows alone, numbered anew."""
        taken = torch.zeros((_padded(len(rows)), self.rows.shape[1]), dtype=self.rows.dtype)
        torch.index_select(self.rows, 0, torch.from_numpy(rows), out=taken[: len(rows)])
        return CoarseRows(self._basis, taken, len(rows), self._bounds)

    def asked(self, queries: Floats) -> tuple[torch.Tensor, Floats]:
        """Queries (n, dimensions) in the coarse format, and their margins.

        A margin is how far below the k-th best coarse score a row of the true best k, or tied with them, can be.
        """
        rest, part = self._basis.split(queries)
        coarse = self._basis.rounded(rest, part, _QUERY_COLUMNS)
        return coarse, self._margins(queries, rest, _errors(coarse, rest))

    def nearest(
        self, query: Floats, depth: int, bits: NDArray[np.uint8] | None
    ) -> tuple[Floats, Rows, float]:
        """The best `depth` coarse scores of one query (dimensions,), their rows, and its margin, by FAISS.

        The query is not rounded. `bits` are those of the rows it may have, None for all.
        """
        rest, part = self._basis.split(query[None])
        wide = np.zeros((1, self.rows.shape[1]), np.float32)
        wide[0, : len(query)] = rest
        wide[0, len(query) : len(query) + 2] = part  # by the upper and by the lower part of the row
        parameters = None
        if bits is not None:
            chosen = faiss.IDSelectorBitmap(len(bits), faiss.swig_ptr(bits))
            parameters = faiss.SearchParameters(sel=chosen)  # type: ignore[call-arg]
        if self._codes is None:
            raise ValueError("coarse rows in memory are no index of FAISS")
        scores, rows = self._codes.search(wide, depth, params=parameters)
        return scores[0], rows[0], float(self._margins(query[None], rest, np.zeros(1, np.float32))[0])

    def _margins(self, queries: Floats, rests: Floats, errors: Floats) -> Floats:
        centred, coarse_rest, error = self._bounds
        its = lengths(queries)
        bound = errors * coarse_rest + lengths(rests) * error
        # All sums in single precision (Higham, 2002, 3.1): of the splits, and of the product even where a unit cuts off
        # instead of rounding. The parts' products lack that of two lower numbers, each 2**-8 of its upper one.
        bound += its * centred * (queries.shape[1] * 2.0**-21 + 2.0**-15)
        # Scores are compared as rounded to single precision: rows so near are tied.
        margins: Floats = ((2 * bound + its * 2.0**-22) * 1.02).astype(np.float32)
        return margins

    def fits(self, vectors: Floats, rows: Rows) -> bool:
        """Whether the coarse rows of `rows` are within the bounds of those `vectors`, all of them in the order of `rows`."""
        centred = vectors - self._basis.mean
        rest, part = self._basis.split(centred)
        its, dimensions = self.rows[torch.from_numpy(rows)], vectors.shape[1]
        longest, coarse_rest, error = self._bounds
        upper, lower, again = (its[:, dimensions + at].float().numpy() for at in range(3))
        # The splits are sums in single precision, and may have been added up in another order when the rows were written.
        slack = longest * dimensions * 2.0**-22
        return bool(
            np.all(_errors(its, rest) <= error + slack)
            and np.all(lengths(its[:, :dimensions].float().numpy()) <= coarse_rest + slack)
            and np.all(np.abs(upper + lower - part) <= np.abs(part) * 2.0**-15 + slack)
            and np.array_equal(upper, again)
        )


def _blocks(vectors: Floats, basis: _Basis) -> Iterator[tuple[torch.Tensor, tuple[float, float, float]]]:
    """The coarse rows of each block of the vectors, and its bounds."""
    for at in range(0, len(vectors), _BLOCK):
        centred = vectors[at : at + _BLOCK] - basis.mean
        rest, part = basis.split(centred)
        coarse = basis.rounded(rest, part, _ROW_COLUMNS)
        error = float(_errors(coarse, rest).max())
        yield coarse, (float(lengths(centred).max()), float(lengths(rest).max()) + error, error)


def _padded(count: int) -> int:
    return -(-count // pair_kernels.WIDTH) * pair_kernels.WIDTH


def _paths(path: Path) -> tuple[Path, Path]:
    return path.with_suffix(".coarse"), path.with_suffix(".coarse.npz")


def _faiss_header(count: int, columns: int) -> bytes:
    """What FAISS writes in front of so many rows in bfloat16: the numbers of rows and of bytes are at 8 and in the last 8."""
    empty = faiss.IndexScalarQuantizer(columns, faiss.ScalarQuantizer.QT_bf16, faiss.METRIC_INNER_PRODUCT)
    header = faiss.serialize_index(empty).tobytes()
    return (
        header[:8] + count.to_bytes(8, "little") + header[16:-8] + (count * columns * 2).to_bytes(8, "little")
    )


def _faiss_index(file: NDArray[np.uint8], count: int, columns: int) -> faiss.IndexScalarQuantizer:
    """The index that the mapped file is. It holds neither a copy of the rows nor the mapping: who keeps it keeps these."""
    its = file[_FIRST_BYTE - len(_faiss_header(count, columns)) :]
    reader = faiss.ZeroCopyIOReader(faiss.swig_ptr(its), its.size)  # type: ignore[attr-defined]
    index = faiss.read_index(reader, faiss.IO_FLAG_MMAP_IFC)
    if not isinstance(index, faiss.IndexScalarQuantizer) or (index.ntotal, index.d) != (count, columns):
        raise ValueError("the coarse rows are no index of FAISS")
    return index
