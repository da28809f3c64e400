"""Feedback over REST: re-ranking by marks, typed answers, their list, workbook and summary."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import httpx
import openpyxl
import pytest

TEXT = "水泵轴封漏水，想要寿命长、不用停机更换的密封"


@pytest.fixture
def stored(client: httpx.Client) -> Iterator[list[dict[str, Any]]]:
    """Answers that are taken out again."""
    made: list[dict[str, Any]] = []
    yield made
    for one in made:
        client.delete(f"/api/v1/feedback/{one['id']}")


def test_marks_change_this_request_alone(client: httpx.Client) -> None:
    asked = {"text": TEXT, "top_k": 10}
    before = [i["patent"]["id"] for i in client.post("/api/v1/matches", json=asked).json()["items"]]
    marks = {"suitable": [before[6]], "unsuitable": before[:2]}
    response = client.post("/api/v1/matches/refine", json=asked | marks)
    assert response.status_code == 200, response.text
    answer = response.json()
    after = [item["patent"]["id"] for item in answer["items"]]
    assert not set(after) & set(before[:2])
    assert after.index(before[6]) < 4
    assert "不影响其他人的结果" in answer["refinement"]["note"]
    again = [i["patent"]["id"] for i in client.post("/api/v1/matches", json=asked).json()["items"]]
    assert again == before


def test_one_patent_cannot_have_both_marks(client: httpx.Client) -> None:
    body = {"text": TEXT, "suitable": [1, 2], "unsuitable": [2]}
    response = client.post("/api/v1/matches/refine", json=body)
    assert response.status_code == 422
    assert "同时标为合适与不合适" in response.json()["detail"]


def test_an_answer_is_stored_listed_exported_and_counted(
    client: httpx.Client, stored: list[dict[str, Any]]
) -> None:
    need = client.get("/api/v1/needs", params={"size": 1}).json()["items"][0]
    body = {"need_id": need["id"], "patent_id": 1, "verdict": "不合适", "reason": "已有方案", "rank": 3}
    response = client.post("/api/v1/feedback", json=body)
    assert response.status_code == 201, response.text
    stored.append(response.json())
    assert response.json()["who"] == need["enterprise_name"]
    assert response.json()["actor"] == "测试平台"
    wanted = {"reason": "has_solution", "need_id": need["id"]}
    found = client.get("/api/v1/feedback", params=wanted).json()
    assert [item["id"] for item in found["items"]] == [stored[0]["id"]]
    assert client.get("/api/v1/feedback", params=wanted | {"verdict": "合适"}).json()["total"] == 0
    sheet = openpyxl.load_workbook(
        io.BytesIO(client.get("/api/v1/feedback/export.xlsx", params=wanted).content)
    ).worksheets[0]
    assert sheet.cell(2, 5).value == "已有方案"
    counted = client.get("/api/v1/feedback/summary", params=wanted).json()
    assert counted["whole"]["answers"] == 1
    assert counted["whole"]["note"].startswith("样本不足")
    assert counted["whole"]["reasons"] is None
    assert counted["by_holder"][0]["unsuitable"] is None
    assert "不改变" in counted["note"]


def test_answers_do_not_move_any_ranking(client: httpx.Client, stored: list[dict[str, Any]]) -> None:
    asked = {"text": TEXT, "top_k": 5}
    before = client.post("/api/v1/matches", json=asked).json()["items"]
    for number in range(8):
        body = {
            "text": TEXT, "patent_id": before[0]["patent"]["id"], "verdict": "unsuitable", "reason": "price",
            "who": f"某某{number}厂",
        }  # fmt: skip
        stored.append(client.post("/api/v1/feedback", json=body).json())
    after = client.post("/api/v1/matches", json=asked).json()["items"]
    assert [(i["patent"]["id"], i["score"]) for i in after] == [
        (i["patent"]["id"], i["score"]) for i in before
    ]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"text": TEXT, "verdict": "不合适", "who": "甲厂"}, "应说明原因"),
        ({"text": TEXT, "verdict": "合适", "reason": "价格", "who": "甲厂"}, "合适的不填原因"),
        ({"verdict": "合适", "who": "甲厂"}, "应填且只填一项"),
        ({"text": TEXT, "verdict": "合适"}, "未写明作答的企业"),
        ({"text": TEXT, "verdict": "不合适", "reason": "太远", "who": "甲厂"}, "技术不成熟"),
    ],
)
def test_answers_that_say_too_little_are_refused(
    client: httpx.Client, body: dict[str, Any], said: str
) -> None:
    response = client.post("/api/v1/feedback", json={"patent_id": 1} | body)
    assert response.status_code == 422
    assert said in response.json()["detail"]


def test_links_of_the_page_mark_and_rank_anew(server: str) -> None:
    plain = httpx.get(f"{server}/", params={"q": TEXT}, timeout=120).text
    links = re.findall(r'href="(/\?[^"]*unsuitable=(\d+))"', plain)
    address, marked = links[0]
    anew = httpx.get(f"{server}{unescape(address)}", timeout=120).text
    assert "只略去不合适的" in anew
    assert f"&amp;suitable={marked}&" not in anew
    assert len(re.findall('class="result"', anew)) == len(re.findall('class="result"', plain))
    liked = httpx.get(f"{server}/", params={"q": TEXT, "suitable": marked}, timeout=120).text
    assert "已标为合适（取消）" in liked
    assert "不影响其他人的结果" in liked
    # What is no number is no mark.
    odd = httpx.get(f"{server}/", params={"q": TEXT, "suitable": "x,٣,-1"}, timeout=120)
    assert odd.status_code == 200
