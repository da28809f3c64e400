"""Factors (对接因素): small adjustments of the score of a patent for a need, besides relevance.

    score = relevance + segment + region + licence + term + dormancy + holder kind

Each is its weight (factors.toml) times a share, in whole millionths, and depends on attributes of need and patent alone
that a generation holds: so a pair has the same score in both directions, and at night. An unknown attribute counts 0. A factor
is a class that reads its section of the file, and a line of `FactorRules`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from catalog.kit.terms import HolderKind
from catalog.law.years import DAYS_A_YEAR
from catalog.reference import rule_files
from catalog.reference.lists import region_name
from catalog.reference.rule_files import RuleFile
from catalog.segments.segments import finest
from index.attributes import HOLDER_KINDS, NOT_DORMANT, UNKNOWN_DORMANCY, Attributes, DocumentAttributes
from matching.retrieval.relevance import MICRO, Amounts

FILE_NAME = "factors.toml"
_DAYS_A_YEAR = float(DAYS_A_YEAR)
_FULL_POTENTIAL = 100
_NAMED = 3

Weight = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)]
Shares = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Needs and patents on a day: each row of one with the same row of the other, or one row with every row."""

    needs: Attributes
    patents: Attributes
    day: date


@dataclass(frozen=True, slots=True)
class DocumentPair:
    """A need and a patent on a day, in words."""

    need: DocumentAttributes
    patent: DocumentAttributes
    day: date


class Factor(BaseModel, ABC):
    """A factor: its section of the rule file, what it adds to the score of pairs, and why."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: ClassVar[str]
    what_counts: ClassVar[str]
    """The description for users; a field in braces is replaced by its value."""
    of_both: ClassVar[bool] = False
    """Whether it depends on the need too, or on the patent alone."""

    weight: Weight

    @abstractmethod
    def shares(self, pairs: Pairs) -> Shares:
        """The share of the weight that each pair counts, from -1 to 1."""

    @abstractmethod
    def reason(self, pair: DocumentPair, names: Mapping[str, str]) -> str:
        """The reason for the points of a pair; `names` are those of segments by code."""

    @property
    def meaning(self) -> str:
        """The meaning of the factor as users read it."""
        return self.what_counts.format(**dict(self))

    def amounts(self, pairs: Pairs) -> Amounts:
        """The amounts added to the score of each pair, in millionths."""
        return np.rint(self.weight * self.shares(pairs) * MICRO).astype(np.int64)

    def is_unknown_to(self, patents: Attributes) -> bool:
        """Whether patents come from an index that was built before it held what this factor rests on."""
        return False


class SegmentFactor(Factor):
    """A common segment counts in full."""

    label = "产业领域"
    of_both = True
    what_counts = "需求与专利有共同的产业细分领域"

    def shares(self, pairs: Pairs) -> Shares:
        """Bits of the needs in the order of the patents' codes, so that a common one is a common bit."""
        need_segments = pairs.needs.segments_among(pairs.patents.segment_codes)
        shared = (need_segments & pairs.patents.segments).any(axis=-1)
        return np.where(shared, 1.0, 0.0)

    def reason(self, pair: DocumentPair, names: Mapping[str, str]) -> str:
        """The common segments, the first few by name."""
        need, patent = pair.need.segments, pair.patent.segments
        if not need:
            return "需求未提供产业领域，不计分"
        if not patent:
            return "专利无产业领域信息，不计分"
        shared = finest([code for code in need if code in patent], names)
        if not shared:
            return "无共同的产业领域"
        named = "、".join(f"{code} {names.get(code, '')}".rstrip() for code in shared[:_NAMED])
        return f"同属 {named}" + (f" 等 {len(shared)} 个领域" if len(shared) > _NAMED else "")


class RegionFactor(Factor):
    """The same prefecture counts in full, the same province a share."""

    label = "地区"
    what_counts = "同在一地级市；同省不同市乘 {province:g}"
    of_both = True

    province: float = Field(ge=0, le=1)

    def shares(self, pairs: Pairs) -> Shares:
        """By codes of places; 0, unknown, equals nothing."""
        near = _same(pairs.needs.prefecture, pairs.patents.prefecture)
        around = _same(pairs.needs.province, pairs.patents.province)
        return np.where(near, 1.0, np.where(around, self.province, 0.0))

    def reason(self, pair: DocumentPair, names: Mapping[str, str]) -> str:
        """The places of both."""
        need, patent = pair.need.region, pair.patent.region
        if need is None:
            return "需求方未提供所在地区，不计分"
        if patent is None:
            return "专利未登记地区，不计分"
        if need == patent:
            return f"同在{_place(need)}"
        places = f"需求方在{_place(need)}，专利权人在{_place(patent)}"
        return (
            f"同在{_place(f'{need[:2]}0000')}，{places}"
            if need[:2] == patent[:2]
            else f"不在同一省：{places}"
        )


