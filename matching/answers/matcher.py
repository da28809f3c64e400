"""Matching: a text or a need to patents, a patent to needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from assessment.eligibility.gate import load_table
from catalog.db import Database
from catalog.demand import needs
from catalog.kit.base import id_of
from catalog.kit.errors import NotReady
from catalog.licences import shown as licences_shown
from catalog.reference.content import has_content
from catalog.supply import patents, patents_shown
from index.attributes import Attributes
from index.engine import AskingNeed, AskingPatent, Filters, Ids
from index.generations.collection import sentences_of
from index.generations.documents import patent_text
from index.generations.generation import Generation, GenerationStore
from index.live.follower import Follower
from index.model.encoder import Encoder
from index.text import tokens
from matching.answers.evidence import QueryProfile, need_fields, quotable_all, text_fields
from matching.answers.excluded import needs_told, patents_told
from matching.answers.filters import Marks, MatchFilters
from matching.answers.kept import WantedNeeds, WantedPatents, kept_needs, kept_patents
from matching.answers.refinement import RefinedMatches, refined, refinement
from matching.answers.results import NO_CONTENT, MatchResponse, NeedMatch, PatentMatch
from matching.answers.segment_names import SegmentNames, segment_names
from matching.answers.shown import by_segment, has_match, need_matches, patent_evidence, patent_matches
from matching.ranking import families
from matching.ranking.factors import FactorRules
from matching.ranking.factors import load as load_factors
from matching.ranking.listing import LIMITS, ListLimits
from matching.ranking.pair_factors import AskedFactors, Context, FactorOptions
from matching.ranking.ranked import Ask, Ranked, asking_needs
from matching.retrieval.confidence import SAMPLE, Levels, level
from matching.retrieval.retrieve import Hit, asking_among, asking_patent

CUT = (
    "符合条件的专利不足所要的件数：按记录逐件核对，只核对了匹配度最高的 {:,} 件；"
    "请用产业细分领域、地区等条件缩小范围后再查"
)
ALL_FACTORS = FactorOptions()


class Matcher:
    """Serves match requests from the generation in use; thread-safe."""

    def __init__(
        self,
        database: Database,
        store: GenerationStore | Follower,
        encoder: Encoder,
        data_dir: Path | None = None,
        limits: ListLimits = LIMITS,
        *,
        today: Callable[[], date],
    ) -> None:
        """`today` tells the day of an answer; `data_dir` holds the rule files that an operator has edited, where there are any."""
        self._database, self._store, self._encoder = database, store, encoder
        self._data_dir, self._limits, self.today = data_dir, limits, today

    def generation(self, name: str | None = None) -> Generation:
        """The generation in use, or the kept one with that name.

        Raises NotReady when there is none or it was built with another model, NotFound when that one is not kept.
        """
        generation = self._store.current() if name is None else self._store.open(name)
        if generation is None:
            raise NotReady("索引尚未建立", hint="请先导入数据，再运行 patentdock reindex")
        built_with = generation.manifest.model.fingerprint
        if built_with != self._encoder.fingerprint:
            raise NotReady(
                f"索引 {generation.name} 由模型 {generation.manifest.model.name} 生成，"
                f"与正在使用的模型 {self._encoder.name} 不一致",
                hint="请运行 patentdock reindex 用当前模型重建索引，或把 PATENTDOCK_MODEL 改回原模型",
            )
        return generation

    def patents_for_text(
        self,
        text: str,
        top_k: int,
        filters: Filters,
        as_of: str | None = None,
        options: FactorOptions = ALL_FACTORS,
        *,
        fold: bool = True,
    ) -> MatchResponse[PatentMatch]:
        """The `top_k` patents for a need written as `text`, best first; `as_of` names a kept generation.

        With `fold` near-duplicates are listed under the best one. Raises NotFound when the generation is not kept.
        """
        start, generation = perf_counter(), self.generation(as_of)
        if not has_content(text):
            return self._nothing(generation, start)
        need, factors = self._need(generation, text), self._factors_of_text(options)
        ask = Ask(generation.patents, need, filters, factors)
        return self._patents(generation, ask, self._wanted(top_k, filters, fold=fold), text, start)

    def patents_refined(
        self,
        text: str,
        top_k: int,
        filters: Filters,
        marks: Marks,
        options: FactorOptions = ALL_FACTORS,
        *,
        fold: bool = True,
    ) -> RefinedMatches:
        """The `top_k` patents for a need refined by marks on some of them; unsuitable ones are left out."""
        start, generation = perf_counter(), self.generation()
        need = self._need(generation, text)
        if not has_content(text):
            nothing = self._nothing(generation, start)
            return RefinedMatches(
                **dict(nothing), refinement=refinement(need, need, marks, generation.patents)
            )
        with self._database.read() as session:
            titles = [
                row.title
                for row in patents_shown.many(session, sorted(marks.suitable), today=self.today()).values()
            ]
        moved = refined(need, marks, titles, generation.patents)
        ask = Ask(generation.patents, moved, filters, self._factors_of_text(options))
        wanted = self._wanted(top_k, filters, fold=fold, hidden=marks.unsuitable)
        found = self._patents(generation, ask, wanted, text, start)
        told = refinement(need, moved, marks, generation.patents)
        return RefinedMatches(**dict(found), refinement=told)

    def patents_for_need(
        self,
        need_id: int,
        top_k: int,
        filters: Filters,
        *,
        today: date,
        factors: bool = True,
        fold: bool = True,
    ) -> MatchResponse[PatentMatch]:
        """The `top_k` patents for a need of the catalogue that is open today; without `factors` by relevance alone.

        Raises NotFound, and Conflict for a need that is not open.
        """
        start, generation = perf_counter(), self.generation()
        with self._database.read() as session:
            need = needs.get_open(session, need_id, today)
        text = needs.full_text(need.title, need.text)
        if not has_content(text):
            return self._nothing(generation, start)
        counted = self._factors_of_need(generation, need) if factors else AskedFactors()
        ask = Ask(generation.patents, self._stored_need(generation, need), filters, counted)
        return self._patents(generation, ask, self._wanted(top_k, filters, fold=fold), text, start)

    def needs_for_patent(
        self, patent_id: int, top_k: int, filters: Filters, *, today: date, factors: bool = True
    ) -> MatchResponse[NeedMatch]:
        """The `top_k` needs open today for a patent of the catalogue, best first. Raises NotFound.

        The score of a need and a patent is the same in both directions. Without `factors` needs are ranked by relevance alone.
        """
        start, generation = perf_counter(), self.generation()
        with self._database.read() as session:
            patent = patents.get(session, patent_id)
        counted = self._factors_of_patent(generation, patent_id) if factors else AskedFactors()
        still_open = filters.model_copy(update={"open_on": today})
        ask = asking_needs(generation.needs, self.asking(generation, patent), still_open, counted)
        found = ask.candidates(top_k + self._limits.spare)
        wanted = WantedNeeds(top_k, today, generation.patents, MatchFilters.of(filters).min_band)
        with self._database.read() as session:
            named = segment_names(session, generation)
            kept = kept_needs(session, Ranked(ask, found), wanted)
        attributes = ask.engine.attributes(_ids_of(kept.hits))
        profile = QueryProfile(ask.asking.tokens, ask.engine.statistics.words.idfs)
        agreeing = profile.evidence(quotable_all([need_fields(kept.needs[hit.id]) for hit in kept.hits]))
        items = need_matches(kept, counted.explained(attributes, named.names), agreeing, named.names)
        items = needs_told(items, text_fields(patent), self._data_dir)
        notices = not_in_force(patent, today) + counted.notices(generation.name, attributes)
        return MatchResponse[NeedMatch](
            **self._head(generation, named, start, notices),
            suitable=has_match(items),
            items=items,
            by_segment=by_segment(i.segments for i in items),
        )

    def _patents(
        self, generation: Generation, ask: Ask[AskingNeed], wanted: WantedPatents, text: str, start: float
    ) -> MatchResponse[PatentMatch]:
        """Ask -> Candidates -> Ranked -> Kept -> Shown."""
        found = ask.candidates(wanted.top_k + wanted.limits.spare, SAMPLE)
        levels = Levels(level(found.sample, ask.engine.statistics.documents) if found.sample else None)
        with self._database.read() as session:
            named = segment_names(session, generation)
            kept = kept_patents(session, Ranked(ask, found, levels, wanted.least), wanted)
            terms = licences_shown.of_patents(session, kept.ids, today=self.today())
        told = ask.factors.explained(ask.engine.attributes(_ids_of(kept.hits)), named.names)
        profile = QueryProfile(ask.asking.tokens, ask.engine.statistics.words.idfs)
        items = patent_matches(kept, told, patent_evidence(profile, kept), terms, levels, named.names)
        items = patents_told(items, text, self._data_dir)
        cut = [CUT.format(wanted.limits.looked_up)] if kept.is_cut else []
        notices = ask.factors.notices(generation.name, found.attributes) + cut
        return MatchResponse[PatentMatch](
            **self._head(generation, named, start, notices),
            suitable=has_match(items),
            items=items,
            by_segment=by_segment(i.segments for i in items),
        )

    def _nothing(self, generation: Generation, start: float) -> MatchResponse[PatentMatch]:
        """The response to a need that says nothing."""
        with self._database.read() as session:
            head = self._head(generation, segment_names(session, generation), start, [NO_CONTENT])
        return MatchResponse[PatentMatch](**head, suitable=False, items=[], by_segment=[])

    def _wanted(
        self, top_k: int, filters: Filters, *, fold: bool, hidden: frozenset[int] = frozenset()
    ) -> WantedPatents:
        """The conditions on the patents that the index cannot check."""
        conditions = MatchFilters.of(filters)
        return WantedPatents(
            top_k,
            self.today(),
            load_table(self._data_dir),
            conditions.eligibility,
            hidden,
            families.load(self._data_dir) if fold else None,
            self._limits,
            conditions.min_band,
        )

    def _factors_of_text(self, options: FactorOptions) -> AskedFactors:
        if not options.count:
            return AskedFactors()
        said = options.context
        return AskedFactors(*self._rules, need=Attributes.of_one(said.segments, said.regions))

    def _factors_of_need(self, generation: Generation, need: needs.Need) -> AskedFactors:
        """Those of the need as the generation knows it, so that they are the same the other way round and at night."""
        id_ = id_of(need)
        if id_ in generation.needs:
            return AskedFactors(*self._rules, need=generation.needs.attributes(np.array([id_])))
        segments = [str(ref["code"]) for ref in need.classes if ref["scheme"] == "segment"]
        said = Context.at(segments, need.prefecture or need.province)
        return AskedFactors(*self._rules, need=Attributes.of_one(said.segments, said.regions))

    def _factors_of_patent(self, generation: Generation, patent_id: int) -> AskedFactors:
        """The attributes of the patent in the generation; all unknown for one that is not indexed."""
        known = patent_id in generation.patents
        its = generation.patents.attributes(np.array([patent_id])) if known else Attributes.of_one()
        return AskedFactors(*self._rules, patent=its)

    @property
    def _rules(self) -> tuple[FactorRules, date]:
        return load_factors(self._data_dir), self.today()

    def _need(self, generation: Generation, text: str) -> AskingNeed:
        return asking_among(text, self._encoder.encode_queries([text])[0], generation.needs)

    def _stored_need(self, generation: Generation, need: needs.Need) -> AskingNeed:
        """The need with the vector that the generation has of it, so that a pair scores the same the other way round."""
        text, id_ = needs.full_text(need.title, need.text), id_of(need)
        if id_ not in generation.needs:
            return self._need(generation, text)
        return asking_among(text, generation.needs.vectors(np.array([id_]))[0], generation.needs)

    def asking(self, generation: Generation, patent: patents.Patent) -> AskingPatent:
        """A patent of the catalogue as a query, indexed or not."""
        text = patent_text(patent.title, patent.abstract, patent.first_claim)
        id_ = id_of(patent)
        is_indexed = id_ in generation.patents
        return asking_patent(generation.patents, id_, text) if is_indexed else self._not_indexed(text)

    def _not_indexed(self, text: str) -> AskingPatent:
        """A patent that came after the generation was built."""
        vectors = self._encoder.encode_passages([text, *sentences_of(text)])
        return AskingPatent.of(vectors, tokens(text))

    def _head(
        self, generation: Generation, named: SegmentNames, start: float, notices: list[str]
    ) -> dict[str, Any]:
        return {
            "generation": generation.name,
            "model": generation.manifest.model.name,
            "segment_catalogue": named.version,
            "notices": named.notices + notices,
            "took_ms": round((perf_counter() - start) * 1000, 1),
        }


def not_in_force(patent: patents.Patent, day: date) -> list[str]:
    """A notice of a patent that is known not to be in force on the day."""
    life = patents.life_of(patent, day)
    return [f"该专利{life.standing}"] if life.in_force is False else []


def _ids_of(hits: Sequence[Hit]) -> Ids:
    return np.array([hit.id for hit in hits], np.int64)
