"""Roles and permissions as answers show them."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from catalog.accounts import permissions, roles
from catalog.accounts.roles import UserRole
from catalog.accounts.viewers import Viewer
from catalog.kit.errors import Forbidden, InvalidInput
from service.requests.types import either, term

Role = Annotated[UserRole | None, term(UserRole), either(UserRole)]


class PermissionPublic(BaseModel):
    """A permission and the roles that have it."""

    name: str = Field(description="权限名")
    title: str = Field(description="说明")
    roles: list[UserRole] = Field(description="有此权限的角色")


class RolePublic(BaseModel):
    """A role and its permissions."""

    name: UserRole = Field(description="角色名")
    title: str = Field(description="角色的中文名")
    reach: str = Field(description="可见的记录")
    permissions: list[str] = Field(description="权限名")


class RightsTable(BaseModel):
    """All roles and permissions."""

    roles: list[RolePublic] = Field(description="角色")
    permissions: list[PermissionPublic] = Field(description="权限")


REACH_NAMES = {
    roles.Reach.ALL: "全部记录",
    roles.Reach.AREA: "所辖地区的企业、需求及其交易",
    roles.Reach.HOLDER: "本单位的专利及其声明、交易，公开的需求",
    roles.Reach.ENTERPRISE: "本企业的信息、需求与交易，已公告的声明",
    roles.Reach.NOTHING: "不涉及业务记录",
}


def rights_table() -> RightsTable:
    """The declared roles and permissions."""
    return RightsTable(
        roles=[
            RolePublic(
                name=role,
                title=role.label,
                reach=REACH_NAMES[role.reach],
                permissions=[name for name in permissions.TITLES if name in role.permissions],
            )
            for role in UserRole
        ],
        permissions=[
            PermissionPublic(name=permission.name, title=permission.title, roles=held)
            for permission, held in roles.rights_table()
        ],
    )


def role_named(text: str) -> UserRole:
    """The role of this name, English or Chinese. Raises InvalidInput."""
    try:
        return UserRole.parse(text)
    except ValueError as error:
        raise InvalidInput(str(error)) from error


def refuse_own(viewer: Viewer, *, user_id: int | None, key_id: int | None = None) -> None:
    """Raises Forbidden for who would grant rights to itself."""
    is_own_user = user_id is not None and user_id == viewer.user_id
    is_own_key = key_id is not None and key_id == viewer.key_id
    if is_own_user or is_own_key:
        raise Forbidden("不能给自己授予权限", hint="请由另一名安全管理员办理")
