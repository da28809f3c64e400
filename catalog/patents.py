"""Patents (专利): one row an application; publications, classes and holders belong to it."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import BaseModel, field_validator
from sqlalchemy import JSON, Column, Index, Select, Text, func, select
from sqlmodel import Field, Session, SQLModel, col

from catalog import holders, screenings
from catalog.base import (
    ClassRef,
    PageQuery,
    Record,
    Rows,
    Schema,
    Timestamps,
    all_ids,
    among,
    chunks,
    enum_type,
    fold,
    paginate,
    rows_among,
    table_of,
)
from catalog.conditions import in_regions, of_industries, under_ipc
from catalog.errors import NotFound
from catalog.facts import FactStated
from catalog.holders import Holder, HolderRef
from catalog.legal_life import ForcePeriod, LegalFacts, LegalLife, force_period, legal_life
from catalog.reference import region_name
from catalog.screenings import Screening, ScreeningPublic
from catalog.terms import HolderKind, LegalStatus, PatentKind

NO_NUMBER = "缺申请号"


class PatentBase(Schema):
    """What a register says of a patent."""

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
    legal_status_date: date | None = None
    annuity_paid_until: date | None = Field(default=None, description="年费缴至日（已缴年费所及的最后一日）")
    annuity_checked_on: date | None = Field(default=None, description="缴费情况查询日（登记簿何时如此记载）")
    locarno: str | None = Field(default=None, max_length=16, description="洛迦诺分类号（外观设计）")
    inventors: list[str] = Field(default_factory=list, sa_type=JSON, description="发明人")
    agency: str | None = Field(default=None, max_length=300, description="代理机构")
    address: str | None = Field(default=None, max_length=500, description="申请人地址")
    province: str | None = Field(default=None, max_length=6, description="省级行政区划代码（GB/T 2260）")
    prefecture: str | None = Field(default=None, max_length=6, description="地级行政区划代码（GB/T 2260）")


class Patent(PatentBase, Timestamps, table=True):
    """A patent. Without application number it is a draft, known by its fingerprint."""

    __tablename__ = "patents"
    __table_args__ = (Index(None, "updated_at"),)

    id: int | None = Field(default=None, primary_key=True)
    application_number: str | None = Field(default=None, max_length=16, unique=True)
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
    """Who holds a patent; position 0 is the first patentee (第一专利权人)."""

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


class PublicationRef(Schema):
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


class PatentPublic(BaseModel):
    """A patent as shown to users."""

    id: int
    application_number: str | None
    draft: bool
    flags: list[str]
    title: str
    kind: PatentKind | None
    kind_name: str | None
    abstract: str
    first_claim: str
    filing_date: date | None
    publication_date: date | None
    grant_date: date | None
    last_valid_day: date | None
    in_force: bool | None
    legal_status: LegalStatus | None
    legal_status_name: str | None
    annuity_paid_until: date | None
    annuity_checked_on: date | None
    holders: list[str]
    holder_kind: HolderKind | None
    holder_kind_name: str | None
    publications: list[str]
    ipc: list[str]
    locarno: str | None
    address: str | None
    province: str | None
    prefecture: str | None
    region_name: str | None
    classes: list[ClassRef]
    is_demo: bool
    life: LegalLife | None = Field(default=None, description="按今日推算的法律存续情况")
    screening: ScreeningPublic | None = Field(default=None, description="最近一次盘点筛选结果")


@dataclass(frozen=True, slots=True)
class PatentOutline:
    """What tells a near-duplicate of another patent."""

    id: int
    title: str
    kind: PatentKind | None
    filing_date: date | None
    abstract: str
    first_claim: str
    holders: list[str]


class PatentText(SQLModel):
    """What the index needs of a patent."""

    id: int
    title: str
    abstract: str
    first_claim: str
    kind: str | None
    province: str | None
    prefecture: str | None
    holder_kind: str
    ipc: list[str]
    industries: list[str]
    segments: list[str]
    force: tuple[date, date] | None
    open_licence: bool
    dormant: bool | None = None
    potential: int = 0


def fingerprint(title: str, first_applicant: str) -> str:
    """Key of a patent without application number: title and first applicant, folded."""
    return hashlib.sha256(f"{fold(title)}\n{fold(first_applicant)}".encode()).hexdigest()[:32]


_LEGAL = (
    "kind",
    "filing_date",
    "grant_date",
    "expiry_date",
    "legal_status",
    "legal_status_date",
    "annuity_paid_until",
    "annuity_checked_on",
)
_STATED = tuple(name for name in PatentPublic.model_fields if name in PatentBase.model_fields)
_PATENTS, _HELD, _HOLDERS = table_of(Patent).c, table_of(PatentHolder).c, table_of(Holder).c
_CLASSES, _PUBLICATIONS = table_of(PatentClass).c, table_of(Publication).c
_SHOWN = select(*(_PATENTS[name] for name in dict.fromkeys(("id", "is_demo", *_LEGAL, *_STATED)))).where(
    among(_PATENTS.id)
)
_HOLDERS_OF = (
    select(_HELD.patent_id, _HOLDERS.id, _HOLDERS.name, _HOLDERS.kind)
    .where(_HOLDERS.id == _HELD.holder_id, among(_HELD.patent_id))
    .order_by(_HELD.patent_id, _HELD.position)
)
_OUTLINED = select(
    _PATENTS.id,
    _PATENTS.title,
    _PATENTS.kind,
    _PATENTS.filing_date,
    _PATENTS.abstract,
    _PATENTS.first_claim,
).where(among(_PATENTS.id))
_CLASSES_OF = (
    select(_CLASSES.patent_id, _CLASSES.scheme, _CLASSES.code, _CLASSES.weight, _CLASSES.basis)
    .where(among(_CLASSES.patent_id))
    .order_by(_CLASSES.position)
)
_NUMBERS_OF = (
    select(_PUBLICATIONS.patent_id, _PUBLICATIONS.number)
    .where(among(_PUBLICATIONS.patent_id))
    .order_by(_PUBLICATIONS.number)
)


def legal_columns() -> list[Column[Any]]:
    """The columns that `legal_facts` reads."""
    return [_PATENTS[name] for name in _LEGAL]


def legal_facts(row: Any) -> LegalFacts:
    """What is recorded of a patent's legal life, from a `Patent` or a row of `legal_columns`."""
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
    """When the patent is in force, None where unknown."""
    return force_period(legal_facts(row))


