"""The tables of the law that an operator may replace (可替换的法律参数): holidays with working weekends, and annuities.

The rule files are holidays.csv (放假与调休安排, the yearly notices of the State Council) and annuities.csv (年费标准). They hold
for a whole process, which names its data directory once by `use` before anything is computed from them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path

from catalog.kit.errors import InvalidInput, NotFound
from catalog.kit.terms import PatentKind
from catalog.reference import rule_files
from catalog.reference.rule_files import RuleFile

HOLIDAYS, ANNUITIES = "holidays.csv", "annuities.csv"
COLUMNS = {
    HOLIDAYS: ("year", "kind", "first", "last", "name", "source"),
    ANNUITIES: ("kind", "year_from", "year_to", "amount", "source", "checked"),
}
LABELS = {HOLIDAYS: "放假与调休安排", ANNUITIES: "年费标准"}
COMPENSATION = "invention_compensation"
"""Kind of the annuities in the compensated term (专利权补偿期) of an invention."""
LONGEST = 31
SATURDAY = 5
DAY = timedelta(days=1)
TURN_OF_THE_YEAR = timedelta(days=3)
"""How long before a year its notice may name days (元旦 of 2019: off from 30 December, the Saturday before was worked)."""


@dataclass(frozen=True, slots=True, eq=False)
class Holidays:
    """Days off and weekend days worked; `notices` names the document by year, only those years are known."""

    version: str
    notices: dict[int, str]
    rest: frozenset[date]
    work: frozenset[date]


@dataclass(frozen=True, slots=True, eq=False)
class LawTables:
    """Both tables in force; `amounts` in yuan by kind and patent year, None where none was entered."""

    holidays: Holidays
    amounts: dict[tuple[str, int], Decimal | None]
    files: dict[str, RuleFile] = field(default_factory=dict)


@dataclass(slots=True)
class _InForce:
    tables: LawTables | None = None


_IN_FORCE = _InForce()


def use(data_dir: Path | None) -> LawTables:
    """Put the tables of this data directory in force for the process. Raises InvalidInput."""
    _IN_FORCE.tables = _load(*(rule_files.read(__name__, name, data_dir) for name in (HOLIDAYS, ANNUITIES)))
    return _IN_FORCE.tables


def current() -> LawTables:
    """The tables in force, the shipped ones where no data directory was named."""
    return _IN_FORCE.tables or use(None)


def check(name: str, raw: bytes) -> RuleFile:
    """The table `name` that a file of this content would be. Raises NotFound and InvalidInput."""
    file = rule_files.of_operator(_known(name), raw)
    _holidays(file) if name == HOLIDAYS else _annuities(file)
    return file


def adopt(data_dir: Path, name: str, path: Path) -> RuleFile:
    """Check an edited file and put it in force. Raises NotFound and InvalidInput; then the table in force stays."""
    raw = path.read_bytes()
    file = check(name, raw)
    rule_files.adopt(data_dir, name, raw)
    return file


def reset(data_dir: Path, name: str) -> RuleFile:
    """Put the shipped table in force again. Raises NotFound."""
    rule_files.reset(data_dir, _known(name))
    return rule_files.shipped(__name__, name)


def text(data_dir: Path | None, name: str) -> RuleFile:
    """The current file of the table `name`. Raises NotFound and InvalidInput."""
    return rule_files.read(__name__, _known(name), data_dir)


def _known(name: str) -> str:
    if name not in COLUMNS:
        raise NotFound(f"没有名为“{name}”的参数表", hint="可用：" + "、".join(COLUMNS))
    return name


@cache
def _load(holidays: RuleFile, annuities: RuleFile) -> LawTables:
    return LawTables(_holidays(holidays), _annuities(annuities), {HOLIDAYS: holidays, ANNUITIES: annuities})


def _holidays(file: RuleFile) -> Holidays:
    notices: dict[int, str] = {}
    days: dict[str, set[date]] = {"rest": set(), "work": set()}
    for place, row in rule_files.table_rows(file, COLUMNS[file.name]):
        if row["kind"] not in days or not row["source"]:
            raise InvalidInput(f"{place}：kind 应为 rest（放假）或 work（上班），source 应写明通知的文号")
        year, first, last = _number(place, row, "year"), _day(place, row, "first"), _day(place, row, "last")
        span = (last - first).days
        within = date(year, 1, 1) - TURN_OF_THE_YEAR <= first and last <= date(year, 12, 31)
        if not (within and 0 <= span < LONGEST):
            raise InvalidInput(f"{place}：{first} 至 {last} 不是 {year} 年的一段放假或上班")
        found = [first + DAY * n for n in range(span + 1)]
        if row["kind"] == "work" and any(day.weekday() < SATURDAY for day in found):
            raise InvalidInput(f"{place}：调休上班日应为星期六或星期日")
        notices.setdefault(year, row["source"])
        days[row["kind"]].update(found)
    if both := sorted(days["rest"] & days["work"]):
        raise InvalidInput(f"{file.name} 中 {both[0]} 既放假又上班")
    return Holidays(file.version, notices, frozenset(days["rest"]), frozenset(days["work"]))


def _annuities(file: RuleFile) -> dict[tuple[str, int], Decimal | None]:
    kinds = (*(kind.value for kind in PatentKind), COMPENSATION)
    found: dict[tuple[str, int], Decimal | None] = {}
    for place, row in rule_files.table_rows(file, COLUMNS[file.name]):
        if row["kind"] not in kinds:
            raise InvalidInput(f"{place}：没有名为“{row['kind']}”的种类", hint="可用：" + "、".join(kinds))
        for year in range(_number(place, row, "year_from"), _number(place, row, "year_to") + 1):
            if (row["kind"], year) in found:
                raise InvalidInput(f"{place}：第 {year} 年度的年费写了两次")
            found[row["kind"], year] = _amount(place, row["amount"])
    missing = [kind for kind in kinds if (kind, 1) not in found and kind != COMPENSATION]
    if missing:
        raise InvalidInput(f"{file.name} 缺少：{'、'.join(missing)}")
    return found


def _amount(place: str, written: str) -> Decimal | None:
    """An amount in yuan; None for an empty cell, which an operator has still to fill in."""
    try:
        amount = Decimal(written) if written else None
    except InvalidOperation:
        amount = Decimal(-1)
    if amount is not None and not (amount.is_finite() and amount >= 0):
        raise InvalidInput(f"{place}：amount 应为不小于 0 的金额（元），现为“{written}”")
    return amount


def _number(place: str, row: dict[str, str], name: str) -> int:
    if not row[name].isdecimal() or not 0 < int(row[name]) < date.max.year:
        raise InvalidInput(f"{place}：{name} 应为整数，现为“{row[name]}”")
    return int(row[name])


def _day(place: str, row: dict[str, str], name: str) -> date:
    try:
        return date.fromisoformat(row[name])
    except ValueError as error:
        raise InvalidInput(f"{place}：{name} 应为日期，如 2026-10-01，现为“{row[name]}”") from error
