"""Factors (对接因素): what raises or lowers a patent for a need a little, beside relevance.

    score = relevance + segment + region + licence + term + dormancy + holder kind

Each is its weight (matching/factors.toml) times a share, in whole millionths, and depends on attributes of need and patent
alone that a generation holds: so a pair has one score whichever of them asks, and at night. What is not known counts 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from catalog.kit.terms import HolderKind
from catalog.reference.lists import region_name
from index.attributes import HOLDER_KINDS, NOT_DORMANT, UNKNOWN_DORMANCY, Attributes
from matching.ranking.factor_rules import Factor, FactorRules
from matching.retrieval.relevance import MICRO, Amounts

Rows = NDArray[np.int64]

PAIR_FACTORS = (Factor.SEGMENT, Factor.REGION)
"""Those that depend on both sides; the others on the patent alone."""
DAYS_A_YEAR = 365.25
_FULL_POTENTIAL = 100
_NAMED = 3


class FactorAmount(BaseModel):
    """What a factor adds to the score of a match, or takes from it, and why."""

    code: Factor
    name: str
    amount: float = Field(description="计入得分的金额，可为负；未知的为 0")
    reason: str = Field(description="理由；资料不足的以“未知”开头")


@dataclass(frozen=True, slots=True)
class Context:
    """What is known of a need besides its text: codes of segments and regions."""

    segments: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()

    @classmethod
    def at(cls, segments: Iterable[str] = (), region: str | None = None) -> Context:
        """The context of a need in these segments and at that place, a province or a prefecture."""
        return cls(tuple(segments), (f"{region[:2]}0000", region) if region else ())


@dataclass(frozen=True, slots=True)
class FactorOptions:
    """Whether factors count in a request, and what it says of the need."""

    count: bool = True
    context: Context = Context()


class PairFactors:
    """The factors of needs and patents, given by their rows, on a day."""

    def __init__(self, rules: FactorRules, day: date, needs: Attributes, patents: Attributes) -> None:
        self._rules, self._day = rules, day
        self._needs, self._patents = needs, patents
        self._asked_segments = needs.segments_among(patents.segment_codes)
        kinds = np.array([rules.holder_kind.share(HolderKind(kind)) for kind in HOLDER_KINDS])
        self._of_kind = _millionths(rules.holder_kind.weight * kinds)

    def total(self, needs: Rows, patents: Rows) -> Amounts:
        """The sum of all factors of pairs of rows, in millionths; arrays of one shape, or one row against many."""
        return self.of_pairs(needs, patents) + self.of_patents(patents)

    def of_pairs(self, needs: Rows, patents: Rows) -> Amounts:
        """The sum of the factors that depend on both sides."""
        return self._sum(PAIR_FACTORS, needs, patents)

    def of_patents(self, patents: Rows) -> Amounts:
        """The sum of the factors that depend on the patent alone."""
        alone = [factor for factor in Factor if factor not in PAIR_FACTORS]
        return self._sum(alone, np.zeros(1, np.int64), patents)

    def explained(self, needs: Rows, patents: Rows, names: Mapping[str, str]) -> list[list[FactorAmount]]:
        """The factors of each pair of rows with their reasons; `names` are those of segments by code."""
        needs, patents = np.broadcast_arrays(needs, patents)
        amounts = {
            factor: np.broadcast_to(self._amounts(factor, needs, patents), needs.shape).tolist()
            for factor in Factor
        }
        return [
            [
                FactorAmount(
                    code=factor,
                    name=factor.label,
                    amount=amounts[factor][at] / MICRO,
                    reason=self._reason(factor, need, patent, names),
                )
                for factor in Factor
            ]
            for at, (need, patent) in enumerate(zip(needs.tolist(), patents.tolist(), strict=True))
        ]

    @property
    def version(self) -> str:
        """The version of the rules."""
        return self._rules.version

    def notices(self, generation: str) -> list[str]:
        """What to tell where a generation of that name lacks what a factor needs."""
        if self._patents.knows_dormancy or not self._rules.dormancy.weight:
            return []
        return [f"索引 {generation} 建立时还没有沉睡程度一列，该因素按未知计；请运行 patentdock reindex"]

    def _sum(self, factors: Iterable[Factor], needs: Rows, patents: Rows) -> Amounts:
        total = np.zeros(np.broadcast_shapes(needs.shape, patents.shape), np.int64)
        for factor in factors:
            if self._rules.weight(factor):
                total += self._amounts(factor, needs, patents)
        return total

    def _amounts(self, factor: Factor, needs: Rows, patents: Rows) -> Amounts:
        measures: dict[Factor, Callable[[], Amounts]] = {
            Factor.SEGMENT: lambda: self._segment(needs, patents),
            Factor.REGION: lambda: self._region(needs, patents),
            Factor.LICENCE: lambda: self._licence(patents),
            Factor.TERM: lambda: self._term(patents),
            Factor.DORMANCY: lambda: self._dormancy(patents),
            Factor.HOLDER_KIND: lambda: self._of_kind[self._patents.holder_kind[patents]],
        }
        return measures[factor]()

    def _segment(self, needs: Rows, patents: Rows) -> Amounts:
        shared = (self._asked_segments[needs] & self._patents.segments[patents]).any(axis=-1)
        return np.where(shared, _millionth(self._rules.segment.weight), 0)

    def _region(self, needs: Rows, patents: Rows) -> Amounts:
        rule = self._rules.region
        near = _same(self._needs.prefecture[needs], self._patents.prefecture[patents])
        around = _same(self._needs.province[needs], self._patents.province[patents])
        half = np.where(around, _millionth(rule.weight * rule.province), 0)
        return np.where(near, _millionth(rule.weight), half)

    def _licence(self, patents: Rows) -> Amounts:
        return np.where(self._patents.open_licence[patents] != 0, _millionth(self._rules.licence.weight), 0)

    def _term(self, patents: Rows) -> Amounts:
        last, rule = self._patents.last_day[patents], self._rules.term
        years = (last - self._day.toordinal()) / DAYS_A_YEAR
        lacking = np.clip(1 - years / rule.below_years, 0, 1)
        return _millionths(rule.weight * np.where(last > 0, lacking, 0.0))

    def _dormancy(self, patents: Rows) -> Amounts:
        potential = self._patents.dormancy[patents]
        share = np.where(potential <= _FULL_POTENTIAL, potential / _FULL_POTENTIAL, 0.0)
        return _millionths(self._rules.dormancy.weight * share)

    def _reason(self, factor: Factor, need: int, patent: int, names: Mapping[str, str]) -> str:
        its = self._patents
        match factor:
            case Factor.SEGMENT:
                return _segment_reason(self._needs.segments_of(need), its.segments_of(patent), names)
            case Factor.REGION:
                return _region_reason(self._needs.region_of(need), its.region_of(patent))
            case Factor.LICENCE:
                return f"{'有' if its.open_licence[patent] else '没有'}公告中的开放许可声明"
            case Factor.TERM:
                return _term_reason(its.last_day_of(patent), self._day)
            case Factor.DORMANCY:
                return _dormancy_reason(int(its.dormancy[patent]))
            case Factor.HOLDER_KIND:
                kind = its.kind_of(patent)
                return "未知：专利权人类型未识别" if kind == HolderKind.UNKNOWN else kind.label


@dataclass(frozen=True, slots=True)
class AskedFactors:
    """The factors of what answers a need or a patent, given by its attributes, one row; without `rules` none count."""

    rules: FactorRules | None = None
    day: date = date.min
    need: Attributes | None = None
    patent: Attributes | None = None

    def raised(self, its: Attributes) -> Amounts:
        """What is added to the relevance of answers with these attributes, in millionths."""
        pairs = self._pairs(its)
        return pairs.total(*self._rows(its)) if pairs else np.zeros(len(its), np.int64)

    def explained(self, its: Attributes, names: Mapping[str, str]) -> list[list[FactorAmount]]:
        """The factors of each of the answers with their reasons; none where they do not count."""
        pairs = self._pairs(its)
        return pairs.explained(*self._rows(its), names) if pairs else [[] for _ in range(len(its))]

    def notices(self, generation: str, its: Attributes) -> list[str]:
        """What to tell where a generation of that name lacks what a factor needs."""
        pairs = self._pairs(its)
        return pairs.notices(generation) if pairs else []

    def _pairs(self, its: Attributes) -> PairFactors | None:
        if self.rules is None:
            return None
        needs, patents = (its, self.patent) if self.need is None else (self.need, its)
        return PairFactors(self.rules, self.day, needs, patents or Attributes.of_one())

    def _rows(self, its: Attributes) -> tuple[Rows, Rows]:
        one, every = np.zeros(1, np.int64), np.arange(len(its))
        return (every, one) if self.need is None else (one, every)


def _segment_reason(need: list[str], patent: list[str], names: Mapping[str, str]) -> str:
    if not need:
        return "未知：未说明需求的细分领域"
    if not patent:
        return "未知：专利没有细分领域"
    shared = [code for code in need if code in patent]
    if not shared:
        return "没有共同的细分领域"
    told = "、".join(f"{code} {names.get(code, '')}".rstrip() for code in shared[:_NAMED])
    return f"同属 {told}" + (f" 等 {len(shared)} 个领域" if len(shared) > _NAMED else "")


def _region_reason(need: str | None, patent: str | None) -> str:
    if need is None:
        return "未知：未说明需求方所在地区"
    if patent is None:
        return "未知：专利没有登记地区"
    if need == patent:
        return f"同在{_place(need)}"
    if need[:2] == patent[:2]:
        return f"同在{_place(f'{need[:2]}0000')}，需求方在{_place(need)}，专利权人在{_place(patent)}"
    return f"不在同一省：需求方在{_place(need)}，专利权人在{_place(patent)}"


def _place(code: str) -> str:
    return region_name(code) or code


def _term_reason(last: date | None, day: date) -> str:
    if last is None:
        return "未知：资料不足，推算不出保护期"
    if last < day:
        return f"已于 {last} 后失效"
    return f"剩余保护期 {(last - day).days / DAYS_A_YEAR:.1f} 年"


def _dormancy_reason(dormancy: int) -> str:
    if dormancy == UNKNOWN_DORMANCY:
        return "未知：没有盘点筛选的结论"
    return "不是沉睡专利" if dormancy == NOT_DORMANT else f"沉睡专利，潜力分 {dormancy}"


def _same(asked: NDArray[np.int32], has: NDArray[np.int32]) -> NDArray[np.bool_]:
    same: NDArray[np.bool_] = (asked == has) & (asked != 0)
    return same


def _millionth(amount: float) -> int:
    return round(amount * MICRO)


def _millionths(amounts: NDArray[np.float64]) -> Amounts:
    return np.rint(amounts * MICRO).astype(np.int64)
