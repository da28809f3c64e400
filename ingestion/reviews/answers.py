"""Answers of holders (盘点答复): reading the filled workbooks of the yearly review.

Disposition (处置意见), prospect (产业化前景) and use (运用情况) become recorded facts with the day and the file they came from;
prospect and use count in the next screening. A row without any answer is left as it is; a bad row stores nothing and is reported.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from pathlib import Path
from typing import TypeVar

from catalog.db import Database, Session
from catalog.imports import imports
from catalog.imports.imports import RejectedRow
from catalog.kit.base import id_of
from catalog.kit.terms import Disposition, FactKind, Prospect, Term
from catalog.supply import facts, patents
from catalog.supply.facts import FactCreate
from ingestion.errors import NotARegister, RowError
from ingestion.identifiers import application_number
from ingestion.identifiers.errors import InvalidIdentifier
from ingestion.readers import readers
from ingestion.reviews.workbook import ANSWERS, NOT_USED, USES
from ingestion.values.cells import Cell, text

TermT = TypeVar("TermT", bound=Term)

KIND = "answers"
NUMBER, SYSTEM_ID, REMARK = "申请号", "系统编号", "备注"
DISPOSITION, PROSPECT, USE = ANSWERS
HEADER_ROWS = 20
BATCH = 500
MAX_REMARK = 2000
MAX_SOURCE = 300
MAX_ID_DIGITS = 9
ANY_DAY = date.max
"""What is looked up in the catalogue is there or not, whatever its year."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of a holder for one patent."""

    disposition: Disposition | None
    prospect: Prospect | None
    use: str
    remark: str


@dataclass(frozen=True, slots=True)
class RefusedAnswer:
    """A row that cannot be accepted: where it stands, which cell, and why."""

    sheet: str
    line: int
    field: str
    value: str
    reason: str
    cells: dict[str, str]


@dataclass(slots=True)
class AnswerReport:
    """The outcome of a workbook: rows = new + changed + unchanged + blank + rejected."""

    import_id: int
    file_name: str
    rows: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    blank: int = 0
    rejected: list[RefusedAnswer] = field(default_factory=list)


@dataclass(slots=True)
class _Line:
    sheet: str
    line: int
    cells: dict[str, Cell]

    def bad(self, error: RowError) -> RefusedAnswer:
        cells = {name: text(cell) for name, cell in self.cells.items() if name}
        return RefusedAnswer(self.sheet, self.line, error.field, error.value, error.reason, cells)


@dataclass(frozen=True, slots=True)
class _Given:
    line: int
    answer: Answer


@dataclass(frozen=True, slots=True)
class _Known:
    by_number: dict[str, int]
    ids: set[int]


def import_answers(database: Database, path: Path, answered_on: date, *, actor: str = "") -> AnswerReport:
    """Store the answers of a filled workbook as of `answered_on`; the same workbook again changes nothing.

    All or nothing for the file as such: raises UnreadableFile and NotARegister before anything is written.
    """
    lines = list(_lines(path))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    with database.write() as session:
        record = imports.start(session, KIND, path.name, digest, actor)
        report = AnswerReport(id_of(record), path.name, rows=len(lines))
        seen: dict[int, _Given] = {}
        for start in range(0, len(lines), BATCH):
            _take(session, lines[start : start + BATCH], seen, answered_on, report)
        _record(session, record, report)
    return report


def _lines(path: Path) -> Iterator[_Line]:
    """The rows below the header on every sheet that has one. Raises NotARegister when none has."""
    headed = False
    for sheet in readers.read(path):
        header: list[str] = []
        for place, row in enumerate(sheet.rows):
            if not header:
                header = _header(row.cells)
                headed = headed or bool(header)
                if place >= HEADER_ROWS and not header:
                    break
            elif any(text(cell) for cell in row.cells):
                yield _Line(sheet.name, row.line, dict(zip(header, row.cells, strict=False)))
    if not headed:
        raise NotARegister(
            f"文件 {path.name} 不是年度盘点表",
            hint=f"需要有“{NUMBER}”或“{SYSTEM_ID}”列，以及“{'”或“'.join(ANSWERS)}”列；请使用导出的盘点表填写",
        )


def _header(cells: list[Cell]) -> list[str]:
    names = ["".join(text(cell).split()) for cell in cells]
    fits = {NUMBER, SYSTEM_ID} & set(names) and ANSWERS.keys() & set(names)
    return names if fits else []


def _take(
    session: Session, lines: list[_Line], seen: dict[int, _Given], answered_on: date, report: AnswerReport
) -> None:
    known = _known(session, lines)
    records: list[FactCreate] = []
    sizes: list[int] = []
    for line in lines:
        try:
            answer = _answer(line.cells)
            if answer is None:
                report.blank += 1
                continue
            patent_id = _patent(line.cells, known)
            first = seen.setdefault(patent_id, _Given(line.line, answer))
            if first.answer != answer:
                raise RowError(
                    NUMBER, text(line.cells.get(NUMBER)), f"与第 {first.line} 行是同一件专利，答复却不同"
                )
        except RowError as error:
            report.rejected.append(line.bad(error))
            continue
        stored = _facts_of(patent_id, answer, answered_on, report.file_name)
        records += stored
        sizes.append(len(stored))
    outcomes = iter(facts.store(session, _as_answered_first(session, records), import_id=report.import_id))
    for size in sizes:
        _count(report, list(islice(outcomes, size)))


