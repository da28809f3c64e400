"""The facts by which a copy of the database is compared with what was copied."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from alembic.script import ScriptDirectory
from alembic.util import CommandError
from pydantic import BaseModel

from catalog.db import Database
from catalog.kit.errors import NotReady

_SHOWN = 5


class DatabaseFacts(BaseModel):
    """Kind, schema revision and rows by table of a database at one moment."""

    kind: Literal["sqlite", "postgresql"]
    revision: str
    rows: dict[str, int]


class CopyDamaged(NotReady):
    """A copy of the database is not what was copied."""

    title = "数据库副本已损坏"


def differing(expected: Mapping[str, int], found: Mapping[str, int]) -> list[str]:
    """The tables whose rows differ in number, in words; the first few of them."""
    names = sorted(name for name in {*expected, *found} if expected.get(name) != found.get(name))
    return [
        f"{name} 应为 {expected.get(name, 0)} 行，现为 {found.get(name, 0)} 行" for name in names[:_SHOWN]
    ]


def is_known_revision(database: Database, revision: str) -> bool:
    """Whether this program knows the schema, and so can bring it to the newest one."""
    try:
        return ScriptDirectory.from_config(database.migrations()).get_revision(revision) is not None
    except CommandError:
        return False
