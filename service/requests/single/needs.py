"""Single needs: entered, replaced as a whole, found by the id that their sender gave them."""

from __future__ import annotations

from catalog.db import Session
from catalog.demand import needs
from catalog.demand.needs import Need, NeedCreate, NeedPublic, NeedUpdate
from catalog.kit.base import id_of
from catalog.kit.days import beijing_today
from catalog.kit.errors import NotFound
from catalog.mending import tombstones
from ingestion.kinds import needs as need_kind
from ingestion.records.fields import Circumstances
from service.requests.field_problems import FieldProblem, InvalidFields
from service.requests.records import NeedInput, classifier_of, record_of
from service.requests.single.patches import Patch, Saved, form_of, settled


def find(session: Session, external_id: str) -> Need | None:
    """The need with this id of its sender. Raises Gone for one that was deleted or merged."""
    row = needs.find_external(session, external_id.strip())
    if row is None:
        tombstones.refuse_known(session, Need.__noted_as__, f"external {external_id.strip()}")
    return row


def get(session: Session, external_id: str) -> Need:
    """The need with this id of its sender. Raises NotFound, and Gone for one that was deleted or merged."""
    row = find(session, external_id)
    if row is None:
        raise NotFound(f"没有外部编号为“{external_id}”的技术需求")
    return row


def public(session: Session, row: Need) -> NeedPublic:
    """The need as shown to users today."""
    return needs.many(session, [id_of(row)], beijing_today())[id_of(row)]


def form(session: Session, row: Need) -> Patch:
    """The form in which the need as it is stored would be entered."""
    stored = needs.stated(row)
    segments = [ref.code for ref in stored.classes if ref.scheme == "segment" and ref.basis == "official"]
    return form_of(NeedInput, row.model_dump() | {"segments": segments})


def checked(session: Session, circumstances: Circumstances, data: NeedInput) -> tuple[NeedCreate, list[str]]:
    """The need as it would be stored, and what was mended or left out. Raises InvalidFields."""
    record, notes = record_of(need_kind.KIND, data, classifier_of(session), circumstances)
    return record.model_copy(update={"enterprise_id": data.enterprise_id}), notes


def create(session: Session, circumstances: Circumstances, data: NeedInput) -> Saved:
    """Stores a new need. Raises InvalidFields, NotFound (enterprise) and Conflict."""
    record, notes = checked(session, circumstances, data)
    return Saved(needs.create(session, record), notes, is_new=True)


def replace(session: Session, circumstances: Circumstances, need_id: int, data: NeedInput) -> Saved:
    """Replaces what is stated of a need. Raises NotFound, InvalidFields and Conflict."""
    row = needs.get(session, need_id)
    record, notes = checked(session, circumstances, data)

    def again() -> NeedCreate:
        return checked(session, circumstances, NeedInput.model_validate(form(session, row)))[0]

    whole = settled(record, again, needs.stated(row))
    return Saved(needs.update(session, need_id, NeedUpdate.model_construct(**dict(whole))), notes)


def put(session: Session, circumstances: Circumstances, external_id: str, data: NeedInput) -> Saved:
    """Stores the need under the id of its sender: a new one, or what is stated of the one that has it.

    Raises InvalidFields, Gone for a deleted one, NotFound (enterprise) and Conflict.
    """
    if data.external_id not in (None, external_id.strip()):
        reason = f"与地址中的外部编号“{external_id}”不一致"
        raise InvalidFields([FieldProblem(field="external_id", value=data.external_id or "", reason=reason)])
    stated = data.model_copy(update={"external_id": external_id.strip()})
    row = find(session, external_id)
    if row is None:
        return create(session, circumstances, stated)
    return replace(session, circumstances, id_of(row), stated)
