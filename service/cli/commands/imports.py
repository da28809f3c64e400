"""Commands on imports that have been made: list, show, undo."""

from __future__ import annotations

from typing import Annotated

import typer

from catalog.kit.ids import MAX_ID
from ingestion.kinds.kinds import KIND_NAMES as INGESTED
from service.cli.terminal.help import Panel
from service.cli.terminal.import_output import print_columns
from service.cli.terminal.output import print_json, print_table
from service.cli.terminal.runtime import ready_runtime

Json = Annotated[bool, typer.Option("--json", help="以 JSON 输出")]
Number = Annotated[int, typer.Argument(help="导入编号", metavar="编号", min=1, max=MAX_ID)]
Count = Annotated[int, typer.Option(help="最多列出多少条", metavar="条数", min=1, max=200)]

KIND_NAMES = INGESTED | {"answers": "盘点答复"}
COUNTS = {
    "rows": "总行数",
    "new": "新增",
    "changed": "更新",
    "unchanged": "未变更",
    "rejected": "退回",
    "waiting": "待决定",
}


def imports_list(
    kind: Annotated[
        str | None, typer.Option(help="只列此类：" + "、".join(KIND_NAMES), metavar="类型")
    ] = None,
    limit: Count = 20,
    as_json: Json = False,
) -> None:
    """列出导入记录，最新的在前。

    示例：
    patentdock imports list --limit 5
    """
    from catalog.imports import imports
    from catalog.kit.paging import PageQuery

    with ready_runtime().database.read() as session:
        rows = imports.page(session, PageQuery(size=limit), kind=kind).rows
        found = [imports.public(row) for row in rows]
    if as_json:
        print_json([row.model_dump(mode="json") for row in found])
        return
    print_table(
        ["编号", "类型", "文件", "时间（UTC）", "状态", *COUNTS.values()],
        [
            [
                row.id,
                KIND_NAMES.get(row.kind, row.kind),
                row.file_name,
                f"{row.created_at:%Y-%m-%d %H:%M}",
                row.status.label,
                *(getattr(row, name) for name in COUNTS),
            ]
            for row in found
        ],
    )


def imports_show(number: Number, limit: Count = 20, as_json: Json = False) -> None:
    """显示一次导入：行数、列的对应关系、提示和退回的行。

    示例：
    patentdock imports show 5
    """
    from catalog.imports import conflicts, imports
    from catalog.imports.imports import RejectedPublic
    from catalog.kit.paging import PageQuery

    with ready_runtime().database.read() as session:
        row = imports.detail(imports.get(session, number), conflicts.undecided(session, number))
        found = imports.rejected(session, number, PageQuery(size=limit)).rows
        rejected = [RejectedPublic.model_validate(entry, from_attributes=True) for entry in found]
    if as_json:
        entries = [entry.model_dump() for entry in rejected]
        print_json(row.model_dump(mode="json") | {"rejected_rows": entries})
        return
    print(f"编号 {row.id}　{KIND_NAMES.get(row.kind, row.kind)}　{row.file_name}")
    print(f"{row.status.label}，{row.created_at:%Y-%m-%d %H:%M}（UTC），{row.actor or '—'}")
    print("，".join(f"{label} {getattr(row, name)}" for name, label in COUNTS.items()))
    print_columns(row.columns, row.source)
    for line in row.message.splitlines():
        print(f"  提示：{line}")
    for entry in rejected:
        place = f"{entry.sheet} 第 {entry.line} 行".strip()
        print(f"  退回：{place} {entry.field}{f'“{entry.value}”' if entry.value else ''}：{entry.reason}")
    if row.rejected > len(rejected):
        print(f"  另有 {row.rejected - len(rejected)} 行被退回，可用 --limit 查看更多")
    if row.undecided:
        print(f"  {row.undecided} 行还待决定，见 patentdock conflicts list --import {row.id}")


def imports_undo(
    number: Number,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只报告会撤销什么、保留什么，不写入")] = False,
    by: Annotated[str, typer.Option(help="操作者姓名，记入导入记录", metavar="姓名")] = "命令行",
    as_json: Json = False,
) -> None:
    """撤销一次导入：删去它新增的记录，恢复它更新的记录；此后又被改动、引用的保留并列出。

    示例：
    patentdock imports undo 5
    """
    from catalog.mending import undo

    with ready_runtime().database.write() as session:
        result = undo.undo(session, number, actor=by, dry_run=dry_run)
    if as_json:
        print_json(result.model_dump(mode="json"))
        return
    print(
        f"{'将' if dry_run else '已'}撤销编号 {number} 的导入（{result.file_name}）："
        f"删去 {result.removed} 条，恢复 {result.restored} 条"
        + (f"，{result.left} 条没有全部撤销" if result.left else "")
        + (f"；随之建立的 {result.kept} 个专利权人或企业已被其他记录使用，予以保留" if result.kept else "")
        + (f"；待决定的 {result.withdrawn} 行不再等待" if result.withdrawn else "")
    )
    for text in result.told:
        print(f"  保留：{text}")


def register(app: typer.Typer, command: type, group: type) -> None:
    """Add these commands to the command line."""
    sub = typer.Typer(cls=group, help="导入记录：列出、查看、撤销", no_args_is_help=True)
    sub.command("list", cls=command)(imports_list)
    sub.command("show", cls=command)(imports_show)
    sub.command("undo", cls=command)(imports_undo)
    app.add_typer(sub, name="imports", rich_help_panel=Panel.DATA)
