"""Keys as requests name them and as answers show them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import AwareDatetime, Field

from catalog.accounts import keys as access_keys
from catalog.accounts import permissions, users
from catalog.accounts.keys import MOST_NETWORKS, ApiKey, KeyTerms
from catalog.accounts.roles import UserRole
from catalog.db import Session
from catalog.kit.base import Schema, Stamps, id_of, now
from catalog.kit.errors import InvalidInput
from catalog.kit.ids import StrictId
from service.requests.access.roles import Role

Networks = Annotated[
    list[Annotated[str, Field(max_length=50)]],
    Field(
        max_length=MOST_NETWORKS,
        description="可用此密钥的来源地址或网段；空为不限",
        examples=[["10.1.0.0/16"]],
    ),
]
Scopes = Annotated[
    list[Annotated[str, Field(max_length=32)]] | None,
    Field(description="权限范围；空为角色的全部权限", examples=[["matches.ask", "patents.read"]]),
]


class KeyInput(Schema):
    """A new key, without rights."""

    name: str = Field(
        min_length=1, max_length=access_keys.MAX_NAME, description="密钥名称", examples=["省平台"]
    )
    owner_id: StrictId | None = Field(default=None, description="所属用户；空为不属于某一用户")
    networks: Networks = Field(default_factory=list)
    expires_at: AwareDatetime | None = Field(default=None, description="到期时间；空为不到期")


class KeyLimits(Schema):
    """Where a key may be used from, and until when."""

    networks: Networks = Field(default_factory=list)
    expires_at: AwareDatetime | None = Field(default=None, description="到期时间；空为不到期")


class KeyRights(Schema):
    """The role of a key, and the permissions that it is narrowed to."""

    role: Role = Field(default=None, description="角色；空为收回全部权限")
    scopes: Scopes = None


class KeyRotation(Schema):
    """The time for which the secret before stays valid."""

    keep_hours: int = Field(
        default=24 * 7, ge=0, le=24 * 90, strict=True, description="原密钥继续可用的小时数"
    )


class KeyPublic(Stamps):
    """A key as shown; never with its secret."""

    id: int = Field(description="密钥编号")
    name: str = Field(description="密钥名称")
    role: UserRole | None = Field(description="角色；空为尚未授予")
    role_name: str = Field(description="角色的中文名")
    scopes: list[str] = Field(description="现有的权限")
    owner_id: int | None = Field(description="所属用户")
    networks: list[str] = Field(description="来源网段；空为不限")
    expires_at: datetime | None = Field(description="到期时间")
    former_until: datetime | None = Field(description="更换前的密钥可用到的时间")
    last_used_on: date | None = Field(description="最近一次使用的日期")
    revoked_at: datetime | None = Field(description="吊销时间")
    status: str = Field(description="状态：valid、expired、revoked")
    status_name: str = Field(description="状态的中文名")
    should_narrow: bool = Field(description="有接口平台的全部权限，应按需要收窄")


class KeySecret(KeyPublic):
    """A key with its secret, which is shown this once."""

    key: str = Field(description="密钥，只显示这一次")


def key_public(row: ApiKey) -> KeyPublic:
    """A key as shown."""
    status, title = _status(row)
    held = row.role.permissions if row.role else frozenset()
    copied = (
        "name",
        "role",
        "owner_id",
        "networks",
        "expires_at",
        "former_until",
        "last_used_on",
        "revoked_at",
    )
    return KeyPublic(
        **{name: getattr(row, name) for name in (*copied, *Stamps.model_fields)},
        id=id_of(row),
        role_name=row.role.label if row.role else "尚未授予",
        scopes=[
            name for name in permissions.TITLES if name in held and (row.scopes is None or name in row.scopes)
        ],
        status=status,
        status_name=title,
        should_narrow=access_keys.is_wide(row, now()),
    )


def _status(row: ApiKey) -> tuple[str, str]:
    if row.revoked_at is not None:
        return "revoked", "已吊销"
    return ("valid", "有效") if access_keys.is_valid(row, now()) else ("expired", "已到期")


def key_secret(row: ApiKey, key: str) -> KeySecret:
    """A key as shown once, with its secret."""
    return KeySecret(**key_public(row).model_dump(), key=key)


def terms_of(session: Session, wanted: KeyInput) -> KeyTerms:
    """The terms of a key that has no rights yet. Raises NotFound for an unknown user."""
    owner = users.get(session, wanted.owner_id) if wanted.owner_id is not None else None
    return KeyTerms(owner, None, None, wanted.networks, wanted.expires_at)


def end_of(text: str | None) -> datetime | None:
    """The moment at which a key expires, of a day: the end of it in Beijing. Raises InvalidInput."""
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(f"到期日“{text[:20]}”不能识别", hint="应为日期，如 2027-12-31") from error
    return datetime(day.year, day.month, day.day, 16, tzinfo=UTC)


def scopes_given(values: Sequence[str]) -> list[str] | None:
    """The scopes named on a command line, several in one value too; None where none is named."""
    found = [part.strip() for value in values for part in value.replace("，", ",").split(",") if part.strip()]
    return found or None
