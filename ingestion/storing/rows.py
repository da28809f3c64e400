"""Rows of a file during an import, and the interface that stores batches of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

from catalog.db import Session
from catalog.imports.conflicts import Claim
from ingestion.columns.recognition import Mapping
from ingestion.errors import RowError
from ingestion.readers.sheets import Row
from ingestion.records.classification import Classifier
from ingestion.records.fields import Circumstances, Fate, Fields
from ingestion.storing.tables import SheetTable

Keys = list[tuple[str, str | None]]
"""What identifies a record within its file, each with the label of its field."""

Remarks = list[tuple[str, str]]
"""A remark on a row: a message and an example."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The origin of records: the import, its file, who imports it, and all that decides how its rows are read."""

    import_id: int
    file_name: str
    actor: str
    is_demo: bool
    today: date
    program: str


@dataclass(slots=True)
class Taken:
    """A row during an import.

    Once read, it has a `record`, `notes` of corrections and the `fates` of roles that were not simply read; once stored, an
    `outcome` (new, changed, unchanged, waiting) and `remarks`; at either step an `error` rejects it. With a `claim` it is in
    conflict with a stored record. `patent_id` is the patent to which it is known to add nothing, otherwise 0. Without a
    `mark` it is not remembered. `number` is that of the row in the whole file, where its store counts them,
    `record_id` that of the stored record which it means, where that is looked up.
    """

    table: SheetTable
    mapping: Mapping
    row: Row
    record: Any = None
    notes: Remarks = field(default_factory=list)
    fates: dict[str, Fate] = field(default_factory=dict)
    error: RowError | None = None
    outcome: str = ""
    remarks: Remarks = field(default_factory=list)
    mark: bytes = b""
    patent_id: int = 0
    number: int = 0
    record_id: int = 0
    claim: Claim | None = None

    @property
    def unread(self) -> bool:
        """Whether it was neither read nor refused."""
        return self.record is None and self.error is None


@dataclass(frozen=True, slots=True)
class RowReader:
    """Makes records of rows; `build` is that of their kind."""

    build: Callable[[Fields, Classifier], Any]
    classifier: Classifier
    circumstances: Circumstances

    def read(self, taken: Taken) -> None:
        """Give a row its record, or the error that refuses it."""
        try:
            if taken.row.problem:
                raise RowError("", "", taken.row.problem)
            fields = taken.table.fields(taken.row, taken.mapping, self.circumstances)
            taken.record = self.build(fields, self.classifier)
        except RowError as error:
            taken.error = error
            taken.mark = b""
            return
        taken.notes, taken.fates = fields.notes, fields.fates
        if taken.notes or taken.fates:
            taken.mark = b""

    def read_all(self, some: Iterable[Taken]) -> None:
        """Read those of these rows that are unread."""
        for taken in some:
            if taken.unread:
                self.read(taken)


class Store(Protocol):
    """Stores the batches of one import in the catalogue, one after the other.

    `quick` means that reading the next batch takes negligible time, so that one transaction covers both. Rows that a later
    one contradicted are `contradicted` when all are stored; they are read once more and taken back.
    """

    quick: bool

    def take(self, batch: list[Taken]) -> None:
        """Do what needs no catalogue."""

    def read(self, session: Session, batch: list[Taken]) -> None:
        """Reads the rows that may contain something new."""

    def store(self, session: Session, batch: list[Taken]) -> None:
        """Store the batch: every row gets an outcome or an error."""

    def contradicted(self) -> dict[int, str]:
        """The outcomes so far of rows that another row of the file contradicted later, by number."""

    def take_back(self, session: Session, rows: dict[int, Taken]) -> None:
        """Take those rows, by number, out of the catalogue: every one gets an error. Raises UnreadableFile for other rows."""

    def close(self, session: Session) -> None:
        """End the import."""
