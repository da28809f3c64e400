"""The OpenAPI document is valid, names things so that clients can be generated, and describes all of them in Chinese."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from catalog.webhooks.events import EVENT_TYPES
from service.app import create_app
from service.installation.runtime import Runtime
from service.installation.settings import Settings
from service.web.openapi import Document, operations
from service.web.tags import TAGS

CHINESE = re.compile(r"[\u4e00-\u9fff]")
PLAIN_SETS = {"DocumentFormat"}
"""Sets whose values are names that everybody knows."""


@pytest.fixture(scope="module")
def document() -> Document:
    # The document does not depend on the installation, so none is set up to describe it.
    return create_app(Runtime(Settings())).openapi()


def parts(node: Any, *path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object of the document with its place."""
    if isinstance(node, dict):
        yield "/".join(path), node
    branches = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in branches:
        yield from parts(child, *path, str(key))


def test_the_document_is_valid(document: Document) -> None:
    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_schemas_have_names_that_are_classes_elsewhere(document: Document) -> None:
    names = document["components"]["schemas"]
    assert [name for name in names if not re.fullmatch(r"([A-Z][a-z0-9]*)+", name)] == []
    assert list(document["components"]["securitySchemes"]) == ["ApiKey"]


def test_no_schema_has_a_property_of_its_own_name(document: Document) -> None:
    """A generated class would hide itself behind its field."""
    own = [
        name
        for name, schema in document["components"]["schemas"].items()
        if re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() in schema.get("properties", {})
    ]
    assert own == []


def test_operations_are_named_once_in_snake_case_and_belong_to_a_group(document: Document) -> None:
    found = [operation for _, _, operation in operations(document)]
    names = Counter(operation["operationId"] for operation in found)
    assert [name for name, count in names.items() if count > 1 or not re.fullmatch(r"[a-z0-9_]+", name)] == []
    used = {tag for operation in found for tag in operation["tags"]}
    assert used == {tag.name for tag in TAGS}, "add the group to service/web/tags.py"
    assert [tag.name for tag in TAGS if not tag.name.isascii() or tag.label.isascii()] == []


def test_every_answer_has_a_schema(document: Document) -> None:
    bare = [
        f"{method} {path} {status} {media}"
        for path, method, operation in operations(document)
        for status, response in operation["responses"].items()
        for media, content in response.get("content", {}).items()
        if not content.get("schema")
    ]
    assert bare == []


def test_all_that_is_described_is_described_in_chinese(document: Document) -> None:
    english = [
        f"{place}: {node['description']}"
        for place, node in parts(document)
        if isinstance(node.get("description"), str) and not CHINESE.search(node["description"])
    ]
    assert english == []


def test_closed_sets_of_values_are_enums_that_say_what_they_mean(document: Document) -> None:
    schemas = document["components"]["schemas"]
    sets = {name: schema for name, schema in schemas.items() if "enum" in schema}
    bare = [
        name
        for name, schema in sets.items()
        if name not in PLAIN_SETS
        and not all(value in schema.get("description", "") for value in schema["enum"])
    ]
    assert len(sets) > 40
    assert bare == [], "derive the set from catalog.kit.terms.Term"


def test_every_property_and_parameter_is_described(document: Document) -> None:
    bare = [
        f"{name}.{key}"
        for name, schema in document["components"]["schemas"].items()
        for key, found in schema.get("properties", {}).items()
        if not found.get("description")
    ]
    bare += [
        f"{operation['operationId']}({parameter['name']})"
        for _, _, operation in operations(document)
        for parameter in operation.get("parameters", [])
        if not parameter.get("description")
    ]
    assert bare == [], "write Field(description=…) in Chinese"


def test_every_list_says_what_it_lists(document: Document) -> None:
    bare = [
        place
        for place, node in parts(document)
        if node.get("type") == "array" and not (node.get("items") or node.get("prefixItems"))
    ]
    assert bare == []


def test_receivers_of_events_find_each_type_with_its_fields(document: Document) -> None:
    assert list(document["webhooks"]) == [event.name for event in EVENT_TYPES]
    for event in EVENT_TYPES:
        body = document["webhooks"][event.name]["post"]["requestBody"]["content"]["application/json"]
        assert body["schema"]["properties"]["data"]["required"] == list(event.data)
