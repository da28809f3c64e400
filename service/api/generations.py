"""Generations (索引版本)."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from catalog.accounts import permissions
from catalog.kit.paging import Page
from catalog.runs import generations
from catalog.runs.generations import GenerationStatus
from service.web.dependencies import Reading
from service.web.rights import may

router = APIRouter(prefix="/generations", tags=["generations"], dependencies=[may(permissions.SYSTEM_READ)])


class GenerationPublic(BaseModel):
    """A generation as shown to users."""

    name: str = Field(description="索引版本的名称")
    status: GenerationStatus = Field(description="状态")
    patents: int = Field(description="其中的专利件数")
    needs: int = Field(description="其中的需求条数")
    activated_at: datetime | None = Field(description="启用时间；未启用为空")
    manifest: dict[str, Any] = Field(description="版本清单")


@router.get("", summary="索引版本", operation_id="list_generations")
def list_generations(session: Reading) -> Page[GenerationPublic]:
    """全部索引版本，最新的在前；`active` 为正在使用的版本。"""
    rows = generations.history(session)
    return Page.whole([GenerationPublic.model_validate(row, from_attributes=True) for row in rows])
