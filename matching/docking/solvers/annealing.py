"""Fewer breaks by simulated annealing over Kempe chains, compiled: fast, and without any proof.

A meeting moves to another slot; whoever is busy there moves the other way, and so on, until nobody sits at two tables (D. de
Werra, European Journal of Operational Research 19, 1985: a timetable as a colouring of edges). Inside a chain nobody's slots
change, only at its ends, so that a step costs about a microsecond. Where the tables of a slot do not suffice, another meeting
of it makes room. Equal seeds give equal steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from index.compiled import compiled
from matching.docking.programme import PairId, Programme, SlotIndex

MOST_SLOTS = 62
"""A participant's slots are the bits of one number."""

_CHUNK = 200_000
_HOTTEST, _COLDEST = 0.4, 0.1
_EXCESS = 5
"""What a break beyond a participant's limit costs."""
_LONGEST = 200
"""Meetings of a chain; a longer one is given up."""

Numbers = NDArray[np.int64]


class _Grid(NamedTuple):
    """Meetings as numbers: who, where allowed, where now; `earlier` and `later` are the precedences."""

    who: Numbers
    allowed: NDArray[np.bool_]
    tables: Numbers
    slot: Numbers
    at: Numbers
    busy: Numbers
    meetings: Numbers
    earlier: Numbers
    later: Numbers
    chain: Numbers
    marked: NDArray[np.bool_]
    most: Numbers


@compiled
def _drawn(state: Numbers) -> int:
    """The next number of an xorshift generator, from 0 to 2^31 - 1 (G. Marsaglia, 2003)."""
    x = int(state[0])
    x ^= (x << 13) & 0x7FFFFFFFFFFFFFFF
    x ^= x >> 7
    x ^= (x << 17) & 0x7FFFFFFFFFFFFFFF
    state[0] = x
    return x & 0x7FFFFFFF


@compiled
def _cost(mask: int, most: int) -> int:
    """The breaks of a participant, those beyond its limit several times."""
    starts = mask & ~(mask << 1)
    runs = 0
    while starts:
        starts &= starts - 1
        runs += 1
    breaks = max(runs - 1, 0)
    return breaks + _EXCESS * max(breaks - most, 0)


@compiled
def _extend(grid: Any, start: int, length: int, target: int) -> int:
    """Add a meeting and all that must change places with it to the chain: its new length, 0 where it may not be."""
    first, source = length, grid.slot[start]
    grid.chain[length] = start
    grid.marked[start] = True
    length += 1
    while first < length:
        meeting = grid.chain[first]
        first += 1
        goal = target if grid.slot[meeting] == source else source
        if not grid.allowed[meeting, goal]:
            return -length
        for side in range(2):
            other = grid.at[grid.who[meeting, side], goal]
            if other >= 0 and not grid.marked[other]:
                if length >= _LONGEST:
                    return -length
                grid.chain[length] = other
                grid.marked[other] = True
                length += 1
    return length


@compiled
def _balance(grid: Any, length: int, source: int, target: int) -> int:
    """The number of meetings by which the target slot grows after the chain."""
    more = 0
    for i in range(length):
        more += 1 if grid.slot[grid.chain[i]] == source else -1
    return more


@compiled
def _chained(grid: Any, start: int, target: int, state: Numbers) -> int:
    """The chain of a meeting with those that make room at the tables: its length, negative where it may not be."""
    source = grid.slot[start]
    length = _extend(grid, start, 0, target)
    for _ in range(4):
        if length <= 0:
            return length
        more = _balance(grid, length, source, target)
        if grid.meetings[target] + more > grid.tables[target]:
            crowded, other = target, source
        elif grid.meetings[source] - more > grid.tables[source]:
            crowded, other = source, target
        else:
            return length
        freeing = -1
        for _ in range(8):
            drawn = grid.at[_drawn(state) % grid.at.shape[0], crowded]
            if drawn >= 0 and not grid.marked[drawn]:
                freeing = drawn
                break
        if freeing < 0:
            return -length
        length = _extend(grid, freeing, length, other)
    return -abs(length)


@compiled
def _flip(grid: Any, length: int, source: int, target: int) -> None:
    """All meetings of the chain change slots."""
    for i in range(length):
        meeting = grid.chain[i]
        now = grid.slot[meeting]
        for side in range(2):
            who = grid.who[meeting, side]
            if grid.at[who, now] == meeting:
                grid.at[who, now] = -1
        grid.meetings[now] -= 1
    for i in range(length):
        meeting = grid.chain[i]
        goal = target if grid.slot[meeting] == source else source
        grid.slot[meeting] = goal
        grid.meetings[goal] += 1
        for side in range(2):
            grid.at[grid.who[meeting, side], goal] = meeting
    for i in range(length):
        for side in range(2):
            who = grid.who[grid.chain[i], side]
            for slot in (source, target):
                if grid.at[who, slot] >= 0:
                    grid.busy[who] |= 1 << slot
                else:
                    grid.busy[who] &= ~(1 << slot)


