"""Create, change, rotate and delete webhooks."""

import base64
import secrets
from datetime import datetime, timedelta
from typing import Any

from pydantic import Field, field_validator
from sqlmodel import Session, col

from catalog.kit.base import Schema, apply_changes, id_of
from catalog.kit.errors import RecordExists
from catalog.webhooks import addresses, deliveries
from catalog.webhooks.events import BY_NAME
from catalog.webhooks.webhooks import MAX_NAME, MAX_URL, Webhook, WebhookDelivery, find, get

BOTH_SIGN = timedelta(hours=24)
"""The time for which the secret before a rotation signs too."""


class WebhookInput(Schema):
    """A receiver as its owner states it."""

    model_config = {  # noqa: RUF012 - read once by the library
        "json_schema_extra": {
            "examples": [
                {"name": "省平台", "url": "https://platform.example.cn/hooks", "events": ["licence.changed"]}
            ]
        }
    }

    name: str = Field(min_length=1, max_length=MAX_NAME, description="名称，如接收平台的名称")
    url: str = Field(
        min_length=1, max_length=MAX_URL, description="推送地址：https；内网可用 http。不跟随重定向"
    )
    events: list[str] = Field(
        min_length=1, max_length=len(BY_NAME), description="订阅的事件：" + "、".join(BY_NAME)
    )
    is_active: bool = Field(default=True, strict=True, description="是否启用；停用期间发生的事件不补发")

    @field_validator("events")
    @classmethod
    def _are_known(cls, events: list[str]) -> list[str]:
        if unknown := [name for name in events if name not in BY_NAME]:
            raise ValueError(f"没有“{unknown[0]}”这种事件，可用：{'、'.join(BY_NAME)}")
        return [name for name in BY_NAME if name in events]


def new_secret() -> str:
    """A fresh secret of 256 random bits, in the form of the Standard Webhooks specification."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def create(session: Session, data: WebhookInput, *, actor: str, allow_http: bool) -> Webhook:
    """Stores a webhook with a fresh secret. Raises InvalidInput (address) and RecordExists (name taken)."""
    _check(session, data, None, allow_http)
    row = Webhook(**data.model_dump(), secret=new_secret(), created_by=actor)
    session.add(row)
    session.flush()
    return row


def change(session: Session, webhook_id: int, data: WebhookInput, *, allow_http: bool) -> Webhook:
    """Replaces what is stated of a webhook; its secret stays. Raises as `create` does, and NotFound."""
    row = get(session, webhook_id)
    _check(session, data, webhook_id, allow_http)
    values: dict[str, Any] = data.model_dump()
    if data.is_active and not row.is_active:
        values |= {"disabled_reason": "", "failing_since": None}
    apply_changes(row, values)
    session.flush()
    return row


def rotate(session: Session, webhook_id: int, moment: datetime) -> Webhook:
    """Gives a webhook a fresh secret; for `BOTH_SIGN` the former one signs too. Raises NotFound."""
    row = get(session, webhook_id)
    values = {"former_secret": row.secret, "former_until": moment + BOTH_SIGN, "secret": new_secret()}
    apply_changes(row, values)
    session.flush()
    return row


def delete(session: Session, webhook_id: int) -> None:
    """Deletes a webhook with its deliveries. Raises NotFound."""
    row = get(session, webhook_id, to_delete=True)
    deliveries.remove(session, col(WebhookDelivery.webhook_id) == webhook_id)
    session.delete(row)
    session.flush()


def _check(session: Session, data: WebhookInput, webhook_id: int | None, allow_http: bool) -> None:
    addresses.check(data.url, allow_http=allow_http)
    other = find(session, data.name)
    if other is not None and other.id != webhook_id:
        raise RecordExists(
            f"名为“{data.name}”的接收方已存在（编号 {id_of(other)}）",
            hint="请换一个名称，或更新该接收方",
            existing_id=other.id,
        )
