"""Terminal output of an import: columns, first records, counts, rejected rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from service.cli.terminal.output import print_table

if TYPE_CHECKING:
    from catalog.imports.columns import FileColumn
    from ingestion.imports.report import ImportReport

RECORDS = 3
CUT = 40


def print_report(report: ImportReport, *, dry_run: bool) -> None:
    """The result of an import in words; of a dry run also what would be stored and why rows are refused."""
    print(
        f"{report.file_name}：{'（试运行，未写入）' if dry_run else ''}共 {report.rows} 行，新增 {report.new}，"
        f"更新 {report.changed}，未变更 {report.unchanged}，退回 {report.rejected}，待决定 {report.waiting}"
    )
    for message in report.messages:
        print(f"  提示：{message}")
    print_columns(report.columns, report.source)
    if dry_run:
        _print_records(report.preview[:RECORDS])
        _print_refusals(report)
        _print_conflicts(report)
    if report.rejected_file:
        print(f"  退回的行及原因见 {report.rejected_file}，改正后可直接再次导入")
    if report.waiting and not dry_run:
        print(f"  待决定的行见 patentdock conflicts list --import {report.import_id}")


def as_json(report: ImportReport) -> dict[str, Any]:
    """The report as one JSON object."""
    return asdict(report) | {"columns": [column.model_dump(mode="json") for column in report.columns]}


def print_columns(columns: Sequence[FileColumn], source: str) -> None:
    """Prints for each column of a file its meaning, how it was recognised, and what became of its cells."""
    print(f"\n各列的识别（按列对应关系“{source}”）：" if source else "\n各列的识别：")
    print_table(
        ["工作表", "列", "列名", "字段", "依据", "有内容", "已读取", "记入备注", "未读取", "未读取的内容"],
        [
            [
                column.sheet,
                column.letter,
                _short(column.header),
                f"{column.label}（{column.field}）" if column.field else "",
                column.how,
                column.filled,
                column.read,
                column.remarked,
                column.unread,
                _examples(column),
            ]
            for column in columns
        ],
    )


def _examples(column: FileColumn) -> str:
    """The first cells that were not read, but of a column that is known to hold nothing to import."""
    if column.by == "ignored":
        return ""
    return "；".join(f"第 {cell.line} 行 {_short(cell.value)}" for cell in column.examples)


def _print_records(records: Sequence[dict[str, str]]) -> None:
    if not records:
        return
    labels = dict.fromkeys(label for record in records for label in record)
    print(f"\n前 {len(records)} 条记录将保存为：")
    print_table(
        ["字段", *(f"第 {number} 条" for number in range(1, len(records) + 1))],
        [[label, *(_short(record.get(label, "")) for record in records)] for label in labels],
    )


def _print_refusals(report: ImportReport) -> None:
    if not report.refusals:
        return
    print(
        "\n将退回的行："
        if report.rejected == len(report.refusals)
        else f"\n将退回的行（前 {len(report.refusals)} 行）："
    )
    print_table(
        ["工作表", "行号", "字段", "值", "原因"],
        [[row.sheet, row.line, row.field, _short(row.value), row.reason] for row in report.refusals],
    )


def _print_conflicts(report: ImportReport) -> None:
    if not report.conflicts:
        return
    print(
        "\n将待决定的行："
        if report.waiting == len(report.conflicts)
        else f"\n将待决定的行（前 {len(report.conflicts)} 行）："
    )
    print_table(
        ["工作表", "行号", "号码", "原记录", "新记录"],
        [[row.sheet, row.line, row.number, row.stored, row.stated] for row in report.conflicts],
    )


def _short(value: str) -> str:
    return value if len(value) <= CUT else value[:CUT] + "…"
