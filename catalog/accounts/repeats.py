"""Requests that callers may repeat (Idempotency-Key, 幂等键): the first answer to each, kept for a day."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, Index, Text, delete
from sqlalchemy.exc import IntegrityError
from sqlmodel import Field, Session, SQLModel, col

from catalog.kit.base import UtcDateTime, now
from catalog.kit.errors import InvalidInput

KEPT = timedelta(hours=24)
MAX_KEY = 200


class RepeatableRequest(SQLModel, table=True):
    """A request by its caller and key, with a digest of it and the answer that it got."""

    __tablename__ = "repeatable_requests"
    __table_args__ = (Index(None, "at"),)

    caller: str = Field(max_length=100, primary_key=True, description="接口密钥的名称")
    key: str = Field(max_length=MAX_KEY, primary_key=True, description="请求头 Idempotency-Key 的值")
    digest: str = Field(max_length=64, description="请求方法、地址与内容的 SHA-256")
    at: datetime = Field(default_factory=now, sa_type=UtcDateTime, description="首次提交的时刻")
    status: int | None = Field(default=None, description="首次应答的状态码")
    headers: dict[str, str] = Field(
        default_factory=dict, sa_type=JSON, description="首次应答的 ETag 与 Location"
    )
    body: str = Field(default="", sa_type=Text, description="首次应答的内容")


@dataclass(frozen=True, slots=True)
class Repeatable:
    """A request as its caller marks it: whose it is, the key, and a digest of method, address and body."""

    caller: str
    key: str
    digest: str


def begin(session: Session, wanted: Repeatable) -> tuple[RepeatableRequest, bool]:
    """The kept request and whether it was answered before; a new one is kept until the transaction ends.

    Another transaction with the same key is waited for. Raises InvalidInput where the key was used for another request.
    """
    identity: Any = (wanted.caller, wanted.key)
    row = session.get(RepeatableRequest, identity, with_for_update=True)
    if row is not None and row.at < now() - KEPT:
        session.delete(row)
        session.flush()
        row = None
    if row is None:
        try:
            with session.begin_nested():
                row = RepeatableRequest(caller=wanted.caller, key=wanted.key, digest=wanted.digest)
                session.add(row)
        except IntegrityError:
            row = session.get_one(RepeatableRequest, identity)
        else:
            return row, False
    if row.digest != wanted.digest:
        raise InvalidInput(
            f"幂等键“{wanted.key[:60]}”已用于另一个请求", hint="请为新的请求换一个 Idempotency-Key"
        )
    return row, True


def answered(row: RepeatableRequest, status: int, headers: dict[str, str], body: str) -> None:
    """Keeps the answer to a request, with which a repetition is answered."""
    row.status, row.headers, row.body = status, headers, body


def forget(session: Session, moment: datetime) -> None:
    """Removes the requests of which the day is over at that moment."""
    session.execute(delete(RepeatableRequest).where(col(RepeatableRequest.at) < moment - KEPT))
