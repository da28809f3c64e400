"""Commands on what the catalogue keeps: API keys and segments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from service.cli.commands import segments as cli_segments
from service.cli.terminal.help import Panel
from service.cli.terminal.options import option
from service.cli.terminal.output import note, print_json, print_table
from service.cli.terminal.runtime import ready_runtime

Json = Annotated[bool, typer.Option("--json", help="以 JSON 输出")]
KeyName = Annotated[str, typer.Argument(help="密钥名称，如调用方平台的名称", metavar="名称")]


def keys_create(
    name: KeyName,
    role: Annotated[str, typer.Option(help="角色，见 patentdock roles", metavar="角色")] = "platform",
    scope: Annotated[
        list[str] | None,
        typer.Option(help="权限，可多次；缺省为角色的全部权限", metavar="权限", show_default=False),
    ] = None,
    expires: Annotated[str | None, option("到期日，当日仍可用", "日期")] = None,
    network: Annotated[
        list[str] | None,
        typer.Option(help="可用的来源地址或网段，可多次；缺省不限", metavar="网段", show_default=False),
    ] = None,
    owner: Annotated[str | None, option("所属用户；密钥只能有该用户的角色", "登录名")] = None,
) -> None:
    """生成接口密钥；密钥只显示这一次。

    示例：
    patentdock keys create 省平台 --scope matches.ask --scope patents.read
    """
    from catalog.accounts import keys as access_keys
    from catalog.accounts import users
    from catalog.accounts.keys import KeyTerms
    from service.requests.access import keys as key_requests
    from service.requests.access import roles

    scopes, expires_at = key_requests.scopes_given(scope or ()), key_requests.end_of(expires)
    with ready_runtime().database.write() as session:
        belongs = users.named(session, owner) if owner else None
        terms = KeyTerms(belongs, roles.role_named(role), scopes, network or (), expires_at)
        key = access_keys.create(session, name, terms)
    if scopes is None:
        note(f"此密钥有角色的全部权限；可用 --scope 收窄，或 patentdock keys rights {name}")
    note("请立即保存，密钥不会再次显示：")
    print(key)


def keys_rights(
    name: KeyName,
    role: Annotated[str, typer.Option(help="角色，见 patentdock roles", metavar="角色")] = "platform",
    scope: Annotated[
        list[str] | None,
        typer.Option(help="权限，可多次；缺省为角色的全部权限", metavar="权限", show_default=False),
    ] = None,
) -> None:
    """替换接口密钥的角色与权限；立即生效。

    示例：
    patentdock keys rights 省平台 --scope matches.ask --scope patents.read
    """
    from catalog.accounts import keys as access_keys
    from service.requests.access import keys as key_requests
    from service.requests.access import roles

    with ready_runtime().database.write() as session:
        row = access_keys.named(session, name)
        access_keys.grant(session, row, roles.role_named(role), key_requests.scopes_given(scope or ()))
    print(f"密钥“{name}”的权限已更新")


def keys_rotate(
    name: KeyName,
    keep: Annotated[int, typer.Option(help="原密钥继续可用的天数", metavar="天数", min=0, max=90)] = 7,
) -> None:
    """更换接口密钥：换发新的，原密钥在此后几天内仍可用。

    示例：
    patentdock keys rotate 省平台 --keep 3
    """
    from datetime import timedelta

    from catalog.accounts import keys as access_keys

    with ready_runtime().database.write() as session:
        key = access_keys.rotate(session, access_keys.named(session, name), timedelta(days=keep))
    note(f"原密钥 {keep} 天内仍可用。请立即保存，新密钥不会再次显示：")
    print(key)


def keys_list(as_json: Json = False) -> None:
    """列出接口密钥的名称、角色、权限与状态。

    示例：
    patentdock keys list
    """
    from catalog.accounts import keys as access_keys
    from service.requests.access import keys as key_requests

    with ready_runtime().database.read() as session:
        shown = [key_requests.key_public(row) for row in access_keys.keys(session)]
    if as_json:
        print_json([one.model_dump(mode="json") for one in shown])
        return
    print_table(
        ["编号", "名称", "角色", "权限", "到期", "最近使用", "状态"],
        [
            [
                one.id,
                one.name,
                one.role_name,
                "全部，应收窄" if one.should_narrow else f"{len(one.scopes)} 项",
                f"{one.expires_at:%Y-%m-%d}" if one.expires_at else "",
                one.last_used_on or "",
                one.status_name,
            ]
            for one in shown
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
            "接口密钥：生成、授权、更换、列出、吊销",
            {
                "create": keys_create,
                "list": keys_list,
                "rights": keys_rights,
                "rotate": keys_rotate,
                "revoke": keys_revoke,
            },
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
