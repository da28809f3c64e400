"""Deals (交易) as an import takes them."""

from catalog.db import Session
from catalog.deals.deals import DealStated
from catalog.deals.edits import automatic_code
from catalog.registers import deals as deal_register
from catalog.registers.registers import DEALS
from ingestion.kinds.kind import Kind
from ingestion.records.deals import deal
from ingestion.storing.others import one_by_one, stored
from ingestion.storing.rows import Keys, Origin, Remarks


def _keys(record: DealStated) -> Keys:
    return [("合同编号", record.code or automatic_code(record))]


def _upsert(session: Session, record: DealStated, origin: Origin, noted: Remarks) -> str:
    outcome, findings = deal_register.upsert(
        session,
        record,
        today=origin.today,
        actor=origin.actor,
        import_id=origin.import_id,
        is_demo=origin.is_demo,
    )
    noted += [(f"请核对（{finding.rule}）", finding.message) for finding in findings]
    return outcome


KIND = Kind(DEALS, lambda fields, _: deal(fields), stored(_keys, one_by_one(_upsert)))
