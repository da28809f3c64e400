"""Published instances of business meeting scheduling (MiniZinc .dzn) as programmes: all meetings given, few breaks wanted.

M. Bofill et al., JAIR 74 (2022) 263-301. The folder is named by an argument or by PATENTDOCK_MEETINGS; it is no part of the
project. Meetings, participants and slots are numbered from 1 there and here; slot 0 in `forbidden` or `fixed` means none.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TypeVar

from matching.docking.programme import (
    DockingRules,
    DockingSide,
    DockingSlot,
    MeetingPair,
    Participant,
    Pin,
    Programme,
)

T = TypeVar("T")
FAIRNESS = 2
_MORNING, _AFTERNOON = 1, 2


def read_instance(path: Path, fairness: int | None = FAIRNESS) -> Programme:
    """The programme of a file; ValueError names file and field where one is missing or has the wrong length."""
    fields = _Fields(path)
    slots, morning = fields.number("nTotalSlots"), fields.number("nMorningSlots")
    meetings = fields.number("nMeetings")
    requested = fields.numbers("requested", 3 * meetings)
    forbidden = fields.sets("forbidden", fields.number("nBusiness"))
    precedences = fields.sets("precedences", meetings)
    halves = {
        _MORNING: frozenset(range(1, morning + 1)),
        _AFTERNOON: frozenset(range(morning + 1, slots + 1)),
    }
    day = frozenset(range(1, slots + 1))
    people = tuple(
        Participant(f"P{i}", DockingSide.TEAM, day - barred) for i, barred in enumerate(forbidden, 1)
    )
    triples = zip(requested[::3], requested[1::3], requested[2::3], strict=True)
    pairs = tuple(
        MeetingPair(f"M{i}", f"P{first}", f"P{second}", slots=halves.get(half))
        for i, (first, second, half) in enumerate(triples, 1)
    )
    rules = DockingRules(
        all_held=True,
        fairness=fairness,
        precedences=tuple(
            (f"M{early}", f"M{i}") for i, before in enumerate(precedences, 1) for early in sorted(before)
        ),
    )
    fixed = fields.numbers("fixed", meetings)
    pins = tuple(Pin(f"M{i}", slot) for i, slot in enumerate(fixed, 1) if slot)
    tables = fields.number("nTables")
    return Programme(people, pairs, tuple(DockingSlot(i, tables=tables) for i in sorted(day)), rules, pins)


class _Fields:
    """The assignments of a .dzn file by name."""

    def __init__(self, path: Path) -> None:
        self._path = path
        text = re.sub(r"%.*", "", path.read_text("utf-8"))
        self._said = dict(re.findall(r"(\w+)\s*=\s*([^;]*);", text))

    def _of(self, name: str) -> str:
        if name not in self._said:
            raise ValueError(f"{self._path.name}: {name} is missing")
        return str(self._said[name])

    def number(self, name: str) -> int:
        return int(self._of(name))

    def numbers(self, name: str, length: int) -> list[int]:
        found = [int(number) for number in re.findall(r"\d+", self._of(name))]
        return self._sized(name, found, length)

    def sets(self, name: str, length: int) -> list[frozenset[int]]:
        braces = re.findall(r"\{([^}]*)\}", self._of(name))
        found = [frozenset(int(number) for number in re.findall(r"\d+", inner)) - {0} for inner in braces]
        return self._sized(name, found, length)

    def _sized(self, name: str, found: list[T], length: int) -> list[T]:
        if len(found) != length:
            raise ValueError(f"{self._path.name}: {name} has {len(found)} entries, expected {length}")
        return found
