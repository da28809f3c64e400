"""Composing: the meetings of highest value, timed with few breaks, and what is proven of both."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from matching.docking.checker import breaks_of, check, value_of
from matching.docking.conflicts import conflict_of
from matching.docking.greedy import greedy
from matching.docking.programme import Programme, Slots
from matching.docking.schedule import (
    DEFAULT_EFFORT,
    UNWATCHED,
    Composed,
    ComposedStage,
    ComposeEffort,
    ComposeProgress,
    ComposeWatch,
    NoSchedule,
    Schedule,
)
from matching.docking.solvers.choice import ChosenPairs, chosen, chosen_with_slots, linear_bound
from matching.docking.solvers.timing import TimedMeetings, timed
from matching.docking.tables import seated


def compose(
    programme: Programme,
    effort: ComposeEffort = DEFAULT_EFFORT,
    watch: ComposeWatch = UNWATCHED,
    start: Schedule | None = None,
) -> Composed:
    """The best schedule found within the effort; NoSchedule where the rules cannot hold together.

    `start` is a schedule to go on from: resuming, or a draft by hand. Every schedule returned passes the checker, and none is
    worse than `start` where that passes it.
    """
    heard = ComposeWatch(_Heard(watch.progress), watch.cancelled)
    composing = _Composing(programme, effort, heard, time.perf_counter())
    composing.begin(start)
    if effort.quick and composing.best is not None:
        return composing.composed()
    composing.bound_linearly()
    if not composing.stopped:
        composing.improve()
    return composing.composed()


@dataclass(slots=True)
class _Heard:
    """Passes progress on with what earlier stages said of value and bound, where a stage says nothing of them."""

    tell: Callable[[ComposeProgress], None]
    last: ComposeProgress = field(default_factory=lambda: ComposeProgress("greedy"))

    def __call__(self, news: ComposeProgress) -> None:
        value = self.last.value if news.value is None else news.value
        bound = self.last.bound if news.bound is None else news.bound
        self.last = replace(news, value=value, bound=bound)
        self.tell(self.last)


@dataclass(slots=True)
class _Composing:
    """The state of composing: the best schedule that passes the checker, bounds, and the stages gone through."""

    programme: Programme
    effort: ComposeEffort
    watch: ComposeWatch
    begun: float
    best: Schedule | None = None
    least_breaks: int = 0
    bound: int = 0
    complete: bool = True
    stages: list[ComposedStage] = field(default_factory=list)

    @property
    def stopped(self) -> bool:
        """Whether the caller wants no more; what was found until then is the answer."""
        self.complete = self.complete and not self.watch.cancelled()
        return not self.complete

    def begin(self, start: Schedule | None) -> None:
        """The greedy schedule and the given one, where they keep the rules."""
        begun = time.perf_counter()
        held = self.programme.rules.all_held
        self.bound = sum(pair.value for pair in self.programme.open_pairs if held or pair.value > 0)
        quick = greedy(self.programme)
        value, breaks = value_of(self.programme, quick), breaks_of(self.programme, quick)
        self.stages.append(
            ComposedStage("greedy", "greedy", time.perf_counter() - begun, value, breaks=breaks)
        )
        for schedule in (quick, start):
            if schedule is not None:
                self.offer(schedule, 0)
        self.report("greedy")

    def bound_linearly(self) -> None:
        """Tightens the bound by the optimum of the linear programme."""
        stage = linear_bound(self.programme)
        self.stages.append(stage)
        if stage.bound is not None:
            self.bound = min(self.bound, stage.bound)
        self.report("linear")

    def improve(self) -> None:
        """Choose pairs and time them; where these cannot be timed, choose them with their slots."""
        if self.programme.rules.all_held:
            found = self._timed(frozenset(pair.id for pair in self.programme.open_pairs), self._slots())
            if found.refuted:
                raise NoSchedule(conflict_of(self.programme))
            return
        choice = self._chosen(chosen(self.programme, self.effort, self.watch, self._slots()))
        if choice.pairs is None or self._timed(choice.pairs, self._slots()).slots is None:
            self._improve_with_slots()

    def _improve_with_slots(self) -> None:
        if not self.stopped:
            choice = self._chosen(chosen_with_slots(self.programme, self.effort, self.watch, self._slots()))
            if choice.pairs is not None:
                self._timed(choice.pairs, choice.slots or {})
            elif self.best is not None:
                self._timed(frozenset(self.best.by_pair), self._slots())

    def _slots(self) -> Slots:
        return {one.pair: one.slot for one in self.best.meetings} if self.best else {}

    def _chosen(self, choice: ChosenPairs) -> ChosenPairs:
        """Note a choice; the pairs of the best schedule stay where the choice is worth no more."""
        self.stages.append(choice.stage)
        if choice.refuted:
            raise NoSchedule(conflict_of(self.programme))
        self.bound = min(self.bound, choice.bound)
        self.watch.progress(ComposeProgress(choice.stage.name, choice.stage.value, self.bound))
        if self.best is not None and self._rank(self.best)[0] >= choice.worth:
            return replace(choice, pairs=frozenset(self.best.by_pair), slots=self._slots())
        return choice

    def _timed(self, pairs: frozenset[str], start: Slots) -> TimedMeetings:
        given = self.programme.given(pairs)
        value = sum(pair.value for pair in given.pairs)
        self.watch.progress(ComposeProgress("timing", value, self.bound))
        slots = start if start.keys() == pairs else None
        found = timed(given, self.effort, self.watch, slots, stubborn=self.programme.rules.all_held)
        self.stages.extend(found.stages)
        self.complete = self.complete and found.complete
        if found.slots is not None:
            self.offer(seated(self.programme, found.slots, self.best), found.least_breaks)
        return found

    def offer(self, schedule: Schedule, least_breaks: int) -> None:
        """Keep a schedule that passes the checker and is better than the best: by value less the cost of breaks."""
        if check(self.programme, schedule):
            return
        if self.best is None or self._rank(schedule) >= self._rank(self.best):
            self.best, self.least_breaks = schedule, least_breaks

    def _rank(self, schedule: Schedule) -> tuple[int, int, int]:
        value, breaks = value_of(self.programme, schedule), breaks_of(self.programme, schedule)
        return value - self.programme.rules.break_cost * breaks, value, -breaks

    def report(self, stage: str) -> None:
        """Tell the caller what is known."""
        value = value_of(self.programme, self.best) if self.best else None
        breaks = breaks_of(self.programme, self.best) if self.best else None
        self.watch.progress(ComposeProgress(stage, value, self.bound, breaks, self.least_breaks))

    def composed(self) -> Composed:
        """The best schedule; NoSchedule where there is none."""
        if self.best is None:
            raise NoSchedule(conflict_of(self.programme))
        self.report("done")
        value, breaks = value_of(self.programme, self.best), breaks_of(self.programme, self.best)
        seconds, method = time.perf_counter() - self.begun, self.stages[-1].method
        return Composed(
            self.best,
            value,
            self.bound,
            breaks,
            self.least_breaks,
            seconds,
            self.effort.seed,
            method,
            tuple(self.stages),
            self.complete,
        )
