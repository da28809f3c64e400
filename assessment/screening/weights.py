"""Weights of the screening (盘点筛选权重): which value of a factor is worth how many points. Data, not code.

The shipped table is catalog/refdata/screening_weights.csv; a file `screening_weights.csv` in the data directory replaces
it as a whole. Columns: factor, when (the least number, or a code), points, text (the reason shown).
"""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from importlib.resources import files
from pathlib import Path

from catalog.kit.errors import InvalidInput
from catalog.kit.terms import Disposition, PatentKind, Prospect, Term

FILE_NAME = "screening_weights.csv"
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
class Weights:
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
        """What is recommended to the holder at that potential."""
        step = self.step("recommendation", Decimal(potential))
        return Disposition.parse(step.text) if step else Disposition.ABANDON


def load(data_dir: Path | None = None) -> Weights:
    """The table of the data directory or, without one, the shipped table.

    Raises InvalidInput naming the line when the table cannot be used.
    """
    own = data_dir / FILE_NAME if data_dir else None
    if own and own.exists():
        return _read(own.read_bytes(), "自定义")
    return _read(_shipped(), "内置")


def export(data_dir: Path, path: Path) -> Weights:
    """Write the table in use to a file that an operator edits; answers it."""
    own = data_dir / FILE_NAME
    raw = own.read_bytes() if own.exists() else _shipped()
    path.write_bytes(b"\xef\xbb\xbf" + raw.removeprefix(b"\xef\xbb\xbf"))  # Excel needs the mark
    return load(data_dir)


def adopt(data_dir: Path, path: Path) -> Weights:
    """Check an edited file and put it in use. Raises InvalidInput; then the table in use stays."""
    raw = path.read_bytes()
    weights = _read(raw, "自定义")
    partial = data_dir / f"{FILE_NAME}.part"
    partial.write_bytes(raw)
    partial.replace(data_dir / FILE_NAME)
    return weights


def reset(data_dir: Path) -> Weights:
    """Put the shipped table in use again."""
    (data_dir / FILE_NAME).unlink(missing_ok=True)
    return load(data_dir)


def _shipped() -> bytes:
    return files("catalog").joinpath("refdata", FILE_NAME).read_bytes()


def _read(raw: bytes, origin: str) -> Weights:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = raw.decode("gb18030")
        except UnicodeDecodeError as error:
            raise InvalidInput(
                f"{FILE_NAME} 既不是 UTF-8 也不是 GB18030 编码", hint="请另存为 CSV UTF-8（逗号分隔）"
            ) from error
    # The version is of the content, whatever the editor made of its encoding and line ends.
    content = "\n".join(text.splitlines()).encode()
    return _parse(text, f"{origin}-{hashlib.sha256(content).hexdigest()[:8]}")


def _parse(text: str, version: str) -> Weights:
    reader = csv.DictReader(io.StringIO(text, newline=""))
    if list(reader.fieldnames or []) != ["factor", "when", "points", "text"]:
        raise InvalidInput(
            f"{FILE_NAME} 的表头应为 factor,when,points,text", hint="可从内置的同名文件复制后修改"
        )
    steps: dict[str, list[Step]] = {}
    for row in reader:
        factor = (row["factor"] or "").strip()
        steps.setdefault(factor, []).append(_step(factor, row, reader.line_num))
    for rows in steps.values():
        rows.sort(key=lambda step: step.least, reverse=True)
    return Weights(version, _checked(steps), steps)


def _step(factor: str, row: dict[str, str], line: int) -> Step:
    place = f"{FILE_NAME} 第 {line} 行"
    if factor not in LABELS and factor not in SETTINGS:
        raise InvalidInput(
            f"{place}：没有名为“{factor}”的因素", hint="可用：" + "、".join([*LABELS, *SETTINGS])
        )
    when, points, text = ((row[name] or "").strip() for name in ("when", "points", "text"))
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
