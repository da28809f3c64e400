"""Families (近似专利合并显示): near-duplicates of one holder are shown once, the best one, with the others folded under it.

Two patents are near-duplicates when they share a patentee and meet a criterion of families.toml: an invention and a utility model filed
on one day, filings of one day with the same title (divisionals, numbered series) or nearly the same text, and on
different days only practically the same text. The same title alone is weak evidence: of 24 pairs of one holder that were filed on
other days or days unknown, with cosines of 0.975 and more, 4 were the same invention or a variant of it, none of
those with the same title (docs/evaluation.md). A patent of which only the title is known is judged by its title and day alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from assessment.eligibility.gate import Eligibility, JudgedEligibility
from catalog.kit.base import fold as fold_name
from catalog.kit.terms import PatentKind, Term
from catalog.licences.licences import RUNNING
from catalog.licences.shown import LicencePublic
from catalog.reference.rule_files import Pattern, parse, read
from catalog.supply.patents_shown import PatentOutline, PatentPublic
from index.arrays import Floats
from index.text import fold

FILE_NAME = "families.toml"
_SAME_DAY_KINDS = {PatentKind.INVENTION, PatentKind.UTILITY_MODEL}

Likeness = PatentPublic | PatentOutline
"""The compared attributes of a patent."""
Cosine = Annotated[float, Field(ge=0, le=1)]


class Thresholds(BaseModel, frozen=True, extra="forbid"):
    """From which cosine of the document vectors on patents of one holder are near-duplicates."""

    invention_and_utility_model: Cosine
    same_day_and_title: Cosine
    same_day: Cosine
    other_day: Cosine

    @property
    def lowest(self) -> float:
        """Below it nothing is a near-duplicate."""
        return min(self.invention_and_utility_model, self.same_day_and_title, self.same_day, self.other_day)


class TitleRules(BaseModel, frozen=True, extra="forbid"):
    """The parts of titles that are left out when titles are compared: patterns for their beginning and end."""

    leading: Pattern
    trailing: Pattern

    def core(self, folded: str) -> str:
        """A folded title without punctuation, set phrases and numbers of a series; all of it where nothing would be left."""
        plain = "".join(filter(str.isalnum, folded))
        begun = re.sub(f"^(?:{self.leading})", "", plain)
        return re.sub(f"(?:{self.trailing})+$", "", begun) or plain


class FamilyRules(BaseModel):
    """The rules of families."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cosine: Thresholds
    title: TitleRules


def load(data_dir: Path | None = None) -> FamilyRules:
    """The rules in force. Raises InvalidInput."""
    return parse(read(__name__, FILE_NAME, data_dir), FamilyRules)


class Reason(Term):
    """The reason why a patent is folded under another one."""

    PAIR = "invention_and_utility_model", "同日申请的发明与实用新型"
    TITLE = "same_title", "同日申请，标题相同"
    SAME_DAY = "same_day_text", "同日申请，文本近乎相同"
    TEXT = "same_text", "文本近乎相同"


class FamilyMember(BaseModel):
    """A near-duplicate that is folded under the best patent of its family."""

    id: int = Field(description="专利的编号")
    application_number: str | None = Field(description="申请号；草稿为空")
    title: str = Field(description="专利名称")
    kind: PatentKind | None = Field(description="专利类型")
    kind_name: str | None = Field(description="专利类型的中文名称")
    score: float = Field(description="该件自己的得分")
    reason: Reason = Field(description="合并显示的原因")
    reason_name: str = Field(description="合并显示的原因的中文说明")
    eligibility: Eligibility = Field(description="该件当日能否开放许可")
    eligibility_name: str = Field(description="能否开放许可的中文说明")
    note: str | None = Field(description="该件有而首件没有的：已公告的开放许可、可以开放许可；没有则为空")


@dataclass(frozen=True, slots=True)
class Sibling:
    """A patent's place in a family: the id of the patent that leads it, and why it belongs to it."""

    leader: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class _Row:
    patent: Likeness
    vector: Floats
    title: str
    holders: list[str]


