"""Deals as users see them: lists by conditions, with patents, parties, payments and evidence."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from sqlalchemy import Select, func, select
from sqlmodel import Field, Session, col

from catalog.deals.deals import Deal, DealParty, DealPatent, Receipt
from catalog.deals.shown import DealPublic, publics
from catalog.kit import facets
from catalog.kit.base import Schema, chunks, fold
from catalog.kit.paging import ListQuery, MainList, Rows, Sorts
from catalog.kit.terms import DealKind, DealStatus, LicenceType, PartySide
from catalog.reference.lists import region_name
from catalog.segments.segments import names_in_use
from catalog.supply.patents import Patent, PatentClass


class DealFilter(Schema):
    """Conditions of a list of deals."""

    kind: DealKind | None = Field(default=None, description="交易种类")
    licence_type: LicenceType | None = Field(default=None, description="许可方式")
    status: DealStatus | None = Field(default=None, description="登记状态")
    giver: str | None = Field(default=None, max_length=300, description="出让方名称（部分）")
    taker: str | None = Field(default=None, max_length=300, description="受让方名称（部分）")
    application_number: str | None = Field(default=None, max_length=40, description="专利申请号")
    region: list[str] = Field(default_factory=list, description="受让方登记簿地址的行政区划代码")
    segment: list[str] = Field(default_factory=list, description="专利所属细分领域的代码")
    broker: str | None = Field(default=None, max_length=300, description="专利服务机构名称（部分）")
    filed: bool | None = Field(default=None, description="是否已备案")
    paid: bool | None = Field(default=None, description="是否已有到账")
    since: date | None = Field(default=None, description="签约日不早于")
    until: date | None = Field(default=None, description="签约日不晚于")


def received_sum() -> Any:
    """The payments of a deal, as a column."""
    amounts = select(func.sum(col(Receipt.amount))).where(col(Receipt.deal_id) == col(Deal.id))
    return func.coalesce(amounts.scalar_subquery(), 0)


def _with_party(query: Select[Any], side: PartySide, *conditions: Any) -> Select[Any]:
    ids = select(col(DealParty.deal_id)).where(col(DealParty.side) == side, *conditions)
    return query.where(col(Deal.id).in_(ids))


def matching(where: DealFilter) -> Select[Any]:
    """Query for the deals that meet all conditions."""
    query = select(Deal)
    for name in ("kind", "licence_type", "status"):
        if (value := getattr(where, name)) is not None:
            query = query.where(getattr(Deal, name) == value)
    for side, text in ((PartySide.GIVER, where.giver), (PartySide.TAKER, where.taker)):
        if text:
            query = _with_party(query, side, col(DealParty.name_key).contains(fold(text), autoescape=True))
    if where.region:
        places = col(DealParty.province).in_(where.region) | col(DealParty.prefecture).in_(where.region)
        query = _with_party(query, PartySide.TAKER, col(DealParty.position) == 0, places)
    for condition in _patent_conditions(where):
        query = query.where(col(Deal.id).in_(condition))
    for condition in _simple_conditions(where):
        query = query.where(condition)
    return query


def _patent_conditions(where: DealFilter) -> Iterator[Select[Any]]:
    ids = select(col(DealPatent.deal_id))
    if where.application_number:
        named = ids.join(Patent, col(Patent.id) == col(DealPatent.patent_id))
        yield named.where(col(Patent.application_number) == where.application_number)
    if where.segment:
        classed = ids.join(PatentClass, col(PatentClass.patent_id) == col(DealPatent.patent_id))
        yield classed.where(col(PatentClass.scheme) == "segment", col(PatentClass.code).in_(where.segment))


def _simple_conditions(where: DealFilter) -> Iterator[Any]:
    if where.broker:
        yield col(Deal.broker).contains(where.broker, autoescape=True)
    if where.filed is not None:
        yield col(Deal.filed_on).is_not(None) if where.filed else col(Deal.filed_on).is_(None)
    if where.paid is not None:
        paid = select(col(Receipt.deal_id))
        yield col(Deal.id).in_(paid) if where.paid else col(Deal.id).not_in(paid)
    if where.since:
        yield col(Deal.signed_on) >= where.since
    if where.until:
        yield col(Deal.signed_on) <= where.until


_TAKERS = select(
    col(DealParty.deal_id), func.coalesce(col(DealParty.prefecture), col(DealParty.province))
).where(col(DealParty.side) == PartySide.TAKER, col(DealParty.position) == 0)
_SEGMENTS = (
    select(col(DealPatent.deal_id), col(PatentClass.code))
    .join(PatentClass, col(PatentClass.patent_id) == col(DealPatent.patent_id))
    .where(col(PatentClass.scheme) == "segment")
)


LIST = MainList(
    Deal,
    Sorts(
        {
            **{
                name: getattr(Deal, name)
                for name in (
                    *("id", "code", "signed_on", "starts_on", "ends_on", "ended_on", "filed_on"),
                    *("contract_amount", "created_at", "updated_at"),
                )
            },
            "received": received_sum(),
        },
        "-signed_on",
    ),
    {
        "kind": facets.of_column(Deal.kind, facets.labels(DealKind)),
        "licence_type": facets.of_column(Deal.licence_type, facets.labels(LicenceType)),
        "status": facets.of_column(Deal.status, facets.labels(DealStatus)),
        "region": facets.of_links(Deal.id, _TAKERS, facets.known(region_name)),
        "segment": facets.of_links(Deal.id, _SEGMENTS, facets.listed(names_in_use)),
        "year": facets.of_years(Deal.signed_on),
    },
)


def page(session: Session, wanted: ListQuery, where: DealFilter) -> Rows[Deal]:
    """The deals that meet all conditions, the newest signed first by default."""
    return LIST.page(session, matching(where), wanted)


def every(session: Session, where: DealFilter) -> Iterator[DealPublic]:
    """All deals that meet the conditions as shown to users, the newest signed first."""
    query = matching(where).order_by(col(Deal.signed_on).desc(), col(Deal.id))
    for chunk in chunks(session.execute(query).scalars().all()):
        yield from publics(session, chunk)
