"""Days to pay: working days, suspension, the compensated term and fees that nobody knows to be paid, worked by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from catalog.kit.errors import InvalidInput, NotFound
from catalog.kit.terms import LegalStatus, StatusBasis
from catalog.law import annuities, tables
from catalog.law.life import LegalFacts, LegalLife, legal_life
from catalog.law.working_days import LastDay, last_day

D = date
S = LegalStatus


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    """A data directory of an operator; the shipped tables hold again afterwards."""
    yield tmp_path
    tables.use(None)


def unpaid(filed: date, paid_until: date, on: date, **changes: object) -> LegalLife:
    """An invention whose fees are paid until a day, as the register shows on the day asked for."""
    known: dict[str, object] = {
        "kind": "invention",
        "filed": filed,
        "granted": filed.replace(year=filed.year + 3),
        "annuity_paid_until": paid_until,
        "annuity_checked_on": on,
    }
    return legal_life(LegalFacts(**(known | changes)), on)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("end", "last"),
    [
        (D(2026, 5, 10), D(2026, 5, 11)),  # a Sunday
        (D(2026, 5, 9), D(2026, 5, 9)),  # a Saturday that is worked
        (D(2026, 5, 8), D(2026, 5, 8)),
        (D(2025, 9, 30), D(2025, 9, 30)),
        (D(2025, 10, 1), D(2025, 10, 9)),  # National Day and Mid-Autumn, 1 to 8 October
        (D(2025, 10, 8), D(2025, 10, 9)),
        (D(2026, 2, 15), D(2026, 2, 24)),  # Spring Festival, nine days
        (D(2026, 2, 14), D(2026, 2, 14)),
        (D(2023, 12, 30), D(2024, 1, 2)),  # of the notice for 2024
        (D(2018, 12, 29), D(2018, 12, 29)),  # a Saturday that the notice for 2019 has worked
        (D(2020, 1, 31), D(2020, 2, 3)),  # prolonged by 国办发明电〔2020〕1号
    ],
)
def test_a_period_that_ends_on_a_day_off_ends_on_the_first_working_day_after(end: date, last: date) -> None:
    assert last_day(end) == LastDay(last, last)


def test_in_a_year_without_a_notice_saturdays_and_sundays_move_and_nine_days_stay_open() -> None:
    assert last_day(D(2031, 5, 8)) == LastDay(D(2031, 5, 8), D(2031, 5, 17))  # a Thursday
    assert last_day(D(2031, 5, 10)) == LastDay(D(2031, 5, 12), D(2031, 5, 19))  # a Saturday
    # The last days of December wait for the notice of the next year.
    newest = max(tables.current().holidays.notices)
    turn = last_day(D(newest, 12, 31))
    assert turn.sure < turn.latest


def test_the_six_months_of_grace_end_on_the_working_day_after_a_sunday() -> None:
    """Filed 2019-05-29: due Friday 2026-05-29 (year 8, 2,000 yuan), grace to Sunday, hence Monday 2026-11-30."""
    filed, paid = D(2019, 5, 29), D(2026, 5, 28)
    for day in (D(2026, 11, 27), D(2026, 11, 29), D(2026, 11, 30)):
        found = unpaid(filed, paid, day)
        assert (found.status, found.in_force) == (S.GRACE, True)
        assert (found.grace_until, found.surcharge_now) == (D(2026, 11, 30), Decimal(500))
    over = unpaid(filed, paid, D(2026, 12, 1))
    assert (over.status, over.in_force, over.last_valid_day) == (S.TERMINATED, False, D(2026, 5, 28))


def test_an_annuity_due_on_a_sunday_is_in_time_on_monday() -> None:
    """Filed 2018-05-10, due Sunday 2026-05-10, six months to Tuesday 2026-11-10."""
    filed, paid = D(2018, 5, 10), D(2026, 5, 9)
    for day in (D(2026, 5, 9), D(2026, 5, 10), D(2026, 5, 11)):
        found = unpaid(filed, paid, day)
        assert (found.status, found.missing) == (S.IN_FORCE, [])
        assert (found.next_annuity_due, found.annuity_pay_by) == (D(2026, 5, 10), D(2026, 5, 11))
        assert found.surcharge_now is None
    late = unpaid(filed, paid, D(2026, 5, 12))
    assert (late.status, late.grace_until, late.surcharge_now) == (S.GRACE, D(2026, 11, 10), Decimal(0))


def test_a_saturday_that_is_worked_does_not_move() -> None:
    assert unpaid(D(2018, 5, 9), D(2026, 5, 8), D(2026, 5, 9)).status == S.IN_FORCE
    assert unpaid(D(2018, 5, 9), D(2026, 5, 8), D(2026, 5, 10)).status == S.GRACE


def test_the_term_itself_is_not_moved() -> None:
    """Filed 2006-05-10: the last valid day is Saturday 2026-05-09, on Sunday the right has ended."""
    known = LegalFacts(kind="invention", filed=D(2006, 5, 10), granted=D(2009, 5, 10))
    assert legal_life(known, D(2026, 5, 9)).in_force
    assert legal_life(known, D(2026, 5, 10)).status == S.EXPIRED


def test_without_a_notice_the_days_after_a_due_day_are_unknown_and_never_terminated() -> None:
    """Filed 2024-05-08, due Thursday 2031-05-08 and grace to Saturday 2031-11-08, hence Monday the 10th at least."""
    filed, paid = D(2024, 5, 8), D(2031, 5, 7)

    def status(day: date) -> tuple[LegalStatus, bool | None]:
        found = unpaid(filed, paid, day)
        assert ("holidays" in found.missing) == (found.status == S.UNKNOWN)
        return found.status, found.in_force

    assert status(D(2031, 5, 8)) == (S.IN_FORCE, True)
    assert status(D(2031, 5, 9)) == status(D(2031, 5, 17)) == (S.UNKNOWN, True)
    assert status(D(2031, 5, 18)) == status(D(2031, 11, 10)) == (S.GRACE, True)
    assert status(D(2031, 11, 11)) == status(D(2031, 11, 17)) == (S.UNKNOWN, None)
    assert status(D(2031, 11, 18)) == (S.TERMINATED, False)
    assert "放假与调休安排" in unpaid(filed, paid, D(2031, 11, 11)).missing_names[-1]


def test_a_register_that_shows_a_living_right_in_the_moved_days_tells_nothing_of_the_fee() -> None:
    shown = LegalFacts(
        kind="invention",
        filed=D(2019, 5, 29),
        granted=D(2022, 5, 29),
        status=S.IN_FORCE,
        status_date=D(2026, 11, 30),
    )
    assert legal_life(shown, D(2026, 12, 1)).status_basis == StatusBasis.PRESUMED
    assert legal_life(shown, D(2026, 12, 1)).next_annuity_due == D(2026, 5, 29)


@pytest.mark.parametrize("paid_until", [D(2026, 5, 9), D(2026, 5, 10)])
def test_a_suspended_right_does_not_end_for_unpaid_fees(paid_until: date) -> None:
    """细则 105: suspended since 2026-06-01, paid to 2026-05-10, looked at on 2026-11-20."""
    suspended = {"status": S.SUSPENDED, "status_date": D(2026, 6, 1), "annuity_checked_on": D(2026, 11, 20)}

    def on(day: date) -> LegalLife:
        return unpaid(D(2018, 5, 10), paid_until, day, **suspended)

    assert (on(D(2026, 5, 31)).status, on(D(2026, 5, 31)).in_force) == (S.GRACE, True)
    for day in (D(2026, 6, 1), D(2026, 11, 10), D(2026, 11, 11), D(2026, 11, 20)):
        assert (on(day).status, on(day).in_force) == (S.SUSPENDED, True)
    assert any("第105条" in note for note in on(D(2026, 11, 20)).notes)


def test_a_suspension_saves_a_right_until_the_last_day_of_grace_and_not_after() -> None:
    """Grace ends on Tuesday 2026-11-10."""
    for began, status in (
        (D(2026, 11, 9), S.SUSPENDED),
        (D(2026, 11, 10), S.SUSPENDED),
        (D(2026, 11, 11), S.TERMINATED),
    ):
        known = {"status": S.SUSPENDED, "status_date": began}
        assert unpaid(D(2018, 5, 10), D(2026, 5, 9), D(2026, 11, 20), **known).status == status


def test_a_due_day_that_nobody_knows_to_be_kept_stays_the_next_one() -> None:
    """Filed 2019-12-20, paid to 2025-12-19, never looked at since; due Saturday 2025-12-20, hence Monday the 22nd."""
    known = LegalFacts(
        kind="invention", filed=D(2019, 12, 20), granted=D(2022, 12, 20), annuity_paid_until=D(2025, 12, 19)
    )
    for day, unrecorded in (
        (D(2025, 12, 19), False),
        (D(2025, 12, 22), False),
        (D(2025, 12, 23), True),
        (D(2026, 11, 30), True),
    ):
        found = legal_life(known, day)
        assert (found.next_annuity_due, found.next_annuity_amount) == (D(2025, 12, 20), Decimal(2000))
        assert any("缴费情况未登记" in note for note in found.notes) == unrecorded
        assert (found.surcharge_now, found.grace_until) == (None, None)
    paid = LegalFacts(
        kind="invention", filed=D(2019, 12, 20), granted=D(2022, 12, 20), annuity_paid_until=D(2026, 12, 19)
    )
    assert legal_life(paid, D(2026, 11, 30)).next_annuity_due == D(2026, 12, 20)


COMPENSATED = LegalFacts(
    kind="invention",
    filed=D(2006, 5, 10),
    granted=D(2012, 5, 10),
    expiry=D(2027, 3, 1),
    annuity_paid_until=D(2026, 5, 9),
)


def test_the_compensated_term_has_an_annuity_whose_amount_is_missing_until_it_is_entered(
    data_dir: Path,
) -> None:
    """Full term to 2026-05-09, compensated to 2027-03-01: a fee falls due on 2026-05-10."""
    for day in (D(2026, 5, 9), D(2026, 5, 10), D(2026, 5, 12), D(2027, 3, 1)):
        found = legal_life(COMPENSATED, day)
        assert (found.next_annuity_due, found.next_annuity_amount) == (D(2026, 5, 10), None)
        assert "compensation_amount" in found.missing
        assert any("财税〔2024〕23号" in name for name in found.missing_names)
    assert legal_life(COMPENSATED, D(2027, 3, 2)).status == S.EXPIRED
    text = tables.text(None, tables.ANNUITIES).text
    own = data_dir / "我的年费.csv"
    own.write_text(
        text.replace("invention_compensation,21,40,,", "invention_compensation,21,40,8000,"), "utf-8"
    )
    assert tables.adopt(data_dir, tables.ANNUITIES, own).version.startswith("自定义-")
    tables.use(data_dir)
    found = legal_life(COMPENSATED, D(2026, 5, 10))
    assert (found.next_annuity_amount, found.missing) == (Decimal(8000), [])


def test_reductions_hold_for_ten_annuities_from_the_year_of_grant() -> None:
    """财税〔2016〕78号 as extended in 2018: the invention of 2008 pays its 20th year in full, 8,000 and not 1,200 yuan."""
    eighth = Decimal(8000)
    assert [annuities.reduced(eighth, ["one_party"], nth)[0] for nth in (9, 10, 11, 17)] == [
        1200, 1200, 8000, 8000,
    ]  # fmt: skip
    # The open licence knows no such limit.
    assert annuities.reduced(eighth, ["one_party", "open_licence"], 17)[0] == 6800


@pytest.mark.parametrize(
    ("name", "change", "reason"),
    [
        ("holidays.csv", ("year,kind", "jahr,kind"), "表头应为"),
        ("holidays.csv", ("2026,rest,2026-10-01", "2026,frei,2026-10-01"), "kind 应为 rest"),
        ("holidays.csv", ("2026,rest,2026-10-01", "2026,rest,1. Oktober"), "应为日期"),
        ("holidays.csv", ("2026,rest,2026-10-01", "2027,rest,2026-10-01"), "不是 2027 年"),
        ("holidays.csv", ("2026,work,2026-10-10,2026-10-10", "2026,work,2026-10-09,2026-10-09"), "星期六或星期日"),
        ("holidays.csv", ("2026,work,2026-10-10,2026-10-10", "2026,work,2026-10-03,2026-10-03"), "既放假又上班"),
        ("annuities.csv", ("invention,1,3,900", "erfindung,1,3,900"), "没有名为“erfindung”的种类"),
        ("annuities.csv", ("invention,1,3,900", "invention,1,3,-1"), "不小于 0"),
        ("annuities.csv", ("invention,4,6,1200", "invention,3,6,1200"), "写了两次"),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_right_is_refused_and_names_its_line(
    data_dir: Path, name: str, change: tuple[str, str], reason: str
) -> None:
    own = data_dir / "own.csv"
    own.write_text(tables.text(None, name).text.replace(*change, 1), "utf-8")
    with pytest.raises(InvalidInput, match=reason):
        tables.adopt(data_dir, name, own)
    assert not (data_dir / name).exists()


def test_the_notice_of_a_new_year_is_added_by_the_operator(data_dir: Path) -> None:
    """A notice for 2031 with 1 to 5 May off closes the question for that year."""
    own = data_dir / "own.csv"
    own.write_text(
        tables.text(None, tables.HOLIDAYS).text + "2031,rest,2031-05-01,2031-05-05,劳动节,示例通知\n", "utf-8"
    )
    tables.adopt(data_dir, tables.HOLIDAYS, own)
    assert tables.use(data_dir).holidays.notices[2031] == "示例通知"
    assert last_day(D(2031, 5, 2)) == LastDay(D(2031, 5, 6), D(2031, 5, 6))
    tables.reset(data_dir, tables.HOLIDAYS)
    assert 2031 not in tables.use(data_dir).holidays.notices
    with pytest.raises(NotFound, match=r"annuities\.csv"):
        tables.text(None, "fees.csv")
