"""Pages of lists: request, order, result; by number, or by cursor (游标) for those who synchronise."""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, NamedTuple, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python
from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlmodel import Session

from catalog.kit.base import RowT, Schema
from catalog.kit.errors import InvalidInput
from catalog.kit.facets import Facet, FacetCount, counted
from catalog.kit.ids import MAX_ID

ItemT = TypeVar("ItemT")


MAX_PAGE_SIZE = 200
BEGINNINGS = ("", "*")
"""Cursors of the first page."""


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


class ListPage(BaseModel, Generic[ItemT]):
    """One page of a main list, by number or by cursor, with what was counted beside it."""

    total: int | None = Field(description="符合条件的总数；按游标翻页时不计（为空），除非 count=true")
    page: int | None = Field(description="页码；按游标翻页时为空")
    size: int = Field(description="每页条数")
    items: list[ItemT] = Field(description="本页的记录")
    next: str | None = Field(default=None, description="下一页的游标；已是最后一页，或按页码翻页时为空")
    facets: dict[str, list[FacetCount]] | None = Field(
        default=None, description="按 facets 所要的各项分类计数，多的在前；没有请求时为空"
    )

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """`PatentPage` for a page of `PatentPublic`: generated clients name their classes so."""
        return f"{params[0].__name__.removesuffix('Public').removesuffix('Shown')}Page"


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


class ListQuery(PageQuery):
    """The requested page of a main list, by number or by cursor, since a moment, with counts beside it."""

    cursor: str | None = Field(
        default=None,
        max_length=1000,
        description="按游标翻页：首页填 * 或留空，以后填上一页的 next；其间新增、删除的记录不会使其他记录重复或遗漏",
    )
    count: bool = Field(default=False, description="按游标翻页时是否也计总数")
    facets: list[str] = Field(default_factory=list)
    created_since: datetime | None = None
    updated_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """The order of a list by a column and, where equal, by id."""

    name: str
    column: Any
    id: Any
    is_down: bool

    @property
    def is_by_id(self) -> bool:
        """Whether the column is the id itself."""
        return self.column is self.id

    @property
    def may_be_null(self) -> bool:
        """Whether rows may lack a value; only then is the database told where they go, which costs it the use of an index."""
        return bool(getattr(getattr(self.column, "expression", self.column), "nullable", True))

    def of(self, query: Select[Any]) -> Select[Any]:
        """The query in this order."""
        columns = [self.id] if self.is_by_id else [self.column, self.id]
        directed = [column.desc() if self.is_down else column.asc() for column in columns]
        if not self.is_by_id and self.may_be_null:
            directed[0] = directed[0].nulls_last()
        return query.order_by(*directed)

    def after(self, value: Any, last: int) -> ColumnElement[bool]:
        """The condition that a row comes after the one with this value and id."""
        column = self.column
        ids: ColumnElement[bool] = self.id < last if self.is_down else self.id > last
        if self.is_by_id:
            return ids
        if value is None:
            return and_(column.is_(None), ids)
        beyond = column < value if self.is_down else column > value
        # The bound of the column is said apart, so that an index on it is searched instead of read from its beginning.
        behind = and_(column <= value if self.is_down else column >= value, or_(beyond, ids))
        return or_(behind, column.is_(None)) if self.may_be_null else behind


@dataclass(frozen=True, slots=True)
class Sorts:
    """The orders of a list: columns by name, among them the `id`, which breaks ties in the same direction; and the default.

    Rows without a value come last in either direction, on every database.
    """

    columns: Mapping[str, Any]
    default: str

    def order(self, sort: str | None) -> Order:
        """The order of that name. Raises InvalidInput naming all names."""
        wanted = sort or self.default
        name = wanted.removeprefix("-")
        if name not in self.columns:
            raise InvalidInput(f"sort：不能按“{name}”排序", hint="可用的排序字段：" + "、".join(self.columns))
        return Order(wanted, self.columns[name], self.columns["id"], wanted.startswith("-"))


@dataclass(frozen=True, slots=True)
class Rows(Generic[RowT]):
    """The rows of one page together with the number of all rows, the cursor of the next page, and what was counted."""

    rows: Sequence[RowT]
    total: int
    next: str | None = None
    facets: dict[str, list[FacetCount]] | None = None

    def listed(self, wanted: ListQuery, items: list[ItemT]) -> ListPage[ItemT]:
        """The page as shown to users; `items` are what is shown of the rows."""
        by_number = wanted.cursor is None
        return ListPage(
            total=self.total if by_number or wanted.count else None,
            page=wanted.page if by_number else None,
            size=wanted.size,
            items=items,
            next=self.next,
            facets=self.facets,
        )


