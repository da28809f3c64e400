"""Checks the API key before any of a request's body is read or stored, and says who asks."""

from datetime import date
from ipaddress import ip_address, ip_network

from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from catalog.accounts import keys as access_keys
from catalog.accounts import viewers
from catalog.accounts.viewers import Viewer
from catalog.kit.days import beijing_today
from catalog.kit.errors import PatentDockError
from service.installation.runtime import Runtime
from service.web.errors import Unauthorized, answer

PROTECTED = "/api/v1/"


class KeyCheck:
    """Returns 401 for requests to the interface without a valid key.

    Otherwise `state.viewer` is who asks, `state.caller` the name, and every session of the request is of this viewer.
    """

    def __init__(self, app: ASGIApp, runtime: Runtime, open_paths: frozenset[str]) -> None:
        self.app, self.runtime, self.open_paths = app, runtime, open_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what has a key or needs none."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        viewer = viewers.anonymous(beijing_today())
        if self._is_protected(scope):
            try:
                viewer = await run_in_threadpool(self._viewer, scope, viewer.day)
            except PatentDockError as error:
                await answer(error)(scope, receive, send)
                return
        scope.setdefault("state", {}).update(viewer=viewer, caller=viewer.name)
        with viewers.viewing(viewer):
            await self.app(scope, receive, send)

    def _is_protected(self, scope: Scope) -> bool:
        return scope["path"].startswith(PROTECTED) and scope["path"] not in self.open_paths

    def _viewer(self, scope: Scope, day: date) -> Viewer:
        """The viewer of the caller's API key. Raises Unauthorized."""
        headers = Headers(scope=scope)
        scheme, _, key = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key:
            raise Unauthorized(
                "请求没有带接口密钥",
                hint="请在请求头中加入 Authorization: Bearer pd_…；密钥用 patentdock keys create 生成",
            )
        with self.runtime.database.read() as session:
            row = access_keys.verify(session, key.strip())
            viewer = access_keys.viewer_of(session, row, day) if row else None
        if row is None or viewer is None:
            raise Unauthorized(
                "接口密钥不正确、已到期或已吊销",
                hint="请核对密钥，或请管理员用 patentdock keys create 重新生成",
            )
        address = client_address(scope, headers, self.runtime.settings.proxies)
        if not access_keys.is_allowed_from(row, address):
            raise Unauthorized(f"接口密钥不得从地址 {address} 使用", hint="请管理员核对密钥的来源网段")
        self.runtime.key_use.note(viewer.key_id, day)
        return viewer


def client_address(scope: Scope, headers: Headers, proxies: list[str]) -> str:
    """The address of the caller: that of the connection, behind trusted proxies the last one that is none of them."""
    address = str((scope.get("client") or ("",))[0])
    hops = [hop.strip() for hop in headers.get("x-forwarded-for", "").split(",") if hop.strip()]
    while hops and _is_among(address, proxies):
        address = hops.pop()
    return address


def _is_among(address: str, networks: list[str]) -> bool:
    try:
        known = ip_address(address)
    except ValueError:
        return False
    return any(known in ip_network(network, strict=False) for network in networks)
