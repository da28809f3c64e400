"""Storing patents in batches; rows known to be unchanged are not even read."""

from __future__ import annotations

from catalog.db import Session
from catalog.registers.patents import Batch, Claims, Outcome
from ingestion.errors import RowError
from ingestion.storing import deleted, facts
from ingestion.storing.rows import Origin, RowReader, Taken
from ingestion.storing.unchanged_rows import UnchangedRows

MOSTLY = 0.9
REPEATED = "与文件中前面的行是同一件专利而部分内容不同，保留先出现的内容"


class PatentStore:
    """Stores batches of patents. It is `quick` while nearly all rows of the file are known to be unchanged."""

    def __init__(self, origin: Origin, reader: RowReader) -> None:
        self.origin, self.reader = origin, reader
        self.claims = Claims()
        self.unchanged = UnchangedRows(origin.program, self.claims)
        self.quick = False

    def take(self, batch: list[Taken]) -> None:
        """Mark the rows."""
        for taken in batch:
            if not (taken.row.problem or taken.error or taken.notes):
                taken.mark = self.unchanged.mark(taken.mapping, taken.row)

    def read(self, session: Session, batch: list[Taken]) -> None:
        """Reads the rows that are not known to be unchanged."""
        unread = [taken for taken in batch if taken.unread]
        if unread:
            self.unchanged.recognise(session, unread)
            self.reader.read_all(taken for taken in unread if not taken.patent_id)

    def store(self, session: Session, batch: list[Taken]) -> None:
        """Store the patents, then the facts that their rows state."""
        patents = self._patents(session, batch)
        read = [taken for taken in batch if taken.record is not None]
        outcomes = [patents.take(taken.record, taken.row.line) for taken in read]
        patents.flush()
        self._store_facts(session, read, outcomes)
        self.unchanged.keep(session, list(zip(read, outcomes, strict=True)))
        unread = [taken for taken in batch if taken.patent_id]
        self.quick = len(unread) > (len(read) + len(unread)) * MOSTLY
        for taken in unread:
            taken.outcome = "unchanged"
            self.claims.set(taken.patent_id, taken.row.line)

    def close(self, session: Session) -> None:
        """Forget the marks that no import will find any more."""
        self.unchanged.forget_others(session)

    def _patents(self, session: Session, batch: list[Taken]) -> Batch:
        """The patents that the rows read may refer to; unread rows that refer to one of them are read too."""
        if not self.quick and any(taken.record for taken in batch):
            self.unchanged.confirm(session, batch)
        while True:
            self.reader.read_all(taken for taken in batch if not taken.patent_id)
            data = [taken.record for taken in batch if taken.record is not None]
            patents = Batch(session, data, self.origin.import_id, self.origin.is_demo, self.claims)
            touched = [taken for taken in batch if taken.patent_id in patents.known.by_id]
            if not touched:
                return patents
            for taken in touched:
                taken.patent_id = 0

    def _store_facts(self, session: Session, read: list[Taken], outcomes: list[Outcome]) -> None:
        """Stores the facts in the rows, and sets the outcome of each row."""
        stated = [
            (outcome.known.id, taken.record.facts, outcome.repeats) if outcome.known else (0, [], False)
            for taken, outcome in zip(read, outcomes, strict=True)
        ]
        kept = facts.store_of_patents(
            session, stated, import_id=self.origin.import_id, source=self.origin.file_name
        )
        for taken, outcome, told in zip(read, outcomes, kept, strict=True):
            if outcome.status == "conflict":
                taken.error = _conflict(taken, outcome)
                continue
            taken.outcome = "changed" if told.changed and outcome.status == "unchanged" else outcome.status
            if outcome.notes:
                taken.remarks = [(REPEATED, note) for note in outcome.notes]
            if told.deleted:
                taken.remarks.append((deleted.AGAIN, told.deleted))


def _conflict(taken: Taken, outcome: Outcome) -> RowError:
    # Two rows that disagree share a number, and it may be the number that is wrong.
    shared = "申请号" if taken.record.application_number else "公开（公告）号"
    return RowError(outcome.label, outcome.value, outcome.reason, also=(shared,))
