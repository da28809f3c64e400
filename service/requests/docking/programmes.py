"""The programme of an activity as the composer takes it, made of what the catalogue holds; and a plan as its schedule.

Participants are invitations, pairs the strongest match of a firm and a team in the last night, in thousandths, with an addition
where one wishes to meet the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from catalog.db import Session
from catalog.docking import activities, candidates, invitations, meetings
from catalog.docking.activities import Activity, ActivityLimits, ActivitySession
from catalog.docking.candidates import MatchedPair, best_pairs
from catalog.docking.invitations import Invitation
from catalog.docking.meetings import ActivityMeeting
from catalog.docking.schedules import CandidatePair, PairKey, PlannedMeeting
from catalog.docking.terms import InvitationAnswer, MeetingState, PartyRole
from catalog.kit.base import id_of
from matching.docking.programme import (
    DockingRules,
    DockingSide,
    DockingSlot,
    MeetingPair,
    Participant,
    Pin,
    Programme,
)
from matching.docking.schedule import HeldMeeting, Schedule

WISH = 150
"""Thousandths that a wish of one side adds to the value of a pair; a pair without a match has as much for each wish."""
NOT_HELD = (MeetingState.NO_SHOW, MeetingState.CANCELLED)
SIDES = {PartyRole.FIRM: DockingSide.FIRM, PartyRole.TEAM: DockingSide.TEAM}

SlotKey = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Since:
    """The first session and slot that may still change; what lies before stays as it is."""

    session: int = 1
    slot: int = 1

    def is_after(self, meeting: ActivityMeeting) -> bool:
        """Whether a meeting lies before that slot."""
        return (meeting.session, meeting.slot) < (self.session, self.slot)


@dataclass(frozen=True, slots=True)
class ActivityRecords:
    """The records of an activity in the catalogue."""

    activity: Activity
    sessions: Sequence[ActivitySession]
    tables: Mapping[int, int]
    parties: Mapping[int, Invitation]
    meetings: Sequence[ActivityMeeting]
    on_the_day: bool = False

    def comes(self, party: Invitation) -> bool:
        """Whether a party takes part; on the day also one that did not come."""
        return party.answer == InvitationAnswer.COMING and (self.on_the_day or not party.no_show)

    @property
    def absent(self) -> frozenset[str]:
        """The parties that said they would come and did not, as the composer knows them."""
        return frozenset(str(id_) for id_, party in self.parties.items() if party.no_show)

    @property
    def limits(self) -> ActivityLimits:
        """The rules of the programme."""
        return self.activity.rules

    @property
    def slots(self) -> list[SlotKey]:
        """All slots in the order of time; the place in the list, from 1, is the number that the composer knows."""
        return [(one.number, slot) for one in self.sessions for slot in range(1, one.slots + 1)]


@dataclass(frozen=True, slots=True)
class BuiltProgramme:
    """A programme with what its numbers mean."""

    records: ActivityRecords
    programme: Programme
    pairs: Mapping[PairKey, CandidatePair]
    since: Since
    night_run_id: int | None = None
    notices: list[str] = field(default_factory=list)

    def index_of(self, session: int, slot: int) -> int:
        """The number of a slot."""
        return self.records.slots.index((session, slot)) + 1

    @property
    def usable(self) -> list[CandidatePair]:
        """The pairs of which both parties come, or met already."""
        return [pair for key, pair in self.pairs.items() if pair_id(key) in self.programme.pair]

    def schedule_of(self, plan: Iterable[PlannedMeeting]) -> Schedule:
        """A plan as the composer's schedule, without meetings of pairs that are not in the programme."""
        return Schedule.of(
            HeldMeeting(self.index_of(one.session, one.slot), one.table, pair_id(one.pair))
            for one in plan
            if pair_id(one.pair) in self.programme.pair
        )

    def plan_of(self, schedule: Schedule) -> list[PlannedMeeting]:
        """The composer's schedule as a plan."""
        slots = self.records.slots
        return [
            PlannedMeeting(*pair_of(one.pair), *slots[one.slot - 1], one.table) for one in schedule.meetings
        ]


def pair_id(pair: PairKey) -> str:
    """The name of a pair for the composer."""
    return f"{pair[0]}-{pair[1]}"


