"""Many records in one call: an import like any other, with a report on each record."""

from __future__ import annotations

from collections import Counter
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api_tests.ingestion.invented import number

STORED = ("new", "changed", "unchanged")


def send(client: httpx.Client, kind: str, records: list[Any], **more: Any) -> dict[str, Any]:
    response = client.post(f"/api/v1/{kind}/bulk", json={"records": records} | more)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    counted = Counter(item["status"] for item in answer["items"])
    assert [item["index"] for item in answer["items"]] == list(range(len(records)))
    assert {status: answer[status] for status in (*STORED, "refused", "waiting") if answer[status]} == counted
    assert answer["rows"] == len(records)
    for item in answer["items"]:
        assert (item["problem"] is None) == (item["status"] in STORED)
    return answer


def patent(serial: int, **values: Any) -> dict[str, Any]:
    return {
        "application_number": number(70_000 + serial),
        "title": f"批量登记的第 {serial} 种轴承座",
        "abstract": "轴承座的润滑结构。",
        "holders": ["示例批量大学"],
        "ipc": ["F16C33/10"],
    } | values


def test_a_call_is_an_import_that_is_listed_and_undone(client: httpx.Client) -> None:
    answer = send(
        client, "patents", [patent(1), patent(2, holders=["甲", "乙"]), patent(3, application_number="2019")]
    )
    assert [item["status"] for item in answer["items"]] == ["new", "new", "refused"]
    problem = answer["items"][2]["problem"]
    assert problem["status"] == 422
    assert [error["field"] for error in problem["errors"]] == ["application_number"]
    row = client.get(f"/api/v1/imports/{answer['import_id']}").json()
    assert (row["file_name"], row["kind"], row["new"], row["rejected"]) == (
        "REST 批量.jsonl",
        "patents",
        2,
        1,
    )
    rejected = client.get(f"/api/v1/imports/{answer['import_id']}/rejected").json()["items"]
    assert [(one["line"], one["field"]) for one in rejected] == [(3, "申请号")]
    stored = client.get(f"/api/v1/patents/{answer['items'][1]['id']}").json()
    assert stored["holders"] == ["甲", "乙"]
    undone = client.post(f"/api/v1/imports/{answer['import_id']}/undo").json()
    assert undone["removed"] == 2
    assert client.get(f"/api/v1/patents/{answer['items'][0]['id']}").status_code == 404


@pytest.mark.parametrize("kind", ["patents", "needs", "enterprises"])
def test_the_same_call_again_changes_nothing_and_create_refuses_it(client: httpx.Client, kind: str) -> None:
    records = {
        "patents": [patent(10), patent(11), patent(12, application_number=None)],
        "needs": [
            {"title": "求轴承座", "text": "轴承座要耐高温。", "enterprise": "示例批量公司"},
            {"title": "求联轴器", "text": "联轴器要耐低温。", "code": "BULK-1"},
            {"title": "求减速器", "text": "减速器要静音。", "external_id": "P-1"},
        ],
        "enterprises": [{"name": "示例批量甲公司"}, {"name": "示例批量乙公司", "products": "轴承"}],
    }[kind]
    dry = send(client, kind, records, dry_run=True)
    assert {(item["status"], item["id"]) for item in dry["items"]} == {("new", None)}
    first = send(client, kind, records)
    assert {item["status"] for item in first["items"]} == {"new"}
    for item in first["items"]:
        assert client.get(f"/api/v1/{kind}/{item['id']}").status_code == 200
    again = send(client, kind, records)
    assert [(item["status"], item["id"]) for item in again["items"]] == [
        ("unchanged", item["id"]) for item in first["items"]
    ]
    created = send(client, kind, records, mode="create")
    assert [
        (item["status"], item["problem"]["status"], item["problem"]["existing_id"])
        for item in created["items"]
    ] == [("refused", 409, item["id"]) for item in first["items"]]


def test_a_record_is_refused_for_what_a_single_one_is_and_no_other_with_it(client: httpx.Client) -> None:
    wrong: list[Any] = [
        {"title": "无描述"},
        {"title": "多一项", "text": "文本", "colour": "red"},
        {"title": "预算", "text": "文本", "budget": "很多"},
        {"title": "企业", "text": "文本", "enterprise_id": 999_999},
        "不是对象",
        None,
    ]
    sound = {"title": "求齿轮", "text": "齿轮要静音。", "code": "BULK-SOUND"}
    answer = send(client, "needs", [*wrong, sound])
    assert [item["status"] for item in answer["items"]] == ["refused"] * 6 + ["new"]
    for record, item in zip(wrong[:3], answer["items"], strict=False):
        alone = client.post("/api/v1/needs", json=record).json()
        assert item["problem"]["detail"] == alone["detail"]
        assert item["problem"]["errors"] == alone["errors"]
    assert "没有编号为 999999 的企业" in answer["items"][3]["problem"]["detail"]


def test_a_number_of_another_patent_waits_and_a_deleted_record_stays_deleted(client: httpx.Client) -> None:
    first = send(client, "patents", [patent(20), patent(21)])
    held, gone = (item["id"] for item in first["items"])
    client.request("DELETE", f"/api/v1/patents/{gone}", params={"reason": "重复"}).raise_for_status()
    other = patent(20, title="一种柔性显示面板", holders=["示例他人公司"], abstract="", ipc=["G09F9/30"])
    answer = send(client, "patents", [other, patent(21)])
    assert [item["status"] for item in answer["items"]] == ["waiting", "refused"]
    assert [item["id"] for item in answer["items"]] == [None, None]
    assert answer["items"][0]["problem"]["existing_id"] == held
    assert "已删除" in answer["items"][1]["problem"]["detail"]
    assert client.get(f"/api/v1/imports/{answer['import_id']}/conflicts").json()["total"] == 1


def test_records_that_contradict_each_other_are_both_refused(client: httpx.Client) -> None:
    other = patent(30, title="一种柔性显示面板", holders=["示例他人公司"], ipc=["G09F9/30"])
    answer = send(client, "patents", [patent(30), patent(31), other])
    assert [item["status"] for item in answer["items"]] == ["refused", "new", "refused"]


@pytest.mark.parametrize("records", [[], [{}] * 1001, "x"])
def test_no_records_and_too_many_are_refused(client: httpx.Client, records: Any) -> None:
    assert client.post("/api/v1/needs/bulk", json={"records": records}).status_code == 422


VALUES = st.one_of(
    st.none(),
    st.integers(),
    st.text(max_size=8),
    st.lists(st.text(max_size=5), max_size=2),
    st.sampled_from(["2026-01-31", "示例批量公司"]),
)
RECORDS = st.one_of(
    st.builds(patent, st.integers(100, 105)),
    st.builds(
        lambda serial, name, value: patent(serial) | {name: value},
        st.integers(100, 105),
        st.sampled_from([*patent(0), "kind", "filing_date", "remark", "x"]),
        VALUES,
    ),
    VALUES,
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(RECORDS, min_size=1, max_size=8))
def test_whatever_is_sent_adds_up_and_what_is_stored_can_be_read(
    client: httpx.Client, records: list[Any]
) -> None:
    answer = send(client, "patents", records)
    for item in answer["items"]:
        if item["status"] in STORED:
            assert client.get(f"/api/v1/patents/{item['id']}").status_code == 200
