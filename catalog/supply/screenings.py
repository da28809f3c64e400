"""Screenings (盘点筛选): which patents are dormant (沉睡专利) and how worth waking, with each point's reason.

A patent has one screening, the last; `assessment.screening.dormancy` makes them, this module keeps them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from pydantic import BaseModel
from sqlalchemy import JSON, Index, delete, insert, select
from sqlmodel import Field, Session, SQLModel, col

from catalog.kit.base import Record, among, chunks, rows_among, table_of


class Screening(SQLModel, table=True):
    """The last screening of a patent; `dormant` is None where the data do not suffice."""

    __tablename__ = "screenings"
    __table_args__ = (Index("ix_screenings_dormant_potential", "dormant", "potential"),)

    patent_id: int = Field(foreign_key="patents.id", primary_key=True)
    holder_id: int = Field(foreign_key="holders.id", index=True, description="the holder asked for review")
    as_of: date
    dormant: bool | None = None
    reason: str = Field(max_length=500)
    potential: int = 0
    points: list[list[object]] = Field(default_factory=list, sa_type=JSON)
    weights_version: str = Field(max_length=40)


class Point(BaseModel):
    """Points for one factor of the potential (潜力分), with the reason in Chinese."""

    factor: str = Field(description="因素的代码")
    label: str = Field(description="因素的名称")
    points: int = Field(description="得分")
    maximum: int = Field(description="满分")
    reason: str = Field(description="得分的理由")
    missing: bool = Field(description="是否缺少资料")


class PointRow(NamedTuple):
    """A `Point` on its way to the table, where it is a list of values without names: a million rows long."""

    factor: str
    label: str
    points: int
    maximum: int
    reason: str
    missing: bool


@dataclass(frozen=True, slots=True)
class Result:
    """The screening of one patent on its way to the table."""

    patent_id: int
    holder_id: int
    as_of: date
    dormant: bool | None
    reason: str
    points: list[PointRow]
    weights_version: str

    @property
    def potential(self) -> int:
        """The sum of all points."""
        return sum(point.points for point in self.points)


class ScreeningPublic(BaseModel):
    """A screening as shown to users."""

    as_of: date = Field(description="筛选所按的日期")
    dormant: bool | None = Field(description="是否沉睡；资料不足为空")
    reason: str = Field(description="结论的理由")
    potential: int = Field(description="潜力分")
    points: list[Point] = Field(description="潜力分的组成")
    weights_version: str = Field(description="权重的版本")


_SHOWN = tuple(name for name in ScreeningPublic.model_fields if name != "points")
_TABLE = table_of(Screening)
_OF_PATENTS = select(_TABLE).where(among(_TABLE.c.patent_id))


def points_of(row: Screening | Record) -> list[Point]:
    """The points of a screening."""
    return [Point(**dict(zip(PointRow._fields, values, strict=True))) for values in row.points]


def of_patents(session: Session, ids: Sequence[int]) -> dict[int, ScreeningPublic]:
    """The screenings of these patents by patent id, as shown to users."""
    return {
        row.patent_id: ScreeningPublic(**{name: getattr(row, name) for name in _SHOWN}, points=points_of(row))
        for row in rows_among(session, _OF_PATENTS, ids)
    }


def verdicts(session: Session, ids: Sequence[int]) -> dict[int, tuple[bool | None, int]]:
    """Whether these patents are dormant, and their potential, by patent id; those never screened are left out."""
    found: dict[int, tuple[bool | None, int]] = {}
    for chunk in chunks(ids):
        query = select(col(Screening.patent_id), col(Screening.dormant), col(Screening.potential))
        for patent_id, dormant, potential in session.execute(
            query.where(col(Screening.patent_id).in_(chunk))
        ):
            found[patent_id] = dormant, potential
    return found


def _values(row: Result) -> dict[str, object]:
    return {name: getattr(row, name) for name in Screening.model_fields}


def replace(session: Session, after: int, upto: int | None, rows: Sequence[Result]) -> None:
    """Put `rows` in the place of all screenings of patents with ids above `after` and, unless None, up to `upto`."""
    stale = delete(Screening).where(col(Screening.patent_id) > after)
    if upto is not None:
        stale = stale.where(col(Screening.patent_id) <= upto)
    session.execute(stale)
    if rows:
        # The table itself: the ORM would take most of the time of a screening.
        table = table_of(Screening)
        session.execute(insert(table), [_values(row) for row in rows])


def holder_ids(session: Session) -> list[int]:
    """The holders that have screened patents."""
    query = select(col(Screening.holder_id)).distinct().order_by(col(Screening.holder_id))
    return list(session.execute(query).scalars())
