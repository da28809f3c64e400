"""Conditions on matches (匹配条件), and marks of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from pydantic import Field

from assessment.eligibility.gate import Eligibility
from catalog.kit.terms import Band
from index.engine import Filters
from matching.ranking.pair_factors import FactorOptions

ALL_FACTORS = FactorOptions()


class MatchFilters(Filters):
    """The filters of the index, with verdicts of the day and the least band, which no index can know beforehand."""

    eligibility: list[Eligibility] = Field(default_factory=list)
    min_band: Band | None = None

    @classmethod
    def of(cls, filters: Filters) -> MatchFilters:
        """The conditions of `filters`."""
        return filters if isinstance(filters, cls) else cls(**filters.model_dump())


@dataclass(frozen=True, slots=True)
class Wanted:
    """The list that is wanted: at most `top_k` under `filters`, as of the day `today` in Beijing time.

    With `fold` near-duplicates of a patent are listed under the best one; `as_of` names a kept generation.
    """

    top_k: int
    filters: Filters
    today: date
    options: FactorOptions = ALL_FACTORS
    fold: bool = True
    as_of: str | None = None


@dataclass(frozen=True, slots=True)
class Marks:
    """The patents that were marked, by id."""

    suitable: frozenset[int] = frozenset()
    unsuitable: frozenset[int] = frozenset()
