"""Inner loops of the scan of byte rows, compiled by numba; they release the GIL.

Sums are truncated to int32 at the end, so that LLVM need not keep 64 bits: twice as fast.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from index.compiled import compiled


@compiled
def _product(codes: NDArray[np.int8], row: int, query: NDArray[np.int16]) -> np.int32:
    total = np.int32(0)
    for at in range(len(query)):
        total += np.int32(codes[row, at]) * np.int32(query[at])
    return np.int32(total)


@compiled
def products(codes: NDArray[np.int8], query: NDArray[np.int16], sums: NDArray[np.int32]) -> None:
    """The inner products of all rows (n, dimensions) with a query (dimensions,) into `sums` (n,)."""
    for row in range(len(codes)):
        sums[row] = _product(codes, row, query)


@compiled
def products_of(
    codes: NDArray[np.int8], query: NDArray[np.int16], rows: NDArray[np.int64], sums: NDArray[np.int32]
) -> None:
    """The inner products of some `rows` (m,) with a query (dimensions,) into `sums` (m,)."""
    for place in range(len(rows)):
        sums[place] = _product(codes, rows[place], query)
