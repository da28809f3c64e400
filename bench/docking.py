"""Docking activities: published instances against their optima, generated activities against greedy and the bound, re-planning.

    python -m bench.docking [--instances FOLDER] [--only NAME …] [--work 400] [--quick] [--seed 1]

FOLDER (or PATENTDOCK_MEETINGS) holds the published files NAME.original.dzn (and variants NAME.*.dzn, which are solved too when
they are named by --only); without it only generated sets run. `--quick` takes the small instances and the smaller sets, in less
than two minutes on a processor of its own. Processor seconds stand beside the clock: on a machine that others use only those
mean something. Every schedule is checked before its line is printed.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import statistics
import time
from dataclasses import dataclass, replace
from pathlib import Path

from bench.meeting_instances import read_instance
from matching.docking.checker import breaks_of, check, value_of
from matching.docking.compose import compose
from matching.docking.greedy import greedy
from matching.docking.programme import (
    DockingRules,
    DockingSide,
    DockingSlot,
    MeetingPair,
    Participant,
    Programme,
)
from matching.docking.replan import changed, replan
from matching.docking.schedule import Composed, ComposeEffort, DayChange, NoSchedule

# Optimum with d = 2, seconds of the best MaxSAT, Chuffed and MIP there (limit 7,200 s): JAIR 74, tables 1, 3, 5.
LIMIT = 7200.0
PUBLISHED = {
    "forum-13": (0, 2.5, 2891.0, 648.0),
    "forum-13crafb": (6, 23.3, 1726.0, LIMIT),
    "forum-13crafc": (1, 2.3, LIMIT, LIMIT),
    "forum-14": (2, 5.1, 874.0, LIMIT),
    "forumt-14": (5, 0.5, 5.6, 44.9),
    "forumt-14crafc": (5, 0.9, 20.2, 894.0),
    "forumt-14crafd": (4, 0.4, 20.9, 218.0),
    "forumt-14crafe": (5, 0.6, 26.3, 1312.0),
    "tic-12": (0, 0.1, 0.8, 13.8),
    "tic-12crafc": (0, 0.3, 1.2, 8.9),
    "tic-13": (0, 0.4, 16.9, 163.0),
    "tic-13crafb": (0, 0.4, 2.0, 44.1),
    "tic-13crafc": (4, 5.8, 518.0, 129.0),
    "tic-14crafa": (0, 1.0, 22.4, 326.0),
    "tic-14crafc": (0, 0.8, 24.1, 628.0),
    "tic-14crafd": (0, 0.8, 6.2, 195.0),
    "ticf-13crafa": (0, 2.2, 2473.0, 1584.0),
    "ticf-13crafb": (3, 22.3, 2292.0, LIMIT),
    "ticf-13crafc": (1, 3.7, LIMIT, LIMIT),
    "ticf-14crafa": (0, 7.6, 1715.0, LIMIT),
}
QUICK = ("tic-12", "tic-12crafc", "tic-13", "tic-13crafb", "forumt-14crafd", "tic-14crafd")
_MEETINGS_A_FIRM, _MEETINGS_A_TEAM, _TEAMS_A_FIRM = 6, 10, 15


@dataclass(frozen=True)
class GeneratedSet:
    """A generated activity; `most` are the meetings planned, None for as many as there are tables and slots."""

    name: str
    firms: int
    teams: int
    tables: int
    most: int | None = None
    timing_work: float = 30.0


SETS = (
    GeneratedSet("60 x 40, 24 tables, 240 meetings", 60, 40, 24, 240),
    GeneratedSet("60 x 40, 20 tables, full", 60, 40, 20),
    GeneratedSet("60 x 40, 24 tables, full", 60, 40, 24),
    GeneratedSet("300 x 200, 80 tables, 800 meetings", 300, 200, 80, 800, 60.0),
    GeneratedSet("300 x 200, 80 tables, full", 300, 200, 80, None, 60.0),
)


def generated(asked: GeneratedSet, seed: int, slots: int = 12) -> Programme:
    """15 candidate teams a firm, popular ones more often; one team in ten there in the morning, one in the afternoon only.

    3 % of all slots are barred one by one, every fourth firm must have a meeting, a holder has at most a quarter.
    """
    drawn, day = random.Random(seed), range(1, slots + 1)
    halves = (
        [*day],
        [slot for slot in day if slot <= slots // 2],
        [slot for slot in day if slot > slots // 2],
    )

    def free(half: int) -> frozenset[int]:
        return frozenset(slot for slot in halves[half] if drawn.random() >= 0.03)

    firms = [
        Participant(f"F{i}", DockingSide.FIRM, free(0), most=_MEETINGS_A_FIRM) for i in range(asked.firms)
    ]
    teams = [
        Participant(
            f"T{i}",
            DockingSide.TEAM,
            free(drawn.choices((0, 1, 2), (8, 1, 1))[0]),
            most=_MEETINGS_A_TEAM,
            holder=f"H{i % max(asked.teams // 4, 1)}",
        )
        for i in range(asked.teams)
    ]
    popular = [1 / (1 + i / 20) for i in range(asked.teams)]
    pairs: list[MeetingPair] = []
    for firm in range(asked.firms):
        known: set[int] = set()
        while len(known) < _TEAMS_A_FIRM:
            known.update(drawn.choices(range(asked.teams), popular))
        pairs += [
            MeetingPair(f"F{firm}-T{t}", f"F{firm}", f"T{t}", drawn.randint(400, 999)) for t in sorted(known)
        ]
    must = frozenset(f"F{i}" for i in range(0, asked.firms, 4))
    sessions = tuple(DockingSlot(slot, "am" if slot <= slots // 2 else "pm", asked.tables) for slot in day)
    rules = DockingRules(must_have=must, holder_share=25, most_meetings=asked.most)
    return Programme((*firms, *teams), tuple(pairs), sessions, rules)


def main() -> None:
    """Print every line as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--instances", type=Path, default=os.environ.get("PATENTDOCK_MEETINGS"))
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--work", type=float, default=400.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true")
    asked = parser.parse_args()
    print(f"processor: {_processor()}, {os.cpu_count()} threads, one used", flush=True)
    if asked.instances:
        _published(Path(asked.instances), asked)
    if not asked.only:
        sets = SETS[:2] if asked.quick else SETS
        for one in sets:
            _one_set(replace(one, timing_work=10.0) if asked.quick else one, asked.seed)
        _replanned(asked.seed, rounds=3 if asked.quick else 9)


