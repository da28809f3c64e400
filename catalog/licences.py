"""Open-licence declarations (专利开放许可声明) with their terms (许可条件)."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from pydantic import model_validator
from sqlalchemy import Numeric, Select, select
from sqlmodel import Field, Session, col

from catalog import patents
from catalog.base import PageQuery, Rows, Schema, Timestamps, apply_changes, enum_type, paginate
from catalog.errors import Conflict, InvalidInput, NotFound
from catalog.import_changes import RecordKind, apply_noted, note_new
from catalog.legal_life import last_valid_day
from catalog.patents import NO_NUMBER, Patent
from catalog.terms import LicenceStatus, PaymentForm, RoyaltyBase

RUNNING = (LicenceStatus.PUBLISHED.value, LicenceStatus.CHANGED.value)


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
    fee_text: str = Field(default="", max_length=2000, description="许可使用费支付方式、标准（原文）")
    starts_on: date | None = Field(default=None, description="许可期限起")
    ends_on: date | None = Field(default=None, description="许可期限止")
    region: str = Field(default="全国", max_length=100)
    know_how: str = Field(default="", max_length=1000, description="技术指导或服务")
    declared_on: date | None = Field(default=None, description="声明日")
    status: LicenceStatus = Field(default=LicenceStatus.PUBLISHED, sa_type=enum_type(LicenceStatus))


class Licence(LicenceBase, Timestamps, table=True):
    """A declaration; one patent has one, changed or withdrawn in the course of time."""

    __tablename__ = "licences"

    id: int | None = Field(default=None, primary_key=True)
    patent_id: int = Field(foreign_key="patents.id", unique=True)
    import_id: int | None = Field(default=None, foreign_key="imports.id")
    is_demo: bool = False


class LicenceCreate(LicenceBase):
    """A new declaration; the patent is named by canonical application number."""

    application_number: str = Field(max_length=16)

    @model_validator(mode="after")
    def _terms_agree(self) -> "LicenceCreate":
        if self.payment_form == PaymentForm.FREE and (self.fixed_fee or self.royalty_rate):
            raise ValueError("支付方式为“免费”，却又填写了费用或提成比例")
        if self.starts_on and self.ends_on and self.ends_on < self.starts_on:
            raise ValueError(f"许可期限止 {self.ends_on} 早于许可期限起 {self.starts_on}")
        needs_rate = self.payment_form in (PaymentForm.ROYALTY, PaymentForm.ENTRY_AND_ROYALTY)
        if needs_rate and self.royalty_rate is None and not self.fee_text:
            raise ValueError("支付方式含提成，但没有提成比例，也没有费用说明")
        return self


class LicenceUpdate(LicenceCreate):
    """The whole new state of a declaration (PUT)."""


class LicencePublic(LicenceBase):
    """A declaration as shown to users."""

    id: int
    patent_id: int
    application_number: str | None
    patent_title: str
    payment_form_name: str
    royalty_base_name: str | None
    status_name: str
    terms: str
    is_demo: bool


def _amount(value: Decimal) -> str:
    return f"{value / 10_000:f}".rstrip("0").rstrip(".") if value % 10_000 else f"{value // 10_000:f}"


def terms_text(row: LicenceBase) -> str:
    """The terms in one Chinese line: payment, amounts (万元), period and region."""
    parts = [PaymentForm(row.payment_form).label]
    if row.fixed_fee:
        parts.append(f"{_amount(row.fixed_fee)} 万元")
    if row.royalty_rate:
        base = RoyaltyBase(row.royalty_base).label if row.royalty_base else "（基数见费用说明）"
        parts.append(f"{base} {row.royalty_rate.normalize():f}%")
    if row.starts_on or row.ends_on:
        parts.append(f"许可期限 {row.starts_on or '公告之日'} 至 {row.ends_on or '未注明'}")
    parts.append(row.region)
    return "，".join(parts)


def public(row: Licence, patent: Patent) -> LicencePublic:
    """The declaration as shown to users."""
    return LicencePublic(
        **row.model_dump(include=set(LicenceBase.model_fields)),
        id=row.id or 0,
        patent_id=row.patent_id,
        application_number=patent.application_number,
        patent_title=patent.title,
        payment_form_name=PaymentForm(row.payment_form).label,
        royalty_base_name=RoyaltyBase(row.royalty_base).label if row.royalty_base else None,
        status_name=LicenceStatus(row.status).label,
        terms=terms_text(row),
        is_demo=row.is_demo,
    )


def get(session: Session, licence_id: int) -> Licence:
    """The declaration `licence_id`. Raises NotFound."""
    row = session.get(Licence, licence_id)
    if row is None:
        raise NotFound(f"没有编号为 {licence_id} 的开放许可声明")
    return row


def _joined() -> Select[Licence, Patent]:
    return select(Licence, Patent).join(Patent, col(Patent.id) == col(Licence.patent_id))


def of_patents(session: Session, ids: Sequence[int]) -> dict[int, LicencePublic]:
    """The declarations of these patents by patent id."""
    query = _joined().where(col(Licence.patent_id).in_(list(ids)))
    return {licence.patent_id: public(licence, patent) for licence, patent in session.execute(query)}


def licensed_ids(session: Session, today: date) -> set[int]:
    """Ids of the patents that are openly licensed on that day: declaration published, period not over."""
    query = select(col(Licence.patent_id)).where(
        col(Licence.status).in_(RUNNING), col(Licence.ends_on).is_(None) | (col(Licence.ends_on) >= today)
    )
    return set(session.execute(query).scalars())


def page(
    session: Session,
    wanted: PageQuery,
    *,
    status: LicenceStatus | None = None,
    payment_form: PaymentForm | None = None,
    application_number: str | None = None,
) -> Rows[Licence]:
    """Declarations by status, payment form and patent."""
    query = select(Licence)
    if status:
        query = query.where(col(Licence.status) == status.value)
    if payment_form:
        query = query.where(col(Licence.payment_form) == payment_form.value)
    if application_number:
        query = query.join(Patent, col(Patent.id) == col(Licence.patent_id)).where(
            col(Patent.application_number) == application_number
        )
    sortable = {"id": Licence.id, "declared_on": Licence.declared_on, "ends_on": Licence.ends_on}
    return paginate(session, query, wanted, sortable, "id")


def publics(session: Session, rows: Sequence[Licence]) -> list[LicencePublic]:
    """The declarations as shown to users, in the order given."""
    found = of_patents(session, [row.patent_id for row in rows])
    return [found[row.patent_id] for row in rows]


def _patent_for(session: Session, data: LicenceCreate) -> Patent:
    patent = patents.find(session, data.application_number)
    if patent is None:
        raise NotFound(
            f"没有申请号为 {data.application_number} 的专利",
            hint=f"请先导入该专利；{NO_NUMBER}的专利不能开放许可",
        )
    if patent.grant_date is None:
        raise InvalidInput(
            f"专利 {data.application_number} 没有授权公告日，不能声明开放许可",
            hint="专利法实施细则第八十五条：应当在公告授予专利权后提出；请先补录授权公告日",
        )
    last = last_valid_day(patent.kind, patent.filing_date, patent.expiry_date)
    if data.ends_on and last and data.ends_on > last:
        raise InvalidInput(f"许可期限止 {data.ends_on} 超过专利权最后有效日 {last}", hint="请缩短许可期限")
    return patent


def create(
    session: Session, data: LicenceCreate, *, import_id: int | None = None, is_demo: bool = False
) -> Licence:
    """Store a declaration. Raises NotFound, InvalidInput (not granted, period past the term) and Conflict."""
    patent = _patent_for(session, data)
    if session.execute(select(col(Licence.id)).where(col(Licence.patent_id) == patent.id)).first():
        raise Conflict(f"专利 {data.application_number} 已有开放许可声明", hint="请改用更新")
    values = data.model_dump(exclude={"application_number"})
    row = Licence(**values, patent_id=patent.id or 0, import_id=import_id, is_demo=is_demo)
    session.add(row)
    session.flush()
    note_new(session, import_id, RecordKind.LICENCE, row)
    return row


def update(session: Session, licence_id: int, data: LicenceUpdate) -> Licence:
    """Replace the state of a declaration; it stays with its patent. Raises as `create` does."""
    row = get(session, licence_id)
    patent = _patent_for(session, data)
    if patent.id != row.patent_id:
        raise Conflict("开放许可声明不能改到另一件专利上", hint="请为另一件专利新建声明")
    apply_changes(row, data.model_dump(exclude={"application_number"}))
    session.flush()
    return row


def upsert(session: Session, data: LicenceCreate, *, import_id: int | None, is_demo: bool = False) -> str:
    """Store what a register says: answers "new", "changed" or "unchanged". Empty cells erase nothing."""
    patent = _patent_for(session, data)
    row = session.execute(select(Licence).where(col(Licence.patent_id) == patent.id)).scalar_one_or_none()
    if row is None:
        create(session, data, import_id=import_id, is_demo=is_demo)
        return "new"
    values = data.model_dump(exclude={"application_number"})
    said = {name: value for name, value in values.items() if value not in (None, "")}
    return "changed" if apply_noted(session, import_id, RecordKind.LICENCE, row, said) else "unchanged"
