"""Matching: a text or a need to patents, a patent to needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, Protocol

import numpy as np

from assessment.eligibility.gate import load_table
from catalog.db import Database
from catalog.demand import needs
from catalog.kit.base import id_of
from catalog.kit.errors import NotReady
from catalog.licences import shown as licences_shown
from catalog.reference.content import has_content
from catalog.supply import patents, patents_shown
from index.arrays import Floats
from index.attributes import Attributes
from index.engine import AskingNeed, AskingPatent, Candidates, Ids
from index.generations.collection import sentences_of
from index.generations.documents import patent_text
from index.generations.generation import Generation
from index.model.encoder import Encoder
from index.text import tokens
from matching.answers.evidence import QueryProfile, need_fields, quotable_all, text_fields
from matching.answers.excluded import needs_with_breaches, patents_with_breaches
from matching.answers.filters import Marks, MatchFilters, Wanted
from matching.answers.kept import WantedNeeds, WantedPatents, kept_needs, kept_patents
from matching.answers.refinement import RefinedMatches, refined, refinement
from matching.answers.results import NO_CONTENT, MatchResponse, NeedMatch, PatentMatch
from matching.answers.segment_names import SegmentNames, segment_names
from matching.answers.shown import by_segment, has_match, need_matches, patent_evidence, patent_matches
from matching.ranking import families
from matching.ranking.factors import load as load_factors
from matching.ranking.listing import LIMITS, ListLimits
from matching.ranking.pair_factors import AskedFactors, Context
from matching.ranking.ranked import Ask, Ranked, asking_needs
from matching.retrieval.confidence import SAMPLE, Levels, level
from matching.retrieval.retrieve import Hit, asking_among, asking_patent

CUT = (
    "符合条件的专利不足所要的件数：按记录逐件核对，只核对了匹配度最高的 {:,} 件；"
    "请用产业细分领域、地区等条件缩小范围后再查"
)
# Threads that search for the needs of one call: what waits at the same time is scanned for together.
_BESIDE = ThreadPoolExecutor(8, "asking")


class Generations(Protocol):
    """The generations that may be asked."""

    def latest(self) -> Generation | None:
        """The one in use, None when there is none."""

    def open(self, name: str) -> Generation:
        """A kept one. Raises NotFound."""


@dataclass(frozen=True, slots=True)
class _Pinned:
    """A generation that stays in use, whatever is built meanwhile."""

    generation: Generation
    others: Generations

    def latest(self) -> Generation:
        return self.generation

    def open(self, name: str) -> Generation:
        return self.others.open(name)


@dataclass(frozen=True, slots=True)
class _Found:
    """The candidates for a need written as `text`, asked at the time `start`."""

    ask: Ask[AskingNeed]
    wanted: WantedPatents
    text: str
    start: float
    candidates: Candidates


class Matcher:
    """Serves match requests from the generation in use; thread-safe."""

    def __init__(
        self,
        database: Database,
        store: Generations,
        encoder: Encoder,
        data_dir: Path | None = None,
        limits: ListLimits = LIMITS,
    ) -> None:
        """`data_dir` holds the rule files that an operator has edited, where there are any."""
        self._database, self._store, self._encoder = database, store, encoder
        self._data_dir, self._limits = data_dir, limits

    def generation(self, name: str | None = None) -> Generation:
        """The generation in use, or the kept one with that name.

        Raises NotReady when there is none or it was built with another model, NotFound when that one is not kept.
        """
        generation = self._store.latest() if name is None else self._store.open(name)
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

    def at(self, name: str | None = None) -> Matcher:
        """A matcher that stays with the generation in use now, or the kept one with that name. Raises as `generation`."""
        pinned = _Pinned(self.generation(name), self._store)
        return Matcher(self._database, pinned, self._encoder, self._data_dir, self._limits)

    def patents_for_text(self, text: str, wanted: Wanted) -> MatchResponse[PatentMatch]:
        """The patents for a need written as `text`, best first. Raises NotFound when the generation is not kept."""
        start, generation = perf_counter(), self.generation(wanted.as_of)
        if not has_content(text):
            return self._nothing(generation, start)
        ask = self._asked(generation, text, self._encoder.encode_queries([text])[0], wanted)
        return self._patents(generation, ask, self._conditions(wanted), text, start)

    def patents_for_texts(
        self, asked: Sequence[tuple[str, Wanted]]
    ) -> Iterator[tuple[int, MatchResponse[PatentMatch]]]:
        """The patents for several needs, each with its place in `asked`, in the order in which they are ready.

        Each response is that of `patents_for_text` but for its time, which begins when the need is embedded.
        """
        generation = self.generation()
        said = [place for place, (text, _) in enumerate(asked) if has_content(text)]
        for place in sorted({*range(len(asked))} - {*said}):
            yield place, self._nothing(generation, perf_counter())
        for some, vectors in self._encoder.queries_as_ready([asked[place][0] for place in said]):
            places = [said[at] for at in some]
            searched = _BESIDE.map(
                partial(self._searched, generation), map(asked.__getitem__, places), vectors
            )
            for place, found in zip(places, searched, strict=True):
                yield place, self._shown(generation, found)

    def patents_refined(self, text: str, wanted: Wanted, marks: Marks) -> RefinedMatches:
        """The patents for a need refined by marks on some of them; unsuitable ones are left out."""
        start, generation = perf_counter(), self.generation()
        need = self._need(generation, text)
        if not has_content(text):
            nothing = self._nothing(generation, start)
            return RefinedMatches(
                **dict(nothing), refinement=refinement(need, need, marks, generation.patents)
            )
        with self._database.read() as session:
            marked = patents_shown.many(session, sorted(marks.suitable), today=wanted.today)
            titles = [row.title for row in marked.values()]
        moved = refined(need, marks, titles, generation.patents)
        ask = Ask(generation.patents, moved, wanted.filters, self._factors_of_text(wanted))
        found = self._patents(generation, ask, self._conditions(wanted, marks.unsuitable), text, start)
        shift = refinement(need, moved, marks, generation.patents)
        return RefinedMatches(**dict(found), refinement=shift)

    def patents_for_need(self, need_id: int, wanted: Wanted) -> MatchResponse[PatentMatch]:
        """The patents for a need of the catalogue. Raises NotFound, and Conflict for a need that is not open on the day."""
        start, generation = perf_counter(), self.generation()
        with self._database.read() as session:
            need = needs.get_open(session, need_id, wanted.today)
        text = needs.full_text(need.title, need.text)
        if not has_content(text):
            return self._nothing(generation, start)
        counted = self._factors_of_need(generation, need, wanted)
        ask = Ask(generation.patents, self._stored_need(generation, need), wanted.filters, counted)
        return self._patents(generation, ask, self._conditions(wanted), text, start)

    def needs_for_patent(self, patent_id: int, wanted: Wanted) -> MatchResponse[NeedMatch]:
        """The needs open on the day for a patent of the catalogue, best first. Raises NotFound.

        The score of a need and a patent is the same in both directions.
        """
        start, generation = perf_counter(), self.generation()
        with self._database.read() as session:
            patent = patents.get(session, patent_id)
        counted = self._factors_of_patent(generation, patent_id, wanted)
        still_open = wanted.filters.model_copy(update={"open_on": wanted.today})
        ask = asking_needs(generation.needs, self.asking(generation, patent), still_open, counted)
        found = ask.candidates(wanted.top_k + self._limits.spare)
        least = MatchFilters.of(wanted.filters).min_band
        conditions = WantedNeeds(wanted.top_k, wanted.today, generation.patents, least)
        with self._database.read() as session:
            named = segment_names(session, generation)
            kept = kept_needs(session, Ranked(ask, found), conditions)
        attributes = ask.engine.attributes(_ids_of(kept.hits))
        profile = QueryProfile(ask.asking.tokens, ask.engine.statistics.words.idfs)
        agreeing = profile.evidence(quotable_all([need_fields(kept.needs[hit.id]) for hit in kept.hits]))
        items = need_matches(kept, counted.explained(attributes, named.names), agreeing, named.names)
        items = needs_with_breaches(items, text_fields(patent), self._data_dir)
        notices = not_in_force(patent, wanted.today) + counted.notices(generation.name, attributes)
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
        return self._shown(generation, _Found(ask, wanted, text, start, _candidates(ask, wanted)))

    def _searched(self, generation: Generation, asked: tuple[str, Wanted], vector: Floats) -> _Found:
        start, (text, wanted) = perf_counter(), asked
        ask, conditions = self._asked(generation, text, vector, wanted), self._conditions(wanted)
        return _Found(ask, conditions, text, start, _candidates(ask, conditions))

    def _shown(self, generation: Generation, one: _Found) -> MatchResponse[PatentMatch]:
        """Candidates -> Ranked -> Kept -> Shown."""
        ask, wanted, found = one.ask, one.wanted, one.candidates
        levels = Levels(level(found.sample, ask.engine.statistics.documents) if found.sample else None)
        with self._database.read() as session:
            named = segment_names(session, generation)
            kept = kept_patents(session, Ranked(ask, found, levels, wanted.least), wanted)
            terms = licences_shown.of_patents(session, kept.ids, today=wanted.day)
        explained = ask.factors.explained(ask.engine.attributes(_ids_of(kept.hits)), named.names)
        profile = QueryProfile(ask.asking.tokens, ask.engine.statistics.words.idfs)
        items = patent_matches(kept, explained, patent_evidence(profile, kept), terms, levels, named.names)
        items = patents_with_breaches(items, one.text, self._data_dir)
        cut = [CUT.format(wanted.limits.looked_up)] if kept.is_cut else []
        notices = ask.factors.notices(generation.name, found.attributes) + cut
        return MatchResponse[PatentMatch](
            **self._head(generation, named, one.start, notices),
            suitable=has_match(items),
            items=items,
            by_segment=by_segment(i.segments for i in items),
        )

    def _nothing(self, generation: Generation, start: float) -> MatchResponse[PatentMatch]:
        """The response to a need that says nothing."""
        with self._database.read() as session:
            head = self._head(generation, segment_names(session, generation), start, [NO_CONTENT])
        return MatchResponse[PatentMatch](**head, suitable=False, items=[], by_segment=[])

    def _conditions(self, wanted: Wanted, hidden: frozenset[int] = frozenset()) -> WantedPatents:
        """The conditions on the patents that the index cannot check."""
        conditions = MatchFilters.of(wanted.filters)
        return WantedPatents(
            wanted.top_k,
            wanted.today,
            load_table(self._data_dir),
            conditions.eligibility,
            hidden,
            families.load(self._data_dir) if wanted.fold else None,
            self._limits,
            conditions.min_band,
        )

    def _factors_of_text(self, wanted: Wanted) -> AskedFactors:
        if not wanted.options.count:
            return AskedFactors()
        context = wanted.options.context
        attributes = Attributes.of_one(context.segments, context.regions)
        return AskedFactors(load_factors(self._data_dir), wanted.today, need=attributes)

    def _factors_of_need(self, generation: Generation, need: needs.Need, wanted: Wanted) -> AskedFactors:
        """The factors of the need as the generation knows it, so that they are the same the other way round and at night."""
        if not wanted.options.count:
            return AskedFactors()
        id_ = id_of(need)
        if id_ in generation.needs:
            attributes = generation.needs.attributes(np.array([id_]))
        else:
            segments = [str(ref["code"]) for ref in need.classes if ref["scheme"] == "segment"]
            context = Context.at(segments, need.prefecture or need.province)
            attributes = Attributes.of_one(context.segments, context.regions)
        return AskedFactors(load_factors(self._data_dir), wanted.today, need=attributes)

    def _factors_of_patent(self, generation: Generation, patent_id: int, wanted: Wanted) -> AskedFactors:
        """The attributes of the patent in the generation; all unknown for one that is not indexed."""
        if not wanted.options.count:
            return AskedFactors()
        known = patent_id in generation.patents
        attributes = generation.patents.attributes(np.array([patent_id])) if known else Attributes.of_one()
        return AskedFactors(load_factors(self._data_dir), wanted.today, patent=attributes)

    def _asked(self, generation: Generation, text: str, vector: Floats, wanted: Wanted) -> Ask[AskingNeed]:
        """The query of a need written as `text`, embedded as `vector`."""
        need = asking_among(text, vector, generation.needs)
        return Ask(generation.patents, need, wanted.filters, self._factors_of_text(wanted))

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


def _candidates(ask: Ask[AskingNeed], wanted: WantedPatents) -> Candidates:
    return ask.candidates(wanted.top_k + wanted.limits.spare, SAMPLE)


def _ids_of(hits: Sequence[Hit]) -> Ids:
    return np.array([hit.id for hit in hits], np.int64)
