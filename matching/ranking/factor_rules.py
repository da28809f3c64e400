"""What each factor beside relevance (对接因素) counts for: factors.toml, checked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from catalog.kit.terms import HolderKind, Term
from catalog.reference import rule_files
from catalog.reference.rule_files import RuleFile

FILE_NAME = "factors.toml"

Weight = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)]


class Factor(Term):
    """The factors (对接因素)."""

    SEGMENT = "segment", "细分领域一致"
    REGION = "region", "地区"
    LICENCE = "licence", "许可就绪"
    TERM = "term", "剩余保护期"
    DORMANCY = "dormancy", "沉睡程度"
    HOLDER_KIND = "holder_kind", "权利人类型"


class _Rule(BaseModel):
    """The largest amount of a factor, in units of a score."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    weight: Weight


class RegionRule(_Rule):
    """Same prefecture counts in full, same province this share."""

    province: float = Field(ge=0, le=1)


class TermRule(_Rule):
    """Years left below which a patent is lowered, in full when it has ended."""

    below_years: float = Field(gt=0, le=100)


class HolderKindRule(_Rule):
    """The share of each kind of first holder."""

    university: Share
    institute: Share
    hospital: Share
    state_owned: Share
    company: Share
    person: Share

    def share(self, kind: HolderKind) -> float:
        """The share of a kind; nothing where it is unknown."""
        return 0.0 if kind == HolderKind.UNKNOWN else float(getattr(self, kind.value))


class FactorRules(BaseModel):
    """The rules and their version."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    segment: _Rule
    region: RegionRule
    licence: _Rule
    term: TermRule
    dormancy: _Rule
    holder_kind: HolderKindRule
    version: str = ""

    def weight(self, factor: Factor) -> float:
        """The largest amount of a factor."""
        rule: _Rule = getattr(self, factor.value)
        return rule.weight


def source(data_dir: Path | None = None) -> RuleFile:
    """The rule file in force. Raises InvalidInput."""
    return rule_files.read(__name__, FILE_NAME, data_dir)


def load(data_dir: Path | None = None) -> FactorRules:
    """The rules in force. Raises InvalidInput naming the key that cannot be used and why."""
    return rule_files.load(__name__, FILE_NAME, FactorRules, data_dir)
