"""Places (地区): an address or the name of a region becomes codes of GB/T 2260, down to the county.

The longest name wins; a prefecture is only sought inside the province that was named before it, a county inside the
prefecture, or alone where its name is unique in the country. A former name (襄樊市) gives the present division.
Zones (片区) and groups of cities are listed in the operator's `places.toml`. An address abroad, or one that begins with no known
name, has no code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache, lru_cache

from catalog.reference import lists as reference
from catalog.reference.places import PlaceNames

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
_COUNTY = re.compile(
    r"(?:(?:土家|苗|侗|瑶|壮|仫佬|毛南|彝|白|傣|拉祜|佤|布朗|哈尼|傈僳|怒|独龙|普米|纳西|景颇|布依|仡佬|水|回|藏|羌|满|蒙古|朝鲜"
    r"|达斡尔|畲|黎|裕固|保安|东乡|撒拉|土|哈萨克|锡伯|塔吉克|各)族?)*自治县$|(?:达斡尔|鄂温克)?族?自治旗$|(?<=.[^自])[市县区旗]$"
)
_LONGEST_COUNTY = 16
# What stands between the names of two divisions, or behind the short name of the first.
_BETWEEN = re.compile(
    r"^(?:[^0-9A-Za-z\u4e00-\u9fff]|市辖区|省?直辖(?:县级)?(?:行政)?(?:区划|单位)?|(?:州|地区|盟)(?=.))+"
)
_SHORT_CODE = re.compile(r"((?:\d{2}){1,3})(?:\.0)?")
_FORMER_ENDINGS = ("市", "县", "区", "地区")
_DIGITS = re.compile(r"[;；,，/\s]*\d{2,6}\s*$")


@dataclass(frozen=True, slots=True)
class Place:
    """Codes of province and prefecture, None where not known; the county goes along without making another place."""

    province: str | None = None
    prefecture: str | None = None
    county: str | None = field(default=None, compare=False)

    @property
    def depth(self) -> int:
        """The level down to which the place is known: 0 nowhere, 1 province, 2 prefecture, 3 county."""
        return 3 if self.county else 2 if self.prefecture else 1 if self.province else 0


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
    return _starts(_names(parent))


def _starts(names: dict[str, str]) -> dict[str, list[tuple[str, str]]]:
    starts: dict[str, list[tuple[str, str]]] = {}
    for name, code in sorted(names.items(), key=lambda item: -len(item[0])):
        starts.setdefault(name[:2], []).append((name, code))
    return starts


def _leading(text: str, parent: str | None) -> tuple[str | None, str]:
    """Code of the region whose name the text begins with, the longest name first, and the rest of the text."""
    for name, code in _by_start(parent).get(text[:2], []):
        if not text.startswith(name):
            continue
        rest = text[len(name) :]
        # A short name before a district or a road is not the region of that name: 朝阳区, 吉林路.
        if not (name != reference.region_name(code) and rest.startswith(_LOWER)):
            return code, _BETWEEN.sub("", rest)
    return None, text


@cache
def _of_code(code: str) -> Place:
    region = reference.regions().get(code) or reference.counties().get(code)
    if region is None:
        return NOWHERE
    if region.level == "province":
        return Place(region.code)
    above = reference.regions()[region.parent]
    if region.code in reference.regions():
        return Place(above.code, region.code)
    return (
        Place(above.code, None, region.code)
        if above.level == "province"
        else Place(above.parent, above.code, region.code)
    )


@cache
def _counties(parent: str) -> dict[str, str]:
    """Codes of the counties in a prefecture or province by name; those whose name is unique in the country for ""."""
    inside = [c for c in reference.counties().values() if _lies_in(c.code, parent)]
    # An autonomous county is called a county too: 长阳县.
    short = [(f"{_COUNTY.sub('', c.name)}县", c.code) for c in inside if c.name.endswith("自治县")]
    return _once([*((c.name, c.code) for c in inside), *short])


@cache
def _counties_by_start(parent: str) -> dict[str, list[tuple[str, str]]]:
    """The same with their names, by the first two characters, the longest name first."""
    return _starts(_counties(parent))


@cache
def _short_counties(parent: str) -> dict[str, str]:
    """The same by names without their ending, for what is nothing but the name of a region."""
    inside = (c for c in reference.counties().values() if _lies_in(c.code, parent))
    return _once((_COUNTY.sub("", c.name), c.code) for c in inside)


def _lies_in(county: str, parent: str) -> bool:
    return county.startswith(parent[:2] if parent.endswith("0000") else parent[:4])


def _once(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for name, code in pairs:
        found.setdefault(name, []).append(code)
    return {name: codes[0] for name, codes in found.items() if len(codes) == 1 and len(name) > 1}


def _named_county(text: str, parent: str) -> str | None:
    """The county whose full name the text begins with."""
    alike = _counties_by_start(parent).get(text[:2], ())
    return next((code for name, code in alike if text.startswith(name)), None)


def _county(text: str, parent: str) -> str | None:
    """The county whose full name the text begins with, or of which it is the short name."""
    return _named_county(text, parent) or _short_counties(parent).get(text)


def _inside(place: Place, behind: str, whole: str = "") -> Place:
    """The place with the county named behind it, or by the `whole` name that is also its own (恩施市 in 恩施州)."""
    parent = place.prefecture or place.province or ""
    if code := _named_county(whole, parent) or _county(behind, parent):
        return _of_code(code)
    former = _formerly(behind) if behind else NOWHERE
    return former if former.county and former == place else place


def _formerly(text: str) -> Place:
    """The present place of the former name that the text begins with."""
    known = reference.former_regions()
    for length in range(min(len(text), _LONGEST_COUNTY), 1, -1):
        if code := known.get(text[:length]):
            found = _of_code(code)
            inner = NOWHERE if found.county else _formerly(text[length:])
            return (
                inner
                if inner.prefecture and inner.prefecture == found.prefecture
                else _inside(found, text[length:])
            )
    code = next((known[name] for end in _FORMER_ENDINGS if (name := f"{text}{end}") in known), None)
    return _of_code(code) if code else NOWHERE


# Registers repeat their addresses.
@lru_cache(maxsize=16_384)
def _located(address: str) -> Place:
    """The place by the divisions of GB/T 2260 alone."""
    text = "".join(address.split()).strip("()（）")
    if code := _SHORT_CODE.fullmatch(text):
        return _of_code(code[1].ljust(6, "0"))
    bare = _DIGITS.sub("", text) if text[-1:].isdigit() else text
    text = _POSTCODE.sub("", bare) if not text.isdigit() else ""
    if not text:
        return NOWHERE
    province, rest = _leading(text, None)
    # "吉林市..." begins with the short name of its province: a full name of a prefecture goes before.
    below, behind = _leading(text, "")
    if below and (province is None or text.startswith(reference.regions()[below].name)):
        return _inside(Place(reference.regions()[below].parent, below), behind, text)
    if province is None:
        return _formerly(text) if (county := _county(text, "")) is None else _of_code(county)
    if province in MUNICIPALITIES:
        return _inside(Place(province), rest)
    prefecture, behind = _leading(rest, province)
    found = (
        _inside(Place(province, prefecture), behind, rest) if prefecture else _inside(Place(province), rest)
    )
    former = _formerly(rest) if found.depth == 1 else NOWHERE
    return former if former.province == province else found


def locate(address: str, names: PlaceNames) -> Place:
    """Province, prefecture and county that an address, a name or a code of a region, a zone or a group of cities names.

    >>> from catalog.reference.places import shipped
    >>> locate("430080 湖北省武汉市武昌区示例路745号", shipped())
    Place(province='420000', prefecture='420100', county='420106')
    >>> [locate(place, shipped()).county for place in ("麻城市", "北京市海淀区", "朝阳区示例路1号", "日本东京都")]
    ['421181', '110108', None, None]
    >>> [locate(place, shipped()).prefecture for place in ("湖北仙桃", "襄樊市", "东湖新技术开发区")]
    ['429004', '420600', '420100']
    """
    text = address.strip()
    if code := names.groups.get(text) or names.zones.get(text):
        return _of_code(code)
    found = _located(address)
    if found.province is None and (zone := names.zone_at(text)):
        return _of_code(zone)
    return found


def combine(province: str, prefecture: str, address: str, names: PlaceNames) -> Place:
    """The place that separate columns name; the address is used where they are empty."""
    stated = narrowed(NOWHERE, province, names) or NOWHERE
    return completed(narrowed(stated, prefecture, names) or stated, address, names)


def completed(stated: Place, address: str, names: PlaceNames) -> Place:
    """The place that region columns name, completed from the address."""
    # Six digits in place of an address are a postcode, which may look like the code of a county.
    if not address or (address.isdigit() and address not in reference.regions()):
        return stated
    found = locate(address, names)
    if stated.province is None:
        return found
    same = found.province == stated.province and stated.prefecture in (None, found.prefecture)
    return found if same and found.depth > stated.depth else stated


def narrowed(stated: Place, name: str, names: PlaceNames) -> Place | None:
    """The place that a further column names inside the one stated before it; None where it names none there."""
    if not name:
        return None
    above = (reference.region_name(stated.province) or "") + (reference.region_name(stated.prefecture) or "")
    below, alone = locate(f"{above}{name}", names), locate(name, names)
    if above and below.depth > stated.depth:
        return below
    if alone.province is None or stated.province not in (None, alone.province):
        return None
    if alone.prefecture not in (None, stated.prefecture) and stated.prefecture:
        return None
    return alone if alone.depth > stated.depth else stated
