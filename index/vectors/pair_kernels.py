"""Inner loops of the coarse scan, compiled by numba; they hold no lock of the interpreter.

Scores come as the integers whose bits are the floating-point numbers: int16 for bfloat16, int32 for float32. Positive
numbers are ordered like their bits, so that a block of them is passed over with a maximum of integers.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.compiled import compiled, kth_largest

WIDTH = 256
"""Scores that are passed over together. With 64, LLVM unrolls the loop and no longer makes vector instructions of it."""

# Candidates collected before the limit is raised again.
_ROOM = 32
# bfloat16 has 8 significant bits: two scores are each off by 2**-8 of themselves at the most, with a little to spare.
_ROUNDING = np.float32(2.0**-7 * 1.01)


@compiled
def _compact(
    bits: NDArray[np.int32],
    values: NDArray[np.float32],
    rows: NDArray[np.int32],
    count: int,
    k: int,
    margin: np.float32,
    is_rounded: bool,
) -> tuple[int, np.float32]:
    """Drop candidates that can no longer be among the best k; returns the number kept and the least score that still can be.

    The number is -1 where nothing could be dropped and there is no more room.
    """
    if count < k:
        return count, np.float32(-np.inf)
    last = kth_largest(values[:count].copy(), k)
    least = last - margin
    if is_rounded:
        least -= _ROUNDING * abs(last)
    kept = 0
    for at in range(count):
        if values[at] >= least:
            bits[kept] = bits[at]
            rows[kept] = rows[at]
            kept += 1
    return (-1 if kept == len(rows) else kept), least


@compiled
def _bound(bits: NDArray[np.int32], values: NDArray[np.float32], limit: np.float32, shift: int) -> int:
    """The least integer whose score may reach `limit`; of numbers below zero the order is not that of their bits."""
    if limit <= 0:
        return -(2**31)
    values[-1] = limit
    return int((np.int64(bits[-1]) + (1 << shift) - 1) >> shift)


@compiled
def _reaches(scores: NDArray[Any], bound: int, reaching: NDArray[np.uint8]) -> bool:
    """Whether any of WIDTH scores reaches the bound; if so, `reaching` is set to 1 for those that do, else 0."""
    best = scores[0]
    for at in range(WIDTH):
        best = max(best, scores[at])
    if best < bound:
        return False
    for at in range(WIDTH):
        reaching[at] = scores[at] >= bound
    return True


@compiled
def _collect_for_one(
    scores: NDArray[Any],
    first_row: int,
    stop_row: int,
    k: int,
    margin: np.float32,
    limit: np.float32,
    bits: NDArray[np.int32],
    values: NDArray[np.float32],
    rows: NDArray[np.int32],
    count: int,
    reaching: NDArray[np.uint8],
    allowed: NDArray[np.uint8],
) -> tuple[int, np.float32]:
    shift = 16 if scores.itemsize == 2 else 0
    bound = _bound(bits, values, limit, shift)
    full = min(len(rows), max(count, k) + max(_ROOM, k))
    eights = reaching.view(np.uint64)
    for block in range(len(scores)):
        if not _reaches(scores[block], bound, reaching):
            continue
        start = first_row + block * WIDTH
        for eight in range(WIDTH // 8):
            if eights[eight] == 0:
                continue
            for at in range(eight * 8, min(eight * 8 + 8, stop_row - start)):
                bits[count] = np.int32(scores[block, at]) << shift
                if reaching[at] == 0 or values[count] < limit:
                    continue
                row = start + at
                if len(allowed) and not (allowed[row >> 3] >> (row & 7)) & 1:
                    continue
                rows[count] = row
                count += 1
                if count == full:
                    count, limit = _compact(bits, values, rows, count, k, margin, shift == 16)
                    if count < 0:
                        return count, limit
                    bound = _bound(bits, values, limit, shift)
                    full = min(len(rows), max(count, k) + max(_ROOM, k))
    return count, limit


@compiled
def collect(
    scores: NDArray[Any],
    first_row: int,
    stop_row: int,
    wanted: NDArray[np.int32],
    margins: NDArray[np.float32],
    least: NDArray[np.float32],
    bits: NDArray[np.int32],
    values: NDArray[np.float32],
    rows: NDArray[np.int32],
    counts: NDArray[np.int32],
    allowed: NDArray[np.uint8],
    filters: NDArray[np.int32],
) -> None:
    """Gather the candidates for the best `wanted` of each query from one block of scores (queries, blocks, WIDTH).

    `least` is the score a candidate must reach. `bits` and `values` are the same memory (queries, capacity + 1): the last
    number of each row serves to read the bits of another. A count of -1 marks a query with too many candidates.
    Query q may have the rows whose bits `allowed[filters[q]]` holds (as `mark` sets them), or all where that is negative.
    """
    reaching, all_rows = np.empty(WIDTH, np.uint8), np.empty(0, np.uint8)
    for query in range(len(counts)):
        if counts[query] >= 0:
            counts[query], least[query] = _collect_for_one(
                scores[query],
                first_row,
                stop_row,
                wanted[query],
                margins[query],
                least[query],
                bits[query],
                values[query],
                rows[query],
                counts[query],
                reaching,
                allowed[filters[query]] if filters[query] >= 0 else all_rows,
            )


@compiled
def prune(
    wanted: NDArray[np.int32],
    margins: NDArray[np.float32],
    bits: NDArray[np.int32],
    values: NDArray[np.float32],
    rows: NDArray[np.int32],
    counts: NDArray[np.int32],
    is_rounded: bool,
) -> None:
    """Keep only candidates that can be among the best `wanted` of each query, after the last block."""
    for query in range(len(counts)):
        k = wanted[query]
        if counts[query] > k:
            counts[query] = _compact(
                bits[query], values[query], rows[query], counts[query], k, margins[query], is_rounded
            )[0]


@compiled
def mark(rows: NDArray[np.int64], bits: NDArray[np.uint8]) -> None:
    """Set the bit of each row, the lowest of a byte first."""
    for row in rows:
        bits[row >> 3] |= np.uint8(1 << (row & 7))


@partial(compiled, fastmath={"reassoc", "contract"})
def _dot(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    total = 0.0
    for at in range(len(first)):
        total += np.float64(first[at]) * np.float64(second[at])
    return total


@compiled
def rescore(
    queries: NDArray[np.float32],
    vectors: NDArray[np.float32],
    rows: NDArray[np.int64],
    counts: NDArray[np.int32],
    slack: NDArray[np.float64],
    scores: NDArray[np.float32],
    is_open: NDArray[np.bool_],
) -> None:
    """Score the first `counts[q]` of `rows[q]` in double precision and round them to `scores` (queries, rows).

    `is_open` marks a score whose rounding may depend on the order of the additions; `slack` is how far these can differ.
    """
    for query in range(len(counts)):
        for at in range(counts[query]):
            exact = _dot(vectors[rows[query, at]], queries[query])
            scores[query, at] = np.float32(exact)
            is_open[query, at] = np.float32(exact - slack[query]) != np.float32(exact + slack[query])
