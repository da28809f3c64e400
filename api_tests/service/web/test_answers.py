"""The form in which every answer travels: compressed on request, without a body for HEAD, amounts with two decimals."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Iterator
from dataclasses import is_dataclass
from decimal import Decimal
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import httpx
import pytest
from pydantic import BaseModel

from catalog.kit.money import SHOWN

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


NO_AMOUNTS = {
    *(
        "royalty_rate",
        "profit_rate",
        "suggested_rate",
        "suggested_profit_rate",
        "average_rate",
        "rate_percent",
    ),
    *("net_sales_percent", "profit_percent", "least_percent", "inventor_percent", "discount"),
    *("discount_percent", "entry_share_percent", "low", "high", "k", "ordinary", "open", "sole", "exclusive"),
    *("segments", "average_years", "fixed_years", "royalty_years", "average_patents", "patents_per_contract"),
    *("matches", "matched_patents", "declared", "open_now", "deals", "deal_patents"),
}
"""Fields with decimals that are rates, years or shares of records."""


def answered(document: dict[str, Any]) -> set[str]:
    """The names of all schemas in answers."""

    def refs(part: Any) -> Iterator[str]:
        for name, value in part.items() if isinstance(part, dict) else enumerate(part):
            if name == "$ref":
                yield value.rpartition("/")[2]
            elif isinstance(value, dict | list):
                yield from refs(value)

    operations = [operation for path in document["paths"].values() for operation in path.values()]
    todo = [name for operation in operations for name in refs(operation["responses"])]
    found: set[str] = set()
    while todo:
        if (name := todo.pop()) not in found:
            found.add(name)
            todo += refs(document["components"]["schemas"][name])
    return found


def classes() -> Iterator[type[Any]]:
    """All models and dataclasses of the service."""
    for module in list(sys.modules.values()):
        if module.__name__.partition(".")[0] in ("catalog", "assessment", "matching", "service"):
            for value in vars(module).values():
                if isinstance(value, type) and (is_dataclass(value) or issubclass(value, BaseModel)):
                    yield value


def other_decimals(hint: Any) -> bool:
    """Whether a type holds decimals that are shown in another form than amounts are."""
    if get_origin(hint) is Annotated and SHOWN in get_args(hint):
        return False
    return hint is Decimal or any(map(other_decimals, get_args(hint)))


def test_every_amount_is_shown_with_two_decimals(client: httpx.Client) -> None:
    schemas = answered(client.get("/api/v1/openapi.json").json())
    seen, amounts = set[str](), 0
    for shown in {cls for cls in classes() if cls.__name__ in schemas}:
        for name, hint in get_type_hints(shown, include_extras=True).items():
            if other_decimals(hint):
                assert name in NO_AMOUNTS, (shown, name)
                seen.add(name)
            amounts += str(SHOWN) in str(hint)
    assert seen == NO_AMOUNTS
    assert amounts > 30
    fees = [row["fixed_fee"] for row in client.get("/api/v1/licences").json()["items"] if row["fixed_fee"]]
    dues = [row["life"]["next_annuity_amount"] for row in client.get("/api/v1/patents").json()["items"]]
    assert fees
    assert all(fee[-3] == "." for fee in fees + [due for due in dues if due])
