"""The importer (导入): a file becomes checked records, in batches of one transaction each.

Nothing is stored before at least one table of the file has been recognised. Every row ends as new, changed, unchanged
or rejected; rejected rows stand in the catalogue and in a workbook that can be corrected and imported again. A killed
import is resumed by importing the file again: what is stored is then unchanged.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import islice
from pathlib import Path

from catalog import enterprises, imports, licences, needs, patent_upserts, segments
from catalog.db import Database, Session
from catalog.errors import InvalidInput, PatentDockError
from catalog.patents import PatentCreate
from ingestion import readers, records, rejected
from ingestion.cells import is_blank, text
from ingestion.classification import Classifier
from ingestion.columns import Mapping
from ingestion.errors import NotARegister, RowError
from ingestion.headers import KIND_NAMES, vocabulary
from ingestion.mappings import SavedMapping
from ingestion.report import ImportReport, Notes, Refusal
from ingestion.sheets import Row
from ingestion.tables import Table, open_table

__all__ = ["ImportReport", "import_file"]

BATCH = 1000
PREVIEW = 5
REFUSALS = 20
SHOWN = 80
REPEATED = "与文件中前面的行是同一件专利而部分内容不同，保留先出现的内容"

Progress = Callable[[int, int | None], None]


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
    """Import one file of records of a kind (`patents`, `needs`, `enterprises`, `licences`).

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
    with _writing(database, dry_run) as open_session:
        run = _Run(open_session, path, kind, classifier, actor, is_demo, None if dry_run else rejected_dir)
        run.progress = progress
        try:
            for sheet in sheets:
                run.take_sheet(open_table(kind, sheet, mapping))
            return run.finish()
        except BaseException as error:
            run.fail(error)
            raise


class _RollBack(Exception):
    """Ends a dry run."""


Open = Callable[[], AbstractContextManager[Session]]


@contextmanager
def _writing(database: Database, dry_run: bool) -> Iterator[Open]:
    """Opens transactions: one a batch, or for a dry run a single one that is rolled back at the end."""
    if not dry_run:
        yield database.write
        return
    try:
        with database.write() as session:
            yield lambda: nullcontext(session)
            raise _RollBack
    except _RollBack:
        pass


