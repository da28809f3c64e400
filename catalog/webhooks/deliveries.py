"""Deliveries on their way: claimed by one sender at a time, settled by what the receiver answered, tried again, removed when old.

A claim puts off the next attempt by the length of a lease. Whoever is killed with a claim leaves it to the next sender, which
sends the same event under the same id: a receiver gets each at least once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, delete, exists, select
from sqlmodel import Session, col

from catalog.kit.base import apply_changes, as_json, id_column, id_of, table_of
from catalog.kit.errors import NotFound, WrongState
from catalog.kit.terms import DeliveryState
from catalog.webhooks.events import BY_NAME
from catalog.webhooks.webhooks import OPEN, Webhook, WebhookDelivery, WebhookEvent, get

GONE = 410
"""The answer of a receiver that wants nothing more (RFC 9110, 15.5.11)."""
MAX_ERROR = 200


@dataclass(frozen=True, slots=True)
class Backoff:
    """The waits of a failed delivery: twice as long each time, until its event is `lasting` old."""

    first: timedelta = timedelta(seconds=5)
    most: timedelta = timedelta(hours=6)
    lasting: timedelta = timedelta(days=3)

    def after(self, attempts: int, jitter: float) -> timedelta:
        """The wait after so many attempts; `jitter` is a factor about 1, so that receivers are not met by all at once.

        >>> Backoff().after(1, 1.0), Backoff().after(30, 1.0)
        (datetime.timedelta(seconds=5), datetime.timedelta(seconds=21600))
        """
        # Beyond 40 doublings the product would leave the range of a timedelta.
        return min(self.first * float(2 ** min(attempts - 1, 40)), self.most) * jitter


@dataclass(frozen=True, slots=True)
class Target:
    """Where events are sent, and the secrets that sign them, the present one first."""

    url: str
    secrets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Parcel:
    """A claimed delivery: the event's id and its payload, the same at every attempt."""

    delivery_id: int
    event_id: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Claimed:
    """Deliveries of one webhook that no other sender makes before the lease ends."""

    target: Target
    parcels: Sequence[Parcel]


@dataclass(frozen=True, slots=True)
class PostAnswer:
    """The receiver's status, or why there was none; `retry_after` is the wait that it asked for."""

    status: int | None
    error: str = ""
    retry_after: timedelta = timedelta(0)

    @property
    def is_delivered(self) -> bool:
        """Whether the receiver has taken the event."""
        return self.status is not None and 200 <= self.status < 300


def target_of(row: Webhook, moment: datetime) -> Target:
    """Address and secrets of a webhook at a moment."""
    former = row.former_secret if row.former_until and moment < row.former_until else None
    return Target(row.url, (row.secret, former) if former else (row.secret,))


def payload(event: WebhookEvent) -> bytes:
    """The body that is sent and signed."""
    return as_json(
        {
            "id": event.id,
            "type": event.type,
            "timestamp": event.created_at.isoformat().replace("+00:00", "Z"),
            "record": BY_NAME[event.type].record(event.record_id),
            "data": event.data,
        }
    ).encode()


def _due(moment: datetime) -> Select[int]:
    """Open deliveries whose time has come and that no earlier one of their record holds back."""
    earlier = table_of(WebhookDelivery).alias()
    held = exists().where(
        earlier.c.webhook_id == col(WebhookDelivery.webhook_id),
        earlier.c.record == col(WebhookDelivery.record),
        earlier.c.state.in_(OPEN),
        earlier.c.id < id_column(WebhookDelivery),
    )
    return (
        select(id_column(WebhookDelivery))
        .join(Webhook, id_column(Webhook) == col(WebhookDelivery.webhook_id))
        .where(
            col(Webhook.is_active),
            col(WebhookDelivery.state).in_(OPEN),
            col(WebhookDelivery.next_try) <= moment,
            ~held,
        )
    )


def webhooks_due(session: Session, moment: datetime) -> list[int]:
    """The webhooks that something can be sent to now."""
    return list(session.execute(_due(moment).with_only_columns(id_column(Webhook)).distinct()).scalars())


