"""Factors over REST: parts and factors add up to every score, nothing counts where nothing may, and what is said of a need."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from matching.ranking.factors import CODES, FILE_NAME, source
from matching.ranking.factors import load as load_factors
from service.installation.runtime import Runtime

NEED = "燃气泄漏检测仪零点漂移，希望不用标准气也能自动校准"
Items = list[dict[str, Any]]


def items(client: httpx.Client, **body: Any) -> Items:
    answer = client.post("/api/v1/matches", json={"text": NEED, "top_k": 200, "fold": False} | body)
    assert answer.status_code == 200, answer.text
    found: Items = answer.json()["items"]
    return found


def ranking(found: Items) -> list[tuple[int, float]]:
    return [((item.get("patent") or item["need"])["id"], item["score"]) for item in found]


def factor(item: dict[str, Any], code: str) -> dict[str, Any]:
    (one,) = [one for one in item["factors"] if one["code"] == code]
    assert isinstance(one, dict)
    return one


def millionths(amount: float) -> int:
    assert round(amount, 6) == amount
    return round(amount * 1e6)


def test_parts_and_factors_add_up_to_every_score(client: httpx.Client) -> None:
    need = client.get("/api/v1/needs", params={"size": 1}).json()["items"][0]["id"]
    patent = items(client)[0]["patent"]["id"]
    by_id = [f"/api/v1/needs/{need}/matches", f"/api/v1/patents/{patent}/needs"]
    lists = [items(client, context={"segment": "HB02", "region": "武汉市"})]
    lists += [client.get(path, params={"top_k": 200}).json()["items"] for path in by_id]
    for found in lists:
        assert found
        for item in found:
            parts = [millionths(item["scores"][name]) for name in ("document", "sentence", "lexical")]
            assert sum(parts) == millionths(item["relevance"])
            amounts = [millionths(one["amount"]) for one in item["factors"]]
            assert sum(parts) + sum(amounts) == millionths(item["score"])
            assert [one["code"] for one in item["factors"]] == list(CODES)
            assert all(one["reason"] and one["name"] for one in item["factors"])
        order = [(-item["score"], (item.get("patent") or item["need"])["id"]) for item in found]
        assert order == sorted(order)
    assert {one["amount"] > 0 for found in lists for item in found for one in item["factors"]} == {
        True,
        False,
    }


def test_without_factors_the_list_is_that_of_relevance(client: httpx.Client) -> None:
    plain = items(client, factors=False, context={"region": "武汉市"})
    assert all(item["factors"] == [] and item["score"] == item["relevance"] for item in plain)
    counted = items(client, context={"region": "武汉市"})
    relevance = {item["patent"]["id"]: item["relevance"] for item in counted}
    assert ranking(plain) == sorted(relevance.items(), key=lambda pair: (-pair[1], pair[0]))
    assert ranking(counted) != ranking(plain)


@pytest.fixture
def without_weights(installation: Runtime) -> Iterator[None]:
    """Every weight zero in the operator's own file."""
    lines = source().text.splitlines()
    zero = "\n".join("weight = 0.0" if line.startswith("weight") else line for line in lines)
    path = installation.settings.data / FILE_NAME
    path.write_text(zero, "utf-8")
    assert not any(factor.weight for factor in load_factors(installation.settings.data).factors.values())
    yield
    path.unlink()


@pytest.mark.usefixtures("without_weights")
def test_weights_of_zero_give_the_pure_order_bit_for_bit(client: httpx.Client) -> None:
    need = client.get("/api/v1/needs", params={"size": 1}).json()["items"][0]["id"]
    asks: list[Callable[[bool], Items]] = [
        lambda on: items(client, factors=on, context={"segment": "HB02", "region": "武汉市"}),
        lambda on: client.get(
            f"/api/v1/needs/{need}/matches", params={"top_k": 200, "factors": on, "fold": False}
        ).json()["items"],
        lambda on: client.get("/api/v1/patents/1/needs", params={"factors": on}).json()["items"],
    ]
    for ask in asks:
        counted, plain = ask(True), ask(False)
        assert ranking(counted) == ranking(plain)
        assert all(one["amount"] == 0 for item in counted for one in item["factors"])


def test_what_is_said_of_a_need_counts_and_what_is_not_is_unknown(client: httpx.Client) -> None:
    said, unsaid = items(client, context={"region": "湖北省", "segment": ["光电子信息"]}), items(client)
    for item in unsaid:
        for code in ("region", "segment"):
            assert factor(item, code)["amount"] == 0
            assert factor(item, code)["reason"].endswith("不计分")
    for item in said:
        region, segments = item["patent"]["province"], {one["code"] for one in item["segments"]}
        assert (factor(item, "region")["amount"] > 0) == (region == "420000")
        assert (factor(item, "segment")["amount"] > 0) == ("HB01" in segments)
    # Confidence and what is found rest on relevance alone.
    known = {item["patent"]["id"]: item for item in said}
    assert {item["patent"]["id"] for item in unsaid} == known.keys()
    assert all(item["confidence"] == known[item["patent"]["id"]]["confidence"] for item in unsaid)


def test_a_place_or_segment_that_does_not_exist_is_refused(client: httpx.Client) -> None:
    body = {"text": NEED, "context": {"segment": "HB99", "region": "荆洲市"}}
    answer = client.post("/api/v1/matches", json=body)
    assert answer.status_code == 422
    reasons = {one["field"]: one["reason"] for one in answer.json()["errors"]}
    assert "如“HB" in reasons["context.segment"]
    assert "荆州市" in reasons["context.region"]


def test_a_pair_has_one_score_from_both_sides(client: httpx.Client) -> None:
    for need in client.get("/api/v1/needs", params={"size": 5}).json()["items"]:
        forth = client.get(f"/api/v1/needs/{need['id']}/matches", params={"top_k": 1}).json()["items"][0]
        back = client.get(f"/api/v1/patents/{forth['patent']['id']}/needs", params={"top_k": 200}).json()
        (same,) = [item for item in back["items"] if item["need"]["id"] == need["id"]]
        assert same["factors"] == forth["factors"]
