"""Users as requests name them and as answers show them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from catalog.accounts import users
from catalog.accounts.roles import UserRole
from catalog.accounts.users import Rights, User
from catalog.db import Session
from catalog.demand import enterprises
from catalog.kit.base import Schema, Stamps, id_of, now
from catalog.kit.errors import InvalidInput
from catalog.kit.ids import StrictId
from catalog.reference.lists import region_name
from catalog.supply import holders
from service.requests.access.roles import Role
from service.requests.filters import ClassConditions, codes_of

Login = Annotated[str, Field(min_length=3, max_length=64, description="登录名", examples=["wang.li"])]
Password = Annotated[str, Field(min_length=1, max_length=128, description="密码，至少 10 个字符")]


class UserInput(Schema):
    """A new user, without rights."""

    login: Login
    name: str = Field(min_length=1, max_length=users.MAX_USER_NAME, description="姓名", examples=["王力"])
    password: Password


class UserChange(Schema):
    """The changes of a user; what is left out stays."""

    name: str | None = Field(default=None, min_length=1, max_length=users.MAX_USER_NAME, description="姓名")
    password: Password | None = Field(default=None, description="重置的密码")
    is_active: bool | None = Field(default=None, strict=True, description="是否可用")
    unlock: bool = Field(default=False, strict=True, description="是否解除锁定")


class RightsInput(Schema):
    """The role of a user, and the rows that it needs."""

    role: Role = Field(default=None, description="角色；空为收回角色")
    area: str | None = Field(
        default=None,
        max_length=100,
        description="市级主管部门所辖的地级行政区划，代码或名称",
        examples=["武汉市"],
    )
    holder_id: StrictId | None = Field(default=None, description="权利人用户所属的专利权人")
    enterprise_id: StrictId | None = Field(default=None, description="企业用户所属的企业")


class UserPublic(Stamps):
    """A user as shown; never with the password."""

    id: int = Field(description="用户编号")
    login: str = Field(description="登录名")
    name: str = Field(description="姓名")
    role: UserRole | None = Field(description="角色；空为尚未授予")
    role_name: str = Field(description="角色的中文名")
    area: str | None = Field(description="所辖地级行政区划代码")
    area_name: str | None = Field(description="所辖地区")
    holder_id: int | None = Field(description="所属专利权人")
    enterprise_id: int | None = Field(description="所属企业")
    is_active: bool = Field(description="是否可用")
    is_locked: bool = Field(description="是否因连续输错密码而锁定")
    locked_until: datetime | None = Field(description="锁定到的时间")
    password_changed_at: datetime = Field(description="最近一次设置密码的时间")


def user_public(row: User, at: datetime | None = None) -> UserPublic:
    """A user as shown."""
    copied = ("login", "name", "role", "area", "holder_id", "enterprise_id", "is_active", "locked_until")
    return UserPublic(
        **{name: getattr(row, name) for name in (*copied, "password_changed_at", *Stamps.model_fields)},
        id=id_of(row),
        role_name=row.role.label if row.role else "尚未授予",
        area_name=region_name(row.area),
        is_locked=users.is_locked(row, at or now()),
    )


def rights_of(session: Session, wanted: RightsInput) -> Rights:
    """The rights in codes. Raises InvalidFields for an unknown place, NotFound for an unknown holder or enterprise."""
    if wanted.holder_id is not None:
        holders.get(session, wanted.holder_id)
    if wanted.enterprise_id is not None:
        enterprises.get(session, wanted.enterprise_id)
    return Rights(wanted.role, _area(session, wanted.area), wanted.holder_id, wanted.enterprise_id)


def _area(session: Session, text: str | None) -> str | None:
    if text is None or not text.strip():
        return None
    codes = codes_of(session, ClassConditions(region=[text]))["region"]
    if len(codes) != 1 or codes[0].endswith("0000"):
        raise InvalidInput(f"“{text}”不是一个地级行政区划", hint="请填地级市、州或林区的名称或代码")
    return codes[0]


def change_user(session: Session, row: User, wanted: UserChange) -> None:
    """Changes what is named. Raises InvalidInput, and WrongState for the last administrator."""
    if wanted.name is not None:
        users.rename(session, row, wanted.name)
    if wanted.password is not None:
        users.set_password(session, row, wanted.password)
    if wanted.unlock:
        users.unlock(session, row)
    if wanted.is_active is not None:
        users.set_active(session, row, wanted.is_active)
