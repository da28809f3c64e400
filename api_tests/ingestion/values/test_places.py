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


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ("北京市海淀区", ("110000", None, "110108")),
        ("海淀", ("110000", None, "110108")),
        ("麻城市", ("420000", "421100", "421181")),
        ("黄冈麻城", ("420000", "421100", "421181")),
        ("湖北省麻城市示例路1号", ("420000", "421100", "421181")),
        ("420106", ("420000", "420100", "420106")),
        ("襄樊市", ("420000", "420600", None)),
        ("襄樊市樊城区", ("420000", "420600", "420606")),
        ("京山县", ("420000", "420800", "420882")),
        ("长阳土家族自治县", ("420000", "420500", "420528")),
        ("长阳", ("420000", "420500", "420528")),
        ("恩施市", ("420000", "422800", "422801")),
        ("恩施州", ("420000", "422800", None)),
        ("东湖新技术开发区", ("420000", "420100", None)),
        ("东湖新技术开发区示例大道1号", ("420000", "420100", None)),
        ("武汉城市圈", ("420000", None, None)),
        ("宜荆荆", ("420000", None, None)),
        ("上海市浦东新区", ("310000", None, "310115")),
        ("仙桃", ("420000", "429004", None)),
    ],
)
def test_a_place_gives_its_prefecture_and_county(
    written: str, place: tuple[str | None, str | None, str | None]
) -> None:
    assert codes(locate(written)) == place


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
