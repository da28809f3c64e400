"""Rules that cannot hold together, as a minimal set and in words: each rule is left out in turn and stays out where the rest
still contradicts itself (J. Chinneck, Feasibility and Infeasibility in Optimization, 2008, deletion filter)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from ortools.sat.python import cp_model

from matching.docking.checker import BrokenRule
from matching.docking.programme import Participant, Pin, Programme
from matching.docking.schedule import UNWATCHED, DockingConflict
from matching.docking.solvers.integer import PairModel, SlotModel, Solving

_WORK, _WORK_IN_ALL = 10.0, 100.0
"""Deterministic units of work for one question whether rules can hold, and for all of them; a unit is about a second."""


@dataclass(frozen=True, slots=True)
class RuleInForce:
    """A rule of a programme that could be given up, and whom or what it is about."""

    rule: BrokenRule
    ids: tuple[str, ...] = ()


def rules_in_force(programme: Programme) -> list[RuleInForce]:
    """All rules that could be given up; those first that are least worth naming in a conflict."""
    rules, day = programme.rules, set(programme.slot)
    people, pins = programme.participants, programme.pins
    found = [RuleInForce(BrokenRule.MOST, (one.id,)) for one in people if one.most is not None]
    found.append(RuleInForce(BrokenRule.TABLES))
    found += [RuleInForce(BrokenRule.TOTAL)] * (rules.most_meetings is not None)
    found += [
        RuleInForce(BrokenRule.HOLDER, (one,))
        for one in programme.by_holder
        if rules.holder_share is not None
    ]
    found += [RuleInForce(BrokenRule.BREAKS)] * (rules.most_breaks is not None)
    found += [RuleInForce(BrokenRule.FAIRNESS)] * (rules.fairness is not None)
    found += [RuleInForce(BrokenRule.SLOT, (pair.id,)) for pair in programme.pairs if pair.slots is not None]
    found += [RuleInForce(BrokenRule.BARRED, (pair,)) for pair in sorted(programme.barred)]
    found += [RuleInForce(BrokenRule.AVAILABLE, (one.id,)) for one in people if not day <= one.free]
    found += [RuleInForce(BrokenRule.PRECEDENCE, two) for two in rules.precedences]
    found += [RuleInForce(BrokenRule.ALL_HELD, (pair.id,)) for pair in programme.open_pairs if rules.all_held]
    found += [RuleInForce(BrokenRule.LEAST, (one.id,)) for one in people if one.least]
    found += [RuleInForce(BrokenRule.MUST_HAVE, (one,)) for one in sorted(rules.must_have)]
    return found + [RuleInForce(BrokenRule.PINNED, (pin.pair,)) for pin in pins]


def without(programme: Programme, given_up: Iterable[RuleInForce]) -> Programme:
    """The programme with these rules given up."""
    gone = set(given_up)

    def kept(rule: BrokenRule, *ids: str) -> bool:
        return RuleInForce(rule, ids) not in gone

    rules = programme.rules
    pins = [pin for pin in programme.pins if kept(BrokenRule.PINNED, pin.pair)]
    if rules.all_held:
        pinned = {pin.pair for pin in pins}
        held = (pair.id for pair in programme.open_pairs if kept(BrokenRule.ALL_HELD, pair.id))
        pins += [Pin(pair) for pair in held if pair not in pinned]
    many = len(programme.pairs)
    return Programme(
        tuple(_eased(one, programme, kept) for one in programme.participants),
        tuple(
            pair if kept(BrokenRule.SLOT, pair.id) else replace(pair, slots=None) for pair in programme.pairs
        ),
        tuple(slot if kept(BrokenRule.TABLES) else replace(slot, tables=many) for slot in programme.slots),
        replace(
            rules,
            all_held=False,
            must_have=frozenset(one for one in rules.must_have if kept(BrokenRule.MUST_HAVE, one)),
            most_meetings=rules.most_meetings if kept(BrokenRule.TOTAL) else None,
            most_breaks=rules.most_breaks if kept(BrokenRule.BREAKS) else None,
            fairness=rules.fairness if kept(BrokenRule.FAIRNESS) else None,
            precedences=tuple(two for two in rules.precedences if kept(BrokenRule.PRECEDENCE, *two)),
        ),
        tuple(pins),
        frozenset(pair for pair in programme.barred if kept(BrokenRule.BARRED, pair)),
    )


def _eased(one: Participant, programme: Programme, kept: Callable[..., bool]) -> Participant:
    return replace(
        one,
        free=one.free if kept(BrokenRule.AVAILABLE, one.id) else frozenset(programme.slot),
        least=one.least if kept(BrokenRule.LEAST, one.id) else 0,
        most=one.most if kept(BrokenRule.MOST, one.id) else None,
        holder=one.holder if kept(BrokenRule.HOLDER, one.holder) else "",
    )


def conflicting(programme: Programme) -> tuple[list[RuleInForce], bool] | None:
    """A set of rules that cannot hold together, and whether it is proven minimal; None where all can hold, or nothing is proven."""
    rules, known = rules_in_force(programme), False
    questions = _Questions(programme, rules)
    if questions.clash(PairModel, rules):
        rules, _ = _shrunk(rules, lambda some: questions.clash(PairModel, some))
        known = True
    if known or questions.clash(SlotModel, rules):
        return _shrunk(rules, lambda some: questions.clash(SlotModel, some))
    return None


@dataclass(slots=True)
class _Questions:
    """Questions whether some of the rules can hold together, and the work that is left for them."""

    programme: Programme
    everything: Sequence[RuleInForce]
    work: float = _WORK_IN_ALL

    def clash(self, model: type[PairModel], rules: Sequence[RuleInForce]) -> bool | None:
        """Whether these rules clash; None where the work did not suffice."""
        if self.work <= 0:
            return None
        kept = set(rules)
        eased = model(without(self.programme, [one for one in self.everything if one not in kept]))
        solving = Solving(1, min(_WORK, self.work), UNWATCHED, "conflict")
        status = solving.solve(eased.model)
        self.work -= solving.solver.response_proto.deterministic_time
        known = (cp_model.INFEASIBLE, cp_model.OPTIMAL, cp_model.FEASIBLE)
        return status == cp_model.INFEASIBLE if status in known else None


def _shrunk(
    rules: Sequence[RuleInForce], clash: Callable[[Sequence[RuleInForce]], bool | None]
) -> tuple[list[RuleInForce], bool]:
    """Leave out halves, then quarters, down to single rules, while the rest clashes; and whether every answer was certain."""
    left, size, certain = list(rules), max(len(rules) // 2, 1), True
    while True:
        first = 0
        while first < len(left):
            rest = left[:first] + left[first + size :]
            answer = clash(rest)
            certain = certain and (answer is not None or size > 1)
            if answer:
                left = rest
            else:
                first += size
        if size == 1:
            return left, certain
        size = max(size // 2, 1)


_NOT_MINIMAL = "以下规则不能同时满足，其中有的与冲突无关；在限定的计算量内未能进一步缩小范围。"
_UNPROVEN = DockingConflict(
    ("在限定的计算量内未找到符合全部规则的日程。请增加计算量，或放宽部分规则后重试。",), minimal=False
)


def conflict_of(programme: Programme) -> DockingConflict:
    """The conflict in words; where none is proven, that no schedule was found."""
    found = conflicting(programme)
    if found is None:
        return _UNPROVEN
    rules, minimal = found
    ids = dict.fromkeys(one for rule in rules for one in rule.ids)
    sentences = [] if minimal else [_NOT_MINIMAL]
    return DockingConflict(
        (*sentences, *(rule_in_words(programme, rule) for rule in rules)), tuple(ids), minimal
    )


def rule_in_words(programme: Programme, rule: RuleInForce) -> str:
    """A rule in words."""
    return _WORDS[rule.rule](programme, *rule.ids)


def _available(programme: Programme, one: str) -> str:
    free = [programme.slot_called(slot) for slot in programme.slot if slot in programme.participant[one].free]
    return f"{programme.called(one)}{'只在' + '、'.join(free) + '到场' if free else '各场均不到场'}"


def _pinned(programme: Programme, pair: str) -> str:
    pin = programme.pin[pair]
    place = programme.slot_called(pin.slot) if pin.slot is not None else ""
    return f"{programme.pair_called(pair)}已锁定{place}{f'{pin.table}号桌' if pin.table else ''}"


def _limited(programme: Programme, pair: str) -> str:
    slots = programme.pair[pair].slots or ()
    return f"{programme.pair_called(pair)}限定在{'、'.join(programme.slot_called(slot) for slot in sorted(slots))}"


_WORDS: dict[BrokenRule, Callable[..., str]] = {
    BrokenRule.MOST: lambda p, one: f"{p.called(one)}至多安排{p.participant[one].most}场洽谈",
    BrokenRule.TABLES: lambda p: f"每场洽谈桌不超过{max((slot.tables for slot in p.slots), default=0)}张",
    BrokenRule.TOTAL: lambda p: f"洽谈总场次不超过{p.rules.most_meetings}场",
    BrokenRule.HOLDER: lambda p, holder: f"{holder}的团队合计不超过{p.holder_most}场洽谈",
    BrokenRule.BREAKS: lambda p: f"每个参会方的空档不超过{p.rules.most_breaks}次",
    BrokenRule.FAIRNESS: lambda p: f"参会方之间的空档次数相差不超过{p.rules.fairness}次",
    BrokenRule.SLOT: _limited,
    BrokenRule.BARRED: lambda p, pair: f"{p.pair_called(pair)}不安排洽谈",
    BrokenRule.AVAILABLE: _available,
    BrokenRule.PRECEDENCE: lambda p, early, late: f"{p.pair_called(early)}早于{p.pair_called(late)}",
    BrokenRule.ALL_HELD: lambda p, pair: f"{p.pair_called(pair)}应当安排洽谈",
    BrokenRule.LEAST: lambda p, one: f"{p.called(one)}至少安排{p.participant[one].least}场洽谈",
    BrokenRule.MUST_HAVE: lambda p, one: f"{p.called(one)}须至少安排一场洽谈",
    BrokenRule.PINNED: _pinned,
}
