"""Technical needs (技术需求) as an import takes them."""

from typing import Any

from catalog.db import Session
from catalog.demand import enterprises, needs
from catalog.demand.needs import NeedCreate
from catalog.registers.registers import NEEDS
from ingestion.kinds.kind import Kind, shown_classes, shown_place
from ingestion.records.demand import need
from ingestion.storing.others import Outcomes, stored
from ingestion.storing.rows import Keys, Origin, Taken

OTHER_FIRM = "统一社会信用代码已登记在另一家企业名下，企业的登记未改动，请核对"


def _keys(record: NeedCreate) -> Keys:
    return [("需求编号", record.code), ("外部编号", record.external_id)]


def _shown(record: NeedCreate) -> dict[str, Any]:
    return {
        **shown_place(record),
        **shown_classes(record.classes),
        "enterprise": record.enterprise_name,
    }


def _upsert(session: Session, batch: list[Taken], origin: Origin) -> Outcomes:
    """Stores the needs of a batch; notes those whose enterprise is another one by its credit code."""
    records = [taken.record for taken in batch]
    outcomes = needs.upsert(session, records, import_id=origin.import_id, is_demo=origin.is_demo)
    coded = [
        (taken, taken.record.firm) for taken in batch if taken.record.firm and taken.record.firm.credit_code
    ]
    owners = enterprises.of_codes(session, [firm.credit_code for _, firm in coded]) if coded else {}
    for taken, firm in coded:
        owner = owners.get(firm.credit_code)
        if owner is not None and not enterprises.is_named(owner, firm):
            taken.remarks.append(
                (OTHER_FIRM, f"{firm.credit_code} 登记为“{owner.name}”，本行为“{firm.name}”")
            )
    return outcomes


KIND = Kind(NEEDS, need, stored(_keys, _upsert), _shown, needs.meant, searched=True)
