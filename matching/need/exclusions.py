"""Exclusions (排除要求): what a need says it does not want, and patents that have just that.

A need that excludes a substance or process (不含氟, 无铬, 不使用溶剂, 替代六价铬) is near to the patents that speak of it. Each
exclusion is held against what a patent states: a place counts where nothing before or behind it turns it (除磷, 铅污染), and
where the patent does not say that it does without. The rules are data (exclusions.toml).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from catalog.reference.rule_files import Pattern, RuleFile, parse, read
from index.text import sentences

FILE_NAME = "exclusions.toml"
MOST_READ = 3000
"""Characters of a need in which exclusions are looked for."""
_LISTED = re.compile(r"[、和与及或]")


class Exclusion(BaseModel):
    """An exclusion of a need: the `term`, and the phrase that says so, verbatim at [start, end) of the need."""

    term: str = Field(description="排除的物质或工艺")
    text: str = Field(description="表示排除的原文")
    start: int = Field(description="起始位置（字符，从 0 起）")
    end: int = Field(description="结束位置（不含）")


class BrokenExclusion(BaseModel):
    """An exclusion of the need and the sentence of the patent that breaks it, verbatim at [start, end) of `field`."""

    exclusion: Exclusion = Field(description="需求中的排除")
    text: str = Field(description="说明，如：要求不含氟，该专利含氟")
    field: str = Field(description="title、abstract 或 first_claim")
    sentence: str = Field(description="专利中含有该内容的句子")
    start: int = Field(description="起始位置（字符，从 0 起）")
    end: int = Field(description="结束位置（不含）")


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid")

    cues: list[Pattern]
    reach: int = Field(ge=1, le=30)
    stops: str
    short_cues: list[Pattern]
    bounded_cues: list[Pattern]
    bounds: Pattern
    trailing_cues: list[Pattern]
    substances: list[str]
    processes: list[str]
    never: Pattern
    leading: Pattern
    trailing: Pattern
    window: int = Field(ge=0, le=30)
    before: Pattern
    after: Pattern
    without: Pattern
    other_words: list[Pattern]


@dataclass(frozen=True)
class ExclusionRules:
    """Compiled rules: where a need may exclude something, what may be a name, what turns a place in a patent."""

    cues: re.Pattern[str]
    short: re.Pattern[str]
    trailing_cues: re.Pattern[str]
    name: re.Pattern[str]
    known: frozenset[str]
    never: re.Pattern[str]
    leading: re.Pattern[str]
    trailing: re.Pattern[str]
    window: int
    before: re.Pattern[str]
    after: re.Pattern[str]
    without: str
    other_words: re.Pattern[str]


def load(data_dir: Path | None = None) -> ExclusionRules:
    """The rules in force. Raises InvalidInput."""
    return _compiled(read(__name__, FILE_NAME, data_dir))


@lru_cache(4)
def _compiled(file: RuleFile) -> ExclusionRules:
    table = parse(file, _Table)
    known = sorted([*table.substances, *table.processes], key=len, reverse=True)
    named = "|".join(map(re.escape, known))
    stopped = rf"[^{table.stops}]{{1,{table.reach}}}"
    return ExclusionRules(
        cues=re.compile("|".join(table.cues)),
        short=re.compile(
            rf"(?:{'|'.join(table.short_cues)})(?P<x>{named})"
            rf"|(?:{'|'.join(table.bounded_cues)})(?P<y>{named})(?={table.bounds})"
        ),
        trailing_cues=re.compile(rf"(?P<x>{stopped}?)(?:{'|'.join(table.trailing_cues)})"),
        name=re.compile(stopped),
        known=frozenset(known),
        never=re.compile(table.never),
        leading=re.compile(table.leading),
        trailing=re.compile(f"(?:{table.trailing})$"),
        window=table.window,
        before=re.compile(table.before),
        after=re.compile(table.after),
        without=table.without,
        other_words=re.compile("|".join(table.other_words) or "(?!)"),
    )


def exclusions(text: str, rules: ExclusionRules | None = None) -> list[Exclusion]:
    """The exclusions of a need in the order of their places, each term once."""
    rules, text = rules or load(), text[:MOST_READ]
    found: dict[str, Exclusion] = {}
    for start, end, term in sorted(_stated(text, rules)):
        found.setdefault(term, Exclusion(term=term, text=text[start:end], start=start, end=end))
    return list(found.values())


def broken(
    excluded: Sequence[Exclusion], fields: Mapping[str, str], rules: ExclusionRules | None = None
) -> list[BrokenExclusion]:
    """The exclusions that a patent with these texts breaks, each with the first sentence that does."""
    rules = rules or load()
    held = ((one, _breaking(one.term, fields, rules)) for one in excluded)
    return [
        breach.model_copy(update={"exclusion": one, "text": _wording(one)})
        for one, breach in held
        if breach is not None
    ]


def _wording(one: Exclusion) -> str:
    return f"要求{one.text}，该专利含{one.term}"


def _stated(text: str, rules: ExclusionRules) -> Iterator[tuple[int, int, str]]:
    """Start, end and term of each exclusion."""
    for cue in rules.cues.finditer(text):
        yield from _listed(text, cue.start(), cue.end(), rules)
    hidden = [match.span() for match in rules.other_words.finditer(text)]
    for found in rules.short.finditer(text):
        is_other = any(start < found.end() and found.start() < end for start, end in hidden)
        if not is_other and not rules.after.match(text, found.end()):
            yield found.start(), found.end(), found["x"] or found["y"]
    for found in rules.trailing_cues.finditer(text):
        for term in _known_end(_core(found["x"], rules), rules):
            yield found.start(), found.end(), term


def _listed(text: str, start: int, at: int, rules: ExclusionRules) -> Iterator[tuple[int, int, str]]:
    """The names behind a cue: the first, and further ones of a list where they are known ones."""
    is_first = True
    while (found := rules.name.match(text, at)) is not None:
        name, term = found.group(), _core(found.group(), rules)
        if known := _known_end(term, rules) if _is_known(term, rules) else []:
            yield from ((start, found.end(), one) for one in known)
        elif is_first and len(term) > 1 and not (rules.never.match(name) or rules.never.match(term)):
            yield start, found.end(), term
        if not _LISTED.match(text, found.end()):
            return
        is_first, at = False, found.end() + 1


def _core(name: str, rules: ExclusionRules) -> str:
    """A name without what is said around it; nothing where it is all of that."""
    lead = rules.leading.match(name)
    return rules.trailing.sub("", name[lead.end() :] if lead else name)


def _is_known(name: str, rules: ExclusionRules) -> bool:
    return name in rules.known or (bool(name) and all(sign in rules.known for sign in name))


def _known_end(name: str, rules: ExclusionRules) -> list[str]:
    """The known name in which a name ends, or all that it is a row of (铅汞)."""
    row = re.search(f"[{''.join(one for one in rules.known if len(one) == 1)}]*$", name)
    longest = max((known for known in rules.known if name.endswith(known)), key=len, default="")
    return [*row.group()] if row and len(row.group()) > len(longest) else [longest] if longest else []


def _breaking(term: str, fields: Mapping[str, str], rules: ExclusionRules) -> BrokenExclusion | None:
    """The first sentence that states the term as present; None where the patent says that it does without."""
    without = re.compile(f"{rules.without}[^，。；]{{0,2}}{re.escape(term)}", re.IGNORECASE)
    if any(without.search(text) for text in fields.values()):
        return None
    for name, text in fields.items():
        for sentence in sentences(text):
            if _states(sentence.text, term, rules):
                return BrokenExclusion(
                    exclusion=Exclusion(term=term, text="", start=0, end=0),
                    text="",
                    field=name,
                    sentence=sentence.text,
                    start=sentence.start,
                    end=sentence.end,
                )
    return None


def _states(sentence: str, term: str, rules: ExclusionRules) -> bool:
    """Whether a place of the term in a sentence is turned by nothing around it."""
    hidden = [match.span() for match in rules.other_words.finditer(sentence)]
    for place in re.finditer(re.escape(term), sentence, re.IGNORECASE):
        clause = max(sentence.rfind(mark, 0, place.start()) for mark in "，,；;。") + 1
        leading = sentence[max(clause, place.start() - rules.window) : place.start()]
        is_other = any(a <= place.start() and place.end() <= b for a, b in hidden)
        if not (is_other or rules.before.search(leading) or rules.after.match(sentence, place.end())):
            return True
    return False
