"""Long texts (摘要、权利要求、需求描述) whose lines an export broke wherever a width was full.

A break inside a sentence is taken out: between Chinese characters without a trace, between Latin words as a space. Breaks
stay where the writer made them: after the end of a sentence or a colon, around a blank line, before an item of a list,
below a heading, and in lists without any punctuation.
"""

from __future__ import annotations

import re

_ENDS = re.compile(r"[。！？!?；;：:…]['\"”’』」）)\]】》]*$|\.['\"”’)\]]*$")
_INNER = re.compile(r"[，。；、,;：:！？!?]")
_BULLET = re.compile(r"[-–—•●·◆◇■□▪★☆※*◦○►▶✓√]+\s*\S|[①-⑳㈠-㈩⑴-⒛]")
_FIGURES = "一二三四五六七八九十"
_NUMERALS = {
    f"{tens}{ones}": 10 * ten + one
    for ten, tens in enumerate(["", "十", "二十", "三十"])
    for one, ones in enumerate(["", *"一二三四五六七八九"])
}
# The sign of an item, or in the middle of a sentence that of a part: 如图 / 1、图2, 底座 / （1）和.
_SIGN = re.compile(
    rf"(?:步骤|方案|实施例|第)?\s*(?:S?(\d{{1,3}})|([{_FIGURES}]{{1,3}}))\s*(?:[、.．:：)）】](?!\d)|[步章节条款项](?=[\s:：、，,]))"
    rf"|[(（\[【]\s*(?:(\d{{1,3}})|([{_FIGURES}]{{1,3}})|([A-Za-z]))\s*[)）\]】]|([A-Za-z])\s*[、.．)）](?![A-Za-z])"
)
_OPENS = tuple("（([【“‘《")
_CONNECTS = tuple("的地得和与及或由将把被在从对向以为是其该所之并且而但即如若则于至图见")
_LATIN = re.compile(r"[A-Za-z0-9,.;:)\]%'\"]")
_HYPHEN = re.compile(r"[A-Za-z]-$")
_LINES = re.compile(r"[ \t\u3000]*(?:\r\n|\r|\n)[ \t\u3000]*")
HEADING = 15
"""Maximum length in characters of a heading or item recognised by its lack of punctuation."""
NARROWEST = 25
"""Characters of a line that was broken because it was full, where no sentence ends."""


def unwrapped(text: str) -> str:
    r"""The text without the line breaks inside sentences.

    >>> unwrapped("包括验证单元、控制单\n元和闸门；\n1）读取；\n2）放行。"), unwrapped("a heat\nexchanger.")
    ('包括验证单元、控制单元和闸门；\n1）读取；\n2）放行。', 'a heat exchanger.')
    """
    if "\n" not in text and "\r" not in text:
        return text
    lines = _LINES.split(text.strip())
    signs = {sign for line in lines if (sign := _sign(line))}
    widest = max(map(len, lines))
    joined = lines[:1]
    for place, line in enumerate(lines[1:], start=1):
        above = lines[place - 1]
        if _is_own_line(above, line, signs) or _is_unwrapped(lines, place, joined[-1] is above, widest):
            joined.append(line)
        else:
            joined[-1] += _between(above, line) + line
    return "\n".join(joined)


def _is_own_line(above: str, line: str, signs: set[int]) -> bool:
    """Whether a line begins something new, by what it begins with and what the line above ends with."""
    if not above or not line or _ENDS.search(above) or _BULLET.match(line):
        return True
    sign = _sign(line)
    return (
        bool(sign)
        and not above.endswith(_OPENS)
        and (above[-1] in "，,、" or not signs.isdisjoint({sign - 1, sign + 1}))
    )


def _sign(line: str) -> int:
    """The number that a line begins with, or the place of its letter; 0 for none."""
    if not (found := _SIGN.match(line)):
        return 0
    stated = next(part for part in found.groups() if part)
    if stated.isdigit():
        return int(stated)
    return _NUMERALS.get(stated) or ord(stated[0])


def _is_unwrapped(lines: list[str], place: int, is_first: bool, widest: int) -> bool:
    """Whether the line above was not broken by the line length: a heading, or one of several lines that end without a stop.

    `is_first` means that the line above began a paragraph, `widest` is the length of the longest line.
    """
    above = lines[place - 1]
    if above.endswith(_CONNECTS) or _INNER.search(above[-1:]):
        return False
    is_short = (
        is_first
        and len(above) <= HEADING
        and max(len(above) * 2, HEADING) < widest
        and not _INNER.search(above)
    )
    return is_short or not (_ends_well(lines, place) or len(above) * 10 >= widest * 9 >= NARROWEST * 9)


def _ends_well(lines: list[str], place: int) -> bool:
    """Whether the lines from `place` on come to the end of a sentence before a blank line or the end of the text."""
    for line in lines[place:]:
        if not line:
            return False
        if _ENDS.search(line):
            return True
    return False


def _between(above: str, line: str) -> str:
    """The characters that join two lines of one sentence."""
    if _HYPHEN.search(above) or not (_LATIN.match(above[-1]) and _LATIN.match(line)):
        return ""
    return "" if above[-1].isdigit() and line[0].isdigit() else " "
