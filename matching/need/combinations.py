"""Portfolios (专利组合): for a need that no single patent covers, the smallest sets that together do.

The search is exact: every set of up to three candidates is considered. Candidates that another one covers are kept, since
they may have fewer owners or a known fee.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from itertools import combinations
from operator import or_

from pydantic import BaseModel, Field

from catalog.kit.money import Money

MOST_PATENTS = 3
MOST_CANDIDATES = 50
MOST_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Combinable:
    """A patent that may be part of a portfolio.

    `covered` are the numbers of the points of the need that it covers; `owners` identify its holders; `fixed_fee` is the
    fixed fee or entry fee (元) of its licence terms, 0 when it is free and None where no terms state one.
    """

    patent_id: int
    covered: frozenset[int]
    owners: frozenset[str]
    score: float
    fixed_fee: Decimal | None


class Portfolio(BaseModel):
    """A set of patents that together cover points of the need."""

    patent_ids: list[int] = Field(description="组合中的专利，按匹配得分排列")
    covered: list[int] = Field(description="共同覆盖的要点序号（从 0 起）")
    uncovered: list[int] = Field(description="没有覆盖的要点序号")
    owners: int = Field(description="涉及的专利权人数")
    score: float = Field(description="匹配得分之和")
    fixed_fee: Money = Field(description="已知的固定费用或入门费合计（元）")
    fee_unknown: list[int] = Field(description="许可条件未写明固定费用的专利")


def portfolios(candidates: Sequence[Combinable], points: int, limit: int = MOST_SHOWN) -> list[Portfolio]:
    """The best sets for a need of so many points, best first; none where a single patent covers as much.

    Sets that cover most points come first, then the smallest, those with the fewest owners, the greatest total score.
    Only sets that cover as much as the first are shown, and none with a patent that could be left out.
    """
    found = [candidate for candidate in candidates[:MOST_CANDIDATES] if candidate.covered]
    fitting = _smallest_of_most(found)
    if not fitting or len(fitting[0]) == 1:
        return []
    return [_portfolio(members, points) for members in sorted(fitting, key=_order)[:limit]]


def _smallest_of_most(candidates: Sequence[Combinable]) -> list[tuple[Combinable, ...]]:
    """All sets of the smallest size among those that cover most points."""
    masks = [sum(1 << number for number in candidate.covered) for candidate in candidates]
    fitting: list[tuple[int, ...]] = []
    most = 0
    for size in range(1, MOST_PATENTS + 1):
        for places in combinations(range(len(masks)), size):
            covered = reduce(or_, map(masks.__getitem__, places)).bit_count()
            if covered > most:
                most, fitting = covered, [places]
            elif covered == most and fitting and len(fitting[0]) == size:
                fitting.append(places)
    return [tuple(candidates[place] for place in places) for places in fitting]


def _owners(members: Sequence[Combinable]) -> frozenset[str]:
    return frozenset().union(*(candidate.owners for candidate in members))


def _total(members: Sequence[Combinable]) -> float:
    return round(sum(sorted(candidate.score for candidate in members)), 9)


def _order(members: Sequence[Combinable]) -> tuple[int, float, list[int]]:
    return len(_owners(members)), -_total(members), sorted(candidate.patent_id for candidate in members)


def _portfolio(members: Sequence[Combinable], points: int) -> Portfolio:
    covered = frozenset().union(*(candidate.covered for candidate in members))
    ranked = sorted(members, key=lambda candidate: (-candidate.score, candidate.patent_id))
    return Portfolio(
        patent_ids=[candidate.patent_id for candidate in ranked],
        covered=sorted(covered),
        uncovered=[number for number in range(points) if number not in covered],
        owners=len(_owners(members)),
        score=_total(members),
        fixed_fee=sum(
            (candidate.fixed_fee for candidate in members if candidate.fixed_fee is not None), Decimal(0)
        ),
        fee_unknown=[candidate.patent_id for candidate in ranked if candidate.fixed_fee is None],
    )
