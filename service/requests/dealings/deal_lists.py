"""Conditions of lists of deals and of statistics, codes or Chinese names; shared by REST and command line."""

from typing import Annotated

from pydantic import Field

from catalog.db import Session
from catalog.deals.lists import DealFilter
from catalog.kit.base import Schema
from catalog.kit.days import beijing_today
from catalog.kit.terms import DealKind, DealStatus, LicenceType
from catalog.statistics.segments import Counting, SegmentFilter
from service.requests.filters import Day, FilterInput, Values, resolve, values_field

Holder = Annotated[str | None, Field(max_length=300)]


class DealConditions(Schema):
    """Conditions of a list of deals, codes or Chinese names."""

    kind: DealKind | None = Field(default=None, description="交易种类")
    licence_type: LicenceType | None = Field(default=None, description="许可方式")
    status: DealStatus | None = Field(default=None, description="登记状态")
    giver: str | None = Field(default=None, max_length=300, description="出让方名称（部分）")
    taker: str | None = Field(default=None, max_length=300, description="受让方名称（部分）")
    application_number: str | None = Field(default=None, max_length=40, description="专利申请号（规范写法）")
    region: Values = values_field("受让方所在地区的代码或名称", "420100", "宜昌市")
    segment: Values = values_field("专利所属细分领域的代码或名称", "HB01")
    broker: str | None = Field(default=None, max_length=300, description="专利服务机构名称（部分）")
    filed: bool | None = Field(default=None, description="是否已备案")
    paid: bool | None = Field(default=None, description="是否已有到账")
    since: Day = Field(default=None, description="签约日不早于")
    until: Day = Field(default=None, description="签约日不晚于")


def filter_of(session: Session, wanted: DealConditions) -> DealFilter:
    """The conditions with codes in place of names. Raises InvalidFields."""
    places = resolve(session, FilterInput(region=wanted.region, segment=wanted.segment))
    values = {name: getattr(wanted, name) for name in DealFilter.model_fields}
    return DealFilter(**values | {"region": list(places.region), "segment": list(places.segment)})


class SegmentConditions(Schema):
    """The figures wanted, and of whom."""

    region: Values = values_field("省级或地级行政区划的代码或名称", "420100", "宜昌市")
    holder: Holder = Field(default=None, description="专利权人（出让方）名称（部分）")
    since: Day = Field(default=None, description="期间起", examples=["2026-01-01"])
    until: Day = Field(default=None, description="期间止", examples=["2026-12-31"])
    counting: Counting = Field(
        default=Counting.WEIGHTED, description="weighted 按权重分摊；each 分别全额、合计不重复"
    )


def segment_filter(session: Session, wanted: SegmentConditions) -> SegmentFilter:
    """The conditions with codes in place of names. Raises InvalidFields."""
    places = resolve(session, FilterInput(region=wanted.region))
    return SegmentFilter(**wanted.model_dump() | {"region": list(places.region), "today": beijing_today()})
