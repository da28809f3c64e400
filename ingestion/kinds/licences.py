"""Open-licence declarations (开放许可声明) as an import takes them."""

from catalog.db import Session
from catalog.licences import edits as licence_edits
from catalog.licences.licences import LicenceCreate
from catalog.registers.registers import LICENCES
from ingestion.kinds.kind import Kind
from ingestion.records.licences import licence, remarks
from ingestion.storing.others import one_by_one, stored
from ingestion.storing.rows import Keys, Origin, Remarks


def _keys(record: LicenceCreate) -> Keys:
    if record.declared_on:
        return [("申请号和声明日", f"{record.application_number} {record.declared_on}")]
    return [("申请号", record.application_number)]


def _upsert(session: Session, record: LicenceCreate, origin: Origin, noted: Remarks) -> str:
    noted += [(remark, record.application_number) for remark in remarks(record)]
    return licence_edits.upsert(
        session,
        record,
        today=origin.today,
        actor=origin.actor,
        import_id=origin.import_id,
        is_demo=origin.is_demo,
    )


KIND = Kind(LICENCES, lambda fields, _: licence(fields), stored(_keys, one_by_one(_upsert)))
