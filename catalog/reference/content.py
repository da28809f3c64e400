"""Whether a text says anything that a match could rest on (有无可供匹配的内容)."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from catalog.reference.lists import rows

# An ideograph or a letter of an alphabet; digits, marks and signs say nothing by themselves.
_IDEOGRAPH = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af]")
_WORD = re.compile(r"[^\W\d_\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af]+")
_FEWEST = 2
"""Different ideographs, or different letters of a word, below which a text names nothing."""


def has_content(text: str) -> bool:
    """Whether a text names something: not where it is letters, digits, marks, one sign repeated, or words for anything."""
    folded = unicodedata.normalize("NFKC", text).lower()
    if _empty().fullmatch(folded):
        return False
    words = (set(word) for word in _WORD.findall(folded))
    return len(set(_IDEOGRAPH.findall(folded))) >= _FEWEST or any(len(word) >= _FEWEST for word in words)


@cache
def _empty() -> re.Pattern[str]:
    """A text of words from the list and of what is no letter."""
    words = [row["word"] for row in rows("stop_words.csv")]
    chinese = sorted((word for word in words if not word.isascii()), key=len, reverse=True)
    latin = "|".join(word for word in words if word.isascii())
    # Nothing is tried twice: a long text of such words takes no longer than another.
    return re.compile(rf"(?>{'|'.join(chinese)}|\b(?:{latin})\b|[\W\d_])*+")
