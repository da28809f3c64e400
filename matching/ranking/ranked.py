"""Ask -> Candidates -> Ranked (排序): the matches of a query, best first, to the depth required."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from catalog.kit.terms import Band
from index.engine import AskingPatent, Candidates, Engine, Filters
from matching.ranking.pair_factors import AskedFactors
from matching.retrieval.confidence import Levels
from matching.retrieval.relevance import WEIGHTS, hub_share
from matching.retrieval.retrieve import DEPTH, Hit, ranked

AskingT = TypeVar("AskingT")


@dataclass(frozen=True, slots=True)
class Ask(Generic[AskingT]):
    """A query to one side: the querying record, the filters, and the factors that adjust the scores."""

    engine: Engine[AskingT]
    asking: AskingT
    filters: Filters
    factors: AskedFactors

    def candidates(self, top: int, sample: int = 0) -> Candidates:
        """Candidates for the best `top`, and at once the scores of an even sample of that size."""
        return self.engine.candidates(self.asking, self.filters, max(DEPTH, top), sample)


def asking_needs(
    needs: Engine[AskingPatent], patent: AskingPatent, filters: Filters, factors: AskedFactors
) -> Ask[AskingPatent]:
    """The query of a patent for needs, each less its share of the mean of all needs."""
    share = hub_share(needs.statistics.documents, WEIGHTS)
    return Ask(needs, replace(patent, share=share), filters, factors)


@dataclass(frozen=True, slots=True)
class Ranked(Generic[AskingT]):
    """The results of a query; `found` are the candidates of its first search.

    `levels` give the hits their confidence; those below the band `least` are left out.
    """

    ask: Ask[AskingT]
    found: Candidates
    levels: Levels = field(default_factory=Levels)
    least: Band | None = None

    def best(self, top: int) -> list[Hit]:
        """The best `top`, exact among the candidates of that depth; ties by id."""
        found = self.found if max(DEPTH, top) == self.found.depth else self.ask.candidates(top)
        return self.levels.at_least(ranked(found, top, raised=self.ask.factors.raised), self.least)
