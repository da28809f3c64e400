"""Patents (专利) as an import takes them."""

from typing import Any

from catalog.registers import patents
from catalog.registers.registers import PATENTS
from catalog.supply.patents import PatentCreate
from ingestion.kinds.kind import Kind, shown_classes, shown_place
from ingestion.records.patents import patent
from ingestion.storing.patents import PatentStore


def _shown(record: PatentCreate) -> dict[str, Any]:
    return {
        **shown_place(record),
        **shown_classes(record.classes),
        "holders": [holder.name for holder in record.holders],
        "publication_number": [publication.number for publication in record.publications],
    }


KIND = Kind(PATENTS, patent, PatentStore, _shown, patents.meant, searched=True, turn=2)
