"""Commands on what the catalogue keeps: API keys and segments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from service.cli.commands import segments as cli_segments
from service.cli.terminal.help import Panel
from service.cli.terminal.output import note, print_json, print_table
from service.cli.terminal.runtime import ready_runtime

Json = Annotated[bool, typer.Option("--json", help="以 JSON 输出")]
KeyName = Annotated[str, typer.Argument(help="密钥名称，如调用方平台的名称", metavar="名称")]


def keys_create(name: KeyName) -> None:
    """生成接口密钥；密钥只显示这一次。

    示例：
    patentdock keys create 省平台
    """
    from catalog.accounts import keys as access_keys

    with ready_runtime().database.write() as session:
        key = access_keys.create(session, name)
    note("请立即保存，密钥不会再次显示：")
    print(key)


def keys_list(as_json: Json = False) -> None:
    """列出接口密钥的名称与状态。

    示例：
    patentdock keys list
    """
    from catalog.accounts import keys as access_keys

    with ready_runtime().database.read() as session:
        rows = [
            {"id": key.id, "name": key.name, "created_at": key.created_at, "revoked_at": key.revoked_at}
            for key in access_keys.keys(session)
        ]
    if as_json:
        print_json(rows)
        return
    print_table(
        ["编号", "名称", "创建时间（UTC）", "状态"],
        [
            [r["id"], r["name"], f"{r['created_at']:%Y-%m-%d %H:%M}", "已吊销" if r["revoked_at"] else "有效"]
            for r in rows
        ],
    )


def keys_revoke(name: KeyName) -> None:
    """吊销接口密钥；立即生效。

    示例：
    patentdock keys revoke 省平台
    """
    from catalog.accounts import keys as access_keys

    with ready_runtime().database.write() as session:
        access_keys.revoke(session, name)
    print(f"密钥“{name}”已吊销")


def segments_list(
    version: Annotated[str | None, typer.Option(help="目录版本；缺省为正在使用的版本")] = None,
    as_json: Json = False,
) -> None:
    """列出产业目录中的细分领域。

    示例：
    patentdock segments list
    """
    from catalog.segments import segments

    with ready_runtime().database.read() as session:
        catalogue = segments.public(session, segments.catalogue(session, version))
    if as_json:
        print_json(catalogue.model_dump(mode="json"))
        return
    print(f"{catalogue.title} {catalogue.version}（{catalogue.status_name}）")
    print_table(["代码", "细分领域", "类别"], [[s.code, s.name, s.group_name] for s in catalogue.segments])


def register(app: typer.Typer, command: type, group: type) -> None:
    """Add these commands to the command line."""
    groups: dict[str, tuple[Panel, str, dict[str, Callable[..., None]]]] = {
        "keys": (
            Panel.RUNNING,
            "接口密钥：生成、列出、吊销",
            {"create": keys_create, "list": keys_list, "revoke": keys_revoke},
        ),
        "segments": (
            Panel.DATA,
            "产业目录：列出、导入、导出、比较、启用",
            {"list": segments_list, **cli_segments.COMMANDS},
        ),
    }
    for name, (panel, text, commands) in groups.items():
        sub = typer.Typer(cls=group, help=text, no_args_is_help=True)
        for verb, function in commands.items():
            sub.command(verb, cls=command)(function)
        app.add_typer(sub, name=name, rich_help_panel=panel)
