"""Names of places that are no divisions of GB/T 2260, as an operator keeps them: zones (片区), groups of cities, lands abroad."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

from catalog.reference import lists as reference
from catalog.reference import rule_files

FILE = "places.toml"
LONG_NAME = 5


def _known(code: str) -> str:
    if code not in reference.regions() and code not in reference.counties():
        raise ValueError(f"行政区划代码 {code} 不存在")
    return code


RegionCode = Annotated[str, AfterValidator(_known)]


class PlaceNames(BaseModel):
    """Zones and groups of cities by name, each with the division it maps to, and the names of foreign countries.

    A zone lies in a prefecture or county, a group of cities in a province.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str = ""
    zones: dict[str, RegionCode]
    groups: dict[str, RegionCode]
    abroad: frozenset[str]

    def is_abroad(self, stated: str) -> bool:
        """Whether a region is stated that lies abroad, by name, by code or by both (美国;US)."""
        return all(part in self.abroad for part in re.split(r"[;；,，/\s]+", stated) if part)

    def zone_at(self, address: str) -> str | None:
        """The division of the zone that an address begins with; short names of zones begin other words too."""
        return next(
            (
                code
                for name, code in self.zones.items()
                if len(name) >= LONG_NAME and address.startswith(name)
            ),
            None,
        )


@cache
def shipped() -> PlaceNames:
    """The names that the product brings along."""
    return load(None)


def load(data_dir: Path | None) -> PlaceNames:
    """The names in force: the operator's file or the shipped one. Raises InvalidInput."""
    return rule_files.load(__name__, FILE, PlaceNames, data_dir)
