"""Rows that mean deleted records: a deletion holds until it is taken back, so such rows are refused, with who deleted what and why.

A row that means a merged record means the one that was kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from catalog.db import Session
from catalog.mending import rows, tombstones
from catalog.mending.tombstones import Tombstone
from catalog.registers import keys
from catalog.registers.register import Named, Register
from catalog.registers.registers import FACTS, register_of
from catalog.supply import facts
from catalog.supply.facts import FactCreate
from ingestion.errors import RowError
from ingestion.storing.rows import Taken

AGAIN = "已删除的记录再次出现，未导入"
MERGED = "已合并的记录再次出现，按保留的记录导入"


def settle(session: Session, register: Register, batch: Sequence[Taken]) -> None:
    """Gives rows that mean a deleted record, or name one, the error that refuses them, and merged ones the kept record."""
    if not tombstones.are_there(session):
        return
    read = [taken for taken in batch if taken.record is not None]
    named = [(taken, one) for taken in read for one in _named(register, taken.record)]
    wanted: dict[str, set[str]] = {}
    for _, one in named:
        wanted.setdefault(one.kind, set()).update(one.keys)
    known = tombstones.known_by(session, wanted)
    for taken, one in named if known else ():
        stone = next((known[one.kind, key] for key in one.keys if (one.kind, key) in known), None)
        if stone is not None and taken.error is None and not _stands(session, stone):
            _settle(session, taken, one, stone)


def _named(register: Register, record: Any) -> Iterator[Named]:
    """The record that a row means, and those that it names."""

    def as_kept(record: Any, kept: Any) -> Any:
        values = {name: getattr(kept, name) for name in register.alias}
        return record.model_copy(update={name: value for name, value in values.items() if value})

    yield Named(register.noted, register.stated_keys(record), as_kept if register.alias else None)
    yield from register.names(record)


def _stands(session: Session, stone: Tombstone) -> bool:
    """Whether another record has the numbers of the deleted one by now, so that rows mean that."""
    return bool(rows.taken(session, register_of(stone.kind), stone.images))


def _settle(session: Session, taken: Taken, one: Named, stone: Tombstone) -> None:
    kept_id = tombstones.last_of_merges(session, stone)
    kept = session.get(register_of(stone.kind).model, kept_id) if kept_id else None
    meant = one.as_kept(taken.record, kept) if kept is not None and one.as_kept else taken.record
    taken.mark = b""
    if meant == taken.record:  # deleted, or merged into a draft, which has no number to mean it by
        taken.error, taken.record = refusal(stone), None
    else:
        taken.record = meant
        taken.remarks.append((MERGED, stone.name))


def refusal(stone: Tombstone) -> RowError:
    """The error of a row that means a deleted record."""
    hint = f"如需恢复，请用删除记录 {stone.id}：patentdock records restore {stone.id}"
    return RowError("", stone.name, f"{AGAIN}：{tombstones.in_words(stone)}", hint=hint)


def of_facts(session: Session, stated: Sequence[FactCreate]) -> list[Tombstone | None]:
    """For each of these facts of patents the tombstone of the same one, where that was deleted and is not there again."""
    fact_keys = [keys.in_fact(fact.patent_id, fact) for fact in stated]
    known = tombstones.known_by(session, {FACTS.noted: fact_keys})
    concerned = [
        fact.patent_id for fact, key in zip(stated, fact_keys, strict=True) if (FACTS.noted, key) in known
    ]
    there = facts.of_patents(session, concerned).values() if known else ()
    stand = {keys.in_fact(row.patent_id, row) for some in there for row in some}
    return [None if key in stand else known.get((FACTS.noted, key)) for key in fact_keys]
