"""Marks in a quoted sentence the words that it shares with the query, whatever their width, case or script."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby

from index.text import fold, tokens

# Words of every text: marking them would hide what the sentence has in common with the need.
_COMMON = (
    "一种 种方 种基 种新 种用 本发 发明 实用 用新 新型 公开 开了 涉及 及一 其特 特征 征在 在于 所述 包括 以及 及其 其中 提供 供了 "
    "方法 装置 系统 技术 我们 公司 希望 需要 目前 可以 能够 要求 问题 解决 进行 通过 采用 使用 不能 没有"
)
_BOILERPLATE = frozenset(_COMMON.split())
_WORD = re.compile(r"[0-9a-z]+(?:(?<=\d)[./](?=\d)[0-9a-z]+)*")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the sentence, shared with the query or not."""

    text: str
    shared: bool


def highlight(sentence: str, query: str) -> list[Piece]:
    """The pieces of `sentence` in order; joined they are the sentence."""
    wanted = set(tokens(query)) - _BOILERPLATE
    folded = [fold(character) for character in sentence]
    origin = [place for place, text in enumerate(folded) for _ in text]
    text = "".join(folded)
    marked = [False] * len(sentence)
    for start in range(len(text) - 1):
        if text[start : start + 2] in wanted and not text[start : start + 2].isascii():
            marked[origin[start]] = marked[origin[start + 1]] = True
    for match in _WORD.finditer(text):
        if match.group() in wanted:
            for place in range(match.start(), match.end()):
                marked[origin[place]] = True
    return [
        Piece("".join(character for character, _ in group), shared)
        for shared, group in groupby(zip(sentence, marked, strict=True), key=lambda pair: pair[1])
    ]
