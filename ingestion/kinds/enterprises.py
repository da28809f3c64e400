"""Enterprises (企业) as an import takes them."""

from catalog.demand import enterprises
from catalog.registers.registers import ENTERPRISES
from ingestion.kinds.kind import Kind, shown_place
from ingestion.records.demand import enterprise
from ingestion.storing.firms import FirmStore

KIND = Kind(
    ENTERPRISES, lambda fields, _: enterprise(fields), FirmStore, shown_place, enterprises.meant, turn=1
)
