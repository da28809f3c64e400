"""Single declarations: entered, replaced as a whole."""

from __future__ import annotations

from catalog.db import Session
from catalog.licences import edits as licence_edits
from catalog.licences import licences
from catalog.licences.licences import Licence, LicenceCreate, LicenceUpdate
from catalog.licences.rules import Rules
from catalog.supply import patents
from ingestion.kinds import licences as licence_kind
from ingestion.records.fields import Circumstances
from service.requests.field_problems import FieldProblem, InvalidFields
from service.requests.records import LicenceInput, classifier_of, record_of
from service.requests.single.patches import Patch, Saved, form_of, settled


def form(session: Session, row: Licence) -> Patch:
    """The form in which the declaration as it is stored would be entered."""
    number = patents.get(session, row.patent_id).application_number
    return form_of(LicenceInput, row.model_dump() | {"application_number": number})


def _checked(
    session: Session, circumstances: Circumstances, data: LicenceInput
) -> tuple[LicenceCreate, list[str]]:
    record, notes = record_of(licence_kind.KIND, data, classifier_of(session), circumstances)
    consents = [consent.model_dump() for consent in data.stated_consents()]
    values = record.model_dump(exclude_unset=True) | {"consents": consents}
    return LicenceCreate.model_validate(values), notes


def create(
    session: Session, circumstances: Circumstances, rules: Rules, data: LicenceInput, *, actor: str
) -> Saved:
    """Stores a new declaration. Raises InvalidFields, also without a status, NotFound (patent) and Conflict."""
    if data.status is None:
        reason = "缺少必填项：准备声明的填“草稿”，登记已公告的填“已公告”"
        raise InvalidFields([FieldProblem(field="status", value="", reason=reason)])
    record, notes = _checked(session, circumstances, data)
    row = licence_edits.create(session, record, actor=actor, rules=rules, today=circumstances.today)
    return Saved(row, notes, is_new=True)


def replace(
    session: Session,
    circumstances: Circumstances,
    rules: Rules,
    licence_id: int,
    data: LicenceInput,
    *,
    actor: str,
) -> Saved:
    """Replaces what is stated of a declaration. Raises NotFound, InvalidFields and Conflict."""
    row = licences.get(session, licence_id)
    record, notes = _checked(session, circumstances, data)

    def again() -> LicenceCreate:
        return _checked(session, circumstances, LicenceInput.model_validate(form(session, row)))[0]

    whole = settled(record, again, licence_edits.stated(session, row))
    stated = LicenceUpdate.model_construct(**dict(whole))
    return Saved(licence_edits.update(session, licence_id, stated, actor=actor, rules=rules), notes)
