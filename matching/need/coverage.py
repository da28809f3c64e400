"""Coverage (覆盖): the points of a need that a patent covers, each with the sentence of that patent that covers it.

Everything shown for a patent is quoted from this one patent. The score of a sentence is the probability that it covers the point,
measured on hand-labelled pairs (evaluation/coverage.jsonl, docs/evaluation.md).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from index.arrays import Floats
from index.text import Sentence, sentences, tokens
from matching.need.element_rules import Element, ElementRules, load
from matching.need.elements import ElementPhrase
from matching.need.exclusions import Exclusion

COVERED = 0.5

Encode = Callable[[Sequence[str]], Floats]
Idfs = Callable[[Sequence[str]], NDArray[np.float64]]


class PointCoverage(BaseModel):
    """A point of the need and the sentence of the patent that comes nearest to it, verbatim at [start, end) of `field`."""

    point: ElementPhrase = Field(description="需求的要点")
    element_name: str = Field(description="材料、方法、功效、产品、应用")
    covered: bool = Field(description="专利是否有与这一要点对应的内容（score 不低于 0.5）")
    score: float = Field(description="该句与这一要点对应的可能性，0 至 1")
    field: str = Field(description="title、abstract 或 first_claim")
    sentence: str = Field(description="原文的句子")
    start: int = Field(description="起始位置（字符，从 0 起）")
    end: int = Field(description="结束位置（不含）")


class PatentCoverage(BaseModel):
    """All points of the need against one patent."""

    points: list[PointCoverage] = Field(description="各要点在专利中的对照")
    covered: int = Field(description="已覆盖的要点数")
    elements: list[Element] = Field(description="至少有一个要点被覆盖的要素")


@dataclass(frozen=True, slots=True)
class NeedPoints:
    """The points of a need: their vectors (n, dimensions), the idf of their words, the vector of the whole need."""

    points: list[ElementPhrase]
    vectors: Floats
    need: Floats
    words: list[dict[str, float]]

    @classmethod
    def of(cls, points: list[ElementPhrase], need: Floats, encode: Encode, idfs: Idfs) -> NeedPoints:
        """`need` is the unit vector of the whole need; `encode` embeds queries, `idfs` weighs tokens among the patents."""
        vectors = encode([point.text for point in points]) if points else np.empty((0, len(need)), np.float32)
        words = [_weighed(sorted(set(tokens(point.text))), idfs) for point in points]
        return cls(points, vectors, need, words)


@dataclass(frozen=True, slots=True)
class PatentSentences:
    """The sentences of a patent by field, with their vectors (n, dimensions) in the same order."""

    parts: list[tuple[str, Sentence]]
    vectors: Floats

    @classmethod
    def of(cls, fields: Mapping[str, str], vectors: Floats) -> PatentSentences:
        """The sentences of the named texts, in the order in which the collection embedded them.

        A record that has changed since then has other sentences: then none is known, and nothing is covered.
        """
        parts = [(name, sentence) for name, text in fields.items() for sentence in sentences(text)]
        return cls(parts, vectors) if len(parts) == len(vectors) else cls([], vectors[:0])


def cover(need: NeedPoints, patent: PatentSentences, rules: ElementRules | None = None) -> PatentCoverage:
    """Hold every point of the need against the sentences of one patent."""
    if not need.points or not patent.parts:
        return PatentCoverage(points=[], covered=0, elements=[])
    scores = _scores(need, patent, rules or load())
    best = scores.argmax(axis=1)
    found = [
        _covered(point, patent.parts[place], float(scores[n, place]))
        for n, (point, place) in enumerate(zip(need.points, best, strict=True))
    ]
    return _summed(found)


def without(coverage: PatentCoverage, broken: Sequence[Exclusion]) -> PatentCoverage:
    """The same where the points that state one of these exclusions of the need are not covered."""
    points = [
        one.model_copy(update={"covered": False, "score": 0.0})
        if any(one.point.start < exclusion.end and exclusion.start < one.point.end for exclusion in broken)
        else one
        for one in coverage.points
    ]
    return _summed(points)


def _summed(points: list[PointCoverage]) -> PatentCoverage:
    covered = [one.point.element for one in points if one.covered]
    return PatentCoverage(
        points=points, covered=len(covered), elements=[element for element in Element if element in covered]
    )


def _scores(need: NeedPoints, patent: PatentSentences, rules: ElementRules) -> NDArray[np.float64]:
    """The probability that each sentence covers each point, (points, sentences)."""
    weights = rules.coverage
    sentence_words = [set(tokens(sentence.text)) for _, sentence in patent.parts]
    words = np.array([[_share(point, own) for own in sentence_words] for point in need.words])
    meaning = (need.vectors @ patent.vectors.T).astype(np.float64)
    whole = (patent.vectors @ need.need).astype(np.float64)
    total = meaning + weights.words * words + weights.need * whole
    likely: NDArray[np.float64] = 1 / (1 + np.exp((weights.middle - total) / weights.spread))
    likely[~_named(need.points, sentence_words, weights.generic)] = 0
    return likely


def _named(
    points: Sequence[ElementPhrase], sentence_words: Sequence[set[str]], generic: str
) -> NDArray[np.bool_]:
    """Whether each sentence has a word of what stands before the generic head of each point, (points, sentences)."""
    heads = [re.fullmatch(f"(?!{generic}$)(?P<x>.{{2,}}?){generic}", point.text) for point in points]
    names = [set(tokens(head["x"])) if head else set() for head in heads]
    return np.array([[not name or not name.isdisjoint(own) for own in sentence_words] for name in names])


def _weighed(words: list[str], idfs: Idfs) -> dict[str, float]:
    return dict(zip(words, idfs(words).tolist(), strict=True)) if words else {}


def _share(point: dict[str, float], own: set[str]) -> float:
    """The share of a point's words, by idf, that a sentence has."""
    total = sum(point.values())
    return sum(idf for token, idf in point.items() if token in own) / total if total else 0.0


def _covered(point: ElementPhrase, part: tuple[str, Sentence], score: float) -> PointCoverage:
    name, sentence = part
    return PointCoverage(
        point=point,
        element_name=point.element.label,
        covered=score >= COVERED,
        score=round(score, 4),
        field=name,
        sentence=sentence.text,
        start=sentence.start,
        end=sentence.end,
    )
