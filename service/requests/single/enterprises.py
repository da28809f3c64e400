"""Single enterprises: entered, replaced as a whole, found by their credit code."""

from __future__ import annotations

from catalog.db import Session
from catalog.demand import enterprises
from catalog.demand.enterprises import Enterprise, EnterpriseCreate, EnterprisePublic, EnterpriseUpdate
from catalog.kit.base import id_of
from catalog.kit.errors import NotFound, RecordExists
from catalog.mending import tombstones
from ingestion.identifiers import credit_code
from ingestion.identifiers.errors import InvalidIdentifier
from ingestion.kinds import enterprises as enterprise_kind
from ingestion.records.fields import Circumstances
from service.requests.field_problems import FieldProblem, InvalidFields
from service.requests.records import EnterpriseInput, classifier_of, record_of
from service.requests.single.patches import Patch, Saved, form_of, settled


def code_of(stated: str) -> str:
    """The credit code in its canonical form; one with a doubtful check digit is accepted. Raises InvalidFields."""
    try:
        return credit_code.check(stated)[0]
    except InvalidIdentifier as error:
        problem = FieldProblem(field="code", label="统一社会信用代码", value=stated, reason=error.message)
        raise InvalidFields([problem]) from error


def find(session: Session, code: str) -> Enterprise | None:
    """The enterprise with this credit code. Raises Gone for one that was deleted or merged."""
    row = enterprises.of_codes(session, [code]).get(code)
    if row is None:
        tombstones.refuse_known(session, Enterprise.__noted_as__, f"code {code}")
    return row


def get(session: Session, code: str) -> Enterprise:
    """The enterprise with this credit code. Raises NotFound, and Gone for one that was deleted or merged."""
    row = find(session, code)
    if row is None:
        raise NotFound(f"没有统一社会信用代码为 {code} 的企业")
    return row


def public(_: Session, row: Enterprise) -> EnterprisePublic:
    """The enterprise as shown to users."""
    return enterprises.public(row)


def form(_: Session, row: Enterprise) -> Patch:
    """The form in which the enterprise as it is stored would be entered."""
    return form_of(EnterpriseInput, row.model_dump())


def checked(
    session: Session, circumstances: Circumstances, data: EnterpriseInput
) -> tuple[EnterpriseCreate, list[str]]:
    """The enterprise as it would be stored, and what was mended or left out. Raises InvalidFields."""
    return record_of(enterprise_kind.KIND, data, classifier_of(session), circumstances)


def create(session: Session, circumstances: Circumstances, data: EnterpriseInput) -> Saved:
    """Stores a new enterprise. Raises InvalidFields and Conflict."""
    record, notes = checked(session, circumstances, data)
    return Saved(enterprises.create(session, record), notes, is_new=True)


def replace(
    session: Session, circumstances: Circumstances, enterprise_id: int, data: EnterpriseInput
) -> Saved:
    """Replaces what is stated of an enterprise. Raises NotFound, InvalidFields and Conflict."""
    row = enterprises.get(session, enterprise_id)
    record, notes = checked(session, circumstances, data)
    return _replaced(session, circumstances, row, record, notes)


def _replaced(
    session: Session,
    circumstances: Circumstances,
    row: Enterprise,
    record: EnterpriseCreate,
    notes: list[str],
) -> Saved:
    def again() -> EnterpriseCreate:
        return checked(session, circumstances, EnterpriseInput.model_validate(form(session, row)))[0]

    stored = EnterpriseCreate.model_construct(**row.model_dump(include=set(EnterpriseCreate.model_fields)))
    whole = EnterpriseUpdate.model_construct(**dict(settled(record, again, stored)))
    return Saved(enterprises.update(session, id_of(row), whole), notes)


def put(session: Session, circumstances: Circumstances, code: str, data: EnterpriseInput) -> Saved:
    """Stores the enterprise under a credit code: a new one, or what is stated of the one that has it.

    Raises InvalidFields, Gone for a deleted one, and Conflict where the record names another firm (ADR 0016).
    """
    stated = data.model_copy(update={"credit_code": data.credit_code or code})
    record, notes = checked(session, circumstances, stated)
    if record.credit_code != code:
        reason = f"与地址中的代码 {code} 不一致"
        problem = FieldProblem(field="credit_code", value=data.credit_code or "", reason=reason)
        raise InvalidFields([problem])
    row = find(session, code)
    if row is None:
        return Saved(enterprises.create(session, record), notes, is_new=True)
    if not enterprises.is_named(row, record):
        raise RecordExists(
            f"统一社会信用代码 {code} 已属于企业“{row.name}”，与“{record.name}”不是同一名称",
            hint="企业更名的，请同时填写曾用名，或按编号更新；代码有误的，请核对",
            existing_id=row.id,
        )
    return _replaced(session, circumstances, row, record, notes)
