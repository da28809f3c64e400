"""Matching: a text or a need to patents, a patent to needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from time import perf_counter
from typing import Any

from catalog import licences, needs, patents, segments
from catalog.base import ClassRef
from catalog.db import Database, Session
from catalog.errors import NotReady
from index.build import patent_text
from index.collection import Collection
from index.columns import Filters
from index.encoder import Encoder
from index.generation import Generation, GenerationStore
from matching.explain import QueryProfile
from matching.results import (
    Evidence,
    MatchResponse,
    NeedMatch,
    PatentMatch,
    Scores,
    SegmentCount,
    SegmentRef,
)
from matching.retrieve import Hit, Query, retrieve

BASIS_NAMES = {"official": "登记", "industry": "推断（行业）", "ipc": "推断（IPC）", "text": "推断（文本）"}
# Records deleted since the generation was built leave gaps; this many more hits are kept to fill them.
SPARE = 50


class Matcher:
    """Answers match requests from the generation in use; one instance serves many threads."""

    def __init__(self, database: Database, store: GenerationStore, encoder: Encoder) -> None:
        self._database, self._store, self._encoder = database, store, encoder

    def generation(self) -> Generation:
        """The generation in use. Raises NotReady when there is none or it was built with another model."""
        generation = self._store.current()
        if generation is None:
            raise NotReady("索引尚未建立", hint="请先导入数据，再运行 patentdock reindex")
        built_with = generation.manifest.model.fingerprint
        if built_with != self._encoder.fingerprint:
            raise NotReady(
                f"当前索引由模型 {generation.manifest.model.name} 生成，与正在使用的模型 {self._encoder.name} 不一致",
                hint="请运行 patentdock reindex 用当前模型重建索引，或把 PATENTDOCK_MODEL 改回原模型",
            )
        return generation

    def patents_for_text(self, text: str, top_k: int, filters: Filters) -> MatchResponse[PatentMatch]:
        """The `top_k` patents that answer a need written as `text`, best first."""
        start, generation = perf_counter(), self.generation()
        query = Query.of(text, self._encoder.encode_queries([text])[0])
        return self._patents(generation, query, top_k, filters, start)

    def patents_for_need(self, need_id: int, top_k: int, filters: Filters) -> MatchResponse[PatentMatch]:
        """The `top_k` patents that answer a need of the catalogue. Raises NotFound."""
        with self._database.read() as session:
            need = needs.get(session, need_id)
        return self.patents_for_text(needs.full_text(need.title, need.text), top_k, filters)

    def needs_for_patent(self, patent_id: int, top_k: int, filters: Filters) -> MatchResponse[NeedMatch]:
        """The `top_k` open needs that a patent of the catalogue answers, best first. Raises NotFound.

        The patent's own vector is held against the needs' query vectors: the same score as the other way round.
        """
        start, generation = perf_counter(), self.generation()
        with self._database.read() as session:
            patent = patents.get(session, patent_id)
        text = patent_text(patent.title, patent.abstract, patent.first_claim)
        row = generation.patents.row_of(patent_id)
        vector = (
            generation.patents.vectors.vector(row)
            if row is not None
            else self._encoder.encode_passages([text])[0]
        )
        query = Query.of(text, vector)
        hits = _search(generation.needs, query, top_k, filters)
        profile = QueryProfile(query.tokens, generation.needs.lexical.idf)
        with self._database.read() as session:
            names = _segment_names(session, generation)
            found = needs.many(session, [hit.id for hit in hits])
        kept = [hit for hit in hits if hit.id in found][:top_k]
        items = [
            NeedMatch(
                rank=rank,
                score=hit.score,
                scores=_scores(hit),
                need=found[hit.id],
                segments=_segments(found[hit.id].classes, names),
                evidence=_evidence(profile, [("title", found[hit.id].title), ("text", found[hit.id].text)]),
            )
            for rank, hit in enumerate(kept, 1)
        ]
        return MatchResponse[NeedMatch](
            **self._head(generation, start), items=items, by_segment=_by_segment(i.segments for i in items)
        )

    def _patents(
        self, generation: Generation, query: Query, top_k: int, filters: Filters, start: float
    ) -> MatchResponse[PatentMatch]:
        hits = _search(generation.patents, query, top_k, filters)
        profile = QueryProfile(query.tokens, generation.patents.lexical.idf)
        ids = [hit.id for hit in hits]
        with self._database.read() as session:
            names = _segment_names(session, generation)
            found = patents.many(session, ids)
            terms = licences.of_patents(session, ids)
        kept = [hit for hit in hits if hit.id in found][:top_k]
        items = [
            PatentMatch(
                rank=rank,
                score=hit.score,
                scores=_scores(hit),
                patent=found[hit.id],
                segments=_segments(found[hit.id].classes, names),
                licence=terms.get(hit.id),
                evidence=_evidence(profile, _patent_fields(found[hit.id])),
            )
            for rank, hit in enumerate(kept, 1)
        ]
        return MatchResponse[PatentMatch](
            **self._head(generation, start), items=items, by_segment=_by_segment(i.segments for i in items)
        )

    def _head(self, generation: Generation, start: float) -> dict[str, Any]:
        return {
            "generation": generation.name,
            "model": generation.manifest.model.name,
            "segment_catalogue": generation.manifest.segment_catalogue,
            "took_ms": round((perf_counter() - start) * 1000, 1),
        }


def _search(collection: Collection, query: Query, top_k: int, filters: Filters) -> list[Hit]:
    return retrieve(collection, query, collection.columns.select(filters), top_k + SPARE)


def _scores(hit: Hit) -> Scores:
    return Scores(
        dense=round(hit.dense, 6),
        dense_rank=hit.dense_rank,
        lexical=round(hit.lexical, 6),
        lexical_rank=hit.lexical_rank,
    )


def _segment_names(session: Session, generation: Generation) -> dict[str, str]:
    version = generation.manifest.segment_catalogue
    return {s.code: s.name for s in segments.segments_of(session, segments.catalogue(session, version))}


def _segments(classes: Sequence[ClassRef], names: dict[str, str]) -> list[SegmentRef]:
    return [
        SegmentRef(
            code=ref.code,
            name=names.get(ref.code, ref.code),
            basis=ref.basis,
            basis_name=BASIS_NAMES.get(ref.basis, ref.basis),
        )
        for ref in classes
        if ref.scheme == "segment"
    ]


def _patent_fields(patent: patents.PatentPublic) -> list[tuple[str, str]]:
    # A title repeats the name of the thing; what answers a need stands in the text.
    return [("abstract", patent.abstract), ("first_claim", patent.first_claim)]


def _evidence(profile: QueryProfile, fields: list[tuple[str, str]]) -> list[Evidence]:
    return [
        Evidence(sentence=e.sentence, score=e.score, field=e.field, start=e.start, end=e.end)
        for e in profile.evidence(fields)
    ]


def _by_segment(groups: Iterable[list[SegmentRef]]) -> list[SegmentCount]:
    counts: dict[str, SegmentCount] = {}
    for group in groups:
        for ref in group:
            entry = counts.setdefault(ref.code, SegmentCount(code=ref.code, name=ref.name, count=0))
            entry.count += 1
    return sorted(counts.values(), key=lambda entry: (-entry.count, entry.code))
