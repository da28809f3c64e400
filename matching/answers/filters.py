"""Conditions on matches (匹配条件), and marks of them."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field

from assessment.eligibility.gate import Eligibility
from catalog.kit.terms import Band
from index.engine import Filters


class MatchFilters(Filters):
    """Those of the index, verdicts of the day and the least band, which no index can know beforehand."""

    eligibility: list[Eligibility] = Field(default_factory=list)
    min_band: Band | None = None

    @classmethod
    def of(cls, filters: Filters) -> MatchFilters:
        """The conditions of `filters`."""
        return filters if isinstance(filters, cls) else cls(**filters.model_dump())


@dataclass(frozen=True, slots=True)
class Marks:
    """The patents that were marked, by id."""

    suitable: frozenset[int] = frozenset()
    unsuitable: frozenset[int] = frozenset()
