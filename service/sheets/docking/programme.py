"""The programme (活动安排) of an activity: plain values read through the catalogue, from which every paper is made.

Of a need it holds what the other side may see, of a party neither its remarks nor whom it does not wish to meet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray

from assessment.eligibility import gate
from assessment.eligibility.gate import JudgedEligibility
from assessment.eligibility.table import RuleTable
from catalog.db import Session
from catalog.deals import deals
from catalog.deals import shown as deals_shown
from catalog.deals.shown import DealPublic
from catalog.demand import needs
from catalog.demand.needs import NeedPublic
from catalog.docking import activities, candidates, invitations, outcomes, schedules, shown
from catalog.docking import meetings as meeting_records
from catalog.docking.activities import Activity
from catalog.docking.candidates import NeedOutline
from catalog.docking.invitations import InvitationPublic
from catalog.docking.outcomes import OutcomeStated
from catalog.docking.reporting.figures import Party, party_of
from catalog.docking.schedules import PlannedMeeting
from catalog.docking.shown import ActivityPublic, MeetingPublic, SessionPublic
from catalog.docking.terms import InvitationAnswer, MeetingState
from catalog.kit.base import id_of
from catalog.kit.terms import DealStatus
from catalog.licences import shown as licences_shown
from catalog.licences.shown import LicencePublic
from catalog.segments import segments
from catalog.supply import patents_shown
from catalog.supply.patents_shown import PatentPublic
from index.text import token_sets, tokens
from matching.answers.evidence import EvidenceSentence, QueryProfile, quotable_all, text_fields

NO_SEGMENT, NO_REGION = "未归类", "未填写地区"


@dataclass(frozen=True, slots=True)
class MeetingEntry:
    """A meeting with what is known of its need, its patent and what came of it; `pair` tells who met, over all teams of a holder."""

    meeting: MeetingPublic
    pair: tuple[Party, Party]
    need: NeedOutline | None = None
    segment: str = NO_SEGMENT
    patent: PatentPublic | None = None
    licence: LicencePublic | None = None
    verdict: JudgedEligibility | None = None
    quotes: Sequence[EvidenceSentence] = ()
    outcome: OutcomeStated | None = None
    deal: DealPublic | None = None

    @property
    def region(self) -> str:
        """The region of the need."""
        return (self.need.need_region if self.need else None) or NO_REGION

    @property
    def state(self) -> MeetingState:
        """The state of the meeting."""
        return MeetingState(self.meeting.state)

    @property
    def topic(self) -> str:
        """The need by its title."""
        return self.need.need_title if self.need else "双方意愿，未对应具体需求"

    @property
    def subject(self) -> str:
        """The patent by title and number."""
        if self.patent is None:
            return "未对应具体专利"
        return f"{self.patent.title}（{self.patent.application_number or '缺申请号'}）"

    def has(self, party_id: int) -> bool:
        """Whether a party takes part."""
        return party_id in (self.meeting.firm_id, self.meeting.team_id)


@dataclass(frozen=True, slots=True)
class PublishedPlan:
    """A schedule as it was published."""

    number: int
    on: datetime
    plan: Sequence[PlannedMeeting]


@dataclass(frozen=True, slots=True)
class PrintedProgramme:
    """An activity with its parties, all its meetings in the order of time and table, and the schedules that were published."""

    activity: ActivityPublic
    parties: Sequence[InvitationPublic]
    every: Sequence[MeetingEntry]
    published: Sequence[PublishedPlan]
    today: date

    @property
    def entries(self) -> list[MeetingEntry]:
        """The meetings that were not cancelled."""
        return [entry for entry in self.every if entry.state is not MeetingState.CANCELLED]

    @property
    def coming(self) -> list[InvitationPublic]:
        """The parties that come."""
        return [one for one in self.parties if one.answer == InvitationAnswer.COMING and not one.no_show]

    @property
    def is_published(self) -> bool:
        """Whether the schedule in force is the one that was published."""
        return self.activity.run is not None and self.activity.run == self.activity.published_run

    def of(self, party_id: int) -> list[MeetingEntry]:
        """The meetings of a party."""
        return [entry for entry in self.entries if entry.has(party_id)]

    def session(self, number: int) -> SessionPublic:
        """The session of that number."""
        return self.activity.sessions[number - 1]

    def only(self, party_id: int) -> PrintedProgramme:
        """The part of the programme that concerns one party."""
        return replace(
            self,
            parties=[one for one in self.parties if one.id == party_id],
            every=[entry for entry in self.every if entry.has(party_id)],
        )


def read(session: Session, activity_id: int, today: date, table: RuleTable | None = None) -> PrintedProgramme:
    """The programme of an activity on that day; verdicts by this table of rules. Raises NotFound."""
    row = activities.get(session, activity_id)
    return PrintedProgramme(
        activity=shown.activity(session, row),
        parties=[invitations.public(one) for one in invitations.of_activity(session, activity_id)],
        every=_entries(session, row, today, table),
        published=_published(session, activity_id),
        today=today,
    )


def _published(session: Session, activity_id: int) -> list[PublishedPlan]:
    runs = [one for one in meeting_records.runs_of(session, activity_id) if one.published_at]
    found = [
        PublishedPlan(one.number, one.published_at, schedules.plan_of(one))
        for one in runs
        if one.published_at
    ]
    return sorted(found, key=lambda one: (one.on, one.number))


def _entries(session: Session, row: Activity, today: date, table: RuleTable | None) -> list[MeetingEntry]:
    rows = meeting_records.of_activity(session, id_of(row))
    found = shown.meetings_shown(session, rows)
    needed = needs.many(session, _ids(one.need_id for one in found), today)
    patent_ids = _ids(one.patent_id for one in found)
    patents = patents_shown.many(session, patent_ids, today=today)
    licences = licences_shown.of_patents(session, patent_ids, today=today)
    verdicts = gate.of_patents(session, patent_ids, today, table)
    noted = {one.meeting_id: one for one, _ in outcomes.of_activities(session, [id_of(row)])}
    made = _deals(session, _ids(one.deal_id for one in noted.values()))
    names = segments.names_in_use(session)
    quotes = _quotes(found, needed, patents)
    parties = {id_of(one): party_of(one) for one in invitations.of_activity(session, id_of(row))}
    entries = []
    for one in found:
        need, patent_id, outcome = needed.get(one.need_id or 0), one.patent_id or 0, noted.get(one.id)
        entries.append(
            MeetingEntry(
                meeting=one,
                pair=(parties[one.firm_id], parties[one.team_id]),
                need=candidates.outline_of(need) if need else None,
                segment=_segment(need, names),
                patent=patents.get(patent_id),
                licence=licences.get(patent_id),
                verdict=verdicts.get(patent_id),
                quotes=quotes.get(one.id, ()),
                outcome=OutcomeStated(**outcome.model_dump(include=set(OutcomeStated.model_fields)))
                if outcome
                else None,
                deal=made.get(outcome.deal_id or 0) if outcome else None,
            )
        )
    return entries


def _ids(found: Iterable[int | None]) -> list[int]:
    return sorted({one for one in found if one})


def _deals(session: Session, ids: Sequence[int]) -> dict[int, DealPublic]:
    """The deals that stand."""
    rows = [row for row in (deals.get(session, id_) for id_ in ids) if row.status != DealStatus.VOID]
    return {one.id: one for one in deals_shown.publics(session, rows)}


def _segment(need: NeedPublic | None, names: dict[str, str]) -> str:
    """The first segment of a need, so that every meeting counts in one."""
    codes = [ref.code for ref in need.classes if ref.scheme == "segment"] if need else []
    return f"{codes[0]} {names.get(codes[0], '')}".strip() if codes else NO_SEGMENT


def _quotes(
    found: Sequence[MeetingPublic], needed: dict[int, NeedPublic], patents: dict[int, PatentPublic]
) -> dict[int, list[EvidenceSentence]]:
    """The sentences of each meeting's patent that agree best with its need, by meeting; only the patent is quoted."""
    ids = list(patents)
    parts = dict(zip(ids, quotable_all([_bodies(patents[id_]) for id_ in ids]), strict=True))
    rarity = _Rarity([" ".join(text_fields(patents[id_]).values()) for id_ in ids])
    quoted = {}
    for one in found:
        need = needed.get(one.need_id or 0)
        if need is not None and one.patent_id in parts:
            profile = QueryProfile(tokens(needs.full_text(need.title, need.text)), rarity.idfs)
            quoted[one.id] = profile.evidence([parts[one.patent_id]])[0]
    return quoted


def _bodies(patent: PatentPublic) -> dict[str, str]:
    return {name: text for name, text in text_fields(patent).items() if name != "title"}


class _Rarity:
    """The rarity of words among the patents of the activity."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._count = len(texts)
        self._having = Counter(word for words in token_sets(texts) for word in words)

    def idfs(self, words: Sequence[str]) -> NDArray[np.float64]:
        return np.array([np.log1p((self._count + 1) / (self._having[word] + 1)) for word in words])
