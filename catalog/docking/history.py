"""The history of an activity (活动历史): who did what to which part of it, and when."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic_core import to_jsonable_python
from sqlalchemy import JSON, select
from sqlmodel import Field, Session, SQLModel, col

from catalog.docking.activities import Activity
from catalog.docking.terms import ActivityAction
from catalog.kit.base import NEVER_TWICE, UtcDateTime, id_of, now
from catalog.kit.paging import PageQuery, Rows, Sorts, paginate


class ActivityEvent(SQLModel, table=True):
    """One step: `subject` names the part, as `invitation 12`; `changes` are the values before and after."""

    __tablename__ = "activity_events"
    __table_args__ = NEVER_TWICE

    id: int | None = Field(default=None, primary_key=True)
    activity_id: int = Field(foreign_key="activities.id", index=True)
    at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    actor: str = Field(default="", max_length=100)
    action: str = Field(max_length=24)
    subject: str = Field(default="", max_length=200)
    changes: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


class ActivityEventPublic(SQLModel):
    """A step as shown to users."""

    at: datetime = Field(description="时间")
    actor: str = Field(description="操作者：接口密钥的名称或命令行")
    action: ActivityAction = Field(description="操作")
    action_name: str = Field(description="操作的中文名称")
    subject: str = Field(description="所涉的邀请、会谈等")
    changes: dict[str, Any] = Field(description="改动前后的内容")


def note(
    session: Session, row: Activity, action: ActivityAction, actor: str, subject: str = "", **changes: Any
) -> None:
    """Adds a step to the history of an activity, which has changed now."""
    row.updated_at = now()
    session.add(
        ActivityEvent(
            activity_id=id_of(row),
            actor=actor,
            action=action.value,
            subject=subject[:200],
            changes=to_jsonable_python(changes),
        )
    )
    session.flush()


SORTS = Sorts({"id": ActivityEvent.id, "at": ActivityEvent.at}, "-id")


def page(session: Session, activity_id: int, wanted: PageQuery) -> Rows[ActivityEvent]:
    """The steps of an activity, the newest first by default."""
    query = select(ActivityEvent).where(col(ActivityEvent.activity_id) == activity_id)
    return paginate(session, query, wanted, SORTS)


def publics(rows: Sequence[ActivityEvent]) -> list[ActivityEventPublic]:
    """The steps as shown to users."""
    return [
        ActivityEventPublic(
            **row.model_dump(include={"at", "actor", "subject", "changes"}),
            action=ActivityAction(row.action),
            action_name=ActivityAction(row.action).label,
        )
        for row in rows
    ]


def differences(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """The values that differ, by name: before and after."""
    return {name: [before.get(name), value] for name, value in after.items() if before.get(name) != value}
