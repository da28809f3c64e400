"""Likely licensees (可能的受让、被许可企业) of a patent: enterprises ranked by parts that add up, each with its evidence.

    score = need * (relevance of the firm's best open need - middle) + products * (relevance of its products - middle)
          + industry * agreement of its industry + own_patents * nearness of its nearest own patent

Relevance is that of `matching.retrieval.relevance`, products asked as a need is. Any need has some relevance to any patent: what
counts is how far it lies above the middle (median) of all open needs, or of all products, so that a firm gains nothing by
merely having one. The weights are data (licensees.toml). A firm that holds the patent is none of its licensees.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from catalog.db import Database, Session
from catalog.demand import enterprises, needs, own_patents
from catalog.demand.enterprises import EnterpriseFilter, EnterprisePublic
from catalog.demand.needs import NeedPublic
from catalog.kit.errors import InvalidInput
from catalog.kit.paging import PageQuery
from catalog.segments import segments
from catalog.supply import patents, patents_shown
from index.engine import AskingPatent, Filters, Floats
from index.generations.generation import Generation
from matching.answers.evidence import QueryProfile, nearest_sentence, need_fields, quotable, text_fields
from matching.answers.matcher import Matcher
from matching.answers.results import Evidence, Scores
from matching.answers.segment_names import segment_names
from matching.answers.shown import quoted, scores_of
from matching.retrieval.relevance import MICRO, WEIGHTS
from matching.retrieval.retrieve import Hit, retrieve_needs
from matching.reverse.industry_agreement import IndustryAgreement, PatentIndustries
from matching.reverse.licensee_rules import LicenseeRules, load

PARTS = ("need", "products", "industry", "own_patents")
SORTABLE = ("score", *PARTS)
BEHIND = "现用的索引尚不含企业产品，“主要产品”一项暂不计分；请运行 patentdock reindex"
# Own patents looked at together: 100 MB of 384 dimensions.
_BLOCK = 65_536

Amounts = NDArray[np.int64]


class LicenseeParts(BaseModel):
    """The parts of a score, each times its weight, which add up to it."""

    need: float = Field(description="最相关的征集中需求（已乘权重）")
    products: float = Field(description="主要产品（已乘权重）")
    industry: float = Field(description="行业相符（已乘权重）")
    own_patents: float = Field(description="自有专利（已乘权重）")


class NeedGround(BaseModel):
    """The open need of the firm that the patent answers best."""

    need: NeedPublic
    relevance: float
    middle: float = Field(description="全部征集中需求与本专利相关度的中位数；高出的部分计分")
    scores: Scores
    evidence: list[Evidence]


class ProductGround(BaseModel):
    """The products of the firm, and what in them and in the patent agrees."""

    relevance: float
    middle: float = Field(description="全部企业产品与本专利相关度的中位数；高出的部分计分")
    scores: Scores
    evidence: list[Evidence] = Field(description="主要产品中与专利用词相符的文字")
    patent_evidence: list[Evidence] = Field(description="专利中与主要产品语义最相近的一句")


class IndustryGround(BaseModel):
    """How the industry of the firm agrees with the patent."""

    agreement: float
    text: str


class OwnPatentGround(BaseModel):
    """The firm's own patent that is nearest."""

    patent_id: int
    application_number: str | None
    title: str
    similarity: float


class Licensee(BaseModel):
    """A firm that may want the patent. A ground is null where the firm has nothing of the kind."""

    rank: int
    score: float
    parts: LicenseeParts
    enterprise: EnterprisePublic
    need: NeedGround | None
    products: ProductGround | None
    industry: IndustryGround | None
    own_patent: OwnPatentGround | None


class LicenseePage(BaseModel):
    """A page of likely licensees and what they rest on."""

    patent_id: int
    patent_title: str
    generation: str
    model: str
    rules: str = Field(description="权重文件的版本")
    weights: dict[str, float]
    notices: list[str]
    total: int
    page: int
    size: int
    items: list[Licensee]


@dataclass(frozen=True, slots=True)
class _Ranking:
    """All firms with their parts in millionths, best first, and the hits and grounds that these rest on."""

    firms: list[int]
    parts: dict[str, Amounts]
    needs: dict[int, Hit]
    products: dict[int, Hit]
    middles: dict[str, float]
    industries: dict[int, IndustryAgreement]
    own: dict[int, tuple[int, float]]

    @property
    def total(self) -> Amounts:
        """The scores."""
        total: Amounts = np.sum([self.parts[name] for name in PARTS], axis=0, dtype=np.int64)
        return total

    def ordered(self, sort: str | None) -> list[int]:
        """The places of the firms that have a score, in the order wanted. Raises InvalidInput."""
        wanted = sort or "-score"
        name = wanted.removeprefix("-")
        if name not in SORTABLE:
            raise InvalidInput(f"不能按“{name}”排序", hint="可用的排序字段：" + "、".join(SORTABLE))
        total = self.total
        by = total if name == "score" else self.parts[name]
        order = np.lexsort((np.arange(len(total)), -total, -by if wanted.startswith("-") else by))
        return [int(at) for at in order if total[at] > 0]


