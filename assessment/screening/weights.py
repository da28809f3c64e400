"""Weights of the screening (盘点筛选权重): which value of a factor is worth how many points. Data, not code.

The rule file is screening_weights.csv. Columns: factor, when (the least number, or a code), points, text (the reason shown).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from catalog.kit.errors import InvalidInput
from catalog.kit.terms import Disposition, PatentKind, Prospect, Term
from catalog.reference import rule_files
from catalog.reference.rule_files import RuleFile

FILE_NAME = "screening_weights.csv"
COLUMNS = ("factor", "when", "points", "text")
FULL = 100
LABELS = {
    "term": "剩余有效期",
    "kind": "专利类型",
    "claims": "权利要求",
    "citations": "被引证",
    "family": "同族专利",
    "co_patentee": "企业共有人",
    "match": "需求匹配",
    "self_rating": "自评",
}
CODED: dict[str, type[Term]] = {"kind": PatentKind, "self_rating": Prospect}
SETTINGS = ("min_age_years", "recommendation")


@dataclass(frozen=True, slots=True)
class Step:
    """A line of the table: from which number, or for which code, how many points and why."""

    least: Decimal
    code: str
    points: int
    text: str


@dataclass(frozen=True, slots=True)
class ScreeningWeights:
    """A checked table of weights. `steps` holds the steps of each factor, the highest first."""

    version: str
    min_age_years: int
    steps: dict[str, list[Step]]

    def maximum(self, factor: str) -> int:
        """The most points a factor can give."""
        return max(step.points for step in self.steps[factor])

    def step(self, factor: str, value: Decimal | str) -> Step | None:
        """The step that a value reaches; None below the lowest."""
        if isinstance(value, str):
            return next((step for step in self.steps[factor] if step.code == value), None)
        return next((step for step in self.steps[factor] if step.least <= value), None)

    def recommendation(self, potential: int) -> Disposition:
        """The recommendation to the holder at that potential."""
        step = self.step("recommendation", Decimal(potential))
        return Disposition.parse(step.text) if step else Disposition.ABANDON


def load(data_dir: Path | None = None) -> ScreeningWeights:
    """The table in force. Raises InvalidInput naming the line when it cannot be used."""
    return _parse(rule_files.read(__name__, FILE_NAME, data_dir))


def export(data_dir: Path, path: Path) -> ScreeningWeights:
    """Write the table in force to a file that an operator edits; returns it."""
    file = rule_files.read(__name__, FILE_NAME, data_dir)
    rule_files.export_table(file, path)
    return _parse(file)


def adopt(data_dir: Path, path: Path) -> ScreeningWeights:
    """Check an edited file and put it in force. Raises InvalidInput; then the table in force stays."""
    raw = path.read_bytes()
    weights = _parse(rule_files.of_operator(FILE_NAME, raw))
    rule_files.adopt(data_dir, FILE_NAME, raw)
    return weights


def reset(data_dir: Path) -> ScreeningWeights:
    """Put the shipped table in force again."""
    rule_files.reset(data_dir, FILE_NAME)
    return load(data_dir)


def _parse(file: RuleFile) -> ScreeningWeights:
    steps: dict[str, list[Step]] = {}
    for place, row in rule_files.table_rows(file, COLUMNS):
        steps.setdefault(row["factor"], []).append(_step(place, row))
    for rows in steps.values():
        rows.sort(key=lambda step: step.least, reverse=True)
    return ScreeningWeights(file.version, _checked(steps), steps)


def _step(place: str, row: dict[str, str]) -> Step:
    factor, when, points, text = (row[name] for name in COLUMNS)
    if factor not in LABELS and factor not in SETTINGS:
        raise InvalidInput(
            f"{place}：没有名为“{factor}”的因素", hint="可用：" + "、".join([*LABELS, *SETTINGS])
        )
    if not points.isdecimal():
        raise InvalidInput(f"{place}：points 应为不小于 0 的整数，现为“{points}”")
    try:
        if factor in CODED:
            return Step(Decimal(0), CODED[factor].parse(when).value, int(points), text)
        if factor == "recommendation":
            Disposition.parse(text)
    except ValueError as error:
        raise InvalidInput(f"{place}：{error}") from error
    return Step(_number(when, place), "", int(points), text)


def _number(when: str, place: str) -> Decimal:
    try:
        least = Decimal(when)
    except InvalidOperation:
        least = Decimal(-1)
    if not least.is_finite() or least < 0:
        raise InvalidInput(f"{place}：when 应为不小于 0 的数字，现为“{when}”")
    return least


def _checked(steps: dict[str, list[Step]]) -> int:
    """The age of the table that must hold together. Raises InvalidInput."""
    absent = [name for name in (*LABELS, *SETTINGS) if name not in steps]
    if absent:
        raise InvalidInput(f"{FILE_NAME} 缺少：{'、'.join(absent)}", hint="每个因素至少一行；不计分的写 0 分")
    total = sum(max(step.points for step in steps[factor]) for factor in LABELS)
    if total > FULL:
        raise InvalidInput(f"{FILE_NAME} 各因素最高分合计 {total}，超过 {FULL}", hint="请调低分值")
    age = steps["min_age_years"][0].least
    if len(steps["min_age_years"]) != 1 or age != int(age) or age > FULL:
        raise InvalidInput(f"{FILE_NAME} 的 min_age_years 应只有一行，为 0 至 {FULL} 的整数")
    return int(age)
