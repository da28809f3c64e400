"""Webhooks (接收方), the outbox of events, and deliveries: an event on its way to a webhook.

The deliveries of one record to one webhook leave in the order of their ids, so `record` stands with each.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, select
from sqlmodel import Field, Session, SQLModel, col

from catalog.kit.base import NEVER_TWICE, Timestamps, UtcDateTime, enum_type, now
from catalog.kit.errors import NotFound
from catalog.kit.terms import DeliveryState

MAX_NAME = 100
MAX_URL = 500
OPEN = (DeliveryState.WAITING, DeliveryState.FAILED)
"""States of deliveries that are still to be made."""


class Webhook(Timestamps, table=True):
    """A receiver: its address, its secret and the types of events that it subscribes to.

    After a rotation the secret before it signs too until `former_until`. `failing_since` is the first failure after the
    last success.
    """

    __tablename__ = "webhooks"
    __table_args__ = NEVER_TWICE

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=MAX_NAME, unique=True)
    url: str = Field(max_length=MAX_URL)
    secret: str = Field(max_length=100, repr=False)
    former_secret: str | None = Field(default=None, max_length=100, repr=False)
    former_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    events: list[str] = Field(default_factory=list, sa_type=JSON)
    is_active: bool = True
    disabled_reason: str = Field(default="", max_length=200)
    failing_since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_by: str = Field(default="", max_length=100)


class WebhookEvent(SQLModel, table=True):
    """An event as it is sent: written in the transaction of the change that it tells of."""

    __tablename__ = "webhook_events"

    id: str = Field(max_length=40, primary_key=True)
    type: str = Field(max_length=40)
    kind: str = Field(max_length=16)
    record_id: int
    data: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime, index=True)


class WebhookDelivery(SQLModel, table=True):
    """An event on its way to a webhook; `next_try` is None when no further attempt is due."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        Index(None, "webhook_id", "state", "next_try"),
        Index(None, "webhook_id", "record"),
        NEVER_TWICE,
    )

    id: int | None = Field(default=None, primary_key=True)
    webhook_id: int = Field(foreign_key="webhooks.id")
    event_id: str = Field(foreign_key="webhook_events.id", max_length=40, index=True)
    record: str = Field(max_length=32)
    state: DeliveryState = Field(default=DeliveryState.WAITING, sa_type=enum_type(DeliveryState))
    attempts: int = 0
    next_try: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_try: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_status: int | None = None
    last_error: str = Field(default="", max_length=200)


def get(session: Session, webhook_id: int, *, to_delete: bool = False) -> Webhook:
    """The webhook `webhook_id`, `to_delete` when no transaction announces to it any more. Raises NotFound."""
    row = session.get(Webhook, webhook_id, with_for_update=to_delete)
    if row is None:
        raise NotFound(f"没有编号为 {webhook_id} 的接收方")
    return row


def find(session: Session, name: str) -> Webhook | None:
    """The webhook of this name."""
    return session.execute(select(Webhook).where(col(Webhook.name) == name)).scalar_one_or_none()


def every(session: Session) -> list[Webhook]:
    """All webhooks in order of creation."""
    return list(session.execute(select(Webhook).order_by(col(Webhook.id))).scalars())
