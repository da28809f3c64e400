"""The import as the catalogue keeps it: begun, how far it came, its refused rows, and how it ended."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from catalog.db import Session
from catalog.imports import imports
from catalog.kit.base import id_of
from catalog.kit.errors import PatentDockError
from ingestion.errors import RowError
from ingestion.imports import rejected
from ingestion.imports.reading import Reading
from ingestion.imports.report import COUNTS, ImportReport
from ingestion.imports.transactions import Transactions
from ingestion.storing.rows import Store, Taken


class ImportLog:
    """Logs the outcome of one import; without a `folder` for rejected rows it is a dry run and stores nothing."""

    def __init__(self, transactions: Transactions, reading: Reading, actor: str, folder: Path | None) -> None:
        self.transactions, self.reading, self.actor, self.folder = transactions, reading, actor, folder
        self._row: imports.Import | None = None
        self._book: rejected.RejectedBook | None = None

    def begin(self) -> int:
        """Records the start of the import; returns its id."""
        reading = self.reading
        with self.transactions.write() as session:
            self._row = imports.start(
                session,
                reading.kind,
                reading.path.name,
                reading.file_hash,
                self.actor,
                source=reading.source,
            )
            return id_of(self._row)

    def keep(self, session: Session, batch: Iterable[Taken], report: ImportReport) -> None:
        """Keep the refused rows of a batch, and note how far the import has come."""
        row = self._begun()
        refused = [(taken, taken.error) for taken in batch if taken.error is not None]
        for taken, error in refused:
            self._write(taken, error)
        imports.reject(
            session,
            [
                rejected.row_for(id_of(row), taken.table, taken.mapping, taken.row, error)
                for taken, error in refused
            ],
        )
        imports.advance(session, row, **{name: getattr(report, name) for name in COUNTS})

    def finish(self, report: ImportReport, store: Store) -> ImportReport:
        """Records the success of the import; returns the report with its number and the workbook of rejected rows."""
        row = self._begun()
        if self._book is not None:
            report.rejected_file = self._book.close()
            self._book = None
        row.preview, row.places_version = report.preview, report.places_version
        row.columns = [column.model_dump(mode="json") for column in report.columns]
        with self.transactions.write() as session:
            imports.finish(session, row, message="\n".join(report.messages))
            store.close(session)
        report.import_id = row.id if self.folder else None
        return report

    def fail(self, error: BaseException) -> None:
        """Records the failure of the import; rows already stored are kept and the next import resumes from them."""
        if self._book is not None:
            self._book.discard()
        if self._row is not None and self.folder is not None:
            with self.transactions.write() as session:
                imports.finish(session, self._row, *_ending(error))

    def _begun(self) -> imports.Import:
        assert self._row is not None  # noqa: S101
        return self._row

    def _write(self, taken: Taken, error: RowError) -> None:
        if self.folder is None:
            return
        if self._book is None:
            name = rejected.file_name(id_of(self._begun()), self.reading.path.name)
            self._book = rejected.RejectedBook(self.folder / name)
        marked = rejected.bad_columns(taken.mapping, error)
        self._book.write(
            taken.table.name, taken.mapping, taken.row.line, taken.row.cells, marked, error.reason
        )


def _ending(error: BaseException) -> tuple[imports.ImportStatus, str]:
    """Status and message of an import that failed."""
    if isinstance(error, PatentDockError):
        return imports.ImportStatus.FAILED, str(error)
    if isinstance(error, Exception):
        return imports.ImportStatus.FAILED, "程序内部出错。已写入的行保留，请重新导入同一文件或撤销这次导入"
    return imports.ImportStatus.INTERRUPTED, imports.INTERRUPTED
