"""Users (用户): accounts are made by one power, rights granted by another."""

from typing import Annotated

from fastapi import APIRouter, Query, status
from pydantic import Field

from catalog.accounts import permissions, users
from catalog.accounts.users import User
from catalog.kit.paging import Page, PageQuery
from service.requests.access import roles
from service.requests.access import users as user_requests
from service.requests.access.roles import RightsTable
from service.requests.access.users import RightsInput, UserChange, UserInput, UserPublic
from service.web.dependencies import Reading, RecordId, ViewerDep, Writing
from service.web.errors import responses
from service.web.rights import may
from service.web.versions import Tagged, Versioned, created, read, unchanged, written

router = APIRouter(tags=["accounts"])
_MANAGED = may(permissions.USERS_READ, permissions.USERS_MANAGE)


class UserQuery(PageQuery):
    """The requested page of users."""

    sort: str | None = Field(default=None, description="排序字段：id、login；前加 - 为降序")


@router.get(
    "/roles", summary="角色与权限", operation_id="get_roles", dependencies=[may(permissions.ROLES_READ)]
)
def get_roles() -> RightsTable:
    """全部角色、各自的权限与可见的记录。"""
    return roles.rights_table()


@router.get(
    "/users", summary="用户列表", operation_id="list_users", responses=responses(422), dependencies=[_MANAGED]
)
def list_users(session: Reading, wanted: Annotated[UserQuery, Query()]) -> Page[UserPublic]:
    """全部用户，含已停用的。"""
    found = users.page(session, wanted)
    items = [user_requests.user_public(row) for row in found.rows]
    return Page(total=found.total, page=wanted.page, size=wanted.size, items=items)


@router.get(
    "/users/{id:int}",
    summary="一名用户",
    operation_id="get_user",
    responses=read(404, 422),
    dependencies=[_MANAGED],
)
def get_user(session: Reading, version: Versioned, id: RecordId) -> UserPublic:
    """返回一名用户。"""
    row = users.get(session, id)
    return version.of(row, user_requests.user_public(row))


@router.post(
    "/users",
    summary="建立用户",
    operation_id="create_user",
    status_code=status.HTTP_201_CREATED,
    responses=created(400, 409, 413, 422),
    dependencies=[_MANAGED],
)
def create_user(session: Writing, tagged: Tagged, data: UserInput) -> UserPublic:
    """建立一名用户；角色由安全管理员另行授予，授予前没有任何权限。"""
    row = users.create(session, data.login, data.name, data.password)
    return tagged.at(f"/users/{row.id}", row, user_requests.user_public(row))


@router.patch(
    "/users/{id:int}",
    summary="改动用户",
    operation_id="change_user",
    responses=written(400, 404, 409, 413, 422),
    dependencies=[_MANAGED, unchanged(User)],
)
def change_user(session: Writing, tagged: Tagged, id: RecordId, data: UserChange) -> UserPublic:
    """改姓名、重置密码、停用或恢复、解除锁定；没有提交的不变。最后一名系统管理员不能停用。"""
    row = users.get(session, id)
    user_requests.change_user(session, row, data)
    return tagged.of(row, user_requests.user_public(row))


@router.put(
    "/users/{id:int}/rights",
    summary="授予用户角色",
    operation_id="put_user_rights",
    responses=written(400, 404, 409, 413, 422),
    dependencies=[may(permissions.RIGHTS_ASSIGN), unchanged(User)],
)
def put_user_rights(
    session: Writing, viewer: ViewerDep, tagged: Tagged, id: RecordId, data: RightsInput
) -> UserPublic:
    """以提交的角色替换现有的；市级主管部门须注明所辖地区，权利人、企业须注明所属单位。不能授予自己。"""
    roles.refuse_own(viewer, user_id=id)
    row = users.get(session, id)
    users.grant(session, row, user_requests.rights_of(session, data))
    return tagged.of(row, user_requests.user_public(row))
