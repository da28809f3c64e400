"""Centring of the vectors of an index before they are rounded (`index.vectors.coarse`, `index.vectors.byte_rows`).

Their mean is subtracted, which moves all scores of a query alike: cosines of embeddings all lie between 0.8 and 0.95,
where a short number format has hardly any steps. What is left of a vector is split into its part along the mean, in which
queries are long, and the rest, in which they are short: so the rounding of the rest changes little.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from index.arrays import Floats

_BLOCK = 16_384


@dataclass(frozen=True, slots=True)
class Centring:
    """The mean that is subtracted, and the direction that is split off, both (dimensions,)."""

    mean: Floats
    along: Floats

    @classmethod
    def of(cls, vectors: Floats) -> Centring:
        """The centring of `vectors` (n, dimensions)."""
        total = np.zeros(vectors.shape[1])
        for at in range(0, len(vectors), _BLOCK):
            total += vectors[at : at + _BLOCK].sum(axis=0, dtype=np.float64)
        mean = (total / max(len(vectors), 1)).astype(np.float32)
        length = max(float(np.linalg.norm(mean.astype(np.float64))), 1e-30)
        return cls(mean, (mean / length).astype(np.float32))

    def split(self, vectors: Floats) -> tuple[Floats, Floats]:
        """The rest of each vector, and how long its part along the mean is."""
        part = vectors @ self.along
        return vectors - part[:, None] * self.along, part

    def blocks(self, vectors: Floats) -> Iterator[tuple[Floats, Floats, Floats]]:
        """The vectors without their mean, block by block, and their rests and parts."""
        for at in range(0, len(vectors), _BLOCK):
            centred = vectors[at : at + _BLOCK] - self.mean
            yield centred, *self.split(centred)
