"""Tables for meetings whose slots are known: pinned ones first, then each team keeps its table where it can."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping

from matching.docking.programme import DockingSide, PairId, ParticipantId, Programme, SlotIndex
from matching.docking.schedule import HeldMeeting, Schedule


def seated(
    programme: Programme, slots: Mapping[PairId, SlotIndex], before: Schedule | None = None
) -> Schedule:
    """A schedule of these meetings: tables of `before` are kept for meetings that stay in their slot."""
    given = _given(programme, slots, before or Schedule())
    taken: dict[SlotIndex, set[int]] = defaultdict(set)
    for pair, table in given.items():
        taken[slots[pair]].add(table)
    homes = _homes(programme, slots, given)
    for pair in sorted(set(slots) - set(given), key=lambda pair: (slots[pair], pair)):
        tables = programme.slot[slots[pair]].tables
        given[pair] = _table(taken[slots[pair]], homes[_host(programme, pair)], tables)
        taken[slots[pair]].add(given[pair])
        homes[_host(programme, pair)][given[pair]] += 1
    return Schedule.of(HeldMeeting(slots[pair], table, pair) for pair, table in given.items())


def _given(programme: Programme, slots: Mapping[PairId, SlotIndex], before: Schedule) -> dict[PairId, int]:
    """Tables by pin, then those of before where the slot is the same and the table is still there."""
    given: dict[PairId, int] = {}
    taken: set[tuple[SlotIndex, int]] = set()
    pinned = {pin.pair: pin.table for pin in programme.pins if pin.table is not None}
    kept = {one.pair: one.table for one in before.meetings if slots.get(one.pair) == one.slot}
    for pair, table in [*pinned.items(), *kept.items()]:
        slot = slots.get(pair)
        if slot is None or pair in given or (slot, table) in taken or table > programme.slot[slot].tables:
            continue
        given[pair] = table
        taken.add((slot, table))
    return given


def _homes(
    programme: Programme, slots: Mapping[PairId, SlotIndex], given: Mapping[PairId, int]
) -> dict[ParticipantId, Counter[int]]:
    """For each host how often it sits at which table; busiest hosts without one get a table of their own, while there are."""
    homes: dict[ParticipantId, Counter[int]] = defaultdict(Counter)
    for pair, table in given.items():
        homes[_host(programme, pair)][table] += 1
    meetings = Counter(_host(programme, pair) for pair in slots)
    tables = max((slot.tables for slot in programme.slots), default=0)
    free = [table for table in range(1, tables + 1) if not any(table in home for home in homes.values())]
    for host in sorted(meetings, key=lambda host: (-meetings[host], host)):
        if not homes[host] and free:
            homes[host][free.pop(0)] += 1
    return homes


def _table(taken: set[int], home: Counter[int], tables: int) -> int:
    """The host's most used table that is not taken, or the first one free."""
    for table, _ in sorted(home.items(), key=lambda item: (-item[1], item[0])):
        if table not in taken and table <= tables:
            return table
    return next(table for table in range(1, len(taken) + 2) if table not in taken)


def _host(programme: Programme, pair: PairId) -> ParticipantId:
    """The participant who keeps a table: the team, else the second of the two."""
    two = programme.pair[pair].both
    return next((one for one in two if programme.participant[one].side is DockingSide.TEAM), two[1])
