"""The problem of a docking activity (供需对接活动) as plain values: who may meet whom, in which slots, under which rules.

Ids are strings of the caller's choosing; slots are numbers in the order of the day; tables are numbered from 1 in every slot.
Times of the clock, names of places and records stay with the caller.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property

ParticipantId = str
PairId = str
SlotIndex = int
Slots = Mapping[PairId, SlotIndex]


class DockingSide(StrEnum):
    """On which side of the table a participant sits."""

    FIRM = "firm"
    TEAM = "team"


@dataclass(frozen=True, slots=True)
class DockingSlot:
    """A time for one meeting at each of `tables` tables; `label` is what sentences call it, such as 09:00–09:20."""

    index: SlotIndex
    session: str = ""
    tables: int = 1
    label: str = ""


@dataclass(frozen=True, slots=True)
class Participant:
    """A firm or a team: one party that sits at one table at a time.

    `free` are the slots it can come to. It has between `least` and `most` meetings. Teams of one `holder` share that
    holder's part of the meetings; `name` is what sentences call it.
    """

    id: ParticipantId
    side: DockingSide
    free: frozenset[SlotIndex]
    least: int = 0
    most: int | None = None
    holder: str = ""
    name: str = ""

    @property
    def limit(self) -> int:
        """The most meetings it can have: one in each free slot, and not more than `most`."""
        return len(self.free) if self.most is None else min(self.most, len(self.free))


@dataclass(frozen=True, slots=True)
class MeetingPair:
    """Two participants who may meet, mostly a firm and a team; the value is in thousandths.

    `slots` narrows the slots to those; None leaves all in which both are free.
    """

    id: PairId
    first: ParticipantId
    second: ParticipantId
    value: int = 1
    slots: frozenset[SlotIndex] | None = None

    @property
    def both(self) -> tuple[ParticipantId, ParticipantId]:
        """The two participants."""
        return self.first, self.second


@dataclass(frozen=True, slots=True)
class Pin:
    """A meeting fixed by hand: it takes place, in the slot and at the table where they are given."""

    pair: PairId
    slot: SlotIndex | None = None
    table: int | None = None


@dataclass(frozen=True, slots=True)
class DockingRules:
    """The rules that a schedule keeps beside the calendar.

    `all_held`: the meetings are given and every pair that is not barred takes place. `must_have`: participants with at
    least one meeting. `most_meetings`: all meetings together; with 10 to 20 % fewer than there are tables and slots the
    breaks fall to a few. `holder_share`: percent of `Programme.places` that one holder's teams may fill. `most_breaks` (H): a
    participant's breaks at most. `fairness` (d): difference of breaks between any two participants at most.
    `break_cost`: how much value, in thousandths, may be given up to spare someone a break; 0 puts value before everything.
    `precedences`: (earlier, later) pairs, kept where both take place.
    """

    all_held: bool = False
    must_have: frozenset[ParticipantId] = frozenset()
    most_meetings: int | None = None
    holder_share: int | None = None
    most_breaks: int | None = None
    fairness: int | None = None
    precedences: tuple[tuple[PairId, PairId], ...] = ()
    break_cost: int = 50


@dataclass(frozen=True)
class Programme:
    """All that a composer and a checker must know; ValueError where an id, a slot or a table is not among those given."""

    participants: tuple[Participant, ...]
    pairs: tuple[MeetingPair, ...]
    slots: tuple[DockingSlot, ...]
    rules: DockingRules = field(default_factory=DockingRules)
    pins: tuple[Pin, ...] = ()
    barred: frozenset[PairId] = frozenset()

    def __post_init__(self) -> None:
        for kind, ids in (
            ("participant", [one.id for one in self.participants]),
            ("pair", [pair.id for pair in self.pairs]),
            ("slot", [slot.index for slot in self.slots]),
            ("pinned pair", [pin.pair for pin in self.pins]),
        ):
            twice = [one for one, count in Counter(ids).items() if count > 1]
            if twice:
                raise ValueError(f"{kind} {twice[0]!r} is given twice")
        alone = [pair.id for pair in self.pairs if pair.first == pair.second]
        if alone:
            raise ValueError(f"pair {alone[0]!r} has one participant only")
        self._refuse_unknown()

    def _refuse_unknown(self) -> None:
        rules = self.rules
        pairs = [
            *(pin.pair for pin in self.pins),
            *self.barred,
            *(p for two in rules.precedences for p in two),
        ]
        people = [*(one for pair in self.pairs for one in pair.both), *rules.must_have]
        slots = [pin.slot for pin in self.pins if pin.slot is not None]
        for kind, ids, known in (
            ("participant", people, self.participant),
            ("pair", pairs, self.pair),
            ("slot", slots, self.slot),
        ):
            unknown = [one for one in ids if one not in known]
            if unknown:
                raise ValueError(f"{kind} {unknown[0]!r} is not in the programme")

    @cached_property
    def participant(self) -> Mapping[ParticipantId, Participant]:
        """Participants by id."""
        return {one.id: one for one in self.participants}

    @cached_property
    def pair(self) -> Mapping[PairId, MeetingPair]:
        """Pairs by id, barred ones too."""
        return {pair.id: pair for pair in self.pairs}

    @cached_property
    def slot(self) -> Mapping[SlotIndex, DockingSlot]:
        """Slots by index, in the order of the day."""
        return {slot.index: slot for slot in sorted(self.slots, key=lambda slot: slot.index)}

    @cached_property
    def pin(self) -> Mapping[PairId, Pin]:
        """Pins by pair."""
        return {pin.pair: pin for pin in self.pins}

    @cached_property
    def open_pairs(self) -> tuple[MeetingPair, ...]:
        """Pairs that may take place: those not barred."""
        return tuple(pair for pair in self.pairs if pair.id not in self.barred)

    @cached_property
    def pairs_of(self) -> Mapping[ParticipantId, tuple[MeetingPair, ...]]:
        """The pairs of each participant that may take place."""
        found: dict[ParticipantId, list[MeetingPair]] = defaultdict(list)
        for pair in self.open_pairs:
            for one in pair.both:
                found[one].append(pair)
        return {one.id: tuple(found[one.id]) for one in self.participants}

    @cached_property
    def possible(self) -> Mapping[PairId, tuple[SlotIndex, ...]]:
        """The slots in which a pair that is not barred can meet: both free, the pair's own, and the pinned one."""
        return {pair.id: self._possible(pair) for pair in self.open_pairs}

    def _possible(self, pair: MeetingPair) -> tuple[SlotIndex, ...]:
        pin = self.pin.get(pair.id)
        free = self.participant[pair.first].free & self.participant[pair.second].free
        return tuple(
            slot.index
            for slot in self.slot.values()
            if slot.index in free
            and slot.tables >= (pin.table if pin and pin.table else 1)
            and (pair.slots is None or slot.index in pair.slots)
            and (pin is None or pin.slot is None or pin.slot == slot.index)
        )

    def least(self, one: Participant) -> int:
        """The meetings that a participant has at least: its own number, and one for those who must have a meeting."""
        return max(one.least, 1 if one.id in self.rules.must_have else 0)

    @cached_property
    def places(self) -> int:
        """The most meetings that can be held: by tables, by the rules, and by what either side may take."""
        tables = sum(slot.tables for slot in self.slots)
        if self.rules.most_meetings is not None:
            tables = min(tables, self.rules.most_meetings)
        sides = {
            side: sum(one.limit for one in self.participants if one.side is side) for side in DockingSide
        }
        if any(len({self.participant[one].side for one in pair.both}) == 1 for pair in self.pairs):
            return min(tables, sum(sides.values()) // 2)
        return min(tables, *sides.values())

    @cached_property
    def holder_most(self) -> int | None:
        """Meetings that one holder's teams may have together; None where no share is set."""
        return None if self.rules.holder_share is None else self.rules.holder_share * self.places // 100

    @cached_property
    def by_holder(self) -> Mapping[str, tuple[ParticipantId, ...]]:
        """The participants of each holder."""
        found: dict[str, list[ParticipantId]] = defaultdict(list)
        for one in self.participants:
            if one.holder:
                found[one.holder].append(one.id)
        return {holder: tuple(ids) for holder, ids in found.items()}

    def given(self, pairs: Collection[PairId]) -> Programme:
        """Exactly these pairs, as meetings that are given: what is left is when each takes place."""
        rules = replace(
            self.rules,
            all_held=True,
            must_have=frozenset(),
            holder_share=None,
            most_meetings=None,
            precedences=tuple(two for two in self.rules.precedences if set(two) <= set(pairs)),
        )
        return Programme(
            tuple(replace(one, least=0, most=None) for one in self.participants),
            tuple(pair for pair in self.pairs if pair.id in pairs),
            self.slots,
            rules,
            tuple(pin for pin in self.pins if pin.pair in pairs),
        )

    def called(self, participant: ParticipantId) -> str:
        """The name of a participant in sentences."""
        return self.participant[participant].name or participant

    def pair_called(self, pair: PairId) -> str:
        """The name of a meeting in sentences: the two who meet."""
        two = self.pair[pair]
        return f"{self.called(two.first)}与{self.called(two.second)}"

    def slot_called(self, slot: SlotIndex) -> str:
        """The name of a slot in sentences."""
        known = self.slot.get(slot)
        return known.label if known and known.label else f"第{slot}场"