def _answer(cells: dict[str, Cell]) -> Answer | None:
    """The answer in the row, None where it is left blank. Raises RowError."""
    disposition = _choice(Disposition, DISPOSITION, cells)
    prospect = _choice(Prospect, PROSPECT, cells)
    use = text(cells.get(USE))
    if use and use not in ANSWERS[USE]:
        raise RowError(USE, use, f"{USE}应为：{'、'.join(ANSWERS[USE])}")
    remark = text(cells.get(REMARK))
    if len(remark) > MAX_REMARK:
        raise RowError(REMARK, remark, f"备注有 {len(remark)} 字，最多 {MAX_REMARK} 字")
    if disposition is None and prospect is None and not use:
        if remark:
            raise RowError(REMARK, remark, f"只填了备注，请同时填写{DISPOSITION}、{PROSPECT}或{USE}")
        return None
    return Answer(disposition, prospect, use, remark)


def _choice(terms: type[TermT], name: str, cells: dict[str, Cell]) -> TermT | None:
    value = text(cells.get(name))
    if not value:
        return None
    try:
        return terms.parse(value)
    except ValueError as error:
        raise RowError(name, value, f"{name}应为：{'、'.join(ANSWERS[name])}") from error


def _known(session: Session, lines: list[_Line]) -> _Known:
    numbers, systems = [], []
    for line in lines:
        number, system = text(line.cells.get(NUMBER)), text(line.cells.get(SYSTEM_ID))
        if application_number.is_valid(number):
            numbers.append(application_number.validate(number, today=ANY_DAY))
        if _is_id(system):
            systems.append(int(system))
    return _Known(patents.ids_of(session, numbers), patents.existing(session, systems))


def _is_id(system: str) -> bool:
    return system.isdecimal() and len(system) <= MAX_ID_DIGITS


def _patent(cells: dict[str, Cell], known: _Known) -> int:
    """The patent a row refers to. Raises RowError when it is unknown or its two numbers disagree."""
    number, system = text(cells.get(NUMBER)), text(cells.get(SYSTEM_ID))
    by_system = int(system) if _is_id(system) and int(system) in known.ids else None
    if system and by_system is None:
        raise RowError(SYSTEM_ID, system, "系统中没有此系统编号的专利；请勿改动导出表中的系统编号")
    if not number:
        if by_system is None:
            raise RowError(NUMBER, "", "没有申请号，也没有系统编号，无法确定是哪件专利")
        return by_system
    try:
        by_number = known.by_number.get(application_number.validate(number, today=ANY_DAY))
    except InvalidIdentifier as error:
        raise RowError(NUMBER, number, str(error)) from error
    if by_number is None:
        raise RowError(NUMBER, number, "系统中没有此申请号的专利；请先导入该专利")
    if by_system not in (None, by_number):
        raise RowError(NUMBER, number, f"申请号与系统编号 {system} 不是同一件专利")
    return by_number


def _facts_of(patent_id: int, answer: Answer, answered_on: date, file_name: str) -> list[FactCreate]:
    """The facts in an answer; a use is known by its kind alone, for the holder does not state its beginning."""
    given: list[tuple[FactKind, str, date | None]] = []
    if answer.disposition:
        given.append((FactKind.DISPOSITION, answer.disposition.value, answered_on))
    if answer.prospect:
        given.append((FactKind.SELF_RATING, answer.prospect.value, answered_on))
    if answer.use == NOT_USED:
        given += [(FactKind.NO_RECORD, kind.value, answered_on) for kind in USES.values()]
    elif answer.use:
        given.append((USES[answer.use], "", None))
    return [
        FactCreate(
            patent_id=patent_id,
            kind=kind,
            value=value,
            happened_on=day,
            note=answer.remark,
            source=f"年度盘点表 {file_name}"[:MAX_SOURCE],
        )
        for kind, value, day in given
    ]


def _as_answered_first(session: Session, records: list[FactCreate]) -> list[FactCreate]:
    """The same answer of the same workbook, imported once more on a later day, is no other answer."""
    ids = [record.patent_id for record in records if record.kind is FactKind.NO_RECORD]
    known = facts.of_patents(session, ids, kinds=[FactKind.NO_RECORD])
    days = {
        (row.patent_id, row.value, row.source): row.happened_on for rows in known.values() for row in rows
    }
    return [
        record.model_copy(update={"happened_on": days[key]})
        if record.kind is FactKind.NO_RECORD
        and (key := (record.patent_id, record.value, record.source)) in days
        else record
        for record in records
    ]


def _count(report: AnswerReport, outcomes: list[str]) -> None:
    for outcome in ("changed", "new", "unchanged"):
        if outcome in outcomes:
            setattr(report, outcome, getattr(report, outcome) + 1)
            return


def _record(session: Session, record: imports.Import, report: AnswerReport) -> None:
    """Stores the counts with the import; blank rows changed nothing and count as unchanged there."""
    record.rows, record.new, record.changed = report.rows, report.new, report.changed
    record.unchanged, record.rejected = report.unchanged + report.blank, len(report.rejected)
    imports.reject(
        session,
        [
            RejectedRow(
                import_id=report.import_id,
                sheet=bad.sheet,
                line=bad.line,
                field=bad.field,
                value=bad.value,
                reason=bad.reason,
                cells=bad.cells,
            )
            for bad in report.rejected
        ],
    )
    imports.finish(session, record)
