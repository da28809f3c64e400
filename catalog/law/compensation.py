"""Compensation of the term (专利权期限补偿) of an invention: how many days are added, and why not.

What the office has decided is recorded as the patent's expiry date; this is the rule for checking and planning
(专利法 42, second and third paragraph).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from catalog.kit.terms import PatentKind
from catalog.law.years import add_months, anniversary

YEARS_FROM_FILING = 4
YEARS_FROM_REQUEST = 3
MONTHS_TO_ASK = 3
DRUG_YEARS = 5
DRUG_YEARS_AFTER_APPROVAL = 14


@dataclass(frozen=True, slots=True)
class Compensation:
    """Days added to the term, and the reasons where there are none."""

    days: int
    reasons: list[str]


def for_delay(
    *,
    kind: PatentKind,
    filed: date,
    examination_requested: date,
    granted: date,
    asked_on: date | None,
    applicant_delay: int = 0,
    reasonable_delay: int = 0,
    same_day_pair: bool = False,
) -> Compensation:
    """Compensation for unreasonable delay in granting; delays in days.

    The delay runs from the later of four years from filing and three years from the request for examination to the grant.
    """
    start = max(anniversary(filed, YEARS_FROM_FILING), anniversary(examination_requested, YEARS_FROM_REQUEST))
    reasons = {
        "只有发明专利可以补偿": kind != PatentKind.INVENTION,
        "授权时自申请日起未满四年或自实质审查请求之日起未满三年": granted < start,
        "同日申请实用新型和发明的，发明专利不予补偿": same_day_pair,
        "未提出补偿请求": asked_on is None,
        "未在授权公告之日起三个月内提出请求": asked_on is not None
        and asked_on > add_months(granted, MONTHS_TO_ASK),
    }
    refused = [reason for reason, holds in reasons.items() if holds]
    days = max(0, (granted - start).days - reasonable_delay - applicant_delay)
    return Compensation(0, refused) if refused else Compensation(days, [])


def drug_term_end(term_end: date, approved_on: date, days: int) -> date:
    """End of the term of a new-drug patent with `days` of compensation asked for.

    At most five years are added, and the term left after the approval is at most fourteen years in all; the end is
    never earlier than the term without compensation.
    """
    asked = date.fromordinal(min(term_end.toordinal() + days, date.max.toordinal()))
    capped = min(
        asked, anniversary(term_end, DRUG_YEARS), anniversary(approved_on, DRUG_YEARS_AFTER_APPROVAL)
    )
    return max(term_end, capped)
