"""Requests for changes of records and their answer, the same for REST and command line."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field, WithJsonSchema

from catalog.changes import feed
from catalog.changes.feed import FeedQuery
from catalog.changes.kinds import KIND_OF, KINDS
from catalog.changes.record_changes import ChangePlace, Operation, RecordChange
from catalog.db import Session
from catalog.kit.base import Schema
from catalog.kit.days import BEIJING
from catalog.kit.terms import Term

MOST_CHANGES = 1000
ADDRESSES = {
    name: f"/api/v1/{name}/{{id}}"
    for name in (
        "patents", "needs", "enterprises", "holders", "licences", "deals", "pipeline", "activities",
    )
}  # fmt: skip
"""Where a record of a kind is read, by the name of the kind; others are read with what they belong to."""


class ChangedKind(Term):
    """Kinds of records whose changes are noted, as a choice."""

    vars().update({kind.name.upper(): (kind.name, kind.label) for kind in KINDS})


def _moment(value: Any) -> Any:
    if value is None or isinstance(value, datetime):
        return value
    try:
        found = datetime.fromisoformat(str(value).strip())
    except ValueError:
        raise ValueError("应为日期或时间，如 2026-01-31 或 2026-01-31T08:00:00+08:00") from None
    if not 1970 <= found.year <= 9000:
        raise ValueError("年份应在 1970 至 9000 之间")
    return found if found.tzinfo else found.replace(tzinfo=BEIJING)


Moment = Annotated[
    datetime | None,
    BeforeValidator(_moment),
    WithJsonSchema({"type": "string", "minLength": 10, "maxLength": 40}),
]


class ChangeConditions(Schema):
    """The place from which changes are read, which kinds, and how many at once."""

    after: str | None = Field(
        default=None,
        max_length=40,
        description="上一次应答中的 next；不填从头读取",
        examples=["0.0"],
    )
    since: Moment = Field(
        default=None,
        description="从此时间起的第一条变更读起；不带时区的按北京时间。首次读取用，不能与 after 同用",
        examples=["2026-01-31T08:00:00+08:00"],
    )
    kind: list[ChangedKind] = Field(default_factory=list, max_length=20, description="只要这些种类，可多个")
    size: int = Field(default=100, ge=1, le=MOST_CHANGES, description="最多返回多少条")


class ChangePublic(BaseModel):
    """The newest change of a record as shown to users."""

    kind: str = Field(description="记录种类")
    kind_name: str = Field(description="记录种类的名称")
    record_id: int = Field(description="记录编号")
    operation: Operation = Field(description="created 新增或恢复；updated 改动；deleted 删除")
    operation_name: str = Field(description="变更方式的名称")
    at: datetime = Field(description="变更时间")
    address: str | None = Field(description="读取该记录的地址；已删除或不单独读取的为空")


class ChangesPublic(BaseModel):
    """Changes in their order."""

    items: list[ChangePublic] = Field(description="变更，先发生的在前；一条记录只列最近一次变更")
    next: str = Field(description="下一次读取的 after；长期有效")
    more: bool = Field(description="是否还有更多变更，可立即再读")


def changes_of(session: Session, wanted: ChangeConditions) -> ChangesPublic:
    """The next changes. Raises InvalidInput as `catalog.changes.feed.page`."""
    after = ChangePlace.parse(wanted.after) if wanted.after is not None else None
    found = feed.page(
        session, FeedQuery(after, wanted.since, [str(kind) for kind in wanted.kind], wanted.size)
    )
    return ChangesPublic(items=[_public(row) for row in found.rows], next=str(found.next), more=found.more)


def _public(row: RecordChange) -> ChangePublic:
    address = ADDRESSES.get(row.kind) if row.operation != Operation.DELETED else None
    return ChangePublic(
        kind=row.kind,
        kind_name=KIND_OF[row.kind].label,
        record_id=row.record_id,
        operation=row.operation,
        operation_name=Operation(row.operation).label,
        at=row.at,
        address=address.format(id=row.record_id) if address else None,
    )
