"""Composing: the meetings of highest value, timed with few breaks, and what is proven of both."""

from __future__ import annotations

import time

from matching.docking.checker import breaks_of, check, value_of
from matching.docking.greedy import greedy
from matching.docking.programme import DockingSide, Programme
from matching.docking.schedule import (
    DEFAULT_EFFORT,
    UNWATCHED,
    Composed,
    ComposedStage,
    ComposeEffort,
    ComposeProgress,
    ComposeWatch,
    DockingConflict,
    NoSchedule,
    Schedule,
)


def compose(
    programme: Programme,
    effort: ComposeEffort = DEFAULT_EFFORT,
    watch: ComposeWatch = UNWATCHED,
    start: Schedule | None = None,
) -> Composed:
    """The best schedule found within the effort; NoSchedule where the rules cannot hold together.

    `start` is a schedule to go on from: resuming, or a draft by hand. Every schedule returned passes the checker.
    """
    begun = time.perf_counter()
    schedule = start if start and not check(programme, start) else greedy(programme)
    broken = check(programme, schedule)
    if broken:
        raise NoSchedule(DockingConflict(tuple(one.sentence for one in broken), minimal=False))
    value, breaks, bound = (
        value_of(programme, schedule),
        breaks_of(programme, schedule),
        simple_bound(programme),
    )
    watch.progress(ComposeProgress("greedy", value, bound, breaks, 0))
    seconds = time.perf_counter() - begun
    stage = ComposedStage("greedy", "greedy", seconds, value, bound, breaks, 0)
    return Composed(schedule, value, bound, breaks, 0, seconds, effort.seed, "greedy", (stage,))


def simple_bound(programme: Programme) -> int:
    """An upper bound of the value: the best pairs of each side, and as many as there are places."""
    best = sorted((pair.value for pair in programme.open_pairs), reverse=True)[: programme.places]
    return min(sum(best), *(_bound_of(programme, side) for side in DockingSide))


def _bound_of(programme: Programme, side: DockingSide) -> int:
    """What one side can have at most if everyone of it gets its best pairs; pairs without anyone of it count in full."""
    people = [one for one in programme.participants if one.side is side]
    ids = {one.id for one in people}
    without = sum(pair.value for pair in programme.open_pairs if not ids.intersection(pair.both))
    values = (
        sorted((pair.value for pair in programme.pairs_of[one.id]), reverse=True)[: one.limit]
        for one in people
    )
    return without + sum(map(sum, values))
