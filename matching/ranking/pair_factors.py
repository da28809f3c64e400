"""The factors (对接因素) of needs and patents of a generation, given by their rows: sums, amounts with reasons, notices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from pydantic import BaseModel, Field

from index.arrays import Rows
from index.attributes import Attributes
from matching.ranking.factors import CODES, DocumentPair, FactorRules, Pairs
from matching.retrieval.relevance import MICRO, Amounts


class FactorAmount(BaseModel):
    """The amount that a factor adds to the score of a match or takes from it, and the reason."""

    code: str = Field(json_schema_extra={"enum": list(CODES)}, description="因素的代码")
    name: str = Field(description="因素的名称")
    amount: float = Field(description="计入得分的分值，可为负；资料不足的为 0")
    reason: str = Field(description="理由；资料不足的以“不计分”结尾")


@dataclass(frozen=True, slots=True)
class Context:
    """The attributes of a need besides its text: codes of segments and regions."""

    segments: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()

    @classmethod
    def at(cls, segments: Iterable[str] = (), region: str | None = None) -> Context:
        """The context of a need in these segments and at that place, a province or a prefecture."""
        return cls(tuple(segments), (f"{region[:2]}0000", region) if region else ())


@dataclass(frozen=True, slots=True)
class FactorOptions:
    """Whether factors count in a request, and the attributes it states of the need."""

    count: bool = True
    context: Context = Context()


class PairFactors:
    """The factors of needs and patents, given by their rows, on a day."""

    def __init__(self, rules: FactorRules, day: date, needs: Attributes, patents: Attributes) -> None:
        self._rules, self._day = rules, day
        self._needs, self._patents = needs, patents
        # Once for all pairs; reasons need the segments that no patent has, too.
        codes = patents.segment_codes
        self._coded_needs = replace(needs, segment_codes=codes, segments=needs.segments_among(codes))

    def total(self, needs: Rows, patents: Rows) -> Amounts:
        """The sum of all factors of pairs of rows, in millionths; arrays of one shape, or one row against many."""
        return self._sum(self._coded_needs.at(needs), self._patents.at(patents))

    def of_pairs(self, needs: Rows, patents: Rows) -> Amounts:
        """The sum of the factors that depend on both sides."""
        return self._sum(self._coded_needs.at(needs), self._patents.at(patents), of_both=True)

    def of_patents(self, patents: Rows) -> Amounts:
        """The sum of the factors that depend on the patent alone."""
        return self._sum(Attributes.of_one(), self._patents.at(patents), of_both=False)

    def explained(self, needs: Rows, patents: Rows, names: Mapping[str, str]) -> list[list[FactorAmount]]:
        """The factors of each pair of rows with their reasons; `names` are those of segments by code."""
        needs, patents = np.broadcast_arrays(needs, patents)
        patent_attributes, need_attributes = self._patents.at(patents), self._needs.at(needs)
        coded = Pairs(self._coded_needs.at(needs), patent_attributes, self._day)
        by_pair = zip(need_attributes.by_document(), patent_attributes.by_document(), strict=True)
        pairs = [DocumentPair(need, patent, self._day) for need, patent in by_pair]
        counted = [
            (code, factor, (factor.amounts(coded) / MICRO).tolist())
            for code, factor in self._rules.factors.items()
        ]
        return [
            [
                FactorAmount(
                    code=code, name=factor.label, amount=amounts[at], reason=factor.reason(pair, names)
                )
                for code, factor, amounts in counted
            ]
            for at, pair in enumerate(pairs)
        ]

    def _sum(self, needs: Attributes, patents: Attributes, *, of_both: bool | None = None) -> Amounts:
        """The sum over the factors that depend on both sides, or on the patent alone, or over all of them."""
        pairs = Pairs(needs, patents, self._day)
        total = np.zeros(np.broadcast_shapes(needs.last_day.shape, patents.last_day.shape), np.int64)
        for factor in self._rules.factors.values():
            if factor.weight and of_both in (None, factor.of_both):
                total += factor.amounts(pairs)
        return total


@dataclass(frozen=True, slots=True)
class AskedFactors:
    """The factors of the matches of a need or a patent, given by its attributes, one row; without `rules` none count."""

    rules: FactorRules | None = None
    day: date = date.min
    need: Attributes | None = None
    patent: Attributes | None = None

    def raised(self, attributes: Attributes) -> Amounts:
        """The amounts added to the relevance of matches with these attributes, in millionths."""
        pairs = self._pairs(attributes)
        return (
            pairs.total(*self._rows(attributes)) if pairs else np.zeros(attributes.last_day.shape, np.int64)
        )

    def explained(self, attributes: Attributes, names: Mapping[str, str]) -> list[list[FactorAmount]]:
        """The factors of each match with their reasons; none where they do not count."""
        pairs = self._pairs(attributes)
        return pairs.explained(*self._rows(attributes), names) if pairs else [[] for _ in attributes.last_day]

    def notices(self, generation: str, attributes: Attributes) -> list[str]:
        """Notices where a generation of that name lacks what a factor needs."""
        if self.rules is None:
            return []
        return self.rules.notices(generation, self._patents(attributes))

    def _pairs(self, attributes: Attributes) -> PairFactors | None:
        if self.rules is None:
            return None
        needs = attributes if self.need is None else self.need
        return PairFactors(self.rules, self.day, needs, self._patents(attributes))

    def _patents(self, attributes: Attributes) -> Attributes:
        return (self.patent if self.need is None else attributes) or Attributes.of_one()

    def _rows(self, attributes: Attributes) -> tuple[Rows, Rows]:
        one, every = np.zeros(1, np.int64), np.arange(attributes.last_day.size)
        return (every, one) if self.need is None else (one, every)
