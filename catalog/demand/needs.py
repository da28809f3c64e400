"""Needs (技术需求): technical problems that enterprises seek help with.

A need closes by itself (截止): after its last day `closes_on` it shows as expired and is matched no more. The day decides at every
look, so that a later `closes_on` opens it again.
"""

import hashlib
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Self

from pydantic import model_validator
from sqlalchemy import JSON, ColumnElement, Index, Numeric, Select, Text, and_, case, cast, func, or_, select
from sqlmodel import Field, Session, col

from catalog.demand.enterprises import Enterprise, EnterpriseCreate, Firms
from catalog.imports.changes import KnownRows
from catalog.kit import facets
from catalog.kit.base import (
    MAX_REMARK,
    NEVER_TWICE,
    ClassRef,
    Schema,
    Stamps,
    Timestamps,
    apply_changes,
    as_json,
    enum_type,
    id_column,
    id_of,
)
from catalog.kit.errors import Conflict, NotFound, RecordExists
from catalog.kit.money import Money
from catalog.kit.paging import ListQuery, MainList, Rows, Sorts
from catalog.kit.terms import Cooperation, NeedStatus
from catalog.reference.conditions import in_regions, of_industries
from catalog.reference.lists import industry_name, region_name
from catalog.segments.segments import names_in_use

MAX_TEXT = 20_000


class NeedClosed(Conflict):
    """The need takes part in no match: it is closed, satisfied or past its last day."""

    code = "need-closed"
    title = "需求不在征集中"


class NeedBase(Schema):
    """Attributes of a need."""

    code: str | None = Field(default=None, max_length=64, description="需求编号；缺省时自动编号")
    external_id: str | None = Field(
        default=None, min_length=1, max_length=100, description="外部编号：报送需求的平台所用的编号"
    )
    title: str = Field(min_length=1, max_length=500, description="需求名称")
    text: str = Field(min_length=1, max_length=MAX_TEXT, sa_type=Text, description="需求描述")
    industry: str | None = Field(default=None, max_length=4, description="国民经济行业代码（GB/T 4754-2017）")
    province: str | None = Field(default=None, max_length=6, description="省级行政区划代码（GB/T 2260）")
    prefecture: str | None = Field(default=None, max_length=6, description="地级行政区划代码（GB/T 2260）")
    county: str | None = Field(default=None, max_length=6, description="县级行政区划代码（GB/T 2260）")
    budget: Decimal | None = Field(
        default=None,
        ge=0,
        sa_type=Numeric(18, 2),
        description="预算（元）",
    )
    cooperation: Cooperation = Field(
        default=Cooperation.ANY, sa_type=enum_type(Cooperation), description="合作方式"
    )
    status: NeedStatus = Field(default=NeedStatus.OPEN, sa_type=enum_type(NeedStatus), description="需求状态")
    published_on: date | None = Field(default=None, description="发布日期")
    closes_on: date | None = Field(default=None, description="截止日期，当日仍在征集")
    contact: str | None = Field(default=None, max_length=500, description="联系人与联系方式")
    remark: str | None = Field(
        default=None, max_length=MAX_REMARK, sa_type=Text, description="备注，含不能识别的原文"
    )


class Need(NeedBase, Timestamps, table=True):
    """A need, known by its code."""

    __tablename__ = "needs"
    __noted_as__ = "need"
    __table_args__ = (Index(None, "updated_at"), NEVER_TWICE)

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(max_length=64, unique=True, description="需求编号；未提供时自动编号")
    external_id: str | None = Field(
        default=None,
        max_length=100,
        index=True,
        unique=True,
        description="外部编号：报送需求的平台所用的编号",
    )
    enterprise_id: int | None = Field(
        default=None, foreign_key="enterprises.id", index=True, description="提出需求的企业"
    )
    classes: list[dict[str, object]] = Field(default_factory=list, sa_type=JSON)
    import_id: int | None = Field(default=None, foreign_key="imports.id")
    is_demo: bool = False


