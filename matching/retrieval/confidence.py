"""Confidence (匹配程度): the probability that readers would judge a match to satisfy the need.

A raw score of a pair means little: needs differ in their nearness to all patents. So it is expressed in standard
deviations above the mean of that need over an even sample of all patents, whatever the filters, and turned into the share of
such pairs that readers gave grade 2. The two constants were fitted to the judged first tens of the tuning halves of both
collections in evaluation/ (2026-11). On the test halves, of the matches called 高 readers gave grade 2 to 91 % (own) and 89 %
(real language), of 中 46 % and 33 %, of 低 6 % and 5 % (docs/evaluation.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp

from pydantic import BaseModel, Field

from catalog.kit.terms import Term
from index.engine import PairScores
from matching.retrieval.relevance import MICRO, parts

SAMPLE = 512
FEWEST_PATENTS = 30
"""With fewer patents there is nothing to compare a score with."""
HALF, SPREAD = 5.396, 0.683
HIGH, MEDIUM = 0.6, 0.2
NOTHING_SUITABLE = 3.8
"""Where even the best match is less than this above the mean, the probability that no patent satisfies the need is one third."""


class Band(Term):
    """Confidence in words (把握)."""

    HIGH = "high", "高"
    MEDIUM = "medium", "中"
    LOW = "low", "低"


class Confidence(BaseModel):
    """The probability that a match satisfies the need."""

    band: Band
    band_name: str
    share: float = Field(description="评测集上同等得分的匹配中被判为“能解决”的比例")
    above: float = Field(description="得分高出该需求对全部专利平均得分多少个标准差")


@dataclass(frozen=True, slots=True)
class Level:
    """Mean and standard deviation of a need's scores over the patents."""

    mean: float
    deviation: float

    def above(self, score: float) -> float:
        """The distance of a score above the mean, in standard deviations."""
        return (score - self.mean) / self.deviation

    def confidence(self, score: float) -> Confidence:
        """The confidence for a score of this need."""
        above = self.above(score)
        share = 1 / (1 + exp((HALF - above) / SPREAD))
        band = Band.HIGH if share >= HIGH else Band.MEDIUM if share >= MEDIUM else Band.LOW
        return Confidence(band=band, band_name=band.label, share=round(share, 3), above=round(above, 2))


def level(sample: PairScores, patents: int) -> Level | None:
    """The level of a need's scores, given those of an even sample (`Engine.sample`) of so many patents; None among too few."""
    if patents < FEWEST_PATENTS:
        return None
    total = parts(sample).total / MICRO
    return Level(float(total.mean()), max(float(total.std()), 1e-6))
