"""Technical needs (技术需求) as an import takes them."""

from typing import Any

from catalog.db import Session
from catalog.demand import needs
from catalog.demand.needs import NeedCreate
from catalog.registers.registers import NEEDS
from ingestion.kinds.kind import Kind, shown_classes, shown_place
from ingestion.records.demand import need
from ingestion.storing.others import one_by_one
from ingestion.storing.rows import Keys, Origin, Remarks


def _keys(record: NeedCreate) -> Keys:
    return [("需求编号", record.code)]


def _upsert(session: Session, record: NeedCreate, origin: Origin, _: Remarks) -> str:
    return needs.upsert(session, record, import_id=origin.import_id, is_demo=origin.is_demo)


def _shown(record: NeedCreate) -> dict[str, Any]:
    return {
        **shown_place(record),
        **shown_classes(record.classes),
        "enterprise": record.enterprise_name,
    }


KIND = Kind(NEEDS, need, one_by_one(_keys, _upsert), _shown, searched=True)
