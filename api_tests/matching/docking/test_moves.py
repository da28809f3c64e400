"""A grid is told where a meeting may stand and why not elsewhere."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from api_tests.matching.docking.activities import activity
from matching.docking.checker import BrokenRule, check
from matching.docking.greedy import greedy
from matching.docking.moves import move_target, move_targets, moves_between


@given(seed=st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_a_place_is_allowed_exactly_when_the_checker_finds_nothing_there(seed: int) -> None:
    programme = activity(seed)
    schedule = greedy(programme)
    pair = schedule.meetings[seed % len(schedule.meetings)].pair
    targets = move_targets(programme, schedule, pair)
    assert len(targets) == sum(slot.tables for slot in programme.slots)
    for one in targets:
        assert one == move_target(programme, schedule, one.meeting)
        assert one.allowed == (not check(programme, schedule.with_meeting(one.meeting)))


def test_a_taken_table_is_named_with_its_slot() -> None:
    programme = activity(3)
    schedule = greedy(programme)
    mine, other = schedule.meetings[0], schedule.meetings[-1]
    taken = move_target(programme, schedule, type(mine)(other.slot, other.table, mine.pair))
    assert BrokenRule.TABLE_TAKEN in {one.rule for one in taken.broken}


def test_a_change_lists_the_move_and_whom_to_tell() -> None:
    programme = activity(3)
    schedule = greedy(programme)
    one = schedule.meetings[0]
    (move,) = moves_between(programme, schedule, schedule.without([one.pair]))
    assert (move.before, move.after, move.tell) == (one, None, programme.pair[one.pair].both)
    assert moves_between(programme, schedule, schedule) == ()
