"""Create, correct, file, pay, end and void deals.

Every step checks the rules, updates the facts of the patents and the cases of the pipeline, and is recorded in the
history of the deal.
"""

import hashlib
from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import delete, select
from sqlmodel import Session, col

from catalog.deals import deals
from catalog.deals import facts as deal_facts
from catalog.deals import rules as deal_rules
from catalog.deals.deals import (
    Deal,
    DealBase,
    DealCreate,
    DealParty,
    DealPatent,
    PartyRef,
    Receipt,
    ReceiptCreate,
)
from catalog.deals.evidence import EvidenceFile
from catalog.deals.pipeline import follow_deal
from catalog.deals.rules import Finding
from catalog.demand import enterprises
from catalog.kit.base import apply_changes, fold, id_of, now
from catalog.kit.errors import InvalidInput, NotFound, RecordExists, Referenced, WrongState
from catalog.kit.money import plain
from catalog.kit.terms import DealAction, DealStatus, PartySide, PipelineStage
from catalog.supply import holders
from catalog.supply.patents import Patent


def automatic_code(data: DealCreate) -> str:
    """A stable code for a contract that came without one, from what it is about: the same deal gets the same code."""
    parts = [
        data.kind.value,
        data.licence_type.value if data.licence_type else "",
        str(data.signed_on),
        *sorted(data.application_numbers),
        *(fold(party.name) for party in (*data.givers, *data.takers)),
    ]
    return "JY" + hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12].upper()


def create(
    session: Session,
    data: DealCreate,
    *,
    today: date,
    actor: str = "",
    import_id: int | None = None,
    is_demo: bool = False,
) -> tuple[Deal, list[Finding]]:
    """Creates a deal and returns it with the warnings. Raises NotFound (patents), InvalidInput (rules) and Conflict (code taken)."""
    rows = deal_rules.patents_of(session, data)
    code = data.code or automatic_code(data)
    if known := deals.find(session, code):
        raise RecordExists(
            f"合同编号为 {code} 的交易已登记", hint="请改用更正，或核对合同编号", existing_id=known.id
        )
    findings = deal_rules.refuse(deal_rules.check(session, data, rows, today=today))
    row = Deal(**_values(data) | {"code": code}, import_id=import_id, is_demo=is_demo)
    session.add(row)
    session.flush()
    _link(session, row, data, rows)
    remarks = deal_facts.sync(session, row)
    deals.note_event(
        session, id_of(row), DealAction.CREATED, actor, _with_remarks(data.model_dump(), remarks)
    )
    return row, findings


def change(
    session: Session, deal_id: int, data: DealCreate, *, today: date, actor: str = ""
) -> tuple[Deal, list[Finding], bool]:
    """Replaces the whole content of a deal; returns it with the warnings and whether anything changed. Raises as `create` does."""
    row = _in_force(session, deal_id)
    code = data.code or row.code
    other = deals.find(session, code)
    if other is not None and other.id != row.id:
        raise RecordExists(
            f"合同编号 {code} 已属于编号 {other.id} 的交易", hint="请核对合同编号", existing_id=other.id
        )
    rows, findings = _checked(session, deal_id, data, today)
    before, after = stated(session, row), data.model_copy(update={"code": code})
    changes = _differences(before, after)
    if not changes:
        return row, findings, False
    changes["patent_ids"] = [deals.patent_ids(session, deal_id), [patent.id for patent in rows]]
    apply_changes(row, _values(after))
    row.updated_at = now()
    _unlink(session, deal_id)
    _link(session, row, data, rows)
    deals.note_event(session, deal_id, DealAction.CHANGED, actor, changes)
    remarks = deal_facts.sync(session, row)
    if remarks:
        deals.note_event(session, deal_id, DealAction.CHANGED, actor, {"remarks": remarks})
    return row, findings, True


