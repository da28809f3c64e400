"""Whatever stands in an optional field: the record is made, and the wording is kept or named."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_tests.ingestion.invented import GIVEN, TODAY, number
from ingestion.columns.headers import vocabulary
from ingestion.errors import RowError
from ingestion.records import deals as deal_records
from ingestion.records import demand, licences, patents
from ingestion.records import facts as fact_records
from ingestion.records.classification import Classifier
from ingestion.records.fields import Fields

NONE = Classifier([])
NEEDED: dict[str, dict[str, str]] = {
    "patents": {"title": "一种示例阀", "application_number": number(1)},
    "needs": {"title": "零点漂移", "text": "检测仪零点漂移。"},
    "enterprises": {"name": "示例仪器有限公司"},
    "licences": {"application_number": number(1), "payment_form": "一次总付"},
    "deals": {
        "application_numbers": number(1), "kind": "许可", "licence_type": "普通", "givers": "示例大学", "takers": "示例有限公司",
        "signed_on": "2025-01-02",
    },
    "facts": {"application_number": number(1), "kind": "许可"},
}  # fmt: skip
# Identity, or the substance of an event: what they say wrongly is no remark.
NOT_OPTIONAL = {
    "patents": {"publication_number", "office", "citation"},
    "facts": {"state", "licensee", "transferee", "pledgee", "investee"},
}
BUILD: dict[str, Any] = {
    "patents": lambda fields: patents.patent(fields, NONE),
    "needs": lambda fields: demand.need(fields, NONE),
    "enterprises": demand.enterprise,
    "licences": licences.licence,
    "deals": deal_records.deal,
    "facts": fact_records.fact,
}
WORDINGS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30),
    st.sampled_from(
        ["面谈", "≤80", "5千万", "50-80万", "30万元（含税）", "5万美元",
        "3-5年", "长期有效", "自公告之日起3年", "2025年底", "2019-13-40", "2999-01-01",
         "1066-01-01", "利润的10%", "3%-5%", "150%", "0元", "-5",
         "若干", "不详", "青山区", "武汉城市圈", "美国;US", "91420100", "张三、李四",
         "是", "否", "已注销", "2024-01-01", "2018-01-01", "公告", "免费", "入门费", "分1期", "长" * 3000]
    ),
)  # fmt: skip


@pytest.mark.parametrize("kind", NEEDED)
@given(data=st.data())
def test_no_optional_field_refuses_a_record(kind: str, data: st.DataObject) -> None:
    roles = sorted(vocabulary(kind).roles.keys() - NEEDED[kind].keys() - NOT_OPTIONAL.get(kind, set()))
    cells = data.draw(st.dictionaries(st.sampled_from(roles), WORDINGS, max_size=6))
    fields = Fields(kind, NEEDED[kind] | cells, GIVEN, units={"budget": 10_000, "fixed_fee": 10_000})
    assert BUILD[kind](fields) is not None


@pytest.mark.parametrize(
    ("kind", "role", "wording"),
    [
        ("needs", "budget", "总投入500万，其中技术50万"), ("needs", "closes_on", "半年内"), ("needs", "published_on", "上周"),
        ("needs", "prefecture", "某某片区"), ("enterprises", "staff", "100-200人"), ("enterprises", "revenue", "若干"),
        ("enterprises", "founded_on", "去年"), ("enterprises", "credit_code", "9142"), ("licences", "royalty_rate", "3%-5%"),
        ("licences", "period", "3-5年"), ("licences", "declared_on", "去年"), ("deals", "contract_amount", "若干"),
        ("deals", "payment_form", "某种方式"), ("deals", "taker_country", "某国"), ("facts", "happened_on", "去年"),
        ("patents", "filing_date", "去年"), ("patents", "expiry_date", "某日"),
    ],
)  # fmt: skip
def test_the_wording_is_kept_and_named(kind: str, role: str, wording: str) -> None:
    fields = Fields(kind, NEEDED[kind] | {role: wording}, GIVEN)
    record = BUILD[kind](fields)
    kept = record.note if kind in ("deals", "facts") else record.remark
    label = vocabulary(kind).label(role)
    assert f"{label}：{wording}" in kept
    assert any(label in message for message, _ in fields.notes)


def test_a_report_longer_than_a_note_is_cut_and_refuses_no_patent() -> None:
    fields = Fields("patents", NEEDED["patents"] | {"evaluated": "长" * 3000}, GIVEN)
    (fact,) = BUILD["patents"](fields).facts
    assert fact.note.startswith("登记簿载明：长")
    assert len(fact.note) == 2000


# What says nothing, or only what a record says without it, is no loss.
SAID = [
    "某种说法",
    "5千万",
    "2025年底",
    "2999-01-01",
    "150%",
    "若干",
    "青山区",
    "武汉城市圈",
    "91420100",
    "张三、李四",
    "长" * 400,
    "甲;乙",
]


@pytest.mark.parametrize("kind", NEEDED)
def test_nothing_that_a_cell_says_is_lost_without_a_word(kind: str) -> None:
    """With the cell the record is another one, or the cell is told to be kept, left out, or the reason of a refusal."""
    without = BUILD[kind](Fields(kind, NEEDED[kind], GIVEN))
    lost = []
    for role in vocabulary(kind).roles.keys() - NEEDED[kind].keys() - {"office"}:
        for wording in SAID:
            fields = Fields(kind, NEEDED[kind] | {role: wording}, GIVEN)
            try:
                record = BUILD[kind](fields)
            except RowError:
                continue
            if record == without and role not in fields.fates:
                lost.append((role, wording))
    assert lost == []


ONE, OTHER = "一种示例阀", "另一种示例泵"
OF_ROLE = {
    "publication_number": ("CN109900001A", "CN109900001B"),
    "locarno": ("26-05", "13-02"),
} | dict.fromkeys(("main_ipc", "ipc"), ("F16K1/00", "F04D1/00"))
OF_KIND = {"date": ("2024-01-02", "2024-02-03"), "amount": ("5", "6")}


@pytest.mark.parametrize("kind", NEEDED)
def test_of_several_columns_all_are_read_where_the_vocabulary_says_so_and_else_the_first(kind: str) -> None:
    for role in vocabulary(kind).roles.values():
        first, second = OF_ROLE.get(role.name) or OF_KIND.get(role.holds) or (ONE, OTHER)
        one, both, other = (
            Fields(kind, NEEDED[kind] | {role.name: cells}, GIVEN)
            for cells in ([first], [first, second], [second])
        )
        if role.name in {*NEEDED[kind], *NOT_OPTIONAL.get(kind, ())} - {"publication_number"} or role.kept:
            continue
        records = [BUILD[kind](fields) for fields in (one, both, other)]
        if records[0] != records[2] and role.name not in both.fates:
            assert (records[0] != records[1]) == role.several, role.name


def test_the_day_is_handed_down() -> None:
    cells = {"title": "一种示例阀", "filing_date": "2025-12-31"}
    early, late = (
        patents.patent(Fields("patents", cells, replace(GIVEN, today=day)), NONE)
        for day in (date(2025, 12, 30), TODAY)
    )
    assert (early.filing_date, late.filing_date) == (None, date(2025, 12, 31))
