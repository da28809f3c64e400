"""Requests for deletions and merges, shared by REST and command line."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from catalog.db import Session
from catalog.kit.base import Schema
from catalog.kit.ids import StrictId
from catalog.kit.paging import PageQuery
from catalog.mending import removal, tombstones
from catalog.mending.removal import MOST_AT_ONCE, DeletionResult
from catalog.mending.tombstones import MAX_REASON, TombstoneFilter, TombstonePublic, Why
from catalog.registers.register import Register
from service.requests.lists import sort_field
from service.requests.types import ImportKind

Reason = Annotated[
    str,
    Field(
        min_length=1, max_length=MAX_REASON, description="理由，记入删除记录", examples=["登记有误，重复录入"]
    ),
]
CASCADE = "是否一并删除引用它的记录（开放许可声明、匹配反馈、对接事项、企业的需求）；为假时有引用即拒绝"


class DeletionQuery(Schema):
    """The reason for a deletion, and whether what refers to it goes too."""

    reason: Reason
    cascade: bool = Field(default=False, description=CASCADE)


def deleted(
    session: Session, register: Register, record_id: int, actor: str, wanted: DeletionQuery
) -> TombstonePublic:
    """Deletes a record; the tombstone as shown. Raises NotFound, InvalidInput without a reason, and Conflict where it is in use."""
    why = Why(actor, wanted.reason)
    return tombstones.public(removal.delete(session, register, record_id, why, cascade=wanted.cascade))


class DeletionRequest(Schema):
    """Several records of one kind to be deleted."""

    model_config = {  # noqa: RUF012 - read once by the library
        "json_schema_extra": {"examples": [{"kind": "needs", "ids": [12, 15], "reason": "企业已撤回"}]}
    }

    kind: ImportKind = Field(description="记录种类")
    ids: Annotated[list[StrictId], Field(min_length=1, max_length=MOST_AT_ONCE)] = Field(
        description="记录编号"
    )
    reason: Reason
    cascade: bool = Field(default=False, strict=True, description=CASCADE)


class DeletionReport(BaseModel):
    """The result for each of several records."""

    deleted: int = Field(description="已删除的条数，不含一并删除的")
    refused: int = Field(description="没有删除的条数")
    items: list[DeletionResult] = Field(description="逐条结果")

    @classmethod
    def of(cls, results: list[DeletionResult]) -> DeletionReport:
        """The report of these."""
        done = sum(result.deletion is not None for result in results)
        return cls(deleted=done, refused=len(results) - done, items=results)


class MergeRequest(Schema):
    """The record that is merged into another, and why."""

    model_config = {  # noqa: RUF012 - read once by the library
        "json_schema_extra": {"examples": [{"other_id": 15, "reason": "同一条需求登记了两次"}]}
    }

    other_id: StrictId = Field(description="被合并的记录的编号；合并后它成为删除记录")
    reason: Reason


class DeletionConditions(Schema):
    """Conditions of a list of deleted records."""

    kind: ImportKind | None = Field(default=None, description="记录种类")
    merged: bool | None = Field(default=None, description="只看合并（true）或只看删除（false）")
    restored: bool = Field(default=False, description="是否也列出已恢复的")

    @property
    def where(self) -> TombstoneFilter:
        """The conditions as the catalogue takes them."""
        return TombstoneFilter(kind=self.kind, merged=self.merged, restored=self.restored)


class DeletionListQuery(PageQuery, DeletionConditions):
    """Page and conditions of a list of deleted records."""

    sort: str | None = sort_field(tombstones.SORTS)
