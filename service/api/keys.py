"""API keys (接口密钥): made by one power, given rights by another; the secret is shown once."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, status
from pydantic import Field

from catalog.accounts import keys as access_keys
from catalog.accounts import permissions
from catalog.accounts.keys import ApiKey
from catalog.kit.paging import Page, PageQuery
from service.requests.access import keys as key_requests
from service.requests.access import roles
from service.requests.access.keys import KeyInput, KeyLimits, KeyPublic, KeyRights, KeyRotation, KeySecret
from service.web.dependencies import Reading, RecordId, ViewerDep, Writing
from service.web.errors import responses
from service.web.rights import may
from service.web.versions import Tagged, Versioned, created, read, unchanged, written

router = APIRouter(prefix="/keys", tags=["accounts"])
_MANAGED = may(permissions.KEYS_READ, permissions.KEYS_MANAGE)


class KeyQuery(PageQuery):
    """The requested page of keys."""

    sort: str | None = Field(default=None, description="排序字段：id、name；前加 - 为降序")


@router.get(
    "", summary="接口密钥列表", operation_id="list_keys", responses=responses(422), dependencies=[_MANAGED]
)
def list_keys(session: Reading, wanted: Annotated[KeyQuery, Query()]) -> Page[KeyPublic]:
    """全部密钥的名称、权限与状态；密钥本身不再显示。"""
    found = access_keys.page(session, wanted)
    items = [key_requests.key_public(row) for row in found.rows]
    return Page(total=found.total, page=wanted.page, size=wanted.size, items=items)


@router.get(
    "/{id:int}",
    summary="一个接口密钥",
    operation_id="get_key",
    responses=read(404, 422),
    dependencies=[_MANAGED],
)
def get_key(session: Reading, version: Versioned, id: RecordId) -> KeyPublic:
    """返回一个密钥的名称、权限与状态。"""
    row = access_keys.get(session, id)
    return version.of(row, key_requests.key_public(row))


@router.post(
    "",
    summary="生成接口密钥",
    operation_id="create_key",
    status_code=status.HTTP_201_CREATED,
    responses=created(400, 404, 409, 413, 422),
    dependencies=[_MANAGED],
)
def create_key(session: Writing, tagged: Tagged, data: KeyInput) -> KeySecret:
    """生成一个密钥，`key` 只显示这一次；角色由安全管理员另行授予，授予前没有任何权限。"""
    row, key = access_keys.issue(session, data.name, key_requests.terms_of(session, data))
    return tagged.at(f"/keys/{row.id}", row, key_requests.key_secret(row, key), KeyPublic)


@router.patch(
    "/{id:int}",
    summary="限制接口密钥",
    operation_id="limit_key",
    responses=written(400, 404, 413, 422),
    dependencies=[_MANAGED, unchanged(ApiKey)],
)
def limit_key(session: Writing, tagged: Tagged, id: RecordId, data: KeyLimits) -> KeyPublic:
    """以提交的来源网段与到期时间替换现有的。"""
    row = access_keys.get(session, id)
    access_keys.limit(row, data.networks, data.expires_at)
    return tagged.of(row, key_requests.key_public(row))


@router.post(
    "/{id:int}/rotate",
    summary="更换接口密钥",
    operation_id="rotate_key",
    responses=written(400, 404, 409, 413, 422),
    dependencies=[_MANAGED, unchanged(ApiKey)],
)
def rotate_key(session: Writing, tagged: Tagged, id: RecordId, data: KeyRotation) -> KeySecret:
    """换发新的密钥，只显示这一次；原密钥在 `keep_hours` 小时内继续可用，便于调用方切换。"""
    row = access_keys.get(session, id)
    key = access_keys.rotate(session, row, timedelta(hours=data.keep_hours))
    return tagged.of(row, key_requests.key_secret(row, key), KeyPublic)


@router.post(
    "/{id:int}/revoke",
    summary="吊销接口密钥",
    operation_id="revoke_key",
    responses=written(404, 422),
    dependencies=[_MANAGED, unchanged(ApiKey)],
)
def revoke_key(session: Writing, tagged: Tagged, id: RecordId) -> KeyPublic:
    """吊销一个密钥，立即生效，不可恢复。"""
    row = access_keys.get(session, id)
    access_keys.revoke(session, row.name)
    return tagged.of(row, key_requests.key_public(row))


@router.put(
    "/{id:int}/rights",
    summary="授予密钥权限",
    operation_id="put_key_rights",
    responses=written(400, 404, 413, 422),
    dependencies=[may(permissions.RIGHTS_ASSIGN), unchanged(ApiKey)],
)
def put_key_rights(
    session: Writing, viewer: ViewerDep, tagged: Tagged, id: RecordId, data: KeyRights
) -> KeyPublic:
    """以提交的角色与权限范围替换现有的；属于用户的密钥只能有该用户的角色。不能授予自己。"""
    row = access_keys.get(session, id)
    roles.refuse_own(viewer, user_id=row.owner_id, key_id=id)
    access_keys.grant(session, row, data.role, data.scopes)
    return tagged.of(row, key_requests.key_public(row))
