"""Conflicts over REST: listed, exported, decided one by one and together."""

from __future__ import annotations

import csv
import io
from typing import Any

import httpx
import openpyxl
import pytest

from api_tests.ingestion.invented import number

HEADER = "名称,申请号,专利权人,摘要\n"


def imported(client: httpx.Client, *rows: str, name: str = "冲突.csv", **form: Any) -> dict[str, Any]:
    content = (HEADER + "".join(f"{row}\n" for row in rows)).encode()
    response = client.post(
        "/api/v1/imports", files={"file": (name, content)}, data={"kind": "patents"} | form
    )
    assert response.status_code == 201, response.text
    result: dict[str, Any] = response.json()
    return result


def contested(client: httpx.Client, *serials: int) -> dict[str, Any]:
    """The import of other patents under the numbers of patents that are stored before."""
    imported(client, *(f"一种{n}号水泵,{number(n)},示例冲突大学,泵" for n in serials))
    return imported(client, *(f"一种{n}号面板,{number(n)},=样本冲突公司,屏" for n in serials), name="=乙.csv")


def items(client: httpx.Client, **query: Any) -> list[dict[str, Any]]:
    response = client.get("/api/v1/conflicts", params=query)
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["items"]
    return found


def decide(client: httpx.Client, address: str, decision: str, **more: str) -> httpx.Response:
    return client.post(f"/api/v1/{address}/decision", json={"decision": decision} | more)


def test_a_conflict_is_counted_listed_and_decided_once(client: httpx.Client) -> None:
    imported(client, f"一种701号水泵,{number(701)},示例冲突大学,泵")
    other = f"一种701号面板,{number(701)},样本冲突公司,屏"
    trial = imported(client, other, dry_run="true")
    assert (trial["waiting"], trial["conflicts"][0]["number"]) == (1, number(701))
    result = client.post(f"/api/v1/imports/{trial['preview_id']}/confirm").json()
    assert [result[name] for name in ("rows", "new", "changed", "rejected", "waiting")] == [1, 0, 0, 0, 1]
    assert any("待决定" in message for message in result["messages"])
    address = f"imports/{result['import_id']}"
    record = client.get(f"/api/v1/{address}").json()
    assert (record["waiting"], record["undecided"]) == (1, 1)
    (found,) = client.get(f"/api/v1/{address}/conflicts", params={"status": "待定"}).json()["items"]
    assert found["differs"][0] == {
        "label": "专利名称", "stored": "一种701号水泵", "stated": "一种701号面板",
    }  # fmt: skip
    assert (found["rows"][0]["line"], found["status_name"]) == (2, "待定")
    done = decide(client, f"conflicts/{found['id']}", "采用新记录", note="经核对")
    assert (done.status_code, done.json()["status"]) == (200, "replaced")
    assert (done.json()["decided_by"], done.json()["note"]) == ("测试平台", "经核对")
    patent = client.get(f"/api/v1/patents/{found['record_id']}").json()
    assert (patent["title"], patent["holders"]) == ("一种701号面板", ["样本冲突公司"])
    again = decide(client, f"conflicts/{found['id']}", "keep")
    assert (again.status_code, "已由测试平台于" in again.json()["detail"]) == (409, True)
    assert client.get(f"/api/v1/{address}").json()["undecided"] == 0
    assert client.get(f"/api/v1/conflicts/{found['id']}").json()["status"] == "replaced"
    undone = client.post(f"/api/v1/{address}/undo").json()
    assert (undone["restored"], undone["withdrawn"]) == (1, 0)
    assert client.get(f"/api/v1/patents/{found['record_id']}").json()["title"] == "一种701号水泵"


def test_all_of_an_import_are_decided_together_and_the_list_is_exported(client: httpx.Client) -> None:
    result = contested(client, 711, 712)
    wanted = {"import_id": result["import_id"], "status": "pending", "sort": "-number"}
    assert [item["number"] for item in items(client, **wanted)] == sorted(
        (number(711), number(712)), reverse=True
    )
    book = client.get("/api/v1/conflicts/export.xlsx", params=wanted)
    sheet = openpyxl.load_workbook(io.BytesIO(book.content)).worksheets[0]
    assert [sheet[f"D{line}"].value for line in (2, 3)] == [f"申请号 {number(n)}" for n in (712, 711)]
    text = client.get("/api/v1/conflicts/export.csv", params=wanted).content.decode("utf-8-sig")
    lines = list(csv.DictReader(io.StringIO(text)))
    assert [line["新记录名称"] for line in lines] == ["一种712号面板", "一种711号面板"]
    assert lines[0]["新记录所有者"].startswith("'=")
    done = decide(client, f"imports/{result['import_id']}/conflicts", "keep").json()
    assert done == {"import_id": result["import_id"], "decided": 2, "undecided": []}
    assert [item["status_name"] for item in items(client, import_id=result["import_id"])] == [
        "保留原记录"
    ] * 2


@pytest.mark.parametrize(
    ("method", "address", "body", "status", "says"),
    [
        ("GET", "conflicts/999999", None, 404, "没有编号为 999999 的冲突"),
        ("GET", "imports/999999/conflicts", None, 404, "999999"),
        ("GET", "conflicts?status=open", None, 422, "pending（待定）"),
        ("GET", "conflicts?sort=name", None, 422, "可用的排序字段"),
        ("POST", "conflicts/999999/decision", {"decision": "keep"}, 404, "999999"),
        ("POST", "conflicts/1/decision", {"decision": "both"}, 422, "replace（采用新记录）"),
        ("POST", "conflicts/1/decision", {}, 422, "缺少必填项"),
    ],
)
def test_wrong_requests_are_explained(
    client: httpx.Client, method: str, address: str, body: dict[str, str] | None, status: int, says: str
) -> None:
    response = client.request(method, f"/api/v1/{address}", json=body)
    assert response.status_code == status
    problem = response.json()
    assert says in problem["detail"] + (problem.get("hint") or "")
