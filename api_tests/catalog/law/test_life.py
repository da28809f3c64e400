"""Legal life: every example and table row of the law and the properties of the course of a right."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.kit.terms import LegalStatus, PatentKind, StatusBasis
from catalog.law import annuities
from catalog.law.life import (
    ENDED_TEXT,
    LegalFacts,
    LegalLife,
    force_period,
    last_valid_day,
    legal_life,
    possible_period,
    term_years,
)
from catalog.law.working_days import last_day
from catalog.law.years import add_months, anniversary, first_anniversary, last_anniversary, patent_year

D = date
S = LegalStatus
B = StatusBasis
FILED, GRANTED = D(2010, 6, 3), D(2013, 8, 1)  # the fee of the fourth patent year is paid at the grant


def facts(**changes: object) -> LegalFacts:
    known: dict[str, object] = {"kind": "invention", "filed": FILED, "granted": GRANTED}
    return LegalFacts(**(known | changes))  # type: ignore[arg-type]


def life(as_of: date, **changes: object) -> LegalLife:
    return legal_life(facts(**changes), as_of)


@pytest.mark.parametrize(
    ("kind", "filed", "years", "last"),
    [
        ("invention", D(2010, 6, 3), 20, D(2030, 6, 2)),
        ("utility_model", D(2010, 6, 3), 10, D(2020, 6, 2)),
        ("design", D(2021, 6, 1), 15, D(2036, 5, 31)),
        ("design", D(2021, 5, 31), 10, D(2031, 5, 30)),  # 公告第423号
        ("utility_model", D(2020, 2, 29), 10, D(2030, 2, 27)),  # 期满日 28 February 2030
        ("invention", D(2004, 2, 29), 20, D(2024, 2, 28)),  # 29 February 2024 exists
    ],
)
def test_terms_run_from_the_filing_date(kind: str, filed: date, years: int, last: date) -> None:
    assert term_years(kind, filed) == years
    assert last_valid_day(kind, filed, None) == last
    life = legal_life(LegalFacts(kind=kind, filed=filed, granted=filed), last)
    assert life.in_force
    assert life.term_end == last + timedelta(days=1)
    after = legal_life(LegalFacts(kind=kind, filed=filed, granted=filed), last + timedelta(days=1))
    assert (after.status, after.in_force) == (S.EXPIRED, False)


@pytest.mark.parametrize(
    ("known", "day", "words"),
    [
        ({}, D(2030, 6, 2), "当前有效（推定）"),
        ({}, D(2030, 6, 3), "已失效（不再受该专利限制，恢复可能与他人权利另行核查）"),
        ({"status": S.TERMINATED, "status_date": D(2020, 6, 3)}, D(2020, 6, 3), ENDED_TEXT),
        ({"status": S.INVALIDATED}, D(2020, 6, 3), ENDED_TEXT),
        ({"granted": None, "status": S.PENDING}, D(2012, 1, 1), "审中，尚未授权"),
        ({"granted": None, "status": S.REJECTED}, D(2013, 1, 1), "未授权（驳回）"),
        ({"granted": None}, D(2013, 1, 1), "有效性未知"),
    ],
)
def test_whether_a_right_is_in_force_is_said_in_words(
    known: dict[str, object], day: date, words: str
) -> None:
    assert life(day, **known).standing == words


def test_unchecked_sources_are_shown() -> None:
    old = legal_life(LegalFacts(kind="design", filed=D(2021, 5, 31), granted=D(2022, 1, 1)), D(2022, 2, 1))
    assert any("公告第423号" in note and "未核对" in note for note in old.notes)
    assert life(D(2014, 1, 1)).notes == []


def test_a_recorded_expiry_overrides_the_formula() -> None:
    compensated = D(2031, 1, 15)
    assert last_valid_day("invention", FILED, compensated) == compensated
    assert life(D(2030, 12, 1), expiry=compensated).in_force
    # A register that gives the anniversary means the first day without protection.
    assert last_valid_day("invention", FILED, D(2030, 6, 3)) == D(2030, 6, 2)


@pytest.mark.parametrize(
    ("on", "year"),
    [(D(2010, 6, 3), 1), (D(2011, 6, 2), 1), (D(2011, 6, 3), 2), (D(2013, 8, 1), 4), (D(2030, 6, 2), 20)],
)
def test_patent_years(on: date, year: int) -> None:
    assert patent_year(FILED, on) == year


ANNUITIES = {
    "invention": [900] * 3 + [1200] * 3 + [2000] * 3 + [4000] * 3 + [6000] * 3 + [8000] * 5,
    "utility_model": [600] * 3 + [900] * 2 + [1200] * 3 + [2000] * 2,
    "design": [600] * 3 + [900] * 2 + [1200] * 3 + [2000] * 2 + [3000] * 5,
}


def test_annuity_amounts() -> None:
    for kind, amounts in ANNUITIES.items():
        years = range(1, len(amounts) + 1)
        assert [annuities.amount(kind, year) for year in years] == [Decimal(a) for a in amounts]
        assert annuities.amount(kind, len(amounts) + 1) is None


def test_reductions_never_add_up() -> None:
    assert annuities.reduced(Decimal(1200), ["one_party"], 1)[0] == Decimal(180)
    assert annuities.reduced(Decimal(1200), ["several_parties"], 1)[0] == Decimal(360)
    best, case = annuities.reduced(Decimal(1200), ["open_licence", "several_parties"], 1)
    assert (best, case and case.case) == (Decimal(360), "several_parties")
    assert annuities.reduced(Decimal(1200), ["open_licence"], 1)[0] == Decimal(1020)
    assert annuities.reduced(Decimal(1200), [], 1) == (Decimal(1200), None)


@pytest.mark.parametrize(
    ("paid_on", "percent"),
    [
        (D(2014, 6, 3), None),  # on the due date: in time
        (D(2014, 6, 4), 0),  # the first month is free of surcharge
        (D(2014, 7, 3), 0),
        (D(2014, 7, 4), 5),
        (D(2014, 8, 4), 10),
        (D(2014, 9, 4), 15),
        (D(2014, 10, 4), 20),
        (D(2014, 11, 4), 25),
        (D(2014, 12, 3), 25),
        (D(2014, 12, 4), None),  # the grace period is over
    ],
)
def test_surcharge_by_started_month(paid_on: date, percent: int | None) -> None:
    rate = annuities.surcharge(D(2014, 6, 3), paid_on)
    assert (rate and rate.percent) == (None if percent is None else Decimal(percent))


def test_grace_then_termination_from_the_due_date() -> None:
    """Paid to the fourth year, due 2014-06-03 (1200 yuan for year 5), grace to 2014-12-03."""
    unpaid = {"annuity_paid_until": D(2014, 6, 2)}
    in_time = life(D(2014, 6, 3), **unpaid, annuity_checked_on=D(2014, 9, 10))
    assert (in_time.status, in_time.next_annuity_due) == (S.IN_FORCE, D(2014, 6, 3))
    late = life(D(2014, 9, 10), **unpaid, annuity_checked_on=D(2014, 9, 10))
    assert (late.status, late.status_basis, late.in_force) == (S.GRACE, B.COMPUTED, True)
    assert late.grace_until == D(2014, 12, 3)
    assert (late.next_annuity_amount, late.surcharge_now) == (Decimal(1200), Decimal(180))
    assert any("不得实行开放许可" in note for note in late.notes)
    unclear = life(D(2014, 12, 4), **unpaid, annuity_checked_on=D(2014, 9, 10))
    assert (unclear.status, unclear.in_force, unclear.missing) == (S.UNKNOWN, None, ["annuity_checked_on"])
    dead = {"annuity_paid_until": D(2014, 6, 2), "annuity_checked_on": D(2014, 12, 4)}
    assert life(D(2014, 6, 3), **dead).status == S.TERMINATED  # backwards to the due date
    assert life(D(2014, 6, 2), **dead).in_force
    assert life(D(2015, 1, 1), **dead).last_valid_day == D(2014, 6, 2)


def test_without_payment_records_the_right_is_presumed() -> None:
    certain = life(D(2014, 6, 3))
    assert (certain.status, certain.status_basis, certain.missing) == (S.IN_FORCE, B.COMPUTED, [])
    presumed = life(D(2014, 6, 4))
    assert (presumed.status_basis, presumed.missing) == (B.PRESUMED, ["annuity_paid_until"])
    # Nobody knows the fee of 2014 to be paid: it stays the next one.
    assert (presumed.next_annuity_due, presumed.next_annuity_amount) == (D(2014, 6, 3), Decimal(1200))
    assert presumed.missing_names == ["年费缴至日"]
    last = life(D(2029, 6, 4), annuity_paid_until=D(2030, 6, 2))
    assert last.next_annuity_due is None


@pytest.mark.parametrize(
    ("status", "on", "before", "after", "in_force_after"),
    [
        (S.ABANDONED, D(2020, 5, 5), S.IN_FORCE, S.ABANDONED, False),
        (S.TERMINATED, D(2020, 6, 3), S.IN_FORCE, S.TERMINATED, False),
        (S.EXPIRED, D(2030, 6, 3), S.IN_FORCE, S.EXPIRED, False),
        (S.SUSPENDED, D(2020, 5, 5), S.IN_FORCE, S.SUSPENDED, True),
        (S.PARTLY_INVALID, D(2020, 5, 5), S.PARTLY_INVALID, S.PARTLY_INVALID, True),
        (S.INVALIDATED, D(2020, 5, 5), S.INVALIDATED, S.INVALIDATED, False),  # void from the beginning
        (S.PLEDGED, D(2020, 5, 5), S.IN_FORCE, S.IN_FORCE, True),
        (S.IN_FORCE, D(2020, 5, 5), S.IN_FORCE, S.IN_FORCE, True),
    ],
)
def test_recorded_status_overrides(
    status: LegalStatus, on: date, before: LegalStatus, after: LegalStatus, in_force_after: bool
) -> None:
    recorded = {"status": status, "status_date": on}
    assert life(on - timedelta(days=1), **recorded).status == before
    then = life(on, **recorded)
    assert (then.status, then.in_force) == (after, in_force_after)
    assert then.status_basis == B.REGISTER


def test_termination_announced_later_counts_from_the_due_date() -> None:
    announced = {"status": S.TERMINATED, "status_date": D(2021, 2, 10)}
    assert life(D(2020, 6, 2), **announced).in_force
    assert life(D(2020, 6, 3), **announced).status == S.TERMINATED
    paid = announced | {"annuity_paid_until": D(2019, 6, 2)}
    assert life(D(2019, 6, 3), **paid).status == S.TERMINATED


def test_the_later_of_contradicting_records_holds() -> None:
    stale = {"annuity_paid_until": D(2014, 6, 2), "annuity_checked_on": D(2014, 12, 31)}
    restored = life(D(2020, 7, 1), **stale, status=S.IN_FORCE, status_date=D(2020, 7, 1))
    assert (restored.status, restored.status_basis) == (S.IN_FORCE, B.REGISTER)
    older = life(D(2020, 7, 1), **stale, status=S.IN_FORCE, status_date=D(2014, 1, 1))
    assert older.status == S.TERMINATED
    overtaken = life(D(2014, 1, 1), status=S.PENDING, status_date=D(2012, 1, 1))
    assert overtaken.status == S.IN_FORCE


def test_arrears_shown_by_the_register() -> None:
    shown = {"status": S.GRACE, "status_date": D(2020, 8, 1)}
    then = life(D(2020, 8, 1), **shown)
    assert (then.status, then.status_basis, then.grace_until) == (S.GRACE, B.REGISTER, D(2020, 12, 3))
    assert then.surcharge_now == Decimal(200)  # year 11: 4000, second month: 5 %
    assert life(D(2020, 12, 4), **shown).status == S.UNKNOWN


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"granted": None}, ["grant_date", "legal_status"]),
        ({"filed": None}, ["filing_date"]),
        ({"kind": None}, ["kind"]),
    ],
)
def test_missing_data_give_unknown_and_say_what(changes: dict[str, object], missing: list[str]) -> None:
    found = life(D(2020, 1, 1), **changes)
    assert (found.status, found.status_basis, found.in_force) == (S.UNKNOWN, B.NONE, None)
    assert found.missing == missing
    assert not found.in_force
    assert force_period(facts(**changes)) is None


def test_pending_and_dead_without_dates() -> None:
    assert life(D(2012, 1, 1)).status == S.PENDING
    assert life(D(2012, 1, 1), granted=None, status=S.PENDING).in_force is False
    dead = life(D(2020, 1, 1), status=S.TERMINATED)
    assert (dead.status, dead.in_force, dead.missing) == (S.TERMINATED, False, ["legal_status_date"])
    odd = life(D(2020, 1, 1), status=S.PENDING)
    assert odd.status == S.UNKNOWN
    assert odd.notes


def test_register_says_alive_without_grant_date() -> None:
    found = life(D(2020, 1, 1), granted=None, status=S.IN_FORCE)
    assert (found.status, found.in_force) == (S.IN_FORCE, True)
    assert "grant_date" in found.missing


# Properties -----------------------------------------------------------------------------------------------------

DAYS = st.dates(D(1990, 1, 1), D(2060, 1, 1)) | st.sampled_from(
    [D(2004, 2, 29), D(2012, 2, 29), D(2024, 2, 29)]
)
MAYBE = st.none() | DAYS
FACTS = st.builds(
    LegalFacts,
    kind=st.none() | st.sampled_from([kind.value for kind in PatentKind]),
    filed=MAYBE,
    granted=MAYBE,
    expiry=st.none() | st.just(D.max) | DAYS,
    status=st.none() | st.sampled_from([status.value for status in LegalStatus]),
    status_date=MAYBE,
    annuity_paid_until=MAYBE | st.just(D.max),
    annuity_checked_on=MAYBE,
)
SPANS = st.lists(DAYS, min_size=2, max_size=6).map(sorted)


@given(FACTS, SPANS)
def test_a_right_lives_once_and_never_again(known: LegalFacts, days: list[date]) -> None:
    lives = [legal_life(known, day) for day in days]
    alive = [found.in_force for found in lives]
    if True in alive:
        first, last = alive.index(True), len(alive) - 1 - alive[::-1].index(True)
        assert all(alive[first : last + 1])
    final = {S.TERMINATED, S.EXPIRED, S.ABANDONED, S.INVALIDATED}
    ended = [found.status in final for found in lives]
    assert ended == sorted(ended)


@given(FACTS, DAYS)
def test_one_rule(known: LegalFacts, day: date) -> None:
    found = legal_life(known, day)
    force = force_period(known)
    assert (found.in_force is True) == (force is not None and force.holds_on(day))
    if day >= (known.filed or day):
        possible = possible_period(known)
        assert (found.in_force is not False) == (possible is not None and possible.holds_on(day))
    assert (found.standing == ENDED_TEXT) <= (found.in_force is False and found.status != S.PENDING)
    if found.in_force:
        assert found.last_valid_day is None or day <= found.last_valid_day
        alive = {S.IN_FORCE, S.GRACE, S.PARTLY_INVALID, S.SUSPENDED}
        assert found.status in alive or "holidays" in found.missing
    if found.last_valid_day and day > found.last_valid_day:
        assert not found.in_force
    if found.status == S.GRACE and found.grace_until:
        assert found.next_annuity_due
        assert found.next_annuity_due < day <= found.grace_until
        assert found.grace_until == last_day(add_months(found.next_annuity_due, 6)).sure
    if found.status == S.UNKNOWN and known.stated is None and day >= (known.filed or day):
        assert found.missing or found.in_force is False


@given(DAYS, DAYS)
def test_anniversaries(filed: date, day: date) -> None:
    due = first_anniversary(filed, day)
    assert due >= day
    assert due > filed
    assert due.month == filed.month
    assert due.day == filed.day or (filed.month, filed.day, due.day) == (2, 29, 28)
    last = last_anniversary(filed, day)
    assert last is None or filed < last <= day < anniversary(filed, patent_year(filed, day))
