"""The factors (对接因素) of needs and patents of a generation, given by their rows: sums, amounts with reasons, notices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from index.generations.attributes import Attributes
from matching.ranking.factors import CODES, FactorRules, Pairs
from matching.retrieval.relevance import MICRO, Amounts

Rows = NDArray[np.int64]


class FactorAmount(BaseModel):
    """What a factor adds to the score of a match, or takes from it, and why."""

    code: str = Field(json_schema_extra={"enum": list(CODES)})
    name: str
    amount: float = Field(description="计入得分的金额，可为负；未知的为 0")
    reason: str = Field(description="理由；资料不足的以“未知”开头")


@dataclass(frozen=True, slots=True)
class Context:
    """What is known of a need besides its text: codes of segments and regions."""

    segments: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()

    @classmethod
    def at(cls, segments: Iterable[str] = (), region: str | None = None) -> Context:
        """The context of a need in these segments and at that place, a province or a prefecture."""
        return cls(tuple(segments), (f"{region[:2]}0000", region) if region else ())


@dataclass(frozen=True, slots=True)
class FactorOptions:
    """Whether factors count in a request, and what it says of the need."""

    count: bool = True
    context: Context = Context()


class PairFactors:
    """The factors of needs and patents, given by their rows, on a day."""

    def __init__(self, rules: FactorRules, day: date, needs: Attributes, patents: Attributes) -> None:
        self._rules, self._day = rules, day
        self._needs, self._patents = needs, patents
        # Once for all pairs; reasons need the segments that no patent has, too.
        codes = patents.segment_codes
        self._asked = replace(needs, segment_codes=codes, segments=needs.segments_among(codes))

    def total(self, needs: Rows, patents: Rows) -> Amounts:
        """The sum of all factors of pairs of rows, in millionths; arrays of one shape, or one row against many."""
        return self.of_pairs(needs, patents) + self.of_patents(patents)

    def of_pairs(self, needs: Rows, patents: Rows) -> Amounts:
        """The sum of the factors that depend on both sides."""
        return self._sum(self._asked.at(needs), patents, of_both=True)

    def of_patents(self, patents: Rows) -> Amounts:
        """The sum of the factors that depend on the patent alone."""
        return self._sum(Attributes.of_one(), patents, of_both=False)

    def of_needs(self, rows: Rows) -> PairFactors:
        """The same for the needs of these rows alone, numbered anew in their order."""
        return PairFactors(self._rules, self._day, self._needs.at(rows), self._patents)

    def explained(self, needs: Rows, patents: Rows, names: Mapping[str, str]) -> list[list[FactorAmount]]:
        """The factors of each pair of rows with their reasons; `names` are those of segments by code."""
        needs, patents = np.broadcast_arrays(needs, patents)
        its = self._patents.at(patents)
        asked, said = (Pairs(side.at(needs), its, self._day) for side in (self._asked, self._needs))
        counted = [
            (code, factor, (factor.amounts(asked) / MICRO).tolist())
            for code, factor in self._rules.factors.items()
        ]
        return [
            [
                FactorAmount(
                    code=code, name=factor.label, amount=amounts[at], reason=factor.reason(said, at, names)
                )
                for code, factor, amounts in counted
            ]
            for at in range(len(needs))
        ]

    def notices(self, generation: str) -> list[str]:
        """What to tell where a generation of that name lacks what a factor needs."""
        return [
            f"索引 {generation} 建立时还没有{factor.label}一列，该因素按未知计；请运行 patentdock reindex"
            for factor in self._rules.factors.values()
            if factor.weight and factor.is_unknown_to(self._patents)
        ]

    def _sum(self, asked: Attributes, rows: Rows, *, of_both: bool) -> Amounts:
        pairs = Pairs(asked, self._patents.at(rows), self._day)
        counting = [
            factor for factor in self._rules.factors.values() if factor.weight and factor.of_both == of_both
        ]
        total = np.zeros(np.broadcast_shapes((len(asked),), rows.shape), np.int64)
        for factor in counting:
            total += factor.amounts(pairs)
        return total


@dataclass(frozen=True, slots=True)
class AskedFactors:
    """The factors of the rows that answer one need or one patent, given as a row; without `pairs` none count."""

    pairs: PairFactors | None = None
    need: int | None = None
    patent: int | None = None

    def raised(self, rows: Rows) -> Amounts:
        """What is added to the relevance of these rows of the answering side, in millionths."""
        return self.pairs.total(*self._pair(rows)) if self.pairs else np.zeros(len(rows), np.int64)

    def explained(self, rows: Rows, names: Mapping[str, str]) -> list[list[FactorAmount]]:
        """The factors of each of the answering rows with their reasons; none where they do not count."""
        return self.pairs.explained(*self._pair(rows), names) if self.pairs else [[] for _ in rows]

    def notices(self, generation: str) -> list[str]:
        """What to tell where a generation of that name lacks what a factor needs."""
        return self.pairs.notices(generation) if self.pairs else []

    def _pair(self, rows: Rows) -> tuple[Rows, Rows]:
        return (rows, np.array([self.patent])) if self.need is None else (np.array([self.need]), rows)
