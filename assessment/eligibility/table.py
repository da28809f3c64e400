"""The decision table of the eligibility gate (开放许可资格判定表): rules as data, checked when they are read.

The shipped table is assessment/eligibility/eligibility.toml; a file of that name in the data directory replaces it. What is law
(`checked = true`) has to stay as it is there; rules from general knowledge may be edited, switched off and added.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from catalog.kit.errors import InvalidInput
from catalog.kit.terms import Term
from catalog.reference import rule_files

FILE_NAME = "eligibility.toml"


class Effect(Term):
    """The effect of a ground on the verdict (效力)."""

    BLOCKS = "blocks", "阻却"
    UNKNOWN = "unknown", "待核实"
    SUPPORTS = "supports", "具备"
    NOTE = "note", "提示"
    OFF = "off", "停用"


class Rule(BaseModel):
    """A row of the table."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(min_length=1, max_length=40)
    condition: str
    effect: Effect
    article: str = Field(min_length=1)
    text: str = Field(min_length=1)
    todo: str
    source: str = Field(min_length=1)
    checked: bool
    final: bool = False


class RuleTable(BaseModel):
    """A checked table; `version` names it in every verdict."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    rule: list[Rule] = Field(min_length=1)
    version: str = ""


def load(conditions: Collection[str], data_dir: Path | None = None) -> RuleTable:
    """The table of the data directory or, without one, the shipped one. Raises InvalidInput.

    `conditions` are the names that rules may use.
    """
    shipped = _shipped()
    file = rule_files.read(__name__, FILE_NAME, data_dir)
    if file.version == shipped.version:
        return shipped
    return _checked(rule_files.parse(file, RuleTable), file.version, conditions)


def check(text: str, conditions: Collection[str]) -> RuleTable:
    """The table that a file of this content would be. Raises InvalidInput."""
    file = rule_files.RuleFile(FILE_NAME, "待启用", text)
    return _checked(rule_files.parse(file, RuleTable), file.version, conditions)


def text(data_dir: Path | None = None) -> str:
    """The table in use as a file to be edited."""
    return rule_files.read(__name__, FILE_NAME, data_dir).text


@cache
def _shipped() -> RuleTable:
    return rule_files.load(__name__, FILE_NAME, RuleTable)


def _checked(table: RuleTable, version: str, conditions: Collection[str]) -> RuleTable:
    ids = [rule.id for rule in table.rule]
    for rule in table.rule:
        if ids.count(rule.id) > 1:
            raise _unusable(f"规则“{rule.id}”写了两次")
        if rule.condition not in conditions:
            raise _unusable(
                f"规则“{rule.id}”的条件“{rule.condition}”不存在", "可用：" + "、".join(conditions)
            )
        if rule.checked and rule.effect == Effect.OFF:
            raise _unusable(f"规则“{rule.id}”是法律规定，不能停用")
    _keep_the_law(table)
    return table.model_copy(update={"version": version})


def _keep_the_law(table: RuleTable) -> None:
    """Reject a table in which a rule of law is missing or altered."""
    own = {rule.id: rule for rule in table.rule}
    for law in _shipped().rule:
        if not law.checked:
            continue
        rule = own.get(law.id)
        if rule is None:
            raise _unusable(f"缺少规则“{law.id}”（{law.article}），法律规定不能删去")
        for name in ("condition", "effect", "article", "final", "checked"):
            if getattr(rule, name) != getattr(law, name):
                raise _unusable(
                    f"规则“{law.id}”的 {name} 应为“{getattr(law, name)}”，现为“{getattr(rule, name)}”",
                    "标 checked = true 的是法律规定，只可改动说明文字",
                )


def _unusable(reason: str, hint: str = "请从系统自带的同名文件复制后修改") -> InvalidInput:
    return InvalidInput(f"规则文件 {FILE_NAME} 无法使用：{reason}", hint=hint)
