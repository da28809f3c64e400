"""Confidence (匹配程度): the probability that readers would judge a match to satisfy the need.

A raw score of a pair means little: needs differ in their nearness to all patents. So it is expressed in standard
deviations above the mean of that need over an even sample of all patents, whatever the filters. Among more patents more come
near by chance: the deviation of the best unrelated one grows by GROWTH for each e-fold of their number, which is taken off. What
is left is turned into the share of such pairs that readers gave grade 2. All constants were fitted to the first
tens of the tuning halves of both collections in evaluation/ (2026-11); docs/evaluation.md has what they give on the test halves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import log, sqrt

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from catalog.kit.terms import Band
from index.engine import AskingNeed, AskingPatent, Engine, Filters, Ids, PairsAsked, PairScores
from matching.retrieval.relevance import MICRO, Amounts, hub_share, parts
from matching.retrieval.retrieve import Hit

SAMPLE = 512
FEWEST_PATENTS = 30
"""With fewer patents there is nothing to compare a score with."""
HALF, SPREAD = 5.456, 0.716
GROWTH, AMONG = 0.4, 1000
"""HALF is the deviation among AMONG patents."""
HIGH, MEDIUM = 0.6, 0.35
"""The shares from which on a pair is of these bands: from MEDIUM up four of five pairs of the tuning halves are of grade 1 or 2."""
_HIGH_FROM, _MEDIUM_FROM = (HALF + SPREAD * log(share / (1 - share)) for share in (HIGH, MEDIUM))
_BANDS = (Band.LOW, Band.MEDIUM, Band.HIGH)
_BOUNDARIES = (0.0, MEDIUM, HIGH, 1.0)
MARGIN = 0.05
"""The amount by which a share passes a boundary before the change is shown: one more need moves shares by up to 0.003."""

Scores = NDArray[np.float64]


class Confidence(BaseModel):
    """The confidence that a match satisfies the need."""

    band: Band = Field(description="匹配程度")
    band_name: str = Field(description="匹配程度：高、中、低；低的不算匹配")
    share: float = Field(description="评测集上同等得分的匹配中被判为“能解决”的比例")
    above: float = Field(description="得分高出该需求对全部专利平均得分多少个标准差")


@dataclass(frozen=True, slots=True)
class Level:
    """Mean and standard deviation of a need's scores over an even sample, and the number of all `patents`."""

    mean: float
    deviation: float
    patents: int

    @classmethod
    def of(cls, totals: Amounts, patents: int) -> Level:
        """The level of a need that has these relevances, in millionths, to a sample of so many patents."""
        # In whole numbers, so that the order of the sample makes no difference.
        count, total, squares = len(totals), int(totals.sum()), int((totals**2).sum())
        deviation = sqrt(count * squares - total**2) / count
        return cls(total / count / MICRO, max(deviation, 1.0) / MICRO, patents)

    def above(self, score: float) -> float:
        """The distance of a score above the mean, in standard deviations."""
        return (score - self.mean) / self.deviation

    def excess(self, score: float) -> float:
        """The part of that distance that is not owed to the number of patents."""
        return self.above(score) - GROWTH * log(self.patents / AMONG)

    def confidence(self, score: float) -> Confidence:
        """The confidence for a score of this need."""
        (share,), (band,) = judged(np.array([self.excess(score)]))
        return Confidence(band=band, band_name=band.label, share=share, above=round(self.above(score), 2))


def judged(excess: Scores) -> tuple[list[float], list[Band]]:
    """The shares and bands of pairs with these `Level.excess`."""
    shares = (1 / (1 + np.exp((HALF - excess) / SPREAD))).round(3)
    place = np.searchsorted([_MEDIUM_FROM, _HIGH_FROM], excess, "right")
    return shares.tolist(), [_BANDS[at] for at in place.tolist()]


Judged = tuple[list[float | None], list[Band | None]]


@dataclass(frozen=True, slots=True)
class Levels:
    """The levels of the needs of some hits: of the one need that asks, or of each need that a patent found, by id.

    A hit whose need has none, as there are too few patents, has no confidence and passes for any band.
    """

    asking: Level | None = None
    found: Mapping[int, Level] = field(default_factory=dict)

    def of(self, id_: int, relevance: float) -> Confidence | None:
        """The confidence of a pair, the record found and the record searched for, given their relevance."""
        level = self.asking or self.found.get(id_)
        return level.confidence(relevance) if level else None

    def of_hit(self, hit: Hit) -> Confidence | None:
        """The confidence of a hit."""
        return self.of(hit.id, hit.relevance)

    def of_pairs(self, needs: Ids, relevance: Scores) -> Judged:
        """The shares and bands of pairs with these needs; None for all where there is nothing to compare with."""
        if not self.found:
            return [None] * len(needs), [None] * len(needs)
        distinct, at = np.unique(needs, return_inverse=True)
        levels = [self.found[id_] for id_ in distinct.tolist()]
        mean, deviation = np.array([(level.mean, level.deviation) for level in levels]).reshape(-1, 2)[at].T
        chance = GROWTH * log(levels[0].patents / AMONG) if levels else 0.0
        shares, bands = judged((relevance - mean) / deviation - chance)
        return [*shares], [*bands]

    def at_least(self, hits: Sequence[Hit], band: Band | None) -> list[Hit]:
        """The hits of this band or a better one; all of them for None."""
        if band is None:
            return list(hits)
        rated = [(hit, self.of_hit(hit)) for hit in hits]
        return [hit for hit, confidence in rated if confidence is None or confidence.band.is_at_least(band)]


def settled(before: Band | None, band: Band, share: float) -> Band:
    """The band of a pair as it is shown, given the one shown before, which stays while the share is hardly out of it."""
    if before is None:
        return band
    place = _BANDS.index(before)
    is_near = _BOUNDARIES[place] - MARGIN <= share < _BOUNDARIES[place + 1] + MARGIN
    return before if is_near else band


def level(sample: PairScores, patents: int) -> Level | None:
    """The level of a need, given its scores of an even sample (`Engine.sample`) of so many patents; None among too few."""
    return Level.of(parts(sample).total, patents) if patents >= FEWEST_PATENTS else None


def levels(patents: Engine[AskingNeed], needs: Engine[AskingPatent], ids: Ids, threads: int = 2) -> Levels:
    """The levels of these needs of a generation among its patents: whichever side asks, a pair has the same confidence."""
    count = patents.statistics.documents
    if count < FEWEST_PATENTS or len(ids) == 0:
        return Levels()
    share = hub_share(needs.statistics.documents)
    wanted = PairsAsked(np.unique(ids), Filters(), SAMPLE, share, threads)
    found: dict[int, Level] = {}
    for block in patents.sampled(SAMPLE).pairs(needs, wanted):
        totals, asking = parts(block.candidates.scores).total, block.candidates.asking
        ends = np.searchsorted(asking, np.arange(len(block.ids) + 1)).tolist()
        for at, id_ in enumerate(block.ids.tolist()):
            found[id_] = Level.of(totals[ends[at] : ends[at + 1]], count)
    return Levels(found=found)
