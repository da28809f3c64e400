"""The FastAPI application."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, Depends, FastAPI
from fastapi.concurrency import run_in_threadpool
from fastapi.staticfiles import StaticFiles
from starlette.middleware.gzip import GZipMiddleware

from catalog.imports import imports as import_records
from catalog.kit.errors import PatentDockError
from service.api import (
    activities,
    activity_papers,
    bulk,
    chances,
    changes,
    conflicts,
    deals,
    deletions,
    eligibility,
    enterprises,
    facts,
    feedback,
    fees,
    generations,
    health,
    holders,
    imports,
    invitations,
    keys,
    law,
    licences,
    mappings,
    matches,
    meetings,
    needs,
    nightly,
    outcomes,
    patents,
    pipeline,
    plans,
    screenings,
    segments,
    statistics,
    users,
    webhooks,
)
from service.console import docs_page, pages, problems_page
from service.installation.checking import Checking
from service.installation.following import Following
from service.installation.runtime import Runtime
from service.installation.version import program_version
from service.requests.docking import composing
from service.web import errors, openapi, repeats, versions
from service.web.dependencies import require_key
from service.web.files import uploads
from service.web.key_check import KeyCheck
from service.web.middleware import COMPRESSION, BodyLimit, HeadAsGet, SecurityHeaders
from service.webhooks.running import Sending

logger = logging.getLogger("patentdock")


def _tidy_up(runtime: Runtime) -> None:
    """Mark what killed processes left."""
    uploads.sweep(runtime.settings.uploads_dir)
    try:
        with runtime.database.write() as session:
            for row in import_records.mark_orphans(session):
                logger.warning("编号 %s 的导入（%s）%s", row.id, row.file_name, import_records.INTERRUPTED)
            composing.mark_killed(session)
    except PatentDockError as error:
        logger.warning("服务已启动，但数据库尚不能使用：%s", error)


def _warm_up(runtime: Runtime) -> None:
    _tidy_up(runtime)
    try:
        runtime.matcher.generation()
    except PatentDockError as error:
        logger.warning("服务已启动，但尚不能匹配：%s", error)


def create_app(runtime: Runtime) -> FastAPI:
    """The whole service over one installation."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        checking = Checking(runtime)
        checking.start()
        await run_in_threadpool(_warm_up, runtime)
        following = Following(runtime)
        sending = Sending(runtime)
        following.start()
        sending.start()
        yield
        checking.stop()
        await run_in_threadpool(following.stop)
        await run_in_threadpool(sending.stop)
        runtime.close()

    app = FastAPI(
        title="PatentDock 专利供需对接服务",
        version=program_version(),
        description=openapi.DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,  # these pages load scripts from a foreign network; see docs_page
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
    )
    app.state.runtime = runtime
    app.add_middleware(BodyLimit, upload_limit=runtime.settings.max_upload_mb * 1024 * 1024)
    app.add_middleware(KeyCheck, runtime=runtime, open_paths=frozenset({app.openapi_url or ""}))
    app.add_middleware(GZipMiddleware, **COMPRESSION)
    app.add_middleware(HeadAsGet)
    app.add_middleware(SecurityHeaders)
    errors.install(app)
    versions.install(app)
    repeats.install(app)
    openapi.install(app)
    app.include_router(health.router)
    protected = APIRouter(
        prefix="/api/v1", dependencies=[Depends(require_key)], responses=errors.responses(401, 403, 503)
    )
    for module in (
        matches,
        feedback,
        chances,
        patents,
        facts,
        holders,
        needs,
        enterprises,
        licences,
        eligibility,
        law,
        fees,
        deals,
        pipeline,
        activities,
        invitations,
        meetings,
        outcomes,
        plans,
        activity_papers,
        statistics,
        bulk,
        imports,
        conflicts,
        deletions,
        changes,
        mappings,
        screenings,
        segments,
        generations,
        nightly,
        webhooks,
        users,
        keys,
    ):
        protected.include_router(module.router)
    app.include_router(protected)
    app.include_router(pages.router)
    app.include_router(docs_page.router)
    app.include_router(problems_page.router)
    app.mount("/static", StaticFiles(directory=pages.STATIC), name="static")
    return app
