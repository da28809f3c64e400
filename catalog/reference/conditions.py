"""Conditions that lists of several kinds of records share: regions, industries, classes of the IPC, all by code."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import or_

from catalog.reference import lists as reference


def in_regions(province: Any, prefecture: Any, codes: Sequence[str]) -> Any:
    """Whether a record lies in one of these provinces or prefectures (GB/T 2260)."""
    parts = []
    for code in codes:
        if code.endswith("0000"):
            parts += [province == code, prefecture.startswith(code[:2])]
        else:
            parts.append(prefecture == code)
    return or_(*parts)


def of_industries(column: Any, codes: Sequence[str]) -> Any:
    """Whether a GB/T 4754 code is one of these or lies below one; a letter stands for its section (门类)."""
    return or_(*(column.startswith(prefix, autoescape=True) for code in codes for prefix in _prefixes(code)))


def _prefixes(code: str) -> list[str]:
    if not code.isalpha():
        return [code]
    divisions = (entry for entry in reference.industries().values() if entry.section == code)
    return [code, *(entry.code for entry in divisions if len(entry.code) == 2 and entry.code.isdigit())]


def under_ipc(column: Any, prefixes: Sequence[str]) -> Any:
    """Whether an IPC symbol is one of these or lies below one; each is a whole level: G06, G06F, G06F40 or G06F40/30."""
    parts = []
    for prefix in prefixes:
        if "/" in prefix:
            parts.append(column == prefix)
        else:
            below = f"{prefix}/" if len(prefix) > len("G06F") else prefix
            parts.append(column.startswith(below, autoescape=True))
    return or_(*parts)
