"""Questions (追问): missing elements of a need, asked about only where the answer would change the top ten most.

For each missing element the nearest patents suggest answers in their own phrases. Each answer is tried: the need with it is
ranked, and the expected change of the first ten, over the answers by their likelihood, decides which questions are asked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, Field

from index.text import fold, tokens
from matching.need.element_rules import Element, ElementRules, load
from matching.need.elements import ElementPhrase, missing, stated, with_answer

MOST_QUESTIONS = 2
MOST_ANSWERS, FEWEST_ANSWERS = 4, 2
FIRST = 10
"""The first places whose change counts."""
LEAST_CHANGE = 0.1
"""Below one place in ten a question is not worth the trouble."""
NEAREST = 30
"""Patents that suggest answers."""

_PHRASES_A_PATENT = 3
_LONGEST_ANSWER = 16
# A patent at rank r has the weight 1 / (_DAMPING + r): the first few do not decide alone.
_DAMPING = 3
# Two phrases that share half of their bigrams count as one answer.
_SAME = 0.5

Rank = Callable[[Sequence[str]], Sequence[Sequence[int]]]
"""Ranks patents for several needs at once: for each text the ids, best first, at least FIRST where there are so many."""


@dataclass(frozen=True, slots=True)
class NearPatent:
    """A patent of the present ranking with the texts that suggest answers (title, abstract)."""

    id: int
    texts: Sequence[str]


class Question(BaseModel):
    """A question to the author of the need; any other answer may be typed."""

    element: Element = Field(description="所问的要素")
    element_name: str = Field(description="所缺的要素：材料、方法、功效、产品、应用")
    text: str = Field(description="问题")
    answers: list[str] = Field(description="可选的答案，取自当前最接近的专利；也可自行填写")
    expected_change: float = Field(description="回答后前十名预计更换的比例，0 至 1")


def questions(
    text: str,
    phrases: Sequence[ElementPhrase],
    nearest: Sequence[NearPatent],
    rank: Rank,
    rules: ElementRules | None = None,
) -> list[Question]:
    """At most two questions on what a need does not state, the one that changes most first.

    `phrases` are the elements the need states, `nearest` the present ranking, best first. `rank` is called once, with at
    most 20 texts.
    """
    rules = rules or load()
    suggested = _suggested(text, missing(phrases), nearest[:NEAREST], rules)
    trials = [
        (element, answer, share)
        for element, answers in suggested.items()
        for answer, share in answers.items()
    ]
    if not trials:
        return []
    rankings = rank([with_answer(text, element, answer) for element, answer, _ in trials])
    before = {patent.id for patent in nearest[:FIRST]}
    expected: dict[Element, float] = defaultdict(float)
    for (element, _, share), ranking in zip(trials, rankings, strict=True):
        expected[element] += share * _change(before, ranking)
    chosen = sorted((e for e in suggested if expected[e] >= LEAST_CHANGE), key=lambda e: -expected[e])
    return [
        Question(
            element=element,
            element_name=element.label,
            text=rules.questions[element],
            answers=list(suggested[element]),
            expected_change=round(expected[element], 4),
        )
        for element in chosen[:MOST_QUESTIONS]
    ]


def _change(before: set[int], ranking: Sequence[int]) -> float:
    """The share of the first ten that are no longer there."""
    return 1 - len(before & set(ranking[:FIRST])) / max(len(before), 1)


def _suggested(
    need: str, elements: Sequence[Element], nearest: Sequence[NearPatent], rules: ElementRules
) -> dict[Element, dict[str, float]]:
    """The likeliest answers for each element with their shares, which add up to 1; elements with too few are left out."""
    votes: dict[Element, dict[str, float]] = {element: defaultdict(float) for element in elements}
    for place, patent in enumerate(nearest, 1):
        for element, phrases in _phrases(patent, elements, rules).items():
            for phrase in phrases:
                votes[element][phrase] += 1 / (_DAMPING + place)
    chosen = {element: _distinct(need, weights) for element, weights in votes.items()}
    return {
        element: {answer: weight / sum(weights.values()) for answer, weight in weights.items()}
        for element, weights in chosen.items()
        if len(weights) >= FEWEST_ANSWERS
    }


def _phrases(
    patent: NearPatent, elements: Sequence[Element], rules: ElementRules
) -> dict[Element, list[str]]:
    """The first short phrases of these elements in a patent."""
    found: dict[Element, list[str]] = defaultdict(list)
    for text in patent.texts:
        for phrase in stated(text, (), rules, elements):
            phrases = found[phrase.element]
            if (
                len(phrase.text) <= _LONGEST_ANSWER
                and phrase.text not in phrases
                and len(phrases) < _PHRASES_A_PATENT
            ):
                phrases.append(phrase.text)
    return found


def _distinct(need: str, votes: dict[str, float]) -> dict[str, float]:
    """The heaviest phrases that are not in the need and no two of which say the same; their kin votes with them."""
    folded = fold(need)
    chosen: dict[str, float] = {}
    for phrase in sorted(votes, key=lambda phrase: (-votes[phrase], phrase)):
        if fold(phrase) in folded:
            continue
        kin = next((other for other in chosen if _alike(phrase, other)), None)
        if kin is not None:
            chosen[kin] += votes[phrase]
        elif len(chosen) < MOST_ANSWERS:
            chosen[phrase] = votes[phrase]
    return chosen


def _alike(one: str, other: str) -> bool:
    words, other_words = set(tokens(one)), set(tokens(other))
    return (
        one in other or other in one or len(words & other_words) >= _SAME * min(len(words), len(other_words))
    )
