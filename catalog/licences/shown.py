"""Declarations as shown to users, with their consents and a line of terms."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import func, select
from sqlmodel import Field, Session, SQLModel

from catalog.kit.base import Record, Stamps, among, fold, id_of, rows_among, table_of
from catalog.kit.money import Money, in_wan, plain
from catalog.kit.terms import (
    Conclusion,
    FactKind,
    LicenceStatus,
    LicenceType,
    OwnerConsent,
    PatentKind,
    PaymentForm,
    RoyaltyBase,
)
from catalog.licences.licences import (
    ALL_OWNERS,
    Consent,
    Licence,
    LicenceBase,
    Stored,
    newest_last,
    stated_consents,
    status_on,
)
from catalog.supply import patents
from catalog.supply.facts import Fact
from catalog.supply.patents import Patent


class ConsentPublic(SQLModel):
    """The consent of a patentee as shown to users."""

    holder: str = Field(description="专利权人")
    consent: OwnerConsent = Field(description="是否同意")
    consent_name: str = Field(description="是否同意的中文说明")
    on: date | None = Field(description="日期")


class LicencePublic(LicenceBase, Stamps):
    """A declaration as shown to users; `status` is that of today, the period being over counts as expired."""

    id: int = Field(description="声明的编号")
    patent_id: int = Field(description="专利的编号")
    fixed_fee: Money | None = Field(description="固定费用或入门费（元）")
    application_number: str | None = Field(description="申请号；草稿为空")
    patent_title: str = Field(description="专利名称")
    patent_kind_name: str | None = Field(description="专利类型的中文名称")
    holders: list[str] = Field(description="专利权人，第一位在前")
    consents: list[ConsentPublic] = Field(description="各专利权人是否同意")
    payment_form_name: str = Field(description="支付方式的中文名称")
    royalty_base_name: str | None = Field(description="提成基数的中文名称")
    report_conclusion_name: str | None = Field(description="专利权评价报告结论的中文名称")
    status: LicenceStatus = Field(description="今日的声明状态，许可期限已过的为已届满")
    status_name: str = Field(description="状态的中文名称")
    terms: str = Field(description="许可条件，一句话")
    granted_licences: int = Field(
        description="已达成的开放许可件数；声明撤回或变更不影响其效力（专利法第五十条）"
    )
    is_demo: bool = Field(description="是否为演示数据")


_LICENCES, _PATENTS, _FACTS = table_of(Licence).c, table_of(Patent).c, table_of(Fact).c


_STATED = tuple(name for name in LicenceBase.model_fields if name != "consents")


_ANNOUNCED = (
    select(table_of(Licence))
    .where(among(_LICENCES.patent_id), _LICENCES.status != LicenceStatus.DRAFT.value)
    .order_by(*newest_last())
)


_LICENSED = select(_PATENTS.id, _PATENTS.application_number, _PATENTS.title, _PATENTS.kind).where(
    among(_PATENTS.id)
)


_GRANTED = (
    select(_FACTS.patent_id, func.count())
    .where(
        among(_FACTS.patent_id),
        _FACTS.kind == FactKind.LICENCE.value,
        _FACTS.value == LicenceType.OPEN.value,
    )
    .group_by(_FACTS.patent_id)
)


def terms_text(row: Stored) -> str:
    """The terms in one Chinese line: payment, amounts (万元), period and region."""
    parts = [PaymentForm(row.payment_form).label]
    if row.fixed_fee:
        parts.append(in_wan(row.fixed_fee))
    if row.instalments:
        parts.append(f"分 {row.instalments} 期")
    if row.royalty_rate:
        base = RoyaltyBase(row.royalty_base).label if row.royalty_base else "（基数见费用说明）"
        parts.append(f"{base} {plain(row.royalty_rate)}%")
    if row.use_first_months:
        parts.append(f"先使用 {row.use_first_months} 个月")
    if row.starts_on or row.ends_on:
        parts.append(f"许可期限 {row.starts_on or '公告之日'} 至 {row.ends_on or '未注明'}")
    parts.append(row.region)
    return "，".join(parts)


def of_patents(session: Session, ids: Sequence[int], *, today: date) -> dict[int, LicencePublic]:
    """The announced declaration of each of these patents, else the last one that was; drafts are not shown."""
    found = {row.patent_id: row for row in rows_among(session, _ANNOUNCED, ids)}
    shown = publics(session, list(found.values()), today=today)
    return {licence.patent_id: licence for licence in shown}


def publics(session: Session, rows: Sequence[Stored], *, today: date) -> list[LicencePublic]:
    """The declarations as shown to users, in the order given."""
    ids = sorted({row.patent_id for row in rows})
    found = {patent.id: patent for patent in rows_among(session, _LICENSED, ids)}
    owners = patents.holder_names(session, ids)
    granted: dict[int, int] = dict(rows_among(session, _GRANTED, ids))
    return [
        _public(
            row, found[row.patent_id], owners.get(row.patent_id, []), granted.get(row.patent_id, 0), today
        )
        for row in rows
    ]


def _public(row: Stored, patent: Record, owners: list[str], granted: int, day: date) -> LicencePublic:
    status = status_on(row, day)
    return LicencePublic(
        **{name: getattr(row, name) for name in (*_STATED, *Stamps.model_fields)},
        id=id_of(row),
        patent_id=row.patent_id,
        application_number=patent.application_number,
        patent_title=patent.title,
        patent_kind_name=PatentKind(patent.kind).label if patent.kind else None,
        holders=owners,
        consents=consents_of(row, owners),
        payment_form_name=PaymentForm(row.payment_form).label,
        royalty_base_name=RoyaltyBase(row.royalty_base).label if row.royalty_base else None,
        report_conclusion_name=Conclusion(row.report_conclusion).label if row.report_conclusion else None,
        status=status,
        status_name=status.label,
        terms=terms_text(row),
        granted_licences=granted,
        is_demo=row.is_demo,
    )


def consents_of(row: Stored, owners: Sequence[str]) -> list[ConsentPublic]:
    """The consent of every patentee, unknown where nothing is stated; names that are no patentee come last."""
    stated = {fold(consent.holder): consent for consent in stated_consents(row)}
    everybody = stated.pop(fold(ALL_OWNERS), None)
    listed = []
    for owner in owners:
        known = stated.pop(fold(owner), None) or everybody or Consent(holder=owner)
        listed.append(known.model_copy(update={"holder": owner}))
    return [
        ConsentPublic(**consent.model_dump(), consent_name=OwnerConsent(consent.consent).label)
        for consent in [*listed, *stated.values()]
    ]
