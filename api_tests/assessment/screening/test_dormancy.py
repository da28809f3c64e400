"""Screening: what is dormant, how many points and why, and the yearly review by workbook."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from assessment.screening import weights as screening_weights
from assessment.screening.dormancy import MISSING, ScreenReport, screen
from catalog.db import Database, sqlite_url
from catalog.kit.errors import InvalidInput
from catalog.kit.paging import ListQuery
from catalog.kit.terms import FactKind, HolderKind, LegalStatus, PatentKind
from catalog.registers.patents import upsert
from catalog.supply import facts
from catalog.supply.facts import FactCreate
from catalog.supply.holders import HolderRef
from catalog.supply.patent_lists import PatentFilter, page
from catalog.supply.patents import PatentCreate, ids_of
from catalog.supply.patents_shown import PatentPublic, publics
from ingestion.identifiers.application_number import check_digit

AS_OF = date(2026, 6, 1)
WEIGHTS = screening_weights.load()
UNIVERSITY = HolderRef(name="示例大学", kind=HolderKind.UNIVERSITY)
FIRM = HolderRef(name="示例股份有限公司", kind=HolderKind.COMPANY)


def number(serial: int) -> str:
    body = f"2016199{serial:05d}"
    return f"{body}.{check_digit(body)}"


def patent(serial: int, **changes: object) -> PatentCreate:
    values: dict[str, object] = {
        "application_number": number(serial),
        "title": f"一种装置{serial}",
        "kind": PatentKind.INVENTION,
        "filing_date": date(2016, 6, 1),
        "grant_date": date(2019, 6, 1),
        "holders": [UNIVERSITY],
    }
    return PatentCreate.model_validate(values | changes)


def fact(database: Database, serial: int, kind: FactKind, value: str = "", day: date | None = None) -> None:
    with database.write() as session:
        key = ids_of(session, [number(serial)])[number(serial)]
        facts.store(session, [FactCreate(patent_id=key, kind=kind, value=value, happened_on=day)])


@pytest.fixture
def database(tmp_path: Path) -> Database:
    db = Database(sqlite_url(tmp_path / "catalog.db"))
    db.upgrade()
    return db


def store(database: Database, *records: PatentCreate) -> None:
    with database.write() as session:
        upsert(session, records)


def screened(database: Database, where: PatentFilter | None = None) -> dict[str, PatentPublic]:
    with database.read() as session:
        rows = page(session, ListQuery(sort="-potential"), where or PatentFilter()).rows
        return {public.application_number or "": public for public in publics(session, rows, today=AS_OF)}


def run(database: Database, strengths: dict[int, float] | None = None) -> ScreenReport:
    return screen(database, AS_OF, WEIGHTS, strengths or {})


def test_what_is_dormant(database: Database) -> None:
    cases: list[tuple[PatentCreate, bool | None, str]] = [
        (patent(1), True, "未登记任何运用情况（未登记≠未实施）"),
        (patent(2, legal_status=LegalStatus.ABANDONED, legal_status_date=date(2020, 1, 1)), False, "放弃"),
        (patent(3, grant_date=date(2023, 6, 2)), False, "授权未满 3 年"),
        (patent(4, grant_date=date(2023, 6, 1)), True, "授权已满 3 年"),
        (patent(5, filing_date=None), None, "缺：申请日"),
        (patent(6, grant_date=None, legal_status=LegalStatus.IN_FORCE), None, "缺授权公告日"),
        (patent(7), False, "许可（2021-03-01）"),
        (
            patent(8),
            True,
            "核查无转让记录（2026-05-01 核查）；实施、许可、作价入股、质押、专利产品备案未登记",
        ),  # the transfer comes after the day of the screening
        (patent(9, kind=PatentKind.UTILITY_MODEL, grant_date=date(2017, 1, 1)), False, "期限届满"),
        (
            patent(
                10,
                annuity_paid_until=date(2025, 12, 31),
                legal_status=LegalStatus.GRACE,
                legal_status_date=date(2026, 5, 1),
                filing_date=date(2016, 1, 1),
            ),
            True,
            "欠费宽限期，至 2026-07-01",
        ),
    ]
    store(database, *(case[0] for case in cases), patent(11, holders=[FIRM]))
    fact(database, 7, FactKind.LICENCE, "ordinary", date(2021, 3, 1))
    fact(database, 8, FactKind.TRANSFER, "", date(2026, 6, 2))
    fact(database, 8, FactKind.NO_RECORD, "转让", date(2026, 5, 1))
    report = run(database)
    found = screened(database)
    for record, dormant, reason in cases:
        screening = found[record.application_number or ""].screening
        assert screening is not None
        assert screening.dormant is dormant, reason
        assert reason in screening.reason
    assert found[number(11)].screening is None
    assert (report.screened, report.dormant, report.awake, report.undecided) == (10, 4, 4, 2)
    assert report.unrecorded == 3
    assert report.messages == ["未提供需求匹配度，该项均按数据缺失计 0 分"]


def test_points_and_reasons_add_up(database: Database) -> None:
    store(database, patent(1, holders=[UNIVERSITY, FIRM]), patent(2))
    for kind, value in (("claims", "8"), ("citations", "3"), ("family", "4"), ("self_rating", "中")):
        fact(database, 1, FactKind(kind), value)
    report = run(database, {1: 0.85})
    found = screened(database)
    rich, poor = found[number(1)].screening, found[number(2)].screening
    assert rich
    assert poor
    # 10.0 years 20, invention 15, 8 claims 5, 3 citations 8, family of 4 8, one firm 7, match 20, rated medium 5
    assert [point.points for point in rich.points] == [20, 15, 5, 8, 8, 7, 20, 5]
    assert rich.potential == 88
    assert rich.points[0].reason == "剩余有效期不少于 10 年（10.0 年）"
    assert rich.points[-1].reason == "权利人自评产业化前景中（中）"
    assert poor.potential == 35
    unknown = [point for point in poor.points if point.missing]
    assert [point.factor for point in unknown] == ["claims", "citations", "family", "match", "self_rating"]
    assert {(point.points, point.reason) for point in unknown} == {(0, MISSING)}
    assert report.missing == dict.fromkeys(["权利要求", "被引证", "同族专利", "需求匹配", "自评"], 1)
    assert rich.weights_version == report.weights_version == WEIGHTS.version
    assert list(screened(database, PatentFilter(dormant=True))) == [number(1), number(2)]


def test_every_point_can_be_had(database: Database) -> None:
    store(database, patent(1, filing_date=date(2017, 1, 1), holders=[UNIVERSITY, FIRM]))
    for kind, value in (("claims", "10"), ("citations", "10"), ("family", "4"), ("self_rating", "高")):
        fact(database, 1, FactKind(kind), value)
    report = run(database, {1: 0.8})
    screening = screened(database)[number(1)].screening
    assert screening
    assert [(point.points, point.missing) for point in screening.points] == [
        (point.maximum, False) for point in screening.points
    ]
    assert (screening.potential, report.missing) == (100, {})


def test_blocks_and_repeated_runs_replace_all(database: Database) -> None:
    store(database, patent(1), patent(2, holders=[FIRM]), patent(3), patent(4), patent(5, holders=[FIRM]))
    seen: list[tuple[int, int | None]] = []
    report = screen(
        database, AS_OF, WEIGHTS, {}, progress=lambda done, total: seen.append((done, total)), block=2
    )
    assert seen == [(2, 3), (3, 3)]
    assert len(report.messages) == 2
    store(database, patent(4, holders=[FIRM]))
    run(database)
    flags = {key: public.screening is not None for key, public in screened(database).items()}
    assert flags == {number(n): n in (1, 3) for n in range(1, 6)}


def test_own_weights_replace_the_shipped_ones(tmp_path: Path) -> None:
    shipped = Path(screening_weights.__file__).parent / "screening_weights.csv"
    own = tmp_path / "screening_weights.csv"
    own.write_text(shipped.read_text("utf-8").replace("min_age_years,3", "min_age_years,5"), "utf-8")
    weights = screening_weights.load(tmp_path)
    assert (weights.min_age_years, weights.version.startswith("自定义-")) == (5, True)
    assert sum(weights.maximum(factor) for factor in screening_weights.LABELS) == 100


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("luck,1,1,运气", "没有名为“luck”的因素"),
        ("term,long,1,长", "when 应为不小于 0 的数字"),
        ("term,30,x,长", "第 36 行：points 应为"),
        ("term,30,21,长", "超过 100"),
        ("term,-30,1,长", "when 应为不小于 0 的数字"),
        ("kind,plant,1,植物", "不是可用的取值"),
        ("recommendation,90,0,出售", "不是可用的取值"),
        ("min_age_years,2,0,两年", "只有一行"),
    ],
)
def test_bad_weights_are_named(tmp_path: Path, line: str, message: str) -> None:
    shipped = Path(screening_weights.__file__).parent / "screening_weights.csv"
    (tmp_path / "screening_weights.csv").write_text(shipped.read_text("utf-8") + line + "\n", "utf-8")
    with pytest.raises(InvalidInput, match=message):
        screening_weights.load(tmp_path)
