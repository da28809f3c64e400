"""Inner loops of the lexical leg, of one query and of all pairs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from index.compiled import compiled, kth_largest

_LOW = np.uint64(2**32 - 1)
_ROOM = 4096


@compiled
def _key(bits: np.uint32, place: int) -> np.uint64:
    """The bits of positive numbers are ordered like these; of equal scores the lower place has the greater key."""
    return (np.uint64(bits) << np.uint64(32)) | (_LOW - np.uint64(place))


@compiled
def _best(keys: NDArray[np.uint64], k: int) -> NDArray[np.uint64]:
    """The greatest k keys, the greatest first."""
    if len(keys) > k:
        cut = kth_largest(keys.copy(), k)
        keys = keys[keys >= cut]
    return np.sort(keys)[::-1]


@compiled
def count_postings(
    terms: NDArray[np.int32], places: NDArray[np.int32], frequencies: NDArray[np.int64]
) -> None:
    """Count the occurrences of each term among `terms` in `frequencies[places[term]]`."""
    for term in terms:
        frequencies[places[term]] += 1


@compiled
def group_postings(
    gathered: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]],
    norms: NDArray[np.float32],
    places: NDArray[np.int32],
    low: int,
    heads: NDArray[np.int64],
    grouped: tuple[NDArray[np.int32], NDArray[np.float32]],
) -> None:
    """Write the rows and weights of the tokens with the places from `low` on, each from its head; heads move on.

    `gathered` holds how many distinct terms each document has, these document by document, and their counts.
    """
    distinct, terms, counts = gathered
    rows, weights = grouped
    at = 0
    for document in range(len(distinct)):
        for posting in range(at, at + distinct[document]):
            token = places[terms[posting]] - low
            if 0 <= token < len(heads):
                frequency = np.float32(counts[posting])
                rows[heads[token]] = document
                weights[heads[token]] = frequency / (frequency + norms[document])
                heads[token] += 1
        at += distinct[document]


@compiled
def add_scores(
    spans: tuple[NDArray[np.int64], NDArray[np.int64]],
    factors: NDArray[np.float32],
    rows: NDArray[np.int32],
    weights: NDArray[np.float32],
    sums: NDArray[np.float32],
) -> None:
    """Add the postings from `spans[0][t]` to `spans[1][t]`, times `factors[t]`, to the `sums` of their rows."""
    starts, stops = spans
    for token in range(len(factors)):
        factor = factors[token]
        for posting in range(starts[token], stops[token]):
            sums[rows[posting]] += weights[posting] * factor


@compiled
def best_places(scores: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """The places of the best k positive scores by (-score, place), in one pass.

    Of what may still be among the best, a multiple of k is kept; when that is full, the worse part goes and what follows must
    be better than its k-th: of equal scores the earlier place wins.
    """
    keys = np.empty(min(len(scores), 2 * k + _ROOM), np.uint64)
    bits = scores.view(np.uint32)
    count, cut = 0, np.float32(0)
    for at in range(len(scores)):
        if scores[at] > cut:
            if count == len(keys):
                kept = _best(keys, k)
                count = k
                keys[:k] = kept
                cut = scores[np.int64(_LOW - (kept[k - 1] & _LOW))]
                if scores[at] <= cut:
                    continue
            keys[count] = _key(bits[at], at)
            count += 1
    best = _best(keys[:count], k)
    return (_LOW - (best & _LOW)).astype(np.int64)


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
        documents = rows[offsets[token] : offsets[token + 1]]
        for at in range(np.searchsorted(documents, first_row), len(documents)):
            if documents[at] >= first_row + len(place):
                break
            if place[documents[at] - first_row] >= 0:
                starts[place[documents[at] - first_row] + 1] += 1


@compiled
def term_frequency(weight: np.float32, norm: np.float32) -> int:
    """The count whose weight is tf / (tf + norm), as it was computed."""
    count = max(round(norm * weight / (np.float32(1) - weight)), 1)
    while np.float32(count) / (np.float32(count) + norm) < weight:
        count += 1
    while count > 1 and np.float32(count) / (np.float32(count) + norm) > weight:
        count -= 1
    return count


@compiled
def add_masses(
    postings: tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]],
    norms: NDArray[np.float32],
    idf: NDArray[np.float64],
    masses: NDArray[np.float64],
) -> None:
    """Add to the mass of each document the idf of its tokens, each times its count."""
    offsets, rows, weights = postings
    for token in range(len(idf)):
        for posting in range(offsets[token], offsets[token + 1]):
            row = rows[posting]
            masses[row] += idf[token] * term_frequency(weights[posting], norms[row])


@compiled
def add_as_queries(
    postings: tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]],
    norms: NDArray[np.float32],
    tokens: NDArray[np.int64],
    idf: NDArray[np.float64],
    document: NDArray[np.float32],
    sums: NDArray[np.float32],
) -> None:
    """Add up BM25 of one document, whose `tokens` (places in the queries' index) weigh `document`, for each query."""
    offsets, rows, weights = postings
    for at in range(len(tokens)):
        for posting in range(offsets[tokens[at]], offsets[tokens[at] + 1]):
            row = rows[posting]
            factor = np.float32(idf[at] * term_frequency(weights[posting], norms[row]))
            sums[row] += document[at] * factor


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
    worth: NDArray[np.float32],
) -> None:
    """Put tokens, as places among the targets' and in their order, with counts and what their postings weigh, where each
    document's start (`ends`)."""
    for token in range(len(target_of)):
        if target_of[token] < 0:
            continue
        documents = rows[offsets[token] : offsets[token + 1]]
        for at in range(np.searchsorted(documents, first_row), len(documents)):
            if documents[at] >= first_row + len(place):
                break
            document = place[documents[at] - first_row]
            if document >= 0:
                terms[ends[document]] = target_of[token]
                worth[ends[document]] = weights[offsets[token] + at]
                counts[ends[document]] = term_frequency(worth[ends[document]], norms[document])
                ends[document] += 1


