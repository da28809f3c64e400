"""Legal life (法律存续) of a patent on a day, from dates and recorded facts (domain-rules 3).

`force_period` and `legal_life` read the same course of the right (catalog.law.course): a patent is in force on a day
exactly if its period holds on it. Where no record tells whether fees were paid the right is presumed in force, the basis
says so and what is missing is named; where the data do not suffice the status is `unknown`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache

from catalog.kit.terms import LegalStatus, StatusBasis
from catalog.law import annuities
from catalog.law.course import (
    DAY,
    DEAD,
    ENDED,
    FEES_PAID,
    Course,
    ForcePeriod,
    LegalFacts,
    course_of,
    last_valid_day,
    term_of,
    term_years,
)
from catalog.law.years import first_anniversary, patent_year

__all__ = [
    "MISSING_LABELS",
    "ForcePeriod",
    "LegalFacts",
    "LegalLife",
    "force_period",
    "last_valid_day",
    "legal_life",
    "term_years",
]

GRACE_NOTE = "宽限期内权利存续，但不得实行开放许可（专利法实施细则第86条第3项）"
MISSING_LABELS = {
    "kind": "专利类型",
    "filing_date": "申请日",
    "grant_date": "授权公告日",
    "legal_status": "法律状态",
    "legal_status_date": "法律状态日期",
    "annuity_paid_until": "年费缴至日",
    "annuity_checked_on": "缴费情况查询日",
    "annuity_amount": "该年度年费标准",
}


@dataclass(frozen=True, slots=True)
class LegalLife:
    """The legal life of a patent on a day. `in_force` is None and the status `unknown` where the data do not tell.

    `term_end` is the first day after the full term, `last_valid_day` the last day the right is or can still be valid;
    amounts are in yuan and without reductions; `missing` holds field names, see `MISSING_LABELS`.
    """

    status: LegalStatus
    status_basis: StatusBasis
    in_force: bool | None
    term_end: date | None
    last_valid_day: date | None
    patent_year: int | None
    next_annuity_due: date | None
    next_annuity_amount: Decimal | None
    grace_until: date | None
    surcharge_now: Decimal | None
    missing: list[str]
    notes: list[str]

    @property
    def missing_names(self) -> list[str]:
        """What is missing, in Chinese."""
        return [MISSING_LABELS[name] for name in self.missing]


def force_period(facts: LegalFacts) -> ForcePeriod | None:
    """When the patent is in force, as far as the data says; None when it is unknown or never was."""
    return course_of(facts).force


# A match asks for it twice: for the verdict and for the patent as shown.
@lru_cache(maxsize=1 << 12)
def legal_life(facts: LegalFacts, as_of: date) -> LegalLife:
    """The legal life of a patent on the day `as_of`, for reading only."""
    course = course_of(facts)
    status, basis = _status(facts, course, as_of)
    alive = _in_force(facts, course, status, as_of)
    missing = _missing(facts, course, as_of, alive)
    notes = [*course.notes, *_notes(facts, course, status)]
    due = _next_due(facts, course, as_of) if alive else None
    amount = rate = None
    if due and facts.kind and facts.filed:
        amount = annuities.amount(facts.kind, patent_year(facts.filed, due))
        rate = annuities.surcharge(due, as_of)
        if amount is None:
            missing.append("annuity_amount")
        if rate and not rate.checked:
            notes.append(f"滞纳金比例 {rate.percent}% 依据“{rate.source}”，尚未核对原文")
    full = facts.full_last
    return LegalLife(
        status=status,
        status_basis=basis,
        in_force=alive,
        term_end=full + DAY if full and full < date.max else full,
        last_valid_day=_last_day(facts, course, full),
        patent_year=patent_year(facts.filed, as_of) if facts.filed and facts.filed <= as_of else None,
        next_annuity_due=due,
        next_annuity_amount=amount,
        grace_until=annuities.grace_end(due) if due and status == LegalStatus.GRACE and due < as_of else None,
        surcharge_now=(amount * rate.percent / annuities.HUNDRED).quantize(annuities.CENT)
        if amount is not None and rate
        else None,
        missing=missing,
        notes=notes,
    )


def _status(facts: LegalFacts, course: Course, as_of: date) -> tuple[LegalStatus, StatusBasis]:
    force, stated = course.force, facts.stated
    if force is None or as_of > force.last:
        return course.after, _basis_when_not_in_force(stated, course.after)
    if as_of < force.first:
        pending = facts.granted is not None and (facts.filed is None or facts.filed <= as_of)
        return (
            (LegalStatus.PENDING, StatusBasis.COMPUTED)
            if pending
            else (LegalStatus.UNKNOWN, StatusBasis.NONE)
        )
    status = _living_status(facts, course, as_of)
    said = LegalStatus.IN_FORCE if stated in FEES_PAID else stated
    if course.certain_to is None or as_of > course.certain_to:
        lapses = status != said or stated in FEES_PAID
        return status, StatusBasis.PRESUMED if lapses else StatusBasis.REGISTER
    return status, StatusBasis.REGISTER if status == said else StatusBasis.COMPUTED


def _basis_when_not_in_force(stated: LegalStatus | None, status: LegalStatus) -> StatusBasis:
    if status == LegalStatus.UNKNOWN:
        return StatusBasis.NONE
    return StatusBasis.REGISTER if status == stated else StatusBasis.COMPUTED


def _living_status(facts: LegalFacts, course: Course, as_of: date) -> LegalStatus:
    stated, shown = facts.stated, facts.status_date
    if course.overdue and as_of > course.overdue:
        return LegalStatus.GRACE
    if stated == LegalStatus.PARTLY_INVALID:
        return stated
    if stated == LegalStatus.SUSPENDED and (shown is None or shown <= as_of):
        return stated
    if stated == LegalStatus.GRACE and shown is None and course.overdue is None:
        return stated
    return LegalStatus.IN_FORCE


def _in_force(facts: LegalFacts, course: Course, status: LegalStatus, as_of: date) -> bool | None:
    if course.force is not None and course.force.holds_on(as_of):
        return True
    over = facts.full_last is not None and as_of > facts.full_last
    return False if over or status != LegalStatus.UNKNOWN else None


def _missing(facts: LegalFacts, course: Course, as_of: date, alive: bool | None) -> list[str]:
    stated = facts.stated
    if stated in DEAD:
        return ["legal_status_date"] if stated in ENDED and facts.status_date is None else []
    gone = alive is False
    gaps = {
        "kind": facts.kind is None and facts.full_last is None,
        "filing_date": facts.filed is None,
        "grant_date": facts.granted is None and not gone,
        "legal_status": stated is None and facts.granted is None and not gone,
        "legal_status_date": stated == LegalStatus.GRACE and facts.status_date is None and not gone,
    }
    names = [name for name, gap in gaps.items() if gap]
    if not gone and course.force and (course.certain_to is None or as_of > course.certain_to):
        recorded = facts.annuity_paid_until is not None or course.overdue is not None
        names.append("annuity_checked_on" if recorded else "annuity_paid_until")
    return names


def _next_due(facts: LegalFacts, course: Course, as_of: date) -> date | None:
    """The due date that comes next, or the one in arrears; None where no further fee falls due."""
    if facts.filed is None or facts.full_last is None or course.force is None:
        return None
    if course.overdue and as_of > course.overdue:
        return course.overdue
    due = first_anniversary(facts.filed, as_of)
    due = max(due, course.paid_to) if course.paid_to else due
    return due if due <= (_last_day(facts, course, facts.full_last) or date.max) else None


def _last_day(facts: LegalFacts, course: Course, full: date | None) -> date | None:
    if facts.stated in DEAD or course.after == LegalStatus.TERMINATED:
        return course.force.last if course.force else None
    return full


def _notes(facts: LegalFacts, course: Course, status: LegalStatus) -> list[str]:
    term = term_of(facts.kind, facts.filed)
    leap = facts.filed is not None and (facts.filed.month, facts.filed.day) == (2, 29)
    later = (
        course.force is not None and facts.status_date is not None and facts.status_date > course.force.last
    )
    said = {
        f"保护期 {term.years} 年依据“{term.source}”，尚未核对原文" if term else "": term and not term.checked,
        "申请日为 2 月 29 日，平年按 2 月 28 日计（依据尚未核对原文）": leap,
        GRACE_NOTE: status == LegalStatus.GRACE,
        "宣告无效的专利权视为自始即不存在（专利法第47条）": status == LegalStatus.INVALIDATED,
        "部分权利要求已被宣告无效": facts.stated == LegalStatus.PARTLY_INVALID,
        "有质押登记，开放许可须经质权人同意（专利法实施细则第86条）": facts.stated == LegalStatus.PLEDGED,
        "登记的法律状态晚于推算的届满日，请核对": later and facts.stated in FEES_PAID,
    }
    return [text for text, holds in said.items() if holds]
