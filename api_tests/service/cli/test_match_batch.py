"""The command that matches a list of needs: each as REST answers it, on the terminal, as JSON and as a workbook."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pytest

from catalog.demand.needs import full_text
from service.cli.main import main
from service.installation.runtime import Runtime
from service.requests.batches import QueryOptions, answer_to_all

NEEDS = (
    ("检测仪校准", "燃气泄漏检测仪零点漂移，希望不用标准气也能自动校准"),
    ("动力电池", "动力电池在低温下充电慢，希望快速充电而不析锂"),
    ("动力电池", "电池热失控预警"),
)
LIST = "需求名称,需求描述\n" + "".join(f"{name},{text}\n" for name, text in NEEDS)


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch, installation: Runtime) -> Runtime:
    """The session's installation in place of the one of the settings: its model is loaded already."""
    monkeypatch.setattr("service.cli.commands.match_batch.ready_runtime", lambda: installation)
    return installation


def matched(item: dict[str, Any]) -> list[tuple[int, float]]:
    return [(one["patent"]["id"], one["score"]) for one in item["matches"]["items"]]


def test_a_list_is_matched_as_rest_matches_it(
    tmp_path: Path, client: httpx.Client, capsys: pytest.CaptureFixture[str]
) -> None:
    file, out = tmp_path / "需求.csv", tmp_path / "结果.xlsx"
    file.write_text(LIST, encoding="gbk")
    assert main(["match-batch", str(file), "--top", "3", "--out", str(out), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    names = [item["name"] for item in answer["items"]]
    assert names[:2] == ["检测仪校准", "动力电池"]
    assert names[2].endswith("第 4 行）")
    queries = [
        {"name": name, "text": full_text(title, text), "top_k": 3}
        for name, (title, text) in zip(names, NEEDS, strict=True)
    ]
    rest = [
        client.post("/api/v1/matches/batch", json={"queries": [query]}).json()["items"][0]
        for query in queries
    ]
    assert [*map(matched, answer["items"])] == [*map(matched, rest)]

    book = openpyxl.load_workbook(out)
    heading, *rows = book["查询"].iter_rows(values_only=True)
    assert heading[:3] == ("查询", "最高匹配程度", "结果数")
    assert [row[0] for row in rows] == names
    assert [row[2] for row in rows] == [len(item["matches"]["items"]) for item in answer["items"]]
    hits = [*book["匹配结果"].iter_rows(min_row=2, values_only=True)]
    first = answer["items"][0]["matches"]["items"][0]
    assert hits[0][:5] == (
        names[0],
        1,
        first["confidence"]["band_name"],
        first["patent"]["application_number"],
        first["patent"]["title"],
    )
    assert hits[0][-1] == first["evidence"][0]["sentence"]
    assert len(hits) == sum(len(item["matches"]["items"]) for item in answer["items"])


def test_many_queries_are_answered_in_batches_of_one_generation(installation: Runtime) -> None:
    queries = [{"name": f"查询{place}", "text": text} for place, (_, text) in enumerate(NEEDS)]
    parts = [*answer_to_all(installation, queries, QueryOptions(top_k=2), at_once=2)]
    assert [[one.name for one in part.items] for part in parts] == [["查询0", "查询1"], ["查询2"]]
    assert len({part.generation for part in parts}) == 1
    counts = [len(one.matches.items) for part in parts for one in part.items if one.matches]
    assert counts == [2, 2, 2]


def test_queries_of_all_kinds_are_answered_and_a_failed_one_is_named(
    tmp_path: Path, client: httpx.Client, capsys: pytest.CaptureFixture[str]
) -> None:
    patent = client.get("/api/v1/patents", params={"size": 1}).json()["items"][0]["id"]
    file, out = tmp_path / "查询.jsonl", tmp_path / "结果.xlsx"
    queries: list[dict[str, Any]] = [
        {"name": "反向", "patent_id": patent, "top_k": 2},
        {"name": "未知", "need_id": 999_999},
        {"name": "两项", "need_id": 1, "text": "水泵"},
    ]
    file.write_text("\n".join(map(json.dumps, queries)) + "\n\n")
    assert main(["match-batch", str(file), "--out", str(out)]) == 1
    printed, err = capsys.readouterr()
    assert "其中 2 条未能匹配" in err
    assert "反向" in printed
    _, reverse, unknown, two = openpyxl.load_workbook(out)["查询"].iter_rows(values_only=True)
    assert reverse[2] == 2
    assert unknown[4] == "没有编号为 999999 的技术需求"
    assert "填写一项" in str(two[4])
    assert main(["match-batch", str(file), "--json"]) == 1
    items = json.loads(capsys.readouterr().out)["items"]
    rest = client.post("/api/v1/matches/batch", json={"queries": queries}).json()["items"]
    assert items[1:] == rest[1:]


@pytest.mark.parametrize(
    ("name", "content", "words", "code", "message"),
    [
        ("a.jsonl", '{"name": "甲", "text": "水泵"}\n[]', [], 1, "第 2 行不是查询"),
        ("a.jsonl", '{"name": "甲", "text": "水泵"}\n' * 2, [], 1, "名称“甲”重复"),
        ("a.jsonl", "[" * 100_000, [], 1, "第 1 行不是查询"),
        ("a.jsonl", '{"name": "甲", "text": "水泵"}', ["--region", "火星"], 2, "--region：未找到地区“火星”"),
        ("a.jsonl", '{"name": "甲", "text": "水泵"}', ["--top", "51"], 2, "--top：应不大于 50"),
        ("a.csv", "单位,电话\n甲厂,1\n", [], 1, "缺少"),
        ("a.csv", "需求名称,需求描述\n" + "泵,漏水\n" * 1001, [], 1, "超过 1000 条"),
        ("没有.csv", None, [], 1, "没有.csv 无法打开：不存在"),
    ],
)
def test_a_file_that_is_no_list_is_explained(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    content: str | None,
    words: list[str],
    code: int,
    message: str,
) -> None:
    if content is not None:
        (tmp_path / name).write_text(content, "utf-8")
    assert main(["match-batch", str(tmp_path / name), *words]) == code
    out, err = capsys.readouterr()
    assert message in err
    assert not out
