"""Commands on webhooks (事件接收方): register, try out, look after deliveries, send what is due."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from catalog.kit.ids import MAX_ID
from service.cli.terminal.help import Panel
from service.cli.terminal.options import checked, option
from service.cli.terminal.output import note, print_json, print_table
from service.cli.terminal.runtime import ready_runtime

if TYPE_CHECKING:
    from catalog.db import Session
    from catalog.webhooks.shown import WebhookPublic
    from catalog.webhooks.webhooks import Webhook
    from service.webhooks.conditions import DeliveryConditions

ACTOR = "命令行"
Json = Annotated[bool, typer.Option("--json", help="以 JSON 输出，与接口同形")]
Name = Annotated[str, typer.Argument(help="接收方的名称", metavar="名称")]
NAMES = {"record_id": "--record", "event": "--event", "state": "--state"}


def _found(session: Session, name: str) -> Webhook:
    """The webhook of this name. Raises NotFound."""
    from catalog.kit.errors import NotFound
    from catalog.webhooks import webhooks

    row = webhooks.find(session, name)
    if row is None:
        raise NotFound(f"没有名为“{name}”的接收方", hint="用 patentdock webhooks list 查看名称")
    return row


def webhooks_list(as_json: Json = False) -> None:
    """列出事件接收方：推送地址、订阅的事件、是否正常。

    示例：
    patentdock webhooks list
    """
    from catalog.webhooks import shown as webhooks_shown
    from catalog.webhooks import webhooks

    with ready_runtime().database.read() as session:
        rows = webhooks_shown.publics(session, webhooks.every(session))
    if as_json:
        print_json([row.model_dump(mode="json") for row in rows])
        return
    print_table(
        ["编号", "名称", "推送地址", "事件", "待发送", "情况"],
        [
            [
                row.id,
                row.name,
                row.url,
                "、".join(row.events),
                row.waiting,
                _condition(row),
            ]
            for row in rows
        ],
    )


def _condition(row: WebhookPublic) -> str:
    if not row.is_active:
        return row.disabled_reason or "停用"
    return f"自 {row.failing_since:%Y-%m-%d %H:%M}（UTC）起推送失败" if row.failing_since else "正常"


def webhooks_create(
    name: Name,
    url: Annotated[str, typer.Argument(help="推送地址：https；内网可用 http", metavar="地址")],
    event: Annotated[list[str] | None, option("订阅的事件，可重复；缺省为全部事件", "事件")] = None,
) -> None:
    """登记事件接收方；签名密钥只显示这一次。

    示例：
    patentdock webhooks create 省平台 https://10.1.2.3/hook --event deal.recorded
    """
    from catalog.webhooks import edits as webhook_edits
    from catalog.webhooks.edits import WebhookInput
    from catalog.webhooks.events import BY_NAME

    data = checked(
        WebhookInput,
        {"name": "名称", "url": "地址", "events": "--event"},
        {"name": name, "url": url, "events": event or list(BY_NAME)},
    )
    runtime = ready_runtime()
    with runtime.database.write() as session:
        allow_http = runtime.settings.webhook_http
        secret = webhook_edits.create(session, data, actor=ACTOR, allow_http=allow_http).secret
    note("请立即保存签名密钥，不会再次显示：")
    print(secret)


def webhooks_delete(name: Name) -> None:
    """删除事件接收方，连同尚未送达的事件。

    示例：
    patentdock webhooks delete 省平台
    """
    from catalog.kit.base import id_of
    from catalog.webhooks import edits as webhook_edits

    with ready_runtime().database.write() as session:
        webhook_edits.delete(session, id_of(_found(session, name)))
    print(f"接收方“{name}”已删除")


def webhooks_test(name: Name) -> int:
    """立即向接收方试发一个事件；没有送达时退出码为 1。

    示例：
    patentdock webhooks test 省平台
    """
    from catalog.kit.base import id_of
    from service.webhooks import sender
    from service.webhooks.running import rules_of

    runtime = ready_runtime()
    with runtime.database.read() as session:
        number = id_of(_found(session, name))
    answer = sender.try_out(runtime.database, number, rules_of(runtime).post)
    print(f"{'已送达' if answer.is_delivered else '没有送达'}：{answer.error or f'答复 {answer.status}'}")
    return 0 if answer.is_delivered else 1


def webhooks_deliveries(
    name: Name,
    state: Annotated[str | None, option("推送情况：待发送、已送达、失败、已放弃", "情况")] = None,
    event: Annotated[str | None, option("事件，如 deal.recorded", "事件")] = None,
    record: Annotated[int | None, option("记录编号", "编号")] = None,
    limit: Annotated[int, typer.Option(help="最多列出多少条", metavar="条数", min=1, max=200)] = 50,
    out: Annotated[Path | None, option("把全部写入此 Excel 或 CSV 文件", "文件")] = None,
    as_json: Json = False,
) -> None:
    """列出推送记录，最新的在前；30 天前的已清除。

    示例：
    patentdock webhooks deliveries 省平台 --state 失败
    """
    from catalog.kit.base import id_of
    from catalog.kit.paging import PageQuery
    from catalog.webhooks import lists as delivery_lists
    from catalog.webhooks import shown as webhooks_shown
    from service.webhooks.conditions import DeliveryConditions, filter_of

    wanted = checked(DeliveryConditions, NAMES, {"state": state, "event": event, "record_id": record})
    with ready_runtime().database.read() as session:
        where = filter_of(wanted, id_of(_found(session, name)))
        rows = delivery_lists.page(session, PageQuery(size=limit), where)
        found = webhooks_shown.deliveries(session, rows.rows)
        if out is not None:
            _write(session, out, wanted, where.webhook_id)
    if as_json:
        print_json({"total": rows.total, "items": [item.model_dump(mode="json") for item in found]})
        return
    print_table(
        ["编号", "事件", "记录", "发生（UTC）", "情况", "尝试", "答复"],
        [
            [
                one.id,
                one.event,
                f"{one.record_kind} {one.record_id}",
                f"{one.created_at:%m-%d %H:%M:%S}",
                one.state_name,
                one.attempts,
                one.last_error or one.last_status or "",
            ]
            for one in found
        ],
    )
    note(f"共 {rows.total} 条。重新推送：patentdock webhooks retry 名称 编号")


def _write(session: Session, out: Path, wanted: DeliveryConditions, webhook_id: int) -> None:
    from catalog.kit.paging import PageQuery
    from catalog.webhooks import lists as delivery_lists
    from service.requests.field_problems import FieldProblem, InvalidFields
    from service.requests.filters import described
    from service.sheets.lists import MOST_EXPORTED, deliveries_list, to_csv, write
    from service.webhooks.conditions import filter_of

    if out.suffix.lower() not in (".xlsx", ".csv"):
        reason = "应为 .xlsx 或 .csv 文件"
        raise InvalidFields([FieldProblem(field="--out", value=str(out), reason=reason)])
    ids = delivery_lists.listed(session, PageQuery(), filter_of(wanted, webhook_id), at_most=MOST_EXPORTED)
    listing = deliveries_list(session, ids, described(wanted))
    if out.suffix.lower() == ".csv":
        out.write_bytes(to_csv(listing))
    else:
        write(out, listing)
    note(f"已写入 {out}：{len(ids)} 条")


def webhooks_retry(
    name: Name,
    number: Annotated[int, typer.Argument(help="推送编号", metavar="编号", min=1, max=MAX_ID)],
) -> None:
    """让一条推送立即重新进行；已送达、已放弃的也可以。

    示例：
    patentdock webhooks retry 省平台 31
    """
    from catalog.kit.base import id_of, now
    from catalog.webhooks import deliveries

    with ready_runtime().database.write() as session:
        deliveries.retry(session, id_of(_found(session, name)), number, now())
    print(f"推送 {number} 将由服务或 patentdock webhooks send 重新发送")


def webhooks_send(as_json: Json = False) -> int:
    """推送一次到期的事件；有没送达的，退出码为 1，之后由服务或再次运行重发。

    示例：
    patentdock webhooks send
    """
    import asyncio

    from service.webhooks.running import rules_of
    from service.webhooks.sender import EventSender

    runtime = ready_runtime()
    count = asyncio.run(EventSender(runtime.database, rules_of(runtime)).send_due())
    if as_json:
        print_json({"delivered": count[True], "failed": count[False]})
    else:
        print(f"已送达 {count[True]} 个，没有送达 {count[False]} 个")
    return 1 if count[False] else 0


def register(app: typer.Typer, command: type, group: type) -> None:
    """Add these commands to the command line."""
    sub = typer.Typer(cls=group, help="事件通知：接收方、试发、推送记录", no_args_is_help=True)
    sub.command("list", cls=command)(webhooks_list)
    sub.command("create", cls=command)(webhooks_create)
    sub.command("delete", cls=command)(webhooks_delete)
    sub.command("test", cls=command)(webhooks_test)
    sub.command("deliveries", cls=command)(webhooks_deliveries)
    sub.command("retry", cls=command)(webhooks_retry)
    sub.command("send", cls=command)(webhooks_send)
    app.add_typer(sub, name="webhooks", rich_help_panel=Panel.RUNNING)
