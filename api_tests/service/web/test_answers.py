"""The form in which every answer travels: compressed on request, without a body for HEAD."""

from __future__ import annotations

import gzip

import httpx
import pytest

PLAIN = {"Accept-Encoding": "identity"}
ZIPPED = {"Accept-Encoding": "gzip"}


def raw(client: httpx.Client, path: str, headers: dict[str, str]) -> tuple[httpx.Response, bytes]:
    """The answer and the bytes that came over the wire."""
    with client.stream("GET", path, headers=headers) as response:
        return response, b"".join(response.iter_raw())


def test_an_answer_is_compressed_where_that_is_asked_for_and_pays(client: httpx.Client) -> None:
    response, plain = raw(client, "/api/v1/patents", PLAIN)
    assert "content-encoding" not in response.headers
    response, zipped = raw(client, "/api/v1/patents", ZIPPED)
    assert response.headers["content-encoding"] == "gzip"
    assert response.headers["vary"] == "Accept-Encoding"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert gzip.decompress(zipped) == plain
    assert len(zipped) == int(response.headers["content-length"]) < len(plain) / 3
    for path in ("/api/v1/patents/999999999", "/api/v1/patents/export.xlsx"):  # short, compressed already
        response, _ = raw(client, path, ZIPPED)
        assert "content-encoding" not in response.headers


@pytest.mark.parametrize("headers", [PLAIN, ZIPPED])
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/healthz", 200),
        ("/", 200),
        ("/api/v1/patents", 200),
        ("/api/v1/patents/1", 200),
        ("/api/v1/patents/999999999", 404),
        ("/api/v1/patents?page=0", 422),
        ("/api/v1/law", 200),
        ("/api/v1/nowhere", 404),
    ],
)
def test_head_is_get_without_the_body(
    client: httpx.Client, path: str, status: int, headers: dict[str, str]
) -> None:
    whole = client.get(path, headers=headers)
    head = client.head(path, headers=headers)
    assert (head.status_code, head.content) == (status, b"")
    assert whole.status_code == status
    changing = {"date"}
    assert {n: v for n, v in head.headers.items() if n not in changing} == {
        n: v for n, v in whole.headers.items() if n not in changing
    }


def test_head_needs_a_key_as_get_does(server: str) -> None:
    assert httpx.head(f"{server}/api/v1/patents").status_code == 401


def test_an_address_names_its_methods(client: httpx.Client) -> None:
    for method, path, allowed in (
        ("DELETE", "/api/v1/segments", "GET, HEAD"),
        ("HEAD", "/api/v1/matches", "POST"),
        ("PATCH", "/api/v1/needs", "GET, HEAD, POST"),
    ):
        response = client.request(method, path)
        assert (response.status_code, response.headers["allow"]) == (405, allowed)
