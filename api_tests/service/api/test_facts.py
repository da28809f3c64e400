"""Facts of use over REST: recorded, corrected, removed, listed; what they do to a screening."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from api_tests.ingestion.invented import number


@pytest.fixture(scope="module")
def patent(client: httpx.Client) -> int:
    body = {
        "title": "一种登记运用的泵",
        "application_number": number(8701),
        "holders": ["示例运用大学"],
        "filing_date": "2019-01-02",
        "grant_date": "2020-05-06",
        "annuity_paid_until": "2030-01-01",
        "annuity_checked_on": "2026-01-02",
    }
    response = client.post("/api/v1/patents", json=body)
    assert response.status_code == 201, response.text
    assert response.json()["annuity_paid_until"] == "2030-01-01"
    key: int = response.json()["id"]
    return key


def test_a_fact_is_recorded_corrected_listed_and_removed(client: httpx.Client, patent: int) -> None:
    address = f"/api/v1/patents/{patent}/facts"
    pledge: dict[str, Any] = {
        "kind": "质押",
        "party": "示例银行",
        "happened_on": "2024-01-01",
        "value": "质权人已同意",
    }
    made = client.post(address, json=pledge)
    assert made.status_code == 201, made.text
    fact = made.json()
    assert (fact["kind"], fact["value"], fact["ended"]) == ("pledge", "given", False)
    assert client.post(address, json=pledge).status_code == 409
    ended = client.put(f"/api/v1/facts/{fact['id']}", json=pledge | {"ended_on": "2025-06-01"}).json()
    assert (ended["ends_on"], ended["ended"], ended["value_name"]) == ("2025-06-01", True, "质权人已同意")
    assert [row["id"] for row in client.get(address).json()["items"]] == [fact["id"]]
    params: dict[str, Any] = {
        "kind": ["pledge", "许可"],
        "party": "示例银行",
        "patent_id": patent,
        "since": "2024-01-01",
    }
    listed = client.get("/api/v1/facts", params=params).json()
    assert [row["id"] for row in listed["items"]] == [fact["id"]]
    client.post("/api/v1/screenings", json={"as_of": "2026-06-30"})
    reason = client.get(f"/api/v1/patents/{patent}").json()["screening"]["reason"]
    assert reason == "已有运用记录：质押（2024-01-01）"
    assert client.delete(f"/api/v1/facts/{fact['id']}", params={"reason": "登记有误"}).status_code == 200
    assert client.get(address).json() == {"total": 0, "page": 1, "size": 0, "items": []}
    client.post("/api/v1/screenings", json={"as_of": "2026-06-30"})
    assert "未登记≠未实施" in client.get(f"/api/v1/patents/{patent}").json()["screening"]["reason"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"kind": "许可", "value": "独家买断", "happened_on": "2999-01-01"}, "不合理"),
        ({"kind": "馈赠"}, "可用"),
        ({"kind": "被引证次数", "value": "很多"}, "不小于 0 的整数"),
        ({"kind": "许可", "happened_on": "2024-01-01", "ends_on": "2023-01-01"}, "早于发生日"),
        ({"value": "普通"}, "缺少必填项"),
    ],
)
def test_a_wrong_fact_is_refused(
    client: httpx.Client, patent: int, body: dict[str, Any], reason: str
) -> None:
    response = client.post(f"/api/v1/patents/{patent}/facts", json=body)
    assert response.status_code == 422
    assert reason in response.text


def test_unknown_facts_and_patents(client: httpx.Client) -> None:
    assert client.get("/api/v1/patents/2147483647/facts").status_code == 404
    assert client.delete("/api/v1/facts/2147483647", params={"reason": "登记有误"}).status_code == 404
    assert client.get("/api/v1/facts", params={"kind": "馈赠"}).status_code == 422
