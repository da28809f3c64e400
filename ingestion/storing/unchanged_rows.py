"""Rows unchanged since they were last read: recognised by their cells, before they are parsed.

A mark determines the outcome of a row only as long as no other row of the batch or earlier in the file refers to its
patent: then the row is read like any other. Rows with remarks are always read, so that their remarks are reported again.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence

from catalog.db import Session
from catalog.registers import rows as imported_rows
from catalog.registers.patents import Claims, Outcome
from catalog.registers.rows import MARK_BYTES, FactState, Seen
from ingestion.columns.recognition import Mapping
from ingestion.readers.sheets import Row
from ingestion.storing.rows import Taken
from ingestion.values.cells import Cell

_BETWEEN = "\x1f"


class UnchangedRows:
    """The marks of the rows of one import; `program` stands for everything that parses and classifies."""

    def __init__(self, program: str, claims: Claims) -> None:
        self.program, self.claims = program, claims
        self._mapping: Mapping | None = None
        self._roles = b""
        self._places: list[int] = []

    def mark(self, mapping: Mapping, row: Row) -> bytes:
        """A digest of the cells of a row that are read, by their roles."""
        if mapping is not self._mapping:
            columns = sorted(mapping.columns.items())
            self._mapping = mapping
            self._roles = repr([(role, len(places)) for role, places in columns]).encode()
            self._places = [place for _, places in columns for place in places]
        cells, width = row.cells, len(row.cells)
        read = [cells[place] if place < width else "" for place in self._places]
        return hashlib.blake2b(self._roles + _bytes_of(read), digest_size=MARK_BYTES).digest()

    def recognise(self, session: Session, batch: Sequence[Taken]) -> None:
        """Give rows that add nothing to a patent its id; only one row of a file may speak for a patent unread."""
        found = self._found(session, batch)
        seen: set[int] = set()
        for taken in batch:
            patent_id = found.get(taken.mark, 0)
            if patent_id and patent_id not in seen and not self.claims.names(patent_id):
                taken.patent_id = patent_id
                seen.add(patent_id)

    def confirm(self, session: Session, batch: Sequence[Taken]) -> None:
        """Take the patent from rows for which it changed since they were recognised."""
        unread = [taken for taken in batch if taken.patent_id]
        found = self._found(session, unread)
        for taken in unread:
            if found.get(taken.mark) != taken.patent_id:
                taken.patent_id = 0

    def _found(self, session: Session, batch: Sequence[Taken]) -> dict[bytes, int]:
        marks = [taken.mark for taken in batch if taken.mark]
        if not marks:
            return {}
        return imported_rows.unchanged(session, imported_rows.era(session, self.program), marks)

    def keep(self, session: Session, read: Sequence[tuple[Taken, Outcome]]) -> None:
        """Keep in mind the rows of a batch that would add nothing if they came alone once more."""
        times = Counter(id(outcome.known) for _, outcome in read)
        lasting = [
            (taken, outcome)
            for taken, outcome in read
            if _lasts(taken, outcome) and times[id(outcome.known)] == 1
        ]
        stating = [outcome.known.id for taken, outcome in lasting if outcome.known and _states_facts(taken)]
        states = imported_rows.fact_states(session, stating)
        rows = [
            Seen(
                taken.mark,
                outcome.known.id,
                outcome.known.stamp,
                states.get(outcome.known.id, FactState()) if _states_facts(taken) else FactState(),
            )
            for taken, outcome in lasting
            if outcome.known and outcome.known.stamp
        ]
        if rows:
            imported_rows.keep(session, imported_rows.era(session, self.program), rows)

    def forget_others(self, session: Session) -> None:
        """Drop what no import will find any more."""
        imported_rows.forget_others(session, imported_rows.era(session, self.program))


def _bytes_of(cells: list[Cell]) -> bytes:
    """An unambiguous encoding of the cells; texts take a fast path."""
    try:
        joined = _BETWEEN.join(cells)  # type: ignore[arg-type]
    except TypeError:  # a number or a date
        return repr(cells).encode()
    if joined.count(_BETWEEN) != len(cells) - 1:
        return repr(cells).encode()
    return joined.encode("utf-8", "surrogatepass")


def _lasts(taken: Taken, outcome: Outcome) -> bool:
    return (
        bool(taken.mark)
        and outcome.known is not None
        and not outcome.earlier
        and bool(taken.record.application_number or taken.record.publications)
    )


def _states_facts(taken: Taken) -> bool:
    return bool(taken.record.facts)
