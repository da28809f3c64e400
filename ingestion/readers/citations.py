"""Citation lists (题录) of patents, as CNKI and others export them in the form of GB/T 7714.

>>> parse("[1]张三,李四. 一种自校零激光检测仪[P]. 湖北：CN108467855A,2018-08-31.")["publication_number"]
'CN108467855A'
>>> parse("[2] 示例大学.一种轨枕:201310699744.2[P].2014-05-07.")["title"]
'一种轨枕'
>>> parse("[3] 不是专利的文献[J]. 某学报, 2018.") is None
True
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ingestion.readers.delimited import MAX_LINE, TOO_LONG, UNDECODABLE
from ingestion.readers.encodings import BAD, detect
from ingestion.readers.sheets import Row, Sheet

HEADER = "引文"
KEPT = 1000

_ENTRY = re.compile(r"^\s*(?:\[\d+\]|［\d+］|【\d+】|\(\d+\)|\d+[.、)])\s*")
_MARK = re.compile(r"[\[［【]\s*P(?:\s*/\s*OL)?\s*[\]］】]", re.IGNORECASE)
_NUMBER = re.compile(
    r"(?:CN|ZL)\s?[0-9][0-9 .]{6,18}[0-9X][A-Z]?[0-9]?|\b[0-9]{8,13}(?:\.[0-9X])?\b", re.IGNORECASE
)
_DATE = re.compile(r"\b(\d{4})[-.年/](\d{1,2})[-.月/](\d{1,2})日?")


def looks_like(start: str) -> bool:
    """Whether most entries at the start of a text are citations of patents."""
    lines = [line for line in start.splitlines()[:40] if line.strip()]
    entries = sum(1 for line in lines if _ENTRY.match(line)) or len(lines)
    return len(_MARK.findall("\n".join(lines))) * 2 > entries > 0


def read(path: Path) -> Iterator[Sheet]:
    """The list as one sheet with one column of citations."""
    yield Sheet(path.stem, _rows(path))


def _rows(path: Path) -> Iterator[Row]:
    yield Row(0, [HEADER])
    start, size = 0, 0
    parts: list[str] = []
    for number, line in _lines(path):
        if _ENTRY.match(line) and parts:
            yield _row(start, parts)
            parts, size = [], 0
        if line.strip():
            start = start if parts else number
            size += len(line)
            parts.append(line.strip()[: KEPT if size > MAX_LINE else None])
    if parts:
        yield _row(start, parts)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    with path.open(encoding=detect(path), errors="replace") as stream:
        number = 0
        while line := stream.readline(MAX_LINE):
            number += 1
            yield number, line
            if len(line) == MAX_LINE and not line.endswith("\n"):
                while (rest := stream.readline(MAX_LINE)) and not rest.endswith("\n"):
                    pass


def _row(start: int, parts: list[str]) -> Row:
    text = "".join(parts)
    if len(text) >= MAX_LINE:
        return Row(start, [text[:KEPT]], TOO_LONG)
    return Row(start, [text], UNDECODABLE if BAD in text else "")


def parse(text: str) -> dict[str, str] | None:
    """The parts of one citation by role; None where it cites no patent or cannot be taken apart."""
    body = _ENTRY.sub("", text.strip())
    mark = _MARK.search(body)
    if mark is None:
        return None
    before, after = body[: mark.start()].strip(" ."), body[mark.end() :]
    number = _NUMBER.search(after) or _NUMBER.search(before.rpartition(":")[2] or before.rpartition("：")[2])
    before = re.sub(
        r"\s*[:：]\s*(?:[\u4e00-\u9fff]+\s*[,，]\s*)?(?:CN|ZL)?[0-9][0-9 .]{6,18}[0-9X]?[A-Z]?[0-9]?\s*$",
        "",
        before,
    )
    people, title = _people_and_title(before)
    if not title or number is None:
        return None
    found = {"title": title, "holders": people}
    value = number[0].strip(" .")
    found[
        "publication_number" if re.search(r"[A-Z][0-9]?$", value.rstrip("xX")) else "application_number"
    ] = value
    if date := _DATE.search(after[after.find(number[0]) + len(number[0]) :] if number[0] in after else after):
        found["publication_or_grant_date"] = "-".join(date.groups())
    return found


def _people_and_title(before: str) -> tuple[str, str]:
    """Holders and title, divided at the last full stop that has text on both sides."""
    people, stop, title = before.rpartition(". ")
    if not stop:
        people, stop, title = before.partition(".")
    if not stop:
        people, stop, title = before.partition("．")
    return (people.strip(" ."), title.strip(" .")) if stop else ("", before.strip())
