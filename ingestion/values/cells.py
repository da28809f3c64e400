"""Cells as readers deliver them, and the text in them.

Spreadsheets hold every number as a float and leave traces of their makers: `(undefined)` after names, runs of `?` for
line breaks that an encoding lost, non-breaking and invisible characters.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta

Cell = str | float | int | bool | date | datetime | time | timedelta | None
"""A raw value: text, a number, a date, or nothing."""

MAX_CELL_BYTES = 1_000_000

_UNDEFINED = re.compile(r"[(（]undefined[)）]")
_LINE_BREAKS = re.compile(r"(?<=[\u3400-\u9fff，、；])\s*[\r\n]+\s*(?=[\u3400-\u9fff])")
_SPACE = re.compile(r"\s")
_SPACES = re.compile(r"\s+")
_INVISIBLE = dict.fromkeys(map(ord, "\ufeff\u200b\u200c\u200d\u2060\u00ad")) | {0xA0: " "}
_STRANGE = re.compile("[\ufeff\u200b\u200c\u200d\u2060\u00ad\u00a0]")
_NOTHING = frozenset(
    [
        "",
        "-",
        "--",
        "-1",
        "—",
        "——",
        "/",
        "\\",
        "无",
        "暂无",
        "null",
        "none",
        "nan",
        "n/a",
        "#n/a",
        "undefined",
        "nil",
    ]
)
_LONGEST_NOTHING = max(map(len, _NOTHING))


def text(value: Cell) -> str:
    """The text of a cell, stripped; whole floats without their `.0`, nothing as empty text.

    >>> text(" 一种轨枕(undefined) "), text(3562.0), text(None)
    ('一种轨枕', '3562', '')
    """
    if isinstance(value, str):
        if (not value.isascii() and _STRANGE.search(value)) or "undefined" in value:
            value = _UNDEFINED.sub("", value.translate(_INVISIBLE))
        return value.strip()
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    return str(value)


def content(value: Cell) -> str:
    """Like `text`, but empty for placeholders of a cell without a value.

    >>> content("无"), content("--"), content("NULL"), content("无铅焊料")
    ('', '', '', '无铅焊料')
    """
    found = text(value)
    return "" if len(found) <= _LONGEST_NOTHING and found.lower() in _NOTHING else found


def is_blank(value: Cell) -> bool:
    """Whether the cell holds nothing."""
    return value is None or (isinstance(value, str) and (not value or value.isspace()))


def flat(value: Cell) -> str:
    """The text on one line: line breaks and runs of white space become one space, none between Chinese characters.

    >>> flat("一种海量恶意\\n代码 检测方法"), flat("LED\\nlamp")
    ('一种海量恶意代码 检测方法', 'LED lamp')
    """
    return on_one_line(text(value))


def on_one_line(found: str) -> str:
    """Like `flat`, for what is the text of a cell already."""
    return _SPACES.sub(" ", _LINE_BREAKS.sub("", found)) if _SPACE.search(found) else found
