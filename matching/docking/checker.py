"""The check of a schedule against every rule, independent of how it was composed; value and breaks are counted anew."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from matching.docking.programme import PairId, ParticipantId, Programme, SlotIndex
from matching.docking.schedule import Schedule


class BrokenRule(StrEnum):
    """The rules of a schedule, as violations name them."""

    KNOWN = "known"
    ONCE = "once"
    BARRED = "barred"
    SLOT = "slot"
    AVAILABLE = "available"
    DOUBLE = "double"
    TABLES = "tables"
    TABLE_TAKEN = "table_taken"
    LEAST = "least"
    MOST = "most"
    HOLDER = "holder"
    MUST_HAVE = "must_have"
    TOTAL = "total"
    PINNED = "pinned"
    ALL_HELD = "all_held"
    BREAKS = "breaks"
    FAIRNESS = "fairness"
    PRECEDENCE = "precedence"


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that a schedule breaks: the participants, pairs or holders it is about, the slot, and a sentence for users."""

    rule: BrokenRule
    ids: tuple[str, ...]
    sentence: str
    slot: SlotIndex | None = None


def value_of(programme: Programme, schedule: Schedule) -> int:
    """The value of all meetings, in thousandths."""
    return sum(programme.pair[one.pair].value for one in schedule.meetings if one.pair in programme.pair)


def breaks_by_participant(programme: Programme, schedule: Schedule) -> dict[ParticipantId, int]:
    """For each participant how many groups of idle slots lie between its first and its last meeting."""
    order = {slot: position for position, slot in enumerate(programme.slot)}
    busy: dict[ParticipantId, set[int]] = {one.id: set() for one in programme.participants}
    for meeting in schedule.meetings:
        pair = programme.pair.get(meeting.pair)
        if pair and meeting.slot in order:
            for one in pair.both:
                busy[one].add(order[meeting.slot])
    return {one: _breaks(slots) for one, slots in busy.items()}


def _breaks(slots: set[int]) -> int:
    in_order = sorted(slots)
    return sum(later - earlier > 1 for earlier, later in pairwise(in_order))


def breaks_of(programme: Programme, schedule: Schedule) -> int:
    """The breaks of all participants together."""
    return sum(breaks_by_participant(programme, schedule).values())


def check(programme: Programme, schedule: Schedule) -> list[Violation]:
    """All violations, in the order of the rules; none for a schedule that may be published."""
    unknown = [one.pair for one in schedule.meetings if one.pair not in programme.pair]
    if unknown:
        return [
            Violation(BrokenRule.KNOWN, (pair,), f"洽谈{pair}不在候选名单中，请移出。") for pair in unknown
        ]
    return [violation for rule in _RULES for violation in rule(programme, schedule)]


def _once(programme: Programme, schedule: Schedule) -> Iterator[Violation]:
    for pair, count in Counter(one.pair for one in schedule.meetings).items():
        if count > 1:
            sentence = f"{programme.pair_called(pair)}安排了{count}次洽谈，只应安排一次。"
            yield Violation(BrokenRule.ONCE, (pair,), sentence)


def _barred(programme: Programme, schedule: Schedule) -> Iterator[Violation]:
    for one in schedule.meetings:
        if one.pair in programme.barred:
            sentence = f"{programme.pair_called(one.pair)}已列为不安排，请移出日程。"
            yield Violation(BrokenRule.BARRED, (one.pair,), sentence, one.slot)


def _in_slots(programme: Programme, schedule: Schedule) -> Iterator[Violation]:
    for one in schedule.meetings:
        pair, called = programme.pair[one.pair], programme.pair_called(one.pair)
        if one.slot not in programme.slot:
            sentence = f"{called}所在的{programme.slot_called(one.slot)}不在活动时段内。"
            yield Violation(BrokenRule.SLOT, (one.pair,), sentence, one.slot)
        elif pair.slots is not None and one.slot not in pair.slots:
            sentence = f"{called}限定了时段，不能安排在{programme.slot_called(one.slot)}。"
            yield Violation(BrokenRule.SLOT, (one.pair,), sentence, one.slot)


def _available(programme: Programme, schedule: Schedule) -> Iterator[Violation]:
    for one in schedule.meetings:
        for who in programme.pair[one.pair].both:
            if one.slot in programme.slot and one.slot not in programme.participant[who].free:
                sentence = f"{programme.called(who)}在{programme.slot_called(one.slot)}不能到场。"
                yield Violation(BrokenRule.AVAILABLE, (who, one.pair), sentence, one.slot)


def _double(programme: Programme, schedule: Schedule) -> Iterator[Violation]:
    found: dict[tuple[SlotIndex, ParticipantId], list[PairId]] = defaultdict(list)
    for one in schedule.meetings:
        for who in programme.pair[one.pair].both:
            found[one.slot, who].append(one.pair)
    for (slot, who), pairs in sorted(found.items()):
        if len(set(pairs)) > 1:
            sentence = (
                f"{programme.called(who)}在{programme.slot_called(slot)}有{len(pairs)}场洽谈，只能参加一场。"
            )
            yield Violation(BrokenRule.DOUBLE, (who, *sorted(pairs)), sentence, slot)


def _tables(programme: Programme, schedule: Schedule) -> Iterator[Violation]:
    for slot, count in Counter(one.slot for one in schedule.meetings).items():
        known = programme.slot.get(slot)
        if known and count > known.tables:
            sentence = f"{programme.slot_called(slot)}安排了{count}场洽谈，只有{known.tables}张洽谈桌。"
            yield Violation(BrokenRule.TABLES, (), sentence, slot)


