"""Batches of named queries over REST: each is answered as it is alone, and fails alone."""

from __future__ import annotations

import io
import json
from typing import Any

import httpx
import openpyxl
import pytest

import demo
from service.installation.runtime import Runtime
from service.requests.batches import BatchRequest, CallerGone, answer_to_batch

TEXTS = [
    f"{row['需求名称']}。{row['需求描述']}"
    for row in map(json.loads, demo.path("needs").read_text("utf-8").splitlines())
][:12]


def batch(client: httpx.Client, *queries: dict[str, Any], **more: Any) -> dict[str, Any]:
    response = client.post("/api/v1/matches/batch", json={"queries": queries} | more)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    assert [item["name"] for item in answer["items"]] == [query["name"].strip() for query in queries]
    return answer


def untimed(response: httpx.Response) -> str:
    """An answer but for its time, its members in order."""
    return json.dumps({name: value for name, value in response.json().items() if name != "took_ms"})


def matches(item: dict[str, Any]) -> str:
    return json.dumps({name: value for name, value in item["matches"].items() if name != "took_ms"})


def test_each_query_is_answered_as_alone_to_the_last_digit(client: httpx.Client) -> None:
    filters = {"kind": ["invention"], "region": ["湖北省"]}
    context = {"segment": ["HB02"], "region": "武汉市"}
    need, patent = (
        client.get(f"/api/v1/{kind}", params={"size": 1}).json()["items"][0]["id"]
        for kind in ("needs", "patents")
    )
    texts = [
        {
            "text": text,
            "top_k": 3 + place,
            "filters": filters if place % 2 else {},
            "context": context if place % 3 else {},
        }
        for place, text in enumerate([*TEXTS, "1", TEXTS[0][:20]])
    ]
    named = [body | {"name": f"第{place}个"} for place, body in enumerate(texts)]
    by_id = [{"name": "需求", "need_id": need, "top_k": 4}, {"name": "反向", "patent_id": patent, "top_k": 4}]
    answer = batch(client, by_id[0], *named, by_id[1], defaults={"filters": {}})

    alone = [
        client.get(f"/api/v1/needs/{need}/matches", params={"top_k": 4}),
        *(client.post("/api/v1/matches", json=body) for body in texts),
        client.get(f"/api/v1/patents/{patent}/needs", params={"top_k": 4}),
    ]
    assert [matches(item) for item in answer["items"]] == [untimed(response) for response in alone]
    assert {item["matches"]["generation"] for item in answer["items"]} == {answer["generation"]}


def test_defaults_hold_where_a_query_states_nothing(client: httpx.Client) -> None:
    defaults = {"top_k": 2, "filters": {"kind": "utility_model"}, "context": {"region": "武汉市"}}
    need = client.get("/api/v1/needs", params={"size": 1}).json()["items"][0]["id"]
    answer = batch(
        client,
        {"name": "甲", "text": TEXTS[0]},
        {"name": "乙", "text": TEXTS[0], "top_k": 3, "filters": {}},
        {"name": "丙", "need_id": need},
        defaults=defaults,
    )
    alone = [
        client.post("/api/v1/matches", json={"text": TEXTS[0]} | defaults),
        client.post("/api/v1/matches", json={"text": TEXTS[0], "top_k": 3, "context": defaults["context"]}),
        client.get(f"/api/v1/needs/{need}/matches", params={"top_k": 2, "kind": "utility_model"}),
    ]
    assert [matches(item) for item in answer["items"]] == [untimed(response) for response in alone]


