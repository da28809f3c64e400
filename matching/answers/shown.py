"""Parts of a match as shown to users: scores, evidence, segments, families."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from catalog.kit.base import ClassRef
from catalog.licences.shown import LicencePublic
from catalog.segments.segments import finest_each
from matching.answers.evidence import (
    EvidenceSentence,
    QueryProfile,
    nearest_sentence,
    quotable_all,
    text_fields,
)
from matching.answers.kept import KeptNeeds, KeptPatents
from matching.answers.results import (
    Evidence,
    NeedMatch,
    PatentMatch,
    Scores,
    SegmentCount,
    SegmentRef,
)
from matching.ranking import families
from matching.ranking.pair_factors import FactorAmount
from matching.retrieval.confidence import Levels
from matching.retrieval.relevance import WEIGHTS
from matching.retrieval.retrieve import Hit

BASIS_NAMES = {"official": "登记", "industry": "推断（行业）", "ipc": "推断（IPC）", "text": "推断（文本）"}


def patent_matches(
    kept: KeptPatents,
    explained: Sequence[list[FactorAmount]],
    evidence: Sequence[Sequence[EvidenceSentence]],
    terms: Mapping[int, LicencePublic],
    levels: Levels,
    names: Mapping[str, str],
) -> list[PatentMatch]:
    """Kept -> Shown: the patents with all that is shown beside them; factors and evidence in the order of the hits."""
    segments_each = _segments_each([kept.patents[hit.id].classes for hit in kept.hits], names)
    beside = zip(kept.hits, explained, evidence, segments_each, strict=True)
    return [
        PatentMatch(
            rank=rank,
            score=hit.score,
            relevance=hit.relevance,
            scores=scores_of(hit),
            factors=factors,
            patent=kept.patents[hit.id],
            segments=segments,
            licence=terms.get(hit.id),
            eligibility=kept.verdicts[hit.id],
            confidence=levels.of_hit(hit),
            evidence=quoted(quotes),
            family=_family(kept, hit.id, terms),
        )
        for rank, (hit, factors, quotes, segments) in enumerate(beside, 1)
    ]


def need_matches(
    kept: KeptNeeds,
    explained: Sequence[list[FactorAmount]],
    evidence: Sequence[Sequence[EvidenceSentence]],
    names: Mapping[str, str],
) -> list[NeedMatch]:
    """Kept -> Shown: the needs with all that is shown beside them, each sequence in the order of the hits."""
    segments_each = _segments_each([kept.needs[hit.id].classes for hit in kept.hits], names)
    beside = zip(kept.hits, explained, evidence, segments_each, strict=True)
    return [
        NeedMatch(
            rank=rank,
            score=hit.score,
            relevance=hit.relevance,
            scores=scores_of(hit),
            factors=factors,
            need=kept.needs[hit.id],
            confidence=kept.levels.of_hit(hit),
            segments=segments,
            evidence=quoted(quotes),
        )
        for rank, (hit, factors, quotes, segments) in enumerate(beside, 1)
    ]


def has_match(items: Sequence[PatentMatch] | Sequence[NeedMatch]) -> bool:
    """Whether one of them is a match, or may be, where there is nothing to compare with."""
    return any(item.confidence is None or item.confidence.band.is_match for item in items)


def _family(
    kept: KeptPatents, leader: int, terms: Mapping[int, LicencePublic]
) -> list[families.FamilyMember]:
    """The patents folded under the patent `leader`, best first."""
    verdicts = kept.verdicts
    return [
        families.member(
            folded.patent,
            folded.hit.score,
            folded.reason,
            (verdicts[folded.hit.id], verdicts[leader]),
            (terms.get(folded.hit.id), terms.get(leader)),
        )
        for folded in sorted(kept.folded.get(leader, []), key=lambda one: -one.hit.score)
    ]


def scores_of(hit: Hit) -> Scores:
    """The parts of a score as shown to users."""
    return Scores(
        document=hit.document,
        sentence=hit.sentence,
        lexical=hit.lexical,
        bm25=round(hit.bm25, 6),
        dense_rank=hit.dense_rank,
        lexical_rank=hit.lexical_rank,
    )


def _segments_each(records: Sequence[Sequence[ClassRef]], names: Mapping[str, str]) -> list[list[SegmentRef]]:
    """The industry segments among the classes of each record, each name once."""
    among = [[ref for ref in classes if ref.scheme == "segment"] for classes in records]
    finest = finest_each([[ref.code for ref in refs] for refs in among], names)
    return [
        [_segment(ref, names) for ref in refs if ref.code in codes]
        for refs, codes in zip(among, finest, strict=True)
    ]


def _segment(ref: ClassRef, names: Mapping[str, str]) -> SegmentRef:
    return SegmentRef(
        code=ref.code,
        name=names.get(ref.code, ref.code),
        basis=ref.basis,
        basis_name=BASIS_NAMES.get(ref.basis, ref.basis),
    )


def patent_evidence(profile: QueryProfile, kept: KeptPatents) -> list[list[EvidenceSentence]]:
    """The sentences to quote of each patent that is shown: the sentence nearest in meaning, then those that agree in words."""
    parts = quotable_all([text_fields(kept.patents[hit.id]) for hit in kept.hits])
    # A title only names the subject; the evidence is in the text.
    agreeing = profile.evidence([[part for part in some if part[0] != "title"] for some in parts])
    return [
        _nearest_first(nearest_sentence(some, hit.place, hit.sentence / WEIGHTS.sentence), others)
        for hit, some, others in zip(kept.hits, parts, agreeing, strict=True)
    ]


def _nearest_first(
    nearest: EvidenceSentence | None, others: list[EvidenceSentence]
) -> list[EvidenceSentence]:
    if nearest is None:
        return others
    return [nearest, *(one for one in others if one.sentence != nearest.sentence)]


def quoted(found: Sequence[EvidenceSentence]) -> list[Evidence]:
    """Sentences as shown to users."""
    return [
        Evidence(
            sentence=one.sentence,
            basis=one.basis,
            score=one.score,
            field=one.field,
            start=one.start,
            end=one.end,
        )
        for one in found
    ]


def by_segment(groups: Iterable[list[SegmentRef]]) -> list[SegmentCount]:
    """The number of matches in each segment, the largest first."""
    counts: dict[str, SegmentCount] = {}
    for group in groups:
        for ref in group:
            entry = counts.setdefault(ref.code, SegmentCount(code=ref.code, name=ref.name, count=0))
            entry.count += 1
    return sorted(counts.values(), key=lambda entry: (-entry.count, entry.code))
