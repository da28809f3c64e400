"""Integer programmes of a programme's rules for CP-SAT: which pairs meet, and where it matters in which slots."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from itertools import groupby, pairwise

from ortools.sat.python import cp_model

from matching.docking.programme import PairId, Participant, ParticipantId, Programme, SlotIndex, Slots
from matching.docking.schedule import ComposeProgress, ComposeWatch

_LOOK_SECONDS = 0.2


class PairModel:
    """`meets[pair]` under the rules that ask who meets, and what availability says of numbers alone."""

    def __init__(self, programme: Programme) -> None:
        self.programme = programme
        self.model = cp_model.CpModel()
        self.meets = {
            pair.id: self.model.new_bool_var(f"x{i}") for i, pair in enumerate(programme.open_pairs)
        }
        self._pairs()
        self._numbers()
        self._holders()
        self._sessions()
        self._forced = [self._forced_breaks(one) for one in programme.participants]

    @property
    def spared(self) -> int:
        """By how much the value may exceed what it is worth: the cost of all breaks that could be forced."""
        return self.programme.rules.break_cost * sum(len(more) for more in self._forced)

    @property
    def worth(self) -> cp_model.LinearExprT:
        """The value less what the breaks cost that numbers alone force."""
        forced = [one for more in self._forced for one in more]
        values = [self.programme.pair[pair].value for pair in self.meets]
        costs = [-self.programme.rules.break_cost] * len(forced)
        return cp_model.LinearExpr.weighted_sum([*self.meets.values(), *forced], [*values, *costs])

    def hint(self, slots: Slots) -> None:
        """Gives the solver starting values: the pairs of a schedule, and their slots where the model has any."""
        for pair, meets in self.meets.items():
            self.model.add_hint(meets, pair in slots)

    def _pairs(self) -> None:
        for pair, meets in self.meets.items():
            if not self.programme.possible[pair]:
                self.model.add(meets == 0)
            if self.programme.rules.all_held or pair in self.programme.pin:
                self.model.add(meets == 1)
        for pin in self.programme.pins:
            if pin.pair in self.programme.barred:
                self.model.add_bool_or([])

    def _numbers(self) -> None:
        programme, rules = self.programme, self.programme.rules
        for one in programme.participants:
            meets = [self.meets[pair.id] for pair in programme.pairs_of[one.id]]
            self.model.add_linear_constraint(total(meets), programme.least(one), max(one.limit, 0))
        tables = sum(slot.tables for slot in programme.slots)
        most = tables if rules.most_meetings is None else min(tables, rules.most_meetings)
        self.model.add(total(self.meets.values()) <= most)

    def _forced_breaks(self, one: Participant) -> list[cp_model.IntVar]:
        """The least number of breaks that someone has: one for each further run of free slots that its meetings need."""
        runs = sorted(self._runs(one), reverse=True)
        if not self.programme.rules.break_cost or len(runs) < 2:
            return []
        more = [self.model.new_bool_var("") for _ in runs[1:]]
        meets = total(self.meets[pair.id] for pair in self.programme.pairs_of[one.id])
        self.model.add(meets <= runs[0] + cp_model.LinearExpr.weighted_sum(more, runs[1:]))
        return more

    def _runs(self, one: Participant) -> list[int]:
        """The lengths of the runs of slots in which someone is free."""
        free = [slot in one.free for slot in self.programme.slot]
        return [len(list(run)) for is_free, run in groupby(free) if is_free]

    def _holders(self) -> None:
        programme = self.programme
        if programme.holder_most is not None:
            for teams in programme.by_holder.values():
                pairs = {pair.id for team in teams for pair in programme.pairs_of[team]}
                self.model.add(total(self.meets[pair] for pair in sorted(pairs)) <= programme.holder_most)

    def _sessions(self) -> None:
        """Pairs that can meet in one session only must fit into it, at its tables and for each participant."""
        programme = self.programme
        within: dict[str, set[PairId]] = defaultdict(set)
        for pair, possible in programme.possible.items():
            sessions = {programme.slot[slot].session for slot in possible}
            if len(sessions) == 1:
                within[sessions.pop()].add(pair)
        for session, pairs in within.items():
            slots = {slot.index for slot in programme.slots if slot.session == session}
            self.model.add(total(self.meets[pair] for pair in sorted(pairs)) <= self._tables(slots))
            for one in programme.participants:
                mine = [self.meets[pair.id] for pair in programme.pairs_of[one.id] if pair.id in pairs]
                if len(mine) > len(one.free & slots):
                    self.model.add(total(mine) <= len(one.free & slots))

    def _tables(self, slots: Collection[SlotIndex]) -> int:
        return sum(self.programme.slot[slot].tables for slot in slots)


class SlotModel(PairModel):
    """Also `placed[pair, slot]`, under the rules that ask when; breaks where the rules limit them."""

    def __init__(self, programme: Programme) -> None:
        super().__init__(programme)
        self.placed = {
            (pair, slot): self.model.new_bool_var(f"z{i}_{slot}")
            for i, (pair, slots) in enumerate(programme.possible.items())
            for slot in slots
        }
        self.busy = {one.id: self._busy(one.id) for one in programme.participants}
        for pair, slots in programme.possible.items():
            self.model.add(total(self.placed[pair, slot] for slot in slots) == self.meets[pair])
        for slot in programme.slots:
            self._at_tables(slot.index, slot.tables)
        self._precedences()
        if programme.rules.most_breaks is not None or programme.rules.fairness is not None:
            self._breaks()

    def _busy(self, one: ParticipantId) -> list[cp_model.IntVar]:
        """Whether it sits in each slot; one meeting at a time."""
        busy = []
        for slot in self.programme.slot:
            now = self.model.new_bool_var("")
            pairs = [pair.id for pair in self.programme.pairs_of[one] if (pair.id, slot) in self.placed]
            self.model.add_exactly_one([*(self.placed[pair, slot] for pair in pairs), now.negated()])
            busy.append(now)
        return busy

    def _at_tables(self, slot: SlotIndex, tables: int) -> None:
        here = [variable for (_, at), variable in self.placed.items() if at == slot]
        self.model.add(total(here) <= tables)
        by_table: dict[int, list[cp_model.IntVar]] = defaultdict(list)
        for pin in self.programme.pins:
            if pin.table is not None and (pin.pair, slot) in self.placed:
                by_table[pin.table].append(self.placed[pin.pair, slot])
        for same in by_table.values():
            self.model.add_at_most_one(same)

    def _precedences(self) -> None:
        """The later one only after the earlier one, where both meet."""
        order = list(self.programme.slot)
        for earlier, later in self.programme.rules.precedences:
            if earlier not in self.meets or later not in self.meets:
                continue
            for slot in self.programme.possible[later]:
                over = [
                    self.placed[earlier, at]
                    for at in self.programme.possible[earlier]
                    if order.index(at) < order.index(slot)
                ]
                self.model.add_bool_or(
                    [self.placed[later, slot].negated(), self.meets[earlier].negated(), *over]
                )

    def _breaks(self) -> None:
        rules = self.programme.rules
        breaks = [self._breaks_of(busy) for busy in self.busy.values()]
        for count in breaks:
            if rules.most_breaks is not None:
                self.model.add(count <= rules.most_breaks)
        if rules.fairness is not None:
            fewest = self.model.new_int_var(0, len(self.programme.slots), "fewest")
            for count in breaks:
                self.model.add(fewest <= count)
                self.model.add(count <= fewest + rules.fairness)

    def _breaks_of(self, busy: list[cp_model.IntVar]) -> cp_model.LinearExprT:
        """A break ends where it sits, did not sit just before, and sat at some time before that."""
        holes = []
        held = busy[0]
        for before, now in pairwise(busy[1:]):
            earlier, held = held, self.model.new_bool_var("")
            self.model.add_max_equality(held, [earlier, before])
            hole = self.model.new_bool_var("")
            self.model.add_bool_or([now.negated(), before, held.negated(), hole])
            self.model.add_implication(hole, now)
            self.model.add_implication(hole, before.negated())
            self.model.add_implication(hole, held)
            holes.append(hole)
        return total(holes)

    def slots(self, solver: cp_model.CpSolver) -> dict[PairId, SlotIndex]:
        """The slots of the meetings in a solution."""
        return {
            pair: slot for (pair, slot), variable in self.placed.items() if solver.boolean_value(variable)
        }

    def hint(self, slots: Slots) -> None:
        """The pairs and the slots of a schedule."""
        super().hint(slots)
        for (pair, slot), variable in self.placed.items():
            self.model.add_hint(variable, slots.get(pair) == slot)


def total(terms: Iterable[cp_model.LinearExprT]) -> cp_model.LinearExprT:
    """The sum of terms."""
    return cp_model.LinearExpr.sum(list(terms))


@dataclass(slots=True)
class Solving:
    """One call of CP-SAT: a seed, a deterministic limit, one worker, so that equal calls give equal answers."""

    seed: int
    work: float
    watch: ComposeWatch
    stage: str
    solver: cp_model.CpSolver = field(default_factory=cp_model.CpSolver)

    def solve(self, model: cp_model.CpModel) -> cp_model.CpSolverStatus:
        """Solve in a thread of its own, while this one reports and looks whether to stop."""
        self.solver.parameters.random_seed = self.seed
        self.solver.parameters.num_workers = 1
        self.solver.parameters.max_deterministic_time = self.work
        seen = _Seen()
        status: list[cp_model.CpSolverStatus] = []
        thread = threading.Thread(target=lambda: status.append(self.solver.solve(model, seen)))
        thread.start()
        while thread.is_alive():
            thread.join(_LOOK_SECONDS)
            if seen.news:
                self.watch.progress(ComposeProgress(self.stage, *seen.news))
            if self.watch.cancelled():
                self.solver.stop_search()
        return status[0]


class _Seen(cp_model.CpSolverSolutionCallback):
    """The value and the bound of the last solution."""

    def __init__(self) -> None:
        super().__init__()
        self.news: tuple[int, int] | None = None

    def on_solution_callback(self) -> None:
        """Note them; the thread that composes reports them."""
        self.news = round(self.objective_value), int(self.best_objective_bound + 1e-6)
