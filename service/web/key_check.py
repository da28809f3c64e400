"""Checks the API key before any of a request's body is read or stored."""

from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from catalog.accounts import keys as access_keys
from catalog.kit.errors import PatentDockError
from service.installation.runtime import Runtime
from service.web.errors import Unauthorized, answer

PROTECTED = "/api/v1/"


class KeyCheck:
    """Returns 401 for requests to the interface without a valid key, otherwise sets the key's name as `state.caller`."""

    def __init__(self, app: ASGIApp, runtime: Runtime, open_paths: frozenset[str]) -> None:
        self.app, self.runtime, self.open_paths = app, runtime, open_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what has a key or needs none."""
        if self._is_protected(scope):
            try:
                scope.setdefault("state", {})["caller"] = await run_in_threadpool(
                    self._caller, Headers(scope=scope)
                )
            except PatentDockError as error:
                await answer(error)(scope, receive, send)
                return
        await self.app(scope, receive, send)

    def _is_protected(self, scope: Scope) -> bool:
        return (
            scope["type"] == "http"
            and scope["path"].startswith(PROTECTED)
            and scope["path"] not in self.open_paths
        )

    def _caller(self, headers: Headers) -> str:
        """Name of the caller's API key. Raises Unauthorized."""
        scheme, _, key = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key:
            raise Unauthorized(
                "请求没有带接口密钥",
                hint="请在请求头中加入 Authorization: Bearer pd_…；密钥用 patentdock keys create 生成",
            )
        with self.runtime.database.read() as session:
            row = access_keys.verify(session, key.strip())
        if row is None:
            raise Unauthorized(
                "接口密钥不正确或已吊销", hint="请核对密钥，或请管理员用 patentdock keys create 重新生成"
            )
        return row.name