def stated(session: Session, row: Deal) -> DealCreate:
    """The deal as creation input."""
    numbers = select(col(Patent.application_number)).join(
        DealPatent, col(DealPatent.patent_id) == col(Patent.id)
    )
    ordered = numbers.where(col(DealPatent.deal_id) == row.id).order_by(col(DealPatent.position))
    sides = {
        side: [
            PartyRef(**party.model_dump(include=set(PartyRef.model_fields)))
            for party in deals.parties(session, id_of(row), side)
        ]
        for side in PartySide
    }
    return DealCreate(
        **row.model_dump(include=set(DealBase.model_fields)),
        application_numbers=[number or "" for number in session.execute(ordered).scalars()],
        givers=sides[PartySide.GIVER],
        takers=sides[PartySide.TAKER],
    )


def file(
    session: Session, deal_id: int, number: str, filed_on: date, *, today: date, actor: str = ""
) -> list[Finding]:
    """Records the filing or announcement of the deal at CNIPA (备案, 公告); returns the warnings. Raises as `change` does."""
    row = _in_force(session, deal_id)
    data = stated(session, row).model_copy(update={"filing_number": number, "filed_on": filed_on})
    if filed_on < row.signed_on:
        raise InvalidInput(f"备案日 {filed_on} 早于签约日 {row.signed_on}", hint="请核对备案证明")
    _, findings = _checked(session, deal_id, data, today)
    before = {"filing_number": row.filing_number, "filed_on": row.filed_on}
    apply_changes(row, {"filing_number": number, "filed_on": filed_on})
    session.flush()
    after = {"filing_number": number, "filed_on": filed_on}
    changes = {name: [before[name], after[name]] for name in after}
    deals.note_event(session, deal_id, DealAction.FILED, actor, changes)
    deal_facts.sync(session, row)
    follow_deal(session, deal_id, PipelineStage.FILED, actor=actor, note=f"备案号 {number}")
    return findings


def receive(
    session: Session, deal_id: int, data: ReceiptCreate, *, today: date, actor: str = ""
) -> tuple[Receipt, list[Finding]]:
    """Records a payment; returns it with the warnings. Raises NotFound, and InvalidInput where payments exceed the agreed sum."""
    row = _in_force(session, deal_id)
    if data.received_on > today:
        raise InvalidInput(f"到账日 {data.received_on} 晚于今天", hint="请核对收款凭证")
    receipt = Receipt(**data.model_dump(), deal_id=deal_id)
    _, findings = _checked(session, deal_id, stated(session, row), today, [receipt])
    session.add(receipt)
    row.updated_at = now()
    session.flush()
    deals.note_event(
        session, deal_id, DealAction.RECEIVED, actor, data.model_dump() | {"receipt_id": receipt.id}
    )
    follow_deal(
        session,
        deal_id,
        PipelineStage.RECEIVED,
        actor=actor,
        note=f"{data.received_on} 到账 {plain(data.amount)} 元",
    )
    return receipt, findings


def remove_receipt(session: Session, deal_id: int, receipt_id: int, *, actor: str = "") -> None:
    """Remove a payment that was noted by mistake. Raises NotFound, and Conflict while evidence is attached to it."""
    row = deals.get(session, deal_id)
    receipt = session.get(Receipt, receipt_id)
    if receipt is None or receipt.deal_id != deal_id:
        raise NotFound(f"编号为 {deal_id} 的交易没有编号为 {receipt_id} 的到账记录")
    proof = select(col(EvidenceFile.id)).where(col(EvidenceFile.receipt_id) == receipt_id).limit(1)
    if session.execute(proof).first():
        raise Referenced("这笔到账有证明材料", hint="请先移除其证明材料")
    content = receipt.model_dump(include={"id", "received_on", "amount", "note"})
    session.delete(receipt)
    row.updated_at = now()
    session.flush()
    deals.note_event(session, deal_id, DealAction.RECEIPT_REMOVED, actor, content)


