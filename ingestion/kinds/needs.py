"""Technical needs (技术需求) as an import takes them."""

from typing import Any

from catalog.demand import needs
from catalog.demand.needs import NeedCreate
from catalog.registers.registers import NEEDS
from ingestion.kinds.kind import Kind, shown_classes, shown_place
from ingestion.records.demand import need
from ingestion.storing.others import in_bulk, stored
from ingestion.storing.rows import Keys


def _keys(record: NeedCreate) -> Keys:
    return [("需求编号", record.code)]


def _shown(record: NeedCreate) -> dict[str, Any]:
    return {
        **shown_place(record),
        **shown_classes(record.classes),
        "enterprise": record.enterprise_name,
    }


KIND = Kind(NEEDS, need, stored(_keys, in_bulk(needs.upsert)), _shown, searched=True)
