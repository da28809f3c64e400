"""Webhooks (事件接收方): who is told of which events, secrets, trials, and the deliveries."""

from time import monotonic
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response, status
from pydantic import BaseModel, Field

from catalog.accounts import permissions
from catalog.kit.base import now
from catalog.kit.paging import Page, PageQuery
from catalog.webhooks import deliveries, webhooks
from catalog.webhooks import edits as webhook_edits
from catalog.webhooks import lists as delivery_lists
from catalog.webhooks import shown as webhooks_shown
from catalog.webhooks.edits import WebhookInput
from catalog.webhooks.events import EVENT_TYPES
from catalog.webhooks.shown import DeliveryPublic, WebhookPublic, WebhookWithSecret
from catalog.webhooks.webhooks import Webhook
from service.requests.filters import described
from service.requests.lists import sort_field
from service.requests.single.patches import Patch, form_of, merge_patch_of, patched
from service.sheets.documents import XLSX_TYPE
from service.sheets.lists import MOST_EXPORTED, deliveries_list
from service.web.dependencies import Caller, Reading, RecordId, RuntimeDep, Writing
from service.web.errors import responses
from service.web.files.attachments import workbook
from service.web.repeats import Made
from service.web.rights import may
from service.web.versions import Tagged, Versioned, created, patch_body, read, removed, unchanged, written
from service.webhooks import sender
from service.webhooks.conditions import DeliveryConditions, filter_of
from service.webhooks.running import rules_of

router = APIRouter(
    prefix="/webhooks",
    tags=["webhooks"],
    dependencies=[may(permissions.WEBHOOKS_READ, permissions.WEBHOOKS_MANAGE)],
)


WebhookPatch = Annotated[Patch, patch_body(), merge_patch_of(WebhookInput, "WebhookPatch")]


class EventTypePublic(BaseModel):
    """A type of event that can be subscribed to."""

    name: str = Field(description="事件")
    title: str = Field(description="中文名称")
    kind: str = Field(description="记录种类，与接口地址相同")
    address: str = Field(description="记录的地址")
    data: dict[str, str] = Field(description="data 的各字段及其含义")
    example: dict[str, Any] = Field(description="data 的示例")


class Trial(BaseModel):
    """The result of a trial."""

    delivered: bool = Field(description="接收方是否以 2xx 答复")
    status: int | None = Field(description="答复的状态码；空为没有答复")
    error: str = Field(description="没有答复的原因")
    took_ms: float = Field(description="用时（毫秒）")


class DeliveryQuery(DeliveryConditions, PageQuery):
    """Page and conditions of a list of deliveries."""

    sort: str | None = sort_field(delivery_lists.SORTS)


@router.get("", summary="事件接收方列表", operation_id="list_webhooks")
def list_webhooks(session: Reading) -> Page[WebhookPublic]:
    """全部接收方，按登记的次序；不含签名密钥。"""
    return Page.whole(webhooks_shown.publics(session, webhooks.every(session)))


@router.get("/events", summary="可订阅的事件", operation_id="list_webhook_events")
def list_webhook_events() -> Page[EventTypePublic]:
    """每种事件的名称、所述记录的地址、`data` 的各字段。"""
    return Page.whole([EventTypePublic.model_validate(event, from_attributes=True) for event in EVENT_TYPES])


@router.get("/{id:int}", summary="一个事件接收方", operation_id="get_webhook", responses=read(404, 422))
def get_webhook(session: Reading, version: Versioned, id: RecordId) -> WebhookPublic:
    """推送地址、订阅的事件、是否正常；不含签名密钥。"""
    row = webhooks.get(session, id)
    return version.of(row, webhooks_shown.publics(session, [row])[0])


@router.post(
    "",
    summary="登记事件接收方",
    operation_id="create_webhook",
    status_code=status.HTTP_201_CREATED,
    responses=created(400, 409, 413, 422),
)
def create_webhook(
    session: Writing, runtime: RuntimeDep, caller: Caller, made: Made, data: WebhookInput
) -> WebhookWithSecret:
    """登记后发生的事件向它推送。应答中的签名密钥 `secret` 只显示这一次。"""
    allow_http = runtime.settings.webhook_http
    row = webhook_edits.create(session, data, actor=caller, allow_http=allow_http)
    return made.at(f"/webhooks/{row.id}", row, webhooks_shown.with_secret(session, row), WebhookPublic)