class LicenseeFinder:
    """Finds likely licensees in the generation in use."""

    def __init__(self, database: Database, matcher: Matcher, data_dir: Path | None = None) -> None:
        """`data_dir` holds the rule files that an operator has edited, where there are any."""
        self._database, self._matcher, self._data_dir = database, matcher, data_dir

    def page(self, patent_id: int, wanted: PageQuery, where: EnterpriseFilter) -> LicenseePage:
        """A page of the firms that meet the conditions. Raises NotFound, NotReady, and InvalidInput for a wrong order."""
        generation, rules = self._matcher.generation(), load(self._data_dir)
        with self._database.read() as session:
            patent = patents.get(session, patent_id)
            asking = self._matcher.asking(generation, patent)
            ranking = _ranking(session, generation, patent_id, asking, where, rules)
            order = ranking.ordered(wanted.sort)
            shown = order[wanted.offset : wanted.offset + wanted.size]
            items = _Grounds(session, generation, ranking, patent, asking).shown(shown, wanted.offset)
            notices = segment_names(session, generation).notices
        return LicenseePage(
            patent_id=patent_id,
            patent_title=patent.title,
            generation=generation.name,
            model=generation.manifest.model.name,
            rules=rules.version,
            weights=rules.weights.model_dump(),
            notices=notices if generation.products is not None else [BEHIND, *notices],
            total=len(order),
            page=wanted.page,
            size=wanted.size,
            items=items,
        )


def _ranking(
    session: Session,
    generation: Generation,
    patent_id: int,
    asking: AskingPatent,
    where: EnterpriseFilter,
    rules: LicenseeRules,
) -> _Ranking:
    industries = enterprises.industries(session, where)
    pairs = own_patents.of_firms(session)
    holding = {firm for firm, own in pairs if own == patent_id}
    firms = [firm for firm in industries if firm not in holding]
    needs_, middle = _best_needs(session, generation, asking)
    products, usual = _products(generation, asking)
    agreed = _agreements(session, patent_id, {firm: industries[firm] for firm in firms}, rules)
    own = _nearest_own(generation, asking, [pair for pair in pairs if pair[0] not in holding])
    measures = {
        "need": [needs_[firm].score - middle if firm in needs_ else 0.0 for firm in firms],
        "products": [products[firm].score - usual if firm in products else 0.0 for firm in firms],
        "industry": [agreed[firm].measure if firm in agreed else 0.0 for firm in firms],
        "own_patents": [own[firm][1] if firm in own else 0.0 for firm in firms],
    }
    weights = rules.weights.model_dump()
    parts = {name: _millionths(its, weights[name]) for name, its in measures.items()}
    middles = {"need": middle, "products": usual}
    return _Ranking(firms, parts, needs_, products, middles, agreed, own)


def _millionths(measures: Sequence[float], weight: float) -> Amounts:
    # What lies below the middle speaks for nobody, and against nobody.
    amounts = np.maximum(np.asarray(measures, np.float64), 0) * weight
    return np.rint(amounts * MICRO).astype(np.int64)


def _best_needs(
    session: Session, generation: Generation, asking: AskingPatent
) -> tuple[dict[int, Hit], float]:
    """The most relevant open need of each firm, and the middle of all."""
    firms = needs.open_firms(session)
    hits = retrieve_needs(generation.needs, asking, Filters(), len(generation.needs))
    best: dict[int, Hit] = {}
    for hit in hits:
        firm = firms.get(hit.id)
        if firm is not None:
            best.setdefault(firm, hit)
    return best, _middle(hits)


def _products(generation: Generation, asking: AskingPatent) -> tuple[dict[int, Hit], float]:
    """The relevance of the products of each firm, and the middle of all."""
    asked = generation.products
    hits = retrieve_needs(asked, asking, Filters(), len(asked)) if asked is not None else []
    return {hit.id: hit for hit in hits}, _middle(hits)


def _middle(hits: Sequence[Hit]) -> float:
    return float(np.median([hit.score for hit in hits])) if hits else 0.0