def _processor() -> str:
    names = [line for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines() if "model name" in line]
    return names[0].split(":")[1].strip() if names else platform.machine()


def _published(folder: Path, asked: argparse.Namespace) -> None:
    names = asked.only or (QUICK if asked.quick else tuple(PUBLISHED))
    print(
        "\ninstance                 breaks  least  optimum  processor s  clock s  published: MaxSAT  Chuffed      MIP"
    )
    open_ones = []
    for name in names:
        path = folder / (name if name.endswith(".dzn") else f"{name}.original.dzn")
        if not path.is_file():
            print(f"{name:24} is not in the folder")
            continue
        if not _instance(path, asked):
            open_ones.append(name)
    print(f"not closed: {', '.join(open_ones) or 'none'}", flush=True)


def _instance(path: Path, asked: argparse.Namespace) -> bool:
    """One line; whether its breaks are proven (or that there is no schedule)."""
    programme, begun, processor = read_instance(path), time.perf_counter(), time.process_time()
    try:
        composed = compose(programme, ComposeEffort(asked.seed, timing_work=asked.work))
    except NoSchedule as error:
        proven = error.conflict.minimal
        said = "no schedule, proven" if proven else "no schedule found"
        print(
            f"{path.name:24} {said}: {len(error.conflict.sentences)} rules clash, {time.process_time() - processor:.1f} s"
        )
        return proven
    seconds = time.process_time() - processor, time.perf_counter() - begun
    assert check(programme, composed.schedule) == []  # noqa: S101
    name = path.name.split(".")[0] if path.name.endswith(".original.dzn") else path.name
    best = PUBLISHED.get(name)
    peers = (
        f"{best[0]:9}{seconds[0]:13.1f}{seconds[1]:9.1f}"
        if best
        else f"{'':9}{seconds[0]:13.1f}{seconds[1]:9.1f}"
    )
    times = (
        "".join(
            f"{_limited(peer):>18}" if i == 0 else f"{_limited(peer):>9}" for i, peer in enumerate(best[1:])
        )
        if best
        else ""
    )
    print(f"{name:24}{composed.breaks:7}{composed.least_breaks:7}{peers}{times}", flush=True)
    return composed.breaks_proven


def _limited(seconds: float) -> str:
    return "limit" if seconds >= LIMIT else f"{seconds:,.1f}"


def _one_set(asked: GeneratedSet, seed: int) -> Composed:
    programme = generated(asked, seed)
    print(f"\n{asked.name}: {len(programme.pairs)} pairs, seed {seed}", flush=True)
    quick = greedy(programme)
    processor = time.process_time()
    composed = compose(programme, ComposeEffort(seed, timing_work=asked.timing_work))
    processor = time.process_time() - processor
    assert check(programme, composed.schedule) == []  # noqa: S101
    for name, schedule in (("greedy", quick), ("composed", composed.schedule)):
        value = value_of(programme, schedule)
        print(
            f"  {name:10}{len(schedule.meetings):5} meetings, value {value:8,} = {value / composed.bound:.4f} of the bound, "
            f"breaks {breaks_of(programme, schedule):4}"
        )
    print(
        f"  bound {composed.bound:,}, gap {composed.gap:.3%}, breaks at least {composed.least_breaks} (of these meetings)"
    )
    print(f"  {composed.seconds:.1f} s by the clock, {processor:.1f} s of processor")
    for stage in composed.stages:
        print(f"    {stage.name:10}{stage.method:10}{stage.seconds:7.1f} s", flush=True)
    return composed


def _replanned(seed: int, rounds: int) -> None:
    """Five no-shows at a time, at different moments of the day."""
    programme = generated(SETS[0], seed)
    before = compose(programme, ComposeEffort(seed, timing_work=3.0)).schedule
    print(
        "\nre-planning after five no-shows, 60 x 40: meetings lost, added, moved; processor s, clock s",
        flush=True,
    )
    moved, drawn = [], random.Random(seed)
    for _ in range(rounds):
        absent = frozenset(drawn.sample([one.id for one in programme.participants], 5))
        change = DayChange(drawn.randint(1, 8), absent)
        processor = time.process_time()
        result = replan(programme, before, change)
        processor = time.process_time() - processor
        assert not check(changed(programme, before, change), result.composed.schedule) or result.unmet  # noqa: S101
        moved.append(len(result.moved) / len(absent))
        counts = f"{len(result.lost):4}{len(result.added):4}{len(result.moved):4}"
        print(f"  from slot {change.now}: {counts}{processor:8.1f}{result.composed.seconds:8.1f}", flush=True)
    print(f"  median of moved meetings a no-show: {statistics.median(moved):.1f}")


if __name__ == "__main__":
    main()
