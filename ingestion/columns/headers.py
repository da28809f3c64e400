"""Column names (列名): folding, and the synonyms of headers.toml by kind of record and role."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import opencc

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
_SIMPLIFY, _COMPLICATE = opencc.OpenCC("t2s"), opencc.OpenCC("s2t")
_LANGUAGE = re.compile(
    r"[\s_-]*(?:中文|汉语|简体|chinese|英文|英语|english|外文|日文|译文|机器翻译|翻译|dwpi|(?<![a-z])(?:zh|cn|en)(?![a-z])|\([中英外日]\))[\s_-]*"
)
_FOREIGN_LANGUAGE = re.compile(
    r"英文|英语|english|外文|日文|译文|翻译|dwpi|(?<![a-z])en(?![a-z])|[(（][英外日][)）]"
)
_FOREIGN_RANK, _PART_RANK = 1000, 100
"""Behind all columns of the same meaning: those in another language; before them those recognised by a part of the name only."""
_QUALIFIER = re.compile(
    r"^(?:\[标\]|标准化?|当前|现有?|原始|第一|首个|最新|全部|所有|专利(?!权)的?)+(?=.{2})"
)
_SHARED_ENDS = frozenset("日号人")
_BETWEEN_NAMES = re.compile(
    r"[/|\n\r:、]+|\s+-\s*|\s*-\s+|(?<=[a-z])-(?=[\u3400-\u9fff])|[–—]+"
    # A name in two languages; an abbreviation (CPC 分类号) is no name.
    r"|(?<=[\u3400-\u9fff])\s+(?=[a-z]{4})|(?<=[a-z]{4})\s+(?=[\u3400-\u9fff])"
)
_BOTH_DATES = {"publication_date", "grant_date"}
_EITHER_DATE = "publication_or_grant_date"


@dataclass(frozen=True)
class Role:
    """The meaning of a column: its name in code, its Chinese label, its known column names in order of trust.

    `holds` is the kind of value in it: a date, an amount, or empty where unspecified. Of several columns the first that is
    filled is read, or all of them where `several`. What is `kept` goes to the remark as it stands.
    """

    name: str
    label: str
    names: tuple[str, ...]
    holds: str = ""
    several: bool = False
    kept: bool = False


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
    days: tuple[str, ...]

    def label(self, role: str) -> str:
        """The Chinese label of a role."""
        return self.roles[role].label

    @property
    def names_patents(self) -> bool:
        """Whether records of this kind are, or name, patents."""
        return any(role.startswith("application_number") for role in self.roles)

    def is_kept(self, role: str) -> bool:
        """Whether the role goes to the remark as it stands."""
        return role in self.roles and self.roles[role].kept


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
        name: Role(name, **entry | {"names": tuple(entry["names"])})
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
        endings=_endings(role_of),
        needed=tuple(map(tuple, data["needed"])),
        by_value=tuple(data["by_value"]),
        never={role: tuple(found) for role, found in data.get("never", {}).items()},
        amounts=tuple(role.name for role in roles.values() if role.holds == "amount"),
        days=tuple(role.name for role in roles.values() if role.holds == "date"),
    )


def _endings(names: dict[str, str]) -> frozenset[str]:
    """The last characters of the names, simplified and traditional, and those of marks of a language behind them."""
    simplified = "".join({name[-1] for name in names}) + "文语翻译化ni"
    return frozenset(simplified + _COMPLICATE.convert(simplified))


def spellings(header: Cell) -> list[str]:
    """The folded forms under which a column name is looked up, most faithful first.

    >>> spellings("申请（专利权）人"), spellings("标题 (中文)"), spellings("Title-题名")
    (['申请专利权人', '申请人', '专利权人'], ['标题中文', '标题'], ['title题名', 'title', '题名'])
    """
    folded = _SIMPLIFY.convert(unicodedata.normalize("NFKC", text(header)).lower())
    if not folded or len(folded) > LONGEST * 2:
        return []
    names = (_NOT_A_NAME.sub("", form) for form in _forms(_ENUMERATION.sub("", folded)))
    return [name for name in dict.fromkeys(names) if name and len(name) <= LONGEST]


def _forms(folded: str) -> Iterator[str]:
    """The name whole and without brackets; without the mark of a language; with what the brackets hold in place of what stands
    before them (申请公布（授权公告）日); its parts (申请公布/授权公告日, Title-题名); all these without qualifiers (当前…)."""
    bare = _BRACKETS.sub("", folded)
    plain = _LANGUAGE.sub(" ", folded)
    parts = _BETWEEN_NAMES.split(bare)
    yield from (folded, bare, plain, _BRACKETS.sub("", plain))
    for bracket in _IN_BRACKETS.finditer(folded):
        instead = f"{bracket[0][1:-1]}{folded[bracket.end() :]}"
        yield from (instead,) if instead[-1:] in _SHARED_ENDS else ()
    yield from (*parts, *_with_shared_end(parts), *_BETWEEN_NAMES.split(plain))
    yield from (_QUALIFIER.sub("", form) for form in (folded, bare, *parts) if _QUALIFIER.match(form))


def _with_shared_end(parts: list[str]) -> list[str]:
    """The full names of the parts where only the last one ends with what belongs to all (公开/公告日, filing/creation date)."""
    *above, last = (part.strip() for part in parts)
    end = f" {last.split()[-1]}" if last.isascii() and " " in last else last[-1:]
    if end[-1:] not in _SHARED_ENDS and not end.startswith(" "):
        return []
    return [f"{part}{end}" for part in above if not part.endswith(end)]


def _may_be_name(known: Vocabulary, cell: str) -> bool:
    """False for what cannot be a name: the length, or the last letter or digit, rules out nearly every cell of a table."""
    if len(cell) > LONGEST * 4 and len(cell.strip()) > LONGEST * 4:
        return False  # folding never makes it less than half as long
    if " - " in cell or not _PLAIN.fullmatch(cell) or cell.rstrip(_NO_LETTERS)[-1:].lower() in known.endings:
        return True
    if ")" not in cell and "）" not in cell:
        return False
    return _IN_BRACKETS.sub("", cell).rstrip(_NO_LETTERS)[-1:].lower() in known.endings


def may_be_name(kind: str, header: Cell) -> bool:
    """False for a cell that `role_of` knows no role for, as its last letter shows."""
    return not isinstance(header, str) or _may_be_name(vocabulary(kind), header)


def role_of(kind: str, header: Cell) -> tuple[str, int] | None:
    """Role and rank (0 is best) that a column name leads to; None for an unknown or ignored one."""
    known = vocabulary(kind)
    if isinstance(header, str):
        return _role_of(known.kind, header) if _may_be_name(known, header) else None
    return _role_of(kind, text(header))


@lru_cache(maxsize=4096)
def _role_of(kind: str, header: str) -> tuple[str, int] | None:
    known = vocabulary(kind)
    names = spellings(header)
    found = [name for name in names if name in known.role_of]
    if not known.names_patents and names and names[0].startswith("专利"):
        # What is said of a patent (专利名称) is not what is said of a need or a firm.
        found = [name for name in found if name.startswith("专利")]
    if not found:
        return None
    first = found[0]
    role, rank = known.role_of[first], known.rank_of[first]
    if first != names[0] and {known.role_of[name] for name in found} >= _BOTH_DATES:
        role, rank = _EITHER_DATE, _PART_RANK
    elif first not in names[:2]:
        rank += _PART_RANK
    return role, rank + _FOREIGN_RANK * bool(_FOREIGN_LANGUAGE.search(header.lower()))


def is_ignored(kind: str, header: Cell) -> bool:
    """Whether the column name is known to hold nothing to import."""
    return any(name in vocabulary(kind).ignored for name in spellings(header) or [text(header)])
