"""The outbox (待发事件): events are written together with the change that they tell of, once for every webhook that subscribes.

Nothing is written where nobody subscribes. Within a record the order of deliveries is the order of its changes: whoever
changes a record holds its row until the end of the transaction.
"""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from sqlalchemy import insert, select
from sqlmodel import Session, col

from catalog.kit.base import id_column, now, table_of
from catalog.kit.terms import DeliveryState
from catalog.webhooks.events import EventType
from catalog.webhooks.webhooks import Webhook, WebhookDelivery, WebhookEvent


def subscribers(session: Session, event: EventType) -> list[int]:
    """The active webhooks that subscribe to a type of event."""
    query = select(id_column(Webhook), col(Webhook.events)).where(col(Webhook.is_active))
    # On PostgreSQL: nobody deletes them before the deliveries are there that refer to them.
    query = query.with_for_update(read=True, key_share=True)
    return [webhook_id for webhook_id, events in session.execute(query) if event.name in events]


def announce(session: Session, event: EventType, happened: Mapping[int, Mapping[str, Any]]) -> None:
    """Writes an event for each record of `happened`, with its data; a declared field that it lacks is None."""
    readers = subscribers(session, event) if happened else []
    if not readers:
        return
    moment, blank = now(), dict.fromkeys(event.data)
    events = [
        {
            "id": new_id(),
            "type": event.name,
            "kind": event.kind,
            "record_id": record_id,
            "data": blank | dict(data),
            "created_at": moment,
        }
        for record_id, data in happened.items()
    ]
    session.execute(insert(table_of(WebhookEvent)), events)
    deliveries = [
        {
            "webhook_id": webhook_id,
            "event_id": row["id"],
            "record": f"{row['kind']}:{row['record_id']}",
            "state": DeliveryState.WAITING,
            "attempts": 0,
            "next_try": moment,
            "last_error": "",
        }
        for row in events
        for webhook_id in readers
    ]
    session.execute(insert(table_of(WebhookDelivery)), deliveries)


def new_id() -> str:
    """A fresh id of an event."""
    return f"evt_{uuid4().hex}"
