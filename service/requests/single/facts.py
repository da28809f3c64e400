"""Single facts of patents: entered, replaced as a whole."""

from __future__ import annotations

from catalog.db import Session
from catalog.supply import facts, patents
from catalog.supply.facts import Fact, FactCreate, FactDetails, FactStated
from ingestion.records import facts as fact_records
from ingestion.records.fields import Circumstances, Fields
from service.requests.records import FactInput
from service.requests.single.patches import Patch, Saved, form_of, settled


def form(_: Session, row: Fact) -> Patch:
    """The form in which the fact as it is stored would be entered."""
    end = {"ends_on": None, "ended_on": row.ends_on} if row.ended else {}
    return form_of(FactInput, row.model_dump() | end)


def _checked(circumstances: Circumstances, data: FactInput) -> tuple[FactStated, list[str]]:
    fields = Fields("facts", data.cells(), circumstances)
    record = fact_records.details(fields)
    return record, [f"{note}：{example}" for note, example in fields.notes]


def create(session: Session, circumstances: Circumstances, patent_id: int, data: FactInput) -> Saved:
    """Stores a fact of a patent. Raises NotFound, RowError and Conflict."""
    patents.get(session, patent_id)
    record, notes = _checked(circumstances, data)
    row = facts.create(session, FactCreate(**record.model_dump(), patent_id=patent_id))
    return Saved(row, notes, is_new=True)


def replace(session: Session, circumstances: Circumstances, fact_id: int, data: FactInput) -> Saved:
    """Replaces what is stated of a fact. Raises NotFound and RowError."""
    row = facts.get(session, fact_id)
    record, notes = _checked(circumstances, data)

    def again() -> FactStated:
        return _checked(circumstances, FactInput.model_validate(form(session, row)))[0]

    stored = FactStated.model_construct(**row.model_dump(include=set(FactDetails.model_fields)))
    return Saved(facts.replace(session, fact_id, settled(record, again, stored)), notes)
