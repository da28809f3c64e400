"""Repeated imports (重复导入): the same file on an unchanged catalogue needs not be read again.

An import keeps a mark of the state in which it left the catalogue. Where the file, the way of reading it and that state
are the same, the result is known: what was stored then is unchanged now, what was rejected then is rejected again.
"""

import hashlib
from typing import Any

from sqlalchemy import func, insert, select
from sqlmodel import Session, SQLModel, col

from catalog.imports.imports import Import, ImportStatus, RejectedRow
from catalog.kit.base import table_of
from catalog.segments import segments

TABLES = ("patents", "holders", "enterprises", "needs", "licences", "patent_facts", "deals")


def state(session: Session, reading: str) -> str:
    """A mark of the state of all records and of the way of reading files (`reading`), equal only where both are."""
    catalogue = segments.catalogue(session)
    parts: list[Any] = [reading, catalogue.updated_at, catalogue.reclassified_to is None]
    for name in TABLES:
        table = SQLModel.metadata.tables[name]
        # Additions show in the count or the highest id, changes in the latest moment, removals in the count.
        query = select(func.count(), func.max(table.c.id), func.max(table.c.updated_at))
        parts += session.execute(query).one()
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def same(session: Session, kind: str, file_hash: str, state_now: str) -> Import | None:
    """The finished import of the same file that left the catalogue as it is now."""
    query = (
        select(Import)
        .where(col(Import.file_hash) == file_hash, col(Import.kind) == kind, col(Import.state) == state_now)
        .where(col(Import.status) == ImportStatus.FINISHED.value)
        .order_by(col(Import.id).desc())
        .limit(1)
    )
    found: Import | None = session.execute(query).scalar_one_or_none()
    return found


def repeat(session: Session, row: Import, earlier: Import) -> None:
    """Give an import the result of an earlier one of the same file on the same catalogue."""
    row.rows, row.rejected, row.mapping = earlier.rows, earlier.rejected, dict(earlier.mapping)
    row.unchanged = earlier.rows - earlier.rejected
    table = table_of(RejectedRow)
    names = [column.name for column in table.columns if column.name not in ("id", "import_id")]
    query = (
        select(*(table.c[name] for name in names)).where(table.c.import_id == earlier.id).order_by(table.c.id)
    )
    copies = [dict(values) | {"import_id": row.id} for values in session.execute(query).mappings()]
    if copies:
        session.execute(insert(RejectedRow), copies)
    session.flush()
