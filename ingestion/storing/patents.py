"""Storing patents in batches; rows known to be unchanged are not even read."""

from __future__ import annotations

from collections.abc import Sequence

from catalog.db import Session
from catalog.imports import conflicts, imports
from catalog.imports.conflicts import Claim
from catalog.mending import taking_back
from catalog.registers.meaning import LABELS, Contest, Statement
from catalog.registers.patents import Batch, Claims, Outcome, subject_of
from catalog.registers.registers import PATENTS
from ingestion.errors import RowError
from ingestion.storing import deleted, facts, waiting
from ingestion.storing.ledger import Ledger
from ingestion.storing.rows import Origin, RowReader, Taken
from ingestion.storing.unchanged_rows import UnchangedRows

MOSTLY = 0.9
REPEATED = "与文件中前面的行是同一件专利而部分内容不同，保留先出现的内容"


class PatentStore:
    """Stores batches of patents. It is `quick` while nearly all rows of the file are known to be unchanged."""

    def __init__(self, origin: Origin, reader: RowReader) -> None:
        self.origin, self.reader = origin, reader
        self.claims = Claims()
        self.ledger = Ledger()
        self.unchanged = UnchangedRows(origin.program, self.claims)
        self.quick = False

    def take(self, batch: list[Taken]) -> None:
        """Mark the rows."""
        for taken in batch:
            if not (taken.row.problem or taken.error or taken.notes or taken.fates):
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
        self.ledger.enter(batch)
        read = [taken for taken in batch if taken.record is not None]
        outcomes = [patents.take(taken.record, taken.number) for taken in read]
        patents.flush()
        with_outcomes = list(zip(read, outcomes, strict=True))
        self._store_facts(session, with_outcomes)
        waits = [
            (taken, _claim(taken, outcome)) for taken, outcome in with_outcomes if outcome.status == "waiting"
        ]
        waiting.wait(session, self.origin, PATENTS.kind, waits)
        self.unchanged.keep(session, with_outcomes)
        for taken, outcome in with_outcomes:
            if patent := outcome.known or (outcome.contested if taken.error is None else None):
                self.ledger.note(taken, patent.id)
        unread = [taken for taken in batch if taken.patent_id]
        self.quick = len(unread) > (len(read) + len(unread)) * MOSTLY
        for taken in unread:
            taken.outcome = "unchanged"
            self.claims.set(taken.patent_id, taken.number)
            self.ledger.note(taken, taken.patent_id)

    def contradicted(self) -> dict[int, str]:
        """The outcomes so far of rows under the numbers of which rows of the file contradict each other."""
        disputed = self.claims.contradicted()
        return self.ledger.of(disputed) if disputed else {}

    def take_back(self, session: Session, rows: dict[int, Taken]) -> None:
        """Refuses these rows, and takes back what they did, also in imports of the same file that were broken off."""
        for number in self.contradicted():
            taken = self.ledger.again(number, rows)
            self._contradict(taken, self.claims.contests[self.ledger.record(number)])
        disputed, import_id = self.claims.contradicted(), self.origin.import_id
        conflicts.withdraw(session, import_id, disputed)
        taking_back.take_back_patents(session, imports.attempts(session, import_id), disputed)

    def close(self, session: Session) -> None:
        """Forget the marks that no import will find any more, and the holders of rows of which nothing was stored."""
        self.unchanged.forget_others(session)
        if self.claims.contests:
            taking_back.drop_unused_holders(session, self.origin.import_id)

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

    def _store_facts(self, session: Session, with_outcomes: list[tuple[Taken, Outcome]]) -> None:
        """Stores the facts in the rows, and sets the outcome of each row."""
        stated = [
            (outcome.known.id, taken.record.facts, outcome.earlier > 0) if outcome.known else (0, [], False)
            for taken, outcome in with_outcomes
        ]
        kept = facts.store_of_patents(
            session, stated, import_id=self.origin.import_id, source=self.origin.file_name
        )
        for (taken, outcome), stored in zip(with_outcomes, kept, strict=True):
            if outcome.status == "refused":
                taken.error = self._refusal(taken, outcome)
                continue
            taken.outcome = "changed" if stored.changed and outcome.status == "unchanged" else outcome.status
            if outcome.kept and outcome.earlier:
                place = self.ledger.place(outcome.earlier, taken.table.name)
                note = f"与{place}是同一件专利，{'、'.join(outcome.kept)}不同，保留{place}的内容"
                taken.remarks.append((REPEATED, note))
            if stored.deleted:
                taken.remarks.append((deleted.AGAIN, stored.deleted))

    def _refusal(self, taken: Taken, outcome: Outcome) -> RowError:
        if outcome.rival is None:
            # A record without its own number may have the wrong one.
            shared = "申请号" if taken.record.application_number else "公开（公告）号"
            return RowError(outcome.label, outcome.value, outcome.reason, also=(shared,))
        return self._error(taken, (outcome.label, outcome.value), outcome.rival, outcome.differs)

    def _contradict(self, taken: Taken, contest: Contest) -> None:
        """Refuses a row that was stored, or waited, before another row contradicted it."""
        self.reader.read(taken)
        taken.notes = []  # reported at the first reading
        if taken.error is None:
            here = Statement(taken.number, subject_of(taken.record), frozenset())
            rival = contest.rival(here) or here
            differs = [label for name, label in LABELS.items() if name in here.differs(rival)]
            taken.error = self._error(
                taken, (contest.label, contest.number), rival, differs or contest.differs
            )

    def _error(
        self, taken: Taken, number: tuple[str, str], rival: Statement, differs: Sequence[str]
    ) -> RowError:
        """The refusal of one of two rows of a file that cannot both be right; the number may be the wrong cell, too."""
        place = self.ledger.place(rival.row, taken.table.name)
        reason = (
            f"{' '.join(number)} 与{place}相同而{'、'.join(differs) or '内容'}不同：{place}为{rival.subject}，"
            f"本行为{subject_of(taken.record)}；都未导入，请核对号码和内容"
        )
        return RowError(*number, reason, also=tuple(differs))


def _claim(taken: Taken, outcome: Outcome) -> Claim:
    patent, rival = outcome.contested, outcome.rival
    assert patent is not None  # noqa: S101
    assert patent.stamp is not None  # noqa: S101
    assert rival is not None  # noqa: S101
    return Claim(
        field=outcome.label,
        number=outcome.value,
        record=taken.record,
        subject=subject_of(taken.record),
        record_id=patent.id,
        stored=rival.subject,
        stored_at=patent.stamp,
        sheet=taken.table.name,
        line=taken.row.line,
    )
