"""Small activities for the tests, drawn from a seed."""

from __future__ import annotations

import random
from dataclasses import replace

from matching.docking.programme import (
    DockingSide,
    DockingSlot,
    MeetingPair,
    Participant,
    Programme,
)

SLOTS = 6


def activity(seed: int = 1, firms: int = 6, teams: int = 4, tables: int = 4) -> Programme:
    """Firms and teams of two holders, some here in the morning or afternoon only, with three candidate teams a firm."""
    drawn = random.Random(seed)
    halves = (frozenset(range(SLOTS)), frozenset(range(SLOTS // 2)), frozenset(range(SLOTS // 2, SLOTS)))
    free = [drawn.choice((*halves, halves[0])) for _ in range(firms + teams)]
    people = [Participant(f"F{i}", DockingSide.FIRM, free[i], most=3, name=f"企业{i}") for i in range(firms)]
    people += [
        Participant(
            f"T{i}", DockingSide.TEAM, free[firms + i], most=4, holder=f"高校{i % 2}", name=f"团队{i}"
        )
        for i in range(teams)
    ]
    pairs = [
        MeetingPair(f"F{firm}-T{team}", f"F{firm}", f"T{team}", drawn.randint(400, 999))
        for firm in range(firms)
        for team in drawn.sample(range(teams), 3)
    ]
    slots = [DockingSlot(i, "上午" if i < SLOTS // 2 else "下午", tables) for i in range(SLOTS)]
    return Programme(tuple(people), tuple(pairs), tuple(slots))


def ruled(programme: Programme, **rules: object) -> Programme:
    """The programme under other rules."""
    return replace(programme, rules=replace(programme.rules, **rules))  # type: ignore[arg-type]


def kept(programme: Programme, participant: str, **values: object) -> Programme:
    """The programme with other values of one participant."""
    people = tuple(
        replace(one, **values) if one.id == participant else one  # type: ignore[arg-type]
        for one in programme.participants
    )
    return replace(programme, participants=people)
