"""The parts of a likely licensee's score, each one class and one line of `PARTS`, with its weight in licensees.toml.

Any need has some relevance to any patent: what counts is how far it lies above the middle (median) of all open needs, or of
all products, so that a firm gains nothing by merely having one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

import numpy as np
from pydantic import BaseModel

from catalog.db import Session
from catalog.demand import needs
from catalog.demand.enterprises import EnterprisePublic
from catalog.kit.base import id_of
from catalog.kit.terms import Band
from catalog.segments import segments
from catalog.supply import patents, patents_shown
from index.arrays import Floats
from index.engine import AskingPatent, Filters
from index.generations.generation import Generation
from matching.answers.evidence import QueryProfile, nearest_sentence, need_fields, quotable, text_fields
from matching.answers.excluded import of_pair
from matching.answers.shown import quoted, scores_of
from matching.retrieval.confidence import Levels, levels
from matching.retrieval.relevance import WEIGHTS
from matching.retrieval.retrieve import Hit, retrieve_needs
from matching.reverse.industry_agreement import PatentIndustries
from matching.reverse.licensee_results import (
    IndustryGround,
    Licensee,
    NeedGround,
    OwnPatentGround,
    ProductGround,
)
from matching.reverse.licensee_rules import Agreement

# Own patents compared at once: 100 MB of 384 dimensions.
_BLOCK = 65_536

Firms = Mapping[int, EnterprisePublic]
"""Firms by id."""


@dataclass(frozen=True, slots=True)
class LicenseeSearch:
    """A patent of a generation as the query, and the firms that may want it.

    `industries` are those of the firms by id, `own_patents` firms with their own patents; needs are those open on the `day`. With
    `least` only firms with a need of that band or a better one count, with these needs.
    """

    session: Session
    generation: Generation
    patent: patents.Patent
    asking: AskingPatent
    industries: Mapping[int, str | None]
    own_patents: Sequence[tuple[int, int]]
    day: date
    rule: Agreement
    profile: QueryProfile
    least: Band | None = None

    def levels(self, hits: Sequence[Hit]) -> Levels:
        """The levels of these open needs."""
        ids = np.array([hit.id for hit in hits], np.int64)
        return levels(self.generation.patents, self.generation.needs, ids)


class LicenseePart(ABC):
    """A part of a score: what it counts for each firm, and what it rests on."""

    code: ClassVar[str]
    label: ClassVar[str]
    ground: ClassVar[str]
    """The field of `Licensee` that holds what it rests on."""

    def __init__(self, search: LicenseeSearch) -> None:
        self._search = search

    def admits(self, firm: int) -> bool:
        """Whether the firm meets the conditions on this part."""
        return True

    @abstractmethod
    def measure(self, firm: int) -> float:
        """The measure of the part before its weight; 0 where the firm has no such data."""

    @abstractmethod
    def grounds(self, firms: Firms) -> Mapping[int, BaseModel]:
        """The grounds of the part, by firm; firms that have nothing of the kind are left out."""

    @staticmethod
    @abstractmethod
    def line(item: Licensee) -> str | None:
        """The ground of the part in a line; None where there is nothing."""


class NeedPart(LicenseePart):
    """The relevance of the open need of the firm that matches the patent best."""

    code = "need"
    label = "需求"
    ground = "need"

    def __init__(self, search: LicenseeSearch) -> None:
        super().__init__(search)
        firms, still_open = needs.open_firms(search.session, search.day), Filters(open_on=search.day)
        hits = retrieve_needs(
            search.generation.needs, search.asking, still_open, len(search.generation.needs)
        )
        self._middle = _middle(hits)
        self._best: dict[int, Hit] = {}
        fitting = hits if search.least is None else search.levels(hits).at_least(hits, search.least)
        for hit in fitting:
            firm = firms.get(hit.id)
            if firm is not None:
                self._best.setdefault(firm, hit)

    def admits(self, firm: int) -> bool:
        """Whether it has a need that matches well enough, where that is asked for."""
        return self._search.least is None or firm in self._best

    def measure(self, firm: int) -> float:
        """The distance above the middle of all open needs."""
        return self._best[firm].score - self._middle if firm in self._best else 0.0

    def grounds(self, firms: Firms) -> Mapping[int, NeedGround]:
        """The need and the sentences in it that agree with the patent."""
        hits = {firm: self._best[firm] for firm in firms if firm in self._best}
        known = needs.many(self._search.session, [hit.id for hit in hits.values()], self._search.day)
        there = {firm: (hit, known[hit.id]) for firm, hit in hits.items() if hit.id in known}
        agreeing = self._search.profile.evidence([quotable(need_fields(need)) for _, need in there.values()])
        judged = self._search.levels([hit for hit, _ in there.values()])
        return {
            firm: NeedGround(
                need=need,
                relevance=hit.score,
                middle=self._middle,
                scores=scores_of(hit),
                confidence=judged.of_hit(hit),
                evidence=quoted(evidence),
                exclusions_broken=of_pair(need, text_fields(self._search.patent)),
            )
            for (firm, (hit, need)), evidence in zip(there.items(), agreeing, strict=True)
        }

    @staticmethod
    def line(item: Licensee) -> str | None:
        """The title of the need, and how well it matches."""
        if item.need is None:
            return None
        confidence = item.need.confidence
        return item.need.need.title + (f"（匹配程度：{confidence.band_name}）" if confidence else "")


class ProductPart(LicenseePart):
    """The relevance of the products of the firm, searched like a need."""

    code = "products"
    label = "产品"
    ground = "products"

    def __init__(self, search: LicenseeSearch) -> None:
        super().__init__(search)
        products = search.generation.products
        hits = [] if products is None else retrieve_needs(products, search.asking, Filters(), len(products))
        self._middle, self._hits = _middle(hits), {hit.id: hit for hit in hits}

    def measure(self, firm: int) -> float:
        """The distance above the middle of all products."""
        return self._hits[firm].score - self._middle if firm in self._hits else 0.0

    def grounds(self, firms: Firms) -> Mapping[int, ProductGround]:
        """The agreeing passages in the products, and the sentence of the patent that is nearest to them."""
        sentences = quotable(text_fields(self._search.patent))
        texts = {
            firm: enterprise.products
            for firm, enterprise in firms.items()
            if firm in self._hits and enterprise.products
        }
        agreeing = self._search.profile.evidence([quotable({"products": text}) for text in texts.values()])
        grounds = {}
        for firm, evidence in zip(texts, agreeing, strict=True):
            hit = self._hits[firm]
            nearest = nearest_sentence(sentences, hit.place, hit.sentence / WEIGHTS.sentence)
            grounds[firm] = ProductGround(
                relevance=hit.score,
                middle=self._middle,
                scores=scores_of(hit),
                evidence=quoted(evidence),
                patent_evidence=quoted([nearest] if nearest else []),
            )
        return grounds

    @staticmethod
    def line(item: Licensee) -> str | None:
        """The products."""
        return item.enterprise.products if item.products else None


class IndustryPart(LicenseePart):
    """The agreement of the firm's industry with the patent."""

    code = "industry"
    label = "行业"
    ground = "industry"

    def __init__(self, search: LicenseeSearch) -> None:
        super().__init__(search)
        session, patent_id = search.session, id_of(search.patent)
        known = segments.segments_of(session, segments.catalogue(session))
        held = PatentIndustries(
            patents_shown.many(session, [patent_id], today=search.day)[patent_id].classes,
            {segment.code: segment.industry_codes for segment in known},
            {segment.code: segment.name for segment in known},
            search.rule,
        )
        by_code = {code: held.agreement(code) for code in set(search.industries.values())}
        self._agreed = {
            firm: agreed for firm, code in search.industries.items() if (agreed := by_code[code]) is not None
        }

    def measure(self, firm: int) -> float:
        """The agreement, from 0 to 1."""
        return self._agreed[firm].measure if firm in self._agreed else 0.0

    def grounds(self, firms: Firms) -> Mapping[int, IndustryGround]:
        """The agreement in words."""
        return {
            firm: IndustryGround(agreement=round(self._agreed[firm].measure, 6), text=self._agreed[firm].text)
            for firm in firms
            if firm in self._agreed
        }

    @staticmethod
    def line(item: Licensee) -> str | None:
        """The agreement in words."""
        return item.industry.text if item.industry else None


