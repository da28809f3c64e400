"""Segment catalogues as files (产业目录文件) that an operator edits: xlsx for Excel, csv for everything else.

Both have the same layout: some rows of name and value (产业目录版本, 名称, 生效日期 …), then a header row and one row a segment.
Codes within a cell are divided by spaces or commas. A file with any error is refused as a whole, each error with its line.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import xlsxwriter
from pydantic import ValidationError

from catalog.kit.errors import InvalidInput
from catalog.reference import lists as reference
from catalog.segments.segments import CatalogueEntry, SegmentEntry
from ingestion.readers import readers
from ingestion.values.cells import Cell, text
from ingestion.values.values import parse_date

HEAD = {
    "产业目录版本": "version",
    "名称": "title",
    "生效日期": "valid_from",
    "失效日期": "valid_to",
    "来源": "source",
    "已官方核定": "official",
}
COLUMNS = {
    "代码": "code",
    "细分领域": "name",
    "类别": "group_name",
    "国民经济行业代码": "industry_codes",
    "IPC 小类": "ipc_subclasses",
    "名称来源": "source",
    "说明": "note",
}
WIDTHS = (14, 28, 16, 40, 60, 40, 40)
NEEDED = ("代码", "细分领域")
YES, NO = "是", "否"
SHOWN = 20
_SEPARATORS = re.compile(r"[\s,，、;；]+")
_SUBCLASS = re.compile(r"[A-H]\d{2}[A-Z]")


@dataclass(frozen=True, slots=True)
class FileProblem:
    """One error: the line of the file (0 where it has none), the field, its value and the reason."""

    line: int
    field: str
    value: str
    reason: str

    def __str__(self) -> str:
        place = f"第 {self.line} 行" if self.line else "文件"
        return f"{place} {self.field}" + (f"“{self.value}”" if self.value else "") + f"：{self.reason}"


class InvalidCatalogue(InvalidInput):
    """A catalogue file that cannot be used; `problems` lists everything that is wrong with it."""

    title = "产业目录文件有误"

    def __init__(self, name: str, problems: list[FileProblem]) -> None:
        self.problems = problems
        more = f"；另有 {len(problems) - SHOWN} 处" if len(problems) > SHOWN else ""
        listed = "；".join(map(str, problems[:SHOWN]))
        super().__init__(
            f"产业目录文件 {name} 有 {len(problems)} 处错误：{listed}{more}",
            hint="请改正后重新导入；可用 patentdock segments export 导出现行目录作为样例",
        )


@dataclass(slots=True)
class _Reader:
    problems: list[FileProblem] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    segments: list[SegmentEntry] = field(default_factory=list)
    seen: dict[tuple[str, str, str], int] = field(default_factory=dict)
    columns: dict[int, str] = field(default_factory=dict)

    def add(self, line: int, name: str, value: str, reason: str) -> None:
        self.problems.append(FileProblem(line, name, value[:80], reason))

    def take(self, line: int, cells: list[Cell]) -> None:
        """One row: of the head, the header, or a segment."""
        texts = [text(cell) for cell in cells]
        if self.columns:
            self._take_segment(line, texts)
        elif set(NEEDED) <= set(texts):
            self._take_header(line, texts)
        else:
            self._take_head(line, texts)

    def _take_head(self, line: int, texts: list[str]) -> None:
        name, value = [*texts, "", ""][:2]
        if name not in HEAD:
            allowed = "、".join(HEAD)
            self.add(
                line, "", name, f"目录清单之前只能是这些项目：{allowed}；清单的列名至少有{'、'.join(NEEDED)}"
            )
            return
        try:
            self.values[HEAD[name]] = _head_value(HEAD[name], value)
            self.lines[HEAD[name]] = line
        except ValueError as error:
            self.add(line, name, value, str(error))

    def _take_header(self, line: int, texts: list[str]) -> None:
        for place, name in enumerate(texts):
            if name in COLUMNS:
                self.columns[place] = name
            elif name:
                self.add(line, "", name, f"无法识别的列名，可用：{'、'.join(COLUMNS)}")

    def _take_segment(self, line: int, texts: list[str]) -> None:
        cells = {name: texts[place] for place, name in self.columns.items() if place < len(texts)}
        values: dict[str, Any] = {}
        for name, value in cells.items():
            values[COLUMNS[name]] = self._codes(line, name, value) if name in _CODES else value
        for name in NEEDED:
            # A name may stand in two groups: 新能源 among the leading and among the growing industries.
            group = cells.get("类别", "") if name == "细分领域" else ""
            self._check_name(line, name, cells.get(name, ""), group)
        try:
            self.segments.append(SegmentEntry(**values))
        except ValidationError as error:
            self._add_invalid(line, error, {role: name for name, role in COLUMNS.items()})

    def _check_name(self, line: int, name: str, value: str, group: str) -> None:
        if not value:
            self.add(line, name, "", "不能为空")
            return
        first = self.seen.setdefault((name, value, group), line)
        if first != line:
            self.add(line, name, value, f"与第 {first} 行重复")

    def _codes(self, line: int, name: str, value: str) -> list[str]:
        codes = [code for code in _SEPARATORS.split(value.upper()) if code]
        for code in codes:
            if reason := _CODES[name](code):
                self.add(line, name, code, reason)
        return list(dict.fromkeys(codes))

    def _add_invalid(self, line: int, error: ValidationError, names: dict[str, str]) -> None:
        for problem in error.errors():
            role = str(problem["loc"][0]) if problem["loc"] else ""
            given = problem["input"]
            if problem["type"] != "missing" and given not in ("", None):
                limit = problem.get("ctx", {}).get("max_length")
                reason = f"不能超过 {limit} 个字" if limit else "填写不正确"
                self.add(line or self.lines.get(role, 0), names.get(role, role), str(given), reason)

    def entry(self) -> CatalogueEntry | None:
        """The whole catalogue, None where something is wrong with it."""
        names = {role: name for name, role in HEAD.items()}
        for role in ("version", "title", "valid_from"):
            if not self.values.get(role) and all(problem.field != names[role] for problem in self.problems):
                self.add(self.lines.get(role, 0), names[role], "", "缺少此项")
        start, end = self.values.get("valid_from"), self.values.get("valid_to")
        if start and end and end < start:
            self.add(self.lines["valid_to"], names["valid_to"], str(end), f"早于生效日期 {start}")
        if not self.segments:
            self.add(0, "", "", f"没有细分领域；清单应有列名（{'、'.join(COLUMNS)}），每行一个细分领域")
        if self.problems:
            return None
        try:
            return CatalogueEntry(**self.values, segments=self.segments)
        except ValidationError as error:
            self._add_invalid(0, error, names)
        return None


def _head_value(role: str, value: str) -> Any:
    if role in ("valid_from", "valid_to"):
        return parse_date(value) if value else None
    if role == "official":
        if value not in (YES, NO, ""):
            raise ValueError(f"应填“{YES}”或“{NO}”")
        return value == YES
    return value


def _industry_problem(code: str) -> str:
    return "" if code in reference.industries() else "国民经济行业分类（GB/T 4754-2017）中没有此代码"


def _subclass_problem(code: str) -> str:
    if not _SUBCLASS.fullmatch(code):
        return "应为 IPC 小类，如 H01M"
    return "" if code in reference.ipc_titles() else "IPC 中没有此小类"


_CODES: dict[str, Callable[[str], str]] = {
    "国民经济行业代码": _industry_problem,
    "IPC 小类": _subclass_problem,
}


def read(path: Path) -> CatalogueEntry:
    """The catalogue version in a file. Raises UnreadableFile, and InvalidCatalogue with every error of the file."""
    reader = _Reader()
    for sheet in readers.read(path):
        for row in sheet.rows:
            if any(text(cell) for cell in row.cells):
                reader.take(row.line, row.cells)
        break
    entry = reader.entry()
    if entry is None:
        raise InvalidCatalogue(path.name, reader.problems)
    return entry


def write(path: Path, entry: CatalogueEntry) -> None:
    """Write a catalogue version to `path`: a workbook where the name ends in .xlsx, else csv. Raises InvalidInput."""
    rows = list(_rows(entry))
    try:
        if path.suffix.lower() == ".xlsx":
            _write_workbook(path, rows)
        else:
            path.write_bytes(_as_csv(rows))
    except (OSError, xlsxwriter.exceptions.FileCreateError) as error:
        raise InvalidInput(f"无法写入 {path}：{error}", hint="请检查文件夹与权限") from error


def _rows(entry: CatalogueEntry) -> Iterator[list[str]]:
    for name, role in HEAD.items():
        yield [name, _cell(getattr(entry, role))]
    yield []
    yield list(COLUMNS)
    for segment in entry.segments:
        yield [_cell(getattr(segment, role)) for role in COLUMNS.values()]


def _cell(value: str | list[str] | date | bool | None) -> str:
    if isinstance(value, bool):
        return YES if value else NO
    if isinstance(value, list):
        return " ".join(value)
    return "" if value is None else str(value)


def _as_csv(rows: list[list[str]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(row + [""] * (len(COLUMNS) - len(row)) for row in rows)
    return out.getvalue().encode("utf-8-sig")


def _write_workbook(path: Path, rows: list[list[str]]) -> None:
    with xlsxwriter.Workbook(path) as book:
        bold = book.add_format({"bold": True, "bg_color": "#DCE6F1", "border": 1})
        body = book.add_format({"text_wrap": True, "valign": "top", "num_format": "@"})
        sheet = book.add_worksheet("产业目录")
        for place, width in enumerate(WIDTHS):
            sheet.set_column(place, place, width)
        header = rows.index(list(COLUMNS))
        for line, row in enumerate(rows):
            for place, value in enumerate(row):
                named = line == header or (line < header and place == 0)
                sheet.write_string(line, place, value, bold if named else body)
        sheet.freeze_panes(header + 1, 2)
