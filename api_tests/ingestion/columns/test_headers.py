"""Names of columns: two languages, two dates, traditional characters, qualifiers, parts."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_tests.ingestion.invented import number
from ingestion.columns.headers import role_of, vocabulary
from ingestion.columns.recognition import recognise
from ingestion.readers.sheets import Row


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("标题 (中文)", "title"), ("标题 (英文)", "title"), ("英文标题", "title"), ("Title-题名", "title"), ("專利名稱", "title"),
        ("Organ-单位", "holders"), ("Author-作者", "inventors"), ("Summary-摘要", "abstract"), ("摘要 (英文)", "abstract"),
        ("PubTime-发表时间", "publication_or_grant_date"), ("申请公布日/授权公告日", "publication_or_grant_date"),
        ("授权公告日/申请公布日", "publication_or_grant_date"), ("申请公布（授权公告）日", "publication_or_grant_date"),
        ("公开/公告日", "publication_or_grant_date"), ("公开(公告)日", "publication_or_grant_date"), ("授权公告日", "grant_date"),
        ("當前申請(專利權)人地址", "address"), ("当前申请(专利权)人地址", "address"), ("[标]当前申请(专利权)人", "holders"),
        ("第一当前申请(专利权)人", "holders"), ("inventor/author", "inventors"), ("filing/creation date", "filing_date"),
        ("标题 - DWPI", "title"), ("IPC - 现版", "ipc"), ("當前法律狀態", "legal_status"), ("公開(公告)號", "publication_number"),
        *((name, "prefecture") for name in ("所属地市", "所在市州", "推荐地区", "所在地市", "注册地", "所属区域", "所属地区")),
        ("标题(中)", "title"), ("摘要（英）", "abstract"), ("申请日\nFiling Date", "filing_date"), ("Filing Date 申请日", "filing_date"),
        ("所在区县", "county"), ("县（市、区）", "county"), ("联系人及电话", "contact"), ("拟许可费用（万元）", "asked_fee"),
    ],
)  # fmt: skip
def test_names_lead_to_their_role(name: str, role: str) -> None:
    found = role_of("patents", name)
    assert found is not None
    assert found[0] == role


@pytest.mark.parametrize(
    "name",
    [
        "优先权日",
        "Priority Date",
        "优先权号/优先权日 - DWPI",
        "SrcDatabase-来源库",
        "代理人",
        "CPC 分类号",
        "PCT 公开号",
    ],
)
def test_names_that_mean_something_else_lead_to_nothing(name: str) -> None:
    assert role_of("patents", name) is None


@pytest.mark.parametrize("kind", ["patents", "needs", "enterprises"])
@pytest.mark.parametrize("name", ["所属地市", "所在市州", "推荐地区", "注册地", "所属区域"])
def test_places_are_known_in_every_kind(kind: str, name: str) -> None:
    assert (role_of(kind, name) or ("",))[0] == "prefecture"


def test_the_chinese_column_comes_before_the_foreign_one() -> None:
    for kept, other in (("标题(中)", "标题(英)"), ("摘要（中文）", "摘要（英）")):
        (_, rank), (_, behind) = role_of("patents", kept) or ("", 0), role_of("patents", other) or ("", 0)
        assert rank < behind


_NAMES = {
    "title": ("标题", "发明名称", "專利名稱"),
    "abstract": ("摘要", "专利摘要"),
    "holders": ("申请人", "专利权人", "當前申請(專利權)人"),
}
_CELLS = {
    "title": "一种示例阀{}",
    "abstract": "示例摘要{}：阀体内设有导流片，用于降低噪声。",
    "holders": "示例{}大学",
}
_ENGLISH = {"title": "Example valve {}", "abstract": "An example abstract {}.", "holders": "EXAMPLE UNIV {}"}


@given(st.randoms(use_true_random=False), st.sets(st.sampled_from(sorted(_NAMES))), st.booleans())
def test_whatever_the_order_the_chinese_column_goes_first(
    draw: random.Random, bilingual: set[str], repeated: bool
) -> None:
    """Shuffled, bilingual and repeated headers: every cell under its own role, English only where the Chinese is empty."""
    columns = [("申请号", [number(place) for place in range(3)])]
    for role, names in _NAMES.items():
        name = draw.choice(names)
        mark = draw.choice([" (中文)", "（中文）", "_中文"]) if role in bilingual else ""
        columns.append((f"{name}{mark}", [_CELLS[role].format(place) for place in range(3)]))
        if role in bilingual:
            english = draw.choice([f"{name} (英文)", f"{name}（EN）", f"英文{name}", f"{name} - 英文"])
            columns.append((english, [_ENGLISH[role].format(place) for place in range(3)]))
    columns.append(("未知的列", ["甲", "乙", "丙"]))
    draw.shuffle(columns)
    header = Row(1, [name for name, _ in columns])
    rows = [Row(place + 2, [values[place] for _, values in columns]) for place in range(3)]
    mapping, start = recognise("patents", [header, *rows[:2], *([header] if repeated else []), rows[2]])
    assert start == 1
    for role in _NAMES:
        assert mapping.cells(rows[1].cells)[role][0] == _CELLS[role].format(1)
    assert mapping.unused() == ["未知的列"]


def test_every_name_leads_to_its_own_role() -> None:
    for kind in ("patents", "needs", "enterprises", "licences", "facts", "deals"):
        known = vocabulary(kind)
        for role in known.roles.values():
            for name in role.names:
                assert (role_of(kind, name) or ("",))[0] == known.role_of[name]
