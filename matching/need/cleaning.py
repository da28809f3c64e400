"""Need cleaning (需求清洗): removal of self-description, courtesy phrases and payment offers before the search.

A need is cut into clauses; the rules of cleaning.toml mark the clauses or phrases that are no part of the technical problem.
Standards and figures stay. Every removed phrase is listed with its place and reason for the user.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from catalog.reference.rule_files import Pattern, RuleFile, parse, read

FILE_NAME = "cleaning.toml"
# With fewer letters left there is no need any more: the text is then used unchanged.
FEWEST_LETTERS = 10

# A comma between digits belongs to a number.
_CLAUSE_END = re.compile(r"[。；！？;!?\n]+|，|：|(?<!\d),|,(?!\d)")


class RemovedSpan(BaseModel):
    """A part of the need that is not searched for: verbatim, at [start, end) of the need."""

    start: int = Field(description="起始位置（字符，从 0 起）")
    end: int = Field(description="结束位置（不含）")
    text: str = Field(description="略去的原文")
    reason: str = Field(description="企业介绍、合作愿望、客气话、预算费用、联系方式")


class CleanedNeed(BaseModel):
    """A need as it is searched for, and what was left out of it."""

    text: str
    removed: list[RemovedSpan]
    rules: str = Field(description="所用规则的版本")


class CleaningRule(BaseModel):
    """One line of the rules."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=1)
    pattern: Pattern
    scope: Literal["clause", "phrase"] = "clause"
    even_with_figures: bool = False


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid")

    keep: list[Pattern]
    rule: list[CleaningRule]


@dataclass(frozen=True)
class CleaningRules:
    """Compiled rules: `clauses` and `phrases` in the order of the file."""

    version: str
    keep: re.Pattern[str]
    clauses: list[tuple[CleaningRule, re.Pattern[str]]]
    phrases: list[tuple[CleaningRule, re.Pattern[str]]]


def load(data_dir: Path | None = None) -> CleaningRules:
    """The rules in force. Raises InvalidInput."""
    return _compiled(read(__name__, FILE_NAME, data_dir))


@lru_cache(4)
def _compiled(file: RuleFile) -> CleaningRules:
    table = parse(file, _Table)
    compiled = [(rule, re.compile(rule.pattern)) for rule in table.rule]
    return CleaningRules(
        file.version,
        re.compile("|".join(table.keep) or r"(?!)"),
        [pair for pair in compiled if pair[0].scope == "clause"],
        [pair for pair in compiled if pair[0].scope == "phrase"],
    )


def clauses(text: str) -> Iterator[tuple[int, int]]:
    """The clauses of a text as [start, end), each with the punctuation that ends it; together they are the text."""
    start = 0
    for match in _CLAUSE_END.finditer(text):
        yield start, match.end()
        start = match.end()
    if start < len(text):
        yield start, len(text)


def clean(text: str, rules: CleaningRules | None = None) -> CleanedNeed:
    """Leave out what is no part of the technical problem; never so much that hardly anything remains."""
    rules = rules or load()
    removed = [span for start, end in clauses(text) for span in _removed(text, start, end, rules)]
    kept = without(text, removed)
    if _letters(kept) < FEWEST_LETTERS:
        return CleanedNeed(text=text, removed=[], rules=rules.version)
    return CleanedNeed(text=kept, removed=removed, rules=rules.version)


def without(text: str, removed: list[RemovedSpan]) -> str:
    """The text without these spans, which ascend and do not overlap."""
    starts = [0, *(span.end for span in removed)]
    ends = [*(span.start for span in removed), len(text)]
    return "".join(text[start:end] for start, end in zip(starts, ends, strict=True))


def _removed(text: str, start: int, end: int, rules: CleaningRules) -> list[RemovedSpan]:
    clause = text[start:end]
    telling = rules.keep.search(clause) is not None
    for rule, pattern in rules.clauses:
        if (rule.even_with_figures or not telling) and pattern.search(clause):
            return [RemovedSpan(start=start, end=end, text=clause, reason=rule.reason)]
    found: list[RemovedSpan] = []
    for rule, pattern in rules.phrases:
        for match in pattern.finditer(clause):
            free = all(match.end() + start <= s.start or match.start() + start >= s.end for s in found)
            if match.group() and free:
                found.append(
                    RemovedSpan(
                        start=start + match.start(),
                        end=start + match.end(),
                        text=match.group(),
                        reason=rule.reason,
                    )
                )
    return sorted(found, key=lambda span: span.start)


def _letters(text: str) -> int:
    return sum(character.isalnum() for character in text)