def _agreements(
    session: Session, patent_id: int, industries: dict[int, str | None], rules: LicenseeRules
) -> dict[int, IndustryAgreement]:
    known = segments.segments_of(session, segments.catalogue(session))
    held = PatentIndustries(
        patents_shown.many(session, [patent_id])[patent_id].classes,
        {segment.code: segment.industry_codes for segment in known},
        {segment.code: segment.name for segment in known},
        rules.industry,
    )
    by_code = {code: held.agreement(code) for code in set(industries.values())}
    return {firm: agreed for firm, code in industries.items() if (agreed := by_code[code]) is not None}


def _nearest_own(
    generation: Generation, asking: AskingPatent, pairs: Sequence[tuple[int, int]]
) -> dict[int, tuple[int, float]]:
    """The own patent of each firm that is nearest, by id, with the cosine of both less what all patents share."""
    patents_, mean = generation.patents, generation.patents.statistics.mean
    placed = [(firm, own) for firm, own in pairs if own in patents_]
    query = _unit((asking.vector - mean)[None, :])[0]
    best: dict[int, tuple[int, float]] = {}
    for start in range(0, len(placed), _BLOCK):
        block = placed[start : start + _BLOCK]
        vectors = _unit(patents_.vectors(np.array([own for _, own in block], np.int64)) - mean)
        for (firm, own), cosine in zip(block, (vectors @ query).tolist(), strict=True):
            if firm not in best or cosine > best[firm][1]:
                best[firm] = own, cosine
    return best


def _unit(vectors: Floats) -> Floats:
    unit: Floats = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return unit


class _Grounds:
    """What the scores of the firms shown rest on."""

    def __init__(
        self,
        session: Session,
        generation: Generation,
        ranking: _Ranking,
        patent: patents.Patent,
        asking: AskingPatent,
    ) -> None:
        self._session, self._generation, self._ranking = session, generation, ranking
        self._parts = quotable(text_fields(patent))
        self._profile = QueryProfile(asking.tokens, generation.patents.statistics.words.idfs)

    def shown(self, places: Sequence[int], offset: int) -> list[Licensee]:
        """The firms at these places of the ranking."""
        ranking = self._ranking
        ids = [ranking.firms[at] for at in places]
        firms = enterprises.many(self._session, ids)
        asked = needs.many(self._session, [ranking.needs[i].id for i in ids if i in ranking.needs])
        nearest = [ranking.own[i][0] for i in ids if i in ranking.own]
        owned = {row.id: row for row in patents_shown.many(self._session, nearest).values()}
        total = ranking.total
        return [
            Licensee(
                rank=rank,
                score=int(total[at]) / MICRO,
                parts=LicenseeParts(**{name: int(ranking.parts[name][at]) / MICRO for name in PARTS}),
                enterprise=firms[firm],
                need=self._need(ranking.needs.get(firm), asked),
                products=self._product(ranking.products.get(firm), firms[firm]),
                industry=self._industry(ranking.industries.get(firm)),
                own_patent=self._own(ranking.own.get(firm), owned),
            )
            for rank, (at, firm) in enumerate(zip(places, ids, strict=True), offset + 1)
        ]

    def _need(self, hit: Hit | None, asked: dict[int, NeedPublic]) -> NeedGround | None:
        if hit is None or hit.id not in asked:
            return None
        need = asked[hit.id]
        (evidence,) = self._profile.evidence([quotable(need_fields(need))])
        return NeedGround(
            need=need,
            relevance=hit.score,
            middle=self._ranking.middles["need"],
            scores=scores_of(hit),
            evidence=quoted(evidence),
        )

    def _product(self, hit: Hit | None, firm: EnterprisePublic) -> ProductGround | None:
        if hit is None or not firm.products:
            return None
        (evidence,) = self._profile.evidence([quotable({"products": firm.products})])
        nearest = nearest_sentence(self._parts, hit.place, hit.sentence / WEIGHTS.sentence)
        return ProductGround(
            relevance=hit.score,
            middle=self._ranking.middles["products"],
            scores=scores_of(hit),
            evidence=quoted(evidence),
            patent_evidence=quoted([nearest] if nearest else []),
        )

    def _industry(self, agreed: IndustryAgreement | None) -> IndustryGround | None:
        return IndustryGround(agreement=round(agreed.measure, 6), text=agreed.text) if agreed else None

    def _own(
        self, nearest: tuple[int, float] | None, owned: dict[int, patents_shown.PatentPublic]
    ) -> OwnPatentGround | None:
        if nearest is None or nearest[0] not in owned:
            return None
        patent = owned[nearest[0]]
        return OwnPatentGround(
            patent_id=patent.id,
            application_number=patent.application_number,
            title=patent.title,
            similarity=round(nearest[1], 6),
        )
