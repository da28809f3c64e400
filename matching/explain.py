"""Evidence (依据): the sentences of a record that answer the query, quoted verbatim."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

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

    def __init__(self, query_tokens: Iterable[str], idf: Callable[[str], float]) -> None:
        self._idf = idf
        self._weights = {token: idf(token) for token in set(query_tokens)}
        self._norm = sqrt(sum(weight * weight for weight in self._weights.values()))

    def agreement(self, text: str) -> float:
        """Cosine of query and `text`, 0 where they share nothing."""
        own = set(tokens(text))
        shared = sum(self._weights[token] ** 2 for token in own if token in self._weights)
        if not shared:
            return 0.0
        norm = sqrt(sum((self._weights.get(token) or self._idf(token)) ** 2 for token in own))
        return shared / (norm * self._norm)

    def evidence(
        self, fields: Sequence[tuple[str, str]], limit: int = MAX_EVIDENCE
    ) -> list[EvidenceSentence]:
        """The best `limit` sentences of the named texts, best first; none that shares no word with the query."""
        found = [
            EvidenceSentence(name, part.text, part.start, part.end, round(self.agreement(part.text), 4))
            for name, text in fields
            for part in sentences(text)
        ]
        agreeing = [sentence for sentence in found if sentence.score > 0]
        return sorted(agreeing, key=lambda sentence: -sentence.score)[:limit]