class NeedCreate(NeedBase):
    """A new need; the enterprise is named by id or by name. The form of an enterprise also describes the enterprise (`firm`)."""

    enterprise_id: int | None = None
    enterprise_name: str | None = Field(default=None, max_length=300)
    firm: EnterpriseCreate | None = None
    classes: list[ClassRef] = Field(default_factory=list)

    @model_validator(mode="after")
    def _day_decides(self) -> Self:
        # A need said to have expired is open until its last day; without one it is closed.
        if self.status == NeedStatus.EXPIRED:
            object.__setattr__(self, "status", NeedStatus.OPEN if self.closes_on else NeedStatus.CLOSED)
        return self


class NeedUpdate(NeedCreate):
    """The whole new state of a need (PUT)."""


class NeedPublic(NeedBase, Stamps):
    """A need as shown to users."""

    id: int = Field(description="技术需求的编号")
    code: str = Field(description="代码")
    enterprise_id: int | None = Field(description="企业的编号")
    enterprise_name: str | None = Field(description="企业名称")
    prefecture_name: str | None = Field(description="地级行政区划的名称")
    industry_name: str | None = Field(description="国民经济行业的名称")
    budget: Money | None = Field(description="预算（元）")
    cooperation_name: str = Field(description="合作方式的中文名称")
    status_name: str = Field(description="状态的中文名称")
    classes: list[ClassRef] = Field(description="所属的行业与产业细分领域")
    is_demo: bool = Field(description="是否为演示数据")


def full_text(title: str, text: str) -> str:
    """The text of a need that is embedded and indexed: title and description."""
    return text if text.startswith(title) else f"{title}。{text}"


def status_on(row: Need, day: date) -> NeedStatus:
    """Status of a need on that day: an open one whose last day is over has expired."""
    status = NeedStatus(row.status)
    is_over = status is NeedStatus.OPEN and row.closes_on is not None and row.closes_on < day
    return NeedStatus.EXPIRED if is_over else status


def open_on(day: date) -> ColumnElement[bool]:
    """The condition that a need is open on that day."""
    closes_on = col(Need.closes_on)
    return and_(col(Need.status) == NeedStatus.OPEN.value, or_(closes_on.is_(None), closes_on >= day))


def public(row: Need, enterprise: Enterprise | None, today: date) -> NeedPublic:
    """The need as shown to users on that day."""
    status = status_on(row, today)
    return NeedPublic(
        **row.model_dump(include={*NeedBase.model_fields, *Stamps.model_fields} - {"status"}),
        status=status,
        id=id_of(row),
        enterprise_id=row.enterprise_id,
        enterprise_name=enterprise.name if enterprise else None,
        prefecture_name=region_name(row.prefecture),
        industry_name=industry_name(row.industry),
        cooperation_name=Cooperation(row.cooperation).label,
        status_name=status.label,
        classes=[ClassRef.model_validate(c) for c in row.classes],
        is_demo=row.is_demo,
    )


def get(session: Session, need_id: int) -> Need:
    """The need `need_id`. Raises NotFound."""
    row = session.get(Need, need_id)
    if row is None:
        raise NotFound(f"没有编号为 {need_id} 的技术需求", record=(Need.__noted_as__, need_id))
    return row


def get_open(session: Session, need_id: int, today: date) -> Need:
    """The need `need_id`, which takes part in matching on that day. Raises NotFound, and Conflict for one that is not open."""
    row = get(session, need_id)
    status = status_on(row, today)
    if status is NeedStatus.EXPIRED:
        raise NeedClosed(
            f"需求 {row.code} 已于 {row.closes_on} 截止，不再参加匹配", hint="延长截止日期后即可匹配"
        )
    if status is not NeedStatus.OPEN:
        raise NeedClosed(
            f"需求 {row.code}{status.label}，不再参加匹配",
            hint=f"把状态改回“{NeedStatus.OPEN.label}”后即可匹配",
        )
    return row


def many(session: Session, ids: Sequence[int], today: date) -> dict[int, NeedPublic]:
    """The needs with these ids as shown to users on that day, by id; ids that are gone are left out."""
    query = (
        select(Need, Enterprise)
        .outerjoin(Enterprise, col(Enterprise.id) == col(Need.enterprise_id))
        .where(col(Need.id).in_(list(ids)))
    )
    return {need.id: public(need, enterprise, today) for need, enterprise in session.execute(query)}