def life_of(row: Patent | Record, as_of: date) -> LegalLife:
    """The legal life of the patent on that day."""
    return legal_life(legal_facts(row), as_of)


def get(session: Session, patent_id: int) -> Patent:
    """The patent `patent_id`. Raises NotFound."""
    row = session.get(Patent, patent_id)
    if row is None:
        raise NotFound(f"没有编号为 {patent_id} 的专利")
    return row


def find(session: Session, application_number: str) -> Patent | None:
    """The patent with this canonical application number."""
    query = select(Patent).where(col(Patent.application_number) == application_number)
    return session.execute(query).scalar_one_or_none()


def ids_of(session: Session, application_numbers: Iterable[str]) -> dict[str, int]:
    """Ids of the patents with these canonical application numbers, by number; unknown ones are left out."""
    numbers = sorted(set(application_numbers))
    found: dict[str, int] = {}
    for chunk in chunks(numbers):
        number = col(Patent.application_number)
        query = select(number, col(Patent.id)).where(number.in_(chunk))
        found.update((key, id_ or 0) for key, id_ in session.execute(query) if key)
    return found


def existing(session: Session, ids: Iterable[int]) -> set[int]:
    """Which of these ids are patents."""
    wanted = sorted(set(ids))
    found: set[int] = set()
    for chunk in chunks(wanted):
        query = select(col(Patent.id)).where(col(Patent.id).in_(chunk))
        found.update(id_ or 0 for id_ in session.execute(query).scalars())
    return found


def holders_of(session: Session, ids: Sequence[int]) -> dict[int, list[Record]]:
    """The patentees (id, name, kind) by patent id, the first patentee first."""
    return _by_patent(rows_among(session, _HOLDERS_OF, ids))


def holder_names(session: Session, ids: Sequence[int]) -> dict[int, list[str]]:
    """Names of the patentees by patent id, the first patentee first."""
    return {id_: [holder.name for holder in its] for id_, its in holders_of(session, ids).items()}


def _by_patent(rows: Iterable[Record]) -> dict[int, list[Record]]:
    found: dict[int, list[Record]] = {}
    for row in rows:
        found.setdefault(row.patent_id, []).append(row)
    return found


def publics(
    session: Session, rows: Sequence[Patent | Record], *, today: date | None = None
) -> list[PatentPublic]:
    """The patents as shown to users, with holders, publications and classes, in the order given."""
    day = today or date.today()
    ids = [row.id or 0 for row in rows]
    holders = holders_of(session, ids)
    classes = _by_patent(rows_among(session, _CLASSES_OF, ids))
    numbers = _by_patent(rows_among(session, _NUMBERS_OF, ids))
    screened = screenings.of_patents(session, ids)
    return [
        _public(
            row,
            holders.get(row.id or 0, []),
            classes.get(row.id or 0, []),
            numbers.get(row.id or 0, []),
            day,
            screened.get(row.id or 0),
        )
        for row in rows
    ]


