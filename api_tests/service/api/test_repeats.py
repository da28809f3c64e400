"""Requests that make a record, repeated under an Idempotency-Key."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest

from api_tests.service.api.kinds import Maker, number_of
from catalog.accounts import repeats
from catalog.kit.base import now
from service.installation.runtime import Runtime


@pytest.fixture(scope="module")
def maker(client: httpx.Client, installation: Runtime) -> Maker:
    return Maker(client, installation)


def test_a_repeated_request_makes_one_record_and_gets_the_first_answer(client: httpx.Client) -> None:
    headers, body = {"Idempotency-Key": uuid4().hex}, {"title": "重复", "text": "重复提交的需求"}
    first = client.post("/api/v1/needs", json=body, headers=headers)
    assert first.status_code == 201, first.text
    assert "idempotency-replayed" not in first.headers
    again = client.post("/api/v1/needs", json=body, headers=headers)
    assert (again.status_code, again.json()) == (201, first.json())
    for name in ("etag", "location"):
        assert again.headers[name] == first.headers[name]
    assert again.headers["idempotency-replayed"] == "true"
    other = client.post("/api/v1/needs", json=body | {"text": "另一条"}, headers=headers)
    assert other.status_code == 422
    assert "幂等键" in other.json()["detail"]
    elsewhere = client.post("/api/v1/enterprises", json={"name": "示例重复有限公司"}, headers=headers)
    assert elsewhere.status_code == 422


def test_requests_sent_at_once_under_one_key_make_one_record(client: httpx.Client) -> None:
    headers, body = (
        {"Idempotency-Key": uuid4().hex},
        {"title": "一种同时提交的装置", "application_number": number_of(9_978_001)},
    )
    with ThreadPoolExecutor(4) as pool:
        answers = list(
            pool.map(lambda _: client.post("/api/v1/patents", json=body, headers=headers), range(4))
        )
    assert [answer.status_code for answer in answers] == [201] * 4
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 3


def test_a_request_that_was_refused_may_be_mended_under_its_key(client: httpx.Client) -> None:
    headers = {"Idempotency-Key": uuid4().hex}
    assert client.post("/api/v1/needs", json={"title": "缺描述"}, headers=headers).status_code == 422
    mended = client.post("/api/v1/needs", json={"title": "有描述", "text": "改正后提交"}, headers=headers)
    assert mended.status_code == 201


def test_a_receipt_is_recorded_once(client: httpx.Client, maker: Maker) -> None:
    deal, headers = maker.deal(), {"Idempotency-Key": uuid4().hex}
    for _ in range(2):
        answer = client.post(
            f"/api/v1/deals/{deal['id']}/receipts",
            json={"received_on": "2025-05-01", "amount": 2000},
            headers=headers,
        )
        assert answer.status_code == 201, answer.text
        assert answer.json()["received"] == "3000.00"


def test_a_key_is_free_again_after_a_day(client: httpx.Client, installation: Runtime) -> None:
    headers = {"Idempotency-Key": uuid4().hex}
    assert (
        client.post("/api/v1/needs", json={"title": "甲", "text": "第一日"}, headers=headers).status_code
        == 201
    )
    with installation.database.write() as session:
        repeats.forget(session, now() + timedelta(hours=23))
    assert (
        client.post("/api/v1/needs", json={"title": "乙", "text": "第二日"}, headers=headers).status_code
        == 422
    )
    with installation.database.write() as session:
        repeats.forget(session, now() + timedelta(hours=25))
    assert (
        client.post("/api/v1/needs", json={"title": "乙", "text": "第二日"}, headers=headers).status_code
        == 201
    )