class LicenceFactor(Factor):
    """A published declaration of open licence counts in full."""

    label = "开放许可声明"
    what_counts = "建立索引时有公告中的开放许可声明"

    def shares(self, pairs: Pairs) -> Shares:
        """1 where there is a declaration."""
        return np.where(pairs.patents.open_licence, 1.0, 0.0)

    def reason(self, pair: DocumentPair, names: Mapping[str, str]) -> str:
        """Whether there is a declaration."""
        return "已声明开放许可" if pair.patent.open_licence else "未声明开放许可"


class TermFactor(Factor):
    """The share of the wanted years that a patent lacks; the whole when it has ended."""

    label = "剩余保护期"
    what_counts = "剩余保护期不足 {below_years:g} 年，按所缺的比例"

    below_years: float = Field(gt=0, le=100)

    def shares(self, pairs: Pairs) -> Shares:
        """By the last day in force; an unknown one counts nothing."""
        last = pairs.patents.last_day
        years = (last - pairs.day.toordinal()) / _DAYS_A_YEAR
        return np.where(last > 0, np.clip(1 - years / self.below_years, 0, 1), 0.0)

    def reason(self, pair: DocumentPair, names: Mapping[str, str]) -> str:
        """The years left, or when it ended."""
        last = pair.patent.last_day
        if last is None:
            return "保护期资料不足，不计分"
        if last < pair.day:
            return f"{last} 后失效"
        return f"剩余保护期 {(last - pair.day).days / _DAYS_A_YEAR:.1f} 年"


class DormancyFactor(Factor):
    """A dormant patent counts by its potential."""

    label = "沉睡程度"
    what_counts = "盘点筛选判为沉睡，按潜力分的比例"

    def shares(self, pairs: Pairs) -> Shares:
        """The potential out of 100; nothing where a patent is in use or was not screened."""
        potential = pairs.patents.dormancy
        return np.where(potential <= _FULL_POTENTIAL, potential / _FULL_POTENTIAL, 0.0)

    def reason(self, pair: DocumentPair, names: Mapping[str, str]) -> str:
        """The finding of the screening."""
        dormancy = pair.patent.dormancy
        if dormancy == UNKNOWN_DORMANCY:
            return "尚未盘点筛选，不计分"
        return "非沉睡专利" if dormancy == NOT_DORMANT else f"沉睡专利（潜力分 {dormancy}）"

    def is_unknown_to(self, patents: Attributes) -> bool:
        """Whether no screening had been indexed."""
        return not patents.knows_dormancy


class HolderKindFactor(Factor):
    """The kind of the first holder counts its share."""

    label = "权利人类型"
    what_counts = (
        "第一专利权人：高校 {university:g}、科研院所 {institute:g}、医疗机构 {hospital:g}、"
        "国企 {state_owned:g}、企业 {company:g}、个人 {person:g}"
    )

    university: Share
    institute: Share
    hospital: Share
    state_owned: Share
    company: Share
    person: Share

    def shares(self, pairs: Pairs) -> Shares:
        """The share of each first holder's kind."""
        by_kind = np.array([self._share(HolderKind(kind)) for kind in HOLDER_KINDS])
        return np.take(by_kind, pairs.patents.holder_kind)

    def reason(self, pair: DocumentPair, names: Mapping[str, str]) -> str:
        """The kind."""
        kind = pair.patent.kind
        return "专利权人类型未识别，不计分" if kind == HolderKind.UNKNOWN else f"{kind.label}专利"

    def _share(self, kind: HolderKind) -> float:
        return 0.0 if kind == HolderKind.UNKNOWN else float(getattr(self, kind.value))


class FactorRules(BaseModel):
    """The factors in force by code, in the order in which they are shown, and the version of their file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    segment: SegmentFactor
    region: RegionFactor
    licence: LicenceFactor
    term: TermFactor
    dormancy: DormancyFactor
    holder_kind: HolderKindFactor
    version: str = ""

    @property
    def factors(self) -> dict[str, Factor]:
        """The factors by code."""
        return {code: getattr(self, code) for code in CODES}

    def notices(self, generation: str, patents: Attributes) -> list[str]:
        """Notices where a generation of that name lacks what a factor needs of its patents."""
        return [
            f"索引 {generation} 尚无{factor.label}数据，该因素不计分；请运行 patentdock reindex"
            for factor in self.factors.values()
            if factor.weight and factor.is_unknown_to(patents)
        ]


CODES = tuple(code for code in FactorRules.model_fields if code != "version")


def source(data_dir: Path | None = None) -> RuleFile:
    """The rule file in force. Raises InvalidInput."""
    return rule_files.read(__name__, FILE_NAME, data_dir)


def load(data_dir: Path | None = None) -> FactorRules:
    """The rules in force. Raises InvalidInput naming the key that cannot be used and why."""
    return rule_files.load(__name__, FILE_NAME, FactorRules, data_dir)


def _place(code: str) -> str:
    return region_name(code) or code


def _same(of_need: NDArray[np.int32], of_patent: NDArray[np.int32]) -> NDArray[np.bool_]:
    same: NDArray[np.bool_] = (of_need == of_patent) & (of_need != 0)
    return same
