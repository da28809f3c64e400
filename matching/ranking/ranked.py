"""Ask -> Candidates -> Ranked (排序): what answers one that asks, best first, as deep as it is looked at."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from index.engine import AskingPatent, Candidates, Engine, Filters
from matching.ranking.pair_factors import AskedFactors
from matching.retrieval.relevance import WEIGHTS, hub_share
from matching.retrieval.retrieve import DEPTH, Hit, ranked

AskingT = TypeVar("AskingT")


@dataclass(frozen=True, slots=True)
class Ask(Generic[AskingT]):
    """What one side is asked: by whom, under which filters, and what raises or lowers the answers."""

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
    """The ask of a patent for needs, each less its share of what all of them have in common."""
    share = hub_share(needs.statistics.documents, WEIGHTS)
    return Ask(needs, replace(patent, share=share), filters, factors)


@dataclass(frozen=True, slots=True)
class Ranked(Generic[AskingT]):
    """The answers to an ask, of which `found` were looked for first."""

    ask: Ask[AskingT]
    found: Candidates

    def best(self, top: int) -> list[Hit]:
        """The best `top`, exact among the candidates of that depth; ties by id."""
        found = self.found if max(DEPTH, top) == self.found.depth else self.ask.candidates(top)
        return ranked(found, top, raised=self.ask.factors.raised)
