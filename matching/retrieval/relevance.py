"""Relevance (相关度): one number for a need and a patent, the same in both directions.

    relevance = document * q·d + sentence * max over the patent's sentences s of q·s + lexical * BM25 / sqrt(mass)

d is the patent's vector and q the need's vector less `hub` times the mean vector of all open needs: what a patent has in
common with every need is no evidence for this one, and the subtraction removes hubs, patents near to everything. mass is
the sum of the idf of the need's words, so that the lexical part does not dominate for long needs. The weights were chosen on the
tuning halves of the collections in evaluation/; docs/evaluation.md has the figures.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from index.engine import PairScores

Amounts = NDArray[np.int64]

MICRO = 1_000_000
"""Parts of a score are whole millionths, so that they add up to it exactly in any order."""
# The mean of a handful of needs is hardly more than these needs: it counts for as much as there are beyond so many.
_FEW_NEEDS = 5


class Weights(BaseModel, frozen=True, extra="forbid"):
    """The weight of each part (各部分权重)."""

    document: float = Field(default=0.5, ge=0, description="与专利全文的语义相似度")
    sentence: float = Field(default=0.5, ge=0, description="与专利最相近一句的语义相似度")
    lexical: float = Field(default=0.015, ge=0, description="关键词匹配（BM25 除以需求信息量的平方根）")
    hub: float = Field(default=0.7, ge=0, le=1, description="扣除全部需求共有部分的比例")


WEIGHTS = Weights()


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of some scores, each times its weight, in millionths."""

    document: Amounts
    sentence: Amounts
    lexical: Amounts

    @property
    def total(self) -> Amounts:
        """The scores."""
        return self.document + self.sentence + self.lexical


def hub_share(needs: int, weights: Weights = WEIGHTS) -> float:
    """The share of the mean vector of that many open needs that is subtracted from the vector of each."""
    return weights.hub * needs / (needs + _FEW_NEEDS)


def parts(scores: PairScores, weights: Weights = WEIGHTS) -> Parts:
    """The parts of the relevance of pairs from what was measured of them."""
    known = np.sqrt(np.maximum(scores.mass, 1e-9))
    return Parts(
        _millionths(weights.document * scores.document.astype(np.float64)),
        _millionths(weights.sentence * scores.sentence.astype(np.float64)),
        _millionths(weights.lexical * scores.bm25.astype(np.float64) / known),
    )


def _millionths(amounts: NDArray[np.float64]) -> Amounts:
    return np.rint(amounts * MICRO).astype(np.int64)
