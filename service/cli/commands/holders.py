"""Commands on holders (专利权人): list, offer duplicates, merge, take a merge back."""

from __future__ import annotations

from typing import Annotated

import typer

from service.cli.terminal.help import Panel
from service.cli.terminal.output import note, print_json, print_table
from service.cli.terminal.runtime import ready_runtime

Json = Annotated[bool, typer.Option("--json", help="以 JSON 输出")]
Count = Annotated[int, typer.Option(help="最多列出多少条", metavar="条数", min=1, max=200)]


def holders_list(
    name: Annotated[str | None, typer.Option(help="名称中的文字，含已合并的写法", metavar="文字")] = None,
    kind: Annotated[str | None, typer.Option(help="类型，如 高校、企业", metavar="类型")] = None,
    limit: Count = 50,
    as_json: Json = False,
) -> None:
    """列出专利权人，专利多的在前。

    示例：
    patentdock holders list --name 示例
    """
    from catalog.kit.errors import InvalidInput
    from catalog.kit.paging import ListQuery
    from catalog.kit.terms import HolderKind
    from catalog.supply import holders

    try:
        wanted = HolderKind.parse(kind) if kind else None
    except ValueError as error:
        raise InvalidInput(f"--kind：{error}") from error
    with ready_runtime().database.read() as session:
        rows = holders.page(session, ListQuery(size=limit, sort="-patents"), name=name, kind=wanted).rows
        found = holders.publics(session, rows)
    if as_json:
        print_json([row.model_dump(mode="json") for row in found])
        return
    print_table(
        ["编号", "名称", "类型", "专利", "已合并的写法"],
        [[row.id, row.name, row.kind_name, row.patents, "；".join(row.spellings)] for row in found],
    )


def holders_duplicates(limit: Count = 50, as_json: Json = False) -> None:
    """列出疑似同一专利权人的不同写法及理由；是否合并请人工确定。

    示例：
    patentdock holders duplicates
    """
    from catalog.supply import holder_merges
    from catalog.supply.holder_duplicates import find

    with ready_runtime().database.read() as session:
        found = find(holder_merges.spellings(session))
    shown = found[:limit]
    if as_json:
        items = [{"keep": c.keep._asdict(), "other": c.other._asdict(), "reason": c.reason} for c in shown]
        print_json({"total": len(found), "items": items})
        return
    print_table(
        ["保留", "名称", "专利", "合并", "名称", "专利", "理由"],
        [
            [c.keep.id, c.keep.name, c.keep.patents, c.other.id, c.other.name, c.other.patents, c.reason]
            for c in shown
        ],
    )
    note(f"共 {len(found)} 对。确认后运行 patentdock holders merge 保留的编号 被合并的编号...")


def holders_merge(
    keep: Annotated[int, typer.Argument(help="保留的专利权人编号", metavar="保留编号", show_default=False)],
    others: Annotated[
        list[int], typer.Argument(help="并入的专利权人编号", metavar="并入编号...", show_default=False)
    ],
    reason: Annotated[str, typer.Option(help="合并的理由，记入合并记录", metavar="文字")] = "",
    as_json: Json = False,
) -> None:
    """把几个写法并为一个专利权人；以后按原写法导入的专利也归于保留的专利权人。可以撤回。

    示例：
    patentdock holders merge 16 21 --reason 更名
    """
    from catalog.supply import holder_merges

    with ready_runtime().database.write() as session:
        rows = holder_merges.merge(session, keep, others, actor="命令行", reason=reason)
        merges = holder_merges.publics(session, rows)
    if as_json:
        print_json([merge.model_dump(mode="json") for merge in merges])
        return
    for merge in merges:
        print(
            f"“{merge.merged_name}”已并入“{merge.kept_name}”，涉及专利 {merge.patents} 件；"
            f"撤回：patentdock holders unmerge {merge.id}"
        )


def holders_merges(limit: Count = 50, as_json: Json = False) -> None:
    """列出合并记录，最新的在前。

    示例：
    patentdock holders merges
    """
    from catalog.kit.paging import PageQuery
    from catalog.supply import holder_merges

    with ready_runtime().database.read() as session:
        rows = holder_merges.page(session, PageQuery(size=limit)).rows
        merges = holder_merges.publics(session, rows)
    if as_json:
        print_json([merge.model_dump(mode="json") for merge in merges])
        return
    print_table(
        ["编号", "保留", "并入", "专利", "时间（UTC）", "状态", "理由"],
        [
            [
                merge.id,
                merge.kept_name,
                merge.merged_name,
                merge.patents,
                f"{merge.created_at:%Y-%m-%d %H:%M}",
                "已撤回" if merge.undone_at else "有效",
                merge.reason,
            ]
            for merge in merges
        ],
    )


def holders_unmerge(
    number: Annotated[int, typer.Argument(help="合并记录的编号", metavar="编号", show_default=False)],
    as_json: Json = False,
) -> None:
    """撤回一次合并，专利恢复原来的专利权人。

    示例：
    patentdock holders unmerge 3
    """
    from catalog.supply import holder_merges

    with ready_runtime().database.write() as session:
        result = holder_merges.take_back(session, number)
    if as_json:
        print_json(result.model_dump())
        return
    print(f"已撤回编号 {number} 的合并：{result.restored} 件专利恢复原来的专利权人", end="")
    print(f"，{result.left} 件的专利权人此后又有改动，未动" if result.left else "")
    note("合并期间按该写法导入的专利仍在保留的专利权人名下，重新导入即归入原专利权人")


def register(app: typer.Typer, command: type, group: type) -> None:
    """Add these commands to the command line."""
    sub = typer.Typer(cls=group, help="专利权人：列出、查重、合并", no_args_is_help=True)
    sub.command("list", cls=command)(holders_list)
    sub.command("duplicates", cls=command)(holders_duplicates)
    sub.command("merge", cls=command)(holders_merge)
    sub.command("merges", cls=command)(holders_merges)
    sub.command("unmerge", cls=command)(holders_unmerge)
    app.add_typer(sub, name="holders", rich_help_panel=Panel.DATA)
