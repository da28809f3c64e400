"""Deals as registers state them (交易台账): stored, completed or corrected, and taken back when the import is undone."""

from datetime import date
from decimal import Decimal

from sqlmodel import Session

from catalog.deals import deals
from catalog.deals import edits as deal_edits
from catalog.deals import facts as deal_facts
from catalog.deals.deals import Deal, DealCreate, DealStated, Receipt, ReceiptCreate
from catalog.deals.rules import Finding
from catalog.imports.changes import After, Before, Change, digests, note
from catalog.kit.base import fold, id_of
from catalog.kit.errors import InvalidInput
from catalog.kit.money import plain
from catalog.kit.terms import DealAction

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

    Raises as `deal_edits.create` does, and InvalidInput where the payments do not fit those recorded.
    """
    plain_data = DealCreate.model_validate(data.model_dump(exclude=set(PAID)))
    row = deals.find(session, data.code or deal_edits.automatic_code(plain_data))
    if row is None:
        row, findings = deal_edits.create(
            session, plain_data, today=today, actor=actor, import_id=import_id, is_demo=is_demo
        )
        _pay(session, row, data, today, actor)
        note(session, import_id, Deal.__noted_as__, [Change(id_of(row), None, row.updated_at)])
        return "new", findings
    before, stamp = deal_edits.stated(session, row), row.updated_at
    _, findings, changed = deal_edits.change(
        session, id_of(row), _completed(before, plain_data), today=today, actor=actor
    )
    receipt = _pay(session, row, data, today, actor)
    if not (changed or receipt):
        return "unchanged", []
    image: Before = {"deal": before.model_dump(mode="json"), "receipt": receipt}
    after = present(session, id_of(row), image)
    change = Change(id_of(row), image | {"updated_at": stamp}, row.updated_at, after)
    note(session, import_id, Deal.__noted_as__, [change])
    return "changed", findings


def _completed(before: DealCreate, stated: DealCreate) -> DealCreate:
    """The stored deal with the values of a register record applied."""
    values = before.model_dump()
    for name, value in stated.model_dump(exclude={"givers", "takers"}, exclude_unset=True).items():
        if value not in (None, "", []):
            values[name] = value
    for side in ("givers", "takers"):
        known = {fold(party["name"]): party for party in values[side]}
        values[side] = [
            known.get(fold(party.name), {})
            | {name: value for name, value in party.model_dump().items() if value not in (None, "")}
            for party in getattr(stated, side)
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
    receipt, _ = deal_edits.receive(session, id_of(row), payment, today=today, actor=actor)
    return receipt.id


def restore(session: Session, deal_id: int, image: Before) -> None:
    """Restores the values that an import replaced in a deal. Raises as the edits do, for a deal that stands no longer too."""
    if image.get("receipt"):
        deal_edits.remove_receipt(session, deal_id, image["receipt"])
    if "deal" in image:
        # What was recorded once is not refused for lying in the future.
        deal_edits.change(session, deal_id, DealCreate.model_validate(image["deal"]), today=date.max)


def present(session: Session, deal_id: int, image: Before) -> After:
    """The digests of what stands in the place of an image of a deal: its content, and the payment where it is still there."""
    content = deal_edits.stated(session, deals.get(session, deal_id)).model_dump(mode="json")
    paid = image.get("receipt") and session.get(Receipt, image["receipt"])
    return digests({"deal": content, "receipt": paid.id if paid else None})


def follow(session: Session, deal_id: int, before: Before, actor: str, reason: str) -> None:
    """Notes in the history of a deal that empty values were filled, and what depends on them."""
    row = deals.get(session, deal_id)
    changes = {name: [value, getattr(row, name)] for name, value in before.items()} | {"remarks": [reason]}
    deals.note_event(session, deal_id, DealAction.CHANGED, actor, changes)
    deal_facts.sync(session, row)
