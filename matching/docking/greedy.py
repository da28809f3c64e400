"""The baseline: best pair first, in the first slot free for both; also the answer when time is short."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from matching.docking.programme import MeetingPair, ParticipantId, Programme, SlotIndex
from matching.docking.schedule import Schedule
from matching.docking.tables import seated


def greedy(programme: Programme) -> Schedule:
    """The schedule of the greedy method: it keeps every limit from above; least numbers and orders it may miss."""
    placing = _Placing(programme)
    for pair in _in_turn(programme):
        placing.place(pair)
    return seated(programme, placing.slots)


def _in_turn(programme: Programme) -> Iterable[MeetingPair]:
    """Pinned pairs, then the best of whoever must have one, then by value; given meetings by how few slots they have."""
    must = programme.rules.must_have | {one.id for one in programme.participants if one.least}
    if programme.rules.all_held:
        return sorted(
            programme.open_pairs,
            key=lambda pair: (pair.id not in programme.pin, len(programme.possible[pair.id]), pair.id),
        )
    best: dict[ParticipantId, str] = {}
    by_value = sorted(programme.open_pairs, key=lambda pair: (-pair.value, pair.id))
    for pair in by_value:
        for one in must.intersection(pair.both):
            best.setdefault(one, pair.id)
    needed = set(best.values())
    return sorted(
        by_value, key=lambda pair: (pair.id not in programme.pin, pair.id not in needed, -pair.value, pair.id)
    )


class _Placing:
    """Meetings placed so far; a pair is placed in its first free slot, or not at all."""

    def __init__(self, programme: Programme) -> None:
        self.programme = programme
        self.slots: dict[str, SlotIndex] = {}
        self._busy: dict[ParticipantId, set[SlotIndex]] = defaultdict(set)
        self._at: Counter[SlotIndex] = Counter()
        self._of_holder: Counter[str] = Counter()

    def place(self, pair: MeetingPair) -> None:
        """Place a pair, unless a limit is reached or no slot is left."""
        programme = self.programme
        people = [programme.participant[one] for one in pair.both]
        holders = {one.holder for one in people if one.holder}
        total = programme.rules.most_meetings
        if any(len(self._busy[one.id]) >= one.limit for one in people) or len(self.slots) == total:
            return
        most = programme.holder_most
        if most is not None and any(self._of_holder[holder] >= most for holder in holders):
            return
        for slot in programme.possible[pair.id]:
            if self._at[slot] < programme.slot[slot].tables and not any(
                slot in self._busy[one] for one in pair.both
            ):
                self._take(pair, slot, holders)
                return

    def _take(self, pair: MeetingPair, slot: SlotIndex, holders: set[str]) -> None:
        self.slots[pair.id] = slot
        self._at[slot] += 1
        self._of_holder.update(holders)
        for one in pair.both:
            self._busy[one].add(slot)
