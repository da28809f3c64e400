"""Webhooks and deliveries as shown to users; the secret only once, when it is made."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlmodel import Field, Session, SQLModel, col

from catalog.kit.base import Stamps, id_of
from catalog.kit.terms import DeliveryState
from catalog.webhooks.events import BY_NAME
from catalog.webhooks.webhooks import OPEN, Webhook, WebhookDelivery, WebhookEvent, every

MENTIONED_AFTER = timedelta(hours=1)
"""The time for which deliveries fail before the operator is told: a restart of the receiver is no matter of theirs."""


class WebhookPublic(Stamps):
    """A receiver as shown to users."""

    id: int = Field(description="接收方的编号")
    name: str = Field(description="名称")
    url: str = Field(description="推送地址")
    events: list[str] = Field(description="订阅的事件")
    is_active: bool = Field(description="是否启用")
    disabled_reason: str = Field(description="系统停用它的原因；空为没有")
    failing_since: datetime | None = Field(description="自何时起推送失败；空为正常")
    waiting: int = Field(description="待发送的事件数，含失败后等待重发的")
    former_until: datetime | None = Field(description="更换密钥后，原密钥同时签名的截止时间")
    created_by: str = Field(description="登记人：接口密钥的名称，或命令行")


class WebhookWithSecret(WebhookPublic):
    """A receiver with its fresh secret."""

    secret: str = Field(description="签名密钥，只显示这一次，请立即保存")


class DeliveryPublic(SQLModel):
    """An event on its way to a receiver, as shown to users."""

    id: int = Field(description="推送编号")
    event_id: str = Field(description="事件编号，即请求头 webhook-id")
    event: str = Field(description="事件")
    event_name: str = Field(description="事件的中文名称")
    record_kind: str = Field(description="记录种类，与接口地址相同")
    record_id: int = Field(description="记录编号")
    created_at: datetime = Field(description="事件发生的时间")
    state: DeliveryState = Field(
        description="推送情况：waiting 待发送、delivered 已送达、failed 失败、given_up 已放弃"
    )
    state_name: str = Field(description="推送情况的中文名称")
    attempts: int = Field(description="已尝试的次数")
    last_try: datetime | None = Field(description="最近一次尝试的时间")
    next_try: datetime | None = Field(description="下一次尝试的时间；空为不再尝试")
    last_status: int | None = Field(description="最近一次答复的状态码；空为没有答复")
    last_error: str = Field(description="最近一次没有答复的原因")


def publics(session: Session, rows: Sequence[Webhook]) -> list[WebhookPublic]:
    """The webhooks as shown to users."""
    query = (
        select(col(WebhookDelivery.webhook_id), func.count())
        .where(col(WebhookDelivery.state).in_(OPEN))
        .group_by(col(WebhookDelivery.webhook_id))
    )
    waiting = dict(session.execute(query).all())
    return [
        WebhookPublic(
            **row.model_dump(exclude={"secret", "former_secret"}), waiting=waiting.get(id_of(row), 0)
        )
        for row in rows
    ]


def with_secret(session: Session, row: Webhook) -> WebhookWithSecret:
    """A webhook with its fresh secret."""
    return WebhookWithSecret(**publics(session, [row])[0].model_dump(), secret=row.secret)


def deliveries(session: Session, rows: Sequence[WebhookDelivery]) -> list[DeliveryPublic]:
    """The deliveries as shown to users."""
    query = select(WebhookEvent).where(col(WebhookEvent.id).in_([row.event_id for row in rows]))
    events = {event.id: event for event in session.execute(query).scalars()}
    return [_delivery(row, events[row.event_id]) for row in rows]


def _delivery(row: WebhookDelivery, event: WebhookEvent) -> DeliveryPublic:
    return DeliveryPublic(
        **row.model_dump(exclude={"webhook_id", "record"}),
        event=event.type,
        event_name=BY_NAME[event.type].title,
        record_kind=event.kind,
        record_id=event.record_id,
        created_at=event.created_at,
        state_name=DeliveryState(row.state).label,
    )


def problems(session: Session, moment: datetime) -> list[str]:
    """The receivers that the system has disabled, or that have failed for long."""
    found = []
    for row in every(session):
        if row.disabled_reason:
            found.append(f"事件接收方“{row.name}”已停用：{row.disabled_reason}")
        elif row.is_active and row.failing_since and moment - row.failing_since >= MENTIONED_AFTER:
            found.append(f"事件接收方“{row.name}”自 {row.failing_since:%Y-%m-%d %H:%M}（UTC）起推送失败")
    return found