@compiled
def _gain(grid: Any, length: int, source: int, target: int) -> int:
    """By how much the chain would raise the cost: only whoever stands at an end of it changes slots."""
    toggled = (1 << source) | (1 << target)
    gain = 0
    for i in range(length):
        meeting = grid.chain[i]
        goal = target if grid.slot[meeting] == source else source
        for side in range(2):
            who = grid.who[meeting, side]
            if grid.at[who, goal] < 0:
                gain += _cost(grid.busy[who] ^ toggled, grid.most[who]) - _cost(
                    grid.busy[who], grid.most[who]
                )
    return gain


@compiled
def _in_order(grid: Any, source: int, target: int) -> bool:
    """Whether every precedence holds once the marked meetings have changed slots."""
    for i in range(grid.earlier.shape[0]):
        first, second = grid.earlier[i], grid.later[i]
        early, late = grid.slot[first], grid.slot[second]
        if grid.marked[first]:
            early = target if early == source else source
        if grid.marked[second]:
            late = target if late == source else source
        if early >= late:
            return False
    return True


@compiled
def _steps(grid: Any, best: Numbers, costs: Numbers, state: Numbers, heats: NDArray[np.float64]) -> None:
    """One step for each temperature; `costs` are now and best, `best` the slots of the best."""
    meetings, slots = grid.allowed.shape
    for heat in heats:
        start = _drawn(state) % meetings
        target = _drawn(state) % slots
        source = grid.slot[start]
        if target == source or not grid.allowed[start, target]:
            continue
        length = _chained(grid, start, target, state)
        if length > 0:
            gain = _gain(grid, length, source, target)
            accepted = gain <= 0 or _drawn(state) < np.exp(-gain / heat) * 2147483648.0
            if accepted and _in_order(grid, source, target):
                _flip(grid, length, source, target)
                costs[0] += gain
        for i in range(abs(length)):
            grid.marked[grid.chain[i]] = False
        if costs[0] < costs[1]:
            costs[1] = costs[0]
            best[:] = grid.slot
            if costs[1] == 0:
                return


def annealed(
    programme: Programme,
    start: Mapping[PairId, SlotIndex],
    steps: int,
    seed: int,
    go_on: Callable[[int], bool],
) -> dict[PairId, SlotIndex]:
    """The slots with the fewest breaks met on the way from `start`; `go_on` hears of the fewest so far and may stop.

    Takes no more than MOST_SLOTS slots; with more `start` comes back. Limits of breaks that `start` keeps are kept.
    """
    order = list(programme.slot)
    if not start or len(order) > MOST_SLOTS:
        return dict(start)
    pairs = sorted(start)
    grid = _grid(programme, pairs, [order.index(start[pair]) for pair in pairs])
    best, state = grid.slot.copy(), np.array([seed * 2654435761 % (1 << 31) + 88172645463325252], np.int64)
    now = sum(_cost(int(mask), int(most)) for mask, most in zip(grid.busy, grid.most, strict=True))
    costs = np.array([now, now], np.int64)
    heats = np.geomspace(_HOTTEST, _COLDEST, max(steps, 1))
    for chunk in range(0, steps, _CHUNK):
        if not go_on(int(costs[1])):
            break
        _steps(grid, best, costs, state, heats[chunk : chunk + _CHUNK])
    go_on(int(costs[1]))
    return {pair: order[slot] for pair, slot in zip(pairs, best, strict=True)}


def _grid(programme: Programme, pairs: list[PairId], slots: list[int]) -> _Grid:
    """The meetings of the pairs in these slots (by position in the day)."""
    number = {one.id: i for i, one in enumerate(programme.participants)}
    position = {slot: i for i, slot in enumerate(programme.slot)}
    of_pair = {pair: i for i, pair in enumerate(pairs)}
    who = np.array([[number[one] for one in programme.pair[pair].both] for pair in pairs], np.int64)
    allowed = np.zeros((len(pairs), len(position)), np.bool_)
    for i, pair in enumerate(pairs):
        fixed = pair in programme.pin and programme.pin[pair].table is not None
        allowed[i, [slots[i]] if fixed else [position[slot] for slot in programme.possible[pair]]] = True
    at = np.full((len(number), len(position)), -1, np.int64)
    at[who, np.array(slots)[:, None]] = np.arange(len(pairs))[:, None]
    busy = ((at >= 0) * (np.int64(1) << np.arange(len(position)))).sum(axis=1)
    known = [(a, b) for a, b in programme.rules.precedences if a in of_pair and b in of_pair]
    orders = np.array([[of_pair[a], of_pair[b]] for a, b in known], np.int64).reshape(-1, 2)
    most = min(
        limit for limit in (programme.rules.most_breaks, programme.rules.fairness, 99) if limit is not None
    )
    return _Grid(
        who,
        allowed,
        np.array([slot.tables for slot in programme.slot.values()], np.int64),
        np.array(slots, np.int64),
        at,
        busy,
        np.bincount(slots, minlength=len(position)).astype(np.int64),
        orders[:, 0].copy(),
        orders[:, 1].copy(),
        np.zeros(len(pairs), np.int64),
        np.zeros(len(pairs), np.bool_),
        np.full(len(number), most, np.int64),
    )