def pair_of(name: str) -> PairKey:
    """The pair of a name."""
    firm, _, team = name.partition("-")
    return int(firm), int(team)


def records_of(session: Session, activity_id: int, *, on_the_day: bool = False) -> ActivityRecords:
    """The records of an activity in the catalogue. Raises NotFound."""
    row = activities.get(session, activity_id)
    sessions = activities.sessions_of(session, activity_id)
    places = activities.places_of(session, sessions)
    return ActivityRecords(
        row,
        sessions,
        {number: sum(place.tables for place in rooms) for number, rooms in places.items()},
        {id_of(one): one for one in invitations.of_activity(session, activity_id)},
        meetings.of_activity(session, activity_id),
        on_the_day,
    )


def build(
    session: Session,
    activity_id: int,
    today: date,
    *,
    pairs: Mapping[PairKey, CandidatePair] | None = None,
    since: Since = Since(),
    on_the_day: bool = False,
) -> BuiltProgramme:
    """The programme of an activity on the pairs of the last night, or on those given.

    With `on_the_day` those who did not come are still in it, as re-planning needs them, and the pairs of the night are added to
    those given. Raises NotFound.
    """
    records = records_of(session, activity_id, on_the_day=on_the_day)
    night, notices = None, list[str]()
    if pairs is None or on_the_day:
        found = candidates.pairs_for(session, records.activity, today)
        night, notices = found.run_id, found.notices
        pairs = _candidates(records, found.pairs) | dict(pairs or {})
    kept = _kept(records, since)
    pairs = dict(pairs) | {one.pair: _as_it_was(records, one) for one in kept if one.pair not in pairs}
    return BuiltProgramme(records, _programme(records, pairs, kept, since), pairs, since, night, notices)


def _candidates(records: ActivityRecords, matched: Sequence[MatchedPair]) -> dict[PairKey, CandidatePair]:
    """The pairs of invited parties, by their invitations."""
    firms = [one for one in records.parties.values() if one.role == PartyRole.FIRM and records.comes(one)]
    teams = [one for one in records.parties.values() if one.role == PartyRole.TEAM and records.comes(one)]
    best = best_pairs(matched)
    found = {}
    for firm in firms:
        for team in teams:
            match = best.get((firm.enterprise_id or 0, team.holder_id or 0))
            wishes = _wishes(firm, team)
            if match is not None or wishes:
                found[id_of(firm), id_of(team)] = _candidate(firm, team, match, wishes)
    return found


def wished(records: ActivityRecords) -> set[PairKey]:
    """The pairs that one of both wishes."""
    found = set()
    for id_, party in records.parties.items():
        for other in party.wished:
            found.add((id_, other) if party.role == PartyRole.FIRM else (other, id_))
    return found


def _wishes(firm: Invitation, team: Invitation) -> list[str]:
    """The wishes for this meeting, in words."""
    by_firm = ["企业希望会谈"] if id_of(team) in firm.wished else []
    return [*by_firm, *(["团队希望会谈"] if id_of(firm) in team.wished else [])]


def _candidate(
    firm: Invitation, team: Invitation, match: MatchedPair | None, wishes: Sequence[str]
) -> CandidatePair:
    value = (match.value if match else 0) + WISH * len(wishes)
    strength = [f"匹配程度 {match.band.label}，强度 {match.value / 1000:.3f}"] if match else []
    need, patent = (match.need, match.patent) if match else (0, 0)
    return CandidatePair(id_of(firm), id_of(team), need, patent, value, "；".join([*strength, *wishes]))


def _kept(records: ActivityRecords, since: Since) -> list[PlannedMeeting]:
    """The meetings before `since` that were held or stand: nothing changes them."""
    return [
        PlannedMeeting(one.firm_id, one.team_id, one.session, one.slot, one.table)
        for one in records.meetings
        if since.is_after(one) and one.state not in NOT_HELD
    ]


def _as_it_was(records: ActivityRecords, planned: PlannedMeeting) -> CandidatePair:
    row = next(one for one in records.meetings if (one.firm_id, one.team_id) == planned.pair)
    return CandidatePair(*planned.pair, row.need_id or 0, row.patent_id or 0, row.value, row.why)


