"""Dependencies of routes: the installation, a database session, the caller's key, ids and pages."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Annotated

from fastapi import Depends, Path, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from catalog.accounts.viewers import Viewer
from catalog.db import Session
from catalog.kit.ids import Id
from ingestion.records.fields import Circumstances
from service.installation.runtime import Runtime

_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="ApiKey",
    bearerFormat="pd_…",
    description="请求头 `Authorization: Bearer pd_…`；密钥由管理员用 `patentdock keys create 名称` 生成",
)


# These two only look something up: `async` spares each request a hand-over to a thread and back.
async def _runtime(request: Request) -> Runtime:
    runtime: Runtime = request.app.state.runtime
    return runtime


RuntimeDep = Annotated[Runtime, Depends(_runtime)]


def _reading(runtime: RuntimeDep) -> Iterator[Session]:
    with runtime.database.read() as session:
        yield session


def _writing(runtime: RuntimeDep) -> Iterator[Session]:
    with runtime.database.write() as session:
        yield session


Reading = Annotated[Session, Depends(_reading)]
# Scope "function" ends the transaction before the response is sent: a caller never sees a success that was not stored.
Writing = Annotated[Session, Depends(_writing, scope="function")]


def _strict(runtime: RuntimeDep) -> Circumstances:
    return runtime.circumstances(strict=True)


Strict = Annotated[Circumstances, Depends(_strict)]
"""What a single record is read by, whose writer can mend it."""


async def _leaving(request: Request) -> Callable[[], bool]:
    loop = asyncio.get_running_loop()
    return lambda: asyncio.run_coroutine_threadsafe(request.is_disconnected(), loop).result()


HasLeft = Annotated[Callable[[], bool], Depends(_leaving)]
"""Whether the caller has closed the connection, for a route that waits in a thread."""


async def require_key(
    request: Request, _documented: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> str:
    """Name of the caller's API key, which `service.web.key_check` has verified."""
    caller: str = request.state.caller
    return caller


async def _viewer(request: Request) -> Viewer:
    viewer: Viewer = request.state.viewer
    return viewer


ViewerDep = Annotated[Viewer, Depends(_viewer)]
"""Who asks, with what rights (`service.web.key_check`)."""
Caller = Annotated[str, Depends(require_key)]
RecordId = Annotated[Id, Path(description="记录编号", examples=[1])]
