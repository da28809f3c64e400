"""Webhooks over REST and the command line, and the events that changes over REST and by import bring about."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from openpyxl import load_workbook

from api_tests.service.api.test_deals import body_of, patent
from api_tests.service.api.test_licences import terms
from api_tests.service.webhooks.receiver import Receiver, receiving
from catalog.kit.base import now
from catalog.kit.days import beijing_today
from catalog.webhooks import deliveries
from catalog.webhooks.events import BY_NAME, EVENT_TYPES
from service.cli.main import main
from service.installation.runtime import Runtime

TODAY = beijing_today()
Made = Callable[..., dict[str, Any]]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture
def subscribed(client: httpx.Client, receiver: Receiver) -> Iterator[Made]:
    """Subscribes the receiver to events, until the test ends."""
    numbers: list[int] = []

    def subscribe(*events: str, url: str = receiver.url, status: int = 201) -> dict[str, Any]:
        body = {"name": f"平台{len(numbers)}", "url": url, "events": events or list(BY_NAME)}
        response = client.post("/api/v1/webhooks", json=body)
        assert response.status_code == status, response.text
        made: dict[str, Any] = response.json()
        if status == 201:
            numbers.append(made["id"])
        return made

    yield subscribe
    for number in numbers:
        client.delete(f"/api/v1/webhooks/{number}")


def arrive(receiver: Receiver, count: int) -> list[dict[str, Any]]:
    """The first events, by the sender of the running service, which has a minute for them."""
    until = time.monotonic() + 60
    while len(receiver.taken) < count and time.monotonic() < until:
        time.sleep(0.05)
    return [one.event for one in receiver.taken]


def happened(client: httpx.Client, webhook: dict[str, Any], **conditions: Any) -> list[tuple[Any, ...]]:
    """The deliveries of a webhook, oldest first: event and record."""
    address = f"/api/v1/webhooks/{webhook['id']}/deliveries"
    response = client.get(address, params={"sort": "id", "size": 200, **conditions})
    assert response.status_code == 200, response.text
    return [(one["event"], one["record_id"]) for one in response.json()["items"]]


def test_the_running_service_tells_of_a_deal(
    client: httpx.Client, receiver: Receiver, subscribed: Made
) -> None:
    webhook = subscribed("deal.recorded", "deal.changed")
    deal = client.post("/api/v1/deals", json=body_of(patent(client))).json()
    address = f"/api/v1/deals/{deal['id']}"
    client.post(f"{address}/filing", json={"filing_number": "X1", "filed_on": "2025-04-01"})
    client.post(f"{address}/receipts", json={"received_on": "2025-05-01", "amount": 100})
    client.request("DELETE", address, params={"reason": "重复登记"})
    recorded, *others = arrive(receiver, 4)
    assert recorded == {
        "id": receiver.taken[0].id,
        "type": "deal.recorded",
        "timestamp": recorded["timestamp"],
        "record": {"kind": "deals", "id": deal["id"], "url": address},
        "data": {"action": "created", "action_name": "登记", "kind": "licence", "status": "valid"},
    }
    actions = [one["data"]["action"] for one in others]
    assert ({one["type"] for one in others}, actions) == ({"deal.changed"}, ["filed", "received", "deleted"])
    assert all(one.is_signed_by(webhook["secret"]) for one in receiver.taken)


def test_declarations_tell_of_every_step_also_by_import_and_its_undo(
    client: httpx.Client, receiver: Receiver, subscribed: Made, installation: Runtime
) -> None:
    webhook = subscribed("licence.changed", "import.finished")
    number = client.get("/api/v1/patents", params={"size": 1, "sort": "-id"}).json()["items"][0]
    serial, granted = 9970801, {"grant_date": f"{TODAY - timedelta(30)}"}
    body = {
        "title": "一种可声明的装置",
        "filing_date": "2021-03-12",
        "legal_status": "有效",
        "holders": ["示例大学"],
    }
    for one in (serial, serial + 1):
        stated = body | granted | {"application_number": terms(one)["application_number"]}
        assert client.post("/api/v1/patents", json=stated).status_code == 201, number
    draft = client.post("/api/v1/licences", json=terms(serial)).json()
    address = f"/api/v1/licences/{draft['id']}"
    changed = client.put(address, json=terms(serial, fixed_fee=20000))
    assert changed.status_code == 200, changed.text
    deleted = client.request("DELETE", address, params={"reason": "误登"}).json()
    client.post(f"/api/v1/deletions/{deleted['id']}/restore")
    row = {"申请号": terms(serial + 1)["application_number"], "支付方式": "免费", "状态": "已公告"}
    file = ("声明.jsonl", json.dumps(row, ensure_ascii=False).encode())
    report = client.post("/api/v1/imports", data={"kind": "licences"}, files={"file": file}).json()
    assert report["new"] == 1, report
    client.post(f"/api/v1/imports/{report['import_id']}/undo")
    events = arrive(receiver, 8)
    own = [one["data"] for one in events if one["record"]["url"] == address]
    assert [one["action_name"] for one in own] == ["登记", "变更", "删除", "恢复"]
    assert own[0] == own[1] | {"action": "created", "action_name": "登记"}
    assert (own[0]["status"], own[0]["patent_id"] > 0) == ("draft", True)
    others = [one for one in events if one["record"]["url"] != address]
    assert sorted((one["type"], one["data"].get("action") or one["data"]["status"]) for one in others) == [
        ("import.finished", "finished"),
        ("import.finished", "undone"),
        ("licence.changed", "created"),
        ("licence.changed", "undone"),
    ]
    finished = next(one for one in others if one["data"].get("status") == "finished")
    assert finished["record"] == {
        "kind": "imports",
        "id": report["import_id"],
        "url": f"/api/v1/imports/{report['import_id']}",
    }
    assert (finished["data"]["rows"], finished["data"]["new"]) == (1, 1)
    assert len(happened(client, webhook)) == 8
    assert (
        happened(client, webhook, event="import.finished", record_id=report["import_id"])
        == [("import.finished", report["import_id"])] * 2
    )


def test_a_refused_change_tells_nothing(client: httpx.Client, subscribed: Made) -> None:
    webhook = subscribed("deal.recorded")
    refused = client.post("/api/v1/deals", json=body_of(patent(client), signed_on="2999-01-01"))
    assert refused.status_code == 422
    assert happened(client, webhook) == []


def test_a_webhook_is_shown_changed_rotated_and_deleted(client: httpx.Client, subscribed: Made) -> None:
    made = subscribed("deal.recorded")
    address = f"/api/v1/webhooks/{made['id']}"
    shown = client.get(address).json()
    assert (shown["created_by"], shown["is_active"], shown["waiting"]) == ("测试平台", True, 0)
    assert "secret" not in shown
    assert made["secret"] not in client.get("/api/v1/webhooks").text
    patched = client.patch(address, json={"is_active": False}).json()
    assert (patched["is_active"], patched["events"]) == (False, ["deal.recorded"])
    whole = {"name": "新名", "url": made["url"], "events": ["night.finished", "import.finished"]}
    replaced = client.put(address, json=whole).json()
    assert replaced["events"] == ["import.finished", "night.finished"]
    rotated = client.post(f"{address}/secret").json()
    assert rotated["secret"] not in ("", made["secret"])
    assert rotated["former_until"] > f"{now():%Y-%m-%dT%H}"
    assert client.post("/api/v1/webhooks", json=whole).status_code == 409
    assert client.delete(address).status_code == 204
    assert client.get(address).status_code == 404


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"url": "http://169.254.169.254/latest"}, "不向 169.254.169.254 推送"),
        ({"url": "https://user:word@platform.example.cn"}, "不应有用户名或密码"),
        ({"events": ["deal.lost"]}, "没有“deal.lost”这种事件"),
        ({"events": []}, "订阅的事件"),
        ({"secret": "whsec_"}, "secret"),
    ],
)
def test_what_cannot_be_a_webhook_is_refused(
    client: httpx.Client, changes: dict[str, Any], field: str
) -> None:
    body = {"name": "坏", "url": "https://platform.example.cn", "events": ["deal.recorded"]} | changes
    response = client.post("/api/v1/webhooks", json=body)
    assert response.status_code == 422
    assert field in response.text


def test_a_trial_a_retry_and_the_export(client: httpx.Client, receiver: Receiver, subscribed: Made) -> None:
    webhook = subscribed("deal.recorded")
    address = f"/api/v1/webhooks/{webhook['id']}"
    trial = client.post(f"{address}/test").json()
    assert (trial["delivered"], trial["status"]) == (True, 204)
    client.post("/api/v1/deals", json=body_of(patent(client)))
    arrive(receiver, 2)
    until = time.monotonic() + 60
    listed: dict[str, Any] = {"total": 0}
    while not listed["total"] and time.monotonic() < until:
        listed = client.get(f"{address}/deliveries", params={"state": "已送达"}).json()
    (delivery,) = listed["items"]
    assert (delivery["last_status"], delivery["attempts"], delivery["state_name"]) == (204, 1, "已送达")
    again = client.post(f"{address}/deliveries/{delivery['id']}/retry").json()
    assert again["state"] == "waiting"
    arrive(receiver, 3)
    first, second = [one.id for one in receiver.taken[1:]]
    assert first == second == delivery["event_id"]
    response = client.get(f"{address}/deliveries/export.xlsx", params={"event": "deal.recorded"})
    sheet = load_workbook(io.BytesIO(response.content)).worksheets[0]
    assert sheet["B2"].value == "deal.recorded"
    assert client.post(f"{address}/deliveries/999999/retry").status_code == 404


def test_every_type_of_event_is_described(client: httpx.Client) -> None:
    listed = client.get("/api/v1/webhooks/events").json()["items"]
    assert [one["name"] for one in listed] == [event.name for event in EVENT_TYPES]
    for event in EVENT_TYPES:
        assert event.data.keys() == event.example.keys()


def test_the_command_line_does_the_same(
    installation: Runtime,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.setattr("service.cli.commands.webhooks.ready_runtime", lambda: installation)
    assert main(["webhooks", "create", "市平台", receiver.url, "--event", "deal.changed"]) == 0
    secret = capsys.readouterr().out.strip()
    assert main(["webhooks", "test", "市平台"]) == 0
    assert receiver.arrived[0].is_signed_by(secret)
    receiver.answer = lambda _: (500, {})
    assert main(["webhooks", "test", "市平台"]) == 1
    assert "没有送达：答复 500" in capsys.readouterr().out
    assert main(["webhooks", "list"]) == 0
    assert "市平台" in capsys.readouterr().out
    assert main(["webhooks", "send", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"delivered": 0, "failed": 0}
    out = tmp_path / "推送.csv"
    assert main(["webhooks", "deliveries", "市平台", "--state", "失败", "--out", str(out)]) == 0
    assert out.read_text("utf-8-sig").startswith("编号,事件")
    assert main(["webhooks", "deliveries", "市平台", "--event", "deal.lost"]) == 2
    assert main(["webhooks", "retry", "市平台", "1"]) == 1
    assert main(["webhooks", "delete", "市平台"]) == 0
    capsys.readouterr()
    assert main(["webhooks", "delete", "市平台"]) == 1
    assert "没有名为“市平台”的接收方" in capsys.readouterr().err


def test_readiness_names_a_receiver_that_was_disabled(
    client: httpx.Client, receiver: Receiver, subscribed: Made
) -> None:
    receiver.answer = lambda _: (deliveries.GONE, {})
    webhook = subscribed("deal.recorded")
    client.post("/api/v1/deals", json=body_of(patent(client)))
    until = time.monotonic() + 60
    while client.get(f"/api/v1/webhooks/{webhook['id']}").json()["is_active"]:
        assert time.monotonic() < until
    assert (
        f"事件接收方“{webhook['name']}”已停用：接收方答复 410，不再接收"
        in client.get("/readyz").json()["notices"]
    )
