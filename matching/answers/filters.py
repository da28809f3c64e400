"""Conditions on matches (匹配条件)."""

from pydantic import Field

from assessment.eligibility.gate import Eligibility
from index.engine import Filters


class MatchFilters(Filters):
    """Those of the index, and verdicts of the day, which no index can know beforehand."""

    eligibility: list[Eligibility] = Field(default_factory=list)
