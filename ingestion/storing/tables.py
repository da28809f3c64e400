"""From the sheet of a file to records: header found, rows told from headers, footers and blanks, cells put to roles."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice

from ingestion.columns.headers import role_of, vocabulary
from ingestion.columns.mappings import SavedMapping, apply
from ingestion.columns.recognition import Mapping, header_roles, recognise
from ingestion.readers.sheets import Row, Sheet
from ingestion.records.fields import Fields
from ingestion.values.cells import Cell, is_blank, text
from ingestion.values.values import unit_in

PEEK = 200

_TOTAL = re.compile(r"\s*(?:合\s*计|总\s*计|小\s*计)\s*[:：]?\s*\d*\s*(?:件|项|条)?\s*")
_FOOTER = re.compile(
    r"\s*(?:共计?\s*\d+\s*[件项条个]|(?:备\s*注|注|说\s*明|数据来源|资料来源)\s*\d*\s*[:：]"
    r"|(?:制表|填表|审核|打印|导出|统计|联系)(?:人|单位|时间|日期|电话)?\s*[:：]).*",
    re.DOTALL,
)
_FIRST_OF_FOOTERS = "合总小共备注说数资制填审打导统联"
TOO_WIDE = "该行有 {found} 列，表头只有 {expected} 列，可能有未加引号的分隔符，请核对后重新导入"


@dataclass
class SheetTable:
    """A sheet with its recognised mapping; `skipped` counts rows that are no records, with their reason."""

    name: str
    mapping: Mapping
    rows: Iterator[Row]
    keys: list[str] | None = None
    skipped: dict[str, list[int]] = field(default_factory=dict)
    seen_keys: int = 0
    saved: SavedMapping | None = None

    def records(self) -> Iterator[Row]:
        """The rows that are records, in order; the mapping changes where another header begins."""
        # `rows` is replaced when the table looks ahead, so it is asked for each row anew.
        while (row := next(self.rows, None)) is not None:
            if not row.problem:
                first = _first_filled(row.cells)
                if first is None:
                    continue
                if self.keys is None and (reason := self._no_record(row, first)):
                    self.skipped.setdefault(reason, []).append(row.line)
                    continue
            self._follow_keys(row)
            width = self.mapping.width
            if (
                self.keys is None
                and not row.problem
                and len(row.cells) > width
                and _filled(row.cells) > width
            ):
                row.problem = TOO_WIDE.format(found=_filled(row.cells), expected=width)
            yield row

    def _no_record(self, row: Row, place: int) -> str:
        """Why a row, filled from `place` on, is no record: a repeated header, or a footer. Takes over another header."""
        first = text(row.cells[place])
        if self.mapping.repeats_header(row.cells, place, first):
            return "重复的表头"
        if first[:1] in _FIRST_OF_FOOTERS and (
            _TOTAL.fullmatch(first) or (_FOOTER.fullmatch(first) and _count(row.cells) <= 2)
        ):
            return "表尾或合计行"
        if self._is_new_header(row.cells):
            self.mapping, _ = _recognise(self.mapping.kind, [row, *self._peek()], None, self.saved)
            return "另一个表头"
        return ""

    def _is_new_header(self, cells: Sequence[Cell]) -> bool:
        # The first two cells answer for most rows without looking at the others.
        asked = 0
        for cell in cells:
            if not is_blank(cell):
                if role_of(self.mapping.kind, cell):
                    break
                asked += 1
                if asked == 2:
                    return False
        else:
            return False
        roles = {role for role, _ in header_roles(self.mapping.kind, cells).values()}
        return len(roles) >= 3 and len(roles) * 2 > _count(cells)

    def _peek(self) -> list[Row]:
        ahead = list(islice(self.rows, PEEK))
        self.rows = chain(ahead, self.rows)
        return ahead

    def _follow_keys(self, row: Row) -> None:
        """Recognise again when records of JSON bring names that were not there before."""
        if self.keys is not None and len(self.keys) != self.seen_keys:
            ahead = self._peek()
            self.seen_keys = len(self.keys)
            self.mapping, _ = _recognise(self.mapping.kind, [row, *ahead], self.keys, self.saved)

    def fields(self, row: Row, mapping: Mapping) -> Fields:
        """The cells of a row by role, under the mapping at that row. Raises RowError for cells that cannot be taken at all."""
        cells = mapping.cells(row.cells)
        return Fields(mapping.kind, cells, units=_units(mapping), sheet=self.name, headers=mapping.headers)


def _units(mapping: Mapping) -> dict[str, int]:
    """What bare numbers count in, by role, from the names of the columns."""
    headers = mapping.headers
    return {
        role: unit_in(headers[places[0]])
        for role in vocabulary(mapping.kind).amounts
        if (places := mapping.columns.get(role)) and places[0] < len(headers)
    }


def _first_filled(cells: Sequence[Cell]) -> int | None:
    """The first column that holds something."""
    if cells and not is_blank(cells[0]):
        return 0
    return next((place for place, cell in enumerate(cells) if not is_blank(cell)), None)


def _count(cells: Sequence[Cell]) -> int:
    """Number of cells that hold something."""
    return sum(not is_blank(cell) for cell in cells)


def _filled(cells: Sequence[Cell]) -> int:
    """Number of columns up to the last that holds something."""
    return max((place + 1 for place, cell in enumerate(cells) if not is_blank(cell)), default=0)


def _recognise(
    kind: str, rows: Sequence[Row], keys: Sequence[str] | None, saved: SavedMapping | None
) -> tuple[Mapping, int]:
    return apply(saved, rows, keys) if saved else recognise(kind, rows, keys)


def open_table(kind: str, sheet: Sheet, saved: SavedMapping | None = None) -> SheetTable | None:
    """The table of a sheet with its mapping, a saved one or one recognised; None for a sheet without any row.

    The mapping may lack what is needed; see `Mapping.missing`.
    """
    ahead: list[Row] = []
    for row in sheet.rows:
        if row.problem or not all(map(is_blank, row.cells)):
            ahead.append(row)
        if len(ahead) >= PEEK:
            break
    if not ahead:
        return None
    usable = [row for row in ahead if not row.problem]
    mapping, start = _recognise(kind, usable, sheet.keys, saved)
    table = SheetTable(sheet.name, mapping, chain(ahead, sheet.rows), sheet.keys, saved=saved)
    table.seen_keys = len(sheet.keys or [])
    if start:
        behind = next(place for place, row in enumerate(ahead) if row is usable[start - 1]) + 1
        table.rows = chain(ahead[behind:], sheet.rows)
        if preamble := [row.line for row in ahead[: behind - mapping.header_rows]]:
            table.skipped["表头之前的说明"] = preamble
    return table
