"""Over the interface: undo of imports, holders and their merges, screenings, reviews and answers."""

from __future__ import annotations

import io
from typing import Any

import httpx
import openpyxl
import pytest

from api_tests.ingestion.invented import number
from ingestion.reviews.workbook import HEADER_ROW


def upload(client: httpx.Client, text: str, kind: str = "patents") -> dict[str, Any]:
    response = client.post(
        "/api/v1/imports", files={"file": ("清单.csv", text.encode())}, data={"kind": kind}
    )
    assert response.status_code == 201, response.text
    result: dict[str, Any] = response.json()
    return result


def test_an_import_can_be_undone_once(client: httpx.Client) -> None:
    made = upload(client, f"专利名称,申请号\n一种撤销用的泵,{number(8001)}\n")
    before = client.get("/api/v1/patents").json()["total"]
    undone = client.post(f"/api/v1/imports/{made['import_id']}/undo")
    assert (undone.status_code, undone.json()["removed"]) == (200, 1)
    assert client.get("/api/v1/patents").json()["total"] == before - 1
    assert client.get(f"/api/v1/imports/{made['import_id']}").json()["status"] == "undone"
    again = client.post(f"/api/v1/imports/{made['import_id']}/undo")
    assert (again.status_code, again.json()["title"]) == (409, "记录的状态不允许此操作")
    assert client.post("/api/v1/imports/999999/undo").status_code == 404


def test_holders_are_merged_and_parted(client: httpx.Client) -> None:
    upload(
        client,
        f"专利名称,申请号,申请人\n一种合并用的泵,{number(8002)},示例合并（武汉）有限公司\n"
        f"一种合并用的阀,{number(8003)},示例合并武汉有限责任公司\n",
    )
    pairs = client.get("/api/v1/holders/duplicates", params={"size": 200}).json()["items"]
    (pair,) = [pair for pair in pairs if "示例合并" in pair["keep"]["name"]]
    wanted = {"keep": pair["keep"]["id"], "others": [pair["other"]["id"]]}
    (merge,) = client.post("/api/v1/holders/merge", json=wanted).json()["items"]
    assert merge["actor"] == "测试平台"
    (holder,) = client.get("/api/v1/holders", params={"name": "示例合并"}).json()["items"]
    assert (holder["patents"], holder["spellings"]) == (2, [pair["other"]["name"]])
    assert client.post("/api/v1/holders/merge", json=wanted).status_code == 409
    assert client.get("/api/v1/holders/merges", params={"holder_id": holder["id"]}).json()["total"] == 1
    assert client.post(f"/api/v1/holders/merges/{merge['id']}/undo").json()["restored"] == 1
    assert client.get(f"/api/v1/holders/{holder['id']}").json()["spellings"] == []


def test_dormant_patents_come_with_their_potential_and_can_be_answered(client: httpx.Client) -> None:
    result = client.post("/api/v1/screenings", json={"as_of": "2026-06-30"}).json()
    assert result["screened"] == result["dormant"] + result["awake"] + result["undecided"]
    assert result["missing"].get("需求匹配", 0) < result["screened"]
    found = client.get("/api/v1/patents", params={"dormant": True, "sort": "-potential"}).json()
    assert found["total"] == result["dormant"]
    potentials = [item["screening"]["potential"] for item in found["items"]]
    assert potentials == sorted(potentials, reverse=True)
    first = client.get(f"/api/v1/patents/{found['items'][0]['id']}").json()
    assert first["life"]["in_force"]
    assert sum(point["points"] for point in first["screening"]["points"]) == potentials[0]

    holder = client.get("/api/v1/holders", params={"name": first["holders"][0]}).json()["items"][0]["id"]
    review = client.get(f"/api/v1/holders/{holder}/review.xlsx")
    assert review.headers["content-disposition"].startswith("attachment")
    workbook = openpyxl.load_workbook(io.BytesIO(review.content))
    sheet = workbook.active
    columns = {cell.value: cell.column for cell in sheet[HEADER_ROW]}
    sheet.cell(HEADER_ROW + 1, columns["处置意见"]).value = "许可"
    filled = io.BytesIO()
    workbook.save(filled)
    answered = client.post("/api/v1/answers", files={"file": ("盘点表.xlsx", filled.getvalue())})
    assert (answered.status_code, answered.json()["new"]) == (201, 1)
    undone = client.post(f"/api/v1/imports/{answered.json()['import_id']}/undo")
    assert undone.json()["removed"] == 1


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/api/v1/holders/merge", {"keep": 1, "others": []}, 422),
        ("POST", "/api/v1/holders/merge", {"keep": 1, "others": [1]}, 422),
        ("POST", "/api/v1/holders/merge", {"keep": 999999, "others": [1]}, 404),
        ("POST", "/api/v1/holders/merges/999999/undo", None, 404),
        ("POST", "/api/v1/screenings", {"as_of": "昨天"}, 422),
        ("GET", "/api/v1/holders/999999/review.xlsx", None, 404),
        ("GET", "/api/v1/holders?sort=colour", None, 422),
    ],
)
def test_what_cannot_be_done_is_explained(
    client: httpx.Client, method: str, path: str, body: Any, status: int
) -> None:
    response = client.request(method, path, json=body)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
