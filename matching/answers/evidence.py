"""Evidence (依据): the sentences of a record nearest to the query, quoted verbatim."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from catalog.demand.needs import NeedPublic
from catalog.supply.patents import PatentBase
from catalog.supply.patents_shown import PatentPublic
from index.text import Sentence, sentences, token_sets

MAX_EVIDENCE = 2
MEANING, WORDS = "meaning", "words"

Quotable = tuple[str, Sentence]
"""A sentence of a record, behind the name of its field."""


@dataclass(frozen=True, slots=True)
class EvidenceSentence:
    """A sentence of `field` at [start, end) of its text.

    `score` is its similarity by MEANING, or its agreement with the query in WORDS, in [0, 1].
    """

    field: str
    sentence: str
    start: int
    end: int
    score: float
    basis: str = WORDS


def text_fields(patent: PatentBase | PatentPublic) -> dict[str, str]:
    """The texts of a patent by field, in the order in which `index.generations.build.patent_text` joins them."""
    return {"title": patent.title, "abstract": patent.abstract, "first_claim": patent.first_claim}


def need_fields(need: NeedPublic) -> dict[str, str]:
    """The texts of a need by field."""
    return {"title": need.title, "text": need.text}


def quotable(fields: Mapping[str, str]) -> list[Quotable]:
    """The sentences of the fields, numbered as a collection numbers them: those of the joined text in order."""
    return quotable_all([fields])[0]


def quotable_all(records: Sequence[Mapping[str, str]]) -> list[list[Quotable]]:
    """The sentences of the fields of each record."""
    texts = [(at, name, text) for at, fields in enumerate(records) for name, text in fields.items()]
    parts = [sentences(text) for _, _, text in texts]
    found: list[list[Quotable]] = [[] for _ in records]
    for (at, name, _), pieces in zip(texts, parts, strict=True):
        found[at] += [(name, part) for part in pieces]
    return found


def nearest_sentence(parts: Sequence[Quotable], place: int, score: float) -> EvidenceSentence | None:
    """The sentence with that number; None where the record has become shorter than the one that was indexed."""
    return _quoted(parts[place], score, MEANING) if place < len(parts) else None


def _quoted(part: Quotable, score: float, basis: str) -> EvidenceSentence:
    field, sentence = part
    return EvidenceSentence(field, sentence.text, sentence.start, sentence.end, round(score, 4), basis)


class QueryProfile:
    """The query's distinct tokens with their weights, against which sentences are held.

    The agreement is the cosine of the binary tf-idf vectors of query and sentence: words that are rare in the
    collection count most, and a long sentence gains nothing by its length.
    """

    def __init__(
        self, query_tokens: Iterable[str], idfs: Callable[[Sequence[str]], NDArray[np.float64]]
    ) -> None:
        self._idfs = idfs
        self._query = set(query_tokens)
        self._squares: dict[str, float] = {}
        self._learn(self._query)
        self._norm = sqrt(self._weight(self._query))

    def evidence(
        self, records: Sequence[Sequence[Quotable]], limit: int = MAX_EVIDENCE
    ) -> list[list[EvidenceSentence]]:
        """The best `limit` sentences of each record, best first; none that shares no word with the query."""
        words = iter(token_sets([part.text for parts in records for _, part in parts]))
        touching = [
            [(part, own) for part, own in zip(parts, words, strict=False) if not own.isdisjoint(self._query)]
            for parts in records
        ]
        # One look-up for the words of all records.
        self._learn(set[str]().union(*(own for pairs in touching for _, own in pairs)))
        return [self._best([(part, self._cosine(own)) for part, own in pairs], limit) for pairs in touching]

    def _best(self, agreeing: list[tuple[Quotable, float]], limit: int) -> list[EvidenceSentence]:
        found = [_quoted(part, score, WORDS) for part, score in agreeing]
        return sorted((one for one in found if one.score > 0), key=lambda one: -one.score)[:limit]

    def _cosine(self, own: set[str]) -> float:
        return self._weight(own & self._query) / (sqrt(self._weight(own)) * self._norm)

    def _weight(self, words: set[str]) -> float:
        return sum(map(self._squares.__getitem__, words))

    def _learn(self, words: set[str]) -> None:
        new = [word for word in words if word not in self._squares]
        if new:
            self._squares.update(zip(new, (self._idfs(new) ** 2).tolist(), strict=True))