def paginate(session: Session, query: Select[Any], wanted: PageQuery, sorts: Sorts) -> Rows[Any]:
    """Runs `query` for one page by number. Raises InvalidInput for an unknown order."""
    ordered = sorts.order(wanted.sort).of(query)
    rows = session.execute(ordered.offset(wanted.offset).limit(wanted.size)).scalars().all()
    return Rows(rows, total_of(session, query))


def total_of(session: Session, query: Select[Any]) -> int:
    """The number of rows of a query."""
    total: int = session.execute(
        select(func.count()).select_from(query.order_by(None).subquery())
    ).scalar_one()
    return total


@dataclass(frozen=True, slots=True)
class MainList:
    """A list that is paged by number and by cursor, with counts beside it: its table, its orders and its facets."""

    model: Any
    sorts: Sorts
    facets: Mapping[str, Facet] = field(default_factory=dict)

    def page(self, session: Session, query: Select[Any], wanted: ListQuery) -> Rows[Any]:
        """Runs `query` for one page. Raises InvalidInput for an unknown order or facet, and for a cursor of another list."""
        query = self._since(query, wanted)
        facets = counted(session, query, wanted.facets, self.facets) if wanted.facets else None
        if wanted.cursor is None:
            found = paginate(session, query, wanted, self.sorts)
            return Rows(found.rows, found.total, facets=facets)
        order = self.sorts.order(wanted.sort)
        rows, following = _following(session, query, order, wanted)
        return Rows(rows, total_of(session, query) if wanted.count else 0, following, facets)

    def ids(self, session: Session, query: Select[Any], wanted: ListQuery, *, at_most: int) -> list[int]:
        """The ids of all rows of `query` in the order of its pages. Raises InvalidInput for more than `at_most`."""
        return all_ids(session, self._since(query, wanted), wanted, self.sorts, at_most=at_most)

    def _since(self, query: Select[Any], wanted: ListQuery) -> Select[Any]:
        if wanted.created_since:
            query = query.where(self.model.created_at >= wanted.created_since)
        if wanted.updated_since:
            query = query.where(self.model.updated_at >= wanted.updated_since)
        return query


def all_ids(
    session: Session, query: Select[Any], wanted: PageQuery, sorts: Sorts, *, at_most: int
) -> list[int]:
    """The ids of all rows of `query` in the order of its pages. Raises InvalidInput for more than `at_most`."""
    order = sorts.order(wanted.sort)
    found = list(session.execute(order.of(query).with_only_columns(order.id).limit(at_most + 1)).scalars())
    if len(found) > at_most:
        raise InvalidInput(f"符合条件的记录超过 {at_most} 条，不能一次导出", hint="请缩小条件，分几次导出")
    return found


def _following(
    session: Session, query: Select[Any], order: Order, wanted: ListQuery
) -> tuple[list[Any], str | None]:
    """The rows after the cursor, and the cursor of the next page."""
    if "page" in wanted.model_fields_set:
        raise InvalidInput("cursor 与 page 不能同时使用", hint="按游标翻页时去掉 page")
    if wanted.cursor not in BEGINNINGS:
        place = _Place.read(wanted.cursor or "", order)
        query = query.where(order.after(place.value, place.id))
    found = session.execute(order.of(query.add_columns(order.column, order.id)).limit(wanted.size + 1)).all()
    rows = [row[0] for row in found[: wanted.size]]
    if len(found) <= wanted.size:
        return rows, None
    last = found[wanted.size - 1]
    return rows, _Place(order.name, last[-2], last[-1]).written


class _Place(NamedTuple):
    """The last row of a page: the order of the list, the value of its column, the id."""

    sort: str
    value: Any
    id: int

    @property
    def written(self) -> str:
        """The place as a cursor, in characters that addresses hold as they are."""
        plain = json.dumps(to_jsonable_python(list(self)), ensure_ascii=False, separators=(",", ":"))
        return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")

    @classmethod
    def read(cls, cursor: str, order: Order) -> Self:
        """The place that a cursor names. Raises InvalidInput for one that was not given by this list in this order."""
        try:
            plain = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
            sort, value, id_ = json.loads(plain)
            expected = order.column.type.python_type | None
            place = cls(
                sort, TypeAdapter(expected).validate_python(value), TypeAdapter(int).validate_python(id_)
            )
        except (ValueError, TypeError, binascii.Error, ValidationError) as error:
            raise InvalidInput(
                "cursor：不是本系统给出的游标", hint="首页填 *，以后原样填写上一页的 next"
            ) from error
        if place.sort != order.name or not 0 <= place.id <= MAX_ID:
            raise InvalidInput(
                f"cursor：此游标的排序为 {place.sort[:50]}，与 sort 不符",
                hint="翻页时 sort 与各条件须与首页相同",
            )
        return place
