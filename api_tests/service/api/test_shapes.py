"""Summaries and chosen properties: the same two parameters on matches, lists and single records."""

from __future__ import annotations

import gzip
import json
from typing import Any

import httpx
import pytest

TEXT = "动力电池在低温下充电慢，希望在零下二十度也能快速充电而不析锂"


@pytest.fixture(scope="module")
def found(client: httpx.Client) -> dict[str, Any]:
    """The full answer to a need."""
    answer: dict[str, Any] = client.post("/api/v1/matches", json={"text": TEXT}).json()
    return answer


def test_a_summary_of_ten_matches_is_short_and_says_what_the_answer_says(
    client: httpx.Client, found: dict[str, Any]
) -> None:
    response = client.post("/api/v1/matches", json={"text": TEXT, "view": "brief"})
    assert len(response.content) < 10_000
    assert len(gzip.compress(response.content, 5)) < 3_000
    brief = response.json()
    assert brief.keys() == {"generation", "notices", "took_ms", "suitable", "items"}
    assert len(brief["items"]) == len(found["items"]) == 10
    for short, full in zip(brief["items"], found["items"], strict=True):
        assert short["patent"] == {
            name: full["patent"][name]
            for name in ("id", "application_number", "title", "holders", "in_force_name")
        }
        assert (short["rank"], short["score"]) == (full["rank"], full["score"])
        assert short["band_name"] == full["confidence"]["band_name"]
        assert short["terms"] == (full["licence"] or {"terms": None})["terms"]
        assert short["verdict_name"] == full["eligibility"]["verdict_name"]
        assert short["segments"] == [one["code"] for one in full["segments"]]
        assert short["evidence"] in [one["sentence"] for one in full["evidence"]] + [None]


@pytest.mark.parametrize(
    "path",
    [
        *("patents", "needs", "enterprises", "licences", "holders", "deals", "facts"),
        *("patents/1", "needs/1", "enterprises/1", "licences/1", "holders/1"),
        *("needs/1/matches", "patents/1/needs", "patents/1/licensees", "holders/1/chances"),
        *("patents/1/matches/night", "needs/1/matches/night"),
    ],
)
def test_every_answer_is_had_in_short_and_in_parts(client: httpx.Client, path: str) -> None:
    address = f"/api/v1/{path}"
    full, brief = client.get(address).json(), client.get(address, params={"view": "brief"}).json()
    rows = brief.get("items", [brief]) if "items" in full else [brief]
    assert len(json.dumps(brief)) <= len(json.dumps(full))
    if rows:
        names = list(rows[0])[:2]
        part = client.get(address, params={"view": "brief", "fields": ",".join(names)})
        assert part.headers["content-type"] == "application/vnd.patentdock.partial+json"
        chosen = part.json()["items"] if "items" in full else [part.json()]
        assert chosen == [{name: row[name] for name in names} for row in rows]
    wrong = client.get(address, params={"fields": "colour"})
    assert wrong.status_code == 422
    assert "没有此字段，可用：" in wrong.json()["detail"]


def test_parts_of_parts_are_chosen(client: httpx.Client, found: dict[str, Any]) -> None:
    asked = {"text": TEXT, "fields": ["rank", "patent.title", "evidence.sentence"]}
    first = client.post("/api/v1/matches", json=asked).json()["items"][0]
    full = found["items"][0]
    assert first == {
        "rank": 1,
        "patent": {"title": full["patent"]["title"]},
        "evidence": [{"sentence": one["sentence"]} for one in full["evidence"]],
    }
    wrong = client.post("/api/v1/matches", json={"text": TEXT, "fields": "patent.colour"})
    assert "application_number" in wrong.json()["detail"]


def test_a_part_of_a_record_has_the_version_of_the_record(client: httpx.Client) -> None:
    tag = client.get("/api/v1/patents/1").headers["etag"]
    response = client.get("/api/v1/patents/1", params={"fields": "title"})
    assert (response.headers["etag"], list(response.json())) == (tag, ["title"])
    again = client.get("/api/v1/patents/1", params={"fields": "title"}, headers={"If-None-Match": tag})
    assert again.status_code == 304


def test_the_document_describes_both_forms(client: httpx.Client) -> None:
    document = client.get("/api/v1/openapi.json").json()
    schemas = document["components"]["schemas"]
    assert schemas["PatentPage"]["properties"]["items"]["items"]["$ref"].endswith("/PatentPublic")
    content = document["paths"]["/api/v1/matches"]["post"]["responses"]["200"]["content"]
    forms = [one["$ref"].rpartition("/")[2] for one in content["application/json"]["schema"]["anyOf"]]
    assert forms == ["PatentMatchResponse", "PatentMatchBriefPage"]
    brief = schemas[forms[1]]["properties"]
    assert "by_segment" not in brief
    assert brief["items"]["items"]["$ref"].endswith("/PatentMatchBrief")
