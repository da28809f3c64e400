"""Segment catalogues (产业目录)."""

from typing import Annotated

from fastapi import APIRouter, Query

from catalog.accounts import permissions
from catalog.segments import segments
from catalog.segments.segments import CataloguePublic
from service.web.dependencies import Reading
from service.web.errors import responses
from service.web.rights import may

router = APIRouter(prefix="/segments", tags=["segments"], dependencies=[may(permissions.REFERENCE_READ)])


@router.get(
    "", summary="产业目录及其细分领域", operation_id="get_segments", responses=responses(404, 422, 503)
)
def get_segments(
    session: Reading,
    version: Annotated[
        str | None, Query(max_length=64, description="目录版本；缺省为正在使用的版本", examples=["HB-2021.1"])
    ] = None,
) -> CataloguePublic:
    """返回一个版本的产业目录；`status_name` 说明名单是否已经官方核定。"""
    return segments.public(session, segments.catalogue(session, version))
