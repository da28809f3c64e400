"""Need completion (需求补全) on the index in use: points covered by each match, questions, portfolios of patents."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
from pydantic import BaseModel, Field

from catalog.kit.terms import PaymentForm
from catalog.licences.shown import LicencePublic
from catalog.supply.patents_shown import PatentPublic
from index.engine import AskingNeed, Engine, Filters
from index.model.encoder import Encoder
from matching.answers.evidence import text_fields
from matching.answers.filters import Wanted
from matching.answers.matcher import Matcher
from matching.answers.results import MatchResponse, PatentMatch
from matching.need import element_rules
from matching.need.combinations import Portfolio
from matching.need.completion import Found, NeedReading, ReadNeed, annotate, combine, read_need
from matching.need.coverage import PatentCoverage, PatentSentences, without
from matching.need.questions import FIRST, NearPatent, Question, questions
from matching.retrieval.retrieve import asking_among, retrieve

COMBINED = 20
"""Matches of which portfolios are made: more were measured to bring no better ones."""
ASKED_OF = 30
"""Matches that suggest answers to questions."""


class PortfolioList(BaseModel):
    """Sets of patents that together cover more of a need than any one does, and the patents in them."""

    generation: str = Field(description="所用的索引版本")
    need: NeedReading = Field(description="对需求的理解")
    suitable: bool = Field(description="为 false 时没有匹配程度为高、中的专利，组合仅供参考")
    best_alone: int = Field(description="单件专利最多覆盖的要点数")
    portfolios: list[Portfolio] = Field(description="最小的组合在前；没有比单件更好的组合时为空")
    patents: list[PatentMatch] = Field(description="组合中出现的专利")


class QuestionList(BaseModel):
    """Questions to the author of a need."""

    generation: str = Field(description="所用的索引版本")
    need: NeedReading = Field(description="对需求的理解")
    questions: list[Question] = Field(description="至多两个；回答以“要素：内容”补写在需求之后，再次匹配即可")


class Completer:
    """Completes needs with the matches of a `Matcher`; one instance serves many threads."""

    def __init__(self, matcher: Matcher, encoder: Encoder, data_dir: Path | None = None) -> None:
        """`data_dir` holds the rule files that an operator has edited, where there are any."""
        self._matcher, self._encoder, self._data_dir = matcher, encoder, data_dir

    def read(self, text: str) -> ReadNeed:
        """The need written as `text`, cleaned and with its elements. Raises InvalidInput for a rule file of no use."""
        return ReadNeed(text, read_need(text, self._data_dir))

    def completed(
        self, need: ReadNeed, response: MatchResponse[PatentMatch], as_of: str | None = None
    ) -> MatchResponse[PatentMatch]:
        """The matches of a need with what it states and what of it each of them covers; `as_of` names their generation."""
        coverages = self._coverages(need, response.items, as_of)
        items = [
            item.model_copy(update={"coverage": coverage})
            for item, coverage in zip(response.items, coverages, strict=True)
        ]
        return response.model_copy(update={"need": need.reading, "items": items})

    def portfolios(self, need: ReadNeed, filters: Filters, today: date) -> PortfolioList:
        """The smallest sets of matches that together cover more of the need than any one does."""
        response = self._matcher.patents_for_text(need.text, Wanted(COMBINED, filters, today, fold=False))
        coverages = self._coverages(need, response.items)
        found = [
            Found(item.patent.id, item.patent.holders, item.score, _fixed_fee(item.licence))
            for item in response.items
        ]
        sets = combine(need.reading, found, coverages)
        shown = {patent_id for one in sets for patent_id in one.patent_ids}
        return PortfolioList(
            generation=response.generation,
            need=need.reading,
            suitable=response.suitable,
            best_alone=max((coverage.covered for coverage in coverages), default=0),
            portfolios=sets,
            patents=[
                item.model_copy(update={"coverage": coverage})
                for item, coverage in zip(response.items, coverages, strict=True)
                if item.patent.id in shown
            ],
        )

    def questions(self, need: ReadNeed, filters: Filters, today: date) -> QuestionList:
        """At most two questions whose answers would change the first ten most."""
        response = self._matcher.patents_for_text(need.text, Wanted(ASKED_OF, filters, today, fold=False))
        generation = self._matcher.generation()

        def rank(texts: Sequence[str]) -> list[list[int]]:
            vectors = self._encoder.encode_queries(texts)
            asking = [
                asking_among(one, vector, generation.needs)
                for one, vector in zip(texts, vectors, strict=True)
            ]
            return [[hit.id for hit in retrieve(generation.patents, one, filters, FIRST)] for one in asking]

        near = [
            NearPatent(item.patent.id, [item.patent.title, item.patent.abstract]) for item in response.items
        ]
        rules = element_rules.load(self._data_dir)
        found = questions(need.text, need.reading.elements, near, rank, rules)
        return QuestionList(generation=response.generation, need=need.reading, questions=found)

    def _coverages(
        self, need: ReadNeed, items: Sequence[PatentMatch], as_of: str | None = None
    ) -> list[PatentCoverage]:
        """The coverage of the need by each match, from its sentences in the generation that found it."""
        patents = self._matcher.generation(as_of).patents
        vector = self._encoder.encode_queries([need.text])[0]
        parts = [_sentences(patents, item.patent) for item in items]
        encode, idfs = self._encoder.encode_queries, patents.statistics.words.idfs
        found = annotate(need.reading, vector, parts, encode, idfs, self._data_dir)
        broken = [[one.exclusion for one in item.exclusions_broken] for item in items]
        return [without(coverage, excluded) for coverage, excluded in zip(found, broken, strict=True)]


def _sentences(patents: Engine[AskingNeed], patent: PatentPublic) -> PatentSentences:
    if patent.id not in patents:
        return PatentSentences([], np.empty((0, len(patents.statistics.mean)), np.float32))
    return PatentSentences.of(text_fields(patent), patents.sentences(patent.id).vectors)


def _fixed_fee(licence: LicencePublic | None) -> Decimal | None:
    if licence is None:
        return None
    return Decimal(0) if licence.payment_form == PaymentForm.FREE else licence.fixed_fee
