"""The command that lists changes of records (变更)."""

from __future__ import annotations

from typing import Annotated

import typer

from service.cli.terminal.help import Panel
from service.cli.terminal.options import checked, option
from service.cli.terminal.output import note, print_json, print_table
from service.cli.terminal.runtime import ready_runtime

Json = Annotated[bool, typer.Option("--json", help="以一个 JSON 对象输出，与接口同形")]


def changes(
    after: Annotated[str | None, option("上一次输出的续读位置；不填从头列出", "位置")] = None,
    since: Annotated[str | None, option("从此日期或时间起，如 2026-01-31", "时间")] = None,
    kind: Annotated[list[str] | None, option("只列此类，如 needs，可重复", "种类")] = None,
    limit: Annotated[int, typer.Option(help="最多列出多少条", metavar="条数", min=1, max=1000)] = 50,
    as_json: Json = False,
) -> None:
    """按先后次序列出记录的新增、改动、删除和恢复，可从上次的位置续读。

    示例：
    patentdock changes --since 2026-01-31 --kind needs
    """
    from catalog.kit.days import BEIJING
    from service.requests.changes import ChangeConditions, changes_of

    values = {"after": after, "since": since, "kind": kind or [], "size": limit}
    wanted = checked(ChangeConditions, {"size": "--limit"}, values)
    with ready_runtime().database.read() as session:
        found = changes_of(session, wanted)
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    print_table(
        ["种类", "编号", "变更", "时间（北京）"],
        [
            [
                one.kind_name,
                one.record_id,
                one.operation_name,
                f"{one.at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}",
            ]
            for one in found.items
        ],
    )
    note(f"{'还有更多变更，' if found.more else ''}续读：patentdock changes --after {found.next}")


def register(app: typer.Typer, command: type, group: type) -> None:
    """Add these commands to the command line."""
    app.command("changes", cls=command, rich_help_panel=Panel.DATA)(changes)
