"""Legal life (法律存续) of a patent on a day, from dates and recorded facts.

`force_period` and `legal_life` read the same course of the right (catalog.law.course): a patent is in force on a day
exactly if its period contains it. Without a record on fees the right is presumed in force; the basis states the
presumption and missing fields are named. Where the data do not suffice the status is `unknown`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Annotated

from pydantic import Field

from catalog.kit.money import Money
from catalog.kit.terms import LegalStatus, StatusBasis
from catalog.law import annuities, tables
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
from catalog.law.tables import LawTables
from catalog.law.years import first_anniversary, last_anniversary, patent_year

__all__ = [
    "ENDED_TEXT",
    "MISSING_LABELS",
    "ForcePeriod",
    "LegalFacts",
    "LegalLife",
    "force_period",
    "last_valid_day",
    "legal_life",
    "possible_period",
    "term_years",
]

GRACE_NOTE = "宽限期内权利存续，但不得实行开放许可（专利法实施细则第86条第3项）"
ENDED_TEXT = "已失效（不再受该专利限制，恢复可能与他人权利另行核查）"
_NO_RIGHT = {
    LegalStatus.PENDING: "审中，尚未授权",
    LegalStatus.REJECTED: "未授权（驳回）",
    LegalStatus.WITHDRAWN: "未授权（撤回）",
}
MISSING_LABELS = {
    "kind": "专利类型",
    "filing_date": "申请日",
    "grant_date": "授权公告日",
    "legal_status": "法律状态",
    "legal_status_date": "法律状态日期",
    "annuity_paid_until": "年费缴至日",
    "annuity_checked_on": "缴费情况查询日",
    "annuity_amount": "该年度年费标准",
    "compensation_amount": "专利权补偿期的年费标准（财税〔2024〕23号），请录入年费标准表",
    "holidays": "该年度的放假与调休安排（国务院办公厅通知），请录入放假表",
}


@dataclass(frozen=True, slots=True)
class _NextFee:
    """The annuity that comes next or is open, in yuan."""

    due: date | None = None
    amount: Decimal | None = None
    grace_until: date | None = None
    surcharge: Decimal | None = None
    notes: tuple[str, ...] = ()


_NO_FEE = _NextFee()


@dataclass(frozen=True, slots=True)
class LegalLife:
    """The legal life of a patent on a day. `in_force` is None and the status `unknown` where the data do not suffice.

    `term_end` is the first day after the full term, `last_valid_day` the last day the right is or can still be valid;
    `annuity_pay_by` is the last day on which the next annuity is paid in time: its due date or the first working day after.
    Amounts are in yuan and without reductions; `missing` holds field names, see `MISSING_LABELS`.
    """

    status: Annotated[LegalStatus, Field(description="推算的法律状态")]
    status_basis: Annotated[StatusBasis, Field(description="状态依据")]
    in_force: Annotated[bool | None, Field(description="今日是否有效；资料不足为空")]
    term_end: Annotated[date | None, Field(description="保护期届满后的首日")]
    last_valid_day: Annotated[date | None, Field(description="最后有效日，或可能的最后有效日")]
    patent_year: Annotated[int | None, Field(description="所处的专利年度")]
    next_annuity_due: Annotated[date | None, Field(description="下一次年费的应缴日")]
    annuity_pay_by: Annotated[date | None, Field(description="下一次年费按时缴纳的最后一日，遇节假日顺延")]
    next_annuity_amount: Annotated[Money | None, Field(description="下一次年费的金额（元），未计减缴")]
    grace_until: Annotated[date | None, Field(description="滞纳期的最后一日")]
    surcharge_now: Annotated[Money | None, Field(description="现在缴纳的滞纳金（元）")]
    missing: Annotated[list[str], Field(description="推算所缺数据的字段名")]
    notes: Annotated[list[str], Field(description="推算的说明")]

    @property
    def standing(self) -> str:
        """Whether it is in force, in words; of an ended right, what that means and what it does not."""
        if self.in_force:
            return "当前有效" + ("（推定）" if self.status_basis == StatusBasis.PRESUMED else "")
        if self.in_force is None:
            return "有效性未知"
        return _NO_RIGHT.get(self.status, ENDED_TEXT)

    @property
    def missing_names(self) -> list[str]:
        """The names of the missing data in Chinese."""
        return [MISSING_LABELS[name] for name in self.missing]


def force_period(facts: LegalFacts) -> ForcePeriod | None:
    """The period in which the patent is in force according to the data; None when it is unknown or never was."""
    return course_of(facts).force


def possible_period(facts: LegalFacts) -> ForcePeriod | None:
    """The days on which the patent is in force or may be, as far as the data tell, from the filing on; None for none."""
    course = course_of(facts)
    force, full = course.force, facts.full_last
    if course.after != LegalStatus.UNKNOWN:
        if force is None:
            return None
        # Before the grant is known to have come a right may be in force; after it, one was pending.
        return force if facts.granted else ForcePeriod(date.min, force.last)
    last = full or date.max
    first = force.first if force and facts.granted else date.min
    return ForcePeriod(first, last) if first <= last else None


def legal_life(facts: LegalFacts, as_of: date) -> LegalLife:
    """The legal life of a patent on the day `as_of`, for reading only."""
    return _legal_life(facts, as_of, tables.current())


# A match needs it twice: for the verdict and for the patent as shown.
@lru_cache(maxsize=1 << 12)
def _legal_life(facts: LegalFacts, as_of: date, _tables: LawTables) -> LegalLife:
    course = course_of(facts)
    status, basis = _status(facts, course, as_of)
    alive = _in_force(facts, course, status, as_of)
    missing = _missing(facts, course, as_of, alive)
    notes = [*course.notes, *_notes(facts, course, status)]
    fee = _next_fee(facts, course, status, as_of) if alive else _NO_FEE
    if fee.due and fee.amount is None and facts.kind and facts.filed:
        term = term_years(facts.kind, facts.filed)
        compensated = term is not None and patent_year(facts.filed, fee.due) > term
        missing.append("compensation_amount" if compensated else "annuity_amount")
    full = facts.full_last
    return LegalLife(
        status=status,
        status_basis=basis,
        in_force=alive,
        term_end=full + DAY if full and full < date.max else full,
        last_valid_day=_last_day(facts, course, full),
        patent_year=patent_year(facts.filed, as_of) if facts.filed and facts.filed <= as_of else None,
        next_annuity_due=fee.due,
        annuity_pay_by=annuities.pay_by(fee.due).sure if fee.due else None,
        next_annuity_amount=fee.amount,
        grace_until=fee.grace_until,
        surcharge_now=fee.surcharge,
        missing=missing,
        notes=[*notes, *fee.notes],
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
    if status == LegalStatus.UNKNOWN:
        return status, StatusBasis.NONE
    registered = LegalStatus.IN_FORCE if stated in FEES_PAID else stated
    if course.certain_to is None or as_of > course.certain_to:
        lapses = status != registered or stated in FEES_PAID
        return status, StatusBasis.PRESUMED if lapses else StatusBasis.REGISTER
    return status, StatusBasis.REGISTER if status == registered else StatusBasis.COMPUTED


def _basis_when_not_in_force(stated: LegalStatus | None, status: LegalStatus) -> StatusBasis:
    if status == LegalStatus.UNKNOWN:
        return StatusBasis.NONE
    return StatusBasis.REGISTER if status == stated else StatusBasis.COMPUTED


def _living_status(facts: LegalFacts, course: Course, as_of: date) -> LegalStatus:
    stated, shown = facts.stated, facts.status_date
    if stated == LegalStatus.SUSPENDED and (shown is None or shown <= as_of):
        return stated
    if course.overdue and as_of > annuities.pay_by(course.overdue).sure:
        return LegalStatus.UNKNOWN if _awaits_holidays(course, as_of) else LegalStatus.GRACE
    if stated == LegalStatus.PARTLY_INVALID:
        return stated
    if stated == LegalStatus.GRACE and shown is None and course.overdue is None:
        return stated
    return LegalStatus.IN_FORCE


def _awaits_holidays(course: Course, as_of: date) -> bool:
    """Whether a day to pay or the grace period may have moved past that day, in a year whose holidays are not known."""
    due = course.overdue
    return due is not None and any(
        last.leaves_open(as_of) for last in (annuities.pay_by(due), annuities.grace_end(due))
    )


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
    if not gone and _awaits_holidays(course, as_of):
        names.append("holidays")
    return names


def _next_fee(facts: LegalFacts, course: Course, status: LegalStatus, as_of: date) -> _NextFee:
    due = _next_due(facts, course, as_of)
    if due is None or facts.kind is None or facts.filed is None:
        return _NextFee(due)
    amount = annuities.amount(facts.kind, patent_year(facts.filed, due))
    if due != course.overdue:
        open_ = as_of > annuities.pay_by(due).sure
        return _NextFee(due, amount, notes=(f"应缴日 {due} 的年费：缴费情况未登记",) if open_ else ())
    rate = annuities.surcharge(due, as_of)
    return _NextFee(
        due,
        amount,
        annuities.grace_end(due).sure if status == LegalStatus.GRACE else None,
        (amount * rate.percent / annuities.HUNDRED).quantize(annuities.CENT)
        if amount is not None and rate
        else None,
        (f"滞纳金比例 {rate.percent}% 依据“{rate.source}”，尚未核对原文",)
        if rate and not rate.checked
        else (),
    )


def _next_due(facts: LegalFacts, course: Course, as_of: date) -> date | None:
    """The due date that comes next, the one in arrears or the last not known to be paid; None where none follows."""
    if facts.filed is None or facts.full_last is None or course.force is None:
        return None
    if course.overdue and as_of > course.overdue:
        return course.overdue
    passed, paid_to = last_anniversary(facts.filed, as_of), course.paid_to
    if passed and (paid_to is None or paid_to <= passed):
        due = passed
    else:
        due = max(first_anniversary(facts.filed, as_of), paid_to or date.min)
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
    notes = {
        f"保护期 {term.years} 年依据“{term.source}”，尚未核对原文" if term else "": term and not term.checked,
        "申请日为 2 月 29 日，平年按 2 月 28 日计（依据尚未核对原文）": leap,
        GRACE_NOTE: status == LegalStatus.GRACE,
        "宣告无效的专利权视为自始即不存在（专利法第47条）": status == LegalStatus.INVALIDATED,
        "部分权利要求已被宣告无效": facts.stated == LegalStatus.PARTLY_INVALID,
        "有质押登记，开放许可须经质权人同意（专利法实施细则第86条）": facts.stated == LegalStatus.PLEDGED,
        "登记的法律状态晚于推算的届满日，请核对": later and facts.stated in FEES_PAID,
    }
    return [text for text, holds in notes.items() if holds]
