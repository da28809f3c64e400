"""Imports (导入): what file was read when, what became of its rows, and every row that was refused."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, Text, select
from sqlmodel import Field, Session, SQLModel, col

from catalog.base import PageQuery, Rows, Timestamps, UtcDateTime, now, paginate
from catalog.errors import NotFound


class ImportStatus(StrEnum):
    """Where an import stands."""

    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    UNDONE = "undone"


class Import(Timestamps, table=True):
    """One file that was imported, with the counts of its rows: rows = new + changed + unchanged + rejected."""

    __tablename__ = "imports"

    id: int | None = Field(default=None, primary_key=True)
    kind: str = Field(max_length=16, index=True)
    file_name: str = Field(max_length=300)
    file_hash: str = Field(max_length=64, index=True)
    actor: str = Field(default="", max_length=100)
    state: str = Field(
        default="",
        max_length=64,
        sa_column_kwargs={"server_default": ""},
        description="how the import left the catalogue",
    )
    status: str = Field(default=ImportStatus.RUNNING.value, max_length=16)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    rows: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0
    mapping: dict[str, str] = Field(default_factory=dict, sa_type=JSON)
    message: str = Field(default="", sa_type=Text)


class RejectedRow(SQLModel, table=True):
    """A row that was refused, with the reason and its original cells."""

    __tablename__ = "rejected_rows"

    id: int | None = Field(default=None, primary_key=True)
    import_id: int = Field(foreign_key="imports.id", index=True)
    sheet: str = Field(default="", max_length=200)
    line: int
    field: str = Field(default="", max_length=100)
    value: str = Field(default="", sa_type=Text)
    reason: str = Field(sa_type=Text)
    cells: dict[str, str] = Field(default_factory=dict, sa_type=JSON)


class RejectedPublic(SQLModel):
    """A refused row as shown to users."""

    sheet: str
    line: int
    field: str
    value: str
    reason: str
    cells: dict[str, str]


class ImportPublic(SQLModel):
    """An import as shown to users."""

    id: int
    kind: str
    file_name: str
    file_hash: str
    actor: str
    status: str
    created_at: datetime
    finished_at: datetime | None
    rows: int
    new: int
    changed: int
    unchanged: int
    rejected: int
    mapping: dict[str, str]
    message: str


def public(row: Import) -> ImportPublic:
    """The import as shown to users."""
    return ImportPublic.model_validate(row, from_attributes=True)


def start(session: Session, kind: str, file_name: str, file_hash: str, actor: str) -> Import:
    """Note that the import of a file begins."""
    row = Import(kind=kind, file_name=file_name, file_hash=file_hash, actor=actor)
    session.add(row)
    session.flush()
    return row


def finish(session: Session, row: Import, *, failed: str | None = None, message: str = "") -> None:
    """Note that the import has ended, well (with what was noticed as `message`) or with the message `failed`."""
    row.status = ImportStatus.FAILED.value if failed else ImportStatus.FINISHED.value
    row.message = failed or message
    row.finished_at = row.updated_at = now()
    session.add(row)
    session.flush()


def get(session: Session, import_id: int) -> Import:
    """The import `import_id`. Raises NotFound."""
    row = session.get(Import, import_id)
    if row is None:
        raise NotFound(f"没有编号为 {import_id} 的导入记录")
    return row


def page(session: Session, wanted: PageQuery, *, kind: str | None = None) -> Rows[Import]:
    """Imports, of one kind if asked."""
    query = select(Import)
    if kind:
        query = query.where(col(Import.kind) == kind)
    return paginate(session, query, wanted, {"id": Import.id, "created_at": Import.created_at}, "-id")


def reject(session: Session, rows: Sequence[RejectedRow]) -> None:
    """Store refused rows."""
    session.add_all(rows)
    session.flush()


def rejected(session: Session, import_id: int, wanted: PageQuery) -> Rows[RejectedRow]:
    """The refused rows of an import in the order of the file."""
    query = select(RejectedRow).where(col(RejectedRow.import_id) == import_id)
    return paginate(session, query, wanted, {"id": RejectedRow.id, "line": RejectedRow.line}, "id")
