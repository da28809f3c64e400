"""Generations (索引版本)."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from catalog.kit.paging import Page
from catalog.runs import generations
from catalog.runs.generations import GenerationStatus
from service.web.dependencies import Reading

router = APIRouter(prefix="/generations", tags=["generations"])


class GenerationPublic(BaseModel):
    """A generation as shown to users."""

    name: str
    status: GenerationStatus
    patents: int
    needs: int
    activated_at: datetime | None
    manifest: dict[str, Any]


@router.get("", summary="索引版本", operation_id="list_generations")
def list_generations(session: Reading) -> Page[GenerationPublic]:
    """全部索引版本，最新的在前；`active` 为正在使用的版本。"""
    rows = generations.history(session)
    return Page.whole([GenerationPublic.model_validate(row, from_attributes=True) for row in rows])
