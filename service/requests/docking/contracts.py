"""A deal made of the outcome of a meeting in one step (由对接结果登记交易): parties and patent are known already."""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import Field, ValidationError

from catalog.db import Session
from catalog.deals import edits as deal_edits
from catalog.deals.deals import Deal, DealCreate, PartyRef
from catalog.deals.rules import Finding
from catalog.demand import enterprises
from catalog.docking import invitations, meetings, outcomes, results
from catalog.docking.invitations import Invitation
from catalog.docking.meetings import ActivityMeeting
from catalog.docking.terms import OutcomeForm
from catalog.kit.base import Schema
from catalog.kit.errors import Conflict, InvalidInput
from catalog.kit.terms import DealKind, HolderKind, LicenceType
from catalog.supply import holders, patents
from catalog.supply.patents import Patent
from service.requests.dealings.deals import Form as PaymentFormInput
from service.requests.dealings.deals import Kind as DealKindInput
from service.requests.dealings.deals import Type as LicenceTypeInput
from service.requests.field_problems import InvalidFields, field_problems
from service.requests.filters import Day, GivenDay
from service.requests.types import Base, Percent, Yuan

KINDS = {
    OutcomeForm.TRANSFER: DealKind.TRANSFER,
    OutcomeForm.LICENCE: DealKind.LICENCE,
    OutcomeForm.OPEN_LICENCE: DealKind.LICENCE,
    OutcomeForm.EQUITY: DealKind.EQUITY,
}


class ContractInput(Schema):
    """The terms of a contract that the meeting does not state."""

    signed_on: GivenDay = Field(description="签约日", examples=["2026-12-20"])
    code: str | None = Field(
        default=None, min_length=1, max_length=64, description="合同编号；缺省时自动编号"
    )
    kind: DealKindInput | None = Field(default=None, description="交易种类；缺省按拟合作方式")
    licence_type: LicenceTypeInput = Field(default=None, description="许可方式；缺省为普通或开放")
    payment_form: PaymentFormInput = Field(default=None, description="支付方式")
    contract_amount: Yuan = Field(default=None, description="合同金额（元）", examples=[300000])
    royalty_rate: Percent = Field(default=None, description="提成比例（%）")
    royalty_base: Base = Field(default=None, description="提成基数")
    starts_on: Day = Field(default=None, description="生效日；缺省为签约日")
    ends_on: Day = Field(default=None, description="许可期限止")
    three_party: bool = Field(default=False, strict=True, description="是否为三方合同")
    broker: str = Field(default="", max_length=300, description="促成交易的专利服务机构")
    note: str = Field(default="", max_length=1000, description="备注")


def make_deal(
    session: Session, activity_id: int, meeting_id: int, data: ContractInput, *, today: date, actor: str = ""
) -> tuple[Deal, list[Finding]]:
    """Records the deal that came of a meeting and ties it to the outcome; returns it with the warnings.

    Raises NotFound, Conflict (no outcome that allows it, a deal already) and InvalidInput (rules of deals).
    """
    meeting = meetings.get(session, activity_id, meeting_id)
    outcome = outcomes.get(session, meeting_id)
    firm = invitations.get(session, activity_id, meeting.firm_id)
    deal = _deal(session, meeting, firm, data, OutcomeForm(outcome.form) if outcome.form else None)
    row, warnings = deal_edits.create(session, deal, today=today, actor=actor)
    results.attach_deal(session, activity_id, meeting_id, row, actor=actor)
    return row, warnings


def _deal(
    session: Session,
    meeting: ActivityMeeting,
    firm: Invitation,
    data: ContractInput,
    form: OutcomeForm | None,
) -> DealCreate:
    kind = data.kind or KINDS.get(form) if form else data.kind
    if kind is None:
        stated = f"拟合作方式为“{form.label}”" if form else "未填写拟合作方式"
        raise InvalidInput(f"{stated}，不能确定交易种类", hint="请填写交易种类（kind）")
    if meeting.patent_id is None:
        raise Conflict("会谈未涉及专利，不能登记交易", hint="请在交易登记中另行登记")
    patent = patents.get(session, meeting.patent_id)
    values = data.model_dump(exclude={"kind", "licence_type", "note"})
    try:
        return DealCreate(
            **values,
            kind=kind,
            licence_type=_licence(data.licence_type, kind, form),
            application_numbers=[patent.application_number or ""],
            givers=_givers(session, patent),
            takers=[_taker(session, firm)],
            note="；".join(part for part in (f"由会谈 {meeting.id} 促成", data.note) if part),
        )
    except ValidationError as error:
        raise InvalidFields(field_problems(error.errors())) from error


def _licence(stated: LicenceType | None, kind: DealKind, form: OutcomeForm | None) -> LicenceType | None:
    if stated is not None or kind != DealKind.LICENCE:
        return stated
    return LicenceType.OPEN if form is OutcomeForm.OPEN_LICENCE else LicenceType.ORDINARY


def _givers(session: Session, patent: Patent) -> list[PartyRef]:
    """The patentees in their order; the address of the register is that of the first."""
    held = patents.holders_of(session, [patent.id or 0]).get(patent.id or 0, [])
    rows = [holders.get(session, one.id) for one in held]
    place: dict[str, Any] = {
        "address": patent.address or "",
        "province": patent.province,
        "prefecture": patent.prefecture,
    }
    return [
        PartyRef(name=row.name, kind=HolderKind(row.kind), **(place if position == 0 else {}))
        for position, row in enumerate(rows)
    ]


def _taker(session: Session, firm: Invitation) -> PartyRef:
    if firm.enterprise_id is None:
        return PartyRef(name=firm.name, kind=HolderKind.COMPANY)
    row = enterprises.get(session, firm.enterprise_id)
    return PartyRef(
        name=row.name,
        kind=HolderKind.COMPANY,
        credit_code=row.credit_code,
        address=row.address or "",
        province=row.province,
        prefecture=row.prefecture,
    )