def end(session: Session, deal_id: int, on: date, reason: str, *, today: date, actor: str = "") -> Deal:
    """End a deal in force (解除). Raises NotFound, Conflict and InvalidInput (day before the signing or to come)."""
    row = _in_force(session, deal_id)
    if not (row.starts_on or row.signed_on) <= on <= today:
        raise InvalidInput(f"解除日 {on} 应在生效日与今天之间", hint="登记有误的交易请作废")
    return _close(session, row, DealStatus.ENDED, on, reason, actor)


def void(session: Session, deal_id: int, reason: str, *, actor: str = "") -> Deal:
    """Take back a deal that was recorded by mistake (作废); it stays known. Raises NotFound and Conflict."""
    row = deals.get(session, deal_id)
    if row.status == DealStatus.VOID:
        raise WrongState(f"交易 {row.code} 已作废")
    return _close(session, row, DealStatus.VOID, None, reason, actor)


def _close(session: Session, row: Deal, status: DealStatus, on: date | None, reason: str, actor: str) -> Deal:
    voided = status == DealStatus.VOID
    apply_changes(row, {"status": status, "ended_on": on, "ended_reason": reason})
    session.flush()
    action = DealAction.VOIDED if voided else DealAction.ENDED
    deals.note_event(session, id_of(row), action, actor, {"on": on, "reason": reason})
    deal_facts.sync(session, row)
    stage = PipelineStage.NEGOTIATING if voided else PipelineStage.ENDED
    follow_deal(session, id_of(row), stage, actor=actor, note=f"交易{status.label}：{reason}")
    return row


def _checked(
    session: Session, deal_id: int, data: DealCreate, today: date, more: Sequence[Receipt] = ()
) -> tuple[list[Patent], list[Finding]]:
    """The patents of a recorded deal as it would be, with `more` payments, and the warnings. Raises as `create` does."""
    rows = deal_rules.patents_of(session, data)
    paid = [*deals.receipts(session, deal_id), *more]
    found = deal_rules.check(session, data, rows, paid, own_source=deals.source_of(deal_id), today=today)
    return rows, deal_rules.refuse(found)


def _in_force(session: Session, deal_id: int) -> Deal:
    row = deals.get(session, deal_id)
    if row.status != DealStatus.VALID:
        raise WrongState(f"交易 {row.code} {row.status.label}，不能再改动", hint="请登记新的交易")
    return row


def _values(data: DealCreate) -> dict[str, Any]:
    return data.model_dump(include=set(DealBase.model_fields))


def _link(session: Session, row: Deal, data: DealCreate, rows: list[Patent]) -> None:
    deal_id = id_of(row)
    session.add_all(
        DealPatent(deal_id=deal_id, position=position, patent_id=id_of(patent))
        for position, patent in enumerate(rows)
    )
    known = holders.ids_of(session, [party.name for party in (*data.givers, *data.takers)])
    for side, named in ((PartySide.GIVER, data.givers), (PartySide.TAKER, data.takers)):
        for position, party in enumerate(named):
            firm = enterprises.find(session, party.name, party.credit_code)
            session.add(
                DealParty(
                    **party.model_dump(),
                    deal_id=deal_id,
                    side=side,
                    position=position,
                    name_key=fold(party.name),
                    holder_id=known.get(fold(party.name)),
                    enterprise_id=firm.id if firm else None,
                )
            )
    session.flush()


def _unlink(session: Session, deal_id: int) -> None:
    for table in (DealPatent, DealParty):
        session.execute(delete(table).where(col(table.deal_id) == deal_id))


def _differences(before: DealCreate, after: DealCreate) -> dict[str, Any]:
    old, new = before.model_dump(), after.model_dump()
    return {name: [old[name], value] for name, value in new.items() if old[name] != value}


def _with_remarks(values: dict[str, Any], remarks: list[str]) -> dict[str, Any]:
    filled = {name: value for name, value in values.items() if value not in (None, "", False)}
    return filled | ({"remarks": remarks} if remarks else {})
