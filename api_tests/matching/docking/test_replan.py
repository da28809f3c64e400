"""After no-shows and late requests few meetings move; past and pinned ones stay."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from api_tests.matching.docking.activities import activity, kept, ruled
from matching.docking.checker import check
from matching.docking.greedy import greedy
from matching.docking.programme import Pin
from matching.docking.replan import changed, replan
from matching.docking.schedule import DayChange


@given(seed=st.integers(0, 10_000), now=st.integers(0, 3))
@settings(max_examples=12, deadline=None)
def test_past_and_pinned_meetings_stay_and_the_rest_keeps_the_rules(seed: int, now: int) -> None:
    programme = activity(seed, tables=3)
    before = greedy(programme)
    locked = before.meetings[-1]
    programme = replace(programme, pins=(Pin(locked.pair, locked.slot, locked.table),))
    absent = frozenset({"F1", "T2"}) - set(programme.pair[locked.pair].both)
    change = DayChange(now, absent)
    result = replan(programme, before, change)
    after = result.composed.schedule
    assert check(changed(programme, before, change), after) == []
    assert locked in after.meetings
    assert {one for one in before.meetings if one.slot < now} <= set(after.meetings)
    assert not any(
        absent.intersection(programme.pair[one.pair].both) for one in after.meetings if one.slot >= now
    )
    assert len(result.moved) <= len(absent)
    changes = {move.pair for move in result.moves}
    assert changes == {
        one for one in {*before.by_pair, *after.by_pair} if before.by_pair.get(one) != after.by_pair.get(one)
    }
    assert all(move.tell == programme.pair[move.pair].both for move in result.moves)


def test_without_a_change_nothing_moves() -> None:
    programme = activity(8)
    assert replan(programme, greedy(programme), DayChange(0)).moves == ()


def test_a_late_request_is_placed_and_may_move_others() -> None:
    programme = activity(8)
    before = greedy(programme)
    late = next(
        pair.id for pair in programme.pairs if pair.id not in before.by_pair and programme.possible[pair.id]
    )
    programme = kept(
        kept(programme, programme.pair[late].first, most=None), programme.pair[late].second, most=None
    )
    result = replan(programme, before, DayChange(0, wanted=frozenset({late})))
    assert (result.added, result.lost, result.refused) == ((late,), (), ())


def test_a_least_number_that_cannot_be_kept_any_more_is_said() -> None:
    programme = activity(8)
    before = greedy(programme)
    firm = "F0"
    teams = frozenset(pair.second for pair in programme.pairs_of[firm])
    result = replan(ruled(programme, must_have=frozenset({firm})), before, DayChange(0, teams))
    assert result.unmet == ("企业0须至少安排一场洽谈，现为零场。",)
