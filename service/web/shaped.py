"""Answers in the form that was asked for: in full as the routes make them, as summaries, or with some properties alone."""

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar, cast

from fastapi import Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from service.requests.shapes import BRIEFS, DERIVED, Shape, View, chosen, pruned, tree

PARTIAL_TYPE = "application/vnd.patentdock.partial+json"
"""The media type of what has only the properties asked for: it meets no schema, and says so."""

_SCHEMAS = "#/components/schemas/"
_PARTIAL = {"schema": {"type": "object", "description": "只有 fields 所要的字段；列表的 items 之外各项照旧"}}

AnswerT = TypeVar("AnswerT", bound=BaseModel)
Shaped = Annotated[Shape, Query()]


def shaped(
    wanted: Shape, answer: AnswerT, record: type[BaseModel], headers: Mapping[str, str] | None = None
) -> AnswerT:
    """The answer, which is a record or has records as `items`, in the form wanted. Raises InvalidFields.

    What differs from the full form leaves as a response of its own, past the schema of the route: FastAPI takes either.
    """
    if wanted.view is View.FULL and not wanted.fields:
        return answer
    brief = BRIEFS[record] if wanted.view is View.BRIEF else None
    names = chosen(brief.model if brief else record, wanted.fields)

    def form(one: BaseModel) -> Any:
        return pruned((brief.make(one) if brief else one).model_dump(mode="json"), names)

    if isinstance(answer, record):
        content = form(answer)
    else:
        left_out = {"items", *DERIVED} if brief else {"items"}
        content = answer.model_dump(mode="json", exclude=left_out)
        content["items"] = [form(one) for one in cast("Any", answer).items]
    media_type = PARTIAL_TYPE if wanted.fields else "application/json"
    etag = {name: value for name, value in (headers or {}).items() if name.lower() == "etag"}
    return cast("AnswerT", JSONResponse(content, headers=etag, media_type=media_type))


def describe(document: dict[str, Any]) -> None:
    """Adds the forms of answers to the document: summaries beside the full form, and the free form of chosen properties."""
    schemas = document["components"]["schemas"]
    briefs = {full.__name__: (full, brief.model) for full, brief in BRIEFS.items()}
    for path in document["paths"].values():
        for operation in path.values():
            content = operation["responses"].get("200", {}).get("content", {})
            if "application/json" not in content or not _takes_view(operation, schemas):
                continue
            name = content["application/json"]["schema"]["$ref"].removeprefix(_SCHEMAS)
            items = schemas[name].get("properties", {}).get("items", {}).get("items", {})
            record = items.get("$ref", _SCHEMAS + name).removeprefix(_SCHEMAS)
            full, brief = briefs[record]
            _add(schemas, brief)
            short = brief.__name__ if record == name else _page(schemas, name, record, brief.__name__)
            content["application/json"]["schema"] = {
                "anyOf": [{"$ref": _SCHEMAS + name}, {"$ref": _SCHEMAS + short}]
            }
            content[PARTIAL_TYPE] = _PARTIAL
            _name_fields(operation, full)


def _takes_view(operation: dict[str, Any], schemas: dict[str, Any]) -> bool:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    asked = schemas.get(body.get("$ref", "").removeprefix(_SCHEMAS), {}).get("properties", {})
    return "view" in asked or any(one["name"] == "view" for one in operation.get("parameters", []))


def _add(schemas: dict[str, Any], model: type[BaseModel]) -> None:
    found = model.model_json_schema(mode="serialization", ref_template=_SCHEMAS + "{model}")
    for name, schema in found.pop("$defs", {}).items():
        schemas.setdefault(name, schema)
    schemas[model.__name__] = found


def _page(schemas: dict[str, Any], name: str, record: str, brief: str) -> str:
    """The schema of an answer whose items are summaries."""
    full = schemas[name]
    kept = {key: value for key, value in full["properties"].items() if key not in DERIVED}
    kept["items"] = kept["items"] | {"items": {"$ref": _SCHEMAS + brief}}
    required = [key for key in full.get("required", []) if key in kept]
    short = name.replace(record, brief) if record in name else f"{name}Brief"
    title = short if "_" not in short else f"{brief}Page"
    schemas[short] = full | {"properties": kept, "required": required, "title": title}
    return short


def _name_fields(operation: dict[str, Any], record: type[BaseModel]) -> None:
    """Names the properties that may be chosen, with those one level below."""
    known = tree(record)
    names = [*known, *(f"{name}.{part}" for name, parts in known.items() for part in parts)]
    for parameter in operation.get("parameters", []):
        if parameter["name"] == "fields":
            parameter["schema"]["items"] = {"type": "string", "enum": names}
