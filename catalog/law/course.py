"""The course of a right (专利权存续过程): from when until when it is in force, by the recorded facts.

The course: 有效 -> 欠费宽限期 (at most six months) -> 终止, from the day the fee was due; or 期限届满, 放弃, 全部无效;
部分无效 and 中止/保全 stay in force. Terms are dated data (refdata/patent_terms.csv) and run from the filing date; the last valid
day is the day before the anniversary. A recorded expiry date (term compensation) overrides the formula and a recorded
status overrides the computation.

A fee counts as unpaid only where a record states it: the register's status 欠费宽限期, or fees paid until a day
(`annuity_paid_until`) that was past when the register was checked (`annuity_checked_on`). Of two records that
contradict each other the later one holds. Days to pay and the grace period end on working days (细则 5,
catalog.law.working_days); a suspended right does not end for unpaid fees (细则 105). `catalog.law.life` reads from this
course what a patent is on a day.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache, lru_cache

from catalog.kit.terms import LegalStatus
from catalog.law import annuities
from catalog.law.years import add_months, anniversary, first_anniversary, last_anniversary, patent_year
from catalog.reference.lists import rows

DAY = timedelta(days=1)
NEVER_IN_FORCE = frozenset({LegalStatus.REJECTED, LegalStatus.WITHDRAWN, LegalStatus.INVALIDATED})
ENDED = frozenset({LegalStatus.TERMINATED, LegalStatus.EXPIRED, LegalStatus.ABANDONED})
DEAD = NEVER_IN_FORCE | ENDED
FEES_PAID = frozenset({LegalStatus.IN_FORCE, LegalStatus.PLEDGED})


@dataclass(frozen=True, slots=True)
class ForcePeriod:
    """First and last day on which a patent is in force, both included."""

    first: date
    last: date

    def holds_on(self, day: date) -> bool:
        """Whether the patent is in force on `day`."""
        return self.first <= day <= self.last


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalFacts:
    """The recorded facts of a patent on which its legal life depends.

    `status_date` is the day the status took effect or, for a living right, the day the register showed it.
    """

    kind: str | None = None
    filed: date | None = None
    granted: date | None = None
    expiry: date | None = None
    status: str | None = None
    status_date: date | None = None
    annuity_paid_until: date | None = None
    annuity_checked_on: date | None = None

    @property
    def stated(self) -> LegalStatus | None:
        """The recorded status; None where there is none."""
        status = LegalStatus(self.status or LegalStatus.UNKNOWN)
        return None if status == LegalStatus.UNKNOWN else status

    @property
    def full_last(self) -> date | None:
        """Last day of the full term."""
        return last_valid_day(self.kind, self.filed, self.expiry)


@dataclass(frozen=True, slots=True)
class ProtectionTerm:
    """A row of the table of terms: years of protection for filings of a kind between two days."""

    kind: str
    first: date
    last: date
    years: int
    source: str
    checked: bool


@dataclass(slots=True)
class Course:
    """The course of a right: its period, what it is afterwards, and how far fees are known to be paid or unpaid."""

    force: ForcePeriod | None
    after: LegalStatus
    paid_to: date | None = None
    overdue: date | None = None
    certain_to: date | None = None
    notes: list[str] = field(default_factory=list)


@cache
def _terms() -> list[ProtectionTerm]:
    return [
        ProtectionTerm(
            row["kind"],
            date.fromisoformat(row["filed_from"]),
            date.fromisoformat(row["filed_to"]) if row["filed_to"] else date.max,
            int(row["years"]),
            row["source"],
            row["checked"] == "yes",
        )
        for row in rows("patent_terms.csv")
    ]


def term_of(kind: str | None, filed: date | None) -> ProtectionTerm | None:
    """The term of a patent of `kind` filed on that day; None outside the table."""
    if kind is None or filed is None:
        return None
    return next((t for t in _terms() if t.kind == kind and t.first <= filed <= t.last), None)


def term_years(kind: str, filed: date) -> int | None:
    """Years of protection for a patent of `kind` filed on that day; None outside the table."""
    term = term_of(kind, filed)
    return term.years if term else None


@lru_cache(maxsize=1 << 16)
def last_valid_day(kind: str | None, filed: date | None, expiry: date | None) -> date | None:
    """The last day of the full term: the recorded `expiry`, else the day before the anniversary of the filing.

    Registers that give the anniversary itself as expiry mean the day on which the right has ended.
    """
    term = term_of(kind, filed)
    end = anniversary(filed, term.years) if term and filed else None
    if expiry is not None and expiry != end:
        return expiry
    return end - DAY if end else None


def course_of(facts: LegalFacts) -> Course:
    """The course of the right derived from these facts."""
    stated = facts.stated
    if stated in NEVER_IN_FORCE:
        return Course(None, stated)
    if stated in ENDED:
        return _ended(facts, stated)
    if stated == LegalStatus.PENDING and not _overtaken(facts):
        if facts.granted is None:
            return Course(None, LegalStatus.PENDING)
        return Course(None, LegalStatus.UNKNOWN, notes=["登记为审中，却有授权公告日，请核对"])
    return _living(facts)


def _overtaken(facts: LegalFacts) -> bool:
    """Whether the grant is later than the record of the application as pending."""
    return bool(facts.granted and facts.status_date and facts.status_date < facts.granted)


def _period(first: date | None, last: date | None) -> ForcePeriod | None:
    return ForcePeriod(first, last) if first and last and first <= last else None


def _ended(facts: LegalFacts, stated: LegalStatus) -> Course:
    if facts.status_date is None:
        return Course(None, stated)
    end, notes = facts.status_date, []
    if stated == LegalStatus.TERMINATED:
        end = _unpaid_due(facts, facts.status_date)
        notes = [f"自应缴日 {end} 起终止"]
    last = min(end - DAY, facts.full_last or date.max)
    return Course(_period(facts.granted, last), stated, certain_to=last, notes=notes)


def _unpaid_due(facts: LegalFacts, stated_on: date) -> date:
    """The due date from which a right ended whose end for unpaid fees was recorded on a day.

    The register names either that anniversary itself or the later day of the announcement, which cannot come before
    the grace period is over.
    """
    if facts.filed is None or last_anniversary(facts.filed, stated_on) == stated_on:
        return stated_on
    latest = last_anniversary(facts.filed, add_months(stated_on, -annuities.GRACE_MONTHS))
    if latest is None:
        return stated_on
    paid_until = facts.annuity_paid_until
    return min(latest, first_anniversary(facts.filed, paid_until)) if paid_until else latest


def _living(facts: LegalFacts) -> Course:
    full, stated = facts.full_last, facts.stated
    shown = facts.status_date if stated not in (None, LegalStatus.PENDING) else None
    # A register that shows a living right implies the grant, but not its date.
    first = facts.granted or (shown or facts.filed if stated not in (None, LegalStatus.PENDING) else None)
    if full is None or first is None:
        return Course(_period(first, shown), LegalStatus.UNKNOWN, certain_to=shown)
    paid_to, checked = _payments(facts)
    paid = annuities.pay_by(paid_to).sure if paid_to else None
    if paid_to and paid and checked and paid < checked and paid_to <= full:
        return _unpaid(facts, first, full, paid_to, checked)
    certain = max((day for day in (paid, shown) if day), default=None)
    return Course(_period(first, full), LegalStatus.EXPIRED, paid_to=paid_to, certain_to=certain)


def _unpaid(facts: LegalFacts, first: date, full: date, due: date, checked: date) -> Course:
    grace = annuities.grace_end(due)
    if _suspended_by(facts, grace.latest):
        notes = [f"应缴日 {due} 的年费未缴；中止期间专利权不因未缴年费终止（专利法实施细则第105条）"]
        return Course(_period(first, full), LegalStatus.EXPIRED, due, due, checked, notes)
    if checked > grace.latest:
        last, after = due - DAY, LegalStatus.TERMINATED
        notes = [f"年费未在宽限期（至 {grace.sure}）内缴纳，自应缴日 {due} 起终止"]
        return Course(_period(first, last), after, paid_to=due, certain_to=last, notes=notes)
    if grace.sure >= full:
        return Course(_period(first, full), LegalStatus.EXPIRED, due, due, checked)
    return Course(_period(first, grace.sure), LegalStatus.UNKNOWN, due, due, checked)


def _suspended_by(facts: LegalFacts, grace: date) -> bool:
    """Whether the procedure was suspended (中止, 细则 103 and 104) before the grace period was over."""
    began = facts.status_date
    return facts.stated == LegalStatus.SUSPENDED and (began is None or began <= grace)


def _payments(facts: LegalFacts) -> tuple[date | None, date | None]:
    """Until which anniversary fees are known to be paid, and the day on which it was known that no more were."""
    if facts.filed is None:
        return None, None
    paid: list[date] = []
    checked: date | None = None
    if facts.granted and facts.granted >= facts.filed:
        # The fee of the patent year of the grant is paid before the grant is announced.
        paid.append(anniversary(facts.filed, patent_year(facts.filed, facts.granted)))
    if facts.annuity_paid_until:
        paid.append(first_anniversary(facts.filed, facts.annuity_paid_until))
        checked = facts.annuity_checked_on
    shown, stated = facts.status_date, facts.stated
    if shown and (checked is None or checked < shown):
        if stated == LegalStatus.GRACE and (due := last_anniversary(facts.filed, shown - DAY)):
            return max([*paid, due]), shown
        if stated in FEES_PAID:
            checked = None
            paid.append(_paid_when_alive(facts.filed, shown))
    return max(paid, default=None), checked


def _paid_when_alive(filed: date, shown: date) -> date:
    """The first anniversary whose fee may still have been open when the register showed a living right."""
    due = first_anniversary(filed, add_months(shown, -annuities.GRACE_MONTHS))
    before = last_anniversary(filed, due - DAY)
    return before if before and annuities.grace_end(before).latest >= shown else due
