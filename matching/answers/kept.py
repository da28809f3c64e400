"""Ranked -> Kept (匹配清单): the hits whose records still exist and meet the conditions, with these records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from assessment.eligibility import gate as eligibility_gate
from assessment.eligibility.gate import Eligibility, JudgedEligibility
from assessment.eligibility.table import RuleTable
from catalog.db import Session
from catalog.demand import needs
from catalog.demand.needs import NeedPublic
from catalog.kit.terms import Band, NeedStatus
from catalog.supply import patents_shown
from catalog.supply.patents_shown import PatentPublic
from index.engine import AskingNeed, AskingPatent, Engine
from matching.ranking.families import FamilyRules
from matching.ranking.listing import LIMITS, Folded, Folding, ListLimits, Walk
from matching.ranking.ranked import Ranked
from matching.retrieval.confidence import Level, Levels, levels
from matching.retrieval.retrieve import Hit

# Each need has a level of its own: to look for good matches among more of the nearest needs takes seconds.
_JUDGED = ListLimits(looked_up=1000)


@dataclass(frozen=True, slots=True)
class WantedPatents:
    """The number of patents to list, the least band of their match, and the conditions on their records.

    These are the verdict on a day, and not hidden.

    By the rules of `families` near-duplicates are folded under a better one; without rules all are listed.
    """

    top_k: int
    day: date
    table: RuleTable
    verdicts: Sequence[Eligibility] = ()
    hidden: frozenset[int] = frozenset()
    families: FamilyRules | None = None
    limits: ListLimits = LIMITS
    least: Band | None = None


@dataclass(frozen=True, slots=True)
class WantedNeeds:
    """The number of needs to list, open on the `day`, and the least band of their match, judged among the `patents` of the generation."""

    top_k: int
    day: date
    patents: Engine[AskingNeed]
    least: Band | None = None


@dataclass(frozen=True, slots=True)
class KeptPatents:
    """The hits shown, the patents and verdicts of all records looked up, and the folded patents by their leading one.

    `is_cut` where the list is not full because the limit of look-ups was reached.
    """

    hits: list[Hit]
    patents: Mapping[int, PatentPublic]
    verdicts: Mapping[int, JudgedEligibility]
    folded: Mapping[int, list[Folded]] = field(default_factory=dict)
    is_cut: bool = False

    @property
    def ids(self) -> list[int]:
        """The ids of all that are shown or folded under what is shown."""
        members = (folded.hit.id for group in self.folded.values() for folded in group)
        return [*(hit.id for hit in self.hits), *members]


@dataclass(frozen=True, slots=True)
class KeptNeeds:
    """The hits shown, and the needs of all records looked up with their levels."""

    hits: list[Hit]
    needs: Mapping[int, NeedPublic]
    levels: Levels


def kept_patents(session: Session, ranked: Ranked[AskingNeed], wanted: WantedPatents) -> KeptPatents:
    """The best patents that still exist and meet the conditions: deleted ones disappear at once."""
    walk = Walk(ranked, wanted.top_k, wanted.limits)
    folding = Folding(wanted.families, ranked.ask.engine) if wanted.families else None
    records = _Patents(session, wanted)
    for some in walk.steps():
        there = records.look_up(some)
        walk.keep(folding.leading(there, records.patents) if folding else there)
    if folding:
        near = folding.near(walk.rest)
        akin = folding.akin(near, patents_shown.outlines(session, [one.hit.id for one in near]))
        records.look_up([one.hit for one in akin])
        folding.fold(akin, records.patents)
    folded = folding.under(walk.kept) if folding else {}
    return KeptPatents(walk.kept, records.patents, records.verdicts, folded, walk.is_cut)


def kept_needs(session: Session, ranked: Ranked[AskingPatent], wanted: WantedNeeds) -> KeptNeeds:
    """The best needs that are still open on the day and match well enough."""
    walk = Walk(ranked, wanted.top_k, LIMITS if wanted.least is None else _JUDGED)
    found, known = dict[int, NeedPublic](), dict[int, Level]()
    for some in walk.steps():
        new = needs.many(session, [hit.id for hit in some if hit.id not in found], wanted.day)
        still_open = {id_: need for id_, need in new.items() if need.status == NeedStatus.OPEN}
        found |= still_open
        there = [hit for hit in some if hit.id in still_open]
        ids = np.array([hit.id for hit in there], np.int64)
        judged = levels(wanted.patents, ranked.ask.engine, ids)
        known |= judged.found
        walk.keep(judged.at_least(there, wanted.least))
    return KeptNeeds(walk.kept, found, Levels(found=known))


class _Patents:
    """The records looked up: the patents that exist and meet the conditions, and the verdicts of all."""

    def __init__(self, session: Session, wanted: WantedPatents) -> None:
        self._session, self._wanted = session, wanted
        self.patents: dict[int, PatentPublic] = {}
        self.verdicts: dict[int, JudgedEligibility] = {}

    def look_up(self, hits: Sequence[Hit]) -> list[Hit]:
        """The hits that exist, meet the conditions and were not looked up before."""
        ids = [hit.id for hit in hits if hit.id not in self.patents and hit.id not in self._wanted.hidden]
        self.verdicts |= eligibility_gate.of_patents(self._session, ids, self._wanted.day, self._wanted.table)
        wanted = [id_ for id_ in ids if self._is_wanted(id_)]
        new = patents_shown.many(self._session, wanted, today=self._wanted.day)
        self.patents |= new
        return [hit for hit in hits if hit.id in new]

    def _is_wanted(self, id_: int) -> bool:
        verdict, wanted = self.verdicts.get(id_), self._wanted.verdicts
        return verdict is not None and (not wanted or verdict.verdict in wanted)
