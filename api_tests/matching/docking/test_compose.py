"""The result of composing keeps all rules, is what it says it is, and is the same again."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api_tests.matching.docking.activities import activity, kept, ruled
from matching.docking.checker import breaks_of, check, value_of
from matching.docking.compose import compose
from matching.docking.conflicts import conflicting
from matching.docking.programme import Pin, Programme
from matching.docking.schedule import (
    Composed,
    ComposeEffort,
    ComposeProgress,
    ComposeWatch,
    NoSchedule,
    Schedule,
)
from matching.docking.solvers.timing import timed
from matching.docking.tables import seated

EFFORT = ComposeEffort(value_work=2, timing_work=0.1)


def drawn(seed: int) -> Programme:
    """An activity with some of all rules."""
    programme = activity(seed, tables=3)
    pair = programme.pairs[seed % len(programme.pairs)].id
    rules: tuple[Callable[[Programme], Programme], ...] = (
        lambda p: ruled(p, must_have=frozenset({"F0", "F1"}), holder_share=60),
        lambda p: ruled(p, most_breaks=1, fairness=1),
        lambda p: replace(p, pins=(Pin(pair, table=2),)),
        lambda p: kept(p, "T0", least=2),
        lambda p: replace(p, barred=frozenset({pair})),
        lambda p: ruled(p, most_meetings=7, precedences=((p.pairs[0].id, p.pairs[1].id),)),
    )
    return rules[seed % len(rules)](programme)


def same(composed: Composed) -> Composed:
    """The composed result without the time it took."""
    stages = tuple(replace(stage, seconds=0.0) for stage in composed.stages)
    return replace(composed, seconds=0.0, stages=stages)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=24, deadline=None)
def test_a_schedule_that_is_returned_passes_the_checker(seed: int) -> None:
    programme = drawn(seed)
    try:
        composed = compose(programme, EFFORT)
    except NoSchedule:
        assert conflicting(programme)
        return
    assert check(programme, composed.schedule) == []
    assert composed.value == value_of(programme, composed.schedule) <= composed.bound
    assert composed.breaks == breaks_of(programme, composed.schedule) >= composed.least_breaks


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_equal_seeds_and_settings_give_equal_schedules(seed: int) -> None:
    programme = drawn(6 * seed)
    first = compose(programme, EFFORT)
    assert same(first) == same(compose(programme, EFFORT))


@pytest.mark.parametrize("seed", range(6))
def test_the_fewest_breaks_are_those_of_all_ways_to_time_the_meetings(seed: int) -> None:
    whole = activity(seed, firms=3, teams=3, tables=2)
    pairs = frozenset(pair.id for pair in whole.pairs[:6])
    programme = whole.given(pairs)
    schedules = (
        seated(programme, dict(zip(pairs, slots, strict=True)))
        for slots in itertools.product(*(programme.possible[pair] for pair in pairs))
    )
    breaks = [breaks_of(programme, schedule) for schedule in schedules if not check(programme, schedule)]
    found = timed(programme, EFFORT)
    if breaks:
        assert (found.breaks, found.least_breaks) == (min(breaks), min(breaks))
    else:
        assert found.refuted


def test_the_value_is_not_beaten_by_any_choice_of_pairs() -> None:
    programme = ruled(activity(5, firms=4, teams=3, tables=2), break_cost=0)
    composed = compose(programme, EFFORT)
    for pairs in itertools.chain.from_iterable(
        itertools.combinations(programme.pairs, count) for count in range(len(programme.pairs) + 1)
    ):
        if sum(pair.value for pair in pairs) > composed.value:
            given_pairs = programme.given(frozenset(pair.id for pair in pairs))
            slots = timed(given_pairs, EFFORT).slots if _fits(programme, pairs) else None
            assert slots is None


def _fits(programme: Programme, pairs: tuple[object, ...]) -> bool:
    ids = [one for pair in pairs for one in pair.both]  # type: ignore[attr-defined]
    return all(ids.count(one.id) <= one.limit for one in programme.participants)


def test_the_quick_answer_is_the_greedy_one() -> None:
    composed = compose(activity(2), ComposeEffort(quick=True))
    assert composed.method == "greedy"
    assert composed.value <= composed.bound


def test_a_cancelled_run_answers_what_it_has_and_goes_on_from_there() -> None:
    programme, heard = activity(4), list[ComposeProgress]()
    stopped = compose(programme, EFFORT, ComposeWatch(heard.append, lambda: True))
    assert not stopped.complete
    assert heard[0].stage == "greedy"
    resumed = compose(programme, EFFORT, start=stopped.schedule)
    assert resumed.complete
    assert _worth(programme, resumed.schedule) >= _worth(programme, stopped.schedule)


def test_value_and_bound_are_known_at_every_stage_after_the_first() -> None:
    heard = list[ComposeProgress]()
    composed = compose(activity(4, tables=3), EFFORT, ComposeWatch(heard.append))
    assert all(one.bound is not None for one in heard)
    assert {one.stage for one in heard} >= {"greedy", "linear", "pairs", "timing", "done"}
    assert (heard[-1].value, heard[-1].bound) == (composed.value, composed.bound)


def _worth(programme: Programme, schedule: Schedule) -> int:
    return value_of(programme, schedule) - programme.rules.break_cost * breaks_of(programme, schedule)


def test_a_team_keeps_its_table_where_all_have_one() -> None:
    programme = activity(7, tables=4)
    composed = compose(programme, EFFORT)
    for team in ("T0", "T1", "T2", "T3"):
        tables = {one.table for one in composed.schedule.meetings if programme.pair[one.pair].second == team}
        assert len(tables) <= 1
