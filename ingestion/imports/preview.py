"""The first records of a file as they would be stored, for the eyes of an operator."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from catalog.kit.terms import Term
from ingestion.columns.headers import vocabulary
from ingestion.kinds.kind import Kind, RecordT

SHOWN = 80


def stored(kind: Kind[RecordT], record: RecordT) -> dict[str, str]:
    """The values of a record by the Chinese label of their field, without empty ones."""
    known = kind.shown(record)
    values = {
        role.label: _text(known.get(name, getattr(record, name, None)))
        for name, role in vocabulary(kind.name).roles.items()
    }
    return {label: value for label, value in values.items() if value}


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
