"""Guards (防护写法) with which registers keep spreadsheets from turning a text into a number: `="…"`, `=T("…")`, `'…`.

A formula that is nothing but a text says that text, whatever a program would calculate; so does the shown part of a link.
"""

from __future__ import annotations

import re

_TEXT = re.compile(
    r'\s*=\s*(?:(?:T|TEXT|TRIM)?\s*\(\s*)?"((?:[^"]|"")*)"\s*(?:[,;]\s*"[@0]*"\s*)?\)?\s*', re.IGNORECASE
)
_LINK = re.compile(r'\s*=\s*HYPERLINK\s*\(\s*"[^"]*"\s*[,;]\s*"((?:[^"]|"")*)"\s*\)\s*', re.IGNORECASE)
_NUMBER = re.compile(r"\s*=\s*(?:T\s*\(\s*)?([0-9]+(?:\.[0-9]*)?X?)\s*\)?\s*", re.IGNORECASE)
_MARKS = ("'", "`")


def unguarded(cell: str) -> str:
    """The text inside a guard; what has none as it stands.

    >>> unguarded('="202119950050.3"'), unguarded('=T("一种""O""形圈")'), unguarded("'0012")
    ('202119950050.3', '一种"O"形圈', '0012')
    >>> unguarded('=HYPERLINK("https://example.org/","CN119950020A")'), unguarded("=1+1"), unguarded("'T'形槽")
    ('CN119950020A', '=1+1', "'T'形槽")
    """
    if cell.startswith(_MARKS):
        # An opening quote that is closed further on belongs to the text.
        return cell[1:] if cell.count(cell[0]) == 1 else cell
    if "=" not in cell[:40]:
        return cell
    if found := _TEXT.fullmatch(cell) or _LINK.fullmatch(cell):
        return found[1].replace('""', '"')
    return bare[1] if (bare := _NUMBER.fullmatch(cell)) else cell


def may_hold_guard(text: str) -> bool:
    """Whether some cell of a text may be guarded; a fast pre-check for every row, since nearly none is."""
    return "=" in text or "'" in text or "`" in text
