"""Pages of declarations (开放许可声明) under filters."""

from datetime import date
from typing import Any

from sqlalchemy import Text, case, cast, func, or_, select
from sqlmodel import Field, Session, col

from catalog.kit import facets
from catalog.kit.base import Schema, fold
from catalog.kit.paging import ListQuery, MainList, Rows, Sorts
from catalog.kit.terms import LicenceStatus, PatentKind, PaymentForm
from catalog.licences.licences import RUNNING, Licence
from catalog.reference.lists import region_name
from catalog.segments.segments import names_in_use
from catalog.supply.holders import Holder
from catalog.supply.patents import Patent, PatentClass, PatentHolder


class LicenceFilter(Schema):
    """Conditions of a list of declarations."""

    status: LicenceStatus | None = Field(default=None, description="声明状态（按今日）")
    payment_form: PaymentForm | None = Field(default=None, description="许可使用费支付方式")
    application_number: str | None = Field(default=None, max_length=16, description="专利申请号（规范写法）")
    holder: str | None = Field(default=None, max_length=300, description="专利权人名称（部分）")
    since: date | None = Field(default=None, description="声明日不早于")
    until: date | None = Field(default=None, description="声明日不晚于")


SORTS = Sorts(
    {
        **{
            name: getattr(Licence, name)
            for name in (
                *("id", "declared_on", "published_on", "withdrawn_on", "starts_on", "ends_on"),
                *("fixed_fee", "created_at", "updated_at"),
            )
        },
        "application_number": Patent.application_number,
    },
    "id",
)
_SEGMENTS = select(col(PatentClass.patent_id), col(PatentClass.code)).where(
    col(PatentClass.scheme) == "segment"
)
_FACETS = {
    "payment_form": facets.of_column(Licence.payment_form, facets.labels(PaymentForm)),
    "kind": facets.of_column(Patent.kind, facets.labels(PatentKind)),
    "segment": facets.of_links(Licence.patent_id, _SEGMENTS, facets.listed(names_in_use)),
    "region": facets.of_column(func.coalesce(Patent.prefecture, Patent.province), facets.known(region_name)),
    "year": facets.of_years(Licence.declared_on),
}
FACETS = (*_FACETS, "status")


def main_list(today: date) -> MainList:
    """The list of declarations, counted by their status on that day."""
    over = col(Licence.status).in_(RUNNING) & (col(Licence.ends_on) < today)
    status = case((over, LicenceStatus.EXPIRED.value), else_=cast(col(Licence.status), Text))
    return MainList(
        Licence, SORTS, _FACETS | {"status": facets.of_column(status, facets.labels(LicenceStatus))}
    )


def page(
    session: Session, wanted: ListQuery, where: LicenceFilter | None = None, *, today: date
) -> Rows[Licence]:
    """The declarations that meet all conditions of `where`."""
    where = where or LicenceFilter()
    query = select(Licence).join(Patent, col(Patent.id) == col(Licence.patent_id))
    if where.status:
        query = query.where(_has_status(where.status, today))
    if where.payment_form:
        query = query.where(col(Licence.payment_form) == where.payment_form.value)
    if where.application_number:
        query = query.where(col(Patent.application_number) == where.application_number)
    if where.holder:
        held = select(col(PatentHolder.patent_id)).join(Holder, col(Holder.id) == col(PatentHolder.holder_id))
        named = held.where(col(Holder.name_key).contains(fold(where.holder), autoescape=True))
        query = query.where(col(Licence.patent_id).in_(named))
    if where.since:
        query = query.where(col(Licence.declared_on) >= where.since)
    if where.until:
        query = query.where(col(Licence.declared_on) <= where.until)
    return main_list(today).page(session, query, wanted)


def _has_status(status: LicenceStatus, day: date) -> Any:
    stored = col(Licence.status)
    over = col(Licence.ends_on) < day
    if status == LicenceStatus.EXPIRED:
        return or_(stored == status.value, stored.in_(RUNNING) & over)
    if status.value in RUNNING:
        return (stored == status.value) & (col(Licence.ends_on).is_(None) | ~over)
    return stored == status.value
