"""The protocol of an embedding model, as the index uses it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from index.arrays import Vectors


@dataclass(frozen=True)
class Precision:
    """The number format of the model's weights, with the reason in Chinese for the manifest and `doctor`."""

    dtype: Literal["float32", "bfloat16"]
    reason: str


class TextEncoder(Protocol):
    """The part of a model that the build needs; `index.model.encoder.Encoder` is one."""

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
