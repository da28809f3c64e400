"""The weights of the parts of a likely licensee's score (licensees.toml), checked."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from catalog.reference import rule_files

FILE_NAME = "licensees.toml"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PartWeights(_Part):
    """The weight of each part."""

    need: float = Field(ge=0, le=100)
    products: float = Field(ge=0, le=100)
    industry: float = Field(ge=0, le=100)
    own_patents: float = Field(ge=0, le=100)


class Agreement(_Part):
    """The agreement of industries by the level (GB/T 4754) down to which they are the same, or by a common segment."""

    class_: float = Field(alias="class", ge=0, le=1)
    group: float = Field(ge=0, le=1)
    division: float = Field(ge=0, le=1)
    segment: float = Field(ge=0, le=1)


class LicenseeRules(_Part):
    """The rules and their version."""

    weights: PartWeights
    industry: Agreement
    version: str = ""


def load(data_dir: Path | None = None) -> LicenseeRules:
    """The rules in force. Raises InvalidInput."""
    return rule_files.load(__name__, FILE_NAME, LicenseeRules, data_dir)
