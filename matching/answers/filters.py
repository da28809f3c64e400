"""Conditions on matches (匹配条件), and marks of them."""

from dataclasses import dataclass

from pydantic import Field

from assessment.eligibility.gate import Eligibility
from index.engine import Filters


class MatchFilters(Filters):
    """Those of the index, and verdicts of the day, which no index can know beforehand."""

    eligibility: list[Eligibility] = Field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Marks:
    """The patents that were marked, by id."""

    suitable: frozenset[int] = frozenset()
    unsuitable: frozenset[int] = frozenset()
