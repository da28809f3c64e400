"""Storing enterprises in batches: what stands under one credit code (统一社会信用代码) is one enterprise.

Rows of one file that give different names to a credit code are refused, each naming the other; a row that names another
enterprise than the stored one waits for a decision.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from catalog.db import Session
from catalog.demand import enterprises
from catalog.demand.enterprises import EnterpriseCreate, FirmOutcome
from catalog.imports import conflicts, imports
from catalog.imports.conflicts import Claim, Subject
from catalog.kit.base import id_of, plain
from catalog.kit.errors import Conflict
from catalog.mending import taking_back
from catalog.registers.registers import ENTERPRISES
from ingestion.errors import RowError
from ingestion.storing import waiting
from ingestion.storing.ledger import Ledger
from ingestion.storing.others import Outcomes, RecordStore
from ingestion.storing.rows import Keys, Origin, RowReader, Taken

CODE = "统一社会信用代码"


class _FirmRow(NamedTuple):
    """The names that the row of this number gives to an enterprise, the present one first."""

    number: int
    names: tuple[str, ...]

    def agrees(self, other: _FirmRow) -> bool:
        """Whether the present name of one is a name of the other, but for punctuation."""
        mine, others = [plain(name) for name in self.names], [plain(name) for name in other.names]
        return mine[0] in others or others[0] in mine


class FirmStore:
    """Stores batches of enterprises that are read before the catalogue is locked."""

    quick = True

    def __init__(self, origin: Origin, reader: RowReader) -> None:
        self.origin, self.reader = origin, reader
        self.ledger = Ledger()
        self.records = RecordStore(_keys, self._upsert, origin, reader)
        # By credit code: the first row, the rows with the same name, and the first two that contradict each other.
        self.firsts: dict[str, _FirmRow] = {}
        self.repeats: dict[str, list[int]] = {}
        self.pairs: dict[str, tuple[_FirmRow, _FirmRow]] = {}

    def take(self, batch: list[Taken]) -> None:
        """Read all rows."""
        self.reader.read_all(batch)

    def read(self, session: Session, batch: list[Taken]) -> None:
        """Nothing is left to read."""

    def store(self, session: Session, batch: list[Taken]) -> None:
        """Store the enterprises that were read."""
        self.ledger.enter(batch)
        for taken in batch:
            if taken.error is None and taken.record.credit_code:
                taken.error = self._contradiction(taken)
        self.records.store(session, [taken for taken in batch if taken.error is None])

    def contradicted(self) -> dict[int, str]:
        """The outcomes so far of rows whose credit code other rows of the file give to another enterprise.

        Rows that changed the same record without its code are among them: it will be as it was before.
        """
        found = {
            n: outcome for code in self.pairs for n in self._rows(code) if (outcome := self.ledger.outcome(n))
        }
        return found | self.ledger.of(self._stored(found)) if found else {}

    def take_back(self, session: Session, rows: dict[int, Taken]) -> None:
        """Refuses these rows, and takes back what they did, also in imports of the same file that were broken off."""
        contradicted, import_id = self.contradicted(), self.origin.import_id
        codes = {self.ledger.record(number): code for code in self.pairs for number in self._rows(code)}
        for number in contradicted:
            taken = self.ledger.again(number, rows)
            self.reader.read(taken)
            taken.notes = []  # reported at the first reading
            taken.error = taken.error or self._error(taken, codes[self.ledger.record(number)])
        waits = {
            self.ledger.record(number) for number, outcome in contradicted.items() if outcome == "waiting"
        }
        conflicts.withdraw(session, import_id, sorted(waits))
        attempts = imports.attempts(session, import_id)
        taking_back.take_back_firms(session, attempts, sorted(self._stored(contradicted)))

    def close(self, session: Session) -> None:
        """Nothing is left to do."""

    def _stored(self, outcomes: dict[int, str]) -> set[int]:
        """The records that rows with these outcomes made or changed."""
        return {self.ledger.record(n) for n, outcome in outcomes.items() if outcome in ("new", "changed")}

    def _rows(self, code: str) -> Iterable[int]:
        return (self.firsts[code].number, *self.repeats.get(code, ()))

    def _contradiction(self, taken: Taken) -> RowError | None:
        """Refuses a row that gives its credit code to another enterprise than an earlier row of the file."""
        code, stated = taken.record.credit_code, _row_of(taken)
        first = self.firsts.setdefault(code, stated)
        if code not in self.pairs and not first.agrees(stated):
            self.pairs[code] = (first, stated)
        if code in self.pairs:
            return self._error(taken, code)
        if first is not stated:
            self.repeats.setdefault(code, []).append(stated.number)
        return None

    def _error(self, taken: Taken, code: str) -> RowError:
        """The refusal of one of several rows with one credit code, which names another of them."""
        stated = _row_of(taken)
        others = [row for row in self.pairs[code] if row.number != stated.number]
        rival = next((row for row in others if not row.agrees(stated)), others[0])
        place = self.ledger.place(rival.number, taken.table.name)
        reason = (
            f"{CODE} {code} 与{place}相同而企业名称不同：{place}为“{rival.names[0]}”，本行为“{stated.names[0]}”；"
            "都未导入，请核对代码和名称；如已更名，请把原名称写入“曾用名”列"
        )
        return RowError(CODE, code, reason, also=("企业名称",))

    def _upsert(self, session: Session, batch: list[Taken], origin: Origin) -> Outcomes:
        """Stores the records of a batch; a row under the credit code of another enterprise waits."""
        records = [taken.record for taken in batch]
        found = enterprises.upsert(session, records, import_id=origin.import_id, is_demo=origin.is_demo)
        with_outcomes = list(zip(batch, found, strict=True))
        waits = [(taken, _claim(taken, outcome)) for taken, outcome in with_outcomes if _waits(outcome)]
        waiting.wait(session, origin, ENTERPRISES.kind, waits)
        return list(self._outcomes(with_outcomes))

    def _outcomes(
        self, with_outcomes: Sequence[tuple[Taken, FirmOutcome | Conflict]]
    ) -> Iterator[str | Conflict]:
        for taken, outcome in with_outcomes:
            if isinstance(outcome, Conflict):
                yield outcome
                continue
            # What was decided before is no longer waiting.
            taken.outcome = taken.outcome or outcome.status
            self.ledger.note(taken, id_of(outcome.firm))
            yield taken.outcome


def _keys(record: EnterpriseCreate) -> Keys:
    return [("企业名称", record.name), (CODE, record.credit_code)]


def _row_of(taken: Taken) -> _FirmRow:
    return _FirmRow(taken.number, (taken.record.name, *taken.record.former_names))


def _waits(outcome: FirmOutcome | Conflict) -> bool:
    return isinstance(outcome, FirmOutcome) and outcome.status == "waiting"


def _claim(taken: Taken, outcome: FirmOutcome | Conflict) -> Claim:
    assert isinstance(outcome, FirmOutcome)  # noqa: S101
    firm = outcome.firm
    return Claim(
        field=CODE,
        number=taken.record.credit_code,
        record=taken.record,
        subject=Subject(taken.record.name),
        record_id=id_of(firm),
        stored=Subject(firm.name),
        stored_at=firm.updated_at,
        sheet=taken.table.name,
        line=taken.row.line,
    )
