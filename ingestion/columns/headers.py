"""Column names (列名): folding, and the synonyms of headers.toml by kind of record and role."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from ingestion.values.cells import Cell, text

_BRACKETS = re.compile(r"[(\[【{][^()\[\]【】{}]*[)\]】}]")
_NOT_A_NAME = re.compile(r"[^0-9a-z\u3400-\u9fff]+")
_ENUMERATION = re.compile(r"^\s*(?:\*|★|\d{1,2}\s*[.、)]|[(][一二三四五六七八九十\d]{1,3}[)])\s*")
LONGEST = 40
# Text that folds to itself in one piece, without a part that could be a name of its own but what stands in brackets.
_PLAIN = re.compile(r"[0-9A-Za-z\u4e00-\u9fff.，、_ ()（）-]+")
_IN_BRACKETS = re.compile(r"[(（][^()（）]*[)）]")
_NO_LETTERS = ".，、_ ()（）-"
_RULES = ("needed", "by_value", "never")


@dataclass(frozen=True)
class Role:
    """What a column means: its name in code, its Chinese label, its known column names in order of trust.

    `holds` says what stands in it: a date, an amount, or empty where that is not said.
    """

    name: str
    label: str
    names: tuple[str, ...]
    holds: str = ""


@dataclass(frozen=True)
class Vocabulary:
    """The roles of one kind of record and the column names that lead to them or to nothing.

    One role of each group of `needed` is needed; `by_value` are the roles that nameless columns may play, the surest first;
    `never` says by role what a column of it does not hold.
    """

    kind: str
    roles: dict[str, Role]
    role_of: dict[str, str]
    rank_of: dict[str, int]
    ignored: frozenset[str]
    endings: frozenset[str]
    needed: tuple[tuple[str, ...], ...]
    by_value: tuple[str, ...]
    never: dict[str, tuple[str, ...]]
    amounts: tuple[str, ...]

    def label(self, role: str) -> str:
        """The Chinese label of a role."""
        return self.roles[role].label


@cache
def _file() -> dict[str, Any]:
    return tomllib.loads(files("ingestion.columns").joinpath("headers.toml").read_text(encoding="utf-8"))


def kinds() -> list[str]:
    """The kinds of records that have a vocabulary."""
    return [name for name in _file() if name != "common"]


@cache
def vocabulary(kind: str) -> Vocabulary:
    """The vocabulary of a kind."""
    data = _file()[kind]
    roles = {
        name: Role(name, entry["label"], tuple(entry["names"]), entry.get("holds", ""))
        for name, entry in data.items()
        if name not in _RULES
    }
    role_of = {spelling: role.name for role in roles.values() for spelling in role.names}
    return Vocabulary(
        kind,
        roles,
        role_of,
        rank_of={spelling: rank for role in roles.values() for rank, spelling in enumerate(role.names)},
        ignored=frozenset(_file()["common"]["ignored"]) - role_of.keys(),
        endings=frozenset(name[-1] for name in role_of),
        needed=tuple(map(tuple, data["needed"])),
        by_value=tuple(data["by_value"]),
        never={role: tuple(found) for role, found in data.get("never", {}).items()},
        amounts=tuple(role.name for role in roles.values() if role.holds == "amount"),
    )


def spellings(header: Cell) -> list[str]:
    """The folded forms under which a column name is looked up, most faithful first.

    >>> spellings("申请（专利权）人"), spellings("* 专利名称(必填)"), spellings("申请号\\nApplication No.")
    (['申请专利权人', '申请人'], ['专利名称必填', '专利名称'], ['申请号applicationno', '申请号', 'applicationno'])
    """
    folded = unicodedata.normalize("NFKC", text(header)).lower()
    if not folded or len(folded) > LONGEST * 2:
        return []
    folded = _ENUMERATION.sub("", folded)
    bare = _BRACKETS.sub("", folded)
    forms = [folded, bare, *re.split(r"[/|\n\r:]+", bare)]
    names = (_NOT_A_NAME.sub("", form) for form in forms)
    return [name for name in dict.fromkeys(names) if name and len(name) <= LONGEST]


def _may_be_name(known: Vocabulary, cell: str) -> bool:
    """False for what cannot be a name: nearly every cell of a table is told from one by its last letter or figure."""
    if not _PLAIN.fullmatch(cell) or cell.rstrip(_NO_LETTERS)[-1:].lower() in known.endings:
        return True
    if ")" not in cell and "）" not in cell:
        return False
    return _IN_BRACKETS.sub("", cell).rstrip(_NO_LETTERS)[-1:].lower() in known.endings


def role_of(kind: str, header: Cell) -> tuple[str, int] | None:
    """Role and rank (0 is best) that a column name leads to; None for an unknown or ignored one."""
    known = vocabulary(kind)
    if isinstance(header, str) and not _may_be_name(known, header):
        return None
    for name in spellings(header):
        if name in known.role_of:
            return known.role_of[name], known.rank_of[name]
    return None


def is_ignored(kind: str, header: Cell) -> bool:
    """Whether the column name is known to hold nothing to import."""
    return any(name in vocabulary(kind).ignored for name in spellings(header))
