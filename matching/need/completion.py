"""Need completion (需求补全) as a match request uses it: read the need, hold its points against patents, combine patents."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from pydantic import BaseModel, Field

from index.arrays import Floats
from matching.need import cleaning, element_rules
from matching.need.cleaning import RemovedSpan, clean
from matching.need.combinations import Combinable, Portfolio, portfolios
from matching.need.coverage import Encode, Idfs, NeedPoints, PatentCoverage, PatentSentences, cover
from matching.need.element_rules import Element
from matching.need.elements import ElementPhrase, missing, points, stated

# A patent that alone covers less than this is no part of a portfolio: chosen on the tuning half of evaluation/.
FEWEST_POINTS = 2
LEAST_SHARE = 0.4


MOST_READ = 3000


class NeedReading(BaseModel):
    """A need as it was understood; all offsets are those of the text as it was written."""

    searched: str = Field(description="参加检索的文字")
    removed: list[RemovedSpan] = Field(description="没有参加检索的部分及原因")
    elements: list[ElementPhrase] = Field(description="识别出的要素")
    points: list[ElementPhrase] = Field(description="与专利逐一核对的要点")
    missing: list[Element] = Field(description="没有说到的要素")
    rules: dict[str, str] = Field(description="所用规则文件的版本")


@dataclass(frozen=True, slots=True)
class Found:
    """A patent as a portfolio needs to know it: its place in the ranking is that in the sequence."""

    patent_id: int
    owners: Collection[str]
    score: float
    fixed_fee: Decimal | None
    """Fixed fee or entry fee (元) of its licence terms, 0 when it is free, None where none is stated."""


@dataclass(frozen=True, slots=True)
class ReadNeed:
    """A need as it was written, and as it was understood."""

    text: str
    reading: NeedReading


def read_need(text: str, data_dir: Path | None = None) -> NeedReading:
    """Clean a need and find its elements. Raises InvalidInput when a rule file of the operator cannot be used.

    Of a longer text only the first MOST_READ characters are read: nobody states a need after these, and the time of the
    rules grows with the square of the length.
    """
    text = text[:MOST_READ]
    cleaned = clean(text, cleaning.load(data_dir))
    rules = element_rules.load(data_dir)
    phrases = stated(text, cleaned.removed, rules)
    return NeedReading(
        searched=cleaned.text,
        removed=cleaned.removed,
        elements=phrases,
        points=points(phrases, rules),
        missing=missing(phrases),
        rules={cleaning.FILE_NAME: cleaned.rules, element_rules.FILE_NAME: rules.version},
    )


def annotate(
    reading: NeedReading,
    vector: Floats,
    patents: Sequence[PatentSentences],
    encode: Encode,
    idfs: Idfs,
    data_dir: Path | None = None,
) -> list[PatentCoverage]:
    """The coverage of the need by each patent, in the order given.

    `vector` is the need's own unit vector, not shifted; `encode` embeds queries, `idfs` weighs tokens among the patents.
    """
    need = NeedPoints.of(reading.points, vector, encode, idfs)
    rules = element_rules.load(data_dir)
    return [cover(need, patent, rules) for patent in patents]


def combine(
    reading: NeedReading, found: Sequence[Found], coverages: Sequence[PatentCoverage]
) -> list[Portfolio]:
    """The smallest sets of the found patents, best first, that together cover more of the need than any one does.

    Each patent of a set alone covers two points or more and two fifths of the need.
    """
    least = max(FEWEST_POINTS, LEAST_SHARE * len(reading.points))
    candidates = [
        Combinable(
            patent_id=patent.patent_id,
            covered=frozenset(n for n, point in enumerate(coverage.points) if point.covered),
            owners=frozenset(patent.owners),
            score=patent.score,
            fixed_fee=patent.fixed_fee,
        )
        for patent, coverage in zip(found, coverages, strict=True)
        if coverage.covered >= least
    ]
    return portfolios(candidates, len(reading.points))
