"""Pages of patents under filters."""

from typing import Any

from sqlalchemy import Select, func, select
from sqlmodel import Field, Session, col

from catalog.kit.base import (
    Schema,
)
from catalog.kit.paging import PageQuery, Rows, all_ids, paginate
from catalog.reference.conditions import in_regions, of_industries, under_ipc
from catalog.supply import holders
from catalog.supply.holders import Holder
from catalog.supply.patents import Patent, PatentClass, PatentHolder
from catalog.supply.screenings import Screening


class PatentFilter(Schema):
    """Conditions of a list of patents, by stored value; values of one field are alternatives, fields add up."""

    text: str | None = Field(default=None, max_length=200, description="名称或摘要中的词语")
    holder: str | None = Field(default=None, max_length=300, description="专利权人名称（部分）")
    segment: list[str] = Field(default_factory=list)
    region: list[str] = Field(default_factory=list)
    industry: list[str] = Field(default_factory=list)
    ipc: list[str] = Field(default_factory=list)
    holder_kind: list[str] = Field(default_factory=list)
    kind: list[str] = Field(default_factory=list)
    application_number: str | None = Field(default=None, description="申请号，完整")
    draft: bool | None = Field(default=None, description="缺申请号的草稿（true）或有申请号的专利（false）")
    dormant: bool | None = Field(default=None, description="盘点筛选判为沉睡（true）或非沉睡（false）")


def _with_class(query: Select[Patent], scheme: str, matching: Any) -> Select[Patent]:
    ids = select(col(PatentClass.patent_id)).where(col(PatentClass.scheme) == scheme, matching)
    return query.where(col(Patent.id).in_(ids))


def _with_holder(query: Select[Patent], wanted: PatentFilter) -> Select[Patent]:
    ids = select(col(PatentHolder.patent_id)).join(Holder, col(Holder.id) == col(PatentHolder.holder_id))
    if wanted.holder:
        ids = ids.where(col(Holder.id).in_(holders.named(wanted.holder)))
    if wanted.holder_kind:
        ids = ids.where(col(Holder.kind).in_(wanted.holder_kind), col(PatentHolder.position) == 0)
    return query.where(col(Patent.id).in_(ids))


def _numbered(query: Select[Patent], wanted: PatentFilter) -> Select[Patent]:
    number = col(Patent.application_number)
    if wanted.application_number:
        query = query.where(number == wanted.application_number)
    return query if wanted.draft is None else query.where(number.is_(None) == wanted.draft)


def _meeting(where: PatentFilter) -> Select[Patent]:
    """A query for the patents that meet all conditions."""
    query = _numbered(select(Patent), where)
    if where.text:
        query = query.where(
            col(Patent.title).contains(where.text, autoescape=True)
            | col(Patent.abstract).contains(where.text, autoescape=True)
        )
    if where.holder or where.holder_kind:
        query = _with_holder(query, where)
    if where.kind:
        query = query.where(col(Patent.kind).in_(where.kind))
    if where.region:
        query = query.where(in_regions(col(Patent.province), col(Patent.prefecture), where.region))
    if where.dormant is not None:
        ids = select(col(Screening.patent_id)).where(col(Screening.dormant).is_(where.dormant))
        query = query.where(col(Patent.id).in_(ids))
    code = col(PatentClass.code)
    if where.ipc:
        query = _with_class(query, "ipc", under_ipc(code, where.ipc))
    if where.industry:
        query = _with_class(query, "industry", of_industries(code, where.industry))
    if where.segment:
        query = _with_class(query, "segment", code.in_(where.segment))
    return query


_SORTABLE: dict[str, Any] = {
    "id": Patent.id,
    "application_number": Patent.application_number,
    "title": Patent.title,
    "filing_date": Patent.filing_date,
    "grant_date": Patent.grant_date,
    "potential": func.coalesce(col(Screening.potential), -1),
}


def _sorted_by(wanted: PageQuery, query: Select[Patent]) -> Select[Patent]:
    """The query with the joins that its order needs."""
    if (wanted.sort or "").removeprefix("-") == "potential":
        return query.outerjoin(Screening, col(Screening.patent_id) == col(Patent.id))
    return query


def page(session: Session, wanted: PageQuery, where: PatentFilter) -> Rows[Patent]:
    """The patents that meet all conditions of `where`."""
    return paginate(session, _sorted_by(wanted, _meeting(where)), wanted, _SORTABLE, "id")


def listed(session: Session, wanted: PageQuery, where: PatentFilter, *, at_most: int) -> list[int]:
    """The ids of all patents that meet the conditions, in the order of the list. Raises InvalidInput for too many."""
    return all_ids(session, _sorted_by(wanted, _meeting(where)), wanted, _SORTABLE, "id", at_most=at_most)


def count(session: Session) -> int:
    """The number of patents in the catalogue."""
    total: int = session.execute(select(func.count()).select_from(Patent)).scalar_one()
    return total