@dataclass(slots=True)
class Families:
    """The families of patents that come best first: the first of each leads it."""

    rules: FamilyRules
    _leaders: list[_Row] = field(default_factory=list)
    _of_holder: dict[str, list[_Row]] = field(default_factory=dict)

    def add(self, patents: Sequence[Likeness], vectors: Floats) -> list[Sibling | None]:
        """The place of each under an earlier patent, or None: then it leads a new family."""
        places = []
        for row in self._rows(patents, vectors):
            place = self._place(row)
            if place is None:
                self._leaders.append(row)
                for holder in row.holders:
                    self._of_holder.setdefault(holder, []).append(row)
            places.append(place)
        return places

    def of(self, patents: Sequence[Likeness], vectors: Floats) -> list[Sibling | None]:
        """The place of each under a patent that leads, without adding it."""
        return [self._place(row) for row in self._rows(patents, vectors)]

    def _rows(self, patents: Sequence[Likeness], vectors: Floats) -> list[_Row]:
        """The patents with what they are compared by; names and titles of all are folded together."""
        names = [name for patent in patents for name in patent.holders]
        folded = dict(zip(names, [fold_name(name) for name in names], strict=True))
        titles = [fold(patent.title) for patent in patents]
        return [
            _Row(patent, vector, self.rules.title.core(title), [folded[name] for name in patent.holders])
            for patent, vector, title in zip(patents, vectors, titles, strict=True)
        ]

    def _place(self, candidate: _Row) -> Sibling | None:
        known = {id(row): row for holder in candidate.holders for row in self._of_holder.get(holder, [])}
        for leader in known.values():
            if reason := _reason(leader, candidate, self.rules.cosine):
                return Sibling(leader.patent.id, reason)
        return None

    def near(self, vectors: Floats) -> NDArray[np.bool_]:
        """The vectors among these (n, dimensions) that are near enough to a leading patent's to be compared."""
        if not self._leaders or not len(vectors):
            return np.zeros(len(vectors), bool)
        leading = np.stack([leader.vector for leader in self._leaders])
        near: NDArray[np.bool_] = (vectors @ leading.T).max(axis=1) >= self.rules.cosine.lowest - 1e-4
        return near


def member(
    patent: PatentPublic,
    score: float,
    reason: Reason,
    eligibility: tuple[JudgedEligibility, JudgedEligibility],
    licences: tuple[LicencePublic | None, LicencePublic | None],
) -> FamilyMember:
    """A folded patent as shown to users; verdicts and licences are its own and those of the leading patent."""
    own, leading = (_running(licence) for licence in licences)
    notes = [f"有开放许可（{own.status_name}），首件没有"] if own and not leading else []
    can, leader_can = (verdict.verdict == Eligibility.ELIGIBLE for verdict in eligibility)
    if can and not leader_can:
        notes.append(f"可以开放许可，首件：{eligibility[1].verdict_name}")
    return FamilyMember(
        id=patent.id,
        application_number=patent.application_number,
        title=patent.title,
        kind=patent.kind,
        kind_name=patent.kind_name,
        score=score,
        reason=reason,
        reason_name=reason.label,
        eligibility=eligibility[0].verdict,
        eligibility_name=eligibility[0].verdict_name,
        note="；".join(notes) or None,
    )


def _running(licence: LicencePublic | None) -> LicencePublic | None:
    return licence if licence and licence.status in RUNNING else None


def _reason(leader: _Row, other: _Row, thresholds: Thresholds) -> Reason | None:
    one, two = leader.patent, other.patent
    same_day = one.filing_date is not None and one.filing_date == two.filing_date
    pair = same_day and {one.kind, two.kind} == _SAME_DAY_KINDS
    same_title = same_day and leader.title == other.title
    if _bare(one) or _bare(two):
        return (Reason.PAIR if pair else Reason.TITLE) if same_title else None
    cosine = float(np.vecdot(leader.vector.astype(np.float64), other.vector.astype(np.float64)))
    found = (
        (Reason.PAIR, pair, thresholds.invention_and_utility_model),
        (Reason.TITLE, same_title, thresholds.same_day_and_title),
        (Reason.SAME_DAY, same_day, thresholds.same_day),
        (Reason.TEXT, True, thresholds.other_day),
    )
    return next((reason for reason, holds, least in found if holds and cosine >= least), None)


def _bare(patent: Likeness) -> bool:
    return not patent.abstract and not patent.first_claim
