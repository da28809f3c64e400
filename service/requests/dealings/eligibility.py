"""Bulk checks of patents (开放许可资格批量核查): from numbers in any notation to verdicts and numbers not found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from pydantic import BaseModel, Field

from assessment.eligibility.gate import CheckedPatent, Eligibility, JudgedEligibility, checked
from assessment.eligibility.table import RuleTable
from catalog.db import Session
from catalog.kit.days import beijing_today
from catalog.supply import patents
from ingestion.identifiers import application_number
from ingestion.identifiers.errors import InvalidIdentifier

NOT_FOUND = "系统中无此专利，请先导入"
BLOCK = 2000


class CheckedItem(BaseModel):
    """A requested patent with its verdict; where none was found, the reason instead of a verdict."""

    asked: str = Field(description="查询的编号或申请号，照原样")
    patent_id: int | None = Field(default=None, description="专利的编号；没有找到为空")
    application_number: str | None = Field(default=None, description="规范写法的申请号")
    title: str = Field(default="", description="专利名称；没有找到为空")
    verdict: JudgedEligibility | None = Field(default=None, description="结论；没有找到为空")
    reason: str = Field(default="", description="未查到时的原因")


class CheckCounts(BaseModel):
    """Counts of the requested patents by result."""

    eligible: int = Field(description="可以开放许可")
    blocked: int = Field(description="不得开放许可")
    unknown: int = Field(description="资料不足，待核实")
    not_found: int = Field(description="没有查到")


@dataclass(frozen=True, slots=True)
class RequestedPatent:
    """A requested patent: its id where there is one, otherwise the reason why there is none."""

    text: str
    patent_id: int | None
    number: str | None = None
    reason: str = ""


def by_ids(session: Session, ids: Sequence[int]) -> list[RequestedPatent]:
    """The patents requested by id."""
    known = patents.existing(session, ids)
    return [
        RequestedPatent(str(id_), id_)
        if id_ in known
        else RequestedPatent(str(id_), None, reason=f"没有编号为 {id_} 的专利")
        for id_ in ids
    ]


def by_numbers(session: Session, texts: Sequence[str]) -> list[RequestedPatent]:
    """The patents requested by application number, in any notation."""
    read = [_read(text) for text in texts]
    known = patents.ids_of(session, [patent.number for patent in read if patent.number])
    return [
        patent
        if patent.number is None
        else RequestedPatent(
            patent.text, known.get(patent.number), patent.number, "" if patent.number in known else NOT_FOUND
        )
        for patent in read
    ]


def _read(text: str) -> RequestedPatent:
    try:
        return RequestedPatent(text, None, application_number.validate(text, today=beijing_today()))
    except InvalidIdentifier as error:
        return RequestedPatent(text, None, reason=error.message)


def check(
    session: Session, requested: Sequence[RequestedPatent], as_of: date, table: RuleTable
) -> Iterator[CheckedItem]:
    """The requested patents with their verdicts, in the order given; memory stays bounded."""
    for start in range(0, len(requested), BLOCK):
        block = requested[start : start + BLOCK]
        ids = [one.patent_id for one in block if one.patent_id is not None]
        found = {item.patent_id: item for item in checked(session, ids, as_of, table)}
        yield from (_item(one, found.get(one.patent_id or 0)) for one in block)


def _item(requested: RequestedPatent, found: CheckedPatent | None) -> CheckedItem:
    if found is None:
        return CheckedItem(
            asked=requested.text, application_number=requested.number, reason=requested.reason or NOT_FOUND
        )
    return CheckedItem(
        asked=requested.text,
        patent_id=found.patent_id,
        application_number=found.application_number,
        title=found.title,
        verdict=found.verdict,
    )


class VerdictTally:
    """Counts of verdicts as they go by."""

    def __init__(self) -> None:
        self._counts: Counter[Eligibility | None] = Counter()

    def add(self, item: CheckedItem) -> None:
        """Count an item."""
        self._counts[item.verdict.verdict if item.verdict else None] += 1

    @property
    def counts(self) -> CheckCounts:
        """The counts so far."""
        return CheckCounts(
            eligible=self._counts[Eligibility.ELIGIBLE],
            blocked=self._counts[Eligibility.BLOCKED],
            unknown=self._counts[Eligibility.UNKNOWN],
            not_found=self._counts[None],
        )