def table_violations(programme: Programme, schedule: Schedule) -> Iterator[Violation]:
    """Tables that are taken twice in a slot, or that the slot does not have."""
    at: dict[tuple[SlotIndex, int], list[PairId]] = defaultdict(list)
    for one in schedule.meetings:
        at[one.slot, one.table].append(one.pair)
    for (slot, table), pairs in sorted(at.items()):
        known = programme.slot.get(slot)
        place = f"{programme.slot_called(slot)}的{table}号桌"
        if known and not 1 <= table <= known.tables:
            sentence = f"没有{place}，桌号应为1至{known.tables}。"
            yield Violation(BrokenRule.TABLE_TAKEN, tuple(sorted(pairs)), sentence, slot)
        if len(set(pairs)) > 1:
            sentence = f"{place}安排了{len(pairs)}场洽谈，只能安排一场。"
            yield Violation(BrokenRule.TABLE_TAKEN, tuple(sorted(pairs)), sentence, slot)


def _counts(programme: Programme, schedule: Schedule) -> Counter[ParticipantId]:
    return Counter(who for one in schedule.meetings for who in programme.pair[one.pair].both)


def _least_and_most(programme: Programme, schedule: Schedule) -> Iterator[Violation]:
    counts = _counts(programme, schedule)
    for one in programme.participants:
        called, count = programme.called(one.id), counts[one.id]
        if count < one.least:
            sentence = f"{called}至少应有{one.least}场洽谈，现有{count}场。"
            yield Violation(BrokenRule.LEAST, (one.id,), sentence)
        if one.most is not None and count > one.most:
            sentence = f"{called}至多安排{one.most}场洽谈，现有{count}场。"
            yield Violation(BrokenRule.MOST, (one.id,), sentence)
    for who in sorted(programme.rules.must_have):
        if not counts[who]:
            sentence = f"{programme.called(who)}须至少安排一场洽谈，现为零场。"
            yield Violation(BrokenRule.MUST_HAVE, (who,), sentence)


def _total(programme: Programme, schedule: Schedule) -> Iterator[Violation]:
    most, count = programme.rules.most_meetings, len(schedule.meetings)
    if most is not None and count > most:
        yield Violation(BrokenRule.TOTAL, (), f"共安排{count}场洽谈，超过总场次上限{most}场。")


def _holders(programme: Programme, schedule: Schedule) -> Iterator[Violation]:
    most = programme.holder_most
    if most is None:
        return
    held = Counter(
        holder
        for one in schedule.meetings
        for holder in {programme.participant[who].holder for who in programme.pair[one.pair].both}
        if holder
    )
    for holder, count in held.items():
        if count > most:
            sentence = f"{holder}的团队共有{count}场洽谈，超过单一权利人的上限{most}场。"
            yield Violation(BrokenRule.HOLDER, (holder,), sentence)


def _pinned(programme: Programme, schedule: Schedule) -> Iterator[Violation]:
    for pin in programme.pins:
        held, called = schedule.by_pair.get(pin.pair), programme.pair_called(pin.pair)
        if held is None:
            yield Violation(BrokenRule.PINNED, (pin.pair,), f"{called}已锁定，但未列入日程。")
        elif pin.slot is not None and held.slot != pin.slot:
            sentence = f"{called}已锁定在{programme.slot_called(pin.slot)}，不能改期。"
            yield Violation(BrokenRule.PINNED, (pin.pair,), sentence, held.slot)
        elif pin.table is not None and held.table != pin.table:
            sentence = f"{called}已锁定在{pin.table}号桌，不能换桌。"
            yield Violation(BrokenRule.PINNED, (pin.pair,), sentence, held.slot)


def _all_held(programme: Programme, schedule: Schedule) -> Iterator[Violation]:
    if programme.rules.all_held:
        for pair in programme.open_pairs:
            if pair.id not in schedule.by_pair:
                sentence = f"{programme.pair_called(pair.id)}应当安排，但未列入日程。"
                yield Violation(BrokenRule.ALL_HELD, (pair.id,), sentence)


def _breaks_kept(programme: Programme, schedule: Schedule) -> Iterator[Violation]:
    breaks, rules = breaks_by_participant(programme, schedule), programme.rules
    if rules.most_breaks is not None:
        for who, count in breaks.items():
            if count > rules.most_breaks:
                sentence = f"{programme.called(who)}有{count}次空档，至多允许{rules.most_breaks}次。"
                yield Violation(BrokenRule.BREAKS, (who,), sentence)
    if rules.fairness is not None and breaks:
        fewest = min(breaks, key=lambda who: breaks[who])
        for who, count in breaks.items():
            if count - breaks[fewest] > rules.fairness:
                sentence = (
                    f"{programme.called(who)}有{count}次空档，{programme.called(fewest)}有{breaks[fewest]}次，"
                    f"相差不得超过{rules.fairness}次。"
                )
                yield Violation(BrokenRule.FAIRNESS, (who, fewest), sentence)


def _precedences(programme: Programme, schedule: Schedule) -> Iterator[Violation]:
    for earlier, later in programme.rules.precedences:
        first, second = schedule.by_pair.get(earlier), schedule.by_pair.get(later)
        if first and second and first.slot >= second.slot:
            sentence = f"{programme.pair_called(earlier)}应早于{programme.pair_called(later)}，现顺序不符。"
            yield Violation(BrokenRule.PRECEDENCE, (earlier, later), sentence, second.slot)


_RULES: tuple[Callable[[Programme, Schedule], Iterator[Violation]], ...] = (
    _once,
    _barred,
    _in_slots,
    _available,
    _double,
    _tables,
    table_violations,
    _least_and_most,
    _total,
    _holders,
    _pinned,
    _all_held,
    _breaks_kept,
    _precedences,
)
