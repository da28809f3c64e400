"""Places (地区): an address or the name of a region becomes codes of GB/T 2260.

The longest name wins; a prefecture is only sought inside the province that was named before it. An address abroad, or
one that begins with no known name, has no code.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache

from catalog.reference import lists as reference

MUNICIPALITIES = frozenset({"110000", "120000", "310000", "500000"})
_SUFFIXES = (
    "特别行政区",
    "维吾尔自治区",
    "壮族自治区",
    "回族自治区",
    "自治区",
    "省",
    "市",
    "地区",
    "盟",
    "林区",
)
_LOWER = ("区", "县", "路", "街", "镇", "乡", "道", "村")
_PEOPLES = re.compile(
    r"(?:朝鲜族|土家族|苗族|藏族|羌族|彝族|布依族|侗族|壮族|傣族|景颇族|傈僳族|白族|哈尼族|回族|蒙古族|蒙古|哈萨克|柯尔克孜)*自治州$"
)
_POSTCODE = re.compile(r"^\s*(?:\d{6})?\s*(?:中国|中华人民共和国)?\s*")
_DIGITS = re.compile(r"[;；,，/\s]*\d{2,6}\s*$")


@dataclass(frozen=True, slots=True)
class Place:
    """Codes of province and prefecture, None where not known."""

    province: str | None = None
    prefecture: str | None = None


NOWHERE = Place()


def short_name(name: str) -> str:
    """The name without the kind of region.

    >>> short_name("湖北省"), short_name("广西壮族自治区"), short_name("恩施土家族苗族自治州")
    ('湖北', '广西', '恩施')
    """
    if name.endswith("自治州"):
        return _PEOPLES.sub("", name)
    for suffix in _SUFFIXES:
        if name.endswith(suffix) and len(name) - len(suffix) >= 2:
            return name.removesuffix(suffix)
    return name


@cache
def _names(parent: str | None) -> dict[str, str]:
    """Names and short names to codes: provinces for None, what lies in a province for its code, all below for ""."""
    below = [
        region
        for region in reference.regions().values()
        if (region.level == "province") == (parent is None) and (not parent or region.parent == parent)
    ]
    # A full name wins over a short one of the same spelling.
    return {short_name(region.name): region.code for region in reversed(below)} | {
        r.name: r.code for r in below
    }


@cache
def _by_start(parent: str | None) -> dict[str, list[tuple[str, str]]]:
    """Names with codes by their first two characters, longest first."""
    starts: dict[str, list[tuple[str, str]]] = {}
    for name, code in sorted(_names(parent).items(), key=lambda item: -len(item[0])):
        starts.setdefault(name[:2], []).append((name, code))
    return starts


def _leading(text: str, parent: str | None) -> tuple[str | None, str]:
    """Code of the region whose name the text begins with, the longest name first, and what follows."""
    for name, code in _by_start(parent).get(text[:2], []):
        if not text.startswith(name):
            continue
        rest = text[len(name) :]
        # A short name before a district or a road is not the region of that name: 朝阳区, 吉林路.
        if not (name != reference.region_name(code) and rest.startswith(_LOWER)):
            return code, rest.lstrip(" ,，/;；、>-")
    return None, text


@cache
def _of_code(code: str) -> Place:
    region = reference.regions().get(code) or reference.regions().get(code[:4] + "00")
    if region is None:
        region = reference.regions().get(code[:2] + "0000")
    if region is None:
        return NOWHERE
    return Place(region.code) if region.level == "province" else Place(region.parent, region.code)


@lru_cache(maxsize=16_384)
def locate(address: str) -> Place:
    """Province and prefecture that an address, a region name or a region code names.

    >>> locate("430080 湖北省武汉市武昌区示例路745号")
    Place(province='420000', prefecture='420100')
    >>> locate("浙江;33") == Place("330000"), locate("湖北仙桃") == Place("420000", "429004")
    (True, True)
    >>> locate("日本东京都") == NOWHERE, locate("朝阳区示例路1号") == NOWHERE
    (True, True)
    """
    text = address.strip("()（） ")
    if len(text) == 6 and re.fullmatch(r"\d{6}", text):
        return _of_code(text) if text in reference.regions() else NOWHERE
    text = _POSTCODE.sub("", _DIGITS.sub("", text)) if not text.isdigit() else ""
    if not text:
        return NOWHERE
    province, rest = _leading(text, None)
    # "吉林市..." begins with the short name of its province: a full name of a prefecture goes before.
    below, _ = _leading(text, "")
    if below and (province is None or text.startswith(reference.regions()[below].name)):
        return Place(reference.regions()[below].parent, below)
    if province is None:
        return NOWHERE
    if province in MUNICIPALITIES:
        return Place(province)
    prefecture, _ = _leading(rest, province)
    return Place(province, prefecture)


def combine(province: str, prefecture: str, address: str) -> Place:
    """The place that separate columns name; the address answers where they are silent."""
    stated = locate(province)
    if prefecture:
        named = locate(f"{reference.region_name(stated.province) or ''}{prefecture}")
        stated = named if named.prefecture else stated
    found = locate(address) if address else NOWHERE
    if stated.province is None:
        return found
    if stated.prefecture is None and found.province == stated.province:
        return found
    return stated
