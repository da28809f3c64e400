"""From the sheet of a file to records: finds the header, skips headers, footers and blanks, assigns cells to roles.

A merged block (合并单元格) gives its value to each row that it covers below the header, in the first of its columns: a block
merged across columns is one cell under the first name.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import chain, islice

from ingestion.columns.headers import may_be_name, role_of, vocabulary
from ingestion.columns.mappings import SavedMapping, apply
from ingestion.columns.recognition import Mapping, header_roles, recognise
from ingestion.readers.encodings import REPLACED
from ingestion.readers.sheets import ERRORS, Row, Sheet
from ingestion.records.fields import Circumstances, Fields
from ingestion.values.cells import Cell, is_blank, text
from ingestion.values.values import unit_in

PEEK = 200

_TOTAL = re.compile(r"\s*(?:合\s*计|总\s*计|小\s*计)\s*[:：]?\s*\d*\s*(?:件|项|条)?\s*")
_FOOTER = re.compile(
    r"\s*(?:共计?\s*\d+\s*[件项条个]|(?:备\s*注|注|说\s*明|数据来源|资料来源)\s*\d*\s*[:：]"
    r"|(?:制表|填表|审核|打印|导出|统计|联系)(?:人|单位|时间|日期|电话)?\s*[:：]).*",
    re.DOTALL,
)
_GROUP = re.compile(
    r"[(（]?[一二三四五六七八九十]{1,3}[)）、.．]\s*\S|第[一二三四五六七八九十\d]{1,3}(?:部分|批|类|章)"
)
_FIRST_OF_FOOTERS = "合总小共备注说数资制填审打导统联"
MOST_LISTED = 20
LOST = f"含有替换字符“{REPLACED}”（文件导出前已丢失的字），照原样导入，请核对"
_DAY_ZERO_1904 = date(1904, 1, 1)
_SERIALS_1904 = range(18_538, 58_538)
"""Numbers that are days of 1954 to 2064; smaller ones are counts, larger ones identifiers."""
TOO_WIDE = "该行有 {found} 列，表头只有 {expected} 列，可能有未加引号的分隔符，请核对后重新导入"


@dataclass(eq=False)
class SheetTable:
    """A sheet with its recognised mapping, whose header ends on line `header`.

    `skipped` counts rows that are no records, with their reason, `hidden` the hidden ones among the records, `filled` the
    cells by column that a merged block gave their value, `errors` those in which a formula left an error.
    """

    sheet: Sheet
    mapping: Mapping
    rows: Iterator[Row]
    skipped: dict[str, list[int]] = field(default_factory=dict)
    seen_keys: int = 0
    saved: SavedMapping | None = None
    header: int = 0
    hidden: list[int] = field(default_factory=list)
    filled: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)

    @property
    def name(self) -> str:
        """The name of the sheet."""
        return self.sheet.name

    @property
    def keys(self) -> list[str] | None:
        """The names of the cells where the format has them."""
        return self.sheet.keys

    def records(self) -> Iterator[Row]:
        """The rows that are records, in order; the mapping changes where another header begins."""
        # `rows` is replaced when the table looks ahead, so it is read again for each row.
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
            self._complete(row)
            yield row

    def _complete(self, row: Row) -> None:
        """Adds to the cells of a record what the sheet states elsewhere: merged blocks, the epoch of its dates.

        What a formula left in place of a value is no value.
        """
        if row.hidden:
            self.hidden.append(row.line)
        if row.has_errors:
            for place, cell in enumerate(row.cells):
                if isinstance(cell, str) and cell.strip() in ERRORS:
                    row.cells[place] = ""
                    self.errors[self.mapping.column_name(place)] += 1
        for place, block in (row.above or {}).items():
            if block.line > self.header and place < self.mapping.width and not is_blank(block.value):
                row.cells.extend([""] * (place + 1 - len(row.cells)))
                if is_blank(row.cells[place]):
                    row.cells[place] = block.value
                    self.filled[self.mapping.column_name(place)] += 1
        if self.sheet.from_1904:
            for place in self._places_of_days():
                row.cells[place : place + 1] = map(_day_from_1904, row.cells[place : place + 1])

    def _places_of_days(self) -> Iterator[int]:
        columns = self.mapping.columns
        return (place for role in vocabulary(self.mapping.kind).days for place in columns.get(role, ()))

    def remarks(self) -> list[str]:
        """Remarks on the sheet as a whole, once its rows are read."""
        remarks = (
            [f"{len(self.hidden)} 个隐藏行已照常导入（第 {_ranges(self.hidden)} 行）"] if self.hidden else []
        )
        if self.sheet.hidden:
            remarks.insert(0, "是隐藏的工作表，已照常导入")
        if hidden := self._hidden_columns():
            remarks.append(f"{len(hidden)} 个隐藏列已照常读取（{'、'.join(hidden)}）")
        if self.filled:
            remarks.append(
                f"{self.filled.total()} 个空单元格属于合并单元格，已按合并区域的内容补齐（{_by_column(self.filled)}）"
            )
        if self.errors:
            remarks.append(
                f"{self.errors.total()} 个单元格是公式错误（如 #REF!），按空白读取（{_by_column(self.errors)}）"
            )
        return [f"工作表“{self.name}”：{remark}" for remark in remarks]

    def _hidden_columns(self) -> list[str]:
        """Names of the hidden columns that are not empty."""
        used = {place for places in self.mapping.columns.values() for place in places}
        named = {place for place, header in enumerate(self.mapping.headers) if header}
        return [
            self.mapping.column_name(place)
            for place in sorted(self.sheet.hidden_columns)
            if place in used | named
        ]

    def _no_record(self, row: Row, place: int) -> str:
        """The reason why a row, filled from `place` on, is no record: a repeated header, or a footer. Takes over another header."""
        first = text(row.cells[place])
        if self.mapping.repeats_header(row.cells, place, first):
            self.header = row.line
            return "重复的表头"
        if first[:1] in _FIRST_OF_FOOTERS and (
            _TOTAL.fullmatch(first) or (_FOOTER.fullmatch(first) and _count(row.cells) <= 2)
        ):
            return "表尾或合计行"
        if self._is_group(row, first):
            return "分组标题"
        if self._is_new_header(row.cells):
            self.mapping, _ = _recognise(self.mapping.kind, [row, *self._peek()], None, self.saved)
            self.header = row.line
            return "另一个表头"
        return ""

    def _is_group(self, row: Row, first: str) -> bool:
        """Whether a row is the title of the records below (一、机械学院): a cell alone, across half of the table or numbered."""
        if not (row.across or _GROUP.match(first)) or _count(row.cells) > 1:
            return False
        return row.across * 2 >= self.mapping.width or (
            len(self.mapping.columns) > 2 and bool(_GROUP.match(first))
        )

    def _is_new_header(self, cells: Sequence[Cell]) -> bool:
        kind = self.mapping.kind
        # The first two cells answer for most rows without looking at the others, and without looking a name up.
        filled = [cell for cell in cells if not is_blank(cell)]
        first = filled[:2]
        if not any(may_be_name(kind, cell) for cell in first):
            return False
        count, likely = len(filled), sum([may_be_name(kind, cell) for cell in filled])
        if likely < 3 or likely * 2 <= count or not any(role_of(kind, cell) for cell in first):
            return False
        roles = {role for role, _ in header_roles(kind, cells).values()}
        return len(roles) >= 3 and len(roles) * 2 > count

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

    def fields(self, row: Row, mapping: Mapping, circumstances: Circumstances) -> Fields:
        """The cells of a row by role, under the mapping at that row. Raises RowError for cells that cannot be taken at all."""
        cells = mapping.cells(row.cells)
        fields = Fields(
            mapping.kind,
            cells,
            circumstances,
            units=_units(mapping),
            sheet=self.name,
            headers=mapping.headers,
        )
        if row.replaced:
            lost = (
                cell for read in cells.values() for cell in read if isinstance(cell, str) and REPLACED in cell
            )
            for cell in islice(lost, 1):
                fields.note(LOST, cell)
        return fields


def _by_column(counts: Counter[str]) -> str:
    return "、".join(f"{name} {count} 个" for name, count in counts.items())


def _day_from_1904(cell: Cell) -> Cell:
    """The day that a bare number means in a workbook that counts from 1904."""
    stated = text(cell)
    whole = stated.partition(".")[0]
    if not re.fullmatch(r"\d{5}(?:\.\d+)?", stated) or int(whole) not in _SERIALS_1904:
        return cell
    return _DAY_ZERO_1904 + timedelta(days=int(whole))


def _ranges(lines: Sequence[int]) -> str:
    """Line numbers, neighbours as a range, the first ones where they are many.

    >>> _ranges([3, 4, 5, 9])
    '3-5、9'
    """
    runs: list[list[int]] = []
    for line in lines:
        if runs and line == runs[-1][1] + 1:
            runs[-1][1] = line
        else:
            runs.append([line, line])
    shown = [f"{first}-{last}" if last > first else str(first) for first, last in runs[:MOST_LISTED]]
    return "、".join(shown) + ("…" if len(runs) > MOST_LISTED else "")


def _units(mapping: Mapping) -> dict[str, int]:
    """The units of bare numbers by role, from the names of the columns."""
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
    table = SheetTable(sheet, mapping, chain(ahead, sheet.rows), saved=saved)
    table.seen_keys = len(sheet.keys or [])
    if start:
        behind = next(place for place, row in enumerate(ahead) if row is usable[start - 1]) + 1
        table.rows = chain(ahead[behind:], sheet.rows)
        table.header = ahead[behind - 1].line
        if preamble := [row.line for row in ahead[: behind - mapping.header_rows]]:
            table.skipped["表头之前的说明"] = preamble
    return table
