"""The OpenAPI document: what FastAPI derives from the routes, made fit for validators and generators of clients."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from catalog.kit.errors import DiskFull
from catalog.webhooks.events import EVENT_TYPES, EventType
from service.web import rights, shaped
from service.web.errors import PROBLEM_TYPE, TITLES
from service.web.tags import TAGS

DESCRIPTION = """PatentDock（专利供需对接服务）的接口：登记专利、技术需求、企业与开放许可声明，并按语义与字面双路检索给出匹配。

- 除 `/healthz`、`/readyz` 与检索页外，都需要接口密钥：`Authorization: Bearer pd_…`。
- 每个密钥有角色与权限；`x-permission` 列出各接口所需的权限，缺少时返回 403，`missing` 为所缺的权限。
- 出错时返回 RFC 9457 问题详情（`application/problem+json`），`detail` 与 `errors` 为中文。
- 每个匹配结果都注明所用索引版本、模型与产业目录版本。
"""

Document = dict[str, Any]

_JSON = "application/json"
_SCHEMAS = "#/components/schemas/"
_FORM_BODY = re.compile(r"Body_(\w+)")
_ABOUT = {
    "info": {
        "contact": {"name": "本系统管理员"},
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    },
    "servers": [{"url": "/", "description": "本服务"}],
    "tags": [{"name": tag.name, "x-displayName": tag.label, "description": tag.description} for tag in TAGS],
}
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_SUCCESSES = {"200": "成功", "201": "已登记", "202": "已受理", "204": "已完成，没有内容"}
_FILE = {"type": "string", "format": "binary", "description": "文件内容"}
_FILE_NAME = {
    "Content-Disposition": {
        "description": "附件的文件名，按 RFC 5987 编码",
        "schema": {"type": "string", "examples": ["attachment; filename*=UTF-8''list.xlsx"]},
    }
}

_EVENT_HEADERS = {
    "webhook-id": "事件编号，重发时不变，据此去重",
    "webhook-timestamp": "发送时间，1970 年以来的秒数",
    "webhook-signature": "签名，遵循 Standard Webhooks 规范",
}
_RECORD = {"kind": "记录种类", "id": "记录编号", "url": "记录的地址"}


def operations(document: Document) -> Iterator[tuple[str, str, Document]]:
    """Path, method and operation of everything that can be called."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _mark_responses(document: Document) -> None:
    """Errors under their media type; a success that is no JSON is a file."""
    for _, _, operation in operations(document):
        for status, response in operation["responses"].items():
            content = response.get("content", {})
            if status >= "400" and _JSON in content:
                content[PROBLEM_TYPE] = content.pop(_JSON)
            files = [found for media, found in content.items() if status < "300" and media != _JSON]
            for found in files:
                found.setdefault("schema", dict(_FILE))
            if not _CHINESE.search(response["description"]):
                response["description"] = "文件" if files else _SUCCESSES[status]
            if files:
                response["headers"] = response.get("headers", {}) | _FILE_NAME


def _mark_uploads(document: Document) -> None:
    """Whoever sends a file may be told that there is no room for it."""
    problem = {PROBLEM_TYPE: {"schema": {"$ref": f"{_SCHEMAS}Problem"}}}
    for _, _, operation in operations(document):
        if "multipart/form-data" in operation.get("requestBody", {}).get("content", {}):
            operation["responses"]["507"] = {"description": DiskFull.title, "content": problem}


def _add_unreadable(document: Document) -> None:
    """The refusals of every route with a body: one that cannot be read, and one that is too large."""
    problem = {PROBLEM_TYPE: {"schema": {"$ref": f"{_SCHEMAS}Problem"}}}
    for _, _, operation in operations(document):
        if "requestBody" in operation:
            found = {
                str(status): {"description": TITLES[status], "content": problem} for status in (400, 413)
            }
            operation["responses"] = found | operation["responses"]


