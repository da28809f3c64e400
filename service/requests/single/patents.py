"""Single patents: entered, replaced as a whole, found by a number."""

from __future__ import annotations

from typing import NamedTuple

from catalog.db import Session
from catalog.kit.base import id_of
from catalog.kit.days import beijing_today
from catalog.kit.errors import NotFound
from catalog.mending import tombstones
from catalog.registers import contests
from catalog.supply import patent_edits, patents, patents_shown
from catalog.supply.patents import Patent, PatentCreate
from catalog.supply.patents_shown import PatentPublic
from ingestion.identifiers import application_number, publication_number
from ingestion.identifiers.errors import InvalidIdentifier
from ingestion.kinds import patents as patent_kind
from ingestion.records.fields import Circumstances
from service.requests.field_problems import FieldProblem, InvalidFields
from service.requests.records import PatentInput, classifier_of, record_of
from service.requests.single.patches import Patch, Saved, form_of, settled

_SCHEMES = {"ipc": "ipc", "industries": "industry", "segments": "segment"}


class PatentNumber(NamedTuple):
    """A number of a patent in its canonical form: that of its application, or else of a publication."""

    application: str | None
    publication: str | None

    @property
    def body(self) -> str:
        """The number of the publication without its kind code."""
        return publication_number.body_of(self.publication) if self.publication else ""

    @property
    def key(self) -> str:
        """The key by which a deleted patent is known."""
        return f"number {self.application}" if self.application else f"published {self.body}"

    def __str__(self) -> str:
        return self.application or self.publication or ""


def number_of(stated: str, circumstances: Circumstances) -> PatentNumber:
    """The number in any writing. Raises InvalidFields naming the fault."""
    try:
        return PatentNumber(application_number.validate(stated, today=circumstances.today), None)
    except InvalidIdentifier as error:
        if publication_number.is_valid(stated):
            return PatentNumber(None, publication_number.validate(stated))
        problem = FieldProblem(field="number", label="号码", value=stated, reason=error.message)
        raise InvalidFields([problem]) from error


def application_number_of(stated: str) -> str:
    """The application number in its canonical form. Raises InvalidFields."""
    try:
        return application_number.validate(stated, today=beijing_today())
    except InvalidIdentifier as error:
        problem = FieldProblem(field="application_number", label="申请号", value=stated, reason=error.message)
        raise InvalidFields([problem]) from error


def find(session: Session, number: PatentNumber) -> Patent | None:
    """The patent with this number. Raises Gone for one that was deleted or merged."""
    row = (
        patents.find(session, number.application)
        if number.application
        else patents.published_as(session, number.body)
    )
    if row is None:
        tombstones.refuse_known(session, Patent.__noted_as__, number.key)
    return row


def get(session: Session, number: PatentNumber) -> Patent:
    """The patent with this number. Raises NotFound, and Gone for one that was deleted or merged."""
    row = find(session, number)
    if row is None:
        raise NotFound(f"没有号码为 {number} 的专利")
    return row


def public(session: Session, row: Patent) -> PatentPublic:
    """The patent as shown to users today."""
    return patents_shown.publics(session, [row], today=beijing_today())[0]


def form(session: Session, row: Patent) -> Patch:
    """The form in which the patent as it is stored would be entered."""
    stored = patent_edits.stated(session, row)
    official = [ref for ref in stored.classes if ref.basis == "official"]
    classes = {
        name: [ref.code for ref in official if ref.scheme == scheme] for name, scheme in _SCHEMES.items()
    }
    own = {
        "holders": [holder.name for holder in stored.holders],
        "publication_number": [publication.number for publication in stored.publications],
    }
    return form_of(PatentInput, row.model_dump() | classes | own)


def checked(
    session: Session, circumstances: Circumstances, data: PatentInput
) -> tuple[PatentCreate, list[str]]:
    """The patent as it would be stored, and what was mended or left out. Raises InvalidFields."""
    return record_of(patent_kind.KIND, data, classifier_of(session), circumstances)


def create(session: Session, circumstances: Circumstances, data: PatentInput) -> Saved:
    """Stores a new patent. Raises InvalidFields and Conflict."""
    record, notes = checked(session, circumstances, data)
    return Saved(patent_edits.create(session, record), notes, is_new=True)


def replace(session: Session, circumstances: Circumstances, patent_id: int, data: PatentInput) -> Saved:
    """Replaces what is stated of a patent. Raises NotFound, InvalidFields and Conflict."""
    row = patents.get(session, patent_id)
    record, notes = checked(session, circumstances, data)
    return _replaced(session, circumstances, row, record, notes)


def _replaced(
    session: Session, circumstances: Circumstances, row: Patent, record: PatentCreate, notes: list[str]
) -> Saved:
    def again() -> PatentCreate:
        return checked(session, circumstances, PatentInput.model_validate(form(session, row)))[0]

    whole = settled(record, again, patent_edits.stated(session, row))
    return Saved(patent_edits.replace(session, id_of(row), whole), notes)


def put(session: Session, circumstances: Circumstances, number: PatentNumber, data: PatentInput) -> Saved:
    """Stores the patent under a number: a new one, or what is stated of the one that has it.

    Raises InvalidFields, Gone for a deleted one, and Conflict where the record is of another patent (ADR 0016).
    """
    record, notes = checked(session, circumstances, _numbered(data, number))
    if _differs(record, number):
        reason = f"与地址中的号码 {number} 不一致"
        name = "application_number" if number.application else "publication_number"
        raise InvalidFields([FieldProblem(field=name, value=str(getattr(data, name)), reason=reason)])
    row = find(session, number)
    if row is None:
        return Saved(patent_edits.create(session, record), notes, is_new=True)
    contests.refuse_other(session, record, row)
    return _replaced(session, circumstances, row, record, notes)


def _numbered(data: PatentInput, number: PatentNumber) -> PatentInput:
    """The submitted form, with the number of the address where it states none."""
    if number.application and data.application_number is None:
        return data.model_copy(update={"application_number": number.application})
    if number.publication and not data.publication_number:
        return data.model_copy(update={"publication_number": [number.publication]})
    return data


def _differs(record: PatentCreate, number: PatentNumber) -> bool:
    if number.application:
        return record.application_number != number.application
    return number.body not in (publication.body for publication in record.publications)
