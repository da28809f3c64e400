"""The workbook of the yearly review (年度盘点表): one a holder, with lists to choose the answers from.

Above the header stand the holder, the day and the versions that the screening rests on, and how to fill in the answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import xlsxwriter

from assessment.screening.weights import ScreeningWeights
from catalog.db import Database
from catalog.kit.errors import NotFound
from catalog.kit.terms import Disposition, FactKind, Prospect
from catalog.law.years import DAYS_A_YEAR
from catalog.supply import holders, reviews, screenings
from catalog.supply.facts import EXPLOITATION
from catalog.supply.reviews import ReviewRow

SHEET = "盘点表"
COLUMNS = {
    "申请号": 18,
    "名称": 44,
    "类型": 10,
    "申请日": 12,
    "剩余年限": 10,
    "潜力分": 8,
    "理由": 70,
    "推荐": 10,
    "处置意见": 12,
    "产业化前景": 12,
    "运用情况": 16,
    "备注": 30,
    "系统编号": 10,
}
NOT_USED = "未运用"
USES = {f"已{kind.label}": kind for kind in FactKind if kind in EXPLOITATION}
ANSWERS = {
    "处置意见": [term.label for term in Disposition],
    "产业化前景": [term.label for term in Prospect],
    "运用情况": [NOT_USED, *USES],
}
HEADER_ROW = 4
"""Where the names of the columns stand, from 1."""
HOW_TO = (
    "填写方法：在浅黄色各列中选择处置意见（拟处理方式）、产业化前景、运用情况（至今是否实施、许可、转让……），可加备注；不答复的行留空。"
    "请勿改动其他各列，尤其是“系统编号”；可排序、筛选、删行。填写后交回。"
)
KEY = "沉睡：有效、授权已满规定年限而没有运用记录；潜力分 0 至 100，各项得分见“理由”"
UNDECIDED = "先补录资料"
ROWS_A_SHEET = 500_000
MAX_CELL = 32_767


@dataclass(slots=True)
class ReviewExport:
    """The workbooks written and the number of patents in them."""

    files: list[Path] = field(default_factory=list)
    rows: int = 0


def export_reviews(
    database: Database,
    folder: Path,
    weights: ScreeningWeights,
    today: date,
    holder_ids: Iterable[int] | None = None,
) -> ReviewExport:
    """Write one workbook for each of the holders, or for all holders with screened patents, into `folder`.

    A holder without a dormant or undecided patent gets none. Raises NotFound when a holder is unknown or nothing has been
    screened yet.
    """
    folder.mkdir(parents=True, exist_ok=True)
    result = ReviewExport()
    with database.read() as session:
        wanted = screenings.holder_ids(session) if holder_ids is None else list(holder_ids)
        if not wanted:
            raise NotFound("尚无盘点筛选结果，无法导出年度盘点表", hint="请先运行 patentdock screen")
        for holder_id in wanted:
            name = holders.get(session, holder_id).name
            path = folder / file_name(holder_id, name)
            written = write(path, name, reviews.rows(session, holder_id), weights, today)
            if written:
                result.files.append(path)
                result.rows += written
    return result


def file_name(holder_id: int, name: str) -> str:
    """File name of a holder's workbook: safe on every system, and distinct by the holder's id."""
    safe = re.sub(r'[\\/:*?"<>|\s\x00-\x1f]+', "_", name)[:60].strip("._")
    return f"年度盘点表_{holder_id}_{safe}.xlsx"


def write(path: Path, holder: str, rows: Iterator[ReviewRow], weights: ScreeningWeights, today: date) -> int:
    """Writes the workbook of one holder; returns the number of patents, and writes no file when there are none."""
    total = 0
    blocks = iter(lambda: list(islice(rows, ROWS_A_SHEET)), [])
    first = next(blocks, None)
    if first is None:
        return 0
    with xlsxwriter.Workbook(path, {"constant_memory": True, "strings_to_formulas": False}) as book:
        book.set_properties({"title": f"{holder} 年度盘点表"})
        formats = {
            "title": book.add_format({"bold": True, "font_size": 14}),
            "remark": book.add_format({"font_color": "#555555"}),
            "header": book.add_format({"bold": True, "bg_color": "#DCE6F1", "border": 1, "text_wrap": True}),
            "text": book.add_format({"text_wrap": True, "valign": "top", "num_format": "@"}),
            "number": book.add_format({"valign": "top"}),
            "answer": book.add_format(
                {"bg_color": "#FFF9E5", "border": 1, "valign": "top", "num_format": "@"}
            ),
        }
        block: list[ReviewRow] | None = first
        while block:
            place = len(book.worksheets())
            sheet = book.add_worksheet(SHEET + (str(place + 1) if place else ""))
            about = f"盘点基准日 {block[0].as_of}　权重 {weights.version}　导出日 {today}　{KEY}"
            _fill_head(sheet, f"{holder}　年度盘点表", about, formats)
            _fill(sheet, block, weights, formats)
            total += len(block)
            block = next(blocks, None)
    return total


def _fill_head(sheet: Any, title: str, about: str, formats: dict[str, Any]) -> None:
    for place, width in enumerate(COLUMNS.values()):
        sheet.set_column(place, place, width)
    sheet.write_string(0, 0, title, formats["title"])
    sheet.write_string(1, 0, about, formats["remark"])
    sheet.write_string(2, 0, HOW_TO, formats["remark"])
    for place, name in enumerate(COLUMNS):
        sheet.write_string(HEADER_ROW - 1, place, name, formats["header"])
    sheet.freeze_panes(HEADER_ROW, 2)
    sheet.repeat_rows(HEADER_ROW - 1)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)


def _fill(sheet: Any, rows: list[ReviewRow], weights: ScreeningWeights, formats: dict[str, Any]) -> None:
    for line, row in enumerate(rows, start=HEADER_ROW):
        for place, (name, value) in enumerate(_cells(row, weights).items()):
            if isinstance(value, str):
                answer = name in ANSWERS or name == "备注"
                _write_text(sheet, line, place, value, formats["answer" if answer else "text"])
            else:
                sheet.write_number(line, place, value, formats["number"])
    last = HEADER_ROW + len(rows) - 1
    sheet.autofilter(HEADER_ROW - 1, 0, last, len(COLUMNS) - 1)
    for name, allowed in ANSWERS.items():
        place = list(COLUMNS).index(name)
        sheet.data_validation(
            HEADER_ROW,
            place,
            last,
            place,
            {
                "validate": "list",
                "source": allowed,
                "error_title": name,
                "error_message": "请从列表中选择：" + "、".join(allowed),
            },
        )


def _write_text(sheet: Any, line: int, place: int, value: str, style: Any) -> None:
    if value:
        sheet.write_string(line, place, value[:MAX_CELL], style)
    else:
        sheet.write_blank(line, place, None, style)


def _cells(row: ReviewRow, weights: ScreeningWeights) -> dict[str, str | float]:
    years = None if row.remaining_days is None else Decimal(row.remaining_days) / DAYS_A_YEAR
    undecided = row.dormant is None
    return {
        "申请号": row.application_number or "",
        "名称": row.title,
        "类型": row.kind.label if row.kind else "",
        "申请日": row.filing_date.isoformat() if row.filing_date else "",
        "剩余年限": "" if years is None else float(round(years, 1)),
        "潜力分": row.potential,
        "理由": reasons(row),
        "推荐": UNDECIDED if undecided else weights.recommendation(row.potential).label,
        **dict.fromkeys(ANSWERS, ""),
        "备注": "",
        "系统编号": row.patent_id,
    }


def reasons(row: ReviewRow) -> str:
    """The verdict and every factor with its points, in one line."""
    parts = [f"{p.label} {p.points}/{p.maximum}：{p.reason}" for p in row.points if not p.missing]
    missing = "、".join(p.label for p in row.points if p.missing)
    return "；".join([row.reason, *parts, *([f"数据缺失：{missing}"] if missing else [])])
