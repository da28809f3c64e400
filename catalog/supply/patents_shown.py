"""Patents as shown to users: the whole record, and the outline that distinguishes near-duplicates."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlmodel import Field, Session

from catalog.kit.base import ClassRef, Record, Stamps, among, id_of, rows_among, table_of
from catalog.kit.terms import HolderKind, LegalStatus, PatentKind
from catalog.law.life import LegalLife
from catalog.reference.lists import region_name
from catalog.supply import screenings
from catalog.supply.patents import (
    LEGAL,
    NO_NUMBER,
    Patent,
    PatentBase,
    PatentClass,
    Publication,
    by_patent,
    holder_names,
    holders_of,
    life_of,
)
from catalog.supply.screenings import ScreeningPublic


class PatentPublic(Stamps):
    """A patent as shown to users."""

    id: int = Field(description="专利的编号")
    application_number: str | None = Field(description="申请号；草稿为空")
    draft: bool = Field(description="是否为缺申请号的草稿")
    flags: list[str] = Field(description="资料存在的问题")
    title: str = Field(description="专利名称")
    kind: PatentKind | None = Field(description="专利类型")
    kind_name: str | None = Field(description="专利类型的中文名称")
    abstract: str = Field(description="摘要")
    first_claim: str = Field(description="权利要求 1")
    filing_date: date | None = Field(description="申请日")
    publication_date: date | None = Field(description="公开日")
    grant_date: date | None = Field(description="授权公告日")
    last_valid_day: date | None = Field(description="最后有效日，或可能的最后有效日")
    in_force: bool | None = Field(description="今日是否有效；资料不足为空")
    in_force_name: str = Field(description="有效与否，按今日推算；已失效的说明其含义")
    legal_status: LegalStatus | None = Field(description="登记的法律状态")
    legal_status_name: str | None = Field(description="登记的法律状态的中文名称")
    annuity_paid_until: date | None = Field(description="年费缴至日")
    annuity_checked_on: date | None = Field(description="缴费情况查询日")
    holders: list[str] = Field(description="专利权人，第一位在前")
    holder_kind: HolderKind | None = Field(description="第一专利权人的类型")
    holder_kind_name: str | None = Field(description="第一专利权人类型的中文名称")
    publications: list[str] = Field(description="公开（公告）号")
    ipc: list[str] = Field(description="IPC 分类号，主分类号在前")
    locarno: str | None = Field(description="洛迦诺分类号（外观设计）")
    address: str | None = Field(description="申请人地址")
    province: str | None = Field(description="省级行政区划代码（GB/T 2260）")
    prefecture: str | None = Field(description="地级行政区划代码（GB/T 2260）")
    region_name: str | None = Field(description="地区名称")
    classes: list[ClassRef] = Field(description="所属的行业与产业细分领域")
    is_demo: bool = Field(description="是否为演示数据")
    life: LegalLife | None = Field(default=None, description="按今日推算的法律存续情况")
    screening: ScreeningPublic | None = Field(default=None, description="最近一次盘点筛选结果")


@dataclass(frozen=True, slots=True)
class PatentOutline:
    """The fields that distinguish a near-duplicate from another patent."""

    id: int
    title: str
    kind: PatentKind | None
    filing_date: date | None
    abstract: str
    first_claim: str
    holders: list[str]


_STATED = tuple(name for name in PatentPublic.model_fields if name in PatentBase.model_fields)


_PATENTS, _CLASSES, _PUBLICATIONS = (
    table_of(Patent).c,
    table_of(PatentClass).c,
    table_of(Publication).c,
)


_KEPT = ("id", "is_demo", *Stamps.model_fields)


_SHOWN = select(*(_PATENTS[name] for name in dict.fromkeys((*_KEPT, *LEGAL, *_STATED)))).where(
    among(_PATENTS.id)
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


def publics(session: Session, rows: Sequence[Patent | Record], *, today: date) -> list[PatentPublic]:
    """The patents as shown to users, with holders, publications and classes, in the order given."""
    ids = [id_of(row) for row in rows]
    holders = holders_of(session, ids)
    classes = by_patent(rows_among(session, _CLASSES_OF, ids))
    numbers = by_patent(rows_among(session, _NUMBERS_OF, ids))
    screened = screenings.of_patents(session, ids)
    return [
        _public(
            row,
            holders.get(id_of(row), []),
            classes.get(id_of(row), []),
            numbers.get(id_of(row), []),
            today,
            screened.get(id_of(row)),
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
        **{name: getattr(row, name) for name in (*_KEPT, *_STATED)},
        draft=row.application_number is None,
        flags=[] if row.application_number else [NO_NUMBER],
        kind_name=PatentKind(row.kind).label if row.kind else None,
        last_valid_day=life.last_valid_day,
        in_force=life.in_force,
        in_force_name=life.standing,
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
        life=life,
        screening=screening,
    )


def many(session: Session, ids: Sequence[int], *, today: date) -> dict[int, PatentPublic]:
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
