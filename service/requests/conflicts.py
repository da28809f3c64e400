"""Requests for conflicts and decisions on them, shared by REST and command line."""

from pydantic import Field

from catalog.imports.conflicts import ConflictFilter
from catalog.kit.base import Schema
from catalog.kit.ids import Id
from service.requests.types import Chosen, ConflictState, ImportKind


class ConflictConditions(Schema):
    """Conditions of a list of conflicts."""

    status: ConflictState = Field(default=None, description="处理情况")
    kind: ImportKind | None = Field(default=None, description="记录种类")
    import_id: Id | None = Field(default=None, description="导入编号")


class DecisionInput(Schema):
    """The record that is to stand under the number, and the reason."""

    decision: Chosen = Field(
        description="replace 采用新记录（取代原记录）；keep 保留原记录", examples=["keep"]
    )
    note: str = Field(default="", max_length=500, description="说明，随决定留存")


def filter_of(wanted: ConflictConditions) -> ConflictFilter:
    """The conditions as the catalogue takes them."""
    return ConflictFilter(status=wanted.status, kind=wanted.kind, import_id=wanted.import_id)
