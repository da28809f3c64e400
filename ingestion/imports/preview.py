"""The first records of a file as they would be stored, for the eyes of an operator."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from catalog.kit.base import ClassRef
from catalog.kit.terms import Term
from catalog.reference.lists import region_name
from catalog.supply.patents import PatentCreate
from ingestion.columns.headers import vocabulary
from ingestion.records.records import Record

SHOWN = 80


def stored(kind: str, record: Record) -> dict[str, str]:
    """The values of a record by the Chinese label of their field; what is empty is left out."""
    known = _by_role(record)
    values = {
        role.label: _text(known.get(name, getattr(record, name, None)))
        for name, role in vocabulary(kind).roles.items()
    }
    return {label: value for label, value in values.items() if value}


def _by_role(record: Record) -> dict[str, Any]:
    """The values that a record keeps otherwise than under the name of their role."""
    classes: list[ClassRef] = getattr(record, "classes", [])
    found: dict[str, Any] = {
        name: region_name(getattr(record, name, None)) for name in ("province", "prefecture", "county")
    }
    found |= {role: _codes(classes, scheme) for role, scheme in _SCHEMES.items() if _codes(classes, scheme)}
    if isinstance(record, PatentCreate):
        found["holders"] = [holder.name for holder in record.holders]
        found["publication_number"] = [publication.number for publication in record.publications]
    found["enterprise"] = getattr(record, "enterprise_name", None)
    return found


_SCHEMES = {"ipc": "ipc", "industries": "industry", "segments": "segment"}


def _codes(classes: Iterable[ClassRef], scheme: str) -> list[str]:
    return [entry.code for entry in classes if entry.scheme == scheme]


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Term):
        shown = value.label
    elif isinstance(value, list):
        shown = "、".join(map(str, value))
    else:
        shown = f"{value:f}" if isinstance(value, Decimal) else str(value)
    return shown if len(shown) <= SHOWN else shown[:SHOWN] + "…"
