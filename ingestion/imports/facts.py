"""Facts of a file on their way into the catalogue."""

from __future__ import annotations

from collections.abc import Sequence

from catalog.db import Session
from catalog.kit.terms import FactKind
from catalog.supply import facts, patents
from catalog.supply.facts import STATES, FactCreate, FactStated, NumberedFact
from ingestion.columns.headers import vocabulary
from ingestion.errors import RowError
from ingestion.records.facts import LIMITS


def identity(record: NumberedFact) -> str:
    """What two rows of one file must not tell differently."""
    kind = FactKind(record.kind)
    day = record.happened_on or (record.ends_on if record.ended else None)
    value = "" if kind in facts.DETAILED or kind in STATES else record.value
    parts = (
        record.application_number,
        kind.label,
        day,
        record.party,
        value,
        "终止" if day != record.happened_on else "",
    )
    return " ".join(str(part) for part in parts if part)


def upsert(session: Session, record: NumberedFact, *, import_id: int | None, source: str) -> str:
    """Store what a register says: "new", "changed" or "unchanged". Raises RowError when the patent is not in the catalogue."""
    number = record.application_number
    patent_id = patents.ids_of(session, [number]).get(number)
    if patent_id is None:
        label = vocabulary("facts").label("application_number")
        raise RowError(
            label, number, f"目录中没有申请号为 {number} 的专利；请先导入该专利，再导入本文件或这张退回表"
        )
    stated = record.model_dump(exclude={"application_number"})
    stated["source"] = stated["source"] or source[: LIMITS["source"]]
    return facts.store(session, [FactCreate(**stated, patent_id=patent_id)], import_id=import_id)[0]


def store_of_patents(
    session: Session,
    stated: Sequence[tuple[int, Sequence[FactStated], bool]],
    *,
    import_id: int | None,
    source: str,
) -> list[bool]:
    """Store what rows say of patents (id, facts, whether the row repeats an earlier one); answers whether each said anything new.

    A register of patents only names that there was an event: where one of that kind is known it adds nothing. A row that
    repeats an earlier one of the file only fills what that left open.
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
