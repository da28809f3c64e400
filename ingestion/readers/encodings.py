"""The encoding (编码) of a text file.

A byte-order mark decides; then UTF-16 without one (every other byte of ASCII text is zero); then UTF-8 if the whole
file decodes; then GB18030, which contains GBK and GB2312. Where neither decodes all of the file: UTF-8 if most of its
characters are, else what charset-normalizer finds in the first megabyte; the rows that do not decode are rejected one
by one.

Bytes that do not decode become a character that no text holds, so that they are distinguished from a U+FFFD which the file holds
itself, where a program before lost a character.
"""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import TextIO

from charset_normalizer import from_bytes

BLOCK = 1 << 20
REPLACED = "\ufffd"
UNDECODED = "\udcff"
_MARKING = "patentdock-marking"
_NO_CHARACTER = re.compile("[\ud800-\udfff]")

codecs.register_error(_MARKING, lambda error: (UNDECODED, error.end))  # type: ignore[attr-defined]

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def open_text(path: Path, newline: str | None = None) -> TextIO:
    """The text file opened in its encoding; each run of bytes that does not decode is one UNDECODED."""
    return path.open(encoding=detect(path), errors=_MARKING, newline=newline)


def shown(text: str) -> str:
    """The text as it may be shown and stored, with U+FFFD where it did not decode and for each half of a surrogate pair."""
    return _NO_CHARACTER.sub(REPLACED, text)


def detect(path: Path) -> str:
    """Name of the codec of a text file."""
    with path.open("rb") as stream:
        head = stream.read(BLOCK)
    for mark, codec in _MARKS:
        if head.startswith(mark):
            return codec
    if wide := _utf16_without_mark(head):
        return wide
    for codec in ("utf-8", "gb18030"):
        if _decodes(path, codec):
            return codec
    if _mostly_utf8(head):
        return "utf-8"
    guess = from_bytes(head).best()
    return guess.encoding if guess else "gb18030"


def _mostly_utf8(head: bytes) -> bool:
    """Whether more characters beyond ASCII are valid UTF-8 than not: in text of another encoding hardly any are."""
    decoded = head.decode("utf-8", errors="replace")
    bad = decoded.count(REPLACED)
    return sum(c > "\x7f" for c in decoded) - bad > bad


def _utf16_without_mark(head: bytes) -> str | None:
    sample = head[:4096]
    if len(sample) < 4:
        return None
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    # Even in Chinese text separators and line ends are ASCII: one of the two halves has zeros, the other none.
    if odd > len(sample) // 50 and even == 0:
        return "utf-16-le"
    if even > len(sample) // 50 and odd == 0:
        return "utf-16-be"
    return None


def _decodes(path: Path, codec: str) -> bool:
    decoder = codecs.getincrementaldecoder(codec)()
    with path.open("rb") as stream:
        try:
            while block := stream.read(BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True
