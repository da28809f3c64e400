"""The eligibility gate (开放许可资格): whether a patent may be openly licensed on a day, on what grounds, and what is to be done.

The rules are data (`assessment.eligibility.table`), their conditions named functions (`assessment.eligibility.conditions`); the
verdict is `blocked` when any ground blocks, else `unknown` when any ground is unknown, else `eligible`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from pydantic import BaseModel, Field

from assessment.eligibility import table as eligibility_table
from assessment.eligibility.conditions import CONDITIONS, Data, KnownFacts
from assessment.eligibility.table import Effect, Rule, RuleTable
from catalog.db import Session
from catalog.kit.errors import NotFound
from catalog.kit.terms import Term
from catalog.licences import eligibility_records
from catalog.supply.patents import Patent


class Eligibility(Term):
    """The verdict (判定)."""

    ELIGIBLE = "eligible", "可以开放许可"
    BLOCKED = "blocked", "不得开放许可"
    UNKNOWN = "unknown", "资料不足，待核实"


class Ground(BaseModel):
    """A ground of a verdict: the rule, its article and the data it rests on."""

    code: str = Field(description="规则编号")
    article: str = Field(description="法律依据")
    text: str = Field(description="理由")
    effect: Effect = Field(description="blocks 阻却、unknown 待核实、supports 具备、note 提示")
    effect_name: str = Field(description="作用的中文名称")
    data: list[str] = Field(description="所依据的数据")
    source: str = Field(description="规则的出处")
    checked: bool = Field(description="规则是否已对照出处核对；否则为一般知识，可由运维人员修改")


class JudgedEligibility(BaseModel):
    """Whether a patent may be openly licensed on a day."""

    verdict: Eligibility = Field(description="结论")
    verdict_name: str = Field(description="结论的中文名称")
    as_of: date = Field(description="判定所按的日期")
    grounds: list[Ground] = Field(description="依据，决定结论的在前")
    todo: list[str] = Field(description="专利权人待办事项")
    table_version: str = Field(description="规则版本")


class CheckedPatent(BaseModel):
    """A patent with its verdict."""

    patent_id: int
    application_number: str | None
    title: str
    verdict: JudgedEligibility


_WEIGHT = {Effect.BLOCKS: 0, Effect.UNKNOWN: 1, Effect.SUPPORTS: 2, Effect.NOTE: 3}
_NAMES = {effect: effect.label for effect in Effect}


def load_table(data_dir: Path | None = None) -> RuleTable:
    """The decision table of the data directory or, without one, the shipped one. Raises InvalidInput."""
    return eligibility_table.load(CONDITIONS, data_dir)


def check_table(text: str) -> RuleTable:
    """The decision table that a file of this content would be. Raises InvalidInput."""
    return eligibility_table.check(text, CONDITIONS)


def decide(known: KnownFacts, table: RuleTable) -> JudgedEligibility:
    """The verdict on the recorded facts of a patent on a day."""
    found: list[tuple[Rule, Data]] = []
    for rule in table.rule:
        if rule.effect is Effect.OFF:
            continue
        data = CONDITIONS[rule.condition](known)
        if data is not None:
            found.append((rule, data))
            if rule.final:
                break
    found.sort(key=lambda pair: _WEIGHT[pair[0].effect])
    verdict = _verdict({rule.effect for rule, _ in found})
    return JudgedEligibility(
        verdict=verdict,
        verdict_name=verdict.label,
        as_of=known.as_of,
        grounds=[_ground(rule, data or []) for rule, data in found],
        todo=list(dict.fromkeys(rule.todo for rule, _ in found if rule.todo)),
        table_version=table.version,
    )


def _verdict(effects: set[Effect]) -> Eligibility:
    if Effect.BLOCKS in effects:
        return Eligibility.BLOCKED
    return Eligibility.UNKNOWN if Effect.UNKNOWN in effects else Eligibility.ELIGIBLE


def _ground(rule: Rule, data: list[str]) -> Ground:
    return Ground(
        code=rule.id,
        article=rule.article,
        text=rule.text,
        effect=rule.effect,
        effect_name=_NAMES[rule.effect],
        data=data,
        source=rule.source,
        checked=rule.checked,
    )


def of_patents(
    session: Session, ids: Sequence[int], as_of: date, table: RuleTable | None = None
) -> dict[int, JudgedEligibility]:
    """The verdicts on these patents on that day by patent id, by default by the shipped table."""
    return {found.patent_id: found.verdict for found in checked(session, ids, as_of, table)}


def checked(
    session: Session, ids: Sequence[int], as_of: date, table: RuleTable | None = None
) -> list[CheckedPatent]:
    """These patents with their verdicts, in the order given; ids that are no patents are left out."""
    table = table or load_table()
    records = eligibility_records.load(session, ids)
    known = KnownFacts.of([records[id_] for id_ in ids if id_ in records], as_of)
    return [
        CheckedPatent(
            patent_id=one.record.patent_id,
            application_number=one.record.application_number,
            title=one.record.title,
            verdict=decide(one, table),
        )
        for one in known
    ]


def check(session: Session, patent_id: int, as_of: date, table: RuleTable | None = None) -> JudgedEligibility:
    """The verdict on one patent on that day. Raises NotFound."""
    found = of_patents(session, [patent_id], as_of, table)
    if patent_id not in found:
        raise NotFound(f"没有编号为 {patent_id} 的专利", record=(Patent.__noted_as__, patent_id))
    return found[patent_id]
