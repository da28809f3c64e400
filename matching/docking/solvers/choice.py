"""The choice of the pairs that meet: the highest value under the rules, with a bound.

Without slots it is a flow with a few more bounds, and whole numbers come almost by themselves; such a choice can be timed whenever
everybody is there all day (König: as many slots suffice as the busiest has meetings). Where it cannot, pairs and slots are
decided in one programme.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from ortools.linear_solver.python import model_builder
from ortools.sat.python import cp_model

from matching.docking.programme import PairId, ParticipantId, Programme, SlotIndex, Slots
from matching.docking.schedule import ComposedStage, ComposeEffort, ComposeWatch
from matching.docking.solvers.integer import PairModel, SlotModel, Solving

MOST_PLACED = 20_000
"""Pairs times slots up to which the linear bound looks at slots."""

_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class ChosenPairs:
    """The pairs that meet, None where none were found; `slots` where they were decided with them.

    `worth` is the value less the cost of the breaks that the numbers force; `bound` an upper bound of the value of any choice;
    `refuted`: it is proven that no choice keeps the rules.
    """

    pairs: frozenset[PairId] | None
    bound: int
    stage: ComposedStage
    slots: Slots | None = None
    worth: int = 0
    refuted: bool = False


def chosen(programme: Programme, effort: ComposeEffort, watch: ComposeWatch, hint: Slots) -> ChosenPairs:
    """The pairs of highest value, by their numbers alone."""
    return _best(PairModel(programme), ("pairs", effort.value_work), effort, watch, hint)


def chosen_with_slots(
    programme: Programme, effort: ComposeEffort, watch: ComposeWatch, hint: Slots
) -> ChosenPairs:
    """The pairs of highest value that can be timed, with slots, whatever their breaks within the rules."""
    return _best(SlotModel(programme), ("places", effort.value_work), effort, watch, hint)


def _best(
    model: PairModel, stage: tuple[str, float], effort: ComposeEffort, watch: ComposeWatch, hint: Slots
) -> ChosenPairs:
    begun, (name, work) = time.perf_counter(), stage
    model.hint(hint)
    model.model.maximize(model.worth)
    solving = Solving(effort.seed, work, watch, name)
    status = solving.solve(model.model)
    found = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    limit = sum(abs(pair.value) for pair in model.programme.open_pairs)
    if not found:
        done = ComposedStage(name, "CP-SAT", time.perf_counter() - begun)
        return ChosenPairs(None, limit, done, refuted=status == cp_model.INFEASIBLE)
    pairs = frozenset(pair for pair, meets in model.meets.items() if solving.solver.boolean_value(meets))
    value = sum(model.programme.pair[pair].value for pair in pairs)
    bound = min(limit, int(solving.solver.best_objective_bound + _ROUNDING) + model.spared)
    done = ComposedStage(name, "CP-SAT", time.perf_counter() - begun, value, bound)
    slots = model.slots(solving.solver) if isinstance(model, SlotModel) else None
    return ChosenPairs(pairs, bound, done, slots, round(solving.solver.objective_value))


def linear_bound(programme: Programme) -> ComposedStage:
    """The bound of the linear programme: pairs and slots in fractions, slots left out where there are too many.

    By GLOP: the HiGHS of ortools prints to the standard output.
    """
    begun = time.perf_counter()
    model = model_builder.Model()  # type: ignore[no-untyped-call]
    meets = {pair.id: model.new_num_var(0.0, 1.0, "") for pair in programme.open_pairs}
    placed = sum(map(len, programme.possible.values()))
    _linear_numbers(programme, model, meets)
    if placed <= MOST_PLACED:
        _linear_slots(programme, model, meets)
    model.maximize(
        model_builder.LinearExpr.weighted_sum(
            list(meets.values()), [programme.pair[pair].value for pair in meets]
        )
    )
    solver = model_builder.Solver("glop")
    status = solver.solve(model)
    optimal = status == model_builder.SolveStatus.OPTIMAL
    bound = int(solver.objective_value + _ROUNDING) if optimal else None
    return ComposedStage("linear", "GLOP", time.perf_counter() - begun, bound=bound)


def _linear_numbers(
    programme: Programme, model: model_builder.Model, meets: Mapping[PairId, model_builder.Variable]
) -> None:
    rules = programme.rules
    for pair, variable in meets.items():
        if rules.all_held or pair in programme.pin:
            model.add(variable >= 1)
    for one in programme.participants:
        mine = [meets[pair.id] for pair in programme.pairs_of[one.id]]
        least = programme.least(one)
        if mine:
            model.add_linear_constraint(model_builder.LinearExpr.sum(mine), least, max(one.limit, least))
    if meets:
        model.add(model_builder.LinearExpr.sum(list(meets.values())) <= programme.places)
    if programme.holder_most is not None:
        for teams in programme.by_holder.values():
            pairs = sorted({pair.id for team in teams for pair in programme.pairs_of[team]})
            if pairs:
                model.add(
                    model_builder.LinearExpr.sum([meets[pair] for pair in pairs]) <= programme.holder_most
                )


def _linear_slots(
    programme: Programme, model: model_builder.Model, meets: Mapping[PairId, model_builder.Variable]
) -> None:
    placed = {
        (pair, slot): model.new_num_var(0.0, 1.0, "")
        for pair, slots in programme.possible.items()
        for slot in slots
    }
    for pair, slots in programme.possible.items():
        model.add(meets[pair] == model_builder.LinearExpr.sum([placed[pair, slot] for slot in slots]))
    busy: dict[tuple[ParticipantId, SlotIndex], list[model_builder.Variable]] = {}
    for (pair, slot), variable in placed.items():
        for one in programme.pair[pair].both:
            busy.setdefault((one, slot), []).append(variable)
    for variables in busy.values():
        model.add(model_builder.LinearExpr.sum(variables) <= 1)
    for index, known in programme.slot.items():
        here = [variable for (_, at), variable in placed.items() if at == index]
        if here:
            model.add(model_builder.LinearExpr.sum(here) <= known.tables)
