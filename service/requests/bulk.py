"""Many records in one call (批量登记): an import of records as callers write them, each reported on by itself."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import Field, SkipValidation

from catalog.db import Session
from catalog.demand import enterprises
from catalog.kit.base import Schema
from catalog.kit.days import beijing_today
from catalog.kit.errors import NotFound, PatentDockError, RecordExists
from catalog.reference import places
from ingestion.columns.headers import vocabulary
from ingestion.columns.mappings import SavedMapping
from ingestion.imports.importer import RowTerms, import_file
from ingestion.imports.queue import Queued
from ingestion.imports.report import ImportReport, RowOutcome
from ingestion.values.cells import is_blank
from service.requests.field_problems import InvalidFields, sentence, validated
from service.requests.records import EnterpriseInput, NeedInput, PatentInput, RecordInput, problem_of_cell
from service.requests.single.kinds import SINGLE_KINDS
from service.requests.types import BulkMode

if TYPE_CHECKING:
    from service.installation.runtime import Runtime

MOST_RECORDS = 1000
NAME = "REST 批量"
_STATUS = {"rejected": "refused"}

InputT = TypeVar("InputT", bound=RecordInput)


class BulkRequest(Schema, Generic[InputT]):
    """Records of one kind. They are checked one by one, when they are stored."""

    records: list[SkipValidation[InputT]] = Field(
        min_length=1,
        max_length=MOST_RECORDS,
        description="至多 1,000 条记录，内容与登记一条时相同；有误的只影响自身",
    )
    mode: BulkMode = Field(default=BulkMode.UPSERT, description="系统中已有的记录如何处理")
    dry_run: bool = Field(default=False, strict=True, description="只检查并报告，不写入")


class PatentsBulk(BulkRequest[PatentInput]):
    """Patents in one call."""


class NeedsBulk(BulkRequest[NeedInput]):
    """Needs in one call."""


class EnterprisesBulk(BulkRequest[EnterpriseInput]):
    """Enterprises in one call."""


@dataclass(frozen=True, slots=True)
class BulkItem:
    """The outcome of the record on a place: its status, the stored record, and the error that kept it from being stored."""

    index: int
    status: str
    id: int | None
    error: PatentDockError | None
    notes: list[str]


@dataclass(frozen=True, slots=True)
class BulkReport:
    """The report of the import that a call is, and of each record in order."""

    report: ImportReport
    items: list[BulkItem]


@dataclass(frozen=True, slots=True)
class Sender:
    """The caller of a bulk request; `has_left` says whether the connection is closed."""

    name: str
    has_left: Callable[[], bool] = lambda: False


def store_records(runtime: Runtime, sender: Sender, kind: str, request: BulkRequest[Any]) -> BulkReport:
    """Imports the records of a request as a file of them would be, strictly as single records.

    Raises QueueFull, LeftQueue for a caller that has left before its turn came, and NotReady.
    """
    rows = _Rows(kind)
    with runtime.database.read() as session:
        for raw in request.records:
            rows.add(session, raw)
    turn = runtime.import_queue.turn(
        Queued(file_name=NAME, kind=kind, actor=sender.name), has_left=sender.has_left
    )
    with (
        _written(runtime.settings.uploads_dir, rows.lines) as path,
        nullcontext() if request.dry_run else turn,
    ):
        report = import_file(
            runtime.database,
            path,
            kind,
            actor=sender.name,
            today=beijing_today(),
            places=places.load(runtime.settings.data),
            rejected_dir=runtime.settings.rejected_dir,
            dry_run=request.dry_run,
            mapping=rows.mapping,
            terms=RowTerms(
                strict=True, only_new=request.mode is BulkMode.CREATE, by_row=True, refused=rows.refused
            ),
        )
    outcomes = [report.outcomes[line] for line in range(1, len(request.records) + 1)]
    return BulkReport(report, [_item(kind, one, rows.errors, dry_run=request.dry_run) for one in outcomes])


@dataclass
class _Rows:
    """The lines of a file of records, and the errors of those that no record can be made of, by line."""

    kind: str
    lines: list[str] = field(default_factory=list)
    errors: dict[int, InvalidFields] = field(default_factory=dict)

    @property
    def mapping(self) -> SavedMapping:
        """The columns of the lines, which have the labels of their roles as names."""
        return SavedMapping(NAME, self.kind, {role: [label] for role, label in self._labels.items()})

    @property
    def refused(self) -> dict[int, str]:
        """The reasons of the errors."""
        return {line: "；".join(map(sentence, error.fields)) for line, error in self.errors.items()}

    def add(self, session: Session, raw: Any) -> None:
        """A record as it came; one that is malformed is written as far as it can be shown."""
        try:
            cells = _cells(session, SINGLE_KINDS[self.kind].model, raw)
        except InvalidFields as error:
            self.errors[len(self.lines) + 1] = error
            cells = raw if isinstance(raw, dict) else {}
        line = {label: cells.get(role) for role, label in self._labels.items()}
        if all(map(is_blank, line.values())):
            # A row that holds nothing is none.
            line[next(iter(self._labels.values()))] = json.dumps(raw, ensure_ascii=True)
        self.lines.append(json.dumps(line, ensure_ascii=True))

    @cached_property
    def _labels(self) -> dict[str, str]:
        known, written = vocabulary(self.kind).roles, SINGLE_KINDS[self.kind].model.model_fields
        return {role: known[role].label for role in written if role in known}


def _cells(session: Session, model: type[RecordInput], raw: Any) -> dict[str, Any]:
    """The cells of a record by role. Raises InvalidFields."""
    cells: dict[str, Any] = validated(model, raw).cells()
    id_ = cells.pop("enterprise_id", None)
    if id_ is not None:
        try:
            cells["enterprise"] = enterprises.get(session, int(id_)).name
        except NotFound as error:
            raise InvalidFields([problem_of_cell("needs", "enterprise_id", id_, error.message)]) from error
    return cells


@contextmanager
def _written(folder: Path, lines: Sequence[str]) -> Iterator[Path]:
    """The lines as a file of records, removed at the end."""
    own = folder / secrets.token_hex(8)
    own.mkdir(parents=True)
    try:
        path = own / f"{NAME}.jsonl"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        yield path
    finally:
        shutil.rmtree(own, ignore_errors=True)


def _item(kind: str, row: RowOutcome, errors: dict[int, InvalidFields], *, dry_run: bool) -> BulkItem:
    # A dry run gives new records ids that it takes back.
    is_stored = row.status in ("changed", "unchanged") or (row.status == "new" and not dry_run)
    return BulkItem(
        row.line - 1,
        _STATUS.get(row.status, row.status),
        row.record_id if is_stored else None,
        errors.get(row.line) or _error(kind, row),
        row.notes,
    )


def _error(kind: str, row: RowOutcome) -> PatentDockError | None:
    if row.claim is not None:
        claim = row.claim
        return RecordExists(
            f"{claim.field} {claim.number} 已登记为{claim.stored}，本条为{claim.subject}；未写入，待决定采用哪一条",
            hint="请在 GET /api/v1/conflicts 中查看并决定",
            existing_id=claim.record_id,
        )
    if row.error is None:
        return None
    if row.record_id:
        return RecordExists(row.error.message, hint=row.error.hint, existing_id=row.record_id)
    if not row.error.field:
        return row.error
    problem = problem_of_cell(kind, row.error.field, row.error.value, row.error.reason)
    return InvalidFields([problem], hint=row.error.hint)
