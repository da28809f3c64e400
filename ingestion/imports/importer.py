"""The importer (导入): a file becomes checked records, in batches of one transaction each.

Sheets -> tables -> rows -> batches of records and refusals -> outcomes -> the report. Nothing is stored before at least one
table of the file has been recognised. Every row ends as new, changed, unchanged, rejected or waiting for a decision; rejected
rows stand in the catalogue and in a workbook that can be corrected and imported again. Rows that a later one contradicts are
taken back at the end; the file is read once more for their cells. A killed import is resumed by importing the file again:
what is stored is then unchanged.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as Map
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from itertools import chain, islice
from pathlib import Path
from typing import Any

from catalog.db import Database, Session
from catalog.kit.errors import InvalidInput
from catalog.kit.progress import RowProgress
from catalog.reference.places import PlaceNames, shipped
from catalog.registers import demonstration
from catalog.segments import segments
from ingestion.columns.mappings import SavedMapping
from ingestion.columns.recognition import Mapping
from ingestion.errors import RowError
from ingestion.imports import preview
from ingestion.imports.explanations import misfit, no_register, no_rows
from ingestion.imports.log import ImportLog
from ingestion.imports.reading import Reading
from ingestion.imports.report import ImportReport, Tally
from ingestion.imports.transactions import SMALL_FILE, Transactions, writing
from ingestion.kinds.kind import Kind
from ingestion.kinds.kinds import KIND_NAMES
from ingestion.kinds.lookup import kind_of
from ingestion.readers import readers
from ingestion.readers.sheets import Sheet
from ingestion.records.classification import Classifier
from ingestion.records.fields import Circumstances
from ingestion.storing import deleted
from ingestion.storing.rows import Origin, RowReader, Store, Taken
from ingestion.storing.tables import SheetTable, open_table

__all__ = ["ImportLimits", "ImportReport", "RowTerms", "import_file"]

_USUAL = gc.get_threshold()


@dataclass(frozen=True, slots=True)
class ImportLimits:
    """Rows of a batch, records of a preview, and bytes of a file that is tried out in one transaction."""

    batch: int = 1000
    preview: int = 5
    small_file: int = SMALL_FILE


@dataclass(frozen=True, slots=True)
class RowTerms:
    """The terms on which rows are taken, besides those of every file.

    A `strict` import refuses what it cannot read, `only_new` whatever means a stored record, and the rows on the lines of
    `refused` for the reasons given there. With `by_row` the report holds the outcome of each row.
    """

    strict: bool = False
    only_new: bool = False
    by_row: bool = False
    refused: Map[int, str] = field(default_factory=dict)


def import_file(
    database: Database,
    path: Path,
    kind: str,
    *,
    today: date,
    places: PlaceNames | None = None,
    actor: str = "",
    is_demo: bool = False,
    rejected_dir: Path,
    progress: RowProgress | None = None,
    dry_run: bool = False,
    mapping: SavedMapping | None = None,
    limits: ImportLimits = ImportLimits(),
    terms: RowTerms = RowTerms(),
) -> ImportReport:
    """Import one file of records of a kind (`ingestion.kinds`).

    `progress` receives the number of rows done and, where known, the total. A dry run computes everything and writes nothing.
    A saved `mapping` replaces recognition; `places` are the operator's names of places, without them the shipped ones.
    Raises UnreadableFile, NotARegister, NotReady and, for an unknown kind or a mapping of another one, InvalidInput; then
    nothing is stored.
    """
    wanted = kind_of(kind)
    if mapping and mapping.kind != kind:
        raise InvalidInput(
            f"列对应关系“{mapping.source}”用于{KIND_NAMES[mapping.kind]}，不用于{wanted.label}"
        )
    with database.read() as session:
        classifier = Classifier(segments.segments_of(session, segments.catalogue(session)))
    sheets = readers.read(path)
    circumstances = Circumstances(today, places or shipped(), terms.strict)
    reading = Reading.of(path, kind, classifier, circumstances.places, mapping)
    reader = RowReader(wanted.build, classifier, circumstances)
    with collecting_rarely(), writing(database, path, dry_run, limits.small_file) as transactions:
        log = ImportLog(transactions, reading, actor, None if dry_run else rejected_dir)
        run = _Run(wanted, reading, reader, transactions, limits, terms, log)
        try:
            return run.all(sheets, mapping, is_demo, progress)
        except BaseException as error:
            log.fail(error)
            raise


@dataclass(frozen=True, slots=True)
class _Run:
    """One import: what it reads with and writes to."""

    kind: Kind[Any]
    reading: Reading
    reader: RowReader
    transactions: Transactions
    limits: ImportLimits
    terms: RowTerms
    log: ImportLog

    def all(
        self,
        sheets: Iterable[Sheet],
        mapping: SavedMapping | None,
        is_demo: bool,
        progress: RowProgress | None,
    ) -> ImportReport:
        """Import all sheets. Raises NotARegister when no table of the file was recognised."""
        tally = Tally(self.reading, by_row=self.terms.by_row)
        if not is_demo:
            with self.transactions.read() as session:
                tally.warn(demonstration.notices(session))
        store: Store | None = None
        for table in _tables(self.kind.name, sheets, mapping, tally):
            rows = self._rows(table, tally)
            for first in islice(rows, 1):
                store = store or self._begin(is_demo)
                for batch in _batches(chain([first], rows), self.limits.batch):
                    self._take(store, batch, tally)
                    if progress:
                        progress(tally.report.rows, tally.expected)
        if store is None:
            raise self._refusal(tally)
        self._take_back(store, mapping, tally)
        return self.log.finish(tally.close(), store)

    def _begin(self, is_demo: bool) -> Store:
        reading, today = self.reading, self.reader.circumstances.today
        begun = self.log.begin()
        origin = Origin(begun, reading.path.name, self.log.actor, is_demo, today, reading.program)
        return self.kind.store(origin, self.reader)

    def _take(self, store: Store, batch: list[Taken], tally: Tally) -> None:
        """Read and store a batch and its rejected rows, in one transaction for writing."""
        self._preview(batch, tally.report)
        store.take(batch)
        quick = store.quick
        if not quick:
            # Reading takes long: nobody is locked out meanwhile.
            with self.transactions.read() as session:
                store.read(session, batch)
        with self.transactions.write() as session:
            if quick:
                store.read(session, batch)
            deleted.settle(session, self.kind.register, batch)
            if self.terms.only_new:
                self._refuse_known(session, batch)
            store.store(session, batch)
            if self.terms.by_row:
                self._look_up(session, batch)
            tally.add(batch)
            self.log.keep(session, batch, tally.report)

    def _rows(self, table: SheetTable, tally: Tally) -> Iterator[Taken]:
        """The rows of a table, those that the terms refuse with their reason."""
        for taken in _rows(table, tally):
            taken.row.problem = taken.row.problem or self.terms.refused.get(taken.row.line, "")
            yield taken

    def _refuse_known(self, session: Session, batch: list[Taken]) -> None:
        self._look_up(session, batch)
        for taken in batch:
            if taken.record_id and taken.error is None:
                reason, hint = f"已有这条记录（编号 {taken.record_id}），未写入", "如需更新，请用 mode=upsert"
                taken.error, taken.record, taken.patent_id = RowError("", "", reason, hint=hint), None, 0

    def _look_up(self, session: Session, batch: list[Taken]) -> None:
        """Give rows the ids of the stored records that they mean."""
        if self.kind.find is None:
            return
        read = [taken for taken in batch if taken.record is not None and taken.error is None]
        for taken, id_ in zip(read, self.kind.find(session, [taken.record for taken in read]), strict=True):
            taken.record_id = id_
        for taken in batch:
            taken.record_id = taken.patent_id or taken.record_id

    def _take_back(self, store: Store, mapping: SavedMapping | None, tally: Tally) -> None:
        """Refuse the rows that were stored before another row of the file contradicted them."""
        outcomes = store.contradicted()
        if not outcomes:
            return
        again = Tally(self.reading)
        tables = _tables(self.kind.name, readers.read(self.reading.path), mapping, again)
        numbered = enumerate((taken for table in tables for taken in self._rows(table, again)), 1)
        rows = {number: taken for number, taken in numbered if number in outcomes}
        with self.transactions.write() as session:
            store.take_back(session, rows)
            tally.take_back(outcomes.values(), list(rows.values()), again)
            self.log.keep(session, rows.values(), tally.report)

    def _preview(self, batch: list[Taken], report: ImportReport) -> None:
        """Read the first rows and show their records as they would be stored."""
        for taken in batch:
            if len(report.preview) >= self.limits.preview:
                return
            self.reader.read(taken)
            if taken.record is not None:
                report.preview.append(preview.stored(self.kind, taken.record))

    def _refusal(self, tally: Tally) -> InvalidInput:
        reading = self.reading
        if reading.source and tally.unrecognised:
            return misfit(reading.path, reading.source, tally.unrecognised)
        if tally.unrecognised:
            return no_register(reading.path, self.kind.label, [*tally.unrecognised, *tally.without_rows()])
        return no_rows(reading.path, self.kind.label, tally.without_rows())


def _tables(
    kind: str, sheets: Iterable[Sheet], mapping: SavedMapping | None, tally: Tally
) -> Iterator[SheetTable]:
    """The sheets that are registers of the kind; the others are noted."""
    for sheet in sheets:
        tally.expect(sheet)
        table = open_table(kind, sheet, mapping)
        if table is None:
            tally.blank.append(sheet.name)
            continue
        if missing := table.mapping.missing():
            tally.not_recognised(table, missing)
        else:
            yield table


def _rows(table: SheetTable, tally: Tally) -> Iterator[Taken]:
    """The rows of a table that are records; logs the columns they were read from and the skipped rows."""
    used: Mapping | None = None
    name = table.name
    for row in table.records():
        # Of JSON, whose names may come in later, only the last mapping counts.
        if used is not None and used is not table.mapping and table.keys is None:
            tally.add_columns(name, table, used)
            name = f"{table.name}（第 {row.line} 行起）"
        used = table.mapping
        yield Taken(table, used, row)
    tally.add_columns(name, table, used or table.mapping)
    tally.add_table(table, is_empty=used is None)


def _batches(rows: Iterator[Taken], size: int) -> Iterator[list[Taken]]:
    while batch := list(islice(rows, size)):
        yield batch


@contextmanager
def collecting_rarely() -> Iterator[None]:
    """Let the garbage collector run less often: it looks at all objects of the program every few hundred rows."""
    gc.set_threshold(max(_USUAL[0], 100_000), *_USUAL[1:])
    try:
        yield
    finally:
        gc.set_threshold(*_USUAL)
