"""Enterprises (企业) as an import takes them."""

from catalog.db import Session
from catalog.demand import enterprises
from catalog.demand.enterprises import EnterpriseCreate
from catalog.registers.registers import ENTERPRISES
from ingestion.kinds.kind import Kind, shown_place
from ingestion.records.demand import enterprise
from ingestion.storing.others import one_by_one
from ingestion.storing.rows import Keys, Origin, Remarks


def _keys(record: EnterpriseCreate) -> Keys:
    return [("企业名称", record.name), ("统一社会信用代码", record.credit_code)]


def _upsert(session: Session, record: EnterpriseCreate, origin: Origin, _: Remarks) -> str:
    return enterprises.upsert(session, record, import_id=origin.import_id, is_demo=origin.is_demo)


KIND = Kind(
    ENTERPRISES,
    lambda fields, _: enterprise(fields),
    one_by_one(_keys, _upsert),
    shown_place,
    turn=1,
)
