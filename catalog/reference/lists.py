"""Reference lists (参考数据) shipped as package data; their provenance is in refdata/SOURCES.md.

All lists are read once and never changed; what an operator may edit (segments, see `catalog.segments.segments`)
is loaded into the database from here.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Region:
    """A region of GB/T 2260: `level` is province, prefecture or county (省直辖县级)."""

    code: str
    name: str
    level: str
    parent: str


@dataclass(frozen=True, slots=True)
class Industry:
    """A class of GB/T 4754-2017: `level` is 门类, 大类, 中类 or 小类; `section` the letter."""

    code: str
    name: str
    level: str
    parent: str
    section: str


@dataclass(frozen=True, slots=True)
class IndustryOfIpc:
    """One row of the UNOFFICIAL table from IPC subclass to GB/T 4754 中类 (what rests on it is 推断)."""

    industry: str
    rank: int


def rows(name: str) -> list[dict[str, str]]:
    """All rows of the reference file `name` (for example `regions.csv`) as dicts of its header."""
    text = files("catalog").joinpath("refdata", name).read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text, newline="")))


@cache
def regions() -> dict[str, Region]:
    """GB/T 2260 by six-digit code."""
    return {r["code"]: Region(r["code"], r["name"], r["level"], r["parent"]) for r in rows("regions.csv")}


@cache
def counties() -> dict[str, Region]:
    """Counties (县级) of GB/T 2260 below a prefecture or a municipality, by six-digit code."""
    return {
        r["code"]: Region(r["code"], r["name"], "county", _above(r["code"])) for r in rows("counties.csv")
    }


def _above(county: str) -> str:
    prefecture = f"{county[:4]}00"
    return prefecture if prefecture in regions() else f"{county[:2]}0000"


@cache
def former_regions() -> dict[str, str]:
    """Codes in force by former name of a prefecture or county (襄樊市)."""
    return {r["name"]: r["code"] for r in rows("former_regions.csv")}


@cache
def industries() -> dict[str, Industry]:
    """GB/T 4754-2017 by code: a letter for 门类, two to four digits below."""
    return {
        r["code"]: Industry(r["code"], r["name"], r["level"], r["parent"], r["section"])
        for r in rows("gbt4754_2017.csv")
    }


@cache
def universities() -> tuple[str, ...]:
    """The names of the universities (高等学校) of the ministry's lists of 2017 and 2021."""
    return tuple(r["name"] for r in rows("universities.csv"))


@cache
def university_renames() -> dict[str, str]:
    """Present names of universities by former name (from general knowledge, to be confirmed by an operator)."""
    return {r["old"]: r["new"] for r in rows("university_renames.csv")}


@cache
def ipc_titles() -> dict[str, str]:
    """Chinese titles of IPC sections, classes and subclasses by symbol."""
    return {r["symbol"]: r["title_zh"] for r in rows("ipc_zh.csv")}


@cache
def industries_of_ipc() -> dict[str, list[IndustryOfIpc]]:
    """The unofficial concordance: GB/T 4754 中类 of an IPC subclass in order of rank."""
    table: dict[str, list[IndustryOfIpc]] = {}
    for row in rows("ipc_to_gbt4754.csv"):
        table.setdefault(row["ipc"], []).append(IndustryOfIpc(row["industry_code"], int(row["rank"])))
    for entries in table.values():
        entries.sort(key=lambda entry: entry.rank)
    return table


def region_name(code: str | None) -> str | None:
    """Name of a region code down to the county, None where the code is missing or unknown."""
    region = regions().get(code or "") or counties().get(code or "")
    return region.name if region else None


def industry_name(code: str | None) -> str | None:
    """Name of a GB/T 4754 code, None where the code is missing or unknown."""
    industry = industries().get(code or "")
    return industry.name if industry else None
