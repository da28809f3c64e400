"""Open-licence declarations (专利开放许可声明) with their terms (许可条件): tables, schemas, lists.

A patent has at most one declaration that is current (草稿、已公告、已变更) and any number of former ones. `catalog.licences.edits`
makes, changes, publishes and withdraws declarations, `catalog.licences.history` keeps their changes.

In names of modules, tables and aliases a licence (`Licence`, `licence_edits`) is this record. Declaration is the word of prose and of
the legal act (声明): `DeclarationAction`, `declared_on`. A licence that a firm has taken is a deal: `catalog.deals`.
"""

from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import ValidationInfo, field_validator, model_validator
from sqlalchemy import JSON, Index, Numeric, Text, case, func, select, text
from sqlmodel import Field, Session, col

from catalog.kit.base import MAX_REMARK, NEVER_TWICE, Record, Schema, Timestamps, enum_type, fold, table_of
from catalog.kit.errors import NotFound
from catalog.kit.terms import Conclusion, LicenceStatus, OwnerConsent, PatentKind, PaymentForm, RoyaltyBase
from catalog.law.years import sane

RUNNING = (LicenceStatus.PUBLISHED.value, LicenceStatus.CHANGED.value)
CURRENT = (LicenceStatus.DRAFT.value, *RUNNING)
ALL_OWNERS = "全体专利权人"
"""Used in place of a name: a statement that holds for every patentee."""
REPORTED = frozenset({PatentKind.UTILITY_MODEL, PatentKind.DESIGN})
"""Kinds for which the law requires an evaluation report (专利法 50)."""

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
    term_months: int | None = Field(
        default=None, ge=1, le=240, description="许可期限的长度（月），未写明起止日期时登记"
    )
    region: str = Field(default="全国", max_length=100, description="许可地域")
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
    remark: str = Field(default="", max_length=MAX_REMARK, sa_type=Text, description="备注，含不能识别的原文")


class Licence(LicenceBase, Timestamps, table=True):
    """A declaration as stored."""

    __tablename__ = "licences"
    __noted_as__ = "licence"
    __table_args__ = (
        Index(
            "uq_licences_current",
            "patent_id",
            unique=True,
            sqlite_where=_IS_CURRENT,
            postgresql_where=_IS_CURRENT,
        ),
        NEVER_TWICE,
    )

    id: int | None = Field(default=None, primary_key=True)
    patent_id: int = Field(foreign_key="patents.id", index=True, description="专利")
    status: LicenceStatus = Field(default=LicenceStatus.PUBLISHED, sa_type=enum_type(LicenceStatus))
    import_id: int | None = Field(default=None, foreign_key="imports.id")
    is_demo: bool = False


_DAYS = ("starts_on", "ends_on", "report_on", "declared_on", "published_on", "withdrawn_on")


class LicenceCreate(LicenceBase):
    """A declaration as stated; the patent is named by canonical application number, no status leaves it as it is."""

    application_number: str = Field(max_length=16)
    consents: list[Consent] = Field(default_factory=list, max_length=100)
    status: LicenceStatus | None = None

    @field_validator(*_DAYS)
    @classmethod
    def _of_our_time(cls, day: date | None, info: ValidationInfo) -> date | None:
        if day and not sane(day):
            label = LicenceBase.model_fields[str(info.field_name)].description
            raise ValueError(f"{label} {day} 不合常理，请核对年份")
        return day

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


_LICENCES = table_of(Licence).c


def newest_last() -> list[Any]:
    """Order in which the current declaration of a patent comes last, before it the former ones by age."""
    current = case((_LICENCES.status.in_(CURRENT), 1), else_=0)
    return [current, func.coalesce(_LICENCES.declared_on, date.min), _LICENCES.id]


Stored = Licence | Record
"""A declaration as stored, or a row with all its columns."""


def status_on(row: Stored, day: date) -> LicenceStatus:
    """Status of a declaration on that day: one whose period is over has expired."""
    over = row.status in RUNNING and row.ends_on is not None and row.ends_on < day
    return LicenceStatus.EXPIRED if over else LicenceStatus(row.status)


def get(session: Session, licence_id: int) -> Licence:
    """The declaration `licence_id`. Raises NotFound."""
    row = session.get(Licence, licence_id)
    if row is None:
        raise NotFound(f"没有编号为 {licence_id} 的开放许可声明", record=(Licence.__noted_as__, licence_id))
    return row


def licensed_ids(session: Session, today: date) -> set[int]:
    """Ids of the patents that are openly licensed on that day: declaration published, period not over."""
    query = select(col(Licence.patent_id)).where(
        col(Licence.status).in_(RUNNING), col(Licence.ends_on).is_(None) | (col(Licence.ends_on) >= today)
    )
    return set(session.execute(query).scalars())


def stated_consents(row: Stored) -> list[Consent]:
    """The consents as they are stored with a declaration."""
    return [Consent.model_validate(stored) for stored in row.consents]
