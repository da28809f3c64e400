"""Re-planning on the day: what no-shows and late requests change, with the fewest moves.

Past meetings and those pinned by hand stay. Meetings of the absent are lost; whoever loses one may get another of its candidates
in a slot where both sit idle. A meeting is moved only for a least number, for a limit or for a late request, never for value.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ortools.sat.python import cp_model

from matching.docking.checker import BrokenRule, breaks_of, check, value_of
from matching.docking.moves import moves_between
from matching.docking.programme import PairId, Pin, Programme, SlotIndex
from matching.docking.schedule import (
    DEFAULT_EFFORT,
    UNWATCHED,
    Composed,
    ComposedStage,
    ComposeEffort,
    ComposeWatch,
    DayChange,
    DockingConflict,
    NoSchedule,
    Replanned,
    Schedule,
)
from matching.docking.solvers.choice import linear_bound
from matching.docking.solvers.integer import SlotModel, Solving, total
from matching.docking.tables import seated

SHORT, KEPT, WANTED, MOVED, TOLD = 30_000, 20_000, 8_000, 1_000, 100
"""What a missing least meeting, a kept meeting, a late request, a move and a person to tell weigh; a new meeting weighs at most 999."""

_MOST_OF_NEW = 999
_WORK = 3.0
_EASED = (BrokenRule.LEAST, BrokenRule.MUST_HAVE, BrokenRule.BREAKS, BrokenRule.FAIRNESS)


def replan(
    programme: Programme,
    before: Schedule,
    change: DayChange,
    effort: ComposeEffort = DEFAULT_EFFORT,
    watch: ComposeWatch = UNWATCHED,
) -> Replanned:
    """The schedule nearest to `before` after the change; NoSchedule where even past and pinned meetings clash."""
    begun = time.perf_counter()
    after = changed(programme, before, change)
    eased = replace(after.rules, most_breaks=None, fairness=None)
    for rules in dict.fromkeys((after.rules, eased)):
        for still in (True, False):
            slots = _nearest(replace(after, rules=rules), before, (change, still), effort, watch)
            if slots is not None and (not still or _suffices(after, slots, change)):
                return _replanned(after, before, seated(after, slots, before), (change, effort, begun))
    raise NoSchedule(
        DockingConflict(("已锁定的洽谈与到场情况相互冲突，无法调整。请解除部分锁定后重试。",), minimal=False)
    )


def changed(programme: Programme, before: Schedule, change: DayChange) -> Programme:
    """The programme after the change: past meetings pinned, meetings of the absent barred, no other pairs but those that may help."""
    past = {one.pair: one for one in before.meetings if one.slot < change.now}
    gone = {
        pair.id for pair in programme.pairs if pair.id not in past and change.absent.intersection(pair.both)
    }
    losers = {
        one
        for pair in gone & before.by_pair.keys()
        for one in programme.pair[pair].both
        if one not in change.absent
    }
    helping = {pair.id for pair in programme.open_pairs if losers.intersection(pair.both)}
    usable = (set(before.by_pair) | change.wanted | helping | set(programme.pin)) - gone
    left = frozenset(slot for slot in programme.slot if slot >= change.now)
    pairs = tuple(
        pair if pair.id in past else replace(pair, slots=left if pair.slots is None else pair.slots & left)
        for pair in programme.pairs
    )
    pins = [Pin(one.pair, one.slot, one.table) for one in past.values()]
    pins += [pin for pin in programme.pins if pin.pair not in past and pin.pair not in gone]
    return replace(
        programme,
        participants=tuple(
            replace(one, least=0) if one.id in change.absent else one for one in programme.participants
        ),
        pairs=pairs,
        pins=tuple(pins),
        barred=frozenset(pair.id for pair in pairs if pair.id not in usable)
        | (programme.barred - past.keys()),
        rules=replace(programme.rules, all_held=False, must_have=programme.rules.must_have - change.absent),
    )


@dataclass(frozen=True, slots=True)
class _Terms:
    """The terms of what is maximised."""

    variables: list[cp_model.LinearExprT]
    weights: list[int]

    def add(self, variable: cp_model.LinearExprT, weight: int) -> None:
        self.variables.append(variable)
        self.weights.append(weight)


def _suffices(programme: Programme, slots: Mapping[PairId, SlotIndex], change: DayChange) -> bool:
    """Whether every least number is kept and every late request placed, so that no move would help."""
    counts = Counter(one for pair in slots for one in programme.pair[pair].both)
    kept = all(counts[one.id] >= programme.least(one) for one in programme.participants)
    return kept and change.wanted <= slots.keys()


def _nearest(
    programme: Programme,
    before: Schedule,
    asked: tuple[DayChange, bool],
    effort: ComposeEffort,
    watch: ComposeWatch,
) -> dict[PairId, SlotIndex] | None:
    """Slots near those of before; None where the rules cannot hold. With `still` no meeting moves: the quick first try."""
    change, still = asked
    rules = replace(programme.rules, must_have=frozenset())
    free = replace(
        programme, rules=rules, participants=tuple(replace(one, least=0) for one in programme.participants)
    )
    model, terms = SlotModel(free), _Terms([], [])
    if still:
        _hold_still(model, before)
    _short(model, programme, terms)
    _pairs(model, before, change, terms)
    _told(model, before, terms)
    model.model.maximize(cp_model.LinearExpr.weighted_sum(terms.variables, terms.weights))
    model.hint({pair: one.slot for pair, one in before.by_pair.items()})
    solving = Solving(effort.seed, _WORK, watch, "replan")
    found = solving.solve(model.model) in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    return model.slots(solving.solver) if found else None


def _hold_still(model: SlotModel, before: Schedule) -> None:
    """Meetings that can stay where they are do."""
    for one in before.meetings:
        if (one.pair, one.slot) in model.placed:
            model.model.add(model.placed[one.pair, one.slot] == 1)


def _short(model: SlotModel, programme: Programme, terms: _Terms) -> None:
    """Least numbers that are missed cost; how far they are missed is free."""
    for one in programme.participants:
        least = programme.least(one)
        if least:
            short = model.model.new_int_var(0, least, "")
            meets = [model.meets[pair.id] for pair in model.programme.pairs_of[one.id]]
            model.model.add(total([*meets, short]) >= least)
            terms.add(short, -SHORT)


def _pairs(model: SlotModel, before: Schedule, change: DayChange, terms: _Terms) -> None:
    """Meetings are kept where they are, then kept, then requested ones added, then others by value."""
    for pair, meets in model.meets.items():
        held = before.by_pair.get(pair)
        if held is not None:
            terms.add(meets, KEPT - MOVED)
            if (pair, held.slot) in model.placed:
                terms.add(model.placed[pair, held.slot], MOVED)
        elif pair in change.wanted:
            terms.add(meets, WANTED)
        else:
            terms.add(meets, max(min(model.programme.pair[pair].value, _MOST_OF_NEW), 1))


def _told(model: SlotModel, before: Schedule, terms: _Terms) -> None:
    """Counts the participants to notify: those with a meeting moved or added."""
    for one in model.programme.participants:
        changes = [
            model.placed[pair.id, slot]
            for pair in model.programme.pairs_of[one.id]
            for slot in model.programme.possible[pair.id]
            if pair.id not in before.by_pair or before.by_pair[pair.id].slot != slot
        ]
        if changes:
            moved = model.model.new_bool_var("")
            model.model.add_max_equality(moved, changes)
            terms.add(moved, -TOLD)


def _replanned(
    programme: Programme, before: Schedule, schedule: Schedule, of: tuple[DayChange, ComposeEffort, float]
) -> Replanned:
    change, effort, begun = of
    broken = check(programme, schedule)
    if any(one.rule not in _EASED for one in broken):
        raise NoSchedule(DockingConflict(tuple(one.sentence for one in broken), minimal=False))
    value, breaks = value_of(programme, schedule), breaks_of(programme, schedule)
    bound = linear_bound(programme).bound
    seconds = time.perf_counter() - begun
    stage = ComposedStage("replan", "CP-SAT", seconds, value, bound, breaks, 0)
    composed = Composed(
        schedule, value, max(bound or 0, value), breaks, 0, seconds, effort.seed, "CP-SAT", (stage,)
    )
    return Replanned(
        composed,
        moves_between(programme, before, schedule),
        lost=tuple(sorted(before.by_pair.keys() - schedule.by_pair.keys())),
        added=tuple(sorted(schedule.by_pair.keys() - before.by_pair.keys())),
        refused=tuple(sorted(change.wanted - schedule.by_pair.keys())),
        unmet=tuple(one.sentence for one in broken),
    )
