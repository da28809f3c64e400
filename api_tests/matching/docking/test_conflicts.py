"""Rules that cannot hold together are named as a minimal set, in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from api_tests.matching.docking.activities import SLOTS, activity, kept, ruled
from matching.docking.checker import BrokenRule, check
from matching.docking.compose import compose
from matching.docking.conflicts import conflict_of, conflicting, rules_in_force, without
from matching.docking.programme import Pin, Programme
from matching.docking.schedule import ComposeEffort, NoSchedule

EFFORT = ComposeEffort(value_work=2, timing_work=0.1)


def _absent_team(programme: Programme) -> Programme:
    """Both firms that must have a meeting know one team only, which is there for one slot."""
    alone = {pair.id for pair in programme.pairs if pair.first in ("F0", "F1") and pair.second != "T0"}
    missing = [replace(programme.pairs[0], id=f"{firm}+", first=firm, second="T0") for firm in ("F0", "F1")]
    programme = replace(programme, pairs=(*programme.pairs, *missing), barred=frozenset(alone))
    twice = {pair.id for pair in programme.pairs if pair.second == "T0" and pair.id in ("F0-T0", "F1-T0")}
    programme = replace(programme, barred=programme.barred | twice)
    return ruled(kept(programme, "T0", free=frozenset({0})), must_have=frozenset({"F0", "F1"}))


def _two_pins_at_once(programme: Programme) -> Programme:
    two = [pair.id for pair in programme.pairs if pair.first == "F0"][:2]
    everybody = replace(
        programme,
        participants=tuple(replace(one, free=frozenset(range(SLOTS))) for one in programme.participants),
    )
    return replace(everybody, pins=(Pin(two[0], 1), Pin(two[1], 1)))


def _share(programme: Programme) -> Programme:
    return ruled(programme, holder_share=0, must_have=frozenset({"F2"}))


def _all_held(programme: Programme) -> Programme:
    return ruled(kept(programme, "F0", free=frozenset({0, 1})), all_held=True)


def _order(programme: Programme) -> Programme:
    a, b = programme.pairs[0].id, programme.pairs[4].id
    return replace(ruled(programme, precedences=((a, b), (b, a))), pins=(Pin(a), Pin(b)))


@pytest.mark.parametrize("clash", [_absent_team, _two_pins_at_once, _share, _all_held, _order])
def test_without_any_one_of_the_named_rules_the_others_can_hold(clash: object) -> None:
    programme = clash(activity(11))  # type: ignore[operator]
    found = conflicting(programme)
    assert found is not None
    named, minimal = found
    assert minimal
    others = [rule for rule in rules_in_force(programme) if rule not in named]
    for rule in named:
        eased = without(programme, [*others, rule])
        assert check(eased, compose(eased, EFFORT).schedule) == []
    with pytest.raises(NoSchedule):
        compose(without(programme, others), EFFORT)


def test_composing_says_which_rules_clash() -> None:
    with pytest.raises(NoSchedule) as refused:
        compose(_two_pins_at_once(activity(11)), EFFORT)
    conflict = refused.value.conflict
    assert len(conflict.sentences) == 2
    assert all("已锁定第1场" in sentence for sentence in conflict.sentences)


def test_rules_that_hold_are_no_conflict() -> None:
    assert conflicting(activity(11)) is None
    assert not conflict_of(activity(11)).minimal


def test_every_rule_that_can_be_given_up_has_words() -> None:
    programme = _order(_share(_all_held(activity(11))))
    programme = ruled(programme, most_meetings=9, most_breaks=1, fairness=1)
    programme = kept(replace(programme, barred=frozenset({programme.pairs[2].id})), "T1", least=2)
    programme = replace(
        programme, pairs=(replace(programme.pairs[0], slots=frozenset({1})), *programme.pairs[1:])
    )
    named = {rule.rule for rule in rules_in_force(programme)}
    unnamed = {BrokenRule.KNOWN, BrokenRule.ONCE, BrokenRule.DOUBLE, BrokenRule.TABLE_TAKEN}
    assert named == set(BrokenRule) - unnamed
