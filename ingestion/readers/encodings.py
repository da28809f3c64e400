"""Which encoding (编码) a text file is in.

A byte-order mark decides; then UTF-16 without one (every other byte of ASCII text is zero); then UTF-8 if the whole
file decodes; then GB18030, which contains GBK and GB2312. Where neither decodes all of the file: UTF-8 if most of its
characters are, else what charset-normalizer finds in the first megabyte; the rows that do not decode are rejected one
by one.
"""

from __future__ import annotations

import codecs
from pathlib import Path

from charset_normalizer import from_bytes

BLOCK = 1 << 20
BAD = "\ufffd"

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def detect(path: Path) -> str:
    """Name of the codec with which the text file is to be opened (with `errors="replace"`)."""
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
    bad = decoded.count(BAD)
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
