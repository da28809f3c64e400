"""Re-ranking (重排): a cross-encoder reads the need together with the best patents, as many as a time budget allows.

    score = relevance + factors + weight * sigmoid(logit)

The part is never negative and only the best hits are read, from the first on: so patents that were not reached keep their
order, below all that were read. Given how many were read, the result never depends on time. It counts where a need asks for
patents, not the other way round nor at night, when nobody waits and every pair would have to be read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import exp
from time import perf_counter
from typing import Protocol

from pydantic import BaseModel, Field

from matching.retrieval.relevance import MICRO


class Reader(Protocol):
    """Judges a need and a text together."""

    @property
    def name(self) -> str:
        """What users know it by."""

    def logit(self, need: str, text: str) -> float:
        """How well the text answers the need, any real number."""


class RerankReport(BaseModel):
    """What the cross-encoder read for a request."""

    model: str = Field(description="交叉编码器")
    read: int = Field(description="读了前多少件；其余保持原来的次序，排在其后")
    wanted: int = Field(description="本应读多少件（设置 PATENTDOCK_RERANK_TOP，不足则为全部）")
    budget_ms: int = Field(description="时间预算（毫秒）")
    budget_ended: bool = Field(description="是否因预算用尽而没有读完")
    took_ms: float


@dataclass(frozen=True, slots=True)
class Reranker:
    """A reader with its limits: how many hits it reads, for how long, and what its judgement counts for."""

    reader: Reader
    top: int
    budget_ms: int
    weight: float
    clock: Callable[[], float] = perf_counter

    def amounts(self, need: str, texts: Sequence[str]) -> tuple[list[int], RerankReport]:
        """What is added to the scores of the first of these texts, in millionths, and what was done.

        The first is read in any case; each further one as long as the time of the slowest so far is left.
        """
        start, slowest = self.clock(), 0.0
        found: list[int] = []
        spent = 0.0
        for text in texts[: self.top]:
            if found and (spent + slowest) * 1000 > self.budget_ms:
                break
            found.append(round(self.weight * _sigmoid(self.reader.logit(need, text)) * MICRO))
            now = self.clock() - start
            slowest, spent = max(slowest, now - spent), now
        wanted = min(self.top, len(texts))
        return found, RerankReport(
            model=self.reader.name,
            read=len(found),
            wanted=wanted,
            budget_ms=self.budget_ms,
            budget_ended=len(found) < wanted,
            took_ms=round(spent * 1000, 1),
        )


def _sigmoid(logit: float) -> float:
    return 1 / (1 + exp(-logit)) if logit >= 0 else exp(logit) / (1 + exp(logit))
