"""Single deals: the form of a stored one, replaced as a whole."""

from __future__ import annotations

from catalog.db import Session
from catalog.deals import deals
from catalog.deals import edits as deal_edits
from catalog.deals.deals import Deal, DealCreate, PartyRef
from catalog.deals.rules import Finding
from ingestion.records.fields import Circumstances
from service.requests.dealings.deals import DealInput, PartyInput, deal_of
from service.requests.single.patches import Patch, form_of, settled


def form(session: Session, row: Deal) -> Patch:
    """The form in which the deal as it is stored would be entered."""
    stored = deal_edits.stated(session, row)
    sides = {"givers": [*map(_party, stored.givers)], "takers": [*map(_party, stored.takers)]}
    return form_of(DealInput, dict(stored) | sides)


def _party(party: PartyRef) -> Patch:
    return form_of(PartyInput, party.model_dump())


def replace(
    session: Session, circumstances: Circumstances, deal_id: int, data: DealInput, *, actor: str
) -> tuple[Deal, list[Finding]]:
    """Replaces what is stated of a deal; returns it with the warnings. Raises NotFound, InvalidFields and Conflict."""
    row, record = deals.get(session, deal_id), deal_of(data, circumstances)

    def again() -> DealCreate:
        return deal_of(DealInput.model_validate(form(session, row)), circumstances)

    whole = settled(record, again, deal_edits.stated(session, row))
    changed, warnings, _ = deal_edits.change(session, deal_id, whole, actor=actor, today=circumstances.today)
    return changed, warnings