def find(session: Session, code: str) -> Need | None:
    """The need with this code."""
    return session.execute(select(Need).where(col(Need.code) == code)).scalar_one_or_none()


def find_external(session: Session, external_id: str) -> Need | None:
    """The need with this id of its sender."""
    query = select(Need).where(col(Need.external_id) == external_id)
    return session.execute(query).scalar_one_or_none()


def stated(row: Need) -> NeedCreate:
    """The need as creation input, the enterprise by its id."""
    names = {*NeedBase.model_fields, "enterprise_id"}
    classes = [ClassRef.model_validate(one) for one in row.classes]
    return NeedCreate.model_construct(**row.model_dump(include=names), classes=classes)


class NeedFilter(Schema):
    """Conditions of a list of needs, by value; values of one field are alternatives, fields add up. A status is that of `today`."""

    today: date
    text: str | None = Field(default=None, max_length=200, description="名称或描述中的文字")
    region: list[str] = Field(default_factory=list)
    industry: list[str] = Field(default_factory=list)
    segment: list[str] = Field(default_factory=list)
    status: list[str] = Field(default_factory=list)
    cooperation: list[str] = Field(default_factory=list)
    enterprise_id: int | None = None
    code: str | None = None
    external_id: str | None = None


def main_list(today: date) -> MainList:
    """The list of needs, counted by their status on that day."""
    return MainList(
        Need, SORTS, _FACETS | {"status": facets.of_column(_status(today), facets.labels(NeedStatus))}
    )


SORTS = Sorts(
    {
        name: getattr(Need, name)
        for name in (
            *("id", "code", "title", "published_on", "closes_on", "budget"),
            *("created_at", "updated_at"),
        )
    },
    "id",
)


def _segments_of(classes: list[dict[str, Any]]) -> list[str]:
    return [str(ref["code"]) for ref in classes if ref["scheme"] == "segment"]


_FACETS = {
    "segment": facets.of_lists(Need.classes, _segments_of, facets.listed(names_in_use)),
    "region": facets.of_column(func.coalesce(Need.prefecture, Need.province), facets.known(region_name)),
    "industry": facets.of_column(Need.industry, facets.known(industry_name)),
    "cooperation": facets.of_column(Need.cooperation, facets.labels(Cooperation)),
    "year": facets.of_years(Need.published_on),
}
FACETS = (*_FACETS, "status")


def _status(today: date) -> ColumnElement[str]:
    over = and_(col(Need.status) == NeedStatus.OPEN.value, col(Need.closes_on) < today)
    return case((over, NeedStatus.EXPIRED.value), else_=cast(col(Need.status), Text))


def page(session: Session, wanted: ListQuery, where: NeedFilter | None = None) -> Rows[Need]:
    """The needs that meet all conditions of `where`; without any they are not counted by status."""
    where = where or NeedFilter(today=date.max)
    return main_list(where.today).page(session, _meeting(where), wanted)


def listed(session: Session, wanted: ListQuery, where: NeedFilter, *, at_most: int) -> list[int]:
    """The ids of all needs that meet the conditions, in the order of the list. Raises InvalidInput for too many."""
    return main_list(where.today).ids(session, _meeting(where), wanted, at_most=at_most)


def _meeting(where: NeedFilter) -> Select[Need]:
    query = select(Need)
    if where.text:
        query = query.where(
            col(Need.title).contains(where.text, autoescape=True)
            | col(Need.text).contains(where.text, autoescape=True)
        )
    if where.region:
        query = query.where(in_regions(col(Need.province), col(Need.prefecture), where.region))
    if where.industry:
        query = query.where(of_industries(col(Need.industry), where.industry))
    if where.segment:
        query = query.where(or_(*map(_in_segment, where.segment)))
    if where.status:
        query = query.where(or_(*(_has_status(NeedStatus(one), where.today) for one in where.status)))
    if where.cooperation:
        query = query.where(col(Need.cooperation).in_(where.cooperation))
    for name in ("enterprise_id", "code", "external_id"):
        if (value := getattr(where, name)) is not None:
            query = query.where(getattr(Need, name) == value)
    return query


