"""Inner loops of the lexical leg of all pairs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from index.compiled import compiled, kth_largest

_LOW = np.uint64(2**32 - 1)


@compiled
def count_tokens(
    offsets: NDArray[np.int64],
    rows: NDArray[np.int32],
    target_of: NDArray[np.int64],
    first_row: int,
    place: NDArray[np.int32],
    starts: NDArray[np.int64],
) -> None:
    """Add up in `starts[p + 1]` how many tokens with a target the document with `place[row - first_row]` p has."""
    for token in range(len(target_of)):
        if target_of[token] < 0:
            continue
        its = rows[offsets[token] : offsets[token + 1]]
        for at in range(np.searchsorted(its, first_row), len(its)):
            if its[at] >= first_row + len(place):
                break
            if place[its[at] - first_row] >= 0:
                starts[place[its[at] - first_row] + 1] += 1


@compiled
def _term_frequency(weight: np.float32, norm: np.float32) -> int:
    """The count whose weight is tf / (tf + norm), as it was computed."""
    count = max(round(norm * weight / (np.float32(1) - weight)), 1)
    while np.float32(count) / (np.float32(count) + norm) < weight:
        count += 1
    while count > 1 and np.float32(count) / (np.float32(count) + norm) > weight:
        count -= 1
    return count


@compiled
def read_tokens(
    offsets: NDArray[np.int64],
    rows: NDArray[np.int32],
    target_of: NDArray[np.int64],
    first_row: int,
    place: NDArray[np.int32],
    weights: NDArray[np.float32],
    norms: NDArray[np.float32],
    ends: NDArray[np.int64],
    terms: NDArray[np.int32],
    counts: NDArray[np.int32],
) -> None:
    """Put tokens, as places among the targets' and in their order, and counts where each document's start (`ends`)."""
    for token in range(len(target_of)):
        if target_of[token] < 0:
            continue
        its = rows[offsets[token] : offsets[token + 1]]
        for at in range(np.searchsorted(its, first_row), len(its)):
            if its[at] >= first_row + len(place):
                break
            document = place[its[at] - first_row]
            if document >= 0:
                terms[ends[document]] = target_of[token]
                counts[ends[document]] = _term_frequency(weights[offsets[token] + at], norms[document])
                ends[document] += 1


@compiled
def _best(keys: NDArray[np.uint64], k: int) -> NDArray[np.uint64]:
    """The greatest k keys, the greatest first."""
    if len(keys) > k:
        cut = kth_largest(keys.copy(), k)
        keys = keys[keys >= cut]
    return np.sort(keys)[::-1]


@compiled
def search(
    starts: NDArray[np.int64],
    terms: NDArray[np.int32],
    counts: NDArray[np.int32],
    idf: NDArray[np.float64],
    postings: tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]],
    allowed: NDArray[np.bool_],
    scores: NDArray[np.float32],
    rows: NDArray[np.int32],
    found: NDArray[np.int32],
) -> None:
    """Write the best allowed documents of each query, by (-score, row), and how many these are."""
    offsets, documents, weights = postings
    sums = np.zeros(len(allowed), np.float32)
    bits = sums.view(np.uint32)
    touched = np.empty(len(allowed), np.int32)
    keys = np.empty(len(allowed), np.uint64)
    for query in range(len(found)):
        reached = 0
        for at in range(starts[query], starts[query + 1]):
            factor = np.float32(idf[terms[at]] * counts[at])
            for posting in range(offsets[terms[at]], offsets[terms[at] + 1]):
                document = documents[posting]
                if sums[document] == 0:
                    touched[reached] = document
                    reached += 1
                sums[document] += weights[posting] * factor
        candidates = 0
        for at in range(reached):
            document = touched[at]
            if allowed[document]:
                # The bits of positive numbers are ordered like these; of equal scores the lower row is the greater key.
                keys[candidates] = (np.uint64(bits[document]) << np.uint64(32)) | (_LOW - np.uint64(document))
                candidates += 1
        best = _best(keys[:candidates], scores.shape[1])
        found[query] = len(best)
        for at in range(len(best)):
            rows[query, at] = np.int32(_LOW - (best[at] & _LOW))
            scores[query, at] = sums[rows[query, at]]
        for at in range(reached):
            sums[touched[at]] = 0