def claim(
    session: Session, webhook_id: int, moment: datetime, *, at_most: int, lease: timedelta
) -> Claimed | None:
    """Claims due deliveries of a webhook, at most one of a record; a single one while it fails. None where nothing is due."""
    hook = get(session, webhook_id)
    query = _due(moment).where(col(WebhookDelivery.webhook_id) == webhook_id)
    query = query.order_by(id_column(WebhookDelivery)).limit(1 if hook.failing_since else at_most)
    # On PostgreSQL two senders read at once; rows that the other holds are left to it.
    ids = session.execute(query.with_for_update(skip_locked=True, of=WebhookDelivery)).scalars().all()
    found = session.execute(
        select(WebhookDelivery, WebhookEvent)
        .join(WebhookEvent, col(WebhookEvent.id) == col(WebhookDelivery.event_id))
        .where(id_column(WebhookDelivery).in_(ids))
        .order_by(id_column(WebhookDelivery))
    ).all()
    for delivery, _ in found:
        delivery.attempts += 1
        delivery.last_try, delivery.next_try = moment, moment + lease
    session.flush()
    parcels = [Parcel(id_of(delivery), event.id, payload(event)) for delivery, event in found]
    return Claimed(target_of(hook, moment), parcels) if parcels else None


def settle(
    session: Session,
    delivery_id: int,
    answer: PostAnswer,
    moment: datetime,
    backoff: Backoff,
    *,
    jitter: float,
) -> None:
    """Notes what became of an attempt, and when the next one is due; a receiver that is gone is disabled."""
    row = session.get(WebhookDelivery, delivery_id)
    if row is None or row.state not in OPEN:
        return  # deleted meanwhile, or delivered by another sender after the lease had ended
    hook = get(session, row.webhook_id)
    row.last_status, row.last_error = answer.status, answer.error[:MAX_ERROR]
    if answer.is_delivered:
        row.state, row.next_try, hook.failing_since = DeliveryState.DELIVERED, None, None
    else:
        hook.failing_since = hook.failing_since or moment
        wait = max(backoff.after(row.attempts, jitter), min(answer.retry_after, backoff.most))
        over = moment - _happened(session, row) >= backoff.lasting
        row.state, row.next_try = (
            (DeliveryState.GIVEN_UP, None) if over else (DeliveryState.FAILED, moment + wait)
        )
    if answer.status == GONE:
        apply_changes(hook, {"is_active": False, "disabled_reason": f"接收方答复 {GONE}，不再接收"})
    session.flush()


def _happened(session: Session, row: WebhookDelivery) -> datetime:
    event = session.get_one(WebhookEvent, row.event_id)
    return event.created_at


def retry(session: Session, webhook_id: int, delivery_id: int, moment: datetime) -> WebhookDelivery:
    """Lets a delivery be made at once, also one that was delivered or given up. Raises NotFound and WrongState."""
    hook, row = get(session, webhook_id), session.get(WebhookDelivery, delivery_id)
    if row is None or row.webhook_id != webhook_id:
        raise NotFound(f"接收方“{hook.name}”没有编号为 {delivery_id} 的推送", hint="30 天前的推送记录已清除")
    if not hook.is_active:
        raise WrongState(f"接收方“{hook.name}”已停用", hint="请先启用，再重新推送")
    row.state, row.attempts, row.next_try = DeliveryState.WAITING, 0, moment
    session.flush()
    return row


def remove(session: Session, where: ColumnElement[bool]) -> None:
    """Deletes deliveries, and the events that no delivery needs any more."""
    session.execute(delete(WebhookDelivery).where(where), execution_options={"synchronize_session": False})
    needed = exists().where(col(WebhookDelivery.event_id) == col(WebhookEvent.id))
    session.execute(delete(WebhookEvent).where(~needed), execution_options={"synchronize_session": False})


def prune(session: Session, before: datetime) -> None:
    """Removes what happened before a moment, but for what active webhooks still wait for."""
    old = select(col(WebhookEvent.id)).where(col(WebhookEvent.created_at) < before)
    inactive = select(id_column(Webhook)).where(~col(Webhook.is_active))
    closed = col(WebhookDelivery.state).not_in(OPEN) | col(WebhookDelivery.webhook_id).in_(inactive)
    remove(session, col(WebhookDelivery.event_id).in_(old) & closed)
