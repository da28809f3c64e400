"""API keys (接口密钥) of the programs that call the service; stored hashed.

A key is `pd_<id>_<secret>`; the secret has 256 random bits, so one SHA-256 is enough and a request is not slowed
by a password hash (those defend short secrets that people choose).

A key that belongs to a user has the user's role and rows, and works as long as the user does. Other keys have a role that
reaches all rows, narrowed by their scopes (权限范围).
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from ipaddress import ip_address, ip_network

from sqlalchemy import JSON, select
from sqlmodel import Field, Session, col

from catalog.accounts import permissions, users
from catalog.accounts.roles import Reach, UserRole
from catalog.accounts.users import User
from catalog.accounts.viewers import Viewer
from catalog.kit.base import Timestamps, UtcDateTime, apply_changes, enum_type, now
from catalog.kit.errors import InvalidInput, NotFound, RecordExists, WrongState
from catalog.kit.paging import PageQuery, Rows, Sorts, paginate

MAX_NAME = 100
MOST_NETWORKS = 50
KEPT_AFTER_ROTATION = timedelta(days=7)


class ApiKey(Timestamps, table=True):
    """An API key: its name, the SHA-256 of its secret, and what it may do.

    Without `role` it may do nothing yet; without `scopes` all that its role may do.
    """

    __tablename__ = "api_keys"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=MAX_NAME, unique=True)
    secret_hash: str = Field(max_length=64)
    former_hash: str | None = Field(default=None, max_length=64)
    former_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    owner_id: int | None = Field(default=None, foreign_key="users.id", index=True)
    role: UserRole | None = Field(default=None, sa_type=enum_type(UserRole))
    scopes: list[str] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    networks: list[str] = Field(default_factory=list, sa_type=JSON, sa_column_kwargs={"server_default": "[]"})
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_used_on: date | None = None
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


@dataclass(frozen=True, slots=True)
class KeyTerms:
    """The terms on which a key is issued."""

    owner: User | None = None
    role: UserRole | None = UserRole.PLATFORM
    scopes: Sequence[str] | None = None
    networks: Sequence[str] = ()
    expires_at: datetime | None = None


EVERYWHERE = KeyTerms()
"""The terms of a platform that may do all that platforms may."""


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def create(session: Session, name: str, terms: KeyTerms = EVERYWHERE) -> str:
    """Create a key and answer it; it cannot be shown again. Raises InvalidInput for unusable terms, RecordExists for a taken name."""
    return issue(session, name, terms)[1]


def issue(session: Session, name: str, terms: KeyTerms) -> tuple[ApiKey, str]:
    """The row of a new key, and the key itself, which cannot be shown again. Raises InvalidInput and RecordExists."""
    name = name.strip()
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable():
        raise InvalidInput(f"密钥的名称应为 1 至 {MAX_NAME} 个可见字符", hint="例如调用方平台的名称")
    if known := find(session, name):
        raise RecordExists(
            f"接口密钥“{name}”已存在", hint="请换一个名称，或先吊销原密钥", existing_id=known.id
        )
    secret = secrets.token_urlsafe(32)
    row = ApiKey(name=name, secret_hash=_hash(secret), owner_id=terms.owner.id if terms.owner else None)
    grant(session, row, terms.role, terms.scopes)
    limit(row, terms.networks, terms.expires_at)
    session.add(row)
    session.flush()
    return row, f"pd_{row.id}_{secret}"


def grant(session: Session, row: ApiKey, role: UserRole | None, scopes: Sequence[str] | None) -> None:
    """Gives a key a role and scopes in place of those before. Raises InvalidInput."""
    owner = users.get(session, row.owner_id) if row.owner_id is not None else None
    if owner is not None and role is not None and role is not owner.role:
        held = owner.role.label if owner.role else "没有角色"
        raise InvalidInput(f"密钥所属的用户{owner.login}（{held}）没有角色“{role.label}”")
    if owner is None and role is not None and not role.is_offered_to_keys:
        raise InvalidInput(f"角色“{role.label}”的密钥须属于一名该角色的用户", hint="请指定所属用户")
    known = None if scopes is None else list(permissions.known(scopes))
    if known and (beyond := [name for name in known if role is None or name not in role.permissions]):
        raise InvalidInput(f"权限 {beyond[0]} 超出密钥的角色", hint="各角色的权限见 patentdock roles")
    apply_changes(row, {"role": role, "scopes": known})


def limit(row: ApiKey, networks: Sequence[str], expires_at: datetime | None) -> None:
    """Lets a key be used from these networks (CIDR) alone, and until that time. Raises InvalidInput."""
    if len(networks) > MOST_NETWORKS:
        raise InvalidInput(f"来源网段最多 {MOST_NETWORKS} 个")
    apply_changes(row, {"networks": [_network(text) for text in networks], "expires_at": expires_at})


def _network(text: str) -> str:
    try:
        return str(ip_network(text.strip(), strict=False))
    except ValueError as error:
        raise InvalidInput(
            f"来源网段“{text[:50]}”不能识别", hint="应为 IP 地址或网段，如 10.1.0.0/16"
        ) from error


def verify(session: Session, key: str) -> ApiKey | None:
    """The key's row if the key is right and neither revoked nor expired."""
    parts = key.split("_", 2)
    if len(parts) != 3 or parts[0] != "pd" or not parts[1].isascii() or not parts[1].isdigit():
        return None
    if len(parts[1]) > 18:
        return None
    row = session.get(ApiKey, int(parts[1]))
    if row is None or not is_valid(row, now()):
        return None
    given = _hash(parts[2])
    is_former = (
        row.former_hash is not None
        and row.former_until is not None
        and now() < row.former_until
        and hmac.compare_digest(row.former_hash, given)
    )
    return row if hmac.compare_digest(row.secret_hash, given) or is_former else None