def _has_status(status: NeedStatus, today: date) -> ColumnElement[bool]:
    if status is NeedStatus.OPEN:
        return open_on(today)
    if status is NeedStatus.EXPIRED:
        return and_(col(Need.status) == NeedStatus.OPEN.value, col(Need.closes_on) < today)
    return col(Need.status) == status.value


def _in_segment(code: str) -> Any:
    """Whether the classes of a need, stored as JSON in the order of the fields of ClassRef, name a segment."""
    stored = as_json({"scheme": "segment", "code": code}).removesuffix("}")
    return cast(col(Need.classes), Text).contains(stored, autoescape=True)


def automatic_code(title: str, text: str, enterprise: str) -> str:
    """A stable code for a need that came without one, from its content: the same need gets the same code."""
    return "X" + hashlib.sha256(f"{enterprise}\n{title}\n{text}".encode()).hexdigest()[:12].upper()


def _firm(data: NeedCreate) -> EnterpriseCreate | None:
    """The enterprise that a need names."""
    if data.enterprise_id is not None or not data.enterprise_name:
        return None
    return data.firm or EnterpriseCreate(name=data.enterprise_name)


def _firms(session: Session, records: Sequence[NeedCreate], import_id: int | None = None) -> Firms:
    named = [(firm.name, firm.credit_code) for firm in map(_firm, records) if firm]
    return Firms(session, named, import_id=import_id)


def _values(session: Session, firms: Firms, data: NeedCreate) -> dict[str, Any]:
    """The columns of a need; region and industry default to those of its enterprise. Raises NotFound."""
    values = data.model_dump(exclude={"enterprise_name", "firm", "classes"})
    values["classes"] = [c.model_dump() for c in data.classes]
    enterprise: Enterprise | None = None
    if data.enterprise_id is not None:
        enterprise = session.get(Enterprise, data.enterprise_id)
        if enterprise is None:
            raise NotFound(f"没有编号为 {data.enterprise_id} 的企业", hint="请先登记企业，再登记其需求")
    elif firm := _firm(data):
        enterprise = firms.mentioned(firm)
    if enterprise is not None:
        values["enterprise_id"] = enterprise.id
        for name in ("province", "prefecture", "industry"):
            values[name] = values[name] or getattr(enterprise, name)
        if values["prefecture"] == enterprise.prefecture:
            values["county"] = values["county"] or enterprise.county
    values["code"] = data.code or automatic_code(data.title, data.text, enterprise.name if enterprise else "")
    return values


def _with_firm(session: Session, data: NeedCreate) -> dict[str, Any]:
    """The columns of a need of which the enterprise is stored."""
    firms = _firms(session, [data])
    values = _values(session, firms, data)
    firms.flush()
    return values


def create(session: Session, data: NeedCreate) -> Need:
    """Stores a new need. Raises Conflict when the code is taken and NotFound when the enterprise id is unknown."""
    values = _with_firm(session, data)
    _refuse_taken(session, values, None)
    row = Need(**values)
    session.add(row)
    session.flush()
    return row


def update(session: Session, need_id: int, data: NeedUpdate) -> Need:
    """Replace the state of a need. Raises NotFound, and Conflict when the code is another's."""
    row = get(session, need_id)
    values = _with_firm(session, data.model_copy(update={"code": data.code or row.code}))
    if values["enterprise_id"] == row.enterprise_id:
        # What this need left open is not what its enterprise may have become since.
        left_open = ("province", "prefecture", "county", "industry")
        values |= {name: None for name in left_open if getattr(data, name) is getattr(row, name) is None}
    _refuse_taken(session, values, row.id)
    apply_changes(row, values)
    session.flush()
    return row


