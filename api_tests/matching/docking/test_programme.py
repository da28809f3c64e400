"""A programme names what it cannot take, and odd ones are answered too."""

from __future__ import annotations

from dataclasses import replace

import pytest

from api_tests.matching.docking.activities import activity, kept, ruled
from matching.docking.checker import check
from matching.docking.compose import compose
from matching.docking.programme import Pin, Programme
from matching.docking.schedule import ComposeEffort, NoSchedule

EFFORT = ComposeEffort(value_work=1, timing_work=0.05)


def test_what_is_not_in_the_programme_is_named() -> None:
    programme = activity()
    with pytest.raises(ValueError, match="pair 'X' is not in the programme"):
        replace(programme, pins=(Pin("X"),))
    with pytest.raises(ValueError, match="participant 'X' is not in the programme"):
        ruled(programme, must_have=frozenset({"X"}))
    with pytest.raises(ValueError, match="slot 99 is not in the programme"):
        replace(programme, pins=(Pin(programme.pairs[0].id, 99),))
    with pytest.raises(ValueError, match="is given twice"):
        replace(programme, participants=programme.participants * 2)
    with pytest.raises(ValueError, match="has one participant only"):
        replace(programme, pairs=(replace(programme.pairs[0], second=programme.pairs[0].first),))


def test_nobody_and_nothing_to_hold_is_an_empty_schedule() -> None:
    for programme in (Programme((), (), ()), replace(activity(), pairs=()), replace(activity(), slots=())):
        assert compose(programme, EFFORT).schedule.meetings == ()


def test_a_day_of_more_slots_than_annealing_takes_is_composed_without_it() -> None:
    programme = activity()
    slots = tuple(replace(programme.slots[0], index=i) for i in range(70))
    everybody = tuple(replace(one, free=frozenset(range(70))) for one in programme.participants)
    programme = replace(programme, slots=slots, participants=everybody)
    assert check(programme, compose(programme, EFFORT).schedule) == []


def test_a_firm_without_any_candidate_that_must_have_a_meeting_is_the_conflict() -> None:
    programme = kept(activity(), "F0", least=1)
    alone = frozenset(pair.id for pair in programme.pairs if pair.first == "F0")
    with pytest.raises(NoSchedule) as refused:
        compose(replace(programme, pairs=tuple(p for p in programme.pairs if p.id not in alone)), EFFORT)
    assert refused.value.conflict.sentences == ("企业0至少安排1场洽谈",)
