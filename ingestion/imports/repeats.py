"""A file that was imported before, on a catalogue that has not changed since: its result is known without reading it."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path

from catalog.db import Database
from catalog.imports import imports
from catalog.imports.imports import ColumnUse
from catalog.kit.paging import PageQuery
from catalog.registers import repeats as import_repeats
from ingestion.columns.mappings import SavedMapping
from ingestion.imports import rejected
from ingestion.imports.report import MOST_REFUSALS, ImportReport, Refusal
from ingestion.records.classification import Classifier


@dataclass(frozen=True, slots=True)
class Reading:
    """A file, the kind of its records, and the way in which it is read."""

    path: Path
    kind: str
    file_hash: str
    way: str
    program: str
    source: str = ""


def hash_of(path: Path) -> str:
    """SHA-256 of the file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def reading_of(path: Path, kind: str, classifier: Classifier, mapping: SavedMapping | None) -> Reading:
    """How a file is read: `way` is all besides file and catalogue that decides what an import does, `program` all that
    decides what one row of cells says.
    """
    program = f"{_program()}\n{classifier.fingerprint}"
    way = "\n".join([program, repr(mapping), date.today().isoformat()])
    return Reading(path, kind, hash_of(path), way, program, mapping.source if mapping else "")


@cache
def _program() -> str:
    """A hash of the code and the reference data that read and store records."""
    digest = hashlib.sha256()
    ingestion, catalog = files("ingestion"), files("catalog")
    for folder in (ingestion, ingestion / "identifiers", catalog, catalog / "refdata"):
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
            if entry.name.endswith((".py", ".toml", ".csv")):
                digest.update(entry.read_bytes())
    return digest.hexdigest()


def known_result(database: Database, reading: Reading, actor: str, folder: Path) -> ImportReport | None:
    """The report of an import whose result is known, noted as an import of its own; None where it is not."""
    with database.read() as session:
        state = import_repeats.state(session, reading.way)
        earlier = import_repeats.same(session, reading.kind, reading.file_hash, state)
    book = rejected.find(folder, earlier.id or 0) if earlier else None
    if earlier is None or (earlier.rejected and book is None):
        return None
    note = f"与第 {earlier.id} 次导入的文件相同，其后数据没有变化，全部沿用那次的结果"
    with database.write() as session:
        row = imports.start(
            session, reading.kind, reading.path.name, reading.file_hash, actor, source=reading.source
        )
        row.columns, row.preview = earlier.columns, earlier.preview
        import_repeats.repeat(session, row, earlier)
        row.state = state
        imports.finish(session, row, message="\n".join(filter(None, [note, earlier.message])))
        refused = imports.rejected(session, row.id or 0, PageQuery(size=MOST_REFUSALS)).rows
    report = ImportReport(reading.kind, row.file_name, row.id, row.rows, 0, 0, row.unchanged, row.rejected)
    report.mapping, report.messages = dict(row.mapping), row.message.split("\n")
    report.columns = [ColumnUse.model_validate(use) for use in row.columns]
    report.preview, report.source = row.preview, row.source
    report.refusals = [Refusal(r.sheet, r.line, r.field, r.value, r.reason) for r in refused]
    if book:
        report.rejected_file = folder / rejected.file_name(row.id or 0, row.file_name)
        shutil.copyfile(book, report.rejected_file)
    return report
