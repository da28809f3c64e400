"""Retrieval (检索): candidates of both legs, dense and lexical, under the same filters, ranked by relevance.

Pre-filtering: both legs search only the documents that meet the filters, so a narrow filter never loses a match. Each leg
returns the exact best DEPTH; every candidate of either is scored in all parts, and adjusted by the factors of the caller
(`matching.ranking.factors`), before the best are taken: the list is exact among the candidates.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from index.arrays import Floats
from index.attributes import Attributes
from index.engine import AskingNeed, AskingPatent, Candidates, Engine, Filters, less_mean
from index.text import tokens
from matching.retrieval.relevance import MICRO, WEIGHTS, Amounts, Weights, hub_share, parts

DEPTH = 200
"""Candidates of each leg."""

Raise = Callable[[Attributes], Amounts]
"""What is added to the relevance of records with these attributes, in millionths."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A record of the ranking. `document`, `sentence`, `lexical` are the parts of `relevance`, which add up to it exactly.

    `score`, by which records are ranked, is the relevance with what was added to it. `place` is the number of the nearest
    sentence in the patent's text; `bm25` is not weighed; a rank is None below the leg's depth.
    """

    id: int
    score: float
    relevance: float
    document: float
    sentence: float
    lexical: float
    bm25: float
    place: int
    dense_rank: int | None
    lexical_rank: int | None


def asking_need(
    text: str, vector: Floats, mean: Floats, needs: int, weights: Weights = WEIGHTS
) -> AskingNeed:
    """The need written as `text`, embedded as `vector`, where so many open needs have that mean vector."""
    return AskingNeed(less_mean(vector, mean, hub_share(needs, weights)), tokens(text))


def asking_among(text: str, vector: Floats, needs: Engine[AskingPatent]) -> AskingNeed:
    """The need written as `text`, embedded as `vector`, among the open `needs` of a generation."""
    return asking_need(text, vector, needs.statistics.mean, needs.statistics.documents)


def asking_patent(patents: Engine[AskingNeed], id_: int, text: str) -> AskingPatent:
    """A patent of a generation, with its text."""
    return AskingPatent(patents.vectors(np.array([id_]))[0], patents.sentences(id_), tokens(text))


def retrieve(
    patents: Engine[AskingNeed],
    need: AskingNeed,
    filters: Filters,
    top: int = 10,
    weights: Weights = WEIGHTS,
    raised: Raise | None = None,
) -> list[Hit]:
    """The `top` patents with the best scores among those that meet the filters, best first, ties by id.

    `raised` adds to the relevance of every candidate before the best are taken.
    """
    return ranked(patents.candidates(need, filters, max(DEPTH, top)), top, weights, raised)


def retrieve_needs(
    needs: Engine[AskingPatent],
    patent: AskingPatent,
    filters: Filters,
    top: int = 10,
    weights: Weights = WEIGHTS,
    raised: Raise | None = None,
) -> list[Hit]:
    """The `top` needs with the best scores for a patent, in the order of `retrieve`."""
    asking = replace(patent, share=hub_share(needs.statistics.documents, weights))
    return ranked(needs.candidates(asking, filters, max(DEPTH, top)), top, weights, raised)


def ranked(found: Candidates, top: int, weights: Weights = WEIGHTS, raised: Raise | None = None) -> list[Hit]:
    """The `top` candidates with the best scores, best first, ties by id."""
    scored = parts(found.scores, weights)
    relevance = scored.total
    total = relevance + raised(found.attributes)[found.document] if raised else relevance
    order = np.lexsort((found.ids, -total))[:top]
    amounts = (total, relevance, scored.document, scored.sentence, scored.lexical)
    columns = (
        found.ids[order].tolist(),
        *((amount[order] / MICRO).tolist() for amount in amounts),
        found.scores.bm25[order].tolist(),
        found.scores.place[order].tolist(),
        *(
            [rank or None for rank in ranks[order].tolist()]
            for ranks in (found.dense_rank, found.lexical_rank)
        ),
    )
    return [Hit(*values) for values in zip(*columns, strict=True)]
