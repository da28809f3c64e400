"""Pages of lists: request, result and sort order."""

from collections.abc import Sequence
from typing import Any, Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Select, func, select
from sqlmodel import Field, Session

from catalog.kit.base import RowT, Schema
from catalog.kit.errors import InvalidInput

ItemT = TypeVar("ItemT")


MAX_PAGE_SIZE = 200


class Page(BaseModel, Generic[ItemT]):
    """One page of a list with the number of all items."""

    # A model of SQLModel would forget what its items are.
    model_config = ConfigDict(extra="forbid")

    total: int = Field(description="符合条件的全部条数")
    page: int = Field(description="第几页，从 1 起")
    size: int = Field(description="每页条数")
    items: list[ItemT] = Field(description="这一页的内容")

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """`PatentPage` for a page of `PatentPublic`: generated clients name their classes so."""
        return f"{params[0].__name__.removesuffix('Public').removesuffix('Shown')}Page"

    @classmethod
    def whole(cls, items: Sequence[ItemT]) -> Self:
        """The only page of a list that is short by nature."""
        return cls(total=len(items), page=1, size=len(items), items=list(items))


class PageQuery(Schema):
    """The requested page of a list and its order; `-field` sorts downwards."""

    page: int = Field(default=1, ge=1, le=1_000_000, description="第几页，从 1 起")
    size: int = Field(default=20, ge=1, le=MAX_PAGE_SIZE, description="每页条数")
    sort: str | None = None

    @property
    def offset(self) -> int:
        """Rows before this page."""
        return (self.page - 1) * self.size

    def cut(self, rows: Sequence[RowT]) -> Sequence[RowT]:
        """The rows of this page among all rows."""
        return rows[self.offset : self.offset + self.size]


class Rows(Generic[RowT]):
    """The rows of one page together with the number of all rows."""

    def __init__(self, rows: Sequence[RowT], total: int) -> None:
        self.rows = rows
        self.total = total


def paginate(
    session: Session, query: Select[Any], wanted: PageQuery, sortable: dict[str, Any], default: str
) -> Rows[Any]:
    """Runs `query` for one page.

    `sortable` names the columns allowed in `wanted.sort`; the id column under `"id"` breaks ties.
    Raises InvalidInput for a sort field that is not among them.
    """
    ordered = _ordered(query, wanted, sortable, default)
    total = session.execute(select(func.count()).select_from(query.order_by(None).subquery())).scalar_one()
    rows = session.execute(ordered.offset(wanted.offset).limit(wanted.size)).scalars().all()
    return Rows(rows, total)


def all_ids(
    session: Session,
    query: Select[Any],
    wanted: PageQuery,
    sortable: dict[str, Any],
    default: str,
    *,
    at_most: int,
) -> list[int]:
    """The ids of all rows of `query` in the order of its pages. Raises InvalidInput for more than `at_most`."""
    ordered = _ordered(query, wanted, sortable, default).with_only_columns(sortable["id"])
    found = list(session.execute(ordered.limit(at_most + 1)).scalars())
    if len(found) > at_most:
        raise InvalidInput(f"符合条件的记录超过 {at_most} 条，不能一次导出", hint="请缩小条件，分几次导出")
    return found


def _ordered(query: Select[Any], wanted: PageQuery, sortable: dict[str, Any], default: str) -> Select[Any]:
    sort = wanted.sort or default
    name = sort.removeprefix("-")
    if name not in sortable:
        raise InvalidInput(f"不能按“{name}”排序", hint="可用的排序字段：" + "、".join(sortable))
    column = sortable[name]
    return query.order_by(column.desc() if sort.startswith("-") else column.asc(), sortable["id"].asc())
