"""Evidence (依据): the sentences of a record that answer the query, quoted verbatim."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from catalog.patents import PatentBase, PatentPublic
from index.text import sentences, tokens

MAX_EVIDENCE = 2


MEANING, WORDS = "meaning", "words"


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
    """The texts of a patent by field, in the order in which `index.build.patent_text` joins them."""
    return {"title": patent.title, "abstract": patent.abstract, "first_claim": patent.first_claim}


def nearest_sentence(fields: Mapping[str, str], place: int, score: float) -> EvidenceSentence | None:
    """The sentence with that number in the fields, as a collection numbers them: those of the joined text in order.

    None where the record has become shorter than the one that was indexed.
    """
    for name, text in fields.items():
        its = sentences(text)
        if place < len(its):
            part = its[place]
            return EvidenceSentence(name, part.text, part.start, part.end, round(score, 4), MEANING)
        place -= len(its)
    return None


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
        self._norm = sqrt(sum(self._squares[token] for token in self._query))

    def evidence(
        self, fields: Sequence[tuple[str, str]], limit: int = MAX_EVIDENCE
    ) -> list[EvidenceSentence]:
        """The best `limit` sentences of the named texts, best first; none that shares no word with the query."""
        parts = [(name, part) for name, text in fields for part in sentences(text)]
        scores = self._agreements([part.text for _, part in parts])
        found = [
            EvidenceSentence(name, part.text, part.start, part.end, round(score, 4))
            for (name, part), score in zip(parts, scores, strict=True)
        ]
        agreeing = [sentence for sentence in found if sentence.score > 0]
        return sorted(agreeing, key=lambda sentence: -sentence.score)[:limit]

    def _agreements(self, texts: Sequence[str]) -> list[float]:
        owns = [set(tokens(text)) for text in texts]
        # Those that share something alone are worth looking their words up, all at once.
        touching = [own if own & self._query else set[str]() for own in owns]
        self._learn(set[str]().union(*touching))
        return [self._cosine(own) if own else 0.0 for own in touching]

    def _cosine(self, own: set[str]) -> float:
        shared = sum(self._squares[token] for token in own & self._query)
        norm = sqrt(sum(self._squares[token] for token in own))
        return shared / (norm * self._norm)

    def _learn(self, words: set[str]) -> None:
        new = [word for word in words if word not in self._squares]
        if new:
            self._squares.update(zip(new, (self._idfs(new) ** 2).tolist(), strict=True))
