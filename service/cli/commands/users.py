"""Commands on users and roles: create, list, rights, disable, password, unlock."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable
from typing import Annotated

import typer

from catalog.kit.ids import MAX_ID
from service.cli.terminal.help import Panel
from service.cli.terminal.options import option
from service.cli.terminal.output import print_json, print_table
from service.cli.terminal.runtime import ready_runtime

Json = Annotated[bool, typer.Option("--json", help="以 JSON 输出")]
LoginName = Annotated[str, typer.Argument(help="登录名", metavar="登录名", show_default=False)]
RoleName = Annotated[str | None, option("角色，英文名或中文名，见 patentdock roles", "角色")]
Area = Annotated[str | None, option("市级主管部门所辖地区，名称或代码", "地区")]
HolderId = Annotated[
    int | None,
    typer.Option(help="权利人用户所属的专利权人", metavar="编号", min=1, max=MAX_ID, show_default=False),
]
EnterpriseId = Annotated[
    int | None,
    typer.Option(help="企业用户所属的企业", metavar="编号", min=1, max=MAX_ID, show_default=False),
]


def _password() -> str:
    """The password from the terminal, asked for twice; otherwise the first line of the input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    from catalog.kit.errors import InvalidInput

    first = getpass.getpass("密码（至少 10 个字符，输入时不显示）：")
    if getpass.getpass("再输入一次：") != first:
        raise InvalidInput("两次输入的密码不一致")
    return first


def users_create(
    login: LoginName,
    name: Annotated[str, typer.Option(help="姓名", metavar="姓名", show_default=False)],
    role: RoleName = None,
    area: Area = None,
    holder_id: HolderId = None,
    enterprise_id: EnterpriseId = None,
) -> None:
    """建立用户并授予角色；密码从终端输入，不是终端时取输入的第一行。首名系统管理员也由此建立。

    示例：
    patentdock users create admin --name 张三 --role 系统管理员
    patentdock users create wang.li --name 王力 --role 市级主管部门 --area 武汉市
    """
    from catalog.accounts import users
    from service.cli.terminal.options import checked
    from service.requests.access.users import RightsInput, rights_of

    values = {"role": role, "area": area, "holder_id": holder_id, "enterprise_id": enterprise_id}
    wanted = checked(RightsInput, None, values)
    runtime = ready_runtime()
    password = _password()
    with runtime.database.write() as session:
        row = users.create(session, login, name, password)
        users.grant(session, row, rights_of(session, wanted))
    print(f"已建立用户 {row.login}（{row.role.label if row.role else '尚未授予角色'}）")


def users_rights(
    login: LoginName,
    role: RoleName = None,
    area: Area = None,
    holder_id: HolderId = None,
    enterprise_id: EnterpriseId = None,
) -> None:
    """授予用户角色，替换原有的；不带 --role 即收回角色。

    示例：
    patentdock users rights li.na --role 运营中心
    """
    from catalog.accounts import users
    from service.cli.terminal.options import checked
    from service.requests.access.users import RightsInput, rights_of

    values = {"role": role, "area": area, "holder_id": holder_id, "enterprise_id": enterprise_id}
    wanted = checked(RightsInput, None, values)
    with ready_runtime().database.write() as session:
        row = users.named(session, login)
        users.grant(session, row, rights_of(session, wanted))
    print(f"用户 {row.login}：{row.role.label if row.role else '已收回角色'}")


def users_list(as_json: Json = False) -> None:
    """列出用户、角色与状态。

    示例：
    patentdock users list
    """
    from catalog.accounts import users
    from service.requests.access.users import user_public

    with ready_runtime().database.read() as session:
        shown = [user_public(row) for row in users.listed(session)]
    if as_json:
        print_json([one.model_dump(mode="json") for one in shown])
        return
    print_table(
        ["编号", "登录名", "姓名", "角色", "所属", "状态"],
        [
            [
                one.id,
                one.login,
                one.name,
                one.role_name,
                one.area_name or one.holder_id or one.enterprise_id or "",
                "已停用" if not one.is_active else "已锁定" if one.is_locked else "可用",
            ]
            for one in shown
        ],
    )


def users_disable(login: LoginName) -> None:
    """停用用户：不能再登录，其密钥也不可用。记录保留，可用 users enable 恢复。

    示例：
    patentdock users disable wang.li
    """
    _set_active(login, active=False)
    print(f"用户 {login} 已停用")


def users_enable(login: LoginName) -> None:
    """恢复已停用的用户。

    示例：
    patentdock users enable wang.li
    """
    _set_active(login, active=True)
    print(f"用户 {login} 已恢复")


def _set_active(login: str, *, active: bool) -> None:
    from catalog.accounts import users

    with ready_runtime().database.write() as session:
        users.set_active(session, users.named(session, login), active)


def users_password(login: LoginName) -> None:
    """重置用户的密码，并解除锁定；密码从终端输入，不是终端时取输入的第一行。

    示例：
    patentdock users password wang.li
    """
    from catalog.accounts import users

    runtime = ready_runtime()
    password = _password()
    with runtime.database.write() as session:
        users.set_password(session, users.named(session, login), password)
    print(f"用户 {login} 的密码已重置")


def users_unlock(login: LoginName) -> None:
    """解除因连续输错密码而来的锁定。

    示例：
    patentdock users unlock wang.li
    """
    from catalog.accounts import users

    with ready_runtime().database.write() as session:
        users.unlock(session, users.named(session, login))
    print(f"用户 {login} 已解除锁定")


def roles(as_json: Json = False) -> None:
    """列出角色、可见的记录与权限。

    示例：
    patentdock roles
    """
    from catalog.accounts.permissions import TITLES
    from service.requests.access.roles import rights_table

    table = rights_table()
    if as_json:
        print_json(table.model_dump(mode="json"))
        return
    for one in table.roles:
        print(f"{one.title}（{one.name.value}）：{one.reach}")
        for name in one.permissions:
            print(f"    {name:<20}{TITLES[name]}")


def register(app: typer.Typer, command: type, group: type) -> None:
    """Add these commands to the command line."""
    verbs: dict[str, Callable[..., None]] = {
        "create": users_create,
        "list": users_list,
        "rights": users_rights,
        "disable": users_disable,
        "enable": users_enable,
        "password": users_password,
        "unlock": users_unlock,
    }
    sub = typer.Typer(cls=group, help="用户：建立、授权、停用、重置密码", no_args_is_help=True)
    for verb, function in verbs.items():
        sub.command(verb, cls=command)(function)
    app.add_typer(sub, name="users", rich_help_panel=Panel.RUNNING)
    app.command("roles", cls=command, rich_help_panel=Panel.RUNNING)(roles)
