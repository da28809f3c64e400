"""Citation lists (题录) of patents, as CNKI and others export them in the form of GB/T 7714.

>>> parse("[1]张三,李四. 一种自校零激光检测仪[P]. 湖北：CN108467855A,2018-08-31.")["publication_number"]
'CN108467855A'
>>> parse("[2] 示例大学.一种轨枕:201310699744.2[P].2014-05-07.")["title"]
'一种轨枕'
>>> parse("[3] 不是专利的文献[J]. 某学报, 2018.") is None
True

The standard puts the owners before the title (GB/T 7714-2015, 8.6), databases the inventors: an organisation is a holder,
whoever is not one an inventor. The number stands before the mark in the standard, behind it in databases.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from catalog.kit.terms import HolderKind
from ingestion.readers.delimited import MAX_LINE, TOO_LONG, UNDECODABLE
from ingestion.readers.encodings import REPLACED, UNDECODED, open_text, shown
from ingestion.readers.sheets import Row, Sheet
from ingestion.values import names

HEADER = "引文"
KEPT = 1000

_ENTRY = re.compile(r"^\s*(?:\[\d+\]|［\d+］|【\d+】|\(\d+\)|\d+[.、)])\s*")
_MARK = re.compile(r"[\[［【]\s*P(?:\s*/\s*OL)?\s*[\]］】]", re.IGNORECASE)
# Twelve or eight digits of an application with their check character; nine, until 2007 seven, of a publication.
_NUMBER = re.compile(
    r"(?<![0-9A-Za-z])(?<![0-9]\.)(?:(CN|ZL)[\s:：.]?)?([0-9]{4} ?[0-9] ?[0-9]{7}|[0-9]{7,9})"
    r"(\s?\.\s?[0-9X](?![0-9])|[0-9X])?(?:\s?([A-DSUY][0-9]?))?(?![0-9A-Za-z])",
    re.IGNORECASE,
)
# Before October 2003 an application number began with the last two figures of its year.
_OLD_YEARS = re.compile(r"8[5-9]|9[0-9]|0[0-3]")
_FOREIGN = re.compile(
    r"(?<![0-9A-Za-z])(?!CN|ZL)([A-Z]{2})\s?([0-9][0-9/-]{3,14})\s?([A-Z][0-9]?)?(?![0-9A-Za-z])"
)
_BEFORE_NUMBER = re.compile(
    r"\s*[:：.．,，]\s*(?:中国专利|中国|中华人民共和国)?[\s,，:：]*(?:(?:专利|申请|公开|公告)号)?[\s:：]*$"
)
_ACCESSED = re.compile(r"[\[［][^\]］]*[\]］]")
_DATE = re.compile(
    r"(?<!\d)(?:(\d{4})[-.年/](\d{1,2})[-.月/](\d{1,2})日?|((?:19|20)\d{2})(0[1-9]|1[0-2])([0-2]\d|3[01]))(?!\d)"
)
# What no citation begins with, but the rest of one may: a number, a date, a full stop.
_TAIL = re.compile(r"\s*(?:[0-9,，.。;；:：\[［-]|(?:CN|ZL)\s?[0-9]|https?:)", re.IGNORECASE)
_INITIAL = re.compile(r"(?<![A-Za-z])[A-Za-z]$")
_REST_OF_A_FIRM = re.compile(r"[,，]|(?:Ltd|Inc|LLC|Co)\b", re.IGNORECASE)
_AND_OTHERS = re.compile(r"[,，;；、\s]*(?:等人?|et\s+al\.?)\s*$", re.IGNORECASE)
_ORGANISATION = re.compile(r"株式会社|有限|公司|集团")
_SHORTEST_ORGANISATION = 4
_NO_RULE = names.kind_of("")[1]


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
        if parts and line.strip() and _begins(line, parts):
            yield _row(start, parts)
            parts, size = [], 0
        if line.strip():
            start = start if parts else number
            size += len(line)
            parts.append(line.strip()[: KEPT if size > MAX_LINE else None])
    if parts:
        yield _row(start, parts)


def _begins(line: str, parts: list[str]) -> bool:
    """Whether a line is the first of a citation: it has a number, or the list has none and the last one is complete."""
    if _ENTRY.match(line):
        return True
    return not _ENTRY.match(parts[0]) and not _TAIL.match(line) and parse("".join(parts)) is not None


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    with open_text(path) as stream:
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
        return Row(start, [shown(text[:KEPT])], TOO_LONG)
    problem = UNDECODABLE if UNDECODED in text else ""
    return Row(start, [shown(text)], problem, replaced=REPLACED in text)


def parse(text: str) -> dict[str, str] | None:
    """The parts of one citation by role; None where it cites no patent or cannot be taken apart."""
    body = _ENTRY.sub("", text.strip())
    mark = _MARK.search(body)
    if mark is None:
        return None
    before, after = body[: mark.start()].strip(" ."), _ACCESSED.sub(" ", body[mark.end() :])
    found = _number_in(after)
    if tail := _number_at_end(before):
        before, numbered = tail
        found = numbered | found
    people, title = _people_and_title(before)
    if not title or not found:
        return None
    found |= {"title": title, **_owners(people)}
    if date := _DATE.search(after):
        found["publication_or_grant_date"] = "-".join(part for part in date.groups() if part)
    return found


def _number_in(after: str) -> dict[str, str]:
    """The first number behind the mark; that of a foreign document only where there is no Chinese one."""
    numbers = (_role_of(match) for match in _NUMBER.finditer(after))
    if found := next(filter(None, numbers), None):
        return found
    foreign = _FOREIGN.search(after)
    return {"publication_number": "".join(part for part in foreign.groups() if part)} if foreign else {}


def _number_at_end(before: str) -> tuple[str, dict[str, str]] | None:
    """The title before a number at its end, and the number by its role."""
    for match in _NUMBER.finditer(before):
        between = _BEFORE_NUMBER.search(before, 0, match.start())
        if match.end() == len(before) and between and (found := _role_of(match)):
            return before[: between.start()], found
    return None


def _role_of(match: re.Match[str]) -> dict[str, str] | None:
    """A number by its role, None for figures that are no number of a patent."""
    prefix, digits, check, code = (re.sub(r"\s", "", part or "").upper() for part in match.groups())
    digit, is_old = len(digits), bool(_OLD_YEARS.match(digits))
    if digit in (7, 9) and not check and (code or (prefix == "CN" and (digit == 7 or digits[0] in "123"))):
        return {"publication_number": f"CN{digits}{code}"}
    # Applications of 1985 to 1988 were published under their own number with a kind code.
    if (
        digit == 12
        or (digit == 8 and (prefix or is_old))
        or (digit == 9 and not check and (prefix or is_old))
    ):
        return {"application_number": f"{digits}{check}"}
    return None


def _people_and_title(before: str) -> tuple[str, str]:
    """The people named before the title, and the title, divided at the first full stop between them."""
    stops = [match.start() for match in re.finditer("[.．。]", before) if _may_divide(before, match.start())]
    sure = (stop for stop in stops if not _INITIAL.search(before[:stop]))
    stop = next(sure, stops[-1] if stops else None)
    if stop is None:
        return "", before.strip()
    return before[:stop].strip(" ."), before[stop + 1 :].strip(" .")


def _may_divide(text: str, place: int) -> bool:
    """Whether a full stop has text on both sides and stands neither inside a number nor inside `Co., Ltd.`."""
    left, right = text[:place].strip(" ."), text[place + 1 :].strip(" .")
    in_number = text[place - 1 : place].isdigit() and text[place + 1 : place + 2].isdigit()
    return bool(left and right) and not in_number and not _REST_OF_A_FIRM.match(right)


def _owners(people: str) -> dict[str, str]:
    """Holders and inventors among those named before a title."""
    named = names.split(_AND_OTHERS.sub("", people))
    organisations = [name for name in named if _is_organisation(name)]
    persons = [name for name in named if name not in organisations]
    return {"holders": ";".join(organisations), "inventors": ";".join(persons)}


def _is_organisation(name: str) -> bool:
    """Whether a name is that of an organisation; a short one that ends like one is a person's all the same."""
    kind, rule = names.kind_of(name)
    if kind is HolderKind.UNKNOWN and not _ORGANISATION.search(name):
        return rule != _NO_RULE and len(name) > _SHORTEST_ORGANISATION
    return kind is not HolderKind.PERSON and len(name) >= _SHORTEST_ORGANISATION
