"""Ranked -> Kept (匹配清单): the hits whose records still exist and meet the conditions, with these records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from assessment.eligibility import gate as eligibility
from assessment.eligibility.gate import Eligibility, Verdict
from assessment.eligibility.table import RuleTable
from catalog.db import Session
from catalog.demand import needs
from catalog.demand.needs import NeedPublic
from catalog.kit.terms import NeedStatus
from catalog.supply import patents_shown
from catalog.supply.patents_shown import PatentPublic
from index.engine import AskingNeed, AskingPatent
from matching.ranking.families import FamilyRules
from matching.ranking.listing import LIMITS, Folded, Folding, ListLimits, Walk
from matching.ranking.ranked import Ranked
from matching.retrieval.retrieve import Hit


@dataclass(frozen=True, slots=True)
class WantedPatents:
    """The number of patents to list, and the conditions on their records: the verdict on a day, and not hidden.

    By the rules of `families` near-duplicates are folded under a better one; without rules all are listed.
    """

    top_k: int
    day: date
    table: RuleTable
    verdicts: Sequence[Eligibility] = ()
    hidden: frozenset[int] = frozenset()
    families: FamilyRules | None = None
    limits: ListLimits = LIMITS


@dataclass(frozen=True, slots=True)
class KeptPatents:
    """The hits shown, the patents and verdicts of all records looked up, and the folded patents by their leading one.

    `is_cut` where the list is not full because the limit of look-ups was reached.
    """

    hits: list[Hit]
    patents: Mapping[int, PatentPublic]
    verdicts: Mapping[int, Verdict]
    folded: Mapping[int, list[Folded]] = field(default_factory=dict)
    is_cut: bool = False

    @property
    def ids(self) -> list[int]:
        """The ids of all that are shown or folded under what is shown."""
        members = (folded.hit.id for its in self.folded.values() for folded in its)
        return [*(hit.id for hit in self.hits), *members]


@dataclass(frozen=True, slots=True)
class KeptNeeds:
    """The hits shown, and the needs of all records looked up."""

    hits: list[Hit]
    needs: Mapping[int, NeedPublic]


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


def kept_needs(session: Session, ranked: Ranked[AskingPatent], top_k: int, today: date) -> KeptNeeds:
    """The best needs that are still open on that day."""
    walk, found = Walk(ranked, top_k), dict[int, NeedPublic]()
    for some in walk.steps():
        new = needs.many(session, [hit.id for hit in some if hit.id not in found], today)
        still_open = {id_: need for id_, need in new.items() if need.status == NeedStatus.OPEN}
        found |= still_open
        walk.keep(hit for hit in some if hit.id in still_open)
    return KeptNeeds(walk.kept, found)


class _Patents:
    """The records looked up: the patents that exist and meet the conditions, and the verdicts of all."""

    def __init__(self, session: Session, wanted: WantedPatents) -> None:
        self._session, self._wanted = session, wanted
        self.patents: dict[int, PatentPublic] = {}
        self.verdicts: dict[int, Verdict] = {}

    def look_up(self, hits: Sequence[Hit]) -> list[Hit]:
        """The hits that exist, meet the conditions and were not looked up before."""
        ids = [hit.id for hit in hits if hit.id not in self.patents and hit.id not in self._wanted.hidden]
        self.verdicts |= eligibility.of_patents(self._session, ids, self._wanted.day, self._wanted.table)
        new = patents_shown.many(self._session, [id_ for id_ in ids if self._is_wanted(id_)])
        self.patents |= new
        return [hit for hit in hits if hit.id in new]

    def _is_wanted(self, id_: int) -> bool:
        verdict, asked = self.verdicts.get(id_), self._wanted.verdicts
        return verdict is not None and (not asked or verdict.verdict in asked)
