"""Middleware around every request: a limit of its size, headers that protect pages, HEAD, compressed answers."""

import re
from collections.abc import MutableMapping
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.sheets.documents import DOCX_TYPE, XLSX_TYPE
from service.web.files.evidence_files import MAX_SIZE

MAX_BODY = 2 * 1024 * 1024
UPLOAD_PATH = "/api/v1/imports"
# Fifty texts of the greatest length, each character written as an escape of six bytes.
LARGE_BODIES = {"/api/v1/matches/batch": 8 * 1024 * 1024} | {
    f"/api/v1/{kind}/bulk": 16 * 1024 * 1024 for kind in ("patents", "needs", "enterprises")
}
EVIDENCE_PATH = re.compile(r"/api/v1/deals/\d+/evidence")
# The form around the file takes some room too.
MAX_EVIDENCE = MAX_SIZE + MAX_BODY

COMPRESSION: dict[str, Any] = {
    "minimum_size": 1000,
    "compresslevel": 5,
    "exclude_content_types": (*DEFAULT_EXCLUDED_CONTENT_TYPES, XLSX_TYPE, DOCX_TYPE),
}
"""How answers are compressed: level 9 makes an answer 3 % smaller in 1.6 times the time (docs/performance.md), and below a
thousand bytes it fits into one packet anyway. Documents are compressed already."""

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def _size_text(limit: int) -> str:
    return f"{limit // (1024 * 1024)} MB"


class BodyLimit:
    """Refuses a request body above the limit with 413, whether its length is declared or not."""

    def __init__(self, app: ASGIApp, upload_limit: int) -> None:
        self.app = app
        self.upload_limit = upload_limit

    def _limit(self, path: str) -> int:
        if path == UPLOAD_PATH:
            return self.upload_limit
        return MAX_EVIDENCE if EVIDENCE_PATH.fullmatch(path) else LARGE_BODIES.get(path, MAX_BODY)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a `receive` that counts."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = self._limit(scope["path"])
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        seen = 0

        async def counted() -> MutableMapping[str, Any]:
            nonlocal seen
            # A declared length is checked before the body is requested, since the request invites the caller to send it.
            too_large = declared.isdigit() and int(declared) > limit
            message: MutableMapping[str, Any] = {} if too_large else await receive()
            seen += len(message.get("body", b""))
            if too_large or seen > limit:
                raise HTTPException(413, f"请求内容超过上限 {_size_text(limit)}")
            return message

        await self.app(scope, counted, send)


class SecurityHeaders:
    """Adds the headers that keep foreign scripts, frames and type guessing away."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and add the headers to the start of its response."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, with_headers if scope["type"] == "http" else send)


class HeadAsGet:
    """Answers HEAD as GET without the body; the length and all other headers are those of GET."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, as GET where it is HEAD."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        async def without_body(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self.app({**scope, "method": "GET"}, receive, without_body)
