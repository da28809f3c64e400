"""The OpenAPI document, and the service held against it with generated requests."""

from __future__ import annotations

import json
import os
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from service.app import create_app
from service.installation.runtime import Runtime
from service.installation.settings import Settings
from service.web.problems import BY_CODE

# The document does not depend on the installation, so none is set up to describe it.
SCHEMA: Any = schemathesis.openapi.from_dict(create_app(Runtime(Settings())).openapi())
# An unknown query parameter is ignored where an address has none, as it is everywhere on the web.
SCHEMA.config.generation.update(allow_extra_parameters=False)
# A version that is none is refused, and a record that was deleted is missed, before the rest of the request is looked at.
SCHEMA.config.checks.negative_data_rejection.expected_statuses.extend(["410", "412"])


# Check digits, dates in order or a licence within the term of its patent are rules that no schema can express.
UNSUITED: Any = [schemathesis.checks.CHECKS.get_one("positive_data_acceptance")]
# A bulk call answers for each record by itself; one that is wrong is no reason to refuse the others.
BY_ITSELF: Any = [schemathesis.checks.CHECKS.get_one("negative_data_rejection")]
CASES = int(os.environ.get("PATENTDOCK_CASES", "2"))
"""Generated requests for each operation and phase; with 30 they are some thousands."""


@pytest.fixture(scope="session")
def document(client: httpx.Client) -> dict[str, Any]:
    response = client.get("/api/v1/openapi.json")
    assert response.status_code == 200
    answer: dict[str, Any] = response.json()
    return answer


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        operation["operationId"]: operation
        for path in document["paths"].values()
        for operation in path.values()
    }


def test_every_operation_is_named_explained_and_says_how_it_fails(document: dict[str, Any]) -> None:
    found = operations(document)
    assert len(found) == sum(len(path) for path in document["paths"].values()) > 25
    for name, operation in found.items():
        assert operation["summary"], name
        assert operation["description"], name
        if name in ("get_health", "get_readiness"):
            continue
        assert "401" in operation["responses"], name
        for status, response in operation["responses"].items():
            if status >= "400":
                assert list(response["content"]) == ["application/problem+json"], name


def test_no_answer_is_a_bare_list(document: dict[str, Any]) -> None:
    for name, operation in operations(document).items():
        for status, response in operation["responses"].items():
            for media in response.get("content", {}).values():
                schema = media.get("schema", {})
                assert schema.get("type") != "array", (name, status)
                shown = document["components"]["schemas"].get(schema.get("$ref", "").rpartition("/")[2], {})
                if "items" in shown.get("properties", {}) and name.startswith("list_"):
                    # A feed goes on where it was left and has no number of all.
                    paged, fed = {"total", "page", "size"}, {"next", "more"}
                    assert shown["properties"].keys() >= paged or shown["properties"].keys() >= fed, name


def test_bodies_have_examples_that_are_accepted(document: dict[str, Any], client: httpx.Client) -> None:
    schemas = document["components"]["schemas"]
    for name in ("MatchRequest", "PatentInput", "NeedInput", "EnterpriseInput", "LicenceInput", "FactInput"):
        assert schemas[name]["examples"], name
    assert client.post("/api/v1/matches", json=schemas["MatchRequest"]["examples"][0]).status_code == 200
    for noun, name in (
        ("patents", "PatentInput"),
        ("licences", "LicenceInput"),
        ("needs", "NeedInput"),
        ("enterprises", "EnterpriseInput"),
    ):
        response = client.post(f"/api/v1/{noun}", json=schemas[name]["examples"][0])
        assert response.status_code == 201, response.text


@SCHEMA.parametrize()  # type: ignore[untyped-decorator]
@settings(max_examples=CASES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_generated_requests_are_answered_as_documented(
    case: schemathesis.Case[Any], server: str, api_key: str
) -> None:
    headers = {"Authorization": f"Bearer {api_key}"}
    # Ten seconds, the default, are short for the longest texts on a machine that does other work besides.
    excluded = UNSUITED + (BY_ITSELF if case.path.endswith("/bulk") else [])
    response = case.call_and_validate(base_url=server, headers=headers, excluded_checks=excluded, timeout=120)
    if response.status_code >= 400:
        problem = json.loads(response.content)
        assert problem["type"].removeprefix("/problems/") in BY_CODE
