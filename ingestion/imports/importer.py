"""The importer (导入): a file becomes checked records, in batches of one transaction each.

Nothing is stored before at least one table of the file has been recognised. Every row ends as new, changed, unchanged
or rejected; rejected rows stand in the catalogue and in a workbook that can be corrected and imported again. A killed
import is resumed by importing the file again: what is stored is then unchanged.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from catalog.db import Database, Session
from catalog.deals import edits as deal_records
from catalog.deals.deals import DealStated
from catalog.demand import enterprises, needs
from catalog.imports import imports
from catalog.kit.errors import InvalidInput, PatentDockError
from catalog.licences import edits as licence_edits
from catalog.licences import licences
from catalog.registers import deals as deal_upserts
from catalog.registers.patents import Batch, Claims
from catalog.segments import segments
from catalog.supply.facts import NumberedFact
from catalog.supply.patents import PatentCreate
from ingestion.columns.headers import vocabulary
from ingestion.columns.mappings import SavedMapping
from ingestion.columns.recognition import Mapping
from ingestion.errors import RowError
from ingestion.imports import facts as fact_storing
from ingestion.imports import preview, rejected
from ingestion.imports.explanations import listed, misfit, no_register, what_was_found
from ingestion.imports.reading import Reading
from ingestion.imports.report import MOST_REFUSALS, ImportReport, Notes, Refusal
from ingestion.imports.tables import SheetTable, open_table
from ingestion.imports.transactions import Transactions, writing
from ingestion.imports.unchanged_rows import Taken, UnchangedRows
from ingestion.kinds import KIND_NAMES
from ingestion.readers import readers
from ingestion.readers.sheets import Row, Sheet
from ingestion.records import licences as licence_record
from ingestion.records import records
from ingestion.records.classification import Classifier

__all__ = ["ImportReport", "import_file"]

BATCH = 1000
PREVIEW = 5
MOSTLY = 0.9
REPEATED = "与文件中前面的行是同一件专利而部分内容不同，保留先出现的内容"

Progress = Callable[[int, int | None], None]
_USUAL = gc.get_threshold()


def import_file(
    database: Database,
    path: Path,
    kind: str,
    *,
    actor: str = "",
    is_demo: bool = False,
    rejected_dir: Path,
    progress: Progress | None = None,
    dry_run: bool = False,
    mapping: SavedMapping | None = None,
) -> ImportReport:
    """Import one file of records of a kind (`ingestion.kinds`).

    `progress` is told the rows done and, where known, their number. A dry run computes everything and writes nothing.
    A saved `mapping` takes the place of recognition. Raises UnreadableFile, NotARegister, NotReady and, for a mapping
    of another kind, InvalidInput; then nothing is stored.
    """
    vocabulary(kind)
    if mapping and mapping.kind != kind:
        raise InvalidInput(
            f"列对应关系“{mapping.source}”用于{KIND_NAMES[mapping.kind]}，不用于{KIND_NAMES[kind]}"
        )
    with database.read() as session:
        classifier = Classifier(segments.segments_of(session, segments.catalogue(session)))
    sheets = readers.read(path)
    reading = Reading.of(path, kind, classifier, mapping)
    with collecting_rarely(), writing(database, path, dry_run) as transactions:
        run = _Run(transactions, reading, classifier, actor, is_demo, None if dry_run else rejected_dir)
        run.progress = progress
        try:
            for sheet in sheets:
                run.expect(sheet)
                run.take_sheet(open_table(kind, sheet, mapping))
            return run.finish()
        except BaseException as error:
            run.fail(error)
            raise


class _Run:
    """One import on its way."""

    progress: Progress | None

    def __init__(
        self,
        transactions: Transactions,
        reading: Reading,
        classifier: Classifier,
        actor: str,
        is_demo: bool,
        folder: Path | None,
    ) -> None:
        self.transactions, self.reading, self.classifier = transactions, reading, classifier
        self.path, self.kind = reading.path, reading.kind
        self.actor, self.is_demo, self.folder = actor, is_demo, folder
        self.total: int | None = None
        self.report = ImportReport(self.kind, self.path.name, source=reading.source)
        self.notes = Notes()
        self.messages: list[str] = []
        self.unrecognised: list[str] = []
        self.batch: list[Taken] = []
        self.refused: list[tuple[SheetTable, Mapping, Row, RowError]] = []
        self.claims = Claims()
        self.unchanged = UnchangedRows(reading.program, self.claims)
        self.first_rows: dict[str, tuple[int, int]] = {}
        self.repeating = False  # so far a file whose rows are nearly all known to say nothing new
        self.row: imports.Import | None = None
        self.book: rejected.RejectedBook | None = None

    def expect(self, sheet: Sheet) -> None:
        """Add the rows that a sheet is likely to have to those expected, for the progress."""
        if sheet.likely_rows is not None:
            self.total = (self.total or 0) + sheet.likely_rows

    def take_sheet(self, table: SheetTable | None) -> None:
        """Import the records of a sheet; a sheet that is no register is noted."""
        if table is None:
            return
        missing = table.mapping.missing()
        if missing:
            self.unrecognised.append(what_was_found(table, missing))
            return
        used: Mapping | None = None
        name = table.name
        for row in table.records():
            # Of JSON, whose names may come in later, only the last mapping counts.
            if used is not None and used is not table.mapping and table.keys is None:
                self._note_columns(name, used)
                name = f"{table.name}（第 {row.line} 行起）"
            used = table.mapping
            if self.row is None:
                self._begin()
            self._take_row(table, row)
            if len(self.batch) + len(self.refused) >= BATCH:
                self._flush()
        self._flush()
        if used is not None:
            self._note_columns(name, used)
        for reason, lines in table.skipped.items():
            self.messages.append(
                f"工作表“{table.name}”略过 {len(lines)} 行（{reason}，第 {listed(lines)} 行）"
            )
        self.messages += table.remarks()

    def _note_columns(self, sheet: str, mapping: Mapping) -> None:
        """Report which columns were read as what; another header further down adds to it."""
        self.report.mapping.update(mapping.describe())
        self.report.columns += [use for use in mapping.uses(sheet) if use not in self.report.columns]
        self.messages += [note for note in mapping.notes if note not in self.messages]
        if unused := mapping.unused():
            self.messages.append(f"工作表“{sheet}”中未识别、未导入的列：{'、'.join(unused)}")

    def finish(self) -> ImportReport:
        """Close the import. Raises NotARegister when no table of the file was recognised."""
        if self.row is None and self.reading.source and self.unrecognised:
            raise misfit(self.path, self.reading.source, self.unrecognised)
        if self.row is None:
            raise no_register(self.path, self.kind, self.unrecognised)
        self.messages += [f"未导入：{found}" for found in self.unrecognised]
        self.report.messages = self.notes.lines() + self.messages
        if self.book is not None:
            self.report.rejected_file = self.book.close()
        with self.transactions.write() as session:
            self.row.mapping, self.row.preview = self.report.mapping, self.report.preview
            self.row.columns = [use.model_dump() for use in self.report.columns]
            imports.finish(session, self.row, message="\n".join(self.report.messages))
            self.unchanged.forget_others(session)
        if self.folder is None:
            self.report.import_id = None
        return self.report

    def fail(self, error: BaseException) -> None:
        """Note that the import did not end well; what was stored before stays and is resumed by the next one."""
        if self.book is not None and self.report.rejected_file is None:
            self.book.discard()
        if self.row is not None and self.folder is not None:
            with self.transactions.write() as session:
                imports.finish(session, self.row, *_ending(error))

    def _begin(self) -> None:
        with self.transactions.write() as session:
            self.row = imports.start(
                session,
                self.kind,
                self.path.name,
                self.reading.file_hash,
                self.actor,
                source=self.reading.source,
            )
        self.report.import_id = self.row.id

    def _take_row(self, table: SheetTable, row: Row) -> None:
        self.report.rows += 1
        taken = Taken(table, table.mapping, row)
        if self.kind == "patents" and not row.problem:
            taken.mark = self.unchanged.mark(taken.mapping, row)
        # Patents are read once the batch is full and those among them that are known to say nothing new are told.
        if not taken.mark or len(self.report.preview) < PREVIEW:
            self._read(taken)
        if taken.record or taken.mark:
            self.batch.append(taken)

    def _read(self, taken: Taken) -> None:
        """Read the record of a row, or refuse the row."""
        row = taken.row
        try:
            if row.problem:
                raise RowError("", "", row.problem)
            fields = taken.table.fields(row, taken.mapping)
            taken.record = records.from_fields(fields, self.classifier)
        except RowError as error:
            self.refused.append((taken.table, taken.mapping, row, error))
            taken.mark = b""
            return
        for message, example in fields.notes:
            self.notes.add(message, f"第 {row.line} 行", example)
        if fields.notes:
            taken.mark = b""
        if len(self.report.preview) < PREVIEW:
            self.report.preview.append(preview.stored(self.kind, taken.record))

    def _read_batch(self, session: Session) -> None:
        """Read the rows of the batch that may say something new."""
        unread = [taken for taken in self.batch if taken.record is None]
        if unread:
            self.unchanged.recognise(session, unread)
            self._read_all(taken for taken in unread if not taken.patent_id)

    def _read_all(self, unread: Iterable[Taken]) -> None:
        for taken in unread:
            self._read(taken)
        self.batch = [taken for taken in self.batch if taken.record or taken.patent_id]

    def _flush(self) -> None:
        """Store the batch and its rejected rows in one transaction."""
        if self.row is None or not (self.batch or self.refused):
            return
        if not self.repeating:
            # Reading takes long: nobody is locked out meanwhile.
            with self.transactions.read() as session:
                self._read_batch(session)
        with self.transactions.write() as session:
            if self.repeating:
                self._read_batch(session)
            if self.kind == "patents":
                self._store_patents(session)
            else:
                self._store_others(session)
            self._store_refused(session)
            counts = ("rows", "new", "changed", "unchanged", "rejected")
            imports.advance(session, self.row, **{name: getattr(self.report, name) for name in counts})
        self.batch, self.refused = [], []
        if self.progress:
            self.progress(self.report.rows, self.total)

    def _store_patents(self, session: Session) -> None:
        batch = self._batch(session)
        read = [taken for taken in self.batch if not taken.patent_id]
        data = [taken.record for taken in read if isinstance(taken.record, PatentCreate)]
        outcomes = [batch.take(record, taken.row.line) for record, taken in zip(data, read, strict=True)]
        batch.flush()
        facts_changed = fact_storing.store_of_patents(
            session,
            [(outcome.known.id, record.facts, outcome.repeats) if outcome.known else (0, [], False)
             for record, outcome in zip(data, outcomes, strict=True)],
            import_id=self.row.id if self.row else None,
            source=self.path.name,
        )  # fmt: skip
        for taken, record, outcome, changed in zip(read, data, outcomes, facts_changed, strict=True):
            if outcome.status == "conflict":
                # Two rows that disagree share a number, and it may be the number that is wrong.
                shared = "申请号" if record.application_number else "公开（公告）号"
                error = RowError(outcome.label, outcome.value, outcome.reason, also=(shared,))
                self.refused.append((taken.table, taken.mapping, taken.row, error))
                continue
            self._count("changed" if changed and outcome.status == "unchanged" else outcome.status)
            for note in outcome.notes:
                self.notes.add(REPEATED, f"第 {taken.row.line} 行", note)
        self.unchanged.keep(session, list(zip(read, outcomes, strict=True)))
        unread = [taken for taken in self.batch if taken.patent_id]
        self.report.unchanged += len(unread)
        self.repeating = len(unread) > len(self.batch) * MOSTLY
        for taken in unread:
            self.claims.set(taken.patent_id, taken.row.line)

    def _batch(self, session: Session) -> Batch:
        """The patents that the rows read may speak of; rows left unread that speak of one of them are read too."""
        if not self.repeating and any(taken.record for taken in self.batch):
            self.unchanged.confirm(session, self.batch)
        while True:
            self._read_all([taken for taken in self.batch if not (taken.record or taken.patent_id)])
            data = [taken.record for taken in self.batch if isinstance(taken.record, PatentCreate)]
            batch = Batch(session, data, self.row.id if self.row else None, self.is_demo, self.claims)
            touched = [taken for taken in self.batch if taken.patent_id in batch.known.by_id]
            if not touched:
                return batch
            for taken in touched:
                taken.patent_id = 0

    def _store_others(self, session: Session) -> None:
        for taken in self.batch:
            row, record = taken.row, taken.record
            if record is None:
                continue
            try:
                self._refuse_contradiction(row, record)
                with session.begin_nested():
                    self._count(self._upsert(session, row.line, record))
            except PatentDockError as error:
                refusal = (
                    error if isinstance(error, RowError) else RowError("", "", error.message, hint=error.hint)
                )
                self.refused.append((taken.table, taken.mapping, row, refusal))

    def _upsert(self, session: Session, line: int, record: records.Record) -> str:
        origin: Any = {"import_id": self.row.id if self.row else None, "is_demo": self.is_demo}
        if isinstance(record, needs.NeedCreate):
            return needs.upsert(session, record, **origin)
        if isinstance(record, enterprises.EnterpriseCreate):
            return enterprises.upsert(session, record, **origin)
        if isinstance(record, licences.LicenceCreate):
            for remark in licence_record.remarks(record):
                self.notes.add(remark, f"第 {line} 行", record.application_number)
            return licence_edits.upsert(session, record, actor=self.actor, **origin)
        if isinstance(record, NumberedFact):
            return fact_storing.upsert(session, record, import_id=origin["import_id"], source=self.path.name)
        if isinstance(record, DealStated):
            outcome, findings = deal_upserts.upsert(session, record, actor=self.actor, **origin)
            for finding in findings:
                self.notes.add(f"请核对（{finding.rule}）", f"第 {line} 行", finding.message)
            return outcome
        raise TypeError(type(record))

    def _refuse_contradiction(self, row: Row, record: records.Record) -> None:
        """Two rows of one file that speak of the same record must say the same, or every import changes it twice."""
        digest = hash(record.model_dump_json())
        for label, key in _keys(record):
            line, first = self.first_rows.setdefault(f"{label}{key}", (row.line, digest))
            if digest != first:
                raise RowError(label, key, f"与第 {line} 行的{label}相同（{key}）而内容不同，请合并为一行")

    def _count(self, outcome: str) -> None:
        setattr(self.report, outcome, getattr(self.report, outcome) + 1)

    def _store_refused(self, session: Session) -> None:
        self.refused.sort(key=lambda refused: refused[2].line)
        self.report.rejected += len(self.refused)
        rows = []
        for table, mapping, row, error in self.refused:
            rows.append(rejected.row_for((self.row.id if self.row else 0) or 0, table, mapping, row, error))
            if len(self.report.refusals) < MOST_REFUSALS:
                self.report.refusals.append(
                    Refusal(table.name, row.line, error.field, error.value, error.reason)
                )
            self._write_refused(table, mapping, row, error)
        imports.reject(session, rows)

    def _write_refused(self, table: SheetTable, mapping: Mapping, row: Row, error: RowError) -> None:
        if self.folder is None or self.row is None:
            return
        if self.book is None:
            name = rejected.file_name(self.row.id or 0, self.path.name)
            self.book = rejected.RejectedBook(self.folder / name)
        self.book.write(
            table.name, mapping, row.line, row.cells, rejected.bad_columns(mapping, error), error.reason
        )


@contextmanager
def collecting_rarely() -> Iterator[None]:
    """Let the garbage collector run less often: it looks at all objects of the program every few hundred rows."""
    gc.set_threshold(max(_USUAL[0], 100_000), *_USUAL[1:])
    try:
        yield
    finally:
        gc.set_threshold(*_USUAL)


def _ending(error: BaseException) -> tuple[imports.ImportStatus, str]:
    """How an import ended that did not end well, and what to say of it."""
    if isinstance(error, PatentDockError):
        return imports.ImportStatus.FAILED, str(error)
    if isinstance(error, Exception):
        return imports.ImportStatus.FAILED, "程序内部出错。已写入的行保留，请重新导入同一文件或撤销这次导入"
    return imports.ImportStatus.INTERRUPTED, imports.INTERRUPTED


def _keys(record: records.Record) -> list[tuple[str, str]]:
    """What identifies a record within its file, each with the label of its field."""
    if isinstance(record, needs.NeedCreate):
        keys = [("需求编号", record.code)]
    elif isinstance(record, enterprises.EnterpriseCreate):
        keys = [("企业名称", record.name), ("统一社会信用代码", record.credit_code)]
    elif isinstance(record, DealStated):
        keys = [("合同编号", record.code or deal_records.automatic_code(record))]
    elif isinstance(record, NumberedFact):
        keys = [("专利、记录种类、日期和相对方", fact_storing.identity(record))]
    elif isinstance(record, licences.LicenceCreate) and record.declared_on:
        keys = [("申请号和声明日", f"{record.application_number} {record.declared_on}")]
    else:
        keys = [("申请号", record.application_number)]
    return [(label, key) for label, key in keys if key]
