"""The timing of given meetings as clauses: one true variable for each meeting and its slot, one soft variable for each break.

Breaks in order encoding, with the implied constraints of M. Bofill et al., JAIR 74 (2022), section 5: the slots in which a
participant sits are as many as its meetings; in a slot at most twice as many participants sit as there are tables; the tables
are counted over groups of meetings that share a participant, of which at most one takes place at a time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations

from pysat.card import CardEnc, EncType

from matching.docking.programme import PairId, ParticipantId, Programme, SlotIndex

Clause = list[int]


class TimingClauses:
    """Hard clauses over `placed[pair, slot]`; `holes[participant]` are the variables that end a break."""

    def __init__(self, programme: Programme) -> None:
        self.programme = programme
        self.pairs = [pair.id for pair in programme.open_pairs]
        self.hard: list[Clause] = []
        self.variables = 0
        self.placed: dict[tuple[PairId, SlotIndex], int] = {}
        self.busy: dict[tuple[ParticipantId, SlotIndex], int] = {}
        self.holes: dict[ParticipantId, list[int]] = {}
        self.slots = tuple(programme.slot)
        self.meetings_of: dict[ParticipantId, list[PairId]] = defaultdict(list)
        for pair in self.pairs:
            for one in programme.pair[pair].both:
                self.meetings_of[one].append(pair)
        self._build()

    def _build(self) -> None:
        self._place_each()
        for one in sorted(self.meetings_of):
            self._seat(one)
            self._breaks(one)
        for slot in self.slots:
            self._tables(slot)
            self._same_table(slot)
        self._precedences()
        self._limits()

    def with_breaks(self, most: int) -> list[Clause]:
        """The clauses of a schedule with at most so many breaks of all together."""
        holes = [hole for of_one in self.holes.values() for hole in of_one]
        if most == 0:
            return [*self.hard, *([-hole] for hole in holes)]
        counted = CardEnc.atmost(holes, most, self.variables, encoding=EncType.seqcounter)
        return [*self.hard, *counted.clauses]

    def read(self, model: Iterable[int]) -> dict[PairId, SlotIndex]:
        """The slots that a solution gives the meetings."""
        true = set(model)
        return {pair: slot for (pair, slot), variable in self.placed.items() if variable in true}

    def new(self) -> int:
        """A new variable."""
        self.variables += 1
        return self.variables

    def _place_each(self) -> None:
        for pair in self.pairs:
            possible = [
                self.placed.setdefault((pair, slot), self.new()) for slot in self.programme.possible[pair]
            ]
            self._some(possible)
            self._at_most_one(possible)

    def _some(self, literals: list[int]) -> None:
        """At least one of them; of none a contradiction, which solvers do not read off an empty clause."""
        if not literals:
            never = self.new()
            self.hard.extend([[never], [-never]])
        else:
            self.hard.append(literals)

    def _at_most_one(self, literals: Sequence[int]) -> None:
        if len(literals) <= 6:
            self.hard.extend([-a, -b] for a, b in combinations(literals, 2))
        else:
            self._count(CardEnc.atmost(list(literals), 1, self.variables, encoding=EncType.seqcounter))

    def _count(self, encoded: CardEnc) -> None:
        self.hard.extend(encoded.clauses)
        self.variables = max(self.variables, encoded.nv)

    def _any(self, literals: Sequence[int]) -> int:
        """A variable that is true exactly when one of the literals is."""
        if len(literals) == 1:
            return literals[0]
        either = self.new()
        self.hard.append([-either, *literals])
        self.hard.extend([-literal, either] for literal in literals)
        return either

    def _here(self, pairs: Iterable[PairId], slot: SlotIndex) -> list[int]:
        return [self.placed[pair, slot] for pair in pairs if (pair, slot) in self.placed]

    def _seat(self, one: ParticipantId) -> None:
        """One meeting at a time, and in as many slots as there are meetings."""
        for slot in self.slots:
            here = self._here(self.meetings_of[one], slot)
            if here:
                self._at_most_one(here)
                self.busy[one, slot] = self._any(here)
        seats = [self.busy[one, slot] for slot in self.slots if (one, slot) in self.busy]
        meetings = len(self.meetings_of[one])
        if meetings == len(seats):
            self.hard.extend([seat] for seat in seats)
        elif meetings > len(seats):
            self._some([])
        elif meetings > 1:
            self._count(CardEnc.equals(seats, meetings, self.variables, encoding=EncType.cardnetwrk))

    def _breaks(self, one: ParticipantId) -> None:
        """A break ends where it sits, did not sit just before, and sat at some time before that."""
        self.holes[one] = []
        held: int | None = None
        before: int | None = None
        for slot in self.slots:
            now = self.busy.get((one, slot))
            if now and held and held != before:
                hole = self.new()
                self.hard.append([-now, -held, hole, *([before] if before else [])])
                self.hard.extend([[-hole, now], [-hole, held], *([[-hole, -before]] if before else [])])
                self.holes[one].append(hole)
            if now:
                held = self._any([held, now]) if held else now
            before = now

    def _tables(self, slot: SlotIndex) -> None:
        tables = self.programme.slot[slot].tables
        here = {pair for pair in self.pairs if (pair, slot) in self.placed}
        groups = [self._any(self._here(group, slot)) for group in self._groups(here)]
        if len(groups) > tables:
            self._count(CardEnc.atmost(groups, tables, self.variables, encoding=EncType.seqcounter))
            seats = [self.busy[one, slot] for one in sorted(self.meetings_of) if (one, slot) in self.busy]
            if len(seats) > 2 * tables:
                self._count(CardEnc.atmost(seats, 2 * tables, self.variables, encoding=EncType.cardnetwrk))

    def _groups(self, pairs: set[PairId]) -> list[list[PairId]]:
        """Meetings by a participant they share: always the participant with the most meetings left."""
        left = set(pairs)
        groups = []
        while left:
            counts: dict[ParticipantId, list[PairId]] = defaultdict(list)
            for pair in sorted(left):
                for one in self.programme.pair[pair].both:
                    counts[one].append(pair)
            busiest = max(sorted(counts), key=lambda one: len(counts[one]))
            groups.append(counts[busiest])
            left.difference_update(counts[busiest])
        return groups

    def _same_table(self, slot: SlotIndex) -> None:
        """Meetings pinned to one table take turns at it."""
        by_table: dict[int, list[PairId]] = defaultdict(list)
        for pin in self.programme.pins:
            if pin.table is not None:
                by_table[pin.table].append(pin.pair)
        for pairs in by_table.values():
            self._at_most_one(self._here(pairs, slot))

    def _precedences(self) -> None:
        for earlier, later in self.programme.rules.precedences:
            self._precede(earlier, later)

    def _precede(self, earlier: PairId, later: PairId) -> None:
        """Forbids the later meeting in a slot before which the earlier one is not over."""
        over: int | None = None
        for slot in self.slots:
            now = self.placed.get((later, slot))
            if now:
                self.hard.append([-now, over] if over else [-now])
            mine = self.placed.get((earlier, slot))
            if mine:
                over = self._any([over, mine]) if over else mine

    def _limits(self) -> None:
        """Breaks of a participant: at most H, and at most d more than those of anyone else."""
        rules = self.programme.rules
        if rules.most_breaks is not None:
            for holes in self.holes.values():
                self._holes_at_most(holes, rules.most_breaks)
        if rules.fairness is not None:
            self._fair(rules.fairness)

    def _holes_at_most(self, holes: list[int], most: int) -> None:
        if len(holes) > most:
            self._count(CardEnc.atmost(holes, most, self.variables, encoding=EncType.seqcounter))

    def _fair(self, difference: int) -> None:
        """Mostly someone cannot have a break, so that `difference` is the most for anyone; else levels are compared."""
        everyone = [one.id for one in self.programme.participants]
        if any(not self.holes.get(one) for one in everyone):
            for holes in self.holes.values():
                self._holes_at_most(holes, difference)
            return
        levels = [self._levels(self.holes[one]) for one in everyone]
        for j in range(max(map(len, levels)) - difference):
            high = self._any([of_one[j + difference] for of_one in levels if j + difference < len(of_one)])
            self.hard.extend([-high, *of_one[j : j + 1]] for of_one in levels)

    def _levels(self, literals: Sequence[int]) -> list[int]:
        """Variables that say whether at least 1, 2, … of the literals are true, in both directions."""
        levels: list[int] = []
        for literal in literals:
            up = [self._both(level, literal) for level in levels]
            levels = [
                self._any([*levels[j : j + 1], *([up[j - 1]] if j else [literal])])
                for j in range(len(levels) + 1)
            ]
        return levels

    def _both(self, one: int, other: int) -> int:
        return -self._any([-one, -other])
