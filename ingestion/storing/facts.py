"""Storing the facts in a register of patents."""

from __future__ import annotations

from collections.abc import Sequence

from catalog.db import Session
from catalog.kit.terms import FactKind
from catalog.supply import facts
from catalog.supply.facts import STATES, FactCreate, FactStated
from ingestion.records.facts import LIMITS


def store_of_patents(
    session: Session,
    stated: Sequence[tuple[int, Sequence[FactStated], bool]],
    *,
    import_id: int | None,
    source: str,
) -> list[bool]:
    """Stores facts of patents (id, facts, whether the row repeats an earlier one); returns whether each added anything new.

    A register of patents only states that there was an event: where one of that kind is known it adds nothing. A row that
    repeats an earlier one of the file only fills its empty fields.
    """
    known = facts.of_patents(
        session, sorted({patent_id for patent_id, said_of_it, _ in stated if said_of_it})
    )
    kinds = {patent_id: {_key(row) for row in rows} for patent_id, rows in known.items()}
    records: list[FactCreate] = []
    places: list[int] = []
    for place, (patent_id, said_of_it, repeats) in enumerate(stated):
        there = kinds.setdefault(patent_id, set())
        for entry in said_of_it:
            if _key(entry) in there and (repeats or _is_event(entry)):
                continue
            there.add(_key(entry))
            values = entry.model_dump() | {"source": source[: LIMITS["source"]]}
            records.append(FactCreate(**values, patent_id=patent_id))
            places.append(place)
    changed = [False] * len(stated)
    for place, outcome in zip(places, facts.store(session, records, import_id=import_id), strict=True):
        changed[place] = changed[place] or outcome != "unchanged"
    return changed


def _key(entry: facts.FactDetails) -> tuple[str, str]:
    return FactKind(entry.kind).value, entry.value if entry.kind == FactKind.NO_RECORD else ""


def _is_event(entry: FactStated) -> bool:
    return entry.kind not in STATES and entry.kind is not FactKind.NO_RECORD
