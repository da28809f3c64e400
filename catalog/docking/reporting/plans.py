"""The yearly plan of activities (年度计划): how many are planned for each area (片区) and field (领域)."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import UniqueConstraint, select
from sqlmodel import Field, Session, col

from catalog.kit.base import Schema, Timestamps, apply_changes
from catalog.kit.errors import NotFound, RecordExists

AT_LEAST_A_YEAR = 4
"""Activities a year, by area and field (湖北省实施方案: 每年举办不少于 4 场分片区、分领域对接活动)."""


class PlanStated(Schema):
    """The number of activities planned for an area and a field in a year."""

    year: int = Field(ge=2000, le=2100, description="年度")
    area: str = Field(min_length=1, max_length=100, description="片区")
    field: str = Field(min_length=1, max_length=100, description="领域")
    planned: int = Field(default=1, ge=0, le=100, description="计划举办的次数")
    due_on: date | None = Field(default=None, description="计划举办的日期")
    note: str = Field(default="", max_length=500, description="备注")


class ActivityPlan(PlanStated, Timestamps, table=True):
    """A line of the yearly plan."""

    __tablename__ = "activity_plans"
    __table_args__ = (UniqueConstraint("year", "area", "field"),)

    id: int | None = Field(default=None, primary_key=True)
    actor: str = Field(default="", max_length=100)


def find(session: Session, year: int, area: str, field: str) -> ActivityPlan | None:
    """The line of a year for this area and field."""
    query = select(ActivityPlan).where(
        col(ActivityPlan.year) == year, col(ActivityPlan.area) == area, col(ActivityPlan.field) == field
    )
    return session.execute(query).scalar_one_or_none()


def put(session: Session, data: PlanStated, *, actor: str = "") -> ActivityPlan:
    """Stores a line of the plan in the place of the one for the same area and field."""
    row = find(session, data.year, data.area, data.field)
    if row is None:
        row = ActivityPlan(**data.model_dump(), actor=actor)
        session.add(row)
    else:
        if apply_changes(row, data.model_dump()):
            row.actor = actor
    session.flush()
    return row


def change(session: Session, plan_id: int, data: PlanStated, *, actor: str = "") -> ActivityPlan:
    """Replaces a line of the plan. Raises NotFound, and Conflict where another line is for the same area and field."""
    row, other = get(session, plan_id), find(session, data.year, data.area, data.field)
    if other is not None and other.id != row.id:
        message = f"{data.year} 年{data.area}、{data.field}已有编号为 {other.id} 的计划"
        raise RecordExists(message, hint="请改为更正那一行", existing_id=other.id)
    if apply_changes(row, data.model_dump()):
        row.actor = actor
    session.flush()
    return row


def get(session: Session, plan_id: int) -> ActivityPlan:
    """The line `plan_id` of the plan. Raises NotFound."""
    row = session.get(ActivityPlan, plan_id)
    if row is None:
        raise NotFound(f"年度计划中没有编号为 {plan_id} 的一行")
    return row


def remove(session: Session, plan_id: int) -> None:
    """Removes a line of the plan. Raises NotFound."""
    session.delete(get(session, plan_id))
    session.flush()


def of_year(session: Session, year: int) -> Sequence[ActivityPlan]:
    """The plan of a year by area and field."""
    query = select(ActivityPlan).where(col(ActivityPlan.year) == year)
    order = (ActivityPlan.area, ActivityPlan.field, ActivityPlan.id)
    return session.execute(query.order_by(*(col(one) for one in order))).scalars().all()
