"""A rule that is broken on purpose is named by the checker, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api_tests.matching.docking.activities import SLOTS, activity, kept, ruled
from matching.docking.checker import BrokenRule, breaks_by_participant, check, value_of
from matching.docking.greedy import greedy
from matching.docking.programme import (
    DockingSide,
    DockingSlot,
    MeetingPair,
    Participant,
    Pin,
    Programme,
)
from matching.docking.schedule import HeldMeeting, Schedule

Broken = tuple[Programme, Schedule]


def _first(schedule: Schedule) -> HeldMeeting:
    return schedule.meetings[0]


def _team(programme: Programme, schedule: Schedule) -> str:
    return programme.pair[_first(schedule).pair].second


def _unknown(programme: Programme, schedule: Schedule) -> Broken:
    return programme, Schedule.of([*schedule.meetings, HeldMeeting(0, 9, "F0-T99")])


def _twice(programme: Programme, schedule: Schedule) -> Broken:
    one = _first(schedule)
    return programme, Schedule.of([*schedule.meetings, replace(one, slot=SLOTS - 1 - one.slot)])


def _barred(programme: Programme, schedule: Schedule) -> Broken:
    return replace(programme, barred=frozenset({_first(schedule).pair})), schedule


def _outside(programme: Programme, schedule: Schedule) -> Broken:
    return programme, schedule.with_meeting(replace(_first(schedule), slot=SLOTS))


def _narrowed(programme: Programme, schedule: Schedule) -> Broken:
    one = _first(schedule)
    others = frozenset(range(SLOTS)) - {one.slot}
    pairs = tuple(replace(pair, slots=others) if pair.id == one.pair else pair for pair in programme.pairs)
    return replace(programme, pairs=pairs), schedule


def _absent(programme: Programme, schedule: Schedule) -> Broken:
    return kept(programme, _team(programme, schedule), free=frozenset()), schedule


def _two_at_once(programme: Programme, schedule: Schedule) -> Broken:
    team = _team(programme, schedule)
    meetings = [one for one in schedule.meetings if programme.pair[one.pair].second == team]
    if len(meetings) < 2:
        return _absent(programme, schedule)
    return programme, schedule.with_meeting(replace(meetings[1], slot=meetings[0].slot))


def _few_tables(programme: Programme, schedule: Schedule) -> Broken:
    slot = _first(schedule).slot
    slots = tuple(replace(one, tables=0) if one.index == slot else one for one in programme.slots)
    return replace(programme, slots=slots), schedule


def _no_such_table(programme: Programme, schedule: Schedule) -> Broken:
    return programme, schedule.with_meeting(replace(_first(schedule), table=99))


def _too_few(programme: Programme, schedule: Schedule) -> Broken:
    return kept(programme, _team(programme, schedule), least=9), schedule


def _too_many(programme: Programme, schedule: Schedule) -> Broken:
    return kept(programme, _team(programme, schedule), most=0), schedule


def _share(programme: Programme, schedule: Schedule) -> Broken:
    return ruled(programme, holder_share=0), schedule


def _must(programme: Programme, schedule: Schedule) -> Broken:
    team = _team(programme, schedule)
    gone = [pair.id for pair in programme.pairs_of[team]]
    return ruled(programme, must_have=frozenset({team})), schedule.without(gone)


def _too_many_in_all(programme: Programme, schedule: Schedule) -> Broken:
    return ruled(programme, most_meetings=len(schedule.meetings) - 1), schedule


def _pin_missing(programme: Programme, schedule: Schedule) -> Broken:
    pair = _first(schedule).pair
    return replace(programme, pins=(Pin(pair),)), schedule.without([pair])


def _pin_slot(programme: Programme, schedule: Schedule) -> Broken:
    one = _first(schedule)
    return replace(programme, pins=(Pin(one.pair, (one.slot + 1) % SLOTS),)), schedule


def _pin_table(programme: Programme, schedule: Schedule) -> Broken:
    one = _first(schedule)
    return replace(programme, pins=(Pin(one.pair, one.slot, one.table + 1),)), schedule


def _left_out(programme: Programme, schedule: Schedule) -> Broken:
    return ruled(programme, all_held=True), schedule.without([_first(schedule).pair])


def _breaks(programme: Programme, schedule: Schedule) -> Broken:
    return ruled(programme, most_breaks=-1), schedule


def _unfair(programme: Programme, schedule: Schedule) -> Broken:
    return ruled(programme, fairness=-1), schedule


def _order(programme: Programme, schedule: Schedule) -> Broken:
    first, last = schedule.meetings[0], schedule.meetings[-1]
    return ruled(programme, precedences=((last.pair, first.pair),)), schedule


BREAKING: dict[BrokenRule, tuple[Callable[[Programme, Schedule], Broken], ...]] = {
    BrokenRule.KNOWN: (_unknown,),
    BrokenRule.ONCE: (_twice,),
    BrokenRule.BARRED: (_barred,),
    BrokenRule.SLOT: (_outside, _narrowed),
    BrokenRule.AVAILABLE: (_absent,),
    BrokenRule.DOUBLE: (_two_at_once,),
    BrokenRule.TABLES: (_few_tables,),
    BrokenRule.TABLE_TAKEN: (_no_such_table,),
    BrokenRule.LEAST: (_too_few,),
    BrokenRule.MOST: (_too_many,),
    BrokenRule.HOLDER: (_share,),
    BrokenRule.MUST_HAVE: (_must,),
    BrokenRule.TOTAL: (_too_many_in_all,),
    BrokenRule.PINNED: (_pin_missing, _pin_slot, _pin_table),
    BrokenRule.ALL_HELD: (_left_out,),
    BrokenRule.BREAKS: (_breaks,),
    BrokenRule.FAIRNESS: (_unfair,),
    BrokenRule.PRECEDENCE: (_order,),
}


def test_every_rule_is_broken_on_purpose_here() -> None:
    assert set(BREAKING) == set(BrokenRule)


@pytest.mark.parametrize(
    ("rule", "breaking"), [(rule, one) for rule, ways in BREAKING.items() for one in ways]
)
@given(seed=st.integers(0, 10_000))
@settings(max_examples=15, deadline=None)
def test_a_rule_broken_on_purpose_is_caught(
    rule: BrokenRule, breaking: Callable[[Programme, Schedule], Broken], seed: int
) -> None:
    programme = activity(seed)
    schedule = greedy(programme)
    assert check(programme, schedule) == []
    found = check(*breaking(programme, schedule))
    caught = {one.rule for one in found}
    assert rule in caught or (rule is BrokenRule.DOUBLE and BrokenRule.AVAILABLE in caught)
    assert all(one.sentence.endswith("。") for one in found)


def test_value_and_breaks_are_counted_anew() -> None:
    free = frozenset(range(5))
    firm = Participant("F", DockingSide.FIRM, free)
    teams = tuple(Participant(f"T{i}", DockingSide.TEAM, free) for i in range(3))
    pairs = tuple(MeetingPair(f"P{i}", "F", f"T{i}", 100 + i) for i in range(3))
    programme = Programme((firm, *teams), pairs, tuple(DockingSlot(i) for i in range(5)))
    schedule = Schedule.of(HeldMeeting(slot, 1, f"P{i}") for i, slot in enumerate((0, 1, 4)))
    assert value_of(programme, schedule) == 303
    assert breaks_by_participant(programme, schedule) == {"F": 1, "T0": 0, "T1": 0, "T2": 0}
