"""Accounts: API keys (接口密钥) of the platforms that call the service; stored hashed.

A key is `pd_<id>_<secret>`; the secret has 256 random bits, so one SHA-256 is enough and a request is not slowed
by a password hash (those defend short secrets that people choose).
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Field, Session, col

from catalog.kit.base import Timestamps, UtcDateTime, now
from catalog.kit.errors import InvalidInput, NotFound, RecordExists

MAX_NAME = 100


class ApiKey(Timestamps, table=True):
    """An API key: its name, and the SHA-256 of its secret."""

    __tablename__ = "api_keys"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=MAX_NAME, unique=True)
    secret_hash: str = Field(max_length=64)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def create(session: Session, name: str) -> str:
    """Create a key and answer it; it cannot be shown again. Raises InvalidInput for an unusable name, Conflict when it is taken."""
    name = name.strip()
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable():
        raise InvalidInput(f"密钥的名称应为 1 至 {MAX_NAME} 个可见字符", hint="例如调用方平台的名称")
    if session.execute(select(ApiKey).where(col(ApiKey.name) == name)).scalar_one_or_none():
        raise RecordExists(f"接口密钥“{name}”已存在", hint="请换一个名称，或先吊销原密钥")
    secret = secrets.token_urlsafe(32)
    row = ApiKey(name=name, secret_hash=_hash(secret))
    session.add(row)
    session.flush()
    return f"pd_{row.id}_{secret}"


def verify(session: Session, key: str) -> ApiKey | None:
    """The key's row if the key is right and not revoked."""
    parts = key.split("_", 2)
    if len(parts) != 3 or parts[0] != "pd" or not parts[1].isascii() or not parts[1].isdigit():
        return None
    if len(parts[1]) > 18:
        return None
    row = session.get(ApiKey, int(parts[1]))
    if row is None or row.revoked_at is not None:
        return None
    return row if hmac.compare_digest(row.secret_hash, _hash(parts[2])) else None


def revoke(session: Session, name: str) -> None:
    """Revoke the key of this name. Raises NotFound."""
    row = session.execute(select(ApiKey).where(col(ApiKey.name) == name)).scalar_one_or_none()
    if row is None:
        raise NotFound(f"没有名为“{name}”的接口密钥")
    row.revoked_at = now()


def keys(session: Session) -> Sequence[ApiKey]:
    """All keys in order of creation."""
    return session.execute(select(ApiKey).order_by(col(ApiKey.id))).scalars().all()
