"""Open-licence declarations (专利开放许可声明) with their terms (许可条件): tables, schemas, lists.

A patent has at most one declaration that is current (草稿、已公告、已变更) and any number of former ones. How a declaration is
made, changed, published and withdrawn stands in `catalog.licence_edits`, its history in `catalog.declaration_history`.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import field_validator, model_validator
from sqlalchemy import JSON, Index, Numeric, case, func, or_, select, text
from sqlmodel import Field, Session, SQLModel, col

from catalog import patents
from catalog.base import (
    PageQuery,
    Record,
    Rows,
    Schema,
    Timestamps,
    among,
    enum_type,
    fold,
    paginate,
    rows_among,
    table_of,
)
from catalog.errors import NotFound
from catalog.facts import Fact
from catalog.holders import Holder
from catalog.money import in_wan, plain
from catalog.patents import Patent, PatentHolder
from catalog.terms import (
    Conclusion,
    FactKind,
    LicenceStatus,
    LicenceType,
    OwnerConsent,
    PatentKind,
    PaymentForm,
    RoyaltyBase,
)

RUNNING = (LicenceStatus.PUBLISHED.value, LicenceStatus.CHANGED.value)
CURRENT = (LicenceStatus.DRAFT.value, *RUNNING)
ALL_OWNERS = "全体专利权人"
"""In place of a name: what is said of every patentee."""
REPORTED = frozenset({PatentKind.UTILITY_MODEL, PatentKind.DESIGN})
"""Kinds for which the law asks for an evaluation report (专利法 50)."""

_IS_CURRENT = text("status IN ('draft', 'published', 'changed')")


class Consent(Schema):
    """Whether a patentee agrees to the open licence."""

    holder: str = Field(min_length=1, max_length=300, description=f"专利权人名称，或“{ALL_OWNERS}”")
    consent: OwnerConsent = Field(default=OwnerConsent.UNKNOWN, description="是否同意")
    on: date | None = Field(default=None, description="表示同意或不同意的日期")


class LicenceBase(Schema):
    """The terms of an open-licence declaration (专利法 50, 细则 85)."""

    payment_form: PaymentForm = Field(sa_type=enum_type(PaymentForm), description="许可使用费支付方式")
    fixed_fee: Decimal | None = Field(
        default=None,
        ge=0,
        sa_type=Numeric(18, 2),
        description="固定费用或入门费（元）",
    )
    royalty_rate: Decimal | None = Field(
        default=None,
        gt=0,
        le=100,
        sa_type=Numeric(6, 3),
        description="提成比例（%）",
    )
    royalty_base: RoyaltyBase | None = Field(
        default=None, sa_type=enum_type(RoyaltyBase), description="提成基数"
    )
    instalments: int | None = Field(default=None, ge=2, le=120, description="分期支付的期数")
    use_first_months: int | None = Field(
        default=None, ge=1, le=240, description="先使用后付费：先使用的期限（月）"
    )
    fee_text: str = Field(default="", max_length=2000, description="许可使用费支付方式、标准（原文）")
    starts_on: date | None = Field(default=None, description="许可期限起")
    ends_on: date | None = Field(default=None, description="许可期限止")
    region: str = Field(default="全国", max_length=100)
    know_how: str = Field(default="", max_length=1000, description="技术指导或服务")
    contact: str = Field(default="", max_length=500, description="联系人与联系方式")
    consents: list[Any] = Field(
        default_factory=list,
        sa_type=JSON,
        description="各专利权人是否同意：名称、given（已同意）/not_given（不同意）/unknown（未知）、日期",
    )
    report_number: str = Field(default="", max_length=100, description="专利权评价报告编号")
    report_on: date | None = Field(default=None, description="专利权评价报告作出日")
    report_conclusion: Conclusion | None = Field(
        default=None, sa_type=enum_type(Conclusion), description="专利权评价报告结论"
    )
    declared_on: date | None = Field(default=None, description="声明日")
    published_on: date | None = Field(default=None, description="开放许可公告日")
    withdrawn_on: date | None = Field(default=None, description="撤回声明公告日")


class Licence(LicenceBase, Timestamps, table=True):
    """A declaration as stored."""

    __tablename__ = "licences"
    __table_args__ = (
        Index(
            "uq_licences_current",
            "patent_id",
            unique=True,
            sqlite_where=_IS_CURRENT,
            postgresql_where=_IS_CURRENT,
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    patent_id: int = Field(foreign_key="patents.id", index=True)
    status: LicenceStatus = Field(default=LicenceStatus.PUBLISHED, sa_type=enum_type(LicenceStatus))
    import_id: int | None = Field(default=None, foreign_key="imports.id")
    is_demo: bool = False


class LicenceCreate(LicenceBase):
    """A declaration as stated; the patent is named by canonical application number, no status leaves it as it is."""

    application_number: str = Field(max_length=16)
    consents: list[Consent] = Field(default_factory=list, max_length=100)
    status: LicenceStatus | None = None

    @field_validator("consents")
    @classmethod
    def _named_once(cls, consents: list[Consent]) -> list[Consent]:
        names = [fold(consent.holder) for consent in consents]
        if twice := next((c.holder for c in consents if names.count(fold(c.holder)) > 1), None):
            raise ValueError(f"专利权人“{twice}”的同意情况写了两次")
        return consents

    @model_validator(mode="after")
    def _terms_agree(self) -> "LicenceCreate":
        if self.payment_form == PaymentForm.FREE and (self.fixed_fee or self.royalty_rate):
            raise ValueError("支付方式为“免费”，却又填写了费用或提成比例")
        if self.starts_on and self.ends_on and self.ends_on < self.starts_on:
            raise ValueError(f"许可期限止 {self.ends_on} 早于许可期限起 {self.starts_on}")
        self._check_form()
        self._check_days()
        return self

    def _check_form(self) -> None:
        form = PaymentForm(self.payment_form)
        needs_rate = form in (PaymentForm.ROYALTY, PaymentForm.ENTRY_AND_ROYALTY)
        if needs_rate and self.royalty_rate is None and not self.fee_text:
            raise ValueError("支付方式含提成，但没有提成比例，也没有费用说明")
        if form in (PaymentForm.LUMP_SUM, PaymentForm.INSTALMENTS) and self.royalty_rate:
            raise ValueError(
                f"支付方式为“{form.label}”，却又填写了提成比例；固定费用加提成请选“入门费加提成”"
            )
        if self.instalments and form != PaymentForm.INSTALMENTS:
            raise ValueError(f"支付方式为“{form.label}”，却填写了分期的期数")
        if self.use_first_months and form != PaymentForm.USE_FIRST:
            raise ValueError(f"支付方式为“{form.label}”，却填写了先使用的期限")

    def _check_days(self) -> None:
        for first, then, words in (
            (self.declared_on, self.published_on, "公告日 {then} 早于声明日 {first}"),
            (self.declared_on, self.withdrawn_on, "撤回日 {then} 早于声明日 {first}"),
            (self.published_on, self.withdrawn_on, "撤回日 {then} 早于公告日 {first}"),
        ):
            if first and then and then < first:
                raise ValueError(words.format(first=first, then=then))


class LicenceUpdate(LicenceCreate):
    """The whole new state of a declaration (PUT)."""


class ConsentPublic(SQLModel):
    """The consent of a patentee as shown to users."""

    holder: str
    consent: OwnerConsent
    consent_name: str
    on: date | None


class LicencePublic(LicenceBase):
    """A declaration as shown to users; `status` is that of today, the period being over counts as expired."""

    id: int
    patent_id: int
    application_number: str | None
    patent_title: str
    patent_kind_name: str | None
    holders: list[str]
    consents: list[ConsentPublic]
    payment_form_name: str
    royalty_base_name: str | None
    report_conclusion_name: str | None
    status: LicenceStatus
    status_name: str
    terms: str
    granted_licences: int = Field(
        description="已达成的开放许可件数；声明撤回或变更不影响其效力（专利法第五十条）"
    )
    is_demo: bool


class LicenceFilter(Schema):
    """Conditions of a list of declarations."""

    status: LicenceStatus | None = Field(default=None, description="声明状态（按今日）")
    payment_form: PaymentForm | None = Field(default=None, description="许可使用费支付方式")
    application_number: str | None = Field(default=None, max_length=16, description="专利申请号（规范写法）")
    holder: str | None = Field(default=None, max_length=300, description="专利权人名称（部分）")
    since: date | None = Field(default=None, description="声明日不早于")
    until: date | None = Field(default=None, description="声明日不晚于")


_LICENCES, _PATENTS, _FACTS = table_of(Licence).c, table_of(Patent).c, table_of(Fact).c


def newest_last() -> list[Any]:
    """Order in which the current declaration of a patent comes last, before it the former ones by age."""
    current = case((_LICENCES.status.in_(CURRENT), 1), else_=0)
    return [current, func.coalesce(_LICENCES.declared_on, date.min), _LICENCES.id]


Stored = Licence | Record
"""A declaration as stored, or a row with all its columns."""
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


def status_on(row: Stored, day: date) -> LicenceStatus:
    """Where a declaration stands on that day: one whose period is over has expired."""
    over = row.status in RUNNING and row.ends_on is not None and row.ends_on < day
    return LicenceStatus.EXPIRED if over else LicenceStatus(row.status)


def get(session: Session, licence_id: int) -> Licence:
    """The declaration `licence_id`. Raises NotFound."""
    row = session.get(Licence, licence_id)
    if row is None:
        raise NotFound(f"没有编号为 {licence_id} 的开放许可声明")
    return row


def of_patents(session: Session, ids: Sequence[int]) -> dict[int, LicencePublic]:
    """The announced declaration of each of these patents, else the last one that was; drafts are not shown."""
    found = {row.patent_id: row for row in rows_among(session, _ANNOUNCED, ids)}
    shown = publics(session, list(found.values()))
    return {licence.patent_id: licence for licence in shown}


def licensed_ids(session: Session, today: date) -> set[int]:
    """Ids of the patents that are openly licensed on that day: declaration published, period not over."""
    query = select(col(Licence.patent_id)).where(
        col(Licence.status).in_(RUNNING), col(Licence.ends_on).is_(None) | (col(Licence.ends_on) >= today)
    )
    return set(session.execute(query).scalars())


def page(
    session: Session, wanted: PageQuery, where: LicenceFilter | None = None, *, today: date | None = None
) -> Rows[Licence]:
    """The declarations that meet all conditions of `where`."""
    where = where or LicenceFilter()
    query = select(Licence).join(Patent, col(Patent.id) == col(Licence.patent_id))
    if where.status:
        query = query.where(_stands(where.status, today or date.today()))
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
    sortable = {
        "id": Licence.id,
        "declared_on": Licence.declared_on,
        "ends_on": Licence.ends_on,
        "fixed_fee": Licence.fixed_fee,
        "application_number": Patent.application_number,
    }
    return paginate(session, query, wanted, sortable, "id")


def _stands(status: LicenceStatus, day: date) -> Any:
    stored = col(Licence.status)
    over = col(Licence.ends_on) < day
    if status == LicenceStatus.EXPIRED:
        return or_(stored == status.value, stored.in_(RUNNING) & over)
    if status.value in RUNNING:
        return (stored == status.value) & (col(Licence.ends_on).is_(None) | ~over)
    return stored == status.value


def publics(session: Session, rows: Sequence[Stored], *, today: date | None = None) -> list[LicencePublic]:
    """The declarations as shown to users, in the order given."""
    day = today or date.today()
    ids = sorted({row.patent_id for row in rows})
    found = {patent.id: patent for patent in rows_among(session, _LICENSED, ids)}
    owners = patents.holder_names(session, ids)
    granted: dict[int, int] = dict(rows_among(session, _GRANTED, ids))
    return [
        _public(row, found[row.patent_id], owners.get(row.patent_id, []), granted.get(row.patent_id, 0), day)
        for row in rows
    ]


def _public(row: Stored, patent: Record, owners: list[str], granted: int, day: date) -> LicencePublic:
    status = status_on(row, day)
    return LicencePublic(
        **{name: getattr(row, name) for name in _STATED},
        id=row.id or 0,
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


def stated_consents(row: Stored) -> list[Consent]:
    """The consents as they are stored with a declaration."""
    return [Consent.model_validate(stored) for stored in row.consents]


def consents_of(row: Stored, owners: Sequence[str]) -> list[ConsentPublic]:
    """The consent of every patentee, unknown where nothing is stated; names that are no patentee come last."""
    stated = {fold(consent.holder): consent for consent in stated_consents(row)}
    everybody = stated.pop(fold(ALL_OWNERS), None)
    listed = []
    for owner in owners:
        said = stated.pop(fold(owner), None) or everybody or Consent(holder=owner)
        listed.append(said.model_copy(update={"holder": owner}))
    return [
        ConsentPublic(**consent.model_dump(), consent_name=OwnerConsent(consent.consent).label)
        for consent in [*listed, *stated.values()]
    ]
