"""The timing of given meetings with few breaks: a good schedule by annealing, its proof by MaxSAT that counts up.

The number of breaks k is tried from 0: while the clauses with at most k breaks contradict each other, k + 1 is a lower bound.
Optima are small (0 to 6 in the published instances), so that refuting a k takes seconds where a core-guided search takes
minutes; at the optimum the same clauses give the schedule, unless annealing has met it before.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

from pysat.solvers import Cadical195

from matching.docking.checker import breaks_of, check
from matching.docking.programme import Programme, Slots
from matching.docking.schedule import UNWATCHED, ComposedStage, ComposeEffort, ComposeProgress, ComposeWatch
from matching.docking.solvers.annealing import annealed
from matching.docking.solvers.clauses import TimingClauses
from matching.docking.tables import seated

CONFLICTS_A_UNIT, CLAUSES_OF_UNIT = 4_000, 200_000
"""Conflicts of the SAT solver in a unit of work, about a second, up to so many clauses; with more each takes longer."""

STEPS_A_UNIT = 1_000_000
"""Steps of annealing in a unit of work."""

_AT_ONCE = 2_000
"""Conflicts between two looks at the watch."""

_TRIAL = 8
"""The part of the effort that a trial of other meetings may take: one in so many."""


@dataclass(frozen=True, slots=True)
class TimedMeetings:
    """The slot of each meeting, its breaks, and how few they can be at least; `slots` is None where none was found.

    `refuted`: it is proven that the meetings cannot be timed at all under the rules.
    """

    slots: Slots | None
    breaks: int = 0
    least_breaks: int = 0
    refuted: bool = False
    complete: bool = True
    stages: tuple[ComposedStage, ...] = ()


@dataclass(slots=True)
class _Conflicts:
    """A budget of conflicts that several calls share, and the watch that may end them."""

    left: int
    watch: ComposeWatch
    cancelled: bool = field(default=False)

    def solved(self, solver: Cadical195, at_most: int | None = None) -> bool | None:
        """Whether the clauses can be satisfied; None where the budget or the patience ended first."""
        allowed = self.left if at_most is None else min(at_most, self.left)
        while allowed > 0:
            share = min(_AT_ONCE, allowed)
            before = solver.accum_stats()["conflicts"]
            solver.conf_budget(share)
            answer: bool | None = solver.solve_limited()
            used = max(solver.accum_stats()["conflicts"] - before, 1)
            allowed, self.left = allowed - used, self.left - used
            if answer is not None:
                return answer
            self.cancelled = self.cancelled or self.watch.cancelled()
            if self.cancelled:
                return None
        return None


def timed(
    given: Programme,
    effort: ComposeEffort,
    watch: ComposeWatch = UNWATCHED,
    start: Slots | None = None,
    *,
    stubborn: bool = True,
) -> TimedMeetings:
    """Slots for all meetings of a programme that gives them (`Programme.given`), with as few breaks as the effort finds.

    `start` are slots to go on from, where they keep the rules. Without any, the whole effort goes into finding some; a part of it
    where the caller has other meetings to try and is not `stubborn`.
    """
    clauses = TimingClauses(given)
    pace = CONFLICTS_A_UNIT * min(1.0, CLAUSES_OF_UNIT / max(len(clauses.hard), 1))
    budget = _Conflicts(int(effort.timing_work * pace), watch)
    first, refuted = start, False
    if first is None or check(given, seated(given, first)):
        first, refuted = _any_slots(clauses, budget, budget.left if stubborn else budget.left // _TRIAL)
    if first is None:
        return TimedMeetings(None, refuted=refuted, complete=not budget.cancelled)
    steps = int(effort.timing_work * STEPS_A_UNIT)
    found = TimedMeetings(first, breaks_of(given, seated(given, first)))
    found = _improved(given, found, (steps // 8, effort.seed), watch)
    found = _proven(clauses, found, budget)
    if found.breaks > found.least_breaks:
        found = _improved(given, found, (steps, effort.seed + 1), watch)
    return found


def _any_slots(clauses: TimingClauses, budget: _Conflicts, most: int) -> tuple[Slots | None, bool]:
    """Slots that keep all rules, however many breaks; and whether it is proven that there are none."""
    with Cadical195(bootstrap_with=clauses.hard) as solver:
        answer = budget.solved(solver, most)
        return (clauses.read(solver.get_model()) if answer else None), answer is False


def _improved(
    given: Programme, known: TimedMeetings, run: tuple[int, int], watch: ComposeWatch
) -> TimedMeetings:
    """The better of the known slots and those that annealing finds from there; `run` are its steps and its seed."""
    begun, (steps, seed) = time.perf_counter(), run

    def go_on(fewest: int) -> bool:
        watch.progress(ComposeProgress("timing", breaks=fewest, least_breaks=known.least_breaks))
        return fewest > known.least_breaks and not watch.cancelled()

    slots = annealed(given, known.slots or {}, steps, seed, go_on)
    schedule = seated(given, slots)
    breaks = breaks_of(given, schedule)
    if breaks < known.breaks and not check(given, schedule):
        known = replace(known, slots=slots, breaks=breaks)
    stage = ComposedStage(
        "timing",
        "annealing",
        time.perf_counter() - begun,
        breaks=known.breaks,
        least_breaks=known.least_breaks,
    )
    complete = known.complete and not watch.cancelled()
    return replace(known, complete=complete, stages=(*known.stages, stage))


def _proven(clauses: TimingClauses, found: TimedMeetings, budget: _Conflicts) -> TimedMeetings:
    """Count up the breaks until the clauses allow them, the schedule at hand is reached or the budget ends."""
    begun, least = time.perf_counter(), 0
    while least < found.breaks and not budget.cancelled:
        answer, slots = _within(clauses, least, budget)
        if answer is None:
            break
        if slots is not None:
            found = replace(found, slots=slots, breaks=least)
        else:
            least += 1
            budget.watch.progress(ComposeProgress("proof", breaks=found.breaks, least_breaks=least))
    stage = ComposedStage(
        "proof", "MaxSAT", time.perf_counter() - begun, breaks=found.breaks, least_breaks=least
    )
    return replace(
        found,
        least_breaks=least,
        complete=found.complete and not budget.cancelled,
        stages=(*found.stages, stage),
    )


def _within(clauses: TimingClauses, breaks: int, budget: _Conflicts) -> tuple[bool | None, Slots | None]:
    """Slots with at most so many breaks; None in the first place where the budget ended before an answer."""
    with Cadical195(bootstrap_with=clauses.with_breaks(breaks)) as solver:
        answer = budget.solved(solver)
        return answer, clauses.read(solver.get_model()) if answer else None
