"""Imports (导入): the file and time of each, the outcome of its rows, and every rejected row."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, Text, select
from sqlmodel import Field, Session, SQLModel, col

from catalog.imports.columns import FileColumn
from catalog.kit.base import Stamps, Timestamps, UtcDateTime, id_of, now, table_of
from catalog.kit.errors import NotFound
from catalog.kit.paging import PageQuery, Rows, Sorts, paginate
from catalog.kit.processes import is_alive, this_process
from catalog.kit.terms import Term
from catalog.webhooks.events import IMPORT_FINISHED
from catalog.webhooks.outbox import announce

# An import on another machine that has stored nothing for so long is taken to be dead.
SILENT = timedelta(hours=1)
INTERRUPTED = "已中断：导入的程序中途被终止。已写入的行保留，请重新导入同一文件续完，或撤销这次导入"


class ImportStatus(Term):
    """The status of an import (导入状态)."""

    RUNNING = "running", "进行中"
    FINISHED = "finished", "完成"
    FAILED = "failed", "失败"
    INTERRUPTED = "interrupted", "已中断"
    UNDONE = "undone", "已撤销"


class Import(Timestamps, table=True):
    """One file that was imported, with the counts of its rows: rows = new + changed + unchanged + rejected + waiting."""

    __tablename__ = "imports"

    id: int | None = Field(default=None, primary_key=True)
    kind: str = Field(max_length=16, index=True)
    file_name: str = Field(max_length=300)
    file_hash: str = Field(max_length=64, index=True)
    actor: str = Field(default="", max_length=100)
    source: str = Field(default="", max_length=200, sa_column_kwargs={"server_default": ""})
    process: str = Field(default="", max_length=300, sa_column_kwargs={"server_default": ""})
    status: str = Field(default=ImportStatus.RUNNING.value, max_length=16)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    rows: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0
    waiting: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    places_version: str = Field(default="", max_length=64, sa_column_kwargs={"server_default": ""})
    columns: list[dict[str, Any]] = Field(
        default_factory=list, sa_type=JSON, sa_column_kwargs={"server_default": "[]"}
    )
    preview: list[dict[str, str]] = Field(
        default_factory=list, sa_type=JSON, sa_column_kwargs={"server_default": "[]"}
    )
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

    sheet: str = Field(description="工作表；不分工作表的文件为空")
    line: int = Field(description="行号")
    field: str = Field(description="有问题的列")
    value: str = Field(description="单元格的内容")
    reason: str = Field(description="退回的原因")
    cells: dict[str, str] = Field(description="这一行的原始单元格，按列名")


class ImportPublic(Stamps):
    """An import as shown to users."""

    id: int = Field(description="导入的编号")
    kind: str = Field(description="记录种类")
    file_name: str = Field(description="文件名")
    file_hash: str = Field(description="文件内容的 SHA-256")
    actor: str = Field(description="操作者：命令行，或接口密钥的名称")
    source: str = Field(description="所用列对应关系的来源名称；空为自动识别")
    status: ImportStatus = Field(
        description="running 进行中，finished 完成，failed 失败，interrupted 已中断，undone 已撤销"
    )
    finished_at: datetime | None = Field(description="结束时间；未结束为空")
    rows: int = Field(description="总行数")
    new: int = Field(description="新增")
    changed: int = Field(description="更新")
    unchanged: int = Field(description="未变更")
    rejected: int = Field(description="退回")
    waiting: int = Field(description="待决定：号码已属于另一条记录的行")
    places_version: str = Field(description="所用地名表的版本")
    message: str = Field(description="未能完成的原因；正常为空")


class ImportDetail(ImportPublic):
    """An import with the columns of its file and its first records."""

    columns: list[FileColumn] = Field(description="各列：识别为哪个字段、依据，读取、记入备注和未读取的行数")
    preview: list[dict[str, str]] = Field(description="前几条记录")
    undecided: int = Field(description="待决定的行中至今未决定的")


def public(row: Import) -> ImportPublic:
    """The import as shown to users."""
    return ImportPublic.model_validate(_shown(row))


def detail(row: Import, undecided: int) -> ImportDetail:
    """The import as shown to users, with its columns and first records, and how many of its rows are `undecided`."""
    return ImportDetail.model_validate(_shown(row) | {"undecided": undecided})


def _shown(row: Import) -> dict[str, Any]:
    values = row.model_dump()
    return values | {"status": ImportStatus.INTERRUPTED, "message": INTERRUPTED} if is_orphan(row) else values


def is_orphan(row: Import) -> bool:
    """Whether the process that made this import has ended without a word."""
    if row.status != ImportStatus.RUNNING.value:
        return False
    alive = is_alive(row.process)
    return now() - row.updated_at > SILENT if alive is None else not alive


def mark_orphans(session: Session) -> list[Import]:
    """Marks imports whose process has ended as interrupted; returns them."""
    running = select(Import).where(col(Import.status) == ImportStatus.RUNNING.value)
    found = [row for row in session.execute(running).scalars() if is_orphan(row)]
    for row in found:
        finish(session, row, ImportStatus.INTERRUPTED, INTERRUPTED)
    return found


def start(
    session: Session, kind: str, file_name: str, file_hash: str, actor: str, *, source: str = ""
) -> Import:
    """Note that the import of a file begins, with the mapping of `source` where one is used."""
    mark_orphans(session)
    row = Import(
        kind=kind,
        file_name=file_name,
        file_hash=file_hash,
        actor=actor,
        source=source,
        process=this_process(),
    )
    session.add(row)
    session.flush()
    return row


def advance(session: Session, row: Import, **counts: int) -> None:
    """Note how far an import has come."""
    for name, value in counts.items():
        setattr(row, name, value)
    row.updated_at = now()
    session.add(row)
    session.flush()


def finish(
    session: Session, row: Import, status: ImportStatus = ImportStatus.FINISHED, message: str = ""
) -> None:
    """Records the end of the import with its status and remarks or the error that stopped it."""
    row.status, row.message = status.value, message
    row.finished_at = row.updated_at = now()
    session.add(row)
    session.flush()
    announce_end(session, row)


def announce_end(session: Session, row: Import) -> None:
    """Tells those who subscribe how an import has ended, or that it was undone."""
    announce(session, IMPORT_FINISHED, {id_of(row): row.model_dump(include=set(IMPORT_FINISHED.data))})


def file_names(session: Session, ids: Collection[int]) -> dict[int, str]:
    """The names of the files of these imports, by import."""
    query = select(table_of(Import).c.id, col(Import.file_name)).where(table_of(Import).c.id.in_(list(ids)))
    return dict(session.execute(query).all())


def attempts(session: Session, import_id: int) -> list[int]:
    """An import, and the earlier ones of the same file that were broken off and not undone, the newest first."""
    this, other = table_of(Import), table_of(Import).alias()
    early = other.c.status.in_((ImportStatus.INTERRUPTED.value, ImportStatus.FAILED.value))
    same = (other.c.file_hash == this.c.file_hash) & (other.c.kind == this.c.kind)
    query = select(other.c.id).join(this, same).where(this.c.id == import_id, early, other.c.id < import_id)
    return [import_id, *session.execute(query.order_by(other.c.id.desc())).scalars()]


def get(session: Session, import_id: int) -> Import:
    """The import `import_id`. Raises NotFound."""
    row = session.get(Import, import_id)
    if row is None:
        raise NotFound(f"没有编号为 {import_id} 的导入记录")
    return row


SORTS = Sorts({"id": Import.id, "created_at": Import.created_at}, "-id")
REJECTED_SORTS = Sorts({"id": RejectedRow.id, "line": RejectedRow.line}, "id")


def page(session: Session, wanted: PageQuery, *, kind: str | None = None) -> Rows[Import]:
    """Imports, optionally of one kind."""
    query = select(Import)
    if kind:
        query = query.where(col(Import.kind) == kind)
    return paginate(session, query, wanted, SORTS)


def reject(session: Session, rows: Sequence[RejectedRow]) -> None:
    """Store refused rows."""
    session.add_all(rows)
    session.flush()


def rejected(session: Session, import_id: int, wanted: PageQuery) -> Rows[RejectedRow]:
    """The refused rows of an import in the order of the file."""
    query = select(RejectedRow).where(col(RejectedRow.import_id) == import_id)
    return paginate(session, query, wanted, REJECTED_SORTS)
