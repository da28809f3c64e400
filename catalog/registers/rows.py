"""Markers of unchanged register rows (导入行的标记): the content of each row when it was last read, and its patent.

A mark is a digest of the cells of a row. While neither the patent, nor its recorded facts, nor anything else that
determines the outcome of a row has changed since, the same row again changes nothing and need not be read. All else is
the `era`: program, segment catalogue, merged holders, undone imports. Only rows that name their patent by a number are
kept: the meaning of a title alone depends on all other patents.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, LargeBinary, delete, func, or_, select
from sqlmodel import Field, Session, SQLModel, col

from catalog.imports.imports import Import, ImportStatus
from catalog.kit.base import UtcDateTime, chunks, table_of
from catalog.kit.bulk import insert_rows, rows_in
from catalog.segments import segments
from catalog.supply.facts import Fact
from catalog.supply.holder_merges import HolderMerge
from catalog.supply.patents import Patent

MARK_BYTES = 16


class ImportedRow(SQLModel, table=True):
    """The outcome of a row: the patent it refers to and the time of change of that patent, to which the row adds nothing."""

    __tablename__ = "imported_rows"
    # As with import_changes: without a hidden row number the rows stand in the key itself.
    __table_args__ = ({"sqlite_with_rowid": False},)

    era: int = Field(sa_type=BigInteger, primary_key=True)
    mark: bytes = Field(sa_type=LargeBinary(MARK_BYTES), primary_key=True)
    # No foreign key: a patent that is gone, or whose number another took, has no such stamp.
    patent_id: int
    stamp: datetime = Field(sa_type=UtcDateTime)
    facts: int = 0
    facts_stamp: datetime | None = Field(default=None, sa_type=UtcDateTime)


class FactState(NamedTuple):
    """The number of recorded facts of a patent, and the time at which the last of them changed."""

    number: int = 0
    stamp: datetime | None = None


class Seen(NamedTuple):
    """A row on its way to the table; `facts` is not given where the row states none."""

    mark: bytes
    patent_id: int
    stamp: datetime
    facts: FactState = FactState()


def era(session: Session, program: str) -> int:
    """A number for everything but the rows and their patents that determines what rows mean; `program` stands for the code."""
    catalogue = segments.catalogue(session)
    merges = select(func.count(), func.max(col(HolderMerge.id)), func.max(col(HolderMerge.updated_at)))
    undone = select(func.count(), func.max(col(Import.updated_at))).where(
        col(Import.status) == ImportStatus.UNDONE.value
    )
    parts: list[Any] = [program, catalogue.version, catalogue.updated_at, catalogue.reclassified_to is None]
    parts += [*session.execute(merges).one(), *session.execute(undone).one()]
    digest = hashlib.sha256(repr(parts).encode()).digest()
    return int.from_bytes(digest[:8], signed=True)


def unchanged(session: Session, era: int, marks: Sequence[bytes]) -> dict[bytes, int]:
    """Ids of the patents to which the rows of these marks add nothing, by mark; rows not known to are left out."""
    rows, patents = table_of(ImportedRow), table_of(Patent)
    same = (patents.c.id == rows.c.patent_id) & (patents.c.updated_at == rows.c.stamp)
    query = select(rows.c.mark, rows.c.patent_id, rows.c.facts).join(patents, same).where(rows.c.era == era)
    found: dict[bytes, int] = {}
    stating: list[bytes] = []
    for mark, patent_id, number in rows_in(session, query, rows.c.mark, marks):
        found[mark] = patent_id
        if number:
            stating.append(mark)
    for mark in _with_other_facts(session, era, {mark: found[mark] for mark in stating}):
        del found[mark]
    return found


def _with_other_facts(session: Session, era: int, patents: dict[bytes, int]) -> list[bytes]:
    """The marks of rows whose patents have other facts by now than when the rows were read."""
    then: dict[bytes, FactState] = {}
    for chunk in chunks(list(patents)):
        query = select(col(ImportedRow.mark), col(ImportedRow.facts), col(ImportedRow.facts_stamp)).where(
            col(ImportedRow.era) == era, col(ImportedRow.mark).in_(chunk)
        )
        then.update((mark, FactState(number, stamp)) for mark, number, stamp in session.execute(query))
    now = fact_states(session, list(patents.values()))
    return [mark for mark, patent_id in patents.items() if now.get(patent_id) != then.get(mark)]


def fact_states(session: Session, patent_ids: Sequence[int]) -> dict[int, FactState]:
    """The state of the recorded facts of these patents, by id; patents without any are left out."""
    states: dict[int, FactState] = {}
    for chunk in chunks(sorted(set(patent_ids))):
        query = (
            select(col(Fact.patent_id), func.count(), func.max(col(Fact.updated_at)))
            .where(col(Fact.patent_id).in_(chunk))
            .group_by(col(Fact.patent_id))
        )
        states.update((id_, FactState(count, stamp)) for id_, count, stamp in session.execute(query))
    return states


def keep(session: Session, era: int, rows: Sequence[Seen]) -> None:
    """Note that these rows add nothing to their patents as they are now."""
    values = [(era, row.mark, row.patent_id, row.stamp, *row.facts) for row in rows]
    insert_rows(session, table_of(ImportedRow), tuple(ImportedRow.model_fields), values, replacing=True)


def forget_others(session: Session, era: int) -> None:
    """Deletes the marks of other eras, which can no longer match."""
    known = col(ImportedRow.era)
    session.execute(delete(ImportedRow).where(or_(known < era, known > era)))
