"""Storing the facts in a register of patents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from catalog.db import Session
from catalog.kit.terms import FactKind
from catalog.supply import facts
from catalog.supply.facts import STATES, FactCreate, FactStated
from ingestion.records.facts import LIMITS
from ingestion.storing import deleted


class FactOutcome(NamedTuple):
    """The outcome of the facts in a row: whether they added anything new, and the name of one that was deleted before."""

    changed: bool
    deleted: str


def store_of_patents(
    session: Session,
    stated: Sequence[tuple[int, Sequence[FactStated], bool]],
    *,
    import_id: int | None,
    source: str,
) -> list[FactOutcome]:
    """Stores facts of patents (id, facts, whether the row repeats an earlier one); returns what became of each row's.

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
    stones = deleted.of_facts(session, records)
    kept = [at for at, stone in enumerate(stones) if stone is None]
    outcomes = facts.store(session, [records[at] for at in kept], import_id=import_id)
    changed = {places[at] for at, outcome in zip(kept, outcomes, strict=True) if outcome != "unchanged"}
    gone = {place: stone.name for place, stone in zip(places, stones, strict=True) if stone is not None}
    return [FactOutcome(place in changed, gone.get(place, "")) for place in range(len(stated))]


def _key(entry: facts.FactDetails) -> tuple[str, str]:
    return FactKind(entry.kind).value, entry.value if entry.kind == FactKind.NO_RECORD else ""


def _is_event(entry: FactStated) -> bool:
    return entry.kind not in STATES and entry.kind is not FactKind.NO_RECORD
