"""The OpenAPI document: errors under their media type, one description of the service."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from service.web.errors import PROBLEM_TYPE

DESCRIPTION = """PatentDock（专利供需对接服务）的接口：登记专利、技术需求、企业与开放许可声明，并按语义与字面双路检索给出匹配。

- 除 `/healthz`、`/readyz` 与检索页外，都需要接口密钥：`Authorization: Bearer pd_…`。
- 出错时返回 RFC 9457 问题详情（`application/problem+json`），`detail` 与 `errors` 为中文。
- 每个匹配结果都注明所用索引版本、模型与产业目录版本。
"""


def _mark_problems(document: dict[str, Any]) -> None:
    for path in document["paths"].values():
        for operation in path.values():
            for status, response in operation["responses"].items():
                if status >= "400" and "application/json" in response.get("content", {}):
                    response["content"][PROBLEM_TYPE] = response["content"].pop("application/json")


def install(app: FastAPI) -> None:
    """Let `app` describe itself with errors as problem details."""

    def describe() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(
                title=app.title, version=app.version, description=app.description, routes=app.routes
            )
            _mark_problems(document)
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = describe  # type: ignore[method-assign]
