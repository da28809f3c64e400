"""Report of an import: counts, the mapping that was used, remarks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from catalog.imports.conflicts import Claim
from catalog.imports.imports import ColumnUse
from ingestion.columns.recognition import Mapping
from ingestion.errors import RowError
from ingestion.imports.explanations import listed, what_was_found
from ingestion.imports.reading import Reading
from ingestion.readers.sheets import Sheet
from ingestion.storing.rows import Taken
from ingestion.storing.tables import SheetTable

COUNTS = ("rows", "new", "changed", "unchanged", "rejected", "waiting")
MOST_MESSAGES = 60
WAITS = "{} 行的号码已属于另一条记录（名称与所有者都不同），未写入，待决定采用哪一条"
MOST_REFUSALS = 20


@dataclass(frozen=True)
class Refusal:
    """A rejected row for a preview."""

    sheet: str
    line: int
    field: str
    value: str
    reason: str


@dataclass(frozen=True)
class Waiting:
    """A row that waits for a decision, for a preview: its number, and what that stands for as stored and by the row."""

    sheet: str
    line: int
    field: str
    number: str
    stored: str
    stated: str


@dataclass
class ImportReport:
    """`rows == new + changed + unchanged + rejected + waiting`, always; `import_id` is None for a dry run.

    `mapping` is the Chinese label of each role -> the columns it was read from, `columns` the same by sheet and column;
    `preview` the first records by label, as they are stored, `refusals` the first rejected rows, `conflicts` the first that
    wait for a decision. `source` names the saved mapping that was used.
    """

    kind: str
    file_name: str
    import_id: int | None = None
    rows: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0
    waiting: int = 0
    rejected_file: Path | None = None
    mapping: dict[str, str] = field(default_factory=dict)
    columns: list[ColumnUse] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    preview: list[dict[str, str]] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    conflicts: list[Waiting] = field(default_factory=list)
    source: str = ""


class Notes:
    """Remarks on rows, grouped by message: how often, and the first place."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._first: dict[str, str] = {}

    def add(self, message: str, place: str, example: str) -> None:
        """Note a message on a row."""
        self._counts[message] = self._counts.get(message, 0) + 1
        self._first.setdefault(message, f"{place}：{example}" if example else place)

    def lines(self) -> list[str]:
        """One line a message, most frequent first."""
        ranked = sorted(self._counts, key=lambda message: -self._counts[message])
        return [
            f"{self._counts[message]} 行：{message}（例：{self._first[message]}）"
            for message in ranked[:MOST_MESSAGES]
        ]


class Tally:
    """Gathers the report of an import on its way; `expected` is the likely number of rows, None where it is unknown."""

    def __init__(self, reading: Reading) -> None:
        self.report = ImportReport(reading.kind, reading.path.name, source=reading.source)
        self.expected: int | None = None
        self.unrecognised: list[str] = []
        self._notes = Notes()
        self._messages: list[str] = []

    def expect(self, sheet: Sheet) -> None:
        """Add the rows that a sheet is likely to have."""
        if sheet.likely_rows is not None:
            self.expected = (self.expected or 0) + sheet.likely_rows

    def not_recognised(self, table: SheetTable, missing: list[str]) -> None:
        """Note a table that is no register of the kind."""
        self.unrecognised.append(what_was_found(table, missing))

    def add_columns(self, sheet: str, mapping: Mapping) -> None:
        """Note which columns were read as what; another header further down adds to it."""
        self.report.mapping.update(mapping.describe())
        self.report.columns += [use for use in mapping.uses(sheet) if use not in self.report.columns]
        self._messages += [note for note in mapping.notes if note not in self._messages]
        if unused := mapping.unused():
            self._messages.append(f"工作表“{sheet}”中未识别、未导入的列：{'、'.join(unused)}")

    def add_table(self, table: SheetTable) -> None:
        """Records the rows of a table that are no records, and the remarks on the table as a whole."""
        for reason, lines in table.skipped.items():
            self._messages.append(
                f"工作表“{table.name}”略过 {len(lines)} 行（{reason}，第 {listed(lines)} 行）"
            )
        self._messages += table.remarks()

    def warn(self, notices: Sequence[str]) -> None:
        """Add what concerns the import as a whole."""
        self._messages += notices

    def add(self, batch: Sequence[Taken]) -> None:
        """Counts the outcomes of the rows of a batch, and collects the remarks on them."""
        report = self.report
        outcomes = Counter("rejected" if taken.error else taken.outcome for taken in batch)
        for outcome, number in outcomes.items():
            setattr(report, outcome, getattr(report, outcome) + number)
        report.rows += len(batch)
        for noticed in ("notes", "remarks"):
            for taken in batch:
                for message, example in getattr(taken, noticed):
                    self._notes.add(message, f"第 {taken.row.line} 行", example)
        for taken in batch:
            if taken.error is not None and len(report.refusals) < MOST_REFUSALS:
                report.refusals.append(_refusal(taken, taken.error))
            if taken.claim is not None and len(report.conflicts) < MOST_REFUSALS:
                report.conflicts.append(_waiting(taken.claim))

    def take_back(self, outcomes: Iterable[str], rows: Sequence[Taken]) -> None:
        """Counts rows as rejected that had other outcomes before."""
        for outcome, number in Counter(outcomes).items():
            setattr(self.report, outcome, getattr(self.report, outcome) - number)
        self.report.rows -= len(rows)
        lines = {(taken.table.name, taken.row.line) for taken in rows}
        self.report.conflicts = [row for row in self.report.conflicts if (row.sheet, row.line) not in lines]
        self.add(rows)

    def close(self) -> ImportReport:
        """The report with its messages."""
        self._messages += [f"未导入：{found}" for found in self.unrecognised]
        if self.report.waiting:
            self._messages.append(WAITS.format(self.report.waiting))
        self.report.messages = self._notes.lines() + self._messages
        return self.report


def _waiting(claim: Claim) -> Waiting:
    place = (claim.sheet, claim.line, claim.field, claim.number)
    return Waiting(*place, str(claim.stored), str(claim.subject))


def _refusal(taken: Taken, error: RowError) -> Refusal:
    return Refusal(taken.table.name, taken.row.line, error.field, error.value, error.reason)