def is_valid(row: ApiKey, at: datetime) -> bool:
    """Whether a key is neither revoked nor expired at that time."""
    return row.revoked_at is None and (row.expires_at is None or at < row.expires_at)


def is_allowed_from(row: ApiKey, address: str) -> bool:
    """Whether a key may be used from this address."""
    if not row.networks:
        return True
    try:
        known = ip_address(address)
    except ValueError:
        return False
    return any(known in ip_network(network) for network in row.networks)


def viewer_of(session: Session, row: ApiKey, day: date) -> Viewer | None:
    """The viewer that asks with this key, with its rights; None where the user that it belongs to is disabled."""
    owner = session.get(User, row.owner_id) if row.owner_id is not None else None
    if owner is not None and not owner.is_active:
        return None
    role = row.role if owner is None or owner.role is row.role else None
    if role is not None and role.reach not in (Reach.ALL, Reach.NOTHING):
        role = None  # until the catalogue keeps the rows of others from such a role, it may do nothing
    granted = role.permissions if role else frozenset()
    return Viewer(
        row.name,
        day,
        role=role,
        user_id=row.owner_id,
        key_id=row.id,
        permissions=granted if row.scopes is None else granted & frozenset(row.scopes),
        area=owner.area if owner else None,
        holder_id=owner.holder_id if owner else None,
        enterprise_id=owner.enterprise_id if owner else None,
        reach=role.reach if role else Reach.NOTHING,
    )


def is_wide(row: ApiKey, at: datetime) -> bool:
    """Whether a valid key may do all that platforms may, and should be narrowed to what it needs."""
    return is_valid(row, at) and row.role is UserRole.PLATFORM and row.scopes is None


def rotate(session: Session, row: ApiKey, kept_for: timedelta = KEPT_AFTER_ROTATION) -> str:
    """A new secret for the key; the one before stays valid for that time. Raises WrongState for a key that is not valid."""
    if not is_valid(row, now()):
        raise WrongState(f"接口密钥“{row.name}”已吊销或已到期，不能更换", hint="请另行生成密钥")
    secret = secrets.token_urlsafe(32)
    former = {"former_hash": row.secret_hash, "former_until": now() + kept_for}
    apply_changes(row, former | {"secret_hash": _hash(secret)})
    session.flush()
    return f"pd_{row.id}_{secret}"


def note_used(session: Session, days: dict[int, date]) -> None:
    """Notes the days on which keys were used last, by their ids."""
    for key_id, day in days.items():
        row = session.get(ApiKey, key_id)
        if row is not None and row.last_used_on != day:
            row.last_used_on = day  # no change of the key itself: its version stays


def find(session: Session, name: str) -> ApiKey | None:
    """The key of this name."""
    return session.execute(select(ApiKey).where(col(ApiKey.name) == name)).scalar_one_or_none()


def named(session: Session, name: str) -> ApiKey:
    """The key of this name. Raises NotFound."""
    row = find(session, name)
    if row is None:
        raise NotFound(f"没有名为“{name}”的接口密钥")
    return row


def get(session: Session, key_id: int) -> ApiKey:
    """The key `key_id`. Raises NotFound."""
    row = session.get(ApiKey, key_id)
    if row is None:
        raise NotFound(f"没有编号为 {key_id} 的接口密钥")
    return row


def page(session: Session, wanted: PageQuery) -> Rows[ApiKey]:
    """The keys in order of creation."""
    return paginate(session, select(ApiKey), wanted, Sorts({"id": ApiKey.id, "name": ApiKey.name}, "id"))


def revoke(session: Session, name: str) -> None:
    """Revoke the key of this name. Raises NotFound."""
    apply_changes(named(session, name), {"revoked_at": now()})


def keys(session: Session) -> Sequence[ApiKey]:
    """All keys in order of creation."""
    return session.execute(select(ApiKey).order_by(col(ApiKey.id))).scalars().all()