def _public(
    row: Patent | Record,
    holders: list[Record],
    classes: list[Record],
    publications: list[Record],
    day: date,
    screening: ScreeningPublic | None,
) -> PatentPublic:
    first = HolderKind(holders[0].kind) if holders else None
    life = life_of(row, day)
    return PatentPublic(
        **{name: getattr(row, name) for name in _STATED},
        id=row.id or 0,
        draft=row.application_number is None,
        flags=[] if row.application_number else [NO_NUMBER],
        kind_name=PatentKind(row.kind).label if row.kind else None,
        last_valid_day=life.last_valid_day,
        in_force=life.in_force,
        legal_status_name=LegalStatus(row.legal_status).label if row.legal_status else None,
        holders=[holder.name for holder in holders],
        holder_kind=first,
        holder_kind_name=first.label if first else None,
        publications=[number for _, number in publications],
        ipc=[code for _, scheme, code, _, _ in classes if scheme == "ipc"],
        region_name=region_name(row.prefecture or row.province),
        classes=[
            ClassRef(scheme=scheme, code=code, weight=weight, basis=basis)
            for _, scheme, code, weight, basis in classes
            if scheme != "ipc"
        ],
        is_demo=row.is_demo,
        life=life,
        screening=screening,
    )


def many(session: Session, ids: Sequence[int], *, today: date | None = None) -> dict[int, PatentPublic]:
    """The patents with these ids as shown to users, by id; ids that are gone are left out."""
    rows = list(rows_among(session, _SHOWN, ids))
    return {public.id: public for public in publics(session, rows, today=today)}


def outlines(session: Session, ids: Sequence[int]) -> dict[int, PatentOutline]:
    """The outlines of these patents by id; ids that are gone are left out."""
    names = holder_names(session, ids)
    return {
        row.id: PatentOutline(**row._asdict(), holders=names.get(row.id, []))
        for row in rows_among(session, _OUTLINED, ids)
    }


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


def _meeting(where: PatentFilter) -> Select[Patent]:
    """A query for the patents that meet all conditions."""
    query = select(Patent)
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
    if where.draft is not None:
        query = query.where(col(Patent.application_number).is_(None) == where.draft)
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
    """The query with what its order needs."""
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
    """How many patents the catalogue has."""
    total: int = session.execute(select(func.count()).select_from(Patent)).scalar_one()
    return total


def texts(session: Session, licensed: set[int]) -> Iterator[PatentText]:
    """All patents in the order of their ids, as the index needs them.

    `licensed` holds the ids of patents with an open licence in force. Rows come in blocks of a thousand, so that memory
    stays bounded at a million patents.
    """
    last = 0
    while True:
        query = select(Patent).where(col(Patent.id) > last).order_by(col(Patent.id)).limit(1000)
        rows = session.execute(query).scalars().all()
        if not rows:
            return
        last = rows[-1].id or 0
        yield from _text_block(session, rows, licensed)
        session.expunge_all()


def texts_of(session: Session, ids: Sequence[int], licensed: set[int]) -> Iterator[PatentText]:
    """Those of these patents that there are, in blocks, as `texts` gives them."""
    for chunk in chunks(ids):
        rows = session.execute(select(Patent).where(col(Patent.id).in_(chunk))).scalars().all()
        yield from _text_block(session, rows, licensed)
        session.expunge_all()


def _text_block(session: Session, rows: Sequence[Patent], licensed: set[int]) -> Iterator[PatentText]:
    ids = [row.id or 0 for row in rows]
    first = (
        select(col(PatentHolder.patent_id), col(Holder.kind))
        .join(Holder, col(Holder.id) == col(PatentHolder.holder_id))
        .where(col(PatentHolder.patent_id).in_(ids), col(PatentHolder.position) == 0)
    )
    first_kind = dict(session.execute(first).all())
    codes: dict[tuple[int, str], list[str]] = {}
    query = (
        select(col(PatentClass.patent_id), col(PatentClass.scheme), col(PatentClass.code))
        .where(col(PatentClass.patent_id).in_(ids))
        .order_by(col(PatentClass.position))
    )
    for patent_id, scheme, code in session.execute(query):
        codes.setdefault((patent_id, scheme), []).append(code)
    screened = screenings.verdicts(session, ids)
    for row in rows:
        key = row.id or 0
        force, (dormant, potential) = force_of(row), screened.get(key, (None, 0))
        yield PatentText(
            id=key,
            title=row.title,
            abstract=row.abstract,
            first_claim=row.first_claim,
            kind=row.kind,
            province=row.province,
            prefecture=row.prefecture,
            holder_kind=first_kind.get(key, HolderKind.UNKNOWN.value),
            ipc=codes.get((key, "ipc"), []),
            industries=codes.get((key, "industry"), []),
            segments=codes.get((key, "segment"), []),
            force=(force.first, force.last) if force else None,
            open_licence=key in licensed,
            dormant=dormant,
            potential=potential,
        )
