"""The formulas of BM25 (Robertson and Zaragoza, 2009) that building and searching share, and the keys of tokens.

A posting holds the saturated term frequency tf / (tf + k1 (1 - b + b length / mean length)).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.arrays import Floats

K1, B = 1.2, 0.75  # the usual defaults; on real needs other values hardly matter


def length_norms(lengths: NDArray[np.int32]) -> Floats:
    """k1 (1 - b + b length / mean length) of each document: a posting weighs tf / (tf + norm)."""
    norms: Floats = length_norm(lengths.astype(np.float32), mean_length(lengths))
    return norms


def mean_length(lengths: NDArray[np.int32]) -> float:
    """The mean number of tokens, above zero."""
    return max(float(lengths.astype(np.float32).mean()) if len(lengths) else 0.0, 1e-9)


def length_norm(length: Any, mean: float) -> Any:
    """k1 (1 - b + b length / mean) of one length or an array of them, in single precision."""
    return np.asarray(K1 * (1 - B + B * length / mean)).astype(np.float32)


# A request uses the same tokens several times: score, mass, evidence.
@lru_cache(2**16)
def token_key(token: str) -> np.uint64:
    """The key of a token."""
    # Digests instead of the words: the vocabulary is mapped, not loaded. Among three million tokens, any two share one
    # with a probability of 2e-7, and then merely share their postings.
    return np.uint64(int.from_bytes(blake2b(token.encode(), digest_size=8).digest(), "little"))


def counted(tokens: Sequence[str]) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
    """The keys of the distinct tokens of a text, ascending, and the count of each."""
    counts = sorted((token_key(token), count) for token, count in Counter(tokens).items())
    return np.array([key for key, _ in counts], np.uint64), np.array([count for _, count in counts], np.int32)