def _rename_schemas(document: Document) -> None:
    """Names that are classes elsewhere: `CreateImportForm` for `Body_create_import`, the class's own for a generic one."""
    schemas = document["components"]["schemas"]
    names = {name: _class_name(name, schema) for name, schema in schemas.items()}
    document["components"]["schemas"] = {names[name]: schema for name, schema in schemas.items()}
    for node in _objects(document):
        if str(node.get("$ref", "")).startswith(_SCHEMAS):
            node["$ref"] = _SCHEMAS + names[node["$ref"].removeprefix(_SCHEMAS)]


def _class_name(name: str, schema: Document) -> str:
    if form := _FORM_BODY.fullmatch(name):
        return "".join(word.capitalize() for word in form[1].split("_")) + "Form"
    return str(schema.get("title", name)) if "_" in name else name


def _objects(node: Any) -> Iterator[Document]:
    """Every object within a part of the document."""
    if isinstance(node, dict):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _objects(child)


def _tidy_schemas(document: Document) -> None:
    """Schemas by their names alone, in Chinese.

    FastAPI writes an English title on every property, and generators name classes by them; a docstring is for developers.
    """
    for node in _objects([document["components"]["schemas"], document["paths"]]):
        if isinstance(node.get("description"), str) and not _CHINESE.search(node["description"]):
            del node["description"]
    for name, schema in document["components"]["schemas"].items():
        schema["title"] = name
        for found in schema.get("properties", {}).values():
            _tidy_property(found)
    for node in _objects(document["paths"]):
        if isinstance(node.get("title"), str):
            _tidy_property(node)


def _tidy_property(schema: Document) -> None:
    schema.pop("title", None)
    is_number = any(part.get("type") == "number" for part in (schema, *schema.get("anyOf", ())))
    if is_number and schema.get("default") == "0":  # pydantic writes exact numbers as texts
        schema["default"] = 0


def _described(fields: Mapping[str, str], example: Mapping[str, Any]) -> Document:
    """The schema of an object whose fields are all there, described, each with its example."""
    properties = {name: {"description": text, "examples": [example[name]]} for name, text in fields.items()}
    return {"type": "object", "properties": properties, "required": list(fields)}


def _webhook(event: EventType) -> Document:
    """The request that the receiver of an event gets."""
    payload = {
        "type": "object",
        "properties": {
            "id": {"type": "string", "description": _EVENT_HEADERS["webhook-id"]},
            "type": {"const": event.name, "description": event.title},
            "timestamp": {"type": "string", "format": "date-time", "description": "事件发生的时间"},
            "record": _described(_RECORD, event.record(12)),
            "data": _described(event.data, event.example),
        },
        "required": ["id", "type", "timestamp", "record", "data"],
    }
    headers = [
        {"name": name, "in": "header", "required": True, "description": text, "schema": {"type": "string"}}
        for name, text in _EVENT_HEADERS.items()
    ]
    answers = {"204": "已接收；其他 2xx 亦可", "410": "不再接收，随即停用"}
    post = {
        "summary": event.title,
        "operationId": event.name.replace(".", "_"),
        "tags": ["webhooks"],
        "parameters": headers,
        "requestBody": {"required": True, "content": {_JSON: {"schema": payload}}},
        "responses": {status: {"description": text} for status, text in answers.items()},
    }
    return {"post": post}


def complete(document: Document) -> Document:
    """The document with names, media types and texts that others expect."""
    document["info"] |= _ABOUT["info"]
    document["servers"], document["tags"] = _ABOUT["servers"], _ABOUT["tags"]
    _mark_responses(document)
    _add_unreadable(document)
    _mark_uploads(document)
    shaped.describe(document)
    _rename_schemas(document)
    _tidy_schemas(document)
    document["webhooks"] = {event.name: _webhook(event) for event in EVENT_TYPES}
    return document


def install(app: FastAPI) -> None:
    """Let `app` describe itself."""

    def describe() -> Document:
        if app.openapi_schema is None:
            document = get_openapi(
                title=app.title, version=app.version, description=app.description, routes=app.routes
            )
            rights.mark(document, app.routes)
            app.openapi_schema = complete(document)
        return app.openapi_schema

    app.openapi = describe  # type: ignore[method-assign]
