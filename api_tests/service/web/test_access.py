"""Keys, health, limits, headers, and what callers see of errors that nobody foresaw."""

from __future__ import annotations

import asyncio
import logging
import socket
from pathlib import Path

import httpx
import pytest

from catalog.accounts import keys as access_keys
from catalog.kit.days import beijing_today
from index.generations.build import reindex
from service.app import create_app
from service.installation.runtime import Runtime
from service.installation.settings import Settings
from service.installation.setup import initialise


def get(app_of: Runtime, path: str, **headers: str) -> httpx.Response:
    """One request without the start of the service, so that nothing is loaded."""

    async def request() -> httpx.Response:
        transport = httpx.ASGITransport(create_app(app_of), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://patentdock") as caller:
            return await caller.get(path, headers=headers)

    return asyncio.run(request())


@pytest.fixture
def bare(tmp_path: Path) -> Runtime:
    """An installation of which nothing has been set up."""
    return Runtime(Settings(data=tmp_path))


@pytest.mark.parametrize(
    "authorization",
    [None, "Bearer", "Bearer pd_1_wrong", "Basic cGRfMV94", "Bearer pd_99999999999999999999_x", "Bearer 锂"],
)
def test_without_a_valid_key_nothing_is_answered(server: str, authorization: str | None) -> None:
    headers = [(b"Authorization", authorization.encode())] if authorization else []
    response = httpx.get(f"{server}/api/v1/segments", headers=headers, timeout=120)
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Bearer")
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["title"] == "需要接口密钥"


def test_a_revoked_key_is_refused_at_once(server: str, installation: Runtime) -> None:
    with installation.database.write() as session:
        key = access_keys.create(session, "将被吊销")
    headers = {"Authorization": f"Bearer {key}"}
    assert httpx.get(f"{server}/api/v1/segments", headers=headers).status_code == 200
    with installation.database.write() as session:
        access_keys.revoke(session, "将被吊销")
    assert httpx.get(f"{server}/api/v1/segments", headers=headers).status_code == 401


def test_a_key_is_asked_for_before_the_body_is_judged(server: str) -> None:
    assert httpx.post(f"{server}/api/v1/matches", json={"top_k": 0}).status_code == 401


def test_a_key_is_asked_for_before_the_body_is_read(server: str) -> None:
    host, port = server.removeprefix("http://").split(":")
    head = (
        "POST /api/v1/imports HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
        "Content-Length: 100000000\r\n\r\n"
    )
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(head.encode())  # and nothing of the body
        assert connection.recv(1000).startswith(b"HTTP/1.1 401")


def test_health_needs_no_key(server: str) -> None:
    assert httpx.get(f"{server}/healthz").json() == {"status": "ok"}
    ready = httpx.get(f"{server}/readyz").json()
    index = ready.pop("index")
    assert ready == {"status": "ok", "notices": [], "changes": None}
    assert (index["check"], index["problem"], bool(index["generation"])) == ("已校验", "", True)


def test_readiness_says_what_is_missing(bare: Runtime) -> None:
    assert get(bare, "/healthz").status_code == 200
    no_database = get(bare, "/readyz")
    assert no_database.status_code == 503
    assert no_database.headers["content-type"] == "application/problem+json"
    assert "patentdock init" in no_database.json()["hint"]
    initialise(bare.database)
    no_model = get(bare, "/readyz")
    assert no_model.status_code == 503
    assert "patentdock setup-model" in no_model.json()["hint"]


def test_readiness_says_that_there_is_no_index(tmp_path: Path, installation: Runtime) -> None:
    runtime = Runtime(Settings(data=tmp_path, model=installation.settings.model), installation.encoder)
    initialise(runtime.database)
    problem = get(runtime, "/readyz").json()
    assert (problem["status"], problem["detail"]) == (503, "索引尚未建立")
    assert "patentdock reindex" in problem["hint"]


def test_an_unforeseen_error_shows_a_number_that_the_log_knows(
    bare: Runtime, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    initialise(bare.database)
    monkeypatch.setattr(access_keys, "verify", lambda *_: 1 / 0)
    with caplog.at_level(logging.ERROR, logger="patentdock"):
        response = get(bare, "/api/v1/segments", Authorization="Bearer pd_1_x")
    assert response.status_code == 500
    problem = response.json()
    assert set(problem) == {"type", "title", "status", "detail", "id"}
    assert problem["id"] in problem["detail"]
    assert problem["id"] in caplog.text
    for secret in ("Traceback", "sqlite", "api_keys", "Error"):
        assert secret not in response.text


def test_a_database_that_is_gone_is_named(bare: Runtime) -> None:
    # The service checks the database at its start and not with every request.
    response = get(bare, "/api/v1/segments", Authorization="Bearer pd_1_x")
    assert response.status_code == 503
    assert "数据库" in response.json()["detail"]
    assert "no such table" not in response.text


def test_a_declared_length_above_the_limit_is_refused_before_the_body_is_sent(
    server: str, api_key: str
) -> None:
    host, port = server.removeprefix("http://").split(":")
    head = (
        f"POST /api/v1/matches HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api_key}\r\n"
        "Content-Type: application/json\r\nContent-Length: 600000000\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(head.encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize(
    ("content", "media", "reason"),
    [
        ('{"text": ', "application/json", "请求：请求内容不是有效的 JSON（第 10 个字符处有误）"),
        ('{"text": "电池"}', "text/plain", "请求：应为 JSON，并带请求头 Content-Type: application/json"),
    ],
)
def test_a_body_that_is_no_json_is_said_to_be_none(
    client: httpx.Client, content: str, media: str, reason: str
) -> None:
    response = client.post("/api/v1/matches", content=content.encode(), headers={"Content-Type": media})
    assert (response.status_code, response.json()["detail"]) == (422, reason)


def test_a_body_above_the_limit_is_refused_declared_or_not(client: httpx.Client) -> None:
    body = b'{"text": "' + b"x" * 3_000_000 + b'"}'
    headers = {"Content-Type": "application/json"}
    declared = client.post("/api/v1/matches", content=body, headers=headers)
    streamed = client.post(
        "/api/v1/matches", content=iter([body[:1_500_000], body[1_500_000:]]), headers=headers
    )
    for response in (declared, streamed):
        assert response.status_code == 413
        assert response.json()["detail"] == "请求内容超过上限 2 MB"


@pytest.mark.parametrize("path", ["/", "/healthz", "/static/style.css", "/nowhere"])
def test_every_answer_carries_the_protective_headers(server: str, path: str) -> None:
    headers = httpx.get(f"{server}{path}").headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/api/v2/x", 404), ("PUT", "/healthz", 405)])
def test_wrong_addresses_and_methods_are_problems_too(
    client: httpx.Client, method: str, path: str, status: int
) -> None:
    response = client.request(method, path)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["status"] == status


def test_a_running_service_picks_up_a_new_generation(client: httpx.Client, installation: Runtime) -> None:
    before = client.post("/api/v1/matches", json={"text": "锂电池"}).json()["generation"]
    report = reindex(
        installation.database, installation.settings.data, installation.encoder, today=beijing_today()
    )
    after = client.post("/api/v1/matches", json={"text": "锂电池"}).json()["generation"]
    assert before != after == report.name
