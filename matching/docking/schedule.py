"""A schedule (日程) of a docking activity, what composing one yields, and what it reports on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from matching.docking.programme import PairId, SlotIndex


@dataclass(frozen=True, slots=True, order=True)
class HeldMeeting:
    """A meeting that takes place: which pair, in which slot, at which table (from 1)."""

    slot: SlotIndex
    table: int
    pair: PairId


@dataclass(frozen=True)
class Schedule:
    """The meetings of an activity, by slot and table."""

    meetings: tuple[HeldMeeting, ...] = ()

    @classmethod
    def of(cls, meetings: Iterable[HeldMeeting]) -> Schedule:
        """The schedule of these meetings, in order."""
        return cls(tuple(sorted(meetings)))

    @cached_property
    def by_pair(self) -> Mapping[PairId, HeldMeeting]:
        """Meetings by pair."""
        return {meeting.pair: meeting for meeting in self.meetings}

    def with_meeting(self, meeting: HeldMeeting) -> Schedule:
        """The schedule with the pair at its new place, or added."""
        return Schedule.of([*(one for one in self.meetings if one.pair != meeting.pair), meeting])

    def without(self, pairs: Iterable[PairId]) -> Schedule:
        """The schedule without the meetings of these pairs."""
        gone = set(pairs)
        return Schedule.of(one for one in self.meetings if one.pair not in gone)


def gap_of(value: int | None, bound: int | None) -> float | None:
    """(bound − value) / bound: how much value a better schedule could add at most, as a share; None where one is unknown."""
    return (bound - value) / bound if bound and value is not None else None


@dataclass(frozen=True, slots=True)
class ComposedStage:
    """The result of one stage of composing; bounds are None where the stage proves none.

    `value` and `bound` are in thousandths (the bound is from above), `least_breaks` bounds the breaks from below.
    """

    name: str
    method: str
    seconds: float
    value: int | None = None
    bound: int | None = None
    breaks: int | None = None
    least_breaks: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Composed:
    """A schedule and what is proven of it.

    `bound` is an upper bound of the value of any schedule under the rules; `least_breaks` a lower bound of the breaks of any
    schedule of the same meetings. `complete` is False where composing was cancelled before its last stage.
    """

    schedule: Schedule
    value: int
    bound: int
    breaks: int
    least_breaks: int
    seconds: float
    seed: int
    method: str
    stages: tuple[ComposedStage, ...] = ()
    complete: bool = True

    @property
    def gap(self) -> float:
        """The most value that a better schedule could add, as a share."""
        return gap_of(self.value, self.bound) or 0.0

    @property
    def value_proven(self) -> bool:
        """Whether no schedule has a higher value."""
        return self.value == self.bound

    @property
    def breaks_proven(self) -> bool:
        """Whether the same meetings cannot be timed with fewer breaks."""
        return self.breaks == self.least_breaks


@dataclass(frozen=True, slots=True)
class ComposeProgress:
    """The state of composing as the page shows it while it runs; None where nothing is known yet."""

    stage: str
    value: int | None = None
    bound: int | None = None
    breaks: int | None = None
    least_breaks: int | None = None

    @property
    def gap(self) -> float | None:
        """The gap of the value, as in `Composed`."""
        return gap_of(self.value, self.bound)


def _unheard(_: ComposeProgress) -> None:
    """Progress that nobody follows."""


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class ComposeWatch:
    """The means by which the caller follows composing and stops it: both are called often and from the thread that composes."""

    progress: Callable[[ComposeProgress], None] = _unheard
    cancelled: Callable[[], bool] = _never


@dataclass(frozen=True, slots=True)
class ComposeEffort:
    """The work that composing may take, in deterministic units of about a second each: equal settings give equal schedules.

    `quick` answers by the greedy method alone where its schedule keeps the rules.
    """

    seed: int = 1
    value_work: float = 15.0
    timing_work: float = 20.0
    quick: bool = False


DEFAULT_EFFORT = ComposeEffort()
"""About a minute for 60 firms and 40 teams."""

UNWATCHED = ComposeWatch()


@dataclass(frozen=True, slots=True)
class DockingConflict:
    """Rules that cannot hold together; without any one of them the rest can.

    `sentences` names them in words, one each; `ids` the participants and pairs they are about.
    """

    sentences: tuple[str, ...]
    ids: tuple[str, ...] = ()
    minimal: bool = True


class NoSchedule(Exception):
    """No schedule keeps all rules; `conflict` says which."""

    def __init__(self, conflict: DockingConflict) -> None:
        super().__init__("；".join(conflict.sentences))
        self.conflict = conflict


@dataclass(frozen=True, slots=True)
class ScheduleMove:
    """A change between two schedules: from where to where, None where it was added or dropped; `tell` are the participants."""

    pair: PairId
    before: HeldMeeting | None
    after: HeldMeeting | None
    tell: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class DayChange:
    """The events of the day: slots before `now` are over; `absent` do not come (any more); `wanted` are late requests.

    Pairs that are wanted stand among the pairs of the programme.
    """

    now: SlotIndex
    absent: frozenset[str] = frozenset()
    wanted: frozenset[PairId] = frozenset()


@dataclass(frozen=True, slots=True)
class Replanned:
    """A schedule after a change, with every move and whom to tell.

    `lost` are meetings that cannot be held any more, `added` new ones, `refused` late requests without a place; `unmet` says
    which least numbers or limits of breaks can no longer be kept. All other rules are.
    """

    composed: Composed
    moves: tuple[ScheduleMove, ...]
    lost: tuple[PairId, ...] = ()
    added: tuple[PairId, ...] = ()
    refused: tuple[PairId, ...] = ()
    unmet: tuple[str, ...] = ()

    @property
    def moved(self) -> tuple[ScheduleMove, ...]:
        """Meetings that take place at another time or table."""
        return tuple(move for move in self.moves if move.before and move.after)
