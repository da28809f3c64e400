"""Result sheets of activities (对接情况登记表) as an import takes them."""

from typing import Any

from catalog.db import Session
from catalog.docking import stated as docking
from catalog.docking.results import Noting
from catalog.docking.stated import OutcomeRow
from catalog.registers.registers import OUTCOMES
from ingestion.kinds.kind import Kind
from ingestion.records.docking import outcome
from ingestion.storing.others import one_by_one, stored
from ingestion.storing.rows import Keys, Origin, Remarks


def _keys(record: OutcomeRow) -> Keys:
    if record.meeting_id is not None:
        return [("会谈编号", str(record.meeting_id))]
    return [("活动、企业和专利权人", f"{record.activity_code} {record.firm} {record.team}")]


def _upsert(session: Session, record: OutcomeRow, origin: Origin, _: Remarks) -> str:
    return docking.put_outcome(session, record, Noting(origin.today, origin.actor, origin.import_id))


def _shown(record: OutcomeRow) -> dict[str, Any]:
    return {
        "result": record.result.label,
        "reason": record.reason.label if record.reason else None,
        "form": record.form.label if record.form else None,
    }


KIND = Kind(OUTCOMES, lambda fields, _: outcome(fields), stored(_keys, one_by_one(_upsert)), _shown)
