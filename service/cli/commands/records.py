"""Commands on records of all kinds: delete, list what was deleted, restore, merge."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from catalog.kit.ids import MAX_ID
from ingestion.kinds.kinds import KIND_NAMES
from service.cli.terminal.help import Panel
from service.cli.terminal.options import checked, option
from service.cli.terminal.output import note, print_json, print_table
from service.cli.terminal.runtime import ready_runtime

ACTOR = "命令行"
_KINDS = "、".join(KIND_NAMES)

Json = Annotated[bool, typer.Option("--json", help="以 JSON 输出")]
Kind = Annotated[str, typer.Argument(help=f"记录种类：{_KINDS}", metavar="种类", show_default=False)]
Reason = Annotated[str, typer.Option(help="理由，记入删除记录", metavar="理由", show_default=False)]
By = Annotated[str, typer.Option(help="操作者姓名，记入删除记录", metavar="姓名")]


def records_delete(
    kind: Kind,
    ids: Annotated[
        list[int],
        typer.Argument(help="记录编号，可多个", metavar="编号...", min=1, max=MAX_ID, show_default=False),
    ],
    reason: Reason,
    cascade: Annotated[bool, typer.Option("--cascade", help="一并删除引用它的记录")] = False,
    by: By = ACTOR,
    as_json: Json = False,
) -> int:
    """删除记录，可以恢复；有其他记录引用的默认不删。

    示例：
    patentdock records delete needs 12 --reason 企业已撤回
    """
    from catalog.mending import removal
    from catalog.mending.tombstones import Why
    from catalog.registers.registers import register_named
    from service.requests.deletions import DeletionReport, DeletionRequest

    values = {"kind": kind, "ids": ids, "reason": reason, "cascade": cascade}
    wanted = checked(DeletionRequest, {"kind": "种类", "ids": "编号"}, values)
    with ready_runtime().database.write() as session:
        register, why = register_named(wanted.kind), Why(by, wanted.reason)
        results = removal.delete_all(session, register, wanted.ids, why, cascade=cascade)
    report = DeletionReport.of(results)
    if as_json:
        print_json(report.model_dump(mode="json"))
        return 1 if report.refused else 0
    for one in results:
        if one.deletion:
            print(f"已删除{one.deletion.name}；恢复：patentdock records restore {one.deletion.id}")
        else:
            print(f"未删除编号 {one.record_id}：{one.problem}" + (f"（{one.hint}）" if one.hint else ""))
    return 1 if report.refused else 0


def records_merge(
    kind: Kind,
    keep: Annotated[int, typer.Argument(help="保留的记录", metavar="保留编号", min=1, max=MAX_ID)],
    other: Annotated[int, typer.Argument(help="并入的记录", metavar="并入编号", min=1, max=MAX_ID)],
    reason: Reason,
    by: By = ACTOR,
    as_json: Json = False,
) -> None:
    """把重复的记录并入保留的记录：引用随之转移，空缺的字段补齐，不同的内容列出。可以撤销。

    示例：
    patentdock records merge enterprises 5 9 --reason 同一家企业
    """
    from catalog.mending import merging
    from catalog.mending.tombstones import Why
    from catalog.registers.registers import register_named
    from service.requests.deletions import MergeRequest

    wanted = checked(MergeRequest, {"other_id": "并入编号"}, {"other_id": other, "reason": reason})
    with ready_runtime().database.write() as session:
        why = Why(by, wanted.reason)
        result = merging.merge(session, register_named(kind), keep, wanted.other_id, why)
    if as_json:
        print_json(result.model_dump(mode="json"))
        return
    print(f"已将{result.deletion.name}并入编号 {keep} 的记录，转移引用 {result.moved} 条", end="")
    print(f"；撤销：patentdock records restore {result.deletion.id}")
    if result.filled:
        print(f"补齐：{'、'.join(result.filled)}")
    for name in result.dropped:
        print(f"重复，随之删除：{name}")
    if result.differing:
        rows = [[one.label, one.kept, one.merged] for one in result.differing]
        print_table(["不同的内容", "保留", "未采用"], rows)


def records_deleted(
    kind: Annotated[str | None, option(f"只列此类：{_KINDS}", "种类")] = None,
    restored: Annotated[bool, typer.Option("--restored", help="也列出已恢复的")] = False,
    limit: Annotated[int, typer.Option(help="最多列出多少条", metavar="条数", min=1, max=200)] = 50,
    out: Annotated[Path | None, option("全部写入此 Excel 文件", "文件.xlsx")] = None,
    as_json: Json = False,
) -> None:
    """列出删除和合并的记录，最新的在前。

    示例：
    patentdock records deleted
    """
    from catalog.kit.days import BEIJING
    from catalog.kit.paging import PageQuery
    from catalog.mending import tombstones
    from service.requests.deletions import DeletionConditions

    wanted = checked(DeletionConditions, None, {"kind": kind, "restored": restored})
    with ready_runtime().database.read() as session:
        found = tombstones.page(session, PageQuery(size=limit), wanted.where)
        rows = [tombstones.public(row) for row in found.rows]
        if out is not None:
            _write(session, wanted, out)
    if as_json:
        print_json({"total": found.total, "items": [row.model_dump(mode="json") for row in rows]})
        return
    print_table(
        ["编号", "种类", "记录", "名称", "方式", "理由", "操作者", "时间（北京）"],
        [
            [
                row.id,
                row.kind_name,
                row.record_id,
                row.name,
                f"并入 {row.merged_into}" if row.merged_into else "删除",
                row.reason,
                row.actor,
                f"{row.deleted_at.astimezone(BEIJING):%Y-%m-%d %H:%M}"
                + ("，已恢复" if row.restored_at else ""),
            ]
            for row in rows
        ],
    )
    note(f"共 {found.total} 条")


def _write(session: Any, wanted: Any, out: Path) -> None:
    from catalog.kit.paging import PageQuery
    from catalog.mending import tombstones
    from service.requests.filters import described
    from service.sheets import lists as list_sheets

    ids = tombstones.listed(session, PageQuery(), wanted.where, at_most=list_sheets.MOST_EXPORTED)
    count = list_sheets.write(out, list_sheets.deletions_list(session, ids, described(wanted)))
    note(f"已写入 {out}：{count} 条")


def records_restore(
    number: Annotated[
        int, typer.Argument(help="删除记录的编号", metavar="编号", min=1, max=MAX_ID, show_default=False)
    ],
    by: By = ACTOR,
    as_json: Json = False,
) -> None:
    """恢复删除的记录，连同当时一并删除的；被合并的同时撤销合并。

    示例：
    patentdock records restore 3
    """
    from catalog.mending import restoring

    with ready_runtime().database.write() as session:
        result = restoring.restore(session, number, actor=by)
    if as_json:
        print_json(result.model_dump(mode="json"))
        return
    print(f"已恢复{result.deletion.name}，共 {result.restored} 条记录")
    for text in result.notes:
        print(f"提示：{text}")


def register(app: typer.Typer, command: type, group: type) -> None:
    """Add these commands to the command line."""
    sub = typer.Typer(cls=group, help="记录：删除、恢复、合并", no_args_is_help=True)
    sub.command("delete", cls=command)(records_delete)
    sub.command("merge", cls=command)(records_merge)
    sub.command("deleted", cls=command)(records_deleted)
    sub.command("restore", cls=command)(records_restore)
    app.add_typer(sub, name="records", rich_help_panel=Panel.DATA)
