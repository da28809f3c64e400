"""The places to which a meeting may be moved by hand (手工调整), with the rules that each would break."""

from __future__ import annotations

from dataclasses import dataclass

from matching.docking.checker import BrokenRule, Violation, breaks_of, check, table_violations
from matching.docking.programme import PairId, Programme, SlotIndex
from matching.docking.schedule import HeldMeeting, Schedule, ScheduleMove


@dataclass(frozen=True, slots=True)
class MoveTarget:
    """A place for a meeting: what the schedule would break there beyond what it breaks now, and the breaks of all."""

    meeting: HeldMeeting
    broken: tuple[Violation, ...]
    breaks: int

    @property
    def allowed(self) -> bool:
        """Whether the meeting may stand there."""
        return not self.broken


def move_targets(programme: Programme, schedule: Schedule, pair: PairId) -> list[MoveTarget]:
    """Every slot and table for the meeting of a pair, by slot and table; the pair need not be in the schedule yet."""
    before = set(check(programme, schedule))
    return [target for slot in programme.slot for target in _in_slot(programme, schedule, pair, slot, before)]


def move_target(programme: Programme, schedule: Schedule, meeting: HeldMeeting) -> MoveTarget:
    """The rules that the schedule would break with the meeting at this place."""
    after = schedule.with_meeting(meeting)
    return MoveTarget(meeting, newly_broken(programme, schedule, after), breaks_of(programme, after))


def newly_broken(programme: Programme, before: Schedule, after: Schedule) -> tuple[Violation, ...]:
    """The rules that a schedule breaks beyond what the one before breaks."""
    known = set(check(programme, before))
    return tuple(one for one in check(programme, after) if one not in known)


def _in_slot(
    programme: Programme, schedule: Schedule, pair: PairId, slot: SlotIndex, before: set[Violation]
) -> list[MoveTarget]:
    """All tables of a slot: what does not depend on the table is checked once, unless the table is pinned."""
    pin = programme.pin.get(pair)
    targets: list[MoveTarget] = []
    for table in range(1, programme.slot[slot].tables + 1):
        after = schedule.with_meeting(HeldMeeting(slot, table, pair))
        if not targets or (pin and pin.table is not None):
            others = [one for one in check(programme, after) if one.rule is not BrokenRule.TABLE_TAKEN]
            breaks = breaks_of(programme, after)
        broken = [one for one in (*others, *table_violations(programme, after)) if one not in before]
        targets.append(MoveTarget(HeldMeeting(slot, table, pair), tuple(broken), breaks))
    return targets


def moves_between(programme: Programme, before: Schedule, after: Schedule) -> tuple[ScheduleMove, ...]:
    """The changes from one schedule to another, by slot, and whom to tell."""
    pairs = sorted({*before.by_pair, *after.by_pair})
    changed = [
        ScheduleMove(pair, before.by_pair.get(pair), after.by_pair.get(pair), programme.pair[pair].both)
        for pair in pairs
        if before.by_pair.get(pair) != after.by_pair.get(pair)
    ]
    return tuple(sorted(changed, key=lambda move: ((move.after or move.before), move.pair)))
