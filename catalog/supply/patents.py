"""Patents (专利): one row an application; publications, classes and holders belong to it."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from pydantic import field_validator
from sqlalchemy import JSON, Column, Index, Text, select
from sqlmodel import Field, Session, SQLModel, col

from catalog.kit.base import (
    MAX_REMARK,
    NEVER_TWICE,
    ClassRef,
    PartSchema,
    Record,
    Schema,
    Timestamps,
    among,
    chunks,
    enum_type,
    fold,
    id_column,
    rows_among,
    table_of,
)
from catalog.kit.errors import NotFound
from catalog.kit.terms import LegalStatus, PatentKind
from catalog.law.life import ForcePeriod, LegalFacts, LegalLife, force_period, legal_life, possible_period
from catalog.supply.facts import FactStated
from catalog.supply.holders import Holder, HolderRef, name_key

NO_NUMBER = "缺申请号"


class PatentBase(Schema):
    """Attributes of a patent in a register."""

    application_number: str | None = Field(
        default=None,
        max_length=16,
        regex=r"^(\d{12}|\d{8})\.[0-9X]$",
        description="申请号，如 201310699744.2",
    )
    title: str = Field(min_length=1, max_length=1000, description="专利名称")
    kind: PatentKind | None = Field(default=None, sa_type=enum_type(PatentKind), description="专利类型")
    abstract: str = Field(default="", max_length=20_000, sa_type=Text, description="摘要")
    first_claim: str = Field(default="", max_length=50_000, sa_type=Text, description="权利要求 1")
    filing_date: date | None = Field(default=None, description="申请日")
    publication_date: date | None = Field(default=None, description="公开日")
    grant_date: date | None = Field(default=None, description="授权公告日")
    expiry_date: date | None = Field(default=None, description="届满日（专利权期限补偿时登记，优先于推算）")
    legal_status: LegalStatus | None = Field(
        default=None, sa_type=enum_type(LegalStatus), description="法律状态"
    )
    legal_status_date: date | None = Field(default=None, description="法律状态日")
    annuity_paid_until: date | None = Field(default=None, description="年费缴至日（已缴年费所及的最后一日）")
    annuity_checked_on: date | None = Field(default=None, description="缴费情况查询日（登记簿何时如此记载）")
    locarno: str | None = Field(default=None, max_length=16, description="洛迦诺分类号（外观设计）")
    inventors: list[str] = Field(default_factory=list, sa_type=JSON, description="发明人")
    agency: str | None = Field(default=None, max_length=300, description="代理机构")
    address: str | None = Field(default=None, max_length=500, description="申请人地址")
    province: str | None = Field(default=None, max_length=6, description="省级行政区划代码（GB/T 2260）")
    prefecture: str | None = Field(default=None, max_length=6, description="地级行政区划代码（GB/T 2260）")
    county: str | None = Field(default=None, max_length=6, description="县级行政区划代码（GB/T 2260）")
    contact: str | None = Field(default=None, max_length=500, description="联系人与联系方式")
    remark: str | None = Field(
        default=None, max_length=MAX_REMARK, sa_type=Text, description="备注，含不能识别的原文"
    )


class Patent(PatentBase, Timestamps, table=True):
    """A patent. Without application number it is a draft, identified by its fingerprint."""

    __tablename__ = "patents"
    __noted_as__ = "patent"
    __table_args__ = (Index(None, "updated_at"), NEVER_TWICE)

    id: int | None = Field(default=None, primary_key=True)
    application_number: str | None = Field(
        default=None, max_length=16, unique=True, description="申请号，如 `201310699744.2`；空为草稿"
    )
    fingerprint: str = Field(max_length=32, index=True)
    import_id: int | None = Field(default=None, foreign_key="imports.id")
    is_demo: bool = False


class Publication(SQLModel, table=True):
    """A publication (公开/公告) of a patent: number with kind code as far as known."""

    __tablename__ = "publications"

    number: str = Field(max_length=16, primary_key=True)
    body: str = Field(max_length=16, index=True, description="the number without its kind code")
    patent_id: int = Field(foreign_key="patents.id", index=True)
    published_on: date | None = None


class PatentHolder(SQLModel, table=True):
    """A holder of a patent; position 0 is the first patentee (第一专利权人)."""

    __tablename__ = "patent_holders"

    patent_id: int = Field(foreign_key="patents.id", primary_key=True)
    position: int = Field(primary_key=True)
    holder_id: int = Field(foreign_key="holders.id", index=True)


class PatentClass(SQLModel, table=True):
    """A class of a patent under a scheme: `ipc`, `industry` or `segment`."""

    __tablename__ = "patent_classes"

    patent_id: int = Field(foreign_key="patents.id", primary_key=True)
    scheme: str = Field(max_length=16, primary_key=True)
    code: str = Field(max_length=32, primary_key=True)
    position: int = 0
    weight: float = 1.0
    basis: str = Field(default="official", max_length=16)


class PublicationRef(PartSchema):
    """A publication as a register names it."""

    number: str = Field(max_length=16)
    body: str = Field(max_length=16)
    published_on: date | None = None


class PatentCreate(PatentBase):
    """A patent with everything that belongs to it."""

    holders: list[HolderRef] = Field(default_factory=list)
    publications: list[PublicationRef] = Field(default_factory=list)
    classes: list[ClassRef] = Field(default_factory=list)
    facts: list[FactStated] = Field(default_factory=list)

    @field_validator("grant_date")
    @classmethod
    def _grant_follows_filing(cls, granted: date | None, info: object) -> date | None:
        filed = getattr(info, "data", {}).get("filing_date")
        if granted and filed and granted < filed:
            raise ValueError(f"授权公告日 {granted} 早于申请日 {filed}")
        return granted


def fingerprint(title: str, first_applicant: str) -> str:
    """Key of a patent without application number: title and first applicant, folded."""
    return hashlib.sha256(f"{fold(title)}\n{name_key(first_applicant)}".encode()).hexdigest()[:32]


LEGAL = (
    "kind",
    "filing_date",
    "grant_date",
    "expiry_date",
    "legal_status",
    "legal_status_date",
    "annuity_paid_until",
    "annuity_checked_on",
)
_PATENTS, _HELD, _HOLDERS = table_of(Patent).c, table_of(PatentHolder).c, table_of(Holder).c
_HOLDERS_OF = (
    select(_HELD.patent_id, _HOLDERS.id, _HOLDERS.name, _HOLDERS.kind)
    .where(_HOLDERS.id == _HELD.holder_id, among(_HELD.patent_id))
    .order_by(_HELD.patent_id, _HELD.position)
)


def legal_columns() -> list[Column[Any]]:
    """The columns that `legal_facts` reads."""
    return [_PATENTS[name] for name in LEGAL]


def legal_facts(row: Any) -> LegalFacts:
    """The recorded legal facts of a patent, from a `Patent` or a row of `legal_columns`."""
    return LegalFacts(
        kind=row.kind,
        filed=row.filing_date,
        granted=row.grant_date,
        expiry=row.expiry_date,
        status=row.legal_status,
        status_date=row.legal_status_date,
        annuity_paid_until=row.annuity_paid_until,
        annuity_checked_on=row.annuity_checked_on,
    )


def force_of(row: Patent) -> ForcePeriod | None:
    """The period in which the patent is in force, None where unknown."""
    return force_period(legal_facts(row))


def possible_of(row: Patent) -> ForcePeriod | None:
    """The period in which the patent is in force or may be, None for never."""
    return possible_period(legal_facts(row))


def life_of(row: Patent | Record, as_of: date) -> LegalLife:
    """The legal life of the patent on that day."""
    return legal_life(legal_facts(row), as_of)


def get(session: Session, patent_id: int) -> Patent:
    """The patent `patent_id`. Raises NotFound."""
    row = session.get(Patent, patent_id)
    if row is None:
        raise NotFound(f"没有编号为 {patent_id} 的专利", record=(Patent.__noted_as__, patent_id))
    return row


def find(session: Session, application_number: str) -> Patent | None:
    """The patent with this canonical application number."""
    query = select(Patent).where(col(Patent.application_number) == application_number)
    return session.execute(query).scalar_one_or_none()


def published_as(session: Session, body: str) -> Patent | None:
    """The patent with this publication, the kind code of which is left out; None also where several have it."""
    query = select(Patent).join(Publication, col(Publication.patent_id) == col(Patent.id))
    rows = session.execute(query.where(col(Publication.body) == body).distinct().limit(2)).scalars().all()
    return rows[0] if len(rows) == 1 else None


def ids_of(session: Session, application_numbers: Iterable[str]) -> dict[str, int]:
    """Ids of the patents with these canonical application numbers, by number; unknown ones are left out."""
    numbers = sorted(set(application_numbers))
    found: dict[str, int] = {}
    for chunk in chunks(numbers):
        number = col(Patent.application_number)
        query = select(number, id_column(Patent)).where(number.in_(chunk))
        found.update((key, id_) for key, id_ in session.execute(query) if key)
    return found


def existing(session: Session, ids: Iterable[int]) -> set[int]:
    """The ids among these that are patents."""
    wanted = sorted(set(ids))
    found: set[int] = set()
    for chunk in chunks(wanted):
        query = select(id_column(Patent)).where(col(Patent.id).in_(chunk))
        found.update(session.execute(query).scalars())
    return found


def holders_of(session: Session, ids: Sequence[int]) -> dict[int, list[Record]]:
    """The patentees (id, name, kind) by patent id, the first patentee first."""
    return by_patent(rows_among(session, _HOLDERS_OF, ids))


def holder_names(session: Session, ids: Sequence[int]) -> dict[int, list[str]]:
    """Names of the patentees by patent id, the first patentee first."""
    return {id_: [holder.name for holder in holders] for id_, holders in holders_of(session, ids).items()}


def by_patent(rows: Iterable[Record]) -> dict[int, list[Record]]:
    """Rows by their `patent_id`, in their order."""
    found: dict[int, list[Record]] = {}
    for row in rows:
        found.setdefault(row.patent_id, []).append(row)
    return found


def key_of(record: PatentCreate) -> str:
    """The fingerprint of a record."""
    return fingerprint(record.title, record.holders[0].name if record.holders else "")
