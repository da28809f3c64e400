"""Facts derived from deals: a licence, transfer, equity contribution or pledge of every patent of the deal.

Their source is the deal: correcting it corrects them, voiding it removes them, ending it ends them; what a register had
already recorded of the same event is left unchanged.
"""

from collections.abc import Sequence

from sqlalchemy import select
from sqlmodel import Session, col

from catalog.deals import deals
from catalog.deals.deals import Deal, source_of
from catalog.kit.base import id_of
from catalog.kit.errors import Conflict
from catalog.kit.terms import DealKind, DealStatus, FactKind, PartySide
from catalog.supply import facts
from catalog.supply.facts import Fact, FactCreate

KIND_OF = {
    DealKind.LICENCE: FactKind.LICENCE,
    DealKind.TRANSFER: FactKind.TRANSFER,
    DealKind.EQUITY: FactKind.EQUITY,
    DealKind.PLEDGE: FactKind.PLEDGE,
}
RUNNING = (DealKind.LICENCE, DealKind.PLEDGE)
"""Deals that go on for a time; the others happen on a day."""


def sync(session: Session, deal: Deal) -> list[str]:
    """Synchronises the facts with the deal; returns which of them another source had already recorded."""
    own = _own(session, deal)
    wanted = _wanted(session, deal)
    stays = {row.patent_id: row for row in own if any(_says(row, fact) for fact in wanted)}
    for row in own:
        if row.patent_id not in stays:
            facts.remove(session, id_of(row))
    remarks = []
    for fact in wanted:
        if fact.patent_id in stays:
            continue
        try:
            facts.create(session, fact)
        except Conflict as error:
            remarks.append(f"专利 {fact.patent_id}：{error.message}，未重复登记")
    return remarks


def _own(session: Session, deal: Deal) -> Sequence[Fact]:
    query = select(Fact).where(
        col(Fact.source) == source_of(deal.id), col(Fact.patent_id).in_(_concerned(session, deal))
    )
    return session.execute(query).scalars().all()


def _concerned(session: Session, deal: Deal) -> list[int]:
    """Patents that the deal names now or named before."""
    before = {
        patent_id
        for event in deals.events(session, id_of(deal))
        for patent_id in event.changes.get("patent_ids", [[], []])[0]
    }
    return sorted(before | set(deals.patent_ids(session, id_of(deal))))


def _wanted(session: Session, deal: Deal) -> list[FactCreate]:
    if deal.status == DealStatus.VOID:
        return []
    takers = deals.parties(session, id_of(deal), PartySide.TAKER)
    ended = deal.status == DealStatus.ENDED and deal.kind in RUNNING
    ends_on = (deal.ended_on if ended else deal.ends_on) if deal.kind in RUNNING else None
    value = {DealKind.LICENCE: deal.licence_type, DealKind.PLEDGE: deal.pledge_consent}.get(deal.kind)
    if deal.status == DealStatus.ENDED and deal.kind not in RUNNING:
        return []
    return [
        FactCreate(
            patent_id=patent_id,
            kind=KIND_OF[deal.kind],
            happened_on=deal.starts_on or deal.signed_on,
            ends_on=ends_on,
            ended=ended,
            value=value.value if value else "",
            party=takers[0].name,
            note=f"合同编号 {deal.code}" + (f"，备案号 {deal.filing_number}" if deal.filing_number else ""),
            source=source_of(deal.id),
        )
        for patent_id in deals.patent_ids(session, id_of(deal))
    ]


def _says(row: Fact, fact: FactCreate) -> bool:
    return all(getattr(row, name) == value for name, value in fact.model_dump().items())
