"""Report of an import: counts, what each column was taken for, remarks."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Annotated

from pydantic import Field

from catalog.imports.columns import FileColumn
from catalog.imports.conflicts import Claim
from ingestion.columns.recognition import Mapping
from ingestion.errors import RowError
from ingestion.imports.columns import ColumnCounts
from ingestion.imports.explanations import listed, what_was_found
from ingestion.imports.reading import Reading
from ingestion.readers.sheets import Sheet
from ingestion.storing.rows import Taken
from ingestion.storing.tables import SheetTable

COUNTS = ("rows", "new", "changed", "unchanged", "rejected", "waiting")
MOST_MESSAGES = 60
WAITS = "{} 行的号码已属于名称不同的另一条记录，未写入，待决定采用哪一条"
MOST_REFUSALS = 20


@dataclass(frozen=True)
class Refusal:
    """A rejected row for a preview."""

    sheet: Annotated[str, Field(description="工作表；不分工作表的文件为空")]
    line: Annotated[int, Field(description="行号")]
    field: Annotated[str, Field(description="有问题的列")]
    value: Annotated[str, Field(description="单元格的内容")]
    reason: Annotated[str, Field(description="退回的原因")]


@dataclass(frozen=True)
class Waiting:
    """A row that waits for a decision, for a preview: its number, and what that stands for as stored and by the row."""

    sheet: Annotated[str, Field(description="工作表；不分工作表的文件为空")]
    line: Annotated[int, Field(description="行号")]
    field: Annotated[str, Field(description="号码的名称：申请号、公开（公告）号、统一社会信用代码")]
    number: Annotated[str, Field(description="号码")]
    stored: Annotated[str, Field(description="系统中属于该号码的记录")]
    stated: Annotated[str, Field(description="这一行所写的记录")]


@dataclass(frozen=True)
class RowOutcome:
    """The outcome of a row (new, changed, unchanged, waiting, rejected), the stored record that it means, and remarks on it.

    `error` is what refuses it; `record_id` is 0 where there is none.
    """

    line: int
    status: str
    record_id: int
    error: RowError | None
    claim: Claim | None
    notes: list[str]


@dataclass
class ImportReport:
    """`rows == new + changed + unchanged + rejected + waiting`, always; `import_id` is None for a dry run.

    `columns` says of each column what it was taken for and what became of its cells; `preview` shows the first records by
    label, as they are stored, `refusals` the first rejected rows, `conflicts` the first that wait for a decision. `source`
    names the saved mapping that was used, `places_version` the names of places; `outcomes` holds those of single rows, by line,
    where they are wanted.
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
    columns: list[FileColumn] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    preview: list[dict[str, str]] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    conflicts: list[Waiting] = field(default_factory=list)
    source: str = ""
    places_version: str = ""
    outcomes: dict[int, RowOutcome] = field(default_factory=dict)


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

    def __init__(self, reading: Reading, *, by_row: bool = False) -> None:
        self.by_row = by_row
        self.report = ImportReport(
            reading.kind, reading.path.name, source=reading.source, places_version=reading.places
        )
        self.expected: int | None = None
        self.unrecognised: list[str] = []
        self.blank: list[str] = []
        self.empty: list[str] = []
        self._notes = Notes()
        self._messages: list[str] = []
        self._sections: list[tuple[str, Mapping, ColumnCounts]] = []
        self._counts: defaultdict[object, ColumnCounts] = defaultdict(ColumnCounts)

    def expect(self, sheet: Sheet) -> None:
        """Add the rows that a sheet is likely to have, and what the file could not tell."""
        if sheet.likely_rows is not None:
            self.expected = (self.expected or 0) + sheet.likely_rows
        self._messages += sheet.remarks

    def not_recognised(self, table: SheetTable, missing: list[str]) -> None:
        """Note a table that is no register of the kind."""
        self.unrecognised.append(what_was_found(table, missing))

    def add_columns(self, sheet: str, table: SheetTable, mapping: Mapping) -> None:
        """Note which columns were read as what; another header further down adds to it."""
        self._sections.append((sheet, mapping, self._counts[_counted_as(table, mapping)]))
        self._messages += [note for note in mapping.notes if note not in self._messages]
        if unused := mapping.unused():
            self._messages.append(f"工作表“{sheet}”中未识别、未导入的列：{'、'.join(unused)}")

    def add_table(self, table: SheetTable, *, is_empty: bool) -> None:
        """Records the rows of a table that are no records, and the remarks on the table as a whole."""
        if is_empty:
            self.empty.append(table.name)
        for reason, lines in table.skipped.items():
            self._messages.append(
                f"工作表“{table.name}”略过 {len(lines)} 行（{reason}，第 {listed(lines)} 行）"
            )
        self._messages += table.remarks()

    def warn(self, notices: Sequence[str]) -> None:
        """Add what concerns the import as a whole."""
        self._messages += notices

    def add(self, batch: Sequence[Taken]) -> None:
        """Counts the outcomes of the rows of a batch and of their cells, and collects the remarks on them."""
        self._add_outcomes(batch)
        for mapping, rows in groupby(batch, key=lambda taken: taken.mapping):
            group = list(rows)
            self._counts_of(group[0]).add(mapping, group)

    def _counts_of(self, taken: Taken) -> ColumnCounts:
        return self._counts[_counted_as(taken.table, taken.mapping)]

    def _add_outcomes(self, batch: Sequence[Taken]) -> None:
        report = self.report
        outcomes = Counter("rejected" if taken.error else taken.outcome for taken in batch)
        for outcome, number in outcomes.items():
            setattr(report, outcome, getattr(report, outcome) + number)
        report.rows += len(batch)
        for noticed in ("notes", "remarks"):
            for taken in batch:
                for message, example in getattr(taken, noticed):
                    self._notes.add(message, f"第 {taken.row.line} 行", example)
        if self.by_row:
            report.outcomes |= {taken.row.line: _outcome(taken) for taken in batch}
        for taken in batch:
            if taken.error is not None and len(report.refusals) < MOST_REFUSALS:
                report.refusals.append(_refusal(taken, taken.error))
            if taken.claim is not None and len(report.conflicts) < MOST_REFUSALS:
                report.conflicts.append(_waiting(taken.claim))

    def take_back(self, outcomes: Iterable[str], rows: Sequence[Taken], again: Tally) -> None:
        """Counts rows as rejected that had other outcomes before; `again` gathered the columns of the file once more."""
        for outcome, number in Counter(outcomes).items():
            setattr(self.report, outcome, getattr(self.report, outcome) - number)
        self.report.rows -= len(rows)
        lines = {(taken.table.name, taken.row.line) for taken in rows}
        self.report.conflicts = [row for row in self.report.conflicts if (row.sheet, row.line) not in lines]
        self._add_outcomes(rows)
        counts = {id(new): old for (*_, old), (*_, new) in zip(self._sections, again._sections, strict=False)}
        for taken in rows:
            counts[id(again._counts_of(taken))].take_back(taken)

    def without_rows(self) -> list[str]:
        """Remarks on the sheets that hold nothing, or names alone."""
        blank = [f"没有内容的工作表：{'、'.join(self.blank)}"] if self.blank else []
        return [*(f"工作表“{name}”只有表头，没有数据行" for name in self.empty), *blank]

    def close(self) -> ImportReport:
        """The report with its messages."""
        self._messages += [*self.without_rows(), *(f"未导入：{found}" for found in self.unrecognised)]
        if self.report.waiting:
            self._messages.append(WAITS.format(self.report.waiting))
        self.report.messages = self._notes.lines() + self._messages
        self.report.columns = [
            column
            for sheet, mapping, counts in self._sections
            for column in counts.file_columns(mapping, sheet)
        ]
        return self.report


def _counted_as(table: SheetTable, mapping: Mapping) -> object:
    """The key under which the cells of a row are counted: names of JSON come in later and change the mapping, not the columns."""
    return mapping if table.keys is None else table


def _waiting(claim: Claim) -> Waiting:
    place = (claim.sheet, claim.line, claim.field, claim.number)
    return Waiting(*place, str(claim.stored), str(claim.subject))


def _outcome(taken: Taken) -> RowOutcome:
    status = "rejected" if taken.error else taken.outcome
    notes = [
        f"{message}：{example}" if example else message for message, example in (*taken.notes, *taken.remarks)
    ]
    return RowOutcome(taken.row.line, status, taken.record_id, taken.error, taken.claim, notes)


def _refusal(taken: Taken, error: RowError) -> Refusal:
    return Refusal(taken.table.name, taken.row.line, error.field, error.value, error.reason)