@compiled
def worth_as_query(
    postings: tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]],
    norms: NDArray[np.float32],
    idf: NDArray[np.float64],
    worth: NDArray[np.float32],
) -> None:
    """Write the weight of every posting in a query: idf times the count of the token."""
    offsets, rows, weights = postings
    for token in range(len(idf)):
        for posting in range(offsets[token], offsets[token + 1]):
            count = term_frequency(weights[posting], norms[rows[posting]])
            worth[posting] = np.float32(idf[token] * count)


@compiled
def search(
    tokens: tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]],
    postings: tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]],
    allowed: NDArray[np.bool_],
    best: tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.int32]],
    wanted: tuple[NDArray[np.int64], NDArray[np.float32]],
) -> None:
    """Write the best allowed documents of each query, by (-score, row), their number, and the requested scores."""
    starts, terms, factors = tokens
    offsets, documents, weights = postings
    scores, rows, found = best
    wanted_rows, wanted_scores = wanted
    sums = np.zeros(len(allowed), np.float32)
    bits = sums.view(np.uint32)
    touched = np.empty(len(allowed), np.int32)
    keys = np.empty(len(allowed), np.uint64)
    for query in range(len(found)):
        reached = 0
        for at in range(starts[query], starts[query + 1]):
            factor = factors[at]
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
                keys[candidates] = _key(bits[document], document)
                candidates += 1
        top = _best(keys[:candidates], scores.shape[1])
        found[query] = len(top)
        for at in range(len(top)):
            rows[query, at] = np.int32(_LOW - (top[at] & _LOW))
            scores[query, at] = sums[rows[query, at]]
        for at in range(wanted_rows.shape[1]):
            wanted_scores[query, at] = sums[wanted_rows[query, at]]
        for at in range(reached):
            sums[touched[at]] = 0
