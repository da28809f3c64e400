"""Excel in and out of the eligibility check: the numbers of a list, and the verdicts on them, for thousands at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import xlsxwriter

from assessment.eligibility.gate import JudgedEligibility
from assessment.eligibility.table import Effect
from catalog.kit.errors import InvalidInput
from ingestion.columns.detectors import is_application_number, share
from ingestion.columns.headers import role_of
from ingestion.readers import readers
from ingestion.readers.sheets import Row, Sheet
from ingestion.values.cells import Cell, text
from service.requests.dealings.eligibility import CheckCounts, CheckedItem
from service.sheets.documents import printable

HEAD_ROWS = 30
FITS = 0.5
COLUMNS = (
    ("查询的申请号", 20),
    ("申请号", 18),
    ("专利名称", 44),
    ("判定", 18),
    ("阻却（条款：理由）", 60),
    ("待核实（条款：理由）", 60),
    ("具备与提示", 50),
    ("所依据的数据", 60),
    ("专利权人待办事项", 44),
    ("未查到的原因", 30),
)


def numbers_in(path: Path) -> list[str]:
    """The application numbers of a list, as written, in their order. Raises UnreadableFile and InvalidInput."""
    found = [number for sheet in readers.read(path) for number in _numbers_of(sheet)]
    if not found:
        raise InvalidInput(
            f"文件 {path.name} 中没有找到申请号", hint="请提供含“申请号”列的 xlsx、xls、csv 或 jsonl 清单"
        )
    return found


def _numbers_of(sheet: Sheet) -> Iterator[str]:
    head: list[Row] = []
    for row in sheet.rows:
        head.append(row)
        if len(head) == HEAD_ROWS:
            break
    place, start = _column(head, sheet.keys)
    if place is None:
        return
    for row in [*head[start:], *sheet.rows]:
        if place < len(row.cells) and (number := text(row.cells[place])):
            yield number


def _column(head: Sequence[Row], keys: Sequence[str] | None) -> tuple[int | None, int]:
    """The column of application numbers, by its name or else by what it holds, and the first row below the names."""
    named = [(list(keys), 0)] if keys is not None else [(row.cells, at + 1) for at, row in enumerate(head)]
    for cells, start in named:
        for place, cell in enumerate(cells):
            role = role_of("patents", cell)
            if role is not None and role[0] == "application_number":
                return place, start
    width = max((len(row.cells) for row in head), default=0)
    columns: list[list[Cell]] = [
        [row.cells[place] for row in head if place < len(row.cells)] for place in range(width)
    ]
    fits = [(share(is_application_number, cells), -place) for place, cells in enumerate(columns)]
    best = max(fits, default=(0.0, 0))
    return (-best[1], 0) if best[0] >= FITS else (None, 0)


def cells(item: CheckedItem) -> list[str]:
    """The cells of one patent, in the order of COLUMNS."""
    verdict = item.verdict
    if verdict is None:
        return [item.asked, item.application_number or "", "", "未查到", "", "", "", "", "", item.reason]
    return [
        item.asked,
        item.application_number or "",
        item.title,
        verdict.verdict_name,
        _grounds(verdict, Effect.BLOCKS),
        _grounds(verdict, Effect.UNKNOWN),
        _grounds(verdict, Effect.SUPPORTS, Effect.NOTE),
        "\n".join(line for ground in verdict.grounds for line in ground.data),
        "\n".join(verdict.todo),
        "",
    ]


def _grounds(verdict: JudgedEligibility, *effects: Effect) -> str:
    return "\n".join(
        f"{ground.article}：{ground.text}" + ("" if ground.checked else "（条款引用待核实）")
        for ground in verdict.grounds
        if ground.effect in effects
    )


def write(path: Path, items: Iterable[CheckedItem], about: Iterable[tuple[str, str]]) -> None:
    """Write the verdicts as a workbook, row by row; `about` is asked for when all rows have gone by."""
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        heading = book.add_format({"bold": True, "bg_color": "#DCE6F1", "border": 1})
        body = book.add_format({"text_wrap": True, "valign": "top"})
        sheet = book.add_worksheet("核查结果")
        sheet.freeze_panes(1, 2)
        for column, (name, width) in enumerate(COLUMNS):
            sheet.set_column(column, column, width)
            sheet.write_string(0, column, name, heading)
        last = 0
        for last, item in enumerate(items, 1):
            for column, cell in enumerate(cells(item)):
                sheet.write_string(last, column, printable(cell), body)
        sheet.autofilter(0, 0, max(last, 1), len(COLUMNS) - 1)
        notes = book.add_worksheet("说明")
        notes.set_column(0, 0, 18)
        notes.set_column(1, 1, 90)
        for line, (name, value) in enumerate(about):
            notes.write_string(line, 0, name, heading)
            notes.write_string(line, 1, printable(value), body)


def about(as_of: str, version: str, counts: CheckCounts) -> list[tuple[str, str]]:
    """The basis of the verdicts."""
    return [
        ("核查日期", f"按 {as_of} 的状态"),
        ("规则版本", version),
        (
            "合计",
            f"可以开放许可 {counts.eligible} 件，不得开放许可 {counts.blocked} 件，资料不足 {counts.unknown} 件，"
            f"未查到 {counts.not_found} 件",
        ),
        (
            "判定方法",
            "有阻却事由即不得开放许可；没有阻却事由而有待核实事项的为资料不足；二者皆无的为可以开放许可",
        ),
        ("注意", "判定以系统中的记录为准，声明前请核对专利登记簿；标“条款引用待核实”的规则可由运维人员修改"),
    ]
