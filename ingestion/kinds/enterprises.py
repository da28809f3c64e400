"""Enterprises (企业) as an import takes them."""

from catalog.demand import enterprises
from catalog.demand.enterprises import EnterpriseCreate
from catalog.registers.registers import ENTERPRISES
from ingestion.kinds.kind import Kind, shown_place
from ingestion.records.demand import enterprise
from ingestion.storing.others import in_bulk, stored
from ingestion.storing.rows import Keys


def _keys(record: EnterpriseCreate) -> Keys:
    return [("企业名称", record.name), ("统一社会信用代码", record.credit_code)]


KIND = Kind(
    ENTERPRISES,
    lambda fields, _: enterprise(fields),
    stored(_keys, in_bulk(enterprises.upsert)),
    shown_place,
    turn=1,
)
