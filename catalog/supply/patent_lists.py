"""Pages of patents under filters."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, func, select
from sqlmodel import Field, Session, col

from catalog.kit import facets
from catalog.kit.base import Schema
from catalog.kit.bulk import given_ids
from catalog.kit.paging import ListQuery, MainList, Rows, Sorts
from catalog.kit.terms import HolderKind, LegalStatus, PatentKind
from catalog.reference.conditions import in_regions, of_industries, under_ipc
from catalog.reference.lists import region_name
from catalog.segments.segments import names_in_use
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
    status: list[str] = Field(default_factory=list)
    draft: bool | None = Field(default=None, description="缺申请号的草稿（true）或有申请号的专利（false）")
    dormant: bool | None = Field(default=None, description="盘点筛选判为沉睡（true）或非沉睡（false）")
    among: Sequence[int] | None = Field(default=None, description="编号在其中的")
    not_among: Sequence[int] | None = Field(default=None, description="编号不在其中的")


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


def _meeting(session: Session, where: PatentFilter) -> Select[Patent]:
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
    if where.status:
        query = query.where(col(Patent.legal_status).in_(where.status))
    if where.among is not None:
        query = query.where(col(Patent.id).in_(given_ids(session, where.among)))
    if where.not_among is not None:
        query = query.where(col(Patent.id).not_in(given_ids(session, where.not_among)))
    return _of_classes(query, where)


def _of_classes(query: Select[Patent], where: PatentFilter) -> Select[Patent]:
    code = col(PatentClass.code)
    if where.ipc:
        query = _with_class(query, "ipc", under_ipc(code, where.ipc))
    if where.industry:
        query = _with_class(query, "industry", of_industries(code, where.industry))
    if where.segment:
        query = _with_class(query, "segment", code.in_(where.segment))
    return query


_FIRST_HOLDERS = (
    select(col(PatentHolder.patent_id), col(Holder.kind))
    .join(Holder, col(Holder.id) == col(PatentHolder.holder_id))
    .where(col(PatentHolder.position) == 0)
)
_SEGMENTS = select(col(PatentClass.patent_id), col(PatentClass.code)).where(
    col(PatentClass.scheme) == "segment"
)
_DAYS = ("filing_date", "publication_date", "grant_date", "expiry_date", "legal_status_date")
_POTENTIAL = select(col(Screening.potential)).where(col(Screening.patent_id) == col(Patent.id))


LIST = MainList(
    Patent,
    Sorts(
        {
            **{name: getattr(Patent, name) for name in ("id", "application_number", "title", *_DAYS)},
            "annuity_paid_until": Patent.annuity_paid_until,
            "created_at": Patent.created_at,
            "updated_at": Patent.updated_at,
            "potential": _POTENTIAL.scalar_subquery(),
        },
        "id",
    ),
    {
        "segment": facets.of_links(Patent.id, _SEGMENTS, facets.listed(names_in_use)),
        "region": facets.of_column(
            func.coalesce(Patent.prefecture, Patent.province), facets.known(region_name)
        ),
        "kind": facets.of_column(Patent.kind, facets.labels(PatentKind)),
        "holder_kind": facets.of_links(Patent.id, _FIRST_HOLDERS, facets.labels(HolderKind)),
        "status": facets.of_column(Patent.legal_status, facets.labels(LegalStatus)),
        "year": facets.of_years(Patent.filing_date),
    },
)


def page(session: Session, wanted: ListQuery, where: PatentFilter) -> Rows[Patent]:
    """The patents that meet all conditions of `where`."""
    return LIST.page(session, _meeting(session, where), wanted)


def listed(session: Session, wanted: ListQuery, where: PatentFilter, *, at_most: int) -> list[int]:
    """The ids of all patents that meet the conditions, in the order of the list. Raises InvalidInput for too many."""
    return LIST.ids(session, _meeting(session, where), wanted, at_most=at_most)


def ids(session: Session, where: PatentFilter, *, at_most: int) -> list[int] | None:
    """The ids of the patents that meet the conditions; None where there are more than `at_most`."""
    query = _meeting(session, where).with_only_columns(col(Patent.id)).limit(at_most + 1)
    found = list(session.execute(query).scalars())
    return None if len(found) > at_most else found


def count(session: Session) -> int:
    """The number of patents in the catalogue."""
    total: int = session.execute(select(func.count()).select_from(Patent)).scalar_one()
    return total
