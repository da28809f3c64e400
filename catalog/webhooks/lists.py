"""Pages of deliveries."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, select
from sqlmodel import Field, Session, col

from catalog.kit.base import Schema, id_column
from catalog.kit.paging import PageQuery, Rows, Sorts, all_ids, paginate
from catalog.kit.terms import DeliveryState
from catalog.webhooks.webhooks import WebhookDelivery, WebhookEvent


class DeliveryFilter(Schema):
    """Conditions of a list of deliveries."""

    webhook_id: int
    state: DeliveryState | None = None
    event: str | None = None
    record_id: int | None = Field(default=None)


SORTS = Sorts({"id": WebhookDelivery.id, "last_try": WebhookDelivery.last_try}, "-id")


def page(session: Session, wanted: PageQuery, where: DeliveryFilter) -> Rows[WebhookDelivery]:
    """The deliveries that meet all conditions, the newest first by default."""
    return paginate(session, _meeting(where), wanted, SORTS)


def listed(session: Session, wanted: PageQuery, where: DeliveryFilter, *, at_most: int) -> list[int]:
    """The ids of all that meet the conditions, in the order of the list. Raises InvalidInput for too many."""
    return all_ids(session, _meeting(where), wanted, SORTS, at_most=at_most)


def many(session: Session, ids: Sequence[int]) -> list[WebhookDelivery]:
    """The deliveries with these ids, in that order; ids that are gone are left out."""
    rows = session.execute(select(WebhookDelivery).where(id_column(WebhookDelivery).in_(list(ids)))).scalars()
    found = {row.id: row for row in rows}
    return [found[id_] for id_ in ids if id_ in found]


def _meeting(where: DeliveryFilter) -> Select[Any]:
    query = select(WebhookDelivery).where(col(WebhookDelivery.webhook_id) == where.webhook_id)
    if where.state is not None:
        query = query.where(col(WebhookDelivery.state) == where.state)
    if where.event is None and where.record_id is None:
        return query
    query = query.join(WebhookEvent, col(WebhookEvent.id) == col(WebhookDelivery.event_id))
    if where.event is not None:
        query = query.where(col(WebhookEvent.type) == where.event)
    if where.record_id is not None:
        query = query.where(col(WebhookEvent.record_id) == where.record_id)
    return query
