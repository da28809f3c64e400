"""Deals as registers state them (交易台账): stored, completed or corrected, and taken back when the import is undone."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, select
from sqlmodel import Session, col

from catalog.deals import deals
from catalog.deals import edits as deal_records
from catalog.deals.deals import (
    Deal,
    DealCreate,
    DealEvent,
    DealParty,
    DealPatent,
    DealStated,
    Receipt,
    ReceiptCreate,
    source_of,
)
from catalog.deals.rules import Finding
from catalog.imports.changes import Change, note
from catalog.kit.base import fold, id_of
from catalog.kit.errors import InvalidInput
from catalog.kit.money import plain
from catalog.supply import facts
from catalog.supply.facts import Fact

PAID = frozenset({"received_total", "received_on"})


def upsert(
    session: Session,
    data: DealStated,
    *,
    today: date,
    import_id: int | None,
    actor: str = "",
    is_demo: bool = False,
) -> tuple[str, list[Finding]]:
    """Upserts a register record; returns "new", "changed" or "unchanged", with the warnings. Empty cells overwrite nothing.

    Raises as `deal_records.create` does, and InvalidInput where the payments do not fit those recorded.
    """
    plain_data = DealCreate.model_validate(data.model_dump(exclude=set(PAID)))
    row = deals.find(session, data.code or deal_records.automatic_code(plain_data))
    if row is None:
        row, findings = deal_records.create(
            session, plain_data, today=today, actor=actor, import_id=import_id, is_demo=is_demo
        )
        _pay(session, row, data, today, actor)
        note(session, import_id, Deal.__noted_as__, [Change(id_of(row), None, row.updated_at)])
        return "new", findings
    before, stamp = deal_records.stated(session, row), row.updated_at
    _, findings, changed = deal_records.change(
        session, id_of(row), _completed(before, plain_data), today=today, actor=actor
    )
    receipt = _pay(session, row, data, today, actor)
    if not (changed or receipt):
        return "unchanged", []
    image = {
        "deal": before.model_dump(mode="json"),
        "receipt": receipt,
        "updated_at": stamp,
    }
    note(session, import_id, Deal.__noted_as__, [Change(id_of(row), image, row.updated_at)])
    return "changed", findings


def _completed(before: DealCreate, said: DealCreate) -> DealCreate:
    """The stored deal with the values of a register record applied."""
    values = before.model_dump()
    for name, value in said.model_dump(exclude={"givers", "takers"}, exclude_unset=True).items():
        if value not in (None, "", []):
            values[name] = value
    for side in ("givers", "takers"):
        known = {fold(party["name"]): party for party in values[side]}
        values[side] = [
            known.get(fold(party.name), {})
            | {name: value for name, value in party.model_dump().items() if value not in (None, "")}
            for party in getattr(said, side)
        ]
    return DealCreate.model_validate(values)


def _pay(session: Session, row: Deal, data: DealStated, today: date, actor: str) -> int | None:
    """Records the amount received since the last recorded payment; returns the id of the new payment."""
    if data.received_total is None:
        return None
    known = sum((receipt.amount for receipt in deals.receipts(session, id_of(row))), Decimal(0))
    more = data.received_total - known
    if more == 0:
        return None
    if more < 0:
        raise InvalidInput(
            f"到账金额 {plain(data.received_total)} 元少于已登记的到账合计 {plain(known)} 元",
            hint="到账金额应为累计数；登记有误的到账请先删除",
        )
    if data.received_on is None:
        raise InvalidInput(f"到账金额增加了 {plain(more)} 元，但没有到账日", hint="请补填到账日")
    payment = ReceiptCreate(received_on=data.received_on, amount=more, note="由台账导入")
    receipt, _ = deal_records.receive(session, id_of(row), payment, today=today, actor=actor)
    return receipt.id


def restore(session: Session, deal_id: int, before: dict[str, Any], *, actor: str = "") -> None:
    """Restores the values that an import replaced in a deal."""
    if before.get("receipt"):
        deal_records.remove_receipt(session, deal_id, before["receipt"], actor=actor)
    # What was recorded once is not refused for lying in the future.
    stated = DealCreate.model_validate(before["deal"])
    deal_records.change(session, deal_id, stated, today=date.max, actor=actor)


def erase(session: Session, ids: Sequence[int]) -> None:
    """Remove what belongs to deals that an import made, so that they can go themselves."""
    sources = [source_of(deal_id) for deal_id in ids]
    for fact_id in session.execute(select(col(Fact.id)).where(col(Fact.source).in_(sources))).scalars().all():
        facts.remove(session, fact_id or 0)
    for table in (Receipt, DealEvent, DealParty, DealPatent):
        session.execute(delete(table).where(col(table.deal_id).in_(ids)))
