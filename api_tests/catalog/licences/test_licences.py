"""Declarations in time: what is refused and under which rule, what the history keeps, what imports and their undo do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from catalog.db import Database, Session, sqlite_url
from catalog.kit.days import beijing_today
from catalog.kit.errors import Conflict, InvalidInput, PatentDockError
from catalog.kit.paging import ListQuery
from catalog.kit.terms import FactKind, LicenceStatus
from catalog.licences import edits as licence_edits
from catalog.licences import history as licence_history
from catalog.licences import licences
from catalog.licences import lists as licence_lists
from catalog.licences import rules as licence_rules
from catalog.licences import shown as licences_shown
from catalog.licences.licences import Licence, LicenceCreate, LicenceUpdate
from catalog.licences.lists import LicenceFilter
from catalog.licences.shown import LicencePublic
from catalog.registers.patents import upsert
from catalog.supply import facts
from catalog.supply.facts import FactCreate
from catalog.supply.holders import HolderRef
from catalog.supply.patents import PatentCreate

D = date
INVENTION, MODEL, SHARED = "201310699744.2", "201720000001.0", "201810000001.9"
S = LicenceStatus


@pytest.fixture
def database(tmp_path: Path) -> Database:
    db = Database(sqlite_url(tmp_path / "catalog.db"))
    db.upgrade()
    common = {"filing_date": D(2018, 3, 1), "grant_date": D(2020, 5, 1)}
    with db.write() as session:
        upsert(
            session,
            [
                PatentCreate(
                    application_number=INVENTION, title="一种阀", kind="invention", holders=[HolderRef(name="示例大学")], **common  # type: ignore[arg-type]
                ),
                PatentCreate(
                    application_number=MODEL, title="一种架", kind="utility_model", holders=[HolderRef(name="示例大学")], **common  # type: ignore[arg-type]
                ),
                PatentCreate(
                    application_number=SHARED,
                    title="一种泵",
                    kind="invention",  # type: ignore[arg-type]
                    holders=[HolderRef(name="示例大学"), HolderRef(name="示例公司")],
                    **common,  # type: ignore[arg-type]
                ),
                PatentCreate(application_number="202310000001.1", title="一种审中的屏"),
            ],
        )  # fmt: skip
    return db


def stated(number: str = INVENTION, **changes: Any) -> LicenceCreate:
    terms: dict[str, Any] = {
        "application_number": number,
        "payment_form": "lump_sum",
        "fixed_fee": 30000,
        "starts_on": D(2026, 1, 1),
        "ends_on": D(2027, 12, 31),
        "declared_on": D(2025, 12, 1),
    }
    return LicenceCreate.model_validate(terms | changes)


def run(database: Database, act: Callable[[Session], Licence]) -> Licence:
    with database.write() as session:
        return act(session)


def declare(database: Database, number: str = INVENTION, **changes: Any) -> Licence:
    return run(
        database,
        lambda s: licence_edits.create(s, stated(number, **changes), actor="测试", today=beijing_today()),
    )


def shown(database: Database, row: Licence, today: date) -> LicencePublic:
    with database.read() as session:
        return licences_shown.publics(session, [licences.get(session, row.id or 0)], today=today)[0]


def actions(database: Database, row: Licence) -> list[tuple[str, str, dict[str, Any]]]:
    with database.read() as session:
        changes = licence_history.of_licence(session, row.id or 0)
    return [(change.action_name, change.actor, change.after) for change in changes]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"payment_form": "free"}, "免费"),
        ({"payment_form": "free", "fixed_fee": None, "royalty_rate": 5}, "免费"),
        ({"royalty_rate": 3}, "入门费加提成"),
        ({"payment_form": "royalty", "fixed_fee": None}, "没有提成比例"),
        ({"instalments": 3}, "分期的期数"),
        ({"use_first_months": 6}, "先使用的期限"),
        ({"ends_on": D(2025, 1, 1)}, "早于许可期限起"),
        ({"published_on": D(2025, 11, 1)}, "早于声明日"),
        ({"withdrawn_on": D(2025, 11, 1)}, "早于声明日"),
        ({"starts_on": D(1, 1, 1)}, "许可期限起 0001-01-01 不合常理"),
        ({"declared_on": D(1985, 3, 31)}, "声明日 1985-03-31 不合常理"),
        ({"ends_on": D(2101, 1, 1)}, "许可期限止 2101-01-01 不合常理"),
        ({"consents": [{"holder": "示例大学"}, {"holder": "示例 大学"}]}, "写了两次"),
    ],
)
def test_terms_that_contradict_themselves_are_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        stated(**changes)


@pytest.mark.parametrize(
    ("number", "changes", "reason"),
    [
        ("202310000001.1", {}, "第八十五条"),
        (INVENTION, {"declared_on": D(2020, 4, 30)}, "第八十五条"),
        (INVENTION, {"ends_on": D(2038, 3, 1)}, "2038-02-28"),
        (MODEL, {"ends_on": D(2028, 3, 1)}, "2028-02-29"),
        (MODEL, {"report_conclusion": "not_grantable"}, "第五十条"),
        (INVENTION, {"region": "湖北省及东南亚"}, "第五十条"),
        (INVENTION, {"region": "全球"}, "第五十条"),
        ("202310000009.7", {}, "请先导入"),
    ],
)
def test_what_contradicts_the_law_is_refused(
    database: Database, number: str, changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(PatentDockError) as refused:
        declare(database, number, **changes)
    assert reason in str(refused.value)


def test_caps_and_wording_warn_and_refuse_nothing(database: Database) -> None:
    rules = licence_rules.load()

    def warned(**changes: Any) -> list[str]:
        return [warning.code for warning in licence_rules.warnings(rules, stated(**changes))]

    royalty: dict[str, Any] = {"payment_form": "entry_and_royalty", "royalty_base": "net_sales"}
    assert warned(fixed_fee=Decimal("20000000")) == []
    assert warned(fixed_fee=Decimal("20000000.01")) == ["cap_fixed_fee"]
    assert warned(**royalty, royalty_rate=20) == []
    assert warned(**royalty, royalty_rate=Decimal("20.001")) == ["cap_net_sales"]
    assert warned(**royalty | {"royalty_base": "profit"}, royalty_rate=40) == []
    assert warned(**royalty | {"royalty_base": "profit"}, royalty_rate=41) == ["cap_profit"]
    assert warned(know_how="国际领先，限时优惠") == ["advertising"]
    assert warned(region="全国（含台湾）") == ["separate_territory"]
    assert warned(region="全国（不含港澳台）") == []
    # A price that is named nowhere, neither as an amount nor in words.
    assert warned(fixed_fee=None) == ["no_fee"]
    assert warned(fixed_fee=None, fee_text="每件 3 万元") == []
    assert warned(fixed_fee=None, payment_form="free") == []
    assert warned(fixed_fee=None, payment_form="royalty", royalty_rate=3, royalty_base="net_sales") == []
    row = declare(database, fixed_fee=Decimal("30000000"), know_how="全国第一")
    assert shown(database, row, D(2026, 2, 1)).terms.startswith("一次总付，3000 万元")


def test_rules_are_data(tmp_path: Path) -> None:
    own = tmp_path / licence_rules.FILE_NAME
    text = (Path(licence_rules.__file__).parent / own.name).read_text("utf-8")
    own.write_text(text.replace('fixed_fee = "20000000"', 'fixed_fee = "100"'), "utf-8")
    assert [w.code for w in licence_rules.warnings(licence_rules.load(tmp_path), stated())] == [
        "cap_fixed_fee"
    ]
    own.write_text(text.replace("words =", "wards ="), "utf-8")
    with pytest.raises(InvalidInput, match="无法使用"):
        licence_rules.load(tmp_path)


def test_a_draft_is_published_when_it_has_all_the_law_asks_for(database: Database) -> None:
    row = declare(database, MODEL, status="draft", ends_on=None, fixed_fee=None)

    def publish(session: Session) -> Licence:
        return licence_edits.publish(session, row.id or 0, D(2026, 1, 5), actor="局")

    with pytest.raises(InvalidInput) as refused:
        run(database, publish)
    for gap in ("缺许可使用费支付标准", "缺许可期限", "实用新型须提供"):
        assert gap in refused.value.message
    whole = LicenceUpdate.model_validate(
        stated(MODEL, report_conclusion="grantable", report_number="W1").model_dump(exclude={"status"})
    )
    run(database, lambda s: licence_edits.update(s, row.id or 0, whole, actor="局"))
    announced = whole.model_copy(update={"status": S.PUBLISHED})
    with pytest.raises(Conflict, match="草稿不能"):
        run(database, lambda s: licence_edits.update(s, row.id or 0, announced, actor="局"))
    assert run(database, publish).status == S.PUBLISHED
    with pytest.raises(Conflict, match="只有草稿"):
        run(database, publish)
    assert [action for action, _, _ in actions(database, row)] == ["登记", "变更", "公告"]


def test_all_co_owners_agree_before_it_is_published(database: Database) -> None:
    given = {"consent": "given", "on": "2025-11-01"}
    row = declare(database, SHARED, status="draft", consents=[{"holder": "示例大学", **given}])
    with pytest.raises(InvalidInput, match="共有人尚未同意：示例公司"):
        run(database, lambda s: licence_edits.publish(s, row.id or 0, D(2026, 1, 5)))
    shown_now = shown(database, row, D(2026, 1, 1))
    assert [(c.holder, c.consent) for c in shown_now.consents] == [
        ("示例大学", "given"),
        ("示例公司", "unknown"),
    ]
    everybody = LicenceUpdate.model_validate(
        stated(SHARED, consents=[{"holder": "全体专利权人", **given}]).model_dump(exclude={"status"})
    )
    run(database, lambda s: licence_edits.update(s, row.id or 0, everybody))
    assert run(database, lambda s: licence_edits.publish(s, row.id or 0, D(2026, 1, 5))).status == S.PUBLISHED


def test_a_report_on_record_will_do(database: Database) -> None:
    row = declare(database, MODEL, status="draft")
    with database.write() as session:
        report = FactCreate(
            patent_id=2, kind=FactKind.EVALUATION_REPORT, value="grantable", happened_on=D(2021, 1, 1)
        )
        facts.store(session, [report])
    assert run(database, lambda s: licence_edits.publish(s, row.id or 0, D(2026, 1, 5))).status == S.PUBLISHED


def test_changed_withdrawn_and_declared_anew(database: Database) -> None:
    row = declare(database)
    dearer = LicenceUpdate.model_validate(stated(fixed_fee=50000).model_dump(exclude={"status"}))
    changed = run(database, lambda s: licence_edits.update(s, row.id or 0, dearer, actor="局"))
    assert changed.status == S.CHANGED
    run(database, lambda s: licence_edits.update(s, row.id or 0, dearer, actor="局"))
    with pytest.raises(Conflict, match="已有开放许可声明"):
        declare(database, declared_on=D(2026, 5, 1))
    with database.write() as session:
        granted = FactCreate(
            patent_id=1, kind=FactKind.LICENCE, value="open", party="示例厂", happened_on=D(2026, 2, 1)
        )
        facts.store(session, [granted])
        licence_edits.withdraw(session, row.id or 0, D(2026, 3, 1), actor="局", reason="转让谈判")
    former = shown(database, row, D(2026, 4, 1))
    assert (former.status_name, former.withdrawn_on, former.granted_licences) == ("已撤回", D(2026, 3, 1), 1)
    history = actions(database, row)
    assert [(action, actor) for action, actor, _ in history] == [
        ("登记", "测试"),
        ("变更", "局"),
        ("撤回", "局"),
    ]
    assert history[1][2] == {"fixed_fee": "50000", "status": "changed"}
    back = LicenceUpdate.model_validate(stated(status="published").model_dump())
    with pytest.raises(Conflict, match="新的声明日"):
        run(database, lambda s: licence_edits.update(s, row.id or 0, back))
    with pytest.raises(Conflict, match="不能再撤回"):
        run(database, lambda s: licence_edits.withdraw(s, row.id or 0, D(2026, 4, 1)))
    anew = declare(database, declared_on=D(2026, 5, 1))
    with database.read() as session:
        assert licences_shown.of_patents(session, [1], today=beijing_today())[1].id == anew.id
        assert licence_lists.page(session, ListQuery(), today=beijing_today()).total == 2


def test_a_period_that_is_over_has_expired_and_makes_room(database: Database) -> None:
    old = declare(database, starts_on=D(2021, 1, 1), ends_on=D(2022, 12, 31), declared_on=D(2020, 12, 1))
    assert shown(database, old, D(2022, 12, 31)).status == S.PUBLISHED
    assert shown(database, old, D(2023, 1, 1)).status_name == "已届满"

    def listed(status: LicenceStatus, today: date) -> int:
        with database.read() as session:
            return licence_lists.page(session, ListQuery(), LicenceFilter(status=status), today=today).total

    assert [listed(S.EXPIRED, day) for day in (D(2022, 12, 31), D(2023, 1, 1))] == [0, 1]
    assert [listed(S.PUBLISHED, day) for day in (D(2022, 12, 31), D(2023, 1, 1))] == [1, 0]
    declare(database)
    assert [action for action, _, _ in actions(database, old)] == ["登记", "届满"]
