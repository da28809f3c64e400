"""Folding of cell values, shared by the identifier modules."""

from __future__ import annotations

import re
import unicodedata

Cell = str | float
"""A cell as readers deliver it: text, or a number (spreadsheets hold every number as a float)."""

# Narrower than NFKC on purpose: superscripts and circled digits are not digits of an identifier.
_HALF_WIDTH = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
_UPPER = {code: chr(code - 32) for code in range(ord("a"), ord("z") + 1)}
_UPPER |= {code + 0xFEE0: chr(code - 32) for code in range(ord("a"), ord("z") + 1)}
_QUOTES = dict.fromkeys(map(ord, "'‘’`＇"))
# What stands for the letter X where it was typed by its look: multiplication sign, Roman ten, the Greek and Cyrillic letters.
_X = dict.fromkeys(map(ord, "×✕Ⅹⅹ╳ΧχХх"), "X")
_FOLD = {**_HALF_WIDTH, **_UPPER, **_QUOTES, **_X}

_GUARD = re.compile(r"""=(?:T\()?"([^"]*)"\)?|"([^"]*)"|=([^"=]+)""")
_FLOAT_TAIL = re.compile(r"(?<=[0-9])\.0+\Z")
_SHOWN = 40


def half_width(value: Cell) -> str:
    """Full-width ASCII to half-width, letters to upper case, quotes dropped; white space is kept.

    >>> half_width("ｃｎ２０１３，G06f")
    'CN2013,G06F'
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value)
    return text.upper().replace("'", "").replace("`", "") if text.isascii() else text.translate(_FOLD)


def fold(value: Cell) -> str:
    """Like `half_width`, without white space and invisible characters.

    >>> fold(" ZL　2013 1069 9744.2 ")
    'ZL201310699744.2'
    >>> fold(201310699744.0)
    '201310699744'
    """
    text = half_width(value)
    if text.isascii():
        return "".join(text.split())
    return "".join(c for c in text if not c.isspace() and unicodedata.category(c) != "Cf")


def fold_code(value: Cell) -> str:
    """Like `fold`, for codes that never contain a dot: the `.0` of a spreadsheet number is dropped.

    >>> fold_code("3562.0")
    '3562'
    """
    return _FLOAT_TAIL.sub("", fold(value))


def unguarded(text: str) -> str:
    """The text without the guard that keeps a spreadsheet from making a number of it.

    >>> unguarded('="202119950050.3"'), unguarded('=T("CN1")'), unguarded("CN1")
    ('202119950050.3', 'CN1', 'CN1')
    """
    found = _GUARD.fullmatch(text)
    return next((part for part in found.groups() if part is not None), "") if found else text


def quote(value: Cell) -> str:
    """The value for a message, cut to a readable length.

    >>> quote("x" * 100)
    '“xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…”'
    """
    text = str(value).strip()
    return f"“{text[:_SHOWN]}…”" if len(text) > _SHOWN else f"“{text}”"
