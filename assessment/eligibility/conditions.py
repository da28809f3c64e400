"""Conditions of the decision table: named predicates over the recorded facts of a patent on a day.

Each returns the data it rests on, as lines for the reader, or None where it does not hold. A condition against eligibility
holds when the facts allow it; a condition for eligibility holds only when the facts establish it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from catalog.kit.terms import (
    Conclusion,
    FactKind,
    LegalStatus,
    LicenceType,
    OwnerConsent,
    PledgeConsent,
    StatusBasis,
)
from catalog.law.course import ProtectionTerm, term_of
from catalog.law.life import LegalLife, legal_life
from catalog.licences.eligibility_records import EligibilityRecord, Event
from catalog.licences.licences import REPORTED, RUNNING
from catalog.supply.facts import value_name

Data = list[str] | None


@dataclass(slots=True)
class KnownFacts:
    """The recorded facts of a patent on the day `as_of`.

    `life` is its legal life on that day, `alive` whether the right is in force, presumed or sure, `missing` names what is not
    recorded of it, `shown` is the status that the register shows on whatever day, `term` the law's term of its kind.
    """

    record: EligibilityRecord
    as_of: date
    life: LegalLife
    alive: bool
    missing: list[str]
    shown: LegalStatus | None
    term: ProtectionTerm | None

    @classmethod
    def of(cls, records: Sequence[EligibilityRecord], as_of: date) -> list[KnownFacts]:
        """The recorded facts of each of these patents on that day."""
        lives = [legal_life(record.legal, as_of) for record in records]
        missing = [life.missing_names for life in lives]
        shown = [record.legal.stated for record in records]
        terms = [term_of(record.legal.kind, record.legal.filed) for record in records]
        beside = zip(records, lives, missing, shown, terms, strict=True)
        return [
            cls(record, as_of, life, life.in_force is True, lacking, status, term)
            for record, life, lacking, status, term in beside
        ]

    def stated(self, status: LegalStatus) -> bool:
        """Whether the register showed that status by that day, as far as is known when."""
        on = self.record.legal.status_date
        return self.shown is status and (on is None or on <= self.as_of)

    def running(self, kind: FactKind, *values: str) -> Iterator[Event]:
        """Events of that kind and value that may be in force on that day."""
        for event in self.record.events:
            if event.kind == kind and (not values or event.value in values) and event.may_run_on(self.as_of):
                yield event

    @property
    def open_reports(self) -> list[Event]:
        """Reports that do not conclude for the patent and were not surely followed by one that does."""
        return [
            event
            for event in self.record.events
            if event.kind == FactKind.EVALUATION_REPORT
            and event.value != Conclusion.GRANTABLE
            and (event.first is None or event.first <= self.as_of)
            and not any(_follows(later, event) for later in self.favourable_reports)
        ]

    @property
    def favourable_reports(self) -> list[Event]:
        """Reports that surely were there on that day and conclude for the patent."""
        return [
            event
            for event in self.record.events
            if event.kind == FactKind.EVALUATION_REPORT
            and event.value == Conclusion.GRANTABLE
            and event.surely_by(self.as_of)
        ]

    @property
    def needs_report(self) -> bool:
        """Whether the law requires an evaluation report."""
        return self.record.legal.kind in REPORTED

    def owners_with(self, consent: OwnerConsent) -> list[str]:
        """The patentees that had stated this by that day, with the day."""
        return [
            f"{owner.name}：{consent.label}（{owner.on}）"
            for owner in self.record.owners
            if owner.consent == consent and owner.on is not None and owner.on <= self.as_of
        ]


def _follows(later: Event, event: Event) -> bool:
    return later.first is not None and event.first is not None and later.first > event.first


def _if(holds: bool, *data: str) -> Data:
    return list(data) if holds else None


def _described(events: Iterator[Event] | list[Event]) -> Data:
    return [_describe(event) for event in events] or None


def _describe(event: Event) -> str:
    value = value_name(event.kind, event.value)
    period = f"{event.first or '起始日未登记'} 起" + (f"，至 {event.last}" if event.last else "")
    parts = [part for part in (value, event.party, period) if part]
    source = f"；来源：{event.source}" if event.source else ""
    return f"{event.kind.label}记录：{'，'.join(parts)}{source}"


def _status(known: KnownFacts) -> str:
    legal, life = known.record.legal, known.life
    shown = f"，登记 {legal.status_date}" if legal.status_date else ""
    return f"法律状态：{life.status.label}（{life.status_basis.label}{shown}）"


def _by_status(*statuses: LegalStatus) -> Callable[[KnownFacts], Data]:
    def holds(known: KnownFacts) -> Data:
        return [_status(known), *known.life.notes] if known.life.status in statuses else None

    return holds


def _events(kind: FactKind, *values: str) -> Callable[[KnownFacts], Data]:
    return lambda known: _described(known.running(kind, *values))


def _no_number(known: KnownFacts) -> Data:
    return _if(known.record.application_number is None, f"专利名称：{known.record.title}")


def _not_yet_granted(known: KnownFacts) -> Data:
    granted = known.record.legal.granted
    if granted is not None and granted > known.as_of:
        return [f"授权公告日：{granted}"]
    return _if(known.life.status == LegalStatus.PENDING, _status(known))


def _not_in_force(known: KnownFacts) -> Data:
    return _if(known.life.in_force is False, _status(known))


def _life_unknown(known: KnownFacts) -> Data:
    missing = known.missing or ["最新登记状态"]
    return _if(known.life.in_force is None, f"缺：{'、'.join(missing)}")


def _status_not_recorded(known: KnownFacts) -> Data:
    return _if(known.alive and known.shown is None, "法律状态：未登记")


def _grant_date_missing(known: KnownFacts) -> Data:
    return _if(known.record.legal.granted is None, "授权公告日：未登记")


def _kind_missing(known: KnownFacts) -> Data:
    return _if(known.record.legal.kind is None, "专利类型：未登记")


def _fees_unknown(known: KnownFacts) -> bool:
    life, legal = known.life, known.record.legal
    unrecorded = {"annuity_paid_until", "annuity_checked_on", "holidays"} & set(life.missing)
    # A payment settles the arrears shown by the register only if it is known to be later than them.
    shown, checked = legal.status_date, legal.annuity_checked_on
    settled = shown is not None and checked is not None and shown <= checked
    unsettled = known.stated(LegalStatus.GRACE) and not settled
    return bool(unrecorded) or unsettled or life.status_basis == StatusBasis.PRESUMED


def _surely_in_force(known: KnownFacts) -> Data:
    life = known.life
    sure = known.alive and life.status != LegalStatus.GRACE and not _fees_unknown(known)
    return [_status(known), f"最后有效日：{life.last_valid_day}"] if sure else None


def _partly_invalid(known: KnownFacts) -> Data:
    stated = known.shown is LegalStatus.PARTLY_INVALID
    return _if(known.alive and stated, _status(known)) if stated else None


def _suspended(known: KnownFacts) -> Data:
    data = [_status(known)] if known.alive and known.stated(LegalStatus.SUSPENDED) else []
    return [*data, *(_described(known.running(FactKind.SUSPENSION)) or [])] or None


def _grace(known: KnownFacts) -> Data:
    life = known.life
    if life.status != LegalStatus.GRACE:
        return None
    owed = {
        "应缴日": life.next_annuity_due,
        "年费（元）": life.next_annuity_amount,
        "当日滞纳金（元）": life.surcharge_now,
        "宽限期至": life.grace_until,
    }
    return [_status(known), "，".join(f"{name} {value}" for name, value in owed.items() if value is not None)]


def _annuity_unknown(known: KnownFacts) -> Data:
    life = known.life
    if not known.alive or life.status == LegalStatus.GRACE or not _fees_unknown(known):
        return None
    paid = known.record.legal.annuity_paid_until
    open_ = [note for note in life.notes if "缴费情况未登记" in note]
    return [f"年费缴至日：{paid or '未登记'}", *open_, f"缺：{'、'.join(known.missing) or '缴费记录'}"]


def _pledge_unknown(known: KnownFacts) -> Data:
    unsaid = [event for event in known.running(FactKind.PLEDGE) if not event.value]
    consented = any(
        event.surely_by(known.as_of) for event in known.running(FactKind.PLEDGE, PledgeConsent.GIVEN)
    )
    data = [_status(known)] if known.stated(LegalStatus.PLEDGED) and known.alive and not consented else []
    return [*data, *(_described(unsaid) or [])] or None


def _report_against(known: KnownFacts) -> Data:
    if not known.needs_report:
        return None
    return _described([report for report in known.open_reports if report.value == Conclusion.NOT_GRANTABLE])


def _report_unclear(known: KnownFacts) -> Data:
    if not known.needs_report:
        return None
    return _described([report for report in known.open_reports if not report.value])


def _report_missing(known: KnownFacts) -> Data:
    nothing = known.needs_report and not known.open_reports and not known.favourable_reports
    return _if(nothing, "专利权评价报告：无记录")


def _report_for(known: KnownFacts) -> Data:
    if not known.needs_report or known.open_reports:
        return None
    return _described(known.favourable_reports)


def _owner_refuses(known: KnownFacts) -> Data:
    return known.owners_with(OwnerConsent.NOT_GIVEN) or None


def _owner_silent(known: KnownFacts) -> Data:
    owners = known.record.owners
    stated = len(known.owners_with(OwnerConsent.GIVEN)) + len(known.owners_with(OwnerConsent.NOT_GIVEN))
    # A single patentee agrees by declaring.
    waiting = len(owners) > 1 and stated < len(owners)
    return _if(
        waiting,
        f"专利权人：{'、'.join(owner.name for owner in owners)}",
        *known.owners_with(OwnerConsent.GIVEN),
    )


def _owners_missing(known: KnownFacts) -> Data:
    return _if(not known.record.owners, "专利权人：未登记")


def _owners_agree(known: KnownFacts) -> Data:
    given = known.owners_with(OwnerConsent.GIVEN)
    return given if len(known.record.owners) > 1 and len(given) == len(known.record.owners) else None


def _encumbrances_unchecked(known: KnownFacts) -> Data:
    burdens = (FactKind.LICENCE, FactKind.PLEDGE)
    recorded = {event.kind for event in known.record.events}
    checked = {event.value for event in known.record.events if event.kind == FactKind.NO_RECORD}
    unchecked = [kind.label for kind in burdens if kind not in recorded and kind.value not in checked]
    return _if(known.alive and bool(unchecked), f"{'、'.join(unchecked)}情况：尚未查询")


def _term_unchecked(known: KnownFacts) -> Data:
    legal = known.record.legal
    term = known.term
    rests = known.alive and term is not None and not term.checked and legal.expiry is None
    return _if(rests, f"保护期 {term.years} 年，依据：{term.source}") if term else None


def _declaration_runs(known: KnownFacts) -> Data:
    record = known.record
    over = record.declared_until is not None and record.declared_until < known.as_of
    if record.declared not in RUNNING or over:
        return None
    return [
        f"声明状态：{record.declared.label}"
        + (f"，许可期限至 {record.declared_until}" if record.declared_until else "")
    ]


CONDITIONS: dict[str, Callable[[KnownFacts], Data]] = {
    "no_application_number": _no_number,
    "refused_or_withdrawn": _by_status(LegalStatus.REJECTED, LegalStatus.WITHDRAWN),
    "not_yet_granted": _not_yet_granted,
    "wholly_invalid": _by_status(LegalStatus.INVALIDATED),
    "term_over": _by_status(LegalStatus.EXPIRED),
    "terminated_for_fees": _by_status(LegalStatus.TERMINATED),
    "given_up": _by_status(LegalStatus.ABANDONED),
    "not_in_force_otherwise": _not_in_force,
    "legal_status_unknown": _life_unknown,
    "legal_status_not_recorded": _status_not_recorded,
    "grant_date_not_recorded": _grant_date_missing,
    "kind_not_recorded": _kind_missing,
    "surely_in_force": _surely_in_force,
    "partly_invalid": _partly_invalid,
    "exclusive_licence_runs": _events(FactKind.LICENCE, LicenceType.EXCLUSIVE),
    "sole_licence_runs": _events(FactKind.LICENCE, LicenceType.SOLE),
    "licence_of_unknown_type_runs": _events(FactKind.LICENCE, ""),
    "suspended": _suspended,
    "in_grace_period": _grace,
    "annuity_not_recorded": _annuity_unknown,
    "pledgee_refuses": _events(FactKind.PLEDGE, PledgeConsent.NOT_GIVEN),
    "pledgee_consent_not_recorded": _pledge_unknown,
    "pledgee_agrees": _events(FactKind.PLEDGE, PledgeConsent.GIVEN),
    "other_hindrance_runs": _events(FactKind.HINDRANCE),
    "report_concludes_against": _report_against,
    "report_conclusion_not_recorded": _report_unclear,
    "report_not_recorded": _report_missing,
    "report_concludes_for": _report_for,
    "an_owner_refuses": _owner_refuses,
    "an_owner_has_not_said": _owner_silent,
    "owners_not_recorded": _owners_missing,
    "all_owners_agree": _owners_agree,
    "encumbrances_not_checked": _encumbrances_unchecked,
    "term_rests_on_unchecked_source": _term_unchecked,
    "declaration_runs": _declaration_runs,
}
"""The conditions that rules may name."""
