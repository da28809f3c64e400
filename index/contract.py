"""What the index asks of an embedding model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


class Precision(Protocol):
    """The number format the model runs in and why."""

    @property
    def dtype(self) -> str:
        """Name of the format."""

    @property
    def reason(self) -> str:
        """A sentence in Chinese."""


class TextEncoder(Protocol):
    """What the build needs of a model; `index.model.encoder.Encoder` is one."""

    @property
    def name(self) -> str:
        """Name for users."""

    @property
    def dimensions(self) -> int:
        """Length of the vectors."""

    @property
    def fingerprint(self) -> str:
        """Changes with everything that changes the vectors."""

    @property
    def precision(self) -> Precision:
        """The number format it runs in."""

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors (n, dimensions) of needs."""

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors (n, dimensions) of patent texts."""
