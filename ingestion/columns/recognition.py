"""Recognition of columns: which column plays which role, from the names in its header and from its values.

Names decide where they are known and the values do not contradict them. Values decide where there is no name. An
identifier is also recognised under an unknown name; a column whose name is known to hold something else (priority,
examiner, ...) is never taken for anything. Where no column can be the title of a patent (or the like), the table is
no register of that kind.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from ingestion.columns import detectors as is_a
from ingestion.columns.detectors import share
from ingestion.columns.headers import is_ignored, role_of, spellings, vocabulary
from ingestion.readers.sheets import Row
from ingestion.values.cells import Cell, flat, is_blank, text

HEADER_ROWS = 30
UNKNOWN_NAMES = 5
FITS = 0.7
CONTRADICTS = 0.2
ENOUGH = 3
# One column of phrases without any name may be anything: notes, chapters, persons.
SURE_WITHOUT_NAMES = 2
_NAMED = 4

Detector = Callable[[Cell], bool]

_IDENTIFIERS: dict[str, Detector] = {
    "application_number": is_a.is_application_number,
    "publication_number": is_a.is_publication_number,
    "citation": is_a.is_citation,
    "ipc": is_a.is_ipc,
    "credit_code": is_a.is_credit_code,
}
# What the values under a known name must look like, for the names that are misused in practice.
_EXPECTED: dict[str, Detector] = {**_IDENTIFIERS, "main_ipc": is_a.is_ipc}
_HELD: dict[str, Detector] = {"date": is_a.is_date}
_THINGS: dict[str, Detector] = {
    **_IDENTIFIERS, "organisation": is_a.is_organisation, "number": is_a.is_number, "date": is_a.is_date, "people": is_a.is_people,
}  # fmt: skip
# The values expected in a nameless column, by the role that it is then given.
_BY_VALUE: dict[str, Detector] = {
    **_IDENTIFIERS, "application_numbers": is_a.is_application_number, "locarno": is_a.is_locarno, "kind": is_a.is_kind,
    "legal_status": is_a.is_status, "first_claim": is_a.is_claim, "abstract": is_a.is_long_text, "text": is_a.is_long_text,
    "fee_text": is_a.is_long_text, "holders": is_a.is_organisation, "enterprise": is_a.is_organisation,
    "name": is_a.is_organisation, "inventors": is_a.is_people, "address": is_a.is_address, "title": is_a.is_title,
    "happened_on": is_a.is_date, "prefecture": is_a.is_place,
}  # fmt: skip


MARKS = frozenset(
    ["licensed", "transferred", "pledged", "implemented", "contributed", "product_filed", "used", "evaluated"]
)
"""Roles of which the name of the column in a cell is a mark that it holds: 质押 under 质押."""
# Roles that may be recognised by their values under an unknown name.
_TEXTS = frozenset({"abstract", "first_claim", "text", "fee_text", "prefecture"})
_COUNTERS = frozenset({"序号", "编号", "行号", "no", "id", "item", "index", "key"})
_CHINESE = re.compile(r"[\u3400-\u9fff]")
_UNIT = re.compile(r"[(（]?(?:单位[:：]?)?(?:[十百千]?万|亿|千)?[元人年月日件项个家%％]{1,2}[)）]?")


@dataclass(eq=False)
class Mapping:
    """Roles and their columns (0-based, first of them tried first), the names above them, and what was noticed.

    `header_rows` is 0 for a table without header, 2 for a header over two rows; `width` the number of columns that a
    row may fill, `filled` the columns that hold something, `ends` the last characters of the names. A saved mapping leaves
    its `source` and the columns that it needs and the table has not (`absent`).
    """

    kind: str
    columns: dict[str, list[int]]
    headers: list[str]
    by_value: set[int] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    header_rows: int = 0
    width: int = 0
    source: str = ""
    absent: list[str] = field(default_factory=list)
    filled: set[int] = field(default_factory=set)
    ends: list[str] = field(default_factory=list)

    def missing(self) -> list[str]:
        """The required columns that were not found, in words."""
        known = vocabulary(self.kind)
        return self.absent or [
            _any_of([known.label(role) for role in group])
            for group in known.needed
            if not any(role in self.columns for role in group)
        ]

    def header(self, place: int) -> str:
        """The name above a column, empty where none stands."""
        return self.headers[place] if place < len(self.headers) else ""

    def roles(self) -> dict[int, str]:
        """The roles by column."""
        return {place: role for role, places in self.columns.items() for place in places}

    def unmistakable_name(self, place: int) -> str:
        """The name of a column by which a saved mapping finds it and no other one."""
        header = self.header(place)
        if not header:
            return f"第 {place + 1} 列"
        return f"第 {place + 1} 列（{header}）" if self.headers.count(header) > 1 else header

    def column_name(self, column: int) -> str:
        """The name of a column for messages."""
        name = self.header(column) or f"第 {column + 1} 列"
        return f"{name}（按内容识别）" if column in self.by_value else name

    def describe(self) -> dict[str, str]:
        """Label of each role -> the names of its columns."""
        known = vocabulary(self.kind)
        return {
            known.label(role): "、".join(map(self.column_name, columns))
            for role, columns in self.columns.items()
        }

    def unused(self) -> list[str]:
        """Names of columns that were neither recognised nor known to hold nothing to import; a nameless one that holds something too."""
        used = {place for places in self.columns.values() for place in places}
        return [
            header or f"第 {place + 1} 列"
            for place, header in enumerate(self.headers)
            if place not in used
            and (header or place in self.filled)
            and not (header and is_ignored(self.kind, header))
        ]

    def cells(self, row: Sequence[Cell]) -> dict[str, list[Cell]]:
        """The cells of a row by role; one that repeats the name of its column is empty."""
        if not self.ends:
            self.ends = [header[-1:] for header in self.headers]
        # The last character decides for nearly every cell.
        repeats = [
            place
            for place, (cell, end) in enumerate(zip(row, self.ends, strict=False))
            if end and cell.__class__ is str and cell[-1:] == end and self._repeats(place, cell)
        ]
        width = len(row)
        found = {
            role: [row[places[0]]]
            if len(places) == 1 and places[0] < width
            else [row[place] for place in places if place < width]
            for role, places in self.columns.items()
        }
        if repeats:
            found |= {
                role: [row[place] for place in places if place < width and place not in repeats]
                for role, places in self.columns.items()
                if role not in MARKS
            }
        return found

    def _repeats(self, place: int, cell: Cell) -> bool:
        header = self.headers[place]
        return flat(cell) == header or spellings(cell)[:1] == spellings(header)[:1]

    def counts_something(self, rows: Sequence[Row]) -> bool:
        """Whether the rows look like numbers per organisation rather than records."""
        cells = [cell for row in rows for cell in row.cells]
        return share(is_a.is_number, cells) > 0.3 and any(map(is_a.is_organisation, cells))

    def repeats_header(self, cells: Sequence[Cell], first: int, text: str) -> bool:
        """Whether a row, whose first filled column holds `text`, repeats the header."""
        if not self.header_rows or first >= len(self.headers):
            return False
        header = self.headers[first]
        # The first letter decides for most rows.
        if header[:1] != text[:1] or header != flat(text):
            return False
        filled = [(place, flat(cell)) for place, cell in enumerate(cells) if not is_blank(cell)]
        same = sum(place < len(self.headers) and self.headers[place] == cell for place, cell in filled)
        return same >= 2 and same * 2 > len(filled)


def header_roles(kind: str, names: Sequence[Cell]) -> dict[int, tuple[str, int]]:
    """Column -> role and rank by the names alone."""
    found = {place: role_of(kind, name) for place, name in enumerate(names)}
    return {place: role for place, role in found.items() if role is not None}


def recognise(kind: str, rows: Sequence[Row], keys: Sequence[str] | None = None) -> tuple[Mapping, int]:
    """The mapping of a table from its first rows and how many of them stand before the first record.

    `keys` are the names that the format itself gives (JSON); then no row is a header.
    """
    if keys is not None:
        return _mapping(kind, list(map(flat, keys)), 0, rows), 0
    start, height, names = find_header(kind, rows)
    if names:
        return _mapping(kind, names, height, rows[start:]), start
    return _without_names(kind, rows)


def _mapping(kind: str, names: list[str], height: int, rows: Sequence[Row]) -> Mapping:
    data = [row.cells for row in rows]
    width = _usual_width(names, data)
    # Rows that are too wide have their values under the wrong columns.
    straight = [cells for cells in data if len(cells) <= width]
    values = [[cells[place] for cells in straight if place < len(cells)] for place in range(width)]
    headers = names + [""] * (width - len(names))
    filled = {place for place, column in enumerate(values) if not all(map(is_blank, column))}
    mapping = Mapping(kind, {}, headers, header_rows=height, width=width, filled=filled)
    roles = _checked(mapping, header_roles(kind, headers), values)
    _assign_by_value(mapping, roles, values)
    _assign_dates(mapping, roles, values)
    if names or len(roles) >= SURE_WITHOUT_NAMES:
        _collect(mapping, roles)
    return mapping


def _without_names(kind: str, rows: Sequence[Row]) -> tuple[Mapping, int]:
    """The mapping by values alone; rows of words before the first record (a heading, unknown names) are left out."""
    best, start = _mapping(kind, [], 0, rows), 0
    for place, row in enumerate(rows[:UNKNOWN_NAMES], start=1):
        if any(map(_looks_like_value, row.cells)):
            break
        below = _mapping(kind, [], 0, rows[place:])
        if len(below.columns) > len(best.columns) or _heads(row.cells, below):
            best, start = below, place
            _name(best, list(map(flat, row.cells)))
    return best, start


def _heads(cells: Sequence[Cell], below: Mapping) -> bool:
    """Whether a row of words stands above columns whose values look otherwise: names that nobody knows."""
    fitting = [
        _BY_VALUE.get(role, is_a.is_date)(cells[place])
        for role, places in below.columns.items()
        for place in places
        if place < len(cells) and not is_blank(cells[place])
    ]
    return len(fitting) >= SURE_WITHOUT_NAMES and sum(fitting) * 3 <= len(fitting)


def _name(mapping: Mapping, names: list[str]) -> None:
    """Give the columns the unknown names that stand above them; one word alone is a heading."""
    if sum(map(bool, names)) > 1:
        mapping.headers = [*names, *mapping.headers[len(names) :]]
        mapping.header_rows = 1


def _usual_width(names: Sequence[str], data: Sequence[Sequence[Cell]]) -> int:
    widths = Counter(map(len, data))
    return max(len(names), widths.most_common(1)[0][0] if widths else 0)


def find_header(kind: str, rows: Sequence[Row]) -> tuple[int, int, list[str]]:
    """Number of rows up to and including the header, its height and names; 0 and no names where there is none."""
    singles = [list(map(flat, row.cells)) for row in rows[:HEADER_ROWS]]
    scores = [_header_score(kind, names) for names in singles]
    # The first row of names is the header: a later one with more names belongs to another table further down.
    first = next((place for place, score in enumerate(scores) if score), None)
    candidates = [(scores[first], first, 1, singles[first])] if first is not None else []
    for upper in [first - 1, first] if first is not None else range(len(singles)):
        pair = _two_rows(kind, rows, upper) if upper >= 0 else []
        candidates.append((_header_score(kind, pair), upper, 2, pair))
    if first is not None and first + 1 < len(singles):
        candidates.append((scores[first + 1], first + 1, 1, singles[first + 1]))
    # Two rows only where they give more names than one; on a tie the first.
    best, place, height, names = max(candidates, key=lambda candidate: candidate[0], default=(0.0, 0, 0, []))
    if not best:
        return 0, 0, []
    below = place + height
    if below < len(singles) and (units := _units_below(names, singles[below])):
        return below + 1, height + 1, units
    return below, height, names


def _units_below(names: Sequence[str], cells: Sequence[str]) -> list[str]:
    """The names of a header with the units that the next row gives for some of them; empty where that is no row of units."""
    if not all(_UNIT.fullmatch(cell) for cell in cells if cell) or not any(cells):
        return []
    return [
        f"{name}（{unit.strip('()（）')}）" if unit else name
        for name, unit in zip_longest(names, cells, fillvalue="")
    ]


def _header_score(kind: str, names: Sequence[str]) -> float:
    """The number of roles that the names lead to; 0 for too few to be a header."""
    roles = {role for role, _ in header_roles(kind, names).values()}
    filled = sum(1 for name in names if name)
    ignored = sum(is_ignored(kind, name) for name in names)
    needed = any(role in roles for group in vocabulary(kind).needed for role in group)
    if len(roles) < 2 and not (needed and (ignored or filled <= 3)):
        return 0.0
    return len(roles) + 0.1 * ignored


def _two_rows(kind: str, rows: Sequence[Row], place: int) -> list[str]:
    """The names of a header spread over this row and the next; empty where these are not two rows of names."""
    if place + 1 >= len(rows):
        return []
    upper, lower = (list(map(flat, row.cells)) for row in rows[place : place + 2])
    if any(map(_looks_like_value, [*rows[place].cells, *rows[place + 1].cells])) or not any(lower):
        return []
    width = max(len(upper), len(lower))
    upper += [""] * (width - len(upper))
    lower += [""] * (width - len(lower))
    group, names = "", []
    for above, below in zip(upper, lower, strict=True):
        group = above or group
        together = f"{group}{below}"
        if not below:
            names.append(above)
        elif role_of(kind, together) or not role_of(kind, below):
            names.append(together)
        else:
            names.append(below)
    return names


def _looks_like_value(cell: Cell) -> bool:
    found = text(cell)
    return bool(found) and (
        len(found) > 30
        or is_a.is_number(cell)
        or is_a.is_date(cell)
        or is_a.is_application_number(cell)
        or is_a.is_ipc(cell)
    )


def _checked(
    mapping: Mapping, roles: dict[int, tuple[str, int]], values: Sequence[Sequence[Cell]]
) -> dict[int, tuple[str, int]]:
    """The roles by name without those that the values contradict."""
    kept = {}
    for place, (role, rank) in roles.items():
        if _contradicted(mapping.kind, role, values[place]):
            mapping.notes.append(
                f"列“{mapping.headers[place]}”的内容不是{vocabulary(mapping.kind).label(role)}，未按列名采用"
            )
        else:
            kept[place] = (role, rank)
    return kept


def _contradicted(kind: str, role: str, values: Sequence[Cell]) -> bool:
    filled = [value for value in values if not is_blank(value)]
    if len(filled) < ENOUGH:
        return False
    known = vocabulary(kind)
    if role in known.never:
        return any(share(_THINGS[thing], filled) >= 0.8 for thing in known.never[role])
    expected = _EXPECTED.get(role) or _HELD.get(known.roles[role].holds)
    if expected is None or share(expected, filled) > CONTRADICTS:
        return False
    others = (
        *_IDENTIFIERS.values(),
        is_a.is_date,
        is_a.is_title,
        is_a.is_organisation,
        is_a.is_people,
        is_a.is_long_text,
    )
    return any(share(other, filled) >= 0.8 for other in others if other is not expected)


def _assign_by_value(
    mapping: Mapping, roles: dict[int, tuple[str, int]], values: Sequence[Sequence[Cell]]
) -> None:
    """Give roles that no name led to, to the columns whose values fit them."""
    for role in vocabulary(mapping.kind).by_value:
        if role in {r for r, _ in roles.values()} or (role == "locarno" and not values):
            continue
        if role == "text" and any(share(is_a.is_application_number, column) >= FITS for column in values):
            continue  # a list of patents: its long texts are abstracts, not needs
        free = [
            place for place in range(len(values)) if place not in roles and _may_take(mapping, role, place)
        ]
        scored = [(share(_BY_VALUE[role], values[place]), _distinct(values[place]), -place) for place in free]
        fit = max(scored, default=(0.0, 0.0, 0))
        if fit[0] >= FITS and (role not in ("title", "abstract") or fit[1] > 0.3):
            _take(mapping, roles, -fit[2], role)


def _may_take(mapping: Mapping, role: str, place: int) -> bool:
    """Whether the values of a column may decide: its name is missing, contradicted or unknown, or the values are unambiguous."""
    header = mapping.headers[place]
    if not header or not spellings(header) or role_of(mapping.kind, header):
        return True
    if is_ignored(mapping.kind, header):
        return role in _IDENTIFIERS and spellings(header)[0] in _COUNTERS
    return role in _IDENTIFIERS or role in _TEXTS or not _CHINESE.search(header)


def _take(mapping: Mapping, roles: dict[int, tuple[str, int]], place: int, role: str) -> None:
    roles[place] = (role, 0)
    mapping.by_value.add(place)
    header = mapping.headers[place]
    column = f"第 {place + 1} 列“{header}”" if header else f"第 {place + 1} 列"
    mapping.notes.append(f"{column}按内容识别为{vocabulary(mapping.kind).label(role)}")


def _any_of(labels: Sequence[str]) -> str:
    """
    >>> _any_of(["企业名称"]), _any_of(["需求名称", "需求描述"]), _any_of(["甲", "乙", "丙", "丁", "戊"])
    ('“企业名称”列', '“需求名称”列（或“需求描述”列）', '“甲”列（或“乙”“丙”“丁”等列）')
    """
    others = "".join(f"“{label}”" for label in labels[1:_NAMED])
    more = "等" if len(labels) > _NAMED else ""
    return f"“{labels[0]}”列" + (f"（或{others}{more}列）" if others else "")


def _distinct(values: Sequence[Cell]) -> float:
    filled = [text(value) for value in values if not is_blank(value)]
    return len(set(filled)) / len(filled) if filled else 0.0


def _assign_dates(
    mapping: Mapping, roles: dict[int, tuple[str, int]], values: Sequence[Sequence[Cell]]
) -> None:
    """Nameless columns of dates: the one that shares its years with the application numbers is the filing date."""
    if "filing_date" not in vocabulary(mapping.kind).roles:
        return
    numbers = next((place for place, (role, _) in roles.items() if role == "application_number"), None)
    taken = {role for role, _ in roles.values()}
    dated = [
        place
        for place in range(len(values))
        if place not in roles
        and _may_take(mapping, "date", place)
        and share(is_a.is_date, values[place]) >= FITS
    ]
    for place in dated:
        if numbers is not None and "filing_date" not in taken and _same_years(values[numbers], values[place]):
            _take(mapping, roles, place, "filing_date")
            taken.add("filing_date")
        elif "publication_number" in taken and "publication_or_grant_date" not in taken:
            _take(mapping, roles, place, "publication_or_grant_date")
            taken.add("publication_or_grant_date")
        else:
            mapping.notes.append(f"第 {place + 1} 列是日期，但不能判断是哪一种日期，未采用")


def _same_years(numbers: Sequence[Cell], dates: Sequence[Cell]) -> bool:
    pairs = [
        (text(number).upper().lstrip("CNZL. ")[:4], text(day)[:4])
        for number, day in zip(numbers, dates, strict=False)
        if not is_blank(number) and not is_blank(day)
    ]
    return bool(pairs) and sum(a == b for a, b in pairs) >= 0.7 * len(pairs)


def _collect(mapping: Mapping, roles: dict[int, tuple[str, int]]) -> None:
    order = {name: place for place, name in enumerate(vocabulary(mapping.kind).roles)}
    for place, (role, _) in sorted(roles.items(), key=lambda item: (order[item[1][0]], item[1][1], item[0])):
        mapping.columns.setdefault(role, []).append(place)
