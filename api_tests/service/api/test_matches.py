"""Matches over REST: what an answer holds, filters by code and by name, and every refusal."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from index.text import sentences

NEED = "燃气泄漏检测仪零点漂移，希望不用标准气也能自动校准"


def match(client: httpx.Client, **body: Any) -> dict[str, Any]:
    response = client.post("/api/v1/matches", json={"text": NEED} | body)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def refusal(client: httpx.Client, **body: Any) -> dict[str, Any]:
    response = client.post("/api/v1/matches", json={"text": NEED} | body)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    return problem


def test_an_answer_holds_everything_it_rests_on(client: httpx.Client) -> None:
    answer = match(client, top_k=5)
    assert answer["model"] == "multilingual-e5-small"
    assert answer["segment_catalogue"] == "HB-2021.1"
    assert answer["generation"]
    assert [item["rank"] for item in answer["items"]] == [1, 2, 3, 4, 5]
    scores = [item["score"] for item in answer["items"]]
    assert scores == sorted(scores, reverse=True)
    for item in answer["items"]:
        patent = item["patent"]
        assert patent["is_demo"]
        its = item["scores"]
        assert round(its["document"] + its["sentence"] + its["lexical"], 6) == item["relevance"]
        assert round(item["relevance"] + sum(f["amount"] for f in item["factors"]), 6) == item["score"]
        assert any(its[rank] is not None for rank in ("dense_rank", "lexical_rank"))
        assert all(segment["basis_name"] == "推断（IPC）" for segment in item["segments"])
        for evidence in item["evidence"]:
            text = patent[evidence["field"]]
            assert text[evidence["start"] : evidence["end"]] == evidence["sentence"]
            assert evidence["sentence"] in [part.text for part in sentences(text)]
    assert sum(entry["count"] for entry in answer["by_segment"]) == sum(
        len(item["segments"]) for item in answer["items"]
    )


def test_ten_patents_are_answered_by_default(client: httpx.Client) -> None:
    assert len(match(client)["items"]) == 10


@pytest.mark.parametrize(
    ("field", "code", "name"),
    [
        ("segment", "HB01", "光电子信息"),
        ("region", "420000", "湖北"),
        ("region", "420100", "武汉市"),
        ("kind", "utility_model", "实用新型"),
        ("holder_kind", "university", "高校"),
        ("industry", "C", "制造业"),
    ],
)
def test_filters_take_codes_and_names(client: httpx.Client, field: str, code: str, name: str) -> None:
    by_code, by_name = (match(client, top_k=200, filters={field: value}) for value in (code, [name]))
    assert by_code["items"]
    assert [item["patent"]["id"] for item in by_code["items"]] == [
        item["patent"]["id"] for item in by_name["items"]
    ]


def test_a_filter_keeps_every_patent_that_meets_it_and_no_other(client: httpx.Client) -> None:
    everything = match(client, top_k=200)["items"]
    wanted = {item["patent"]["id"] for item in everything if item["licence"] and item["patent"]["in_force"]}
    kept = match(client, top_k=200, filters={"open_licence": True, "in_force_on": "2026-06-30"})["items"]
    running = {i["patent"]["id"] for i in everything if (i["licence"] or {}).get("status") == "published"}
    assert {item["patent"]["id"] for item in kept} <= wanted & running
    assert all(item["licence"]["terms"] for item in kept)
    assert kept


def test_a_need_is_matched_as_its_text(client: httpx.Client) -> None:
    need = client.get("/api/v1/needs", params={"size": 1}).json()["items"][0]
    by_id = client.get(f"/api/v1/needs/{need['id']}/matches", params={"top_k": 3, "region": "湖北省"}).json()
    by_text = match(client, text=f"{need['title']}。{need['text']}", top_k=3, filters={"region": "420000"})
    assert [item["patent"]["id"] for item in by_id["items"]] == [
        item["patent"]["id"] for item in by_text["items"]
    ]


def test_a_patent_is_matched_to_open_needs(client: httpx.Client) -> None:
    first = match(client, top_k=1)["items"][0]["patent"]["id"]
    answer = client.get(f"/api/v1/patents/{first}/needs", params={"top_k": 4}).json()
    assert [item["rank"] for item in answer["items"]] == [1, 2, 3, 4]
    assert {"code", "enterprise_name", "is_demo"} <= answer["items"][0]["need"].keys()


@pytest.mark.parametrize(
    ("body", "field", "reason"),
    [
        ({"top_k": 0}, "top_k", "应不小于 1"),
        ({"top_k": 201}, "top_k", "应不大于 200"),
        ({"top_k": "10"}, "top_k", "应为整数"),
        ({"text": "   "}, "text", "至少需要 1 个字符"),
        ({"text": "长" * 20_001}, "text", "最多 20000 个字符"),
        ({"text": "长" * 100_000}, "text", "最多 20000 个字符"),
        ({"text": "锂\x00电"}, "请求", "空字符（NUL）"),
        ({"text": 5}, "text", "应为文本"),
        ({"texts": "锂"}, "texts", "不支持此字段"),
        ({"filters": {"segment": "HB99"}}, "segment", "如“HB"),
        ({"filters": {"region": ["荆洲市"]}}, "region", "荆州市"),
        ({"filters": {"kind": "商标"}}, "kind", "invention（发明）"),
        ({"filters": {"holder_kind": "火星人"}}, "holder_kind", "university（高校）"),
        ({"filters": {"ipc": "G06F4x"}}, "ipc", "应为完整的一级"),
        ({"filters": {"industry": "9999"}}, "industry", "GB/T 4754"),
        ({"filters": {"in_force_on": "2026-02-30"}}, "filters.in_force_on", "应为日期"),
        ({"filters": {"in_force_on": 20260101}}, "filters.in_force_on", "应为日期"),
        ({"filters": {"colour": "red"}}, "filters.colour", "不支持此字段"),
    ],
)
def test_what_cannot_be_matched_is_refused_by_field(
    client: httpx.Client, body: dict[str, Any], field: str, reason: str
) -> None:
    problem = refusal(client, **body)
    found = {entry["field"] or entry["label"]: entry["reason"] for entry in problem["errors"]}
    assert reason in found[field]
    assert field in problem["detail"]
    assert len(problem["detail"]) < 1500


def test_several_wrong_values_are_named_at_once(client: httpx.Client) -> None:
    problem = refusal(client, filters={"region": ["火星", "武汉市"], "kind": "商标"})
    assert [entry["field"] for entry in problem["errors"]] == ["region", "kind"]


def test_a_body_that_is_no_json_is_refused(client: httpx.Client) -> None:
    response = client.post("/api/v1/matches", content=b"{text", headers={"Content-Type": "application/json"})
    assert response.status_code == 422
    assert "不是有效的 JSON" in response.json()["detail"]


@pytest.mark.parametrize("path", ["needs/999999/matches", "patents/999999/needs"])
def test_unknown_ids_are_not_found(client: httpx.Client, path: str) -> None:
    response = client.get(f"/api/v1/{path}")
    assert response.status_code == 404
    assert "999999" in response.json()["detail"]
