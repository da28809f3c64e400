"""The interface's description (接口说明) as a page: rendered on the server, so that it needs no foreign network."""

import json
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from service.console.pages import templates
from service.web.tags import LABELS

PLACES = {"path": "路径", "query": "查询", "header": "请求头"}
TYPES = {
    "string": "文本",
    "integer": "整数",
    "number": "数字",
    "boolean": "true 或 false",
    "array": "列表",
    "object": "对象",
    "null": "",
}

router = APIRouter(include_in_schema=False)
Document = Mapping[str, Any]


def _resolved(document: Document, schema: Document) -> Document:
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    found: Document = document["components"]["schemas"][name] if name else schema
    return found


def _type(document: Document, schema: Document) -> str:
    """The type of a schema value in words."""
    schema = _resolved(document, schema)
    if "enum" in schema:
        return "、".join(map(str, schema["enum"]))
    if parts := schema.get("anyOf"):
        return " 或 ".join(dict.fromkeys(word for part in parts if (word := _type(document, part))))
    if schema.get("contentMediaType") or schema.get("format") == "binary":
        return "文件"
    if schema.get("type") == "array" and schema.get("items"):
        return f"{_type(document, schema['items'])}的列表"
    return "日期" if schema.get("format") == "date" else TYPES.get(str(schema.get("type")), "")


def _field(document: Document, name: str, schema: Document, *, place: str, required: bool) -> dict[str, Any]:
    description = schema.get("description") or _resolved(document, schema).get("description", "")
    type_ = _type(document, schema)
    return {"name": name, "place": place, "required": required, "type": type_, "description": description}


def _body(document: Document, operation: Document) -> tuple[str, list[dict[str, Any]], str]:
    """Media type, fields and first example of the request's body."""
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        schema = _resolved(document, content["schema"])
        fields = [
            _field(document, name, field, place="内容", required=name in schema.get("required", ()))
            for name, field in schema.get("properties", {}).items()
        ]
        examples = schema.get("examples", [])
        return media, fields, json.dumps(examples[0], ensure_ascii=False, indent=2) if examples else ""
    return "", [], ""


def _operation(document: Document, method: str, path: str, operation: Document) -> dict[str, Any]:
    parameters = [
        _field(
            document,
            parameter["name"],
            {**parameter["schema"], "description": parameter.get("description", "")},
            place=PLACES.get(parameter["in"], parameter["in"]),
            required=parameter.get("required", False),
        )
        for parameter in operation.get("parameters", [])
    ]
    media, fields, example = _body(document, operation)
    return {
        "id": operation["operationId"],
        "method": method.upper(),
        "path": path,
        "summary": operation["summary"],
        "description": operation.get("description", ""),
        "fields": parameters + fields,
        "media": media,
        "example": example,
        "statuses": [
            (status, response["description"]) for status, response in operation["responses"].items()
        ],
    }


def operations(document: Document) -> dict[str, list[dict[str, Any]]]:
    """The operations of an OpenAPI document as the page shows them, by the Chinese name of their group."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            label = LABELS[operation["tags"][0]]
            groups.setdefault(label, []).append(_operation(document, method, path, operation))
    return groups


@router.get("/docs", response_class=HTMLResponse)
def docs(request: Request) -> HTMLResponse:
    """All operations with their fields, examples and answers."""
    document = request.app.openapi()
    context = {
        "groups": operations(document),
        "about": document["info"]["description"].strip().split("\n"),
        "openapi_url": request.app.openapi_url,
        "version": request.app.version,
    }
    return templates.TemplateResponse(request, "docs.html", context)