@pytest.mark.parametrize(
    ("query", "status", "field", "reason"),
    [
        ({"text": TEXTS[0], "top_k": 51}, 422, "top_k", "应不大于 50"),
        ({"text": ""}, 422, "text", "至少需要 1 个字符"),
        ({"text": "长" * 20_001}, 422, "text", "最多 20000 个字符"),
        ({"text": TEXTS[0], "filters": {"region": "火星"}}, 422, "region", "未找到地区"),
        ({"text": TEXTS[0], "context": {"segment": "HB99"}}, 422, "context.segment", "未找到产业领域"),
        ({"text": TEXTS[0], "colour": "red"}, 422, "colour", "不支持此字段"),
        ({"text": TEXTS[0], "need_id": 1}, 422, "请求", "只填写一项"),
        ({}, 422, "请求", "只填写一项"),
        ({"patent_id": 1, "context": {"region": "武汉市"}}, 422, "请求", "只用于按文本匹配"),
        ({"need_id": 999_999}, 404, "", "没有编号为 999999 的技术需求"),
        ({"patent_id": 999_999}, 404, "", "没有编号为 999999 的专利"),
    ],
)
def test_a_query_fails_alone_with_its_own_problem(
    client: httpx.Client, query: dict[str, Any], status: int, field: str, reason: str
) -> None:
    sound = {"name": "可以", "text": TEXTS[1], "top_k": 1}
    wrong, right = batch(client, query | {"name": "有误"}, sound)["items"]
    assert len(right["matches"]["items"]) == 1
    assert set(wrong) == {"name", "problem"}
    problem = wrong["problem"]
    assert problem["status"] == status
    assert reason in problem["detail"]
    named = [entry["field"] or entry["label"] for entry in problem.get("errors", [])]
    assert named == ([field] if field else [])


@pytest.mark.parametrize(
    ("queries", "reason"),
    [
        ([], "至少需要 1 项"),
        ([{"name": f"{n}", "text": "电池"} for n in range(51)], "最多 50 项"),
        ([{"name": "甲", "text": "电池"}, {"name": " 甲", "text": "电机"}], "名称“甲”重复"),
        ([{"text": "电池"}], "第 1 个查询的名称"),
        ([{"name": 5, "text": "电池"}], "第 1 个查询的名称"),
        (["电池"], "第 1 个查询的名称"),
        ([{"name": "\ud800", "text": "电池"}], "第 1 个查询的名称"),
    ],
)
def test_a_batch_without_distinct_names_is_refused(
    client: httpx.Client, queries: list[Any], reason: str
) -> None:
    headers = {"Content-Type": "application/json"}
    body = json.dumps({"queries": queries})
    response = client.post("/api/v1/matches/batch", content=body, headers=headers)
    assert response.status_code == 422
    assert reason in response.json()["detail"]


def test_fifty_of_the_longest_texts_are_not_too_large(client: httpx.Client) -> None:
    queries = [{"name": f"{n}", "text": "长" * 20_001} for n in range(50)]
    answer = batch(client, *queries)
    assert all("problem" in item for item in answer["items"])


def test_nothing_more_is_matched_once_the_caller_has_left(installation: Runtime) -> None:
    queries = [{"name": str(place), "text": text} for place, text in enumerate(TEXTS)]
    looks: list[int] = []

    def has_left() -> bool:
        looks.append(1)
        return len(looks) > 1

    with pytest.raises(CallerGone):
        answer_to_batch(installation, BatchRequest.model_validate({"queries": queries}), has_left)
    assert len(looks) == 2


def test_a_batch_leaves_as_one_workbook_with_the_same_results(client: httpx.Client) -> None:
    body = {
        "queries": [{"name": "甲", "text": TEXTS[0]}, {"name": "=1+1", "need_id": 999_999}],
        "defaults": {"top_k": 2},
    }
    items = client.post("/api/v1/matches/batch", json=body).json()["items"]
    response = client.post("/api/v1/matches/batch/export.xlsx", json=body)
    assert response.status_code == 200, response.text
    book = openpyxl.load_workbook(io.BytesIO(response.content))
    _, first, second = book["查询"].iter_rows(values_only=True)
    assert first[::2][:2] == ("甲", 2)
    assert (second[0], second[4]) == ("=1+1", items[1]["problem"]["detail"])
    hits = [row[:2] + row[4:5] for row in book["匹配结果"].iter_rows(min_row=2, values_only=True)]
    assert hits == [("甲", one["rank"], one["patent"]["title"]) for one in items[0]["matches"]["items"]]
