"""Changes over REST and on the command line: read on from where one stopped, by kind, from a time on."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from api_tests.service.api.test_records import created, unique
from service.cli.main import main
from service.requests.changes import ADDRESSES


def read(client: httpx.Client, **wanted: Any) -> dict[str, Any]:
    response = client.get("/api/v1/changes", params=wanted)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def last(client: httpx.Client) -> str:
    """The place after all changes."""
    place = read(client, since="2999-01-01")
    assert place["items"] == []
    return str(place["next"])


def test_a_copy_is_kept_up_to_date_from_place_to_place(client: httpx.Client) -> None:
    start = last(client)
    first = created(client, "needs", title=unique("求隔膜"), text="求隔膜涂覆技术")
    second = created(client, "needs", title=unique("求极片"), text="求极片涂覆技术")
    page = read(client, after=start, size=1, kind="needs")
    assert page["more"] is True
    assert page["items"][0] | {"at": ""} == {
        "kind": "needs",
        "kind_name": "技术需求",
        "record_id": first["id"],
        "operation": "created",
        "operation_name": "新增",
        "at": "",
        "address": f"/api/v1/needs/{first['id']}",
    }
    assert client.get(page["items"][0]["address"]).json()["id"] == first["id"]
    rest = read(client, after=page["next"], kind=["needs", "patents"])
    assert [item["record_id"] for item in rest["items"]] == [second["id"]]
    assert rest["more"] is False
    again = read(client, after=rest["next"])
    assert (again["items"], again["next"]) == ([], rest["next"])
    assert client.delete(f"/api/v1/needs/{first['id']}", params={"reason": "已撤回"}).status_code == 200
    (gone,) = read(client, after=again["next"], kind="needs")["items"]
    assert (gone["record_id"], gone["operation"], gone["address"]) == (first["id"], "deleted", None)


def test_reading_begins_at_a_time(client: httpx.Client) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    need = created(client, "needs", title=unique("求阀"), text="求耐磨的阀")
    found = read(client, since=before.isoformat(), kind="needs", size=1000)
    assert need["id"] in [item["record_id"] for item in found["items"]]
    assert all(item["at"] >= before.isoformat()[:19] for item in found["items"])
    everything = read(client, size=1000)["items"]
    assert len(found["items"]) < len(everything)
    assert len({(item["kind"], item["record_id"]) for item in everything}) == len(everything)


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ({"after": "昨天"}, "不能识别"),
        ({"after": "1.99999999999999999999"}, "不能识别"),
        ({"after": "99.1"}, "恢复备份"),
        ({"after": "0.0", "since": "2026-01-01"}, "不能同时使用"),
        ({"since": "昨天"}, "应为日期或时间"),
        ({"kind": "imports"}, "imports"),
        ({"size": 0}, "不小于 1"),
    ],
)
def test_what_cannot_be_read_from_is_refused_with_the_reason(
    client: httpx.Client, wanted: dict[str, str], reason: str
) -> None:
    response = client.get("/api/v1/changes", params=wanted)
    assert response.status_code == 422
    assert reason in response.text


def test_every_address_is_a_route(client: httpx.Client) -> None:
    paths = client.get("/api/v1/openapi.json").json()["paths"]
    assert {address for address in ADDRESSES.values() if "get" not in paths[address]} == set()


def test_the_command_line_lists_the_same(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATENTDOCK_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "需求.csv").write_text("需求名称,需求内容\n求隔膜,求隔膜涂覆\n求极片,求极片涂覆\n", "utf-8")
    assert main(["init"]) == 0
    assert main(["import", "needs", str(tmp_path / "需求.csv")]) == 0
    capsys.readouterr()
    assert main(["changes", "--kind", "needs", "--limit", "1", "--json"]) == 0
    page = json.loads(capsys.readouterr().out)
    assert ([item["record_id"] for item in page["items"]], page["more"]) == ([1], True)
    assert main(["changes", "--after", page["next"], "--since", "2026-01-01"]) == 1
    assert main(["changes", "--after", page["next"]]) == 0
    out, err = capsys.readouterr()
    assert "技术需求  2" in out
    assert "续读：patentdock changes --after" in err
    assert main(["changes", "--kind", "imports"]) == 2
    assert "--kind" in capsys.readouterr().err