class OwnPatentPart(LicenseePart):
    """The nearness of the firm's own patent that is nearest."""

    code = "own_patents"
    label = "自有专利"
    ground = "own_patent"

    def __init__(self, search: LicenseeSearch) -> None:
        super().__init__(search)
        self._nearest = _nearest_own(search.generation, search.asking, search.own_patents)

    def measure(self, firm: int) -> float:
        """The cosine of both less what all patents share."""
        return self._nearest[firm][1] if firm in self._nearest else 0.0

    def grounds(self, firms: Firms) -> Mapping[int, OwnPatentGround]:
        """The patent."""
        nearest = {firm: self._nearest[firm] for firm in firms if firm in self._nearest}
        owned = patents_shown.many(
            self._search.session, [own for own, _ in nearest.values()], today=self._search.day
        )
        return {
            firm: OwnPatentGround(
                patent_id=own,
                application_number=owned[own].application_number,
                title=owned[own].title,
                similarity=round(cosine, 6),
            )
            for firm, (own, cosine) in nearest.items()
            if own in owned
        }

    @staticmethod
    def line(item: Licensee) -> str | None:
        """The title of the patent."""
        return item.own_patent.title if item.own_patent else None


PARTS: tuple[type[LicenseePart], ...] = (NeedPart, ProductPart, IndustryPart, OwnPatentPart)
"""The parts, in the order in which they are shown."""


def _middle(hits: Sequence[Hit]) -> float:
    return float(np.median([hit.score for hit in hits])) if hits else 0.0


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
