"""Rules by which the five elements are recognised (elements.toml), checked and compiled."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

from catalog.kit.terms import Term
from catalog.reference.rule_files import Pattern, RuleFile, parse, read

FILE_NAME = "elements.toml"


class Element(Term):
    """One of the five elements (要素)."""

    MATERIAL = "material", "材料"
    METHOD = "method", "方法"
    EFFECT = "effect", "功效"
    PRODUCT = "product", "产品"
    APPLICATION = "application", "应用"


class _Phrases(BaseModel):
    model_config = ConfigDict(extra="forbid")

    most: int = Field(ge=1)
    alone: Pattern = "(?!)"
    heads: list[Pattern]
    patterns: list[Pattern] = Field(default_factory=list)


class _Effects(BaseModel):
    model_config = ConfigDict(extra="forbid")

    most: int = Field(ge=1)
    leads: Pattern
    cues: list[Pattern]


class CoverageWeights(BaseModel):
    """The weights in the score of a covering sentence (see elements.toml)."""

    model_config = ConfigDict(extra="forbid")

    generic: Pattern
    words: float = Field(ge=0)
    need: float = Field(ge=0)
    middle: float
    spread: float = Field(gt=0)


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reach: int = Field(ge=0, le=30)
    boundary: Pattern
    material: _Phrases
    method: _Phrases
    product: _Phrases
    application: _Phrases
    effect: _Effects
    coverage: CoverageWeights
    questions: dict[Element, str]

    @field_validator("questions")
    @classmethod
    def _all_worded(cls, value: dict[Element, str]) -> dict[Element, str]:
        if len(value) < len(Element):
            raise ValueError("五个要素各要有一个问题")
        return value


@dataclass(frozen=True)
class ElementRules:
    """Compiled rules: heads and patterns of the elements that are phrases, cues and leads of effects."""

    version: str
    reach: int
    boundary: re.Pattern[str]
    heads: dict[Element, re.Pattern[str]]
    patterns: dict[Element, list[re.Pattern[str]]]
    alone: dict[Element, re.Pattern[str]]
    cues: re.Pattern[str]
    leads: re.Pattern[str]
    most: dict[Element, int]
    coverage: CoverageWeights
    questions: dict[Element, str]


def load(data_dir: Path | None = None) -> ElementRules:
    """The rules in force. Raises InvalidInput."""
    return _compiled(read(__name__, FILE_NAME, data_dir))


@lru_cache(4)
def _compiled(file: RuleFile) -> ElementRules:
    table = parse(file, _Table)
    nouns: dict[Element, _Phrases] = {
        Element.MATERIAL: table.material,
        Element.METHOD: table.method,
        Element.PRODUCT: table.product,
        Element.APPLICATION: table.application,
    }
    return ElementRules(
        version=file.version,
        reach=table.reach,
        boundary=re.compile(table.boundary),
        heads={element: re.compile("|".join(phrases.heads) or "(?!)") for element, phrases in nouns.items()},
        patterns={element: [re.compile(p) for p in phrases.patterns] for element, phrases in nouns.items()},
        alone={element: re.compile(phrases.alone) for element, phrases in nouns.items()},
        cues=re.compile("|".join(table.effect.cues) or "(?!)"),
        leads=re.compile(table.effect.leads),
        most={element: getattr(table, element).most for element in Element},
        coverage=table.coverage,
        questions=table.questions,
    )
