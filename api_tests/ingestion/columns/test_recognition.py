"""The role of each column is recognised: by its name, by its values, by both."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from api_tests.ingestion.invented import number
from ingestion.columns.headers import role_of
from ingestion.columns.recognition import Mapping, recognise
from ingestion.readers.sheets import Row
from ingestion.values.cells import Cell

TITLES = ("一种离心水泵叶轮", "一种电磁阀门装置", "用于管道连接的密封结构", "球囊输送系统及方法")
DATA = [
    [number(place), title, "示例大学", f"2019-0{place + 1}-02", "F04D29/22(2006.01)I"]
    for place, title in enumerate(TITLES)
]


def table(*rows: Sequence[Cell]) -> tuple[Mapping, int]:
    return recognise("patents", [Row(line, list(cells)) for line, cells in enumerate(rows, start=1)])


def columns(*rows: Sequence[Cell]) -> dict[str, list[int]]:
    return table(*rows)[0].columns


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("申请（专利权）人", "holders"),
        ("申请(专利权)人", "holders"),
        ("* 专利名称（必填）", "title"),
        ("申请号\nApplication No.", "application_number"),
        ("ＩＰＣ　分类号", "ipc"),
        ("Int.Cl.", "ipc"),
        ("authorized_announcement_date", "grant_date"),
        ("公开(公告)日", "publication_or_grant_date"),
        ("1.法律状态", "legal_status"),
    ],
)
def test_names_are_folded(name: str, role: str) -> None:
    found = role_of("patents", name)
    assert found is not None
    assert found[0] == role


def test_no_header_at_all() -> None:
    mapping, start = table(*DATA)
    assert start == 0
    assert mapping.columns == {
        "application_number": [0], "title": [1], "holders": [2], "filing_date": [3], "ipc": [4],
    }  # fmt: skip
    assert not mapping.missing()


def test_compact_dates_are_no_application_numbers() -> None:
    rows = [
        ["20190102", f"ZL {number(1)}", "一种离心水泵叶轮"],
        ["20190203", f"ZL {number(2)}", "一种电磁阀门装置"],
    ]
    assert columns(*rows) == {"filing_date": [0], "application_number": [1], "title": [2]}


def test_preamble_and_blank_first_name() -> None:
    mapping, start = table(
        ["2019 年度专利清单"],
        ["制表：示例处"],
        ["", "申请号", "名称"],
        ["1", *DATA[0][:2]],
        ["2", *DATA[1][:2]],
    )
    assert (start, mapping.columns) == (3, {"application_number": [1], "title": [2]})


def test_names_over_two_rows() -> None:
    mapping, start = table(
        ["专利信息", "", "权利人信息", ""],
        ["名称", "申请号", "名称", "地址"],
        ["一种离心水泵叶轮", number(1), "示例大学", "湖北省武汉市洪山区示例路1号"],
    )
    assert start == 2
    assert mapping.columns == {"application_number": [1], "title": [0], "holders": [2], "address": [3]}


def test_values_overrule_misleading_names() -> None:
    rows = [[f"CN10846785{place}A", title] for place, title in enumerate(TITLES)]
    mapping, _ = table(["专利号", "专利名称"], *rows)
    assert mapping.columns == {"publication_number": [0], "title": [1]}
    assert mapping.notes
    swapped = [[title, number(place)] for place, title in enumerate(TITLES)]
    assert columns(["申请号", "名称"], *swapped) == {"application_number": [1], "title": [0]}


def test_ruined_numbers_stay_application_numbers() -> None:
    rows = [["2.02E+12", title] for title in TITLES]
    assert columns(["filing_id", "name"], *rows) == {"application_number": [0], "title": [1]}


def test_columns_known_to_hold_something_else_are_never_taken() -> None:
    rows = [[title, "2018-01-02", number(place), "李明"] for place, title in enumerate(TITLES)]
    mapping, _ = table(["名称", "优先权日", "分案原申请号", "审查员"], *rows)
    assert mapping.columns == {"title": [0]}
    assert mapping.unused() == []


def test_several_columns_of_one_role_in_order_of_trust() -> None:
    assert columns(["专利号", "名称", "申请号"], [number(1), TITLES[0], number(1)]) == {
        "application_number": [2, 0], "title": [1],
    }  # fmt: skip


def test_counts_per_company_have_no_title() -> None:
    counted: list[list[Cell]] = [[f"示例{name}有限公司", 10.0, 3.0] for name in ("甲", "乙", "丙")]
    for names in (["企业名称", "专利数量", "发明"], ["名称", "专利数量", "发明"]):
        mapping, _ = table(names, *counted)
        assert mapping.missing() == ["“专利名称”列（或“引文”列）"]


def test_other_kinds_by_value() -> None:
    need = (
        "我们做燃气检测仪，半年左右零点就漂移，每季度要派人标定，人工成本压不住。"
        "想找一种不用标准气、设备自己能校零点和量程的办法，要求低温可用。"
    )
    mapping, _ = recognise(
        "needs", [Row(1, ["示例仪器有限公司", need]), Row(2, ["示例机械有限公司", need + "谢谢。"])]
    )
    assert mapping.columns == {"enterprise": [0], "text": [1]}
    mapping, _ = recognise("enterprises", [Row(1, ["示例仪器有限公司", "91420100DEM0000061"])])
    assert mapping.columns == {"name": [0], "credit_code": [1]}


def test_a_row_of_units_belongs_to_the_header() -> None:
    rows = [["需求名称", "需求描述", "预算"], ["", "", "（万元）"], ["要泵", "车间要高效的泵。", "50"]]
    mapping, start = recognise("needs", [Row(line, list(cells)) for line, cells in enumerate(rows, start=1)])
    assert (start, mapping.headers) == (2, ["需求名称", "需求描述", "预算（万元）"])


@pytest.mark.parametrize("name", ["企业落户市", "推荐渠道", ""])
def test_places_are_known_by_their_names(name: str) -> None:
    rows = [
        ["企业名称", name],
        ["示例甲有限公司", "武汉市"],
        ["示例乙有限公司", "恩施州"],
        ["示例丙有限公司", "麻城市"],
    ]
    mapping, _ = recognise(
        "enterprises", [Row(line, list(cells)) for line, cells in enumerate(rows, start=1)]
    )
    assert mapping.columns == {"name": [0], "prefecture": [1]}


def test_a_list_of_patents_is_no_list_of_needs() -> None:
    names, text = (
        ["申请号", "专利名称", "摘要"],
        "本发明公开了一种水泵，包括泵体和叶轮，叶轮装在泵体内，泵体底部有进水口。",
    )
    rows = [names, *([number(place), title, text] for place, title in enumerate(TITLES))]
    mapping, _ = recognise("needs", [Row(line, list(cells)) for line, cells in enumerate(rows, start=1)])
    assert mapping.missing()
