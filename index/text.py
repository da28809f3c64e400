"""Text of patents and needs as the lexical leg sees it: folding, tokens and sentences.

Chinese has no spaces, so a run of ideographs becomes overlapping bigrams of characters (on real patents they find more
than words of a segmenter do); latin words, codes and numbers stay whole. Queries and documents go through the same
functions.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import add

import opencc

# Ideographs with extensions and compatibility forms, the iteration marks, kana and hangul: scripts without spaces.
_UNSPACED = (
    "\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U000323af"
)
_WORD = rf"[^\W_{_UNSPACED}]+"
# A dot or slash belongs to the token between digits only: 0.5mm, h01m10/0525; but km/h and pla/pbat are two words.
_TOKEN = re.compile(rf"(?P<run>[{_UNSPACED}]+)|{_WORD}(?:(?<=\d)[./](?=\d){_WORD})*")

# A full stop ends a sentence after a latin letter and before white space only: "1. 一种…" and "0.5" go on.
_SENTENCE_END = re.compile(r"[。；！？;!?\n]+|(?<=[A-Za-z])\.(?=\s)")
_COMMA = re.compile(r"[，,]")
MAX_SENTENCE = 120


_SIMPLIFY = opencc.OpenCC("t2s")


def fold(text: str) -> str:
    """Fold width and compatibility forms (NFKC), case, traditional to simplified; the length may change."""
    return str(_SIMPLIFY.convert(unicodedata.normalize("NFKC", text).lower()))


def tokens(text: str) -> list[str]:
    """The tokens of `text` in order: bigrams of unspaced runs (a lone character as it is), other words whole.

    No token reaches over punctuation or from one script into another.
    """
    found: list[str] = []
    for match in _TOKEN.finditer(fold(text)):
        token = match.group()
        if match.lastgroup == "run" and len(token) > 1:
            found.extend(map(add, token, token[1:]))
        else:
            found.append(token)
    return found


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence verbatim: `text` is the original from `start` to `end` (characters)."""

    text: str
    start: int
    end: int


def _sentence_spans(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for match in _SENTENCE_END.finditer(text):
        yield start, match.end()
        start = match.end()
    yield start, len(text)


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Cut a long sentence after commas into pieces as long as allowed; one without commas is cut hard."""
    cuts = [match.end() for match in _COMMA.finditer(text, start, end)]
    while end - start > MAX_SENTENCE:
        cut = max((c for c in cuts if start < c <= start + MAX_SENTENCE), default=start + MAX_SENTENCE)
        yield start, cut
        start = cut
    yield start, end


def sentences(text: str) -> list[Sentence]:
    """The sentences of `text` in order, without surrounding white space, at most MAX_SENTENCE characters each."""
    found = []
    for span in _sentence_spans(text):
        for start, end in _pieces(text, *span):
            piece = text[start:end]
            stripped = piece.strip()
            if any(character.isalnum() for character in stripped):
                start += len(piece) - len(piece.lstrip())
                found.append(Sentence(stripped, start, start + len(stripped)))
    return found


def token_sets(texts: Sequence[str]) -> list[set[str]]:
    """The distinct tokens of each text."""
    return [set(tokens(text)) for text in texts]