def _programme(
    records: ActivityRecords,
    pairs: Mapping[PairKey, CandidatePair],
    kept: Sequence[PlannedMeeting],
    since: Since,
) -> Programme:
    numbers = {key: number for number, key in enumerate(records.slots, 1)}
    fixed = {one.pair: one for one in kept}
    met: dict[int, set[int]] = {id_: set() for id_ in records.parties}
    for one in kept:
        for id_ in one.pair:
            met[id_].add(numbers[one.session, one.slot])
    there = {
        id_: party
        for id_, party in records.parties.items()
        if party.role in SIDES and (records.comes(party) or met[id_])
    }
    free = {
        id_: (_free(party, numbers, since) if records.comes(party) else set()) | met[id_]
        for id_, party in there.items()
    }
    usable = {key: pair for key, pair in pairs.items() if key[0] in there and key[1] in there}
    barred = {key for key in usable if _is_barred(there, key)} - set(fixed)
    pins = [Pin(pair_id(key), numbers[one.session, one.slot], one.table) for key, one in fixed.items()]
    return Programme(
        participants=tuple(_participant(records, there[id_], free[id_]) for id_ in sorted(there)),
        pairs=tuple(
            MeetingPair(pair_id(key), str(key[0]), str(key[1]), usable[key].value) for key in sorted(usable)
        ),
        slots=tuple(_slots(records)),
        rules=_rules(records, usable, barred, there),
        pins=(*pins, *_locked(records, usable, fixed, numbers)),
        barred=frozenset(pair_id(key) for key in barred),
    )


def _free(party: Invitation, numbers: Mapping[SlotKey, int], since: Since) -> set[int]:
    from_now = (since.session, since.slot)
    return {number for key, number in numbers.items() if key >= from_now and party.is_free(*key)}


def _is_barred(parties: Mapping[int, Invitation], key: PairKey) -> bool:
    firm, team = key
    return team in parties[firm].barred or firm in parties[team].barred


def _participant(records: ActivityRecords, party: Invitation, free: set[int]) -> Participant:
    limits, is_firm = records.limits, party.role == PartyRole.FIRM
    most = party.most or (limits.most_firm if is_firm else limits.most_team)
    return Participant(
        id=str(party.id),
        side=SIDES[PartyRole(party.role)],
        free=frozenset(free),
        least=(limits.least_firm if is_firm else limits.least_team) if party.comes else 0,
        most=most,
        holder=party.name if not is_firm else "",
        name=party.title,
    )


def _slots(records: ActivityRecords) -> Iterable[DockingSlot]:
    by_number = {one.number: one for one in records.sessions}
    for index, (number, slot) in enumerate(records.slots, 1):
        one = by_number[number]
        label = f"{one.day.month} 月 {one.day.day} 日 {one.clock(slot)}"
        yield DockingSlot(index, f"第 {number} 场", records.tables[number], label)


def _rules(
    records: ActivityRecords,
    usable: Mapping[PairKey, CandidatePair],
    barred: set[PairKey],
    there: Mapping[int, Invitation],
) -> DockingRules:
    """专精特新 firms that have a pair and come must have a meeting, where the activity says so."""
    open_firms = {key[0] for key in usable if key not in barred}
    must = {
        str(id_)
        for id_ in open_firms
        if records.limits.special_first and there[id_].special and there[id_].comes
    }
    limits = records.limits
    places = sum(records.tables[number] for number, _ in records.slots)
    return DockingRules(
        must_have=frozenset(must),
        most_meetings=places * (100 - limits.spare) // 100 if limits.spare else None,
        holder_share=limits.holder_share,
        most_breaks=limits.most_breaks,
        fairness=limits.fairness,
    )


def _locked(
    records: ActivityRecords,
    usable: Mapping[PairKey, CandidatePair],
    fixed: Mapping[PairKey, PlannedMeeting],
    numbers: Mapping[SlotKey, int],
) -> Iterable[Pin]:
    """Meetings that were locked by hand and are still to come."""
    for one in records.meetings:
        key = one.firm_id, one.team_id
        if one.pinned and MeetingState(one.state).is_to_come and key in usable and key not in fixed:
            yield Pin(pair_id(key), numbers[one.session, one.slot], one.table)
