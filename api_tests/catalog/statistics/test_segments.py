"""Figures by segment worked out by hand, nothing counted twice, averages only above twenty contracts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session

from catalog.db import Database, sqlite_url
from catalog.deals import edits as deal_edits
from catalog.deals.deals import DealCreate, ReceiptCreate
from catalog.demand import needs
from catalog.demand.needs import NeedCreate
from catalog.kit.base import ClassRef
from catalog.kit.days import beijing_today
from catalog.kit.terms import Band, LicenceStatus, PatentKind, PaymentForm
from catalog.licences import edits as licence_edits
from catalog.licences.licences import LicenceCreate
from catalog.registers.patents import upsert
from catalog.runs import matches as night_matches
from catalog.runs import nights as nightly_runs
from catalog.runs.matches import NightMatch, NightSide
from catalog.statistics import contracts as contract_statistics
from catalog.statistics import matches as match_statistics
from catalog.statistics import segments as segment_statistics
from catalog.statistics.segments import Counting, SegmentFilter
from catalog.supply.holders import HolderRef
from catalog.supply.patents import PatentCreate
from ingestion.identifiers.application_number import check_digit
from service.installation.setup import initialise

TODAY = beijing_today()


def number(serial: int) -> str:
    body = f"20201{serial:07d}"
    return f"{body}.{check_digit(body)}"


A, B, C = number(1), number(2), number(3)
CLASSES = {
    A: [("segment", "HB01", 0.75), ("segment", "HB02", 0.25), ("industry", "3841", 1)],
    B: [("segment", "HB02", 1.0), ("industry", "3841", 1)],
    C: [],
}


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """Three patents: A in two segments, B in one, C in none; two needs, in Wuhan and in Yichang."""
    database = Database(sqlite_url(tmp_path / "catalog.db"))
    initialise(database)
    with database.write() as open_session:
        upsert(
            open_session,
            [
                PatentCreate(
                    application_number=key,
                    title=f"一种装置{key[-3:]}",
                    kind=PatentKind.INVENTION,
                    filing_date=date(2020, 1, 1),
                    grant_date=date(2022, 1, 1),
                    province="420000",
                    holders=[HolderRef(name="示例理工大学" if key != C else "示例师范大学")],
                    classes=[ClassRef(scheme=s, code=c, weight=w) for s, c, w in classes],
                )
                for key, classes in CLASSES.items()
            ],
        )
        for place, region in enumerate(("420100", "420500")):
            need = NeedCreate(title=f"需求{place}", text="说明", province="420000", prefecture=region)
            needs.create(open_session, need)
        yield open_session
    database.dispose()


def sign(session: Session, *numbers: str, region: str = "420100", **changes: Any) -> int:
    giver = "示例师范大学" if numbers == (C,) else "示例理工大学"
    values: dict[str, Any] = {
        "kind": "licence",
        "licence_type": "ordinary",
        "application_numbers": list(numbers),
        "givers": [{"name": giver}],
        "takers": [{"name": "示例设备有限公司", "province": "420000", "prefecture": region}],
        "payment_form": "lump_sum",
        "contract_amount": 100_000,
        "signed_on": date(2025, 3, 1),
        "ends_on": date(2028, 2, 29),
    }
    data = DealCreate.model_validate(values | changes)
    return deal_edits.create(session, data, today=beijing_today())[0].id or 0


def pay(session: Session, deal_id: int, amount: str, on: date) -> None:
    deal_edits.receive(
        session, deal_id, ReceiptCreate(received_on=on, amount=Decimal(amount)), today=beijing_today()
    )


def declare(session: Session, key: str, on: date) -> None:
    values = {
        "application_number": key,
        "payment_form": PaymentForm.FREE,
        "declared_on": on,
        "status": LicenceStatus.PUBLISHED,
    }
    licence_edits.create(session, LicenceCreate.model_validate(values), today=beijing_today())


def match_all(session: Session) -> None:
    run = nightly_runs.start(session)
    found = [
        (1, [_match(1, 0.9, Band.HIGH), _match(2, 0.8, Band.MEDIUM), _match(3, 0.7, Band.LOW)]),
        (2, [_match(1, 0.7, Band.HIGH), _match(3, 0.6, Band.MEDIUM), _match(2, 0.5, Band.LOW)]),
    ]
    night_matches.store(session, run.id or 0, NightSide.NEED, found)
    nightly_runs.finish(session, run.id or 0)


def _match(patent: int, score: float, band: Band) -> NightMatch:
    return NightMatch(patent, score, 0.0, 0.0, 0.0, 0.0, 0.5, band)


def figures(session: Session, name: str, **where: Any) -> dict[str, Decimal]:
    """The figures of a column by segment, the total under "sum"; segments without any are left out."""
    report = segment_statistics.report(session, SegmentFilter.model_validate({"today": TODAY} | where))
    found = {row.code: getattr(row, name) for row in report.rows if getattr(row, name)}
    return found | {"sum": getattr(report.total, name)}


def test_figures_by_hand(session: Session) -> None:
    # A deal about A and B for 100,000: half to each, of A three quarters to HB01.
    #   HB01 50,000 x 0.75 = 37,500; HB02 50,000 x 0.25 + 50,000 = 62,500
    both = sign(session, A, B)
    pay(session, both, "0.03", date(2025, 4, 1))
    # A deal about C, in no segment, of a firm in Yichang.
    sign(session, C, region="420500", contract_amount=7)
    declare(session, A, date(2025, 5, 1))
    match_all(session)
    weighted = {
        "matches": {"HB01": "1.5", "HB02": "1.5", "": "1", "sum": "4"},
        "matched_patents": {"HB01": "0.75", "HB02": "1.25", "": "1", "sum": "3"},
        "declared": {"HB01": "0.75", "HB02": "0.25", "sum": "1"},
        "deals": {"HB01": "0.37", "HB02": "0.63", "": "1", "sum": "2"},
        "deal_patents": {"HB01": "0.75", "HB02": "1.25", "": "1", "sum": "3"},
        "contract_amount": {"HB01": "37500", "HB02": "62500", "": "7", "sum": "100007"},
        # 3 fen: 1.125 and 1.875 are cut to 1 and 1, what remains goes to the larger share
        "received": {"HB01": "0.01", "HB02": "0.02", "sum": "0.03"},
    }
    for name, expected in weighted.items():
        assert figures(session, name) == {code: Decimal(v) for code, v in expected.items()}, name
    each = {
        "matches": {"HB01": 2, "HB02": 3, "": 1, "sum": 4},
        "declared": {"HB01": 1, "HB02": 1, "sum": 1},
        "deals": {"HB01": 1, "HB02": 1, "": 1, "sum": 2},
        "contract_amount": {"HB01": 100_000, "HB02": 100_000, "": 7, "sum": 100_007},
    }
    for name, wanted in each.items():
        assert figures(session, name, counting=Counting.EACH) == wanted, name


def test_areas_holders_and_periods(session: Session) -> None:
    early = sign(session, B, signed_on=date(2025, 3, 1))
    sign(session, B, signed_on=date(2025, 9, 1), region="420500")
    pay(session, early, "50", date(2025, 9, 2))
    match_all(session)
    assert figures(session, "deals", until=date(2025, 6, 30)) == {"HB02": 1, "sum": 1}
    assert figures(session, "deals", since=date(2025, 3, 2)) == {"HB02": 1, "sum": 1}
    # paid in the second half of the year, though signed before
    assert figures(session, "received", since=date(2025, 7, 1)) == {"HB02": 50, "sum": 50}
    assert figures(session, "deals", region=["420500"]) == {"HB02": 1, "sum": 1}
    assert figures(session, "deals", holder="师范") == {"sum": 0}
    assert figures(session, "matches", region=["420100"]) == {
        "HB01": Decimal("0.75"),
        "HB02": Decimal("1.25"),
        "sum": 2,
    }
    assert figures(session, "matches", holder="师范") == {"": 1, "sum": 1}
    report = segment_statistics.report(session, SegmentFilter(today=TODAY))
    assert (report.catalogue, report.catalogue_status) == ("HB-2021.1", "待官方核定")
    assert len(report.rows) >= 35
    assert report.run_id == 1


def test_void_deals_do_not_count(session: Session) -> None:
    deal_edits.void(session, sign(session, A), "登记有误")
    assert figures(session, "contract_amount") == {"sum": 0}


def test_matches_are_listed_by_segment(session: Session) -> None:
    match_all(session)
    where = match_statistics.MatchFilter(segment=["HB01"], today=TODAY)
    found = match_statistics.matches(session, where, offset=0, limit=10)
    assert (found.total, [(line.need_id, line.rank) for line in found.items]) == (2, [(1, 1), (2, 1)])
    assert ([line.band_name for line in found.items], found.notes) == (["高", "高"], [])
    assert found.counted == "只统计匹配程度为高、中的结果"
    assert found.items[0].segments == {"HB01": Decimal("0.75"), "HB02": Decimal("0.25")}
    assert (
        len(
            match_statistics.matches(
                session, match_statistics.MatchFilter(today=TODAY), offset=3, limit=10
            ).items
        )
        == 1
    )
    assert (
        match_statistics.matches(
            session, match_statistics.MatchFilter(holder="师范", today=TODAY), offset=0, limit=1
        ).total
        == 1
    )


def test_a_night_without_bands_counts_nothing_and_says_so(session: Session) -> None:
    run = nightly_runs.start(session)
    old = [(1, [NightMatch(1, 0.9, 0.0, 0.0, 0.0)])]
    night_matches.store(session, run.id or 0, NightSide.NEED, old)
    nightly_runs.finish(session, run.id or 0)
    found = match_statistics.matches(session, match_statistics.MatchFilter(today=TODAY), offset=0, limit=10)
    report = segment_statistics.report(session, SegmentFilter(today=TODAY))
    assert found.total == report.total.matches == 0
    assert found.notes == report.notes == [match_statistics.NO_BANDS]


def test_averages_need_more_than_twenty_contracts(session: Session) -> None:
    for day in range(20):
        sign(
            session,
            B,
            signed_on=date(2025, 1, 1 + day),
            ends_on=date(2026, 12, 31),
            contract_amount=30_000 + day,
        )
    at_floor = contract_statistics.of_industry(session, "3841")
    assert (at_floor.fixed, at_floor.royalty) == (None, None)
    assert any("不公布" in note for note in at_floor.notes)
    assert figures(session, "average_amount") == {"sum": None}
    sign(session, B, signed_on=date(2025, 2, 1), ends_on=date(2026, 12, 31), contract_amount=30_020)
    above = contract_statistics.of_industry(session, "3841").fixed
    assert above is not None
    # 30,000 to 30,020: the middle is 30,010
    assert [above.contracts, above.average_amount, above.average_patents] == [21, 30_010, 1]
    assert figures(session, "average_amount") == {"HB02": 30_010, "sum": 30_010}
    upper = contract_statistics.of_industry(session, "3849")
    assert (upper.fixed_class, upper.fixed) == ("384", above)
    assert any("改用上级“电池制造”" in note for note in upper.notes)


@given(
    amount=st.decimals(0, 10**9, places=2),
    weights=st.lists(st.integers(1, 1000), min_size=1, max_size=8),
)
def test_nothing_is_lost_in_splitting(amount: Decimal, weights: list[int]) -> None:
    total = sum(weights)
    shares = {str(place): Decimal(w) / total for place, w in enumerate(weights)}
    parts = segment_statistics.split(amount, shares)
    assert sum(parts.values()) == amount
    assert all(part >= 0 for part in parts.values())
    assert all(
        abs(parts[code] - amount * share) < len(weights) * Decimal("0.01") for code, share in shares.items()
    )
