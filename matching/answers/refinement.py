"""Relevance feedback (相关性反馈): a need searched again after some of its matches were marked suitable or not.

Rocchio (1971), on the need's shifted vector q and the vectors d of the marked patents:

    q' = |q| * unit(unit(q) + suitable * mean of suitable d - unsuitable * mean of unsuitable d)

The length stays, so that meaning and words keep their balance. The words of the titles of suitable patents are added
to those of the need. Without a suitable one the vector stays and unsuitable ones are only left out: negative feedback alone
cost 0.09 nDCG@10 on the tuning half of the real needs. The marks belong to the request: no other ranking changes. The
weights were chosen on the tuning halves of evaluation/; docs/evaluation.md has the figures (`python -m bench.relevance_feedback`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from pydantic import BaseModel, Field

from index.arrays import Floats
from index.engine import AskingNeed, Engine
from index.text import tokens
from matching.answers.filters import Marks
from matching.answers.results import MatchResponse, PatentMatch


class RocchioWeights(BaseModel, frozen=True):
    """The weights of the marks beside the need itself (1)."""

    suitable: float = Field(default=1.0, ge=0)
    unsuitable: float = Field(default=0.5, ge=0)


ROCCHIO = RocchioWeights()


class Refinement(BaseModel):
    """The effect of the marks on the request."""

    suitable: list[int] = Field(description="所依据的标为合适的专利")
    unsuitable: list[int] = Field(description="所依据的标为不合适的专利；不再列出")
    ignored: list[int] = Field(description="未参加调整的标注：不在现用索引中的专利")
    weights: dict[str, float] = Field(description="合适、不合适的标注相对于需求本身（1）的权重")
    kept: float = Field(description="调整后的检索向量与原检索的余弦；1 为没有改变")
    note: str = Field(description="影响的说明")


class RefinedMatches(MatchResponse[PatentMatch]):
    """Matches of a refined need; scores are those of the refined query and add up as usual."""

    refinement: Refinement = Field(description="所标结果对检索的影响")


def refined(
    need: AskingNeed,
    marks: Marks,
    titles: Sequence[str],
    patents: Engine[AskingNeed],
    weights: RocchioWeights = ROCCHIO,
) -> AskingNeed:
    """The need moved towards the suitable patents, which have these titles, and away from the unsuitable ones.

    What is not indexed moves nothing, nor do unsuitable patents alone.
    """
    suitable, unsuitable = (_vectors(patents, ids) for ids in (marks.suitable, marks.unsuitable))
    length = float(np.linalg.norm(need.vector))
    words = [*need.tokens, *(token for title in titles for token in tokens(title))]
    if length == 0 or not len(suitable):
        return replace(need, tokens=words)
    moved = need.vector / length
    for vectors, weight in ((suitable, weights.suitable), (unsuitable, -weights.unsuitable)):
        if len(vectors):
            moved = moved + np.float32(weight) * vectors.mean(axis=0)
    scaled = moved * (length / max(float(np.linalg.norm(moved)), 1e-9))
    return AskingNeed(scaled.astype(np.float32), words)


def refinement(
    before: AskingNeed, after: AskingNeed, marks: Marks, patents: Engine[AskingNeed]
) -> Refinement:
    """Notes on a refined need."""
    known = {id_ for id_ in marks.suitable | marks.unsuitable if id_ in patents}
    suitable, unsuitable = sorted(marks.suitable & known), sorted(marks.unsuitable & known)
    product = float(before.vector @ after.vector)
    lengths = float(np.linalg.norm(before.vector) * np.linalg.norm(after.vector))
    return Refinement(
        suitable=suitable,
        unsuitable=unsuitable,
        ignored=sorted((marks.suitable | marks.unsuitable) - known),
        weights=ROCCHIO.model_dump(),
        kept=round(product / lengths, 4) if lengths else 1.0,
        note=(
            "没有标为合适的专利，检索不变，只略去不合适的。标注只用于这一次请求，不影响其他人的结果"
            if not suitable
            else f"已按 {len(suitable)} 件合适、{len(unsuitable)} 件不合适的标注调整检索；得分按调整后的检索计算，"
            "不与调整前比较。标注只用于这一次请求，不影响其他人的结果"
        ),
    )


def _vectors(patents: Engine[AskingNeed], ids: frozenset[int]) -> Floats:
    """The vectors of the indexed ones among these patents."""
    return patents.vectors(np.array([id_ for id_ in sorted(ids) if id_ in patents], np.int64))