class _Run:
    """One import on its way."""

    progress: Progress | None

    def __init__(
        self,
        open_session: Open,
        path: Path,
        kind: str,
        classifier: Classifier,
        actor: str,
        is_demo: bool,
        folder: Path | None,
    ) -> None:
        self.open_session, self.path, self.kind, self.classifier = open_session, path, kind, classifier
        self.actor, self.is_demo, self.folder = actor, is_demo, folder
        self.report = ImportReport(kind, path.name)
        self.notes = Notes()
        self.messages: list[str] = []
        self.unrecognised: list[str] = []
        self.batch: list[tuple[Table, Mapping, Row, records.Record]] = []
        self.refused: list[tuple[Table, Mapping, Row, RowError]] = []
        self.claims = patent_upserts.Claims()
        self.first_rows: dict[str, tuple[int, int]] = {}
        self.row: imports.Import | None = None
        self.book: rejected.RejectedBook | None = None

    def take_sheet(self, table: Table | None) -> None:
        """Import the records of a sheet; a sheet that is no register is noted."""
        if table is None:
            return
        missing = table.mapping.missing()
        if missing:
            self.unrecognised.append(_what_was_found(table, missing))
            return
        self.report.mapping.update(table.mapping.describe())
        self.report.columns.update(table.mapping.columns_by_name())
        self.messages += [note for note in table.mapping.notes if note not in self.messages]
        if unused := table.mapping.unused():
            self.messages.append(f"工作表“{table.name}”中未识别、未导入的列：{'、'.join(unused)}")
        for row in table.records():
            self._begin()
            self._take_row(table, row)
            if len(self.batch) + len(self.refused) >= BATCH:
                self._flush()
        self._flush()
        for reason, lines in table.skipped.items():
            self.messages.append(
                f"工作表“{table.name}”略过 {len(lines)} 行（{reason}，第 {_listed(lines)} 行）"
            )

    def finish(self) -> ImportReport:
        """Close the import. Raises NotARegister when no table of the file was recognised."""
        if self.row is None:
            raise _no_register(self.path, self.kind, self.unrecognised)
        self.messages += [f"未导入：{found}" for found in self.unrecognised]
        self.report.messages = self.notes.lines() + self.messages
        if self.book is not None:
            self.report.rejected_file = self.book.close()
        with self.open_session() as session:
            self.row.mapping = self.report.mapping
            imports.finish(session, self.row, message="\n".join(self.report.messages))
        if self.folder is None:
            self.report.import_id = None
        return self.report

    def fail(self, error: BaseException) -> None:
        """Note that the import did not end well; what was stored before stays and is resumed by the next one."""
        if self.book is not None and self.report.rejected_file is None:
            self.book.discard()
        if self.row is not None and self.folder is not None:
            message = str(error) if isinstance(error, PatentDockError) else "导入中断，请重新导入同一文件"
            with self.open_session() as session:
                imports.finish(session, self.row, failed=message)

    def _begin(self) -> None:
        if self.row is not None:
            return
        with self.open_session() as session:
            self.row = imports.start(session, self.kind, self.path.name, _hash(self.path), self.actor)
        self.report.import_id = self.row.id

    def _take_row(self, table: Table, row: Row) -> None:
        mapping = table.mapping
        self.report.rows += 1
        try:
            if row.problem:
                raise RowError("", "", row.problem)
            fields = table.fields(row)
            record = records.from_fields(fields, self.classifier)
        except RowError as error:
            self.refused.append((table, mapping, row, error))
            return
        for message, example in fields.notes:
            self.notes.add(message, f"第 {row.line} 行", example)
        if len(self.report.preview) < PREVIEW:
            self.report.preview.append(_preview(mapping, row))
        self.batch.append((table, mapping, row, record))

    def _flush(self) -> None:
        """Store the batch and its rejected rows in one transaction."""
        if self.row is None or not (self.batch or self.refused):
            return
        with self.open_session() as session:
            if self.kind == "patents":
                self._store_patents(session)
            else:
                self._store_others(session)
            self._store_refused(session)
            for name in ("rows", "new", "changed", "unchanged", "rejected"):
                setattr(self.row, name, getattr(self.report, name))
            session.add(self.row)
            session.flush()
        self.batch, self.refused = [], []
        if self.progress:
            self.progress(self.report.rows, None)

    def _store_patents(self, session: Session) -> None:
        data = [record for _, _, _, record in self.batch if isinstance(record, PatentCreate)]
        outcomes = patent_upserts.apply(
            session,
            data,
            import_id=self.row.id if self.row else None,
            is_demo=self.is_demo,
            lines=[row.line for _, _, row, _ in self.batch],
            claims=self.claims,
        )
        for (table, mapping, row, _), outcome in zip(self.batch, outcomes, strict=True):
            if outcome.status == "conflict":
                error = RowError(outcome.label, outcome.value, outcome.reason)
                self.refused.append((table, mapping, row, error))
                continue
            self._count(outcome.status)
            for note in outcome.notes:
                self.notes.add(REPEATED, f"第 {row.line} 行", note)

    def _store_others(self, session: Session) -> None:
        for table, mapping, row, record in self.batch:
            try:
                self._refuse_contradiction(row, record)
                with session.begin_nested():
                    self._count(_upsert(session, record, self.row.id if self.row else None, self.is_demo))
            except PatentDockError as error:
                refusal = (
                    error if isinstance(error, RowError) else RowError("", "", error.message, hint=error.hint)
                )
                self.refused.append((table, mapping, row, refusal))

    def _refuse_contradiction(self, row: Row, record: records.Record) -> None:
        """Two rows of one file that speak of the same record must say the same, or every import changes it twice."""
        key, label = _key(record)
        if not key:
            return
        digest = hash(record.model_dump_json())
        line, first = self.first_rows.setdefault(key, (row.line, digest))
        if digest != first:
            raise RowError(label, key, f"与第 {line} 行是同一条记录（{key}）而内容不同，请合并为一行")

    def _count(self, outcome: str) -> None:
        setattr(self.report, outcome, getattr(self.report, outcome) + 1)

    def _store_refused(self, session: Session) -> None:
        self.refused.sort(key=lambda refused: refused[2].line)
        self.report.rejected += len(self.refused)
        rows = []
        for table, mapping, row, error in self.refused:
            rows.append(_rejected_row((self.row.id if self.row else 0) or 0, table, mapping, row, error))
            if len(self.report.refusals) < REFUSALS:
                self.report.refusals.append(
                    Refusal(table.name, row.line, error.field, error.value, error.reason)
                )
            self._write_refused(table, mapping, row, error)
        imports.reject(session, rows)

    def _write_refused(self, table: Table, mapping: Mapping, row: Row, error: RowError) -> None:
        if self.folder is None or self.row is None:
            return
        if self.book is None:
            name = rejected.file_name(self.row.id or 0, self.path.name)
            self.book = rejected.RejectedBook(self.folder / name)
        self.book.write(table.name, mapping, row.line, row.cells, _bad_columns(mapping, error), error.reason)


