"""Places down to the county: divisions, former names, zones and groups of cities of an operator."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.kit.errors import InvalidInput
from catalog.reference import lists as reference
from catalog.reference import places as place_names
from catalog.reference.places import PlaceNames
from ingestion.values import places
from ingestion.values.places import NOWHERE, Place

NAMES = place_names.shipped()


def locate(said: str, names: PlaceNames = NAMES) -> Place:
    return places.locate(said, names)


def codes(place: Place) -> tuple[str | None, str | None, str | None]:
    return place.province, place.prefecture, place.county


# By province, prefecture and county.
WORDINGS: dict[tuple[str, str | None, str | None], list[str]] = {
    ("420000", "420100", None): [
        "武汉市", "武汉", "武 汉 市", "（武汉市）", "湖北省武汉市", "湖北武汉", "湖北 武汉", "湖北省-武汉市", "湖北省/武汉市",
        "湖北·武汉", "湖北|武汉", "湖北_武汉", "湖北省，武汉市", "420100",
        "420100.0", "4201", "东湖新技术开发区", "武汉东湖新技术开发区", "东湖新技术开发区示例大道1号", "东湖高新区", "光谷", "武汉经开区",
    ],
    ("420000", "420100", "420111"): [
        "武汉市洪山区", "武汉洪山区", "武汉洪山", "武汉（洪山区）", "武汉市（洪山）", "湖北省武汉市洪山区", "湖北>武汉>洪山",
        "湖北省洪山区", "洪山区", "湖北省武汉市市辖区洪山区",
    ],
    ("420000", "420100", "420106"): ["420106", "420106 武昌区", "武昌区420106", "420106.0"],
    ("110000", None, None): ["北京市", "北京", "110000"],
    ("110000", None, "110108"): ["北京市海淀区", "北京海淀", "海淀区", "海淀", "北京市市辖区海淀区"],
    ("310000", None, "310115"): ["上海市浦东新区", "上海浦东新区"],
    ("420000", "421100", "421181"): ["麻城市", "麻城", "黄冈麻城", "黄冈市麻城市", "湖北省麻城市", "湖北麻城", "湖北省麻城市示例路1号"],
    ("420000", "420600", None): ["襄阳市", "襄阳", "襄樊市", "襄樊", "襄阳高新区"],
    ("420000", "420600", "420606"): ["襄樊市樊城区", "襄阳樊城区"],
    ("420000", "420800", "420882"): ["京山县", "京山市", "京山"],
    ("420000", "420300", "420304"): ["郧县", "十堰市郧县", "十堰郧阳区"],
    ("420000", "421200", "421281"): ["蒲圻市", "赤壁", "咸宁赤壁"],
    ("420000", "420500", "420528"): ["长阳土家族自治县", "长阳县", "长阳", "宜昌长阳", "湖北省宜昌市长阳土家族自治县"],
    ("420000", "422800", None): ["恩施州", "恩施", "湖北恩施", "恩施土家族苗族自治州", "恩施自治州"],
    ("420000", "422800", "422801"): ["恩施市", "恩施州恩施市", "湖北恩施市示例路"],
    ("420000", "422800", "422802"): ["恩施州利川市", "利川市", "利川"],
    ("420000", "429004", None): ["仙桃", "仙桃市", "湖北仙桃", "湖北省直辖县级行政区划仙桃市"],
    ("420000", "429021", None): ["神农架", "神农架林区"],
    ("420000", None, None): ["湖北", "湖北省", "湖北;42", "42", "武汉城市圈", "宜荆荆"],
    ("440000", "440300", "440305"): ["深圳市南山区", "广东深圳南山区"],
    ("650000", "650100", None): ["新疆乌鲁木齐", "新疆维吾尔自治区乌鲁木齐市"],
}  # fmt: skip


@pytest.mark.parametrize("place", WORDINGS)
def test_a_place_answers_with_its_prefecture_and_county(place: tuple[str, str | None, str | None]) -> None:
    found = {
        written: codes(places.narrowed(NOWHERE, written, NAMES) or NOWHERE) for written in WORDINGS[place]
    }
    assert found == dict.fromkeys(WORDINGS[place], place)


@pytest.mark.parametrize(
    "written", ["青山区", "鼓楼区", "朝阳区示例路1号", "新区", "长寿命电池", "城区改造", "999999", ""]
)
def test_what_names_no_one_place_is_nowhere(written: str) -> None:
    assert locate(written) == NOWHERE


def test_a_county_of_many_is_chosen_by_the_place_named_before() -> None:
    hubei = locate("湖北省")
    assert codes(places.narrowed(hubei, "青山区", NAMES) or NOWHERE) == ("420000", "420100", "420107")
    assert places.narrowed(NOWHERE, "青山区", NAMES) is None
    assert places.narrowed(hubei, "北京市", NAMES) is None
    assert codes(places.completed(locate("武汉市"), "湖北省武汉市江夏区示例路", NAMES)) == (
        "420000",
        "420100",
        "420115",
    )


def test_a_postcode_in_place_of_an_address_is_no_county() -> None:
    assert places.completed(NOWHERE, "430102", NAMES) == NOWHERE


@given(st.sampled_from(sorted(reference.counties())))
def test_every_county_is_found_below_its_prefecture(code: str) -> None:
    county = reference.counties()[code]
    above = reference.regions()[county.parent]
    province = reference.region_name(f"{code[:2]}0000") or ""
    prefix = above.name if above.level == "province" else f"{province}{above.name}"
    assert locate(f"{prefix}{county.name}示例路1号").county == code
    assert locate(code).county == code


def test_an_operator_names_zones_and_groups(tmp_path: Path) -> None:
    rules = 'abroad = []\n[zones]\n"示例片区" = "420506"\n[groups]\n"示例圈" = "420000"\n'
    (tmp_path / place_names.FILE).write_text(rules, encoding="utf-8")
    names = place_names.load(tmp_path)
    assert codes(locate("示例片区", names)) == ("420000", "420500", "420506")
    assert codes(locate("示例圈", names)) == ("420000", None, None)
    assert locate("东湖新技术开发区", names) == NOWHERE
    assert names.version.startswith("自定义")
    (tmp_path / place_names.FILE).write_text(rules.replace("420506", "429999"), encoding="utf-8")
    with pytest.raises(InvalidInput, match="429999"):
        place_names.load(tmp_path)