@router.put(
    "/{id:int}",
    summary="更新事件接收方",
    operation_id="replace_webhook",
    responses=written(400, 404, 409, 413, 422),
    dependencies=[unchanged(Webhook)],
)
def replace_webhook(
    session: Writing, runtime: RuntimeDep, tagged: Tagged, id: RecordId, data: WebhookInput
) -> WebhookPublic:
    """以提交的内容整体替换；签名密钥不变。重新启用时，系统停用它的原因随之清除，尚未送达的继续推送。"""
    row = webhook_edits.change(session, id, data, allow_http=runtime.settings.webhook_http)
    return tagged.of(row, webhooks_shown.publics(session, [row])[0])


@router.patch(
    "/{id:int}",
    summary="修改事件接收方的部分内容",
    operation_id="patch_webhook",
    responses=written(400, 404, 409, 413, 422),
    dependencies=[unchanged(Webhook)],
)
def patch_webhook(
    session: Writing, runtime: RuntimeDep, tagged: Tagged, id: RecordId, patch: WebhookPatch
) -> WebhookPublic:
    """只改提交的字段（JSON Merge Patch，RFC 7396），如 `{"is_active": false}` 停用；其余不变。"""
    data = patched(WebhookInput, form_of(WebhookInput, webhooks.get(session, id).model_dump()), patch)
    row = webhook_edits.change(session, id, data, allow_http=runtime.settings.webhook_http)
    return tagged.of(row, webhooks_shown.publics(session, [row])[0])


@router.delete(
    "/{id:int}",
    summary="删除事件接收方",
    operation_id="delete_webhook",
    status_code=status.HTTP_204_NO_CONTENT,
    response_class=Response,
    responses=removed(404, 422),
    dependencies=[unchanged(Webhook)],
)
def delete_webhook(session: Writing, id: RecordId) -> None:
    """连同尚未送达的事件和推送记录一并删除。"""
    webhook_edits.delete(session, id)


@router.post(
    "/{id:int}/secret",
    summary="更换签名密钥",
    operation_id="rotate_webhook_secret",
    responses=written(404, 422),
    dependencies=[unchanged(Webhook)],
)
def rotate_webhook_secret(session: Writing, tagged: Tagged, id: RecordId) -> WebhookWithSecret:
    """应答中的新密钥只显示这一次。此后 24 小时内，每个事件以新旧两个密钥各签名一次。"""
    row = webhook_edits.rotate(session, id, now())
    return tagged.of(row, webhooks_shown.with_secret(session, row), WebhookPublic)


@router.post(
    "/{id:int}/test", summary="向接收方试发", operation_id="test_webhook", responses=responses(404, 422)
)
def test_webhook(runtime: RuntimeDep, id: RecordId) -> Trial:
    """立即发送一个 `webhook.test` 事件并说明结果；不记入推送记录，不重发。"""
    start = monotonic()
    answer = sender.try_out(runtime.database, id, rules_of(runtime).post)
    took = round((monotonic() - start) * 1000, 1)
    return Trial(delivered=answer.is_delivered, status=answer.status, error=answer.error, took_ms=took)


@router.get(
    "/{id:int}/deliveries",
    summary="推送记录",
    operation_id="list_webhook_deliveries",
    responses=responses(404, 422),
)
def list_webhook_deliveries(
    session: Reading, id: RecordId, wanted: Annotated[DeliveryQuery, Query()]
) -> Page[DeliveryPublic]:
    """按推送情况、事件、记录筛选，分页返回，最新的在前。送达 30 天后清除。"""
    webhooks.get(session, id)
    found = delivery_lists.page(session, wanted, filter_of(wanted, id))
    items = webhooks_shown.deliveries(session, found.rows)
    return Page(total=found.total, page=wanted.page, size=wanted.size, items=items)


@router.get(
    "/{id:int}/deliveries/export.xlsx",
    summary="导出推送记录",
    operation_id="export_webhook_deliveries",
    response_class=Response,
    responses={200: {"content": {XLSX_TYPE: {}}}, **responses(404, 422)},
)
def export_webhook_deliveries(
    session: Reading, id: RecordId, wanted: Annotated[DeliveryQuery, Query()]
) -> Response:
    """与列表相同的条件与次序，全部写入一份 Excel。"""
    webhooks.get(session, id)
    ids = delivery_lists.listed(session, wanted, filter_of(wanted, id), at_most=MOST_EXPORTED)
    return workbook(deliveries_list(session, ids, described(wanted)), "推送记录")


@router.post(
    "/{id:int}/deliveries/{delivery_id}/retry",
    summary="重新推送",
    operation_id="retry_webhook_delivery",
    responses=responses(404, 409, 422),
)
def retry_webhook_delivery(session: Writing, id: RecordId, delivery_id: RecordId) -> DeliveryPublic:
    """立即再推送一次，已送达、已放弃的也可以；事件编号不变。同一记录较晚的事件可能已先送达。"""
    return webhooks_shown.deliveries(session, [deliveries.retry(session, id, delivery_id, now())])[0]
