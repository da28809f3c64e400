"""The five elements of a need (需求五要素): material, method, effect, product, application (材料、方法、功效、产品、应用).

The rules of elements.toml find the phrases of a need that state an element, verbatim with their place. A user may also state
one outright in a line of its own, as answers to questions do: 材料：钛合金.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from pydantic import BaseModel, Field

from matching.need.cleaning import RemovedSpan, clauses
from matching.need.element_rules import Element, ElementRules, load

_EDGES = "，。；：！？、,;:!? \n\t（("
# A cleaned-out phrase of a few letters leaves the rest of its clause worth reading; a whole clause does not.
_SHORT = 8
_BY_LABEL = {element.label: element for element in Element}
_OUTRIGHT = re.compile(rf"^[ \t]*({'|'.join(_BY_LABEL)})[：:][ \t]*([^\n]+)", re.MULTILINE)


class ElementPhrase(BaseModel):
    """A phrase of a text that states an element: verbatim at [start, end) of it."""

    element: Element = Field(description="要素")
    text: str = Field(description="原文的词语")
    start: int = Field(description="起始位置（字符，从 0 起）")
    end: int = Field(description="结束位置（不含）")


def stated(
    text: str,
    removed: Sequence[RemovedSpan] = (),
    rules: ElementRules | None = None,
    wanted: Collection[Element] = tuple(Element),
) -> list[ElementPhrase]:
    """The `wanted` elements that a text states, in the order of their places; nothing of the `removed` spans."""
    rules = rules or load()
    lines = list(_OUTRIGHT.finditer(text))
    outright = [_phrase(_BY_LABEL[line[1]], text, *line.span(2)) for line in lines]
    hidden = [(span.start, span.end) for span in removed if span.end - span.start > _SHORT]
    hidden += [line.span() for line in lines]
    found = [
        phrase
        for start, end in clauses(text)
        if not any(a < end and start < b for a, b in hidden)
        for element in wanted
        for phrase in _of_clause(text, start, end, element, rules)
    ]
    kept = [phrase for phrase in outright if phrase.element in wanted]
    kept += [phrase for phrase in found if len(phrase.text) > 1]
    return sorted(kept, key=lambda phrase: (phrase.start, phrase.end, phrase.element))


def points(phrases: Sequence[ElementPhrase], rules: ElementRules | None = None) -> list[ElementPhrase]:
    """The phrases that are held against patents: the first of each element, none that repeats another."""
    rules = rules or load()
    kept: list[ElementPhrase] = []
    for phrase in phrases:
        same = [other for other in kept if other.element == phrase.element]
        if len(same) < rules.most[phrase.element] and not any(
            phrase.text in other.text or other.text in phrase.text for other in same
        ):
            kept.append(phrase)
    return kept


def missing(phrases: Sequence[ElementPhrase]) -> list[Element]:
    """The elements that no phrase states."""
    known = {phrase.element for phrase in phrases}
    return [element for element in Element if element not in known]


def with_answer(text: str, element: Element, answer: str) -> str:
    """The need with an element stated outright, in a line of its own."""
    return f"{text.rstrip()}\n{element.label}：{' '.join(answer.split())}"


def _of_clause(text: str, start: int, end: int, element: Element, rules: ElementRules) -> list[ElementPhrase]:
    clause = text[start:end]
    if element is Element.EFFECT:
        if not rules.cues.search(clause):
            return []
        lead = rules.leads.match(clause)
        return [_phrase(element, text, start + (lead.end() if lead else 0), end)]
    spans = _outermost([*_nouns(clause, element, rules), *_patterned(clause, element, rules)])
    named = (_phrase(element, text, start + a, start + b) for a, b in spans)
    return [phrase for phrase in named if not rules.alone[element].fullmatch(phrase.text)]


def _nouns(clause: str, element: Element, rules: ElementRules) -> list[tuple[int, int]]:
    """The heads of an element, each with what stands before it up to the reach or a boundary."""
    heads = [match.span() for match in rules.heads[element].finditer(clause)]
    if not heads:
        return []
    edges = [0, *(match.end() for match in rules.boundary.finditer(clause))]
    return [
        (max(max(edge for edge in edges if edge <= start), start - rules.reach), end) for start, end in heads
    ]


def _patterned(clause: str, element: Element, rules: ElementRules) -> list[tuple[int, int]]:
    return [
        match.span("x" if "x" in pattern.groupindex else 0)
        for pattern in rules.patterns[element]
        for match in pattern.finditer(clause)
    ]


def _outermost(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The spans that lie in no other."""
    distinct = set(spans)
    return [s for s in distinct if not any(o != s and o[0] <= s[0] and s[1] <= o[1] for o in distinct)]


def _phrase(element: Element, text: str, start: int, end: int) -> ElementPhrase:
    while start < end and text[start] in _EDGES:
        start += 1
    while start < end and text[end - 1] in _EDGES:
        end -= 1
    return ElementPhrase(element=element, text=text[start:end], start=start, end=end)