def _refuse_taken(session: Session, values: dict[str, Any], own_id: int | None) -> None:
    for label, name in (("需求编号", "code"), ("外部编号", "external_id")):
        value = values[name]
        query = select(id_column(Need)).where(getattr(Need, name) == value, id_column(Need) != (own_id or 0))
        if value and (taken := session.execute(query).scalar()) is not None:
            message = f"{label}“{value}”已属于编号 {taken} 的需求"
            raise RecordExists(message, hint="请改用更新，或核对编号", existing_id=taken)


def upsert(
    session: Session, records: Sequence[NeedCreate], *, import_id: int | None, is_demo: bool = False
) -> list[str | Conflict]:
    """Upserts register records, one after the other; returns "new", "changed" or "unchanged" for each.

    A record that states the id of its sender alone is known by it, any other by its code. Empty cells overwrite nothing. A record
    whose code and id of its sender are two needs' is refused. Raises NotFound when an enterprise id is unknown.
    """
    firms = _firms(session, records, import_id)
    stated = [_values(session, firms, data) for data in records]
    firms.flush()
    keys = {name: [values[name] for values in stated] for name in ("code", "external_id")}
    known = KnownRows(session, Need, import_id, **keys)
    for data, values in zip(records, stated, strict=True):
        owner = known.find("external_id", data.external_id)
        if owner is not None and data.code is None:
            values["code"] = owner.code
    made = {"import_id": import_id, "is_demo": is_demo}
    outcomes = [_upsert(known, values, made) for values in stated]
    known.flush()
    return outcomes


def _upsert(known: KnownRows[Need], values: dict[str, Any], made: dict[str, Any]) -> str | Conflict:
    row, owner = known.find("code", values["code"]), known.find("external_id", values["external_id"])
    if owner not in (None, row):
        message = f"外部编号“{values['external_id']}”已属于需求 {owner.code if owner else ''}"
        return Conflict(message, hint="请核对需求编号与外部编号")
    if row is None:
        known.add(Need(**values, **made))
        return "new"
    stated = {name: value for name, value in values.items() if value not in (None, [], "")}
    if values["classes"]:
        # Classes of schemes missing in the register, such as those inferred from the text, are kept.
        schemes = {ref["scheme"] for ref in values["classes"]}
        stated["classes"] = [*values["classes"], *(c for c in row.classes if c["scheme"] not in schemes)]
    return "changed" if known.change(row, stated) else "unchanged"


def meant(session: Session, records: Sequence[NeedCreate]) -> list[int]:
    """The ids of the stored needs that `upsert` knows these records by, 0 for a new one."""
    firms = _firms(session, records)
    codes = [data.code or _code_among(firms, data) for data in records]
    known = KnownRows(session, Need, None, code=codes, external_id=[data.external_id for data in records])
    found = []
    for data, code in zip(records, codes, strict=True):
        owner = known.find("external_id", data.external_id) if data.code is None else None
        row = owner or known.find("code", code)
        found.append(id_of(row) if row else 0)
    return found


def _code_among(firms: Firms, data: NeedCreate) -> str:
    """The code that a need without one gets: by the name of its enterprise as that is stored."""
    name = data.enterprise_name or ""
    firm = firms.named(name) if name else None
    return automatic_code(data.title, data.text, firm.name if firm else name)


def open_firms(session: Session, today: date) -> dict[int, int | None]:
    """The enterprises of all needs open on that day, by the id of the need; None where a need names none."""
    query = select(id_column(Need), col(Need.enterprise_id)).where(open_on(today))
    return {row.id: row.enterprise_id for row in session.execute(query)}


def unlabelled_ids(session: Session) -> list[int]:
    """Sorted ids of the needs that have no segment."""
    rows = session.execute(select(col(Need.id), col(Need.classes)).order_by(col(Need.id)))
    return [id_ for id_, classes in rows if id_ and all(c["scheme"] != "segment" for c in classes)]


def add_inferred(session: Session, need_id: int, classes: Sequence[ClassRef]) -> None:
    """Add segments inferred from the text of a need, and industries where it states none."""
    row = get(session, need_id)
    stated = {str(c["scheme"]) for c in row.classes}
    row.classes = [*row.classes, *(c.model_dump() for c in classes if c.scheme not in stated)]
    session.flush()