def _upsert(session: Session, record: records.Record, import_id: int | None, is_demo: bool) -> str:
    if isinstance(record, needs.NeedCreate):
        return needs.upsert(session, record, import_id=import_id, is_demo=is_demo)
    if isinstance(record, enterprises.EnterpriseCreate):
        return enterprises.upsert(session, record, import_id=import_id, is_demo=is_demo)
    if isinstance(record, licences.LicenceCreate):
        return licences.upsert(session, record, import_id=import_id, is_demo=is_demo)
    raise TypeError(type(record))


def _key(record: records.Record) -> tuple[str, str]:
    """What identifies a record within its file, and the label of that field."""
    if isinstance(record, needs.NeedCreate):
        return record.code or "", "需求编号"
    if isinstance(record, enterprises.EnterpriseCreate):
        return record.name, "企业名称"
    return record.application_number or "", "申请号"


def _bad_columns(mapping: Mapping, error: RowError) -> list[int]:
    known = vocabulary(mapping.kind)
    return [
        place
        for role, places in mapping.columns.items()
        if known.label(role) == error.field
        for place in places
    ]


def _rejected_row(
    import_id: int, table: Table, mapping: Mapping, row: Row, error: RowError
) -> imports.RejectedRow:
    titles = rejected.column_titles(mapping, max(len(row.cells), len(mapping.headers)))
    cells = {
        titles[place]
        if titles.index(titles[place]) == place
        else f"{titles[place]}（第 {place + 1} 列）": text(cell)
        for place, cell in enumerate(row.cells)
        if not is_blank(cell)
    }
    return imports.RejectedRow(
        import_id=import_id,
        sheet=table.name[:200],
        line=row.line,
        field=error.field[:100],
        value=error.value.replace("\x00", "\ufffd"),
        reason=error.reason,
        cells={name: value.replace("\x00", "\ufffd") for name, value in cells.items()},
    )


def _preview(mapping: Mapping, row: Row) -> dict[str, str]:
    known = vocabulary(mapping.kind)
    return {
        known.label(role): text(row.cells[places[0]])[:SHOWN]
        for role, places in mapping.columns.items()
        if places[0] < len(row.cells) and not is_blank(row.cells[places[0]])
    }


def _what_was_found(table: Table, missing: list[str]) -> str:
    ahead = list(islice(table.rows, PREVIEW))
    problem = next((row.problem for row in ahead if row.problem), "")
    names = [header for header in table.mapping.headers if header]
    first = [text(cell)[:20] for row in ahead[:1] for cell in row.cells if not is_blank(cell)]
    seen = f"列名：{'、'.join(names[:15])}" if names else f"没有可识别的表头，第一行：{'、'.join(first[:15])}"
    understood = "、".join(table.mapping.describe()) or "无"
    found = f"工作表“{table.name}”缺少{'、'.join(f'“{label}”' for label in missing)}（{seen}；已识别：{understood}）"
    if table.mapping.counts_something(ahead):
        found += "；看起来是按单位统计的数量表"
    return f"{found}；{problem}" if problem else found


def _no_register(path: Path, kind: str, unrecognised: list[str]) -> NotARegister:
    name = KIND_NAMES[kind]
    if not unrecognised:
        return NotARegister(f"文件 {path.name} 中没有数据行", hint=f"请提供{name}清单，每行一条记录")
    return NotARegister(
        f"文件 {path.name} 不是{name}清单：{'；'.join(unrecognised[:5])}",
        hint=f"{name}清单应每行一条记录，至少有上述缺少的列；请核对文件或导入类别",
    )


def _listed(lines: list[int]) -> str:
    return "、".join(map(str, lines[:5])) + ("…" if len(lines) > 5 else "")


def _hash(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
