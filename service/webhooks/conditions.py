"""Conditions of a list of deliveries, shared by REST and command line."""

from typing import Annotated

from pydantic import Field, field_validator

from catalog.kit.base import Schema
from catalog.kit.ids import Id
from catalog.kit.terms import DeliveryState
from catalog.webhooks.events import BY_NAME
from catalog.webhooks.lists import DeliveryFilter
from service.requests.types import either, term

Delivered = Annotated[DeliveryState | None, term(DeliveryState), either(DeliveryState)]


class DeliveryConditions(Schema):
    """Conditions of a list of deliveries."""

    state: Delivered = Field(default=None, description="推送情况")
    event: str | None = Field(default=None, max_length=40, description="事件", examples=["deal.recorded"])
    record_id: Id | None = Field(default=None, description="记录编号")

    @field_validator("event")
    @classmethod
    def _is_known(cls, event: str | None) -> str | None:
        if event is not None and event not in BY_NAME:
            raise ValueError(f"没有“{event}”这种事件，可用：{'、'.join(BY_NAME)}")
        return event


def filter_of(wanted: DeliveryConditions, webhook_id: int) -> DeliveryFilter:
    """The conditions as the catalogue takes them."""
    names = set(DeliveryConditions.model_fields)
    return DeliveryFilter(webhook_id=webhook_id, **wanted.model_dump(include=names))
