"""The best chances of a holder's portfolio (专利权人的最佳对接机会): all its patents against the open needs, best pairs first.

Scores are those of a match (relevance and factors), found for all patents of the holder at once as the night does it
(`matching.night.night`). Patents that are known not to be in force on the day are left out unless requested.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, Field

from assessment.eligibility import gate as eligibility_gate
from assessment.eligibility.gate import JudgedEligibility, load_table
from catalog.db import Database, Session
from catalog.demand import needs
from catalog.demand.needs import NeedPublic
from catalog.kit.paging import PageQuery
from catalog.kit.terms import Band
from catalog.runs.matches import NightMatch
from catalog.supply import holders, patents_shown, screenings
from catalog.supply.patents_shown import PatentPublic
from index.engine import Filters, Ids
from index.generations.documents import patent_text
from index.generations.generation import Generation
from index.text import tokens
from matching.answers.evidence import QueryProfile, need_fields, quotable, text_fields
from matching.answers.excluded import of_pair
from matching.answers.matcher import Matcher
from matching.answers.results import BROKEN, Evidence
from matching.answers.segment_names import segment_names
from matching.answers.shown import quoted
from matching.need.exclusions import BrokenExclusion
from matching.night.night import NightFactors, needs_for_patents
from matching.ranking.factors import load as load_factors
from matching.ranking.pair_factors import FactorAmount
from matching.retrieval.confidence import Confidence, Levels, levels
from matching.retrieval.retrieve import DEPTH

Group = Literal["none", "patent", "need"]
MOST_PER_PATENT = 10

Pair = tuple[int, NightMatch]
"""A patent and one of its matches."""


@dataclass(frozen=True, slots=True)
class ChanceConditions:
    """The selection of chances: conditions on the needs, and on the patents."""

    needs: Filters
    day: date
    per_patent: int = 3
    include_ended: bool = False
    first_only: bool = False
    dormant: bool | None = None
    group: Group = "none"
    min_band: Band | None = None


class ChanceScores(BaseModel):
    """The parts of relevance, each times its weight, which add up to it."""

    document: float = Field(description="需求与专利全文的语义相似度（已乘权重）")
    sentence: float = Field(description="需求与专利最相近一句的语义相似度（已乘权重）")
    lexical: float = Field(description="关键词匹配（已乘权重）")


class Chance(BaseModel):
    """A patent of the portfolio and an open need that it may satisfy."""

    rank: int = Field(description="名次")
    score: float = Field(description="得分，排序所依：相关度与各因素分值之和")
    relevance: float = Field(description="相关度：scores 各项之和")
    scores: ChanceScores = Field(description="相关度的组成")
    confidence: Confidence | None = Field(description="匹配程度；专利过少无从比较时为空")
    factors: list[FactorAmount] = Field(description="使得分高于或低于相关度的因素")
    patent: PatentPublic = Field(description="含盘点筛选的沉睡判定与潜力分（screening）")
    first_holder: bool = Field(description="此专利权人是否为第一专利权人")
    need: NeedPublic = Field(description="技术需求")
    eligibility: JudgedEligibility = Field(description="当日能否开放许可，附理由与待办")
    evidence: list[Evidence] = Field(description="需求中与专利用词相符的句子")
    exclusions_broken: list[BrokenExclusion] = Field(description=BROKEN)
    more: int = Field(description="合并时，同一专利（需求）名下其余的机会数")


class ChancePage(BaseModel):
    """A page of chances and what they rest on."""

    holder_id: int = Field(description="专利权人的编号")
    holder_name: str = Field(description="专利权人名称")
    generation: str = Field(description="所用的索引版本")
    model: str = Field(description="所用的语义模型")
    patents: int = Field(description="名下专利件数，含共有")
    matched: int = Field(description="其中参加匹配的件数：在索引中，且符合有效、沉睡等条件")
    notices: list[str] = Field(description="提示")
    total: int = Field(description="符合条件的全部条数")
    page: int = Field(description="第几页，从 1 起")
    size: int = Field(description="每页条数")
    items: list[Chance] = Field(description="这一页的内容")


class ChanceFinder:
    """Finds the best chances of portfolios in the generation in use."""

    def __init__(self, database: Database, matcher: Matcher, data_dir: Path | None = None) -> None:
        """`data_dir` holds the rule files that an operator has edited, where there are any."""
        self._database, self._matcher, self._data_dir = database, matcher, data_dir

    def page(self, holder_id: int, wanted: PageQuery, where: ChanceConditions) -> ChancePage:
        """A page of the chances of a holder, best first. Raises NotFound and NotReady."""
        generation = self._matcher.generation()
        with self._database.read() as session:
            holder = holders.get(session, holder_id)
            positions = holders.positions(session, holder_id)
            asking = _asking(session, generation, positions, where)
            factors = NightFactors(load_factors(self._data_dir), where.day)
            pairs = _pairs(session, generation, asking, where, factors)
            ranked = _grouped(pairs, where.group)
            shown = ranked[wanted.offset : wanted.offset + wanted.size]
            named = segment_names(session, generation)
            return ChancePage(
                holder_id=holder_id,
                holder_name=holder.name,
                generation=generation.name,
                model=generation.manifest.model.name,
                patents=len(positions),
                matched=len(asking),
                notices=named.notices + _notices(generation, factors),
                total=len(ranked),
                page=wanted.page,
                size=wanted.size,
                items=self._chances(
                    session, generation, positions, shown, factors, named.names, where.day, wanted.offset
                ),
            )

    def _chances(
        self,
        session: Session,
        generation: Generation,
        positions: dict[int, int],
        shown: Sequence[tuple[Pair, int]],
        factors: NightFactors,
        names: dict[str, str],
        day: date,
        offset: int,
    ) -> list[Chance]:
        ids = sorted({patent for (patent, _), _ in shown})
        found = patents_shown.many(session, ids, today=day)
        shown_needs = needs.many(session, sorted({match.id for (_, match), _ in shown}), day)
        verdicts = eligibility_gate.of_patents(session, ids, day, load_table(self._data_dir))
        profiles = {id_: _profile(generation, found[id_]) for id_ in ids}
        judged = _levels(generation, [pair for pair, _ in shown])
        return [
            Chance(
                rank=rank,
                score=match.score,
                relevance=match.relevance,
                scores=ChanceScores(document=match.document, sentence=match.sentence, lexical=match.lexical),
                confidence=judged.of(match.id, match.relevance),
                factors=_factors(generation, factors, match.id, patent, names),
                patent=found[patent],
                first_holder=positions[patent] == 0,
                need=shown_needs[match.id],
                eligibility=verdicts[patent],
                evidence=quoted(profiles[patent].evidence([quotable(need_fields(shown_needs[match.id]))])[0]),
                exclusions_broken=of_pair(shown_needs[match.id], text_fields(found[patent]), self._data_dir),
                more=more,
            )
            for rank, ((patent, match), more) in enumerate(shown, offset + 1)
        ]


def _factors(
    generation: Generation, factors: NightFactors, need: int, patent: int, names: dict[str, str]
) -> list[FactorAmount]:
    if patent not in generation.patents or need not in generation.needs:
        return []
    need_attributes, patent_attributes = (
        generation.needs.attributes(np.array([need])),
        generation.patents.attributes(np.array([patent])),
    )
    return factors.pairs(need_attributes, patent_attributes).explained(
        np.zeros(1, np.int64), np.zeros(1, np.int64), names
    )[0]


def _notices(generation: Generation, factors: NightFactors) -> list[str]:
    nobody = generation.patents.attributes(np.empty(0, np.int64))
    return factors.rules.notices(generation.name, nobody)


def _profile(generation: Generation, patent: PatentPublic) -> QueryProfile:
    text = patent_text(patent.title, patent.abstract, patent.first_claim)
    return QueryProfile(tokens(text), generation.patents.statistics.words.idfs)


def _asking(
    session: Session, generation: Generation, positions: dict[int, int], where: ChanceConditions
) -> Ids:
    """The ids of the patents that take part, ascending."""
    ids = [id_ for id_, position in positions.items() if position == 0 or not where.first_only]
    if where.dormant is not None:
        screened = screenings.of_patents(session, ids)
        ids = [id_ for id_ in ids if id_ in screened and screened[id_].dormant is where.dormant]
    there = generation.patents.select(Filters() if where.include_ended else Filters(possible_on=where.day))
    return np.intersect1d(np.array(ids, np.int64), there)


def _pairs(
    session: Session,
    generation: Generation,
    asking: Ids,
    where: ChanceConditions,
    factors: NightFactors,
) -> list[Pair]:
    """The best needs of these patents that are still open and match well enough, best pairs first, ties by id."""
    still_open = needs.open_firms(session, where.day)
    # Needs closed since the generation was built, or of a lower band, leave gaps; some more are fetched to fill them.
    top = where.per_patent + MOST_PER_PATENT if where.min_band is None else DEPTH
    filters = where.needs.model_copy(update={"open_on": where.day})
    blocks = needs_for_patents(generation, asking, top, factors=factors, filters=filters)
    pairs = [(patent, match) for block in blocks for patent, matches in block for match in matches]
    fitting = _at_least(generation, [pair for pair in pairs if pair[1].id in still_open], where.min_band)
    kept = [
        pair for _, group in groupby(fitting, key=itemgetter(0)) for pair in islice(group, where.per_patent)
    ]
    return sorted(kept, key=lambda pair: (-pair[1].score, pair[0], pair[1].id))


def _at_least(generation: Generation, pairs: Sequence[Pair], band: Band | None) -> Sequence[Pair]:
    """The pairs of this band or a better one; all of them for None."""
    if band is None:
        return pairs
    judged = _levels(generation, pairs)
    rated = [(pair, judged.of(pair[1].id, pair[1].relevance)) for pair in pairs]
    return [pair for pair, confidence in rated if confidence is None or confidence.band.is_at_least(band)]


def _levels(generation: Generation, pairs: Sequence[Pair]) -> Levels:
    ids = np.array([match.id for _, match in pairs], np.int64)
    return levels(generation.patents, generation.needs, ids)


def _grouped(pairs: Sequence[Pair], group: Group) -> list[tuple[Pair, int]]:
    """The best pair of every patent or need, or every pair, with the number of further ones it represents."""
    if group == "none":
        return [(pair, 0) for pair in pairs]
    best: dict[int, Pair] = {}
    counts: dict[int, int] = {}
    for pair in pairs:
        key = pair[0] if group == "patent" else pair[1].id
        best.setdefault(key, pair)
        counts[key] = counts.get(key, 0) + 1
    return [(pair, counts[key] - 1) for key, pair in best.items()]
