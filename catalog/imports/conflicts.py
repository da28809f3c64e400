"""Conflicts (冲突) under a number: rows that state another record under a number that a stored one has.

Nothing of such a row is stored; it waits for a decision (`catalog.conflicts`). The same row of another import is the same
conflict: `ConflictRow` says which rows of which imports state it.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from sqlalchemy import JSON, Select, delete, exists, func, select
from sqlmodel import Field, Session, SQLModel, col

from catalog.kit.base import Schema, Timestamps, UtcDateTime, chunks, enum_type, id_column, id_of, plain
from catalog.kit.errors import NotFound
from catalog.kit.ids import Id
from catalog.kit.paging import PageQuery, Rows, Sorts, all_ids, paginate
from catalog.kit.terms import ConflictStatus

SHOWN = 60
MAX_NOTE = 500


@dataclass(frozen=True, slots=True)
class Subject:
    """The subject of a number by one statement: its name (title) and whose it is (holders)."""

    name: str
    owners: tuple[str, ...] = ()

    def __str__(self) -> str:
        owners = "、".join(self.owners)[:SHOWN]
        return f"“{self.name[:SHOWN]}”" + (f"（{owners}）" if owners else "")

    def has_name_of(self, other: "Subject") -> bool:
        """Whether the names are the same but for width, case, punctuation and spaces."""
        return self.name == other.name or plain(self.name) == plain(other.name)

    def has_owner_of(self, other: "Subject") -> bool:
        """Whether an owner of one is named, or contained in the name of an owner, in the other."""
        mine, others = [plain(name) for name in self.owners], [plain(name) for name in other.owners]
        return any(one in two or two in one for one in mine for two in others)


class NumberConflict(Timestamps, table=True):
    """A record as a row states it, under a number that stands for another one by `stored_name` and `stored_owners`."""

    __tablename__ = "conflicts"

    id: int | None = Field(default=None, primary_key=True)
    kind: str = Field(max_length=16)
    field: str = Field(max_length=100)
    number: str = Field(max_length=64, index=True)
    digest: str = Field(max_length=32)
    record: dict[str, Any] = Field(sa_type=JSON)
    name: str = Field(max_length=1000)
    owners: list[str] = Field(sa_type=JSON)
    # No foreign key: the stored record may go, and the number be another's by the time of the decision.
    record_id: int = Field(index=True)
    stored_name: str = Field(max_length=1000)
    stored_owners: list[str] = Field(sa_type=JSON)
    stored_at: datetime = Field(sa_type=UtcDateTime)
    status: ConflictStatus = Field(
        default=ConflictStatus.PENDING, sa_type=enum_type(ConflictStatus), index=True
    )
    decided_by: str = Field(default="", max_length=100)
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    # The import under which the new record was put in place of the stored one.
    put_by: int | None = None
    note: str = Field(default="", max_length=MAX_NOTE)

    @property
    def subject(self) -> Subject:
        """The subject of the number by the row."""
        return Subject(self.name, tuple(self.owners))

    @property
    def stored(self) -> Subject:
        """The subject of the number by the stored record when the row was read."""
        return Subject(self.stored_name, tuple(self.stored_owners))


class ConflictRow(SQLModel, table=True):
    """A row of a file that states the record of a conflict."""

    __tablename__ = "conflict_rows"

    id: int | None = Field(default=None, primary_key=True)
    conflict_id: int = Field(foreign_key="conflicts.id", index=True)
    import_id: int = Field(foreign_key="imports.id", index=True)
    sheet: str = Field(default="", max_length=200)
    line: int


@dataclass(frozen=True, slots=True)
class Claim:
    """A row that is in conflict with a stored record, on its way to the table."""

    field: str
    number: str
    record: BaseModel
    subject: Subject
    record_id: int
    stored: Subject
    stored_at: datetime
    sheet: str
    line: int

    @property
    def digest(self) -> str:
        """Names the record as it is stated, to the letter."""
        return hashlib.sha256(self.record.model_dump_json().encode()).hexdigest()[:32]


class ConflictFilter(Schema):
    """Conditions of a list of conflicts."""

    status: ConflictStatus | None = Field(default=None, description="处理情况")
    kind: str | None = Field(default=None, max_length=16, description="记录种类")
    import_id: Id | None = Field(default=None, description="导入编号")


def wait(session: Session, import_id: int, kind: str, claims: Sequence[Claim]) -> list[NumberConflict]:
    """Keeps rows of an import for a decision; returns the conflict of each.

    That is the one that waits already for the same record, or one under which the stored record was kept against the same
    name and owners: that row waits no more.
    """
    known = _known(session, kind, sorted({claim.number for claim in claims}))
    found = [_conflict(session, kind, claim, known.setdefault(claim.number, [])) for claim in claims]
    session.flush()
    session.add_all(
        ConflictRow(conflict_id=id_of(row), import_id=import_id, sheet=claim.sheet[:200], line=claim.line)
        for row, claim in zip(found, claims, strict=True)
        if row.status == ConflictStatus.PENDING
    )
    session.flush()
    return found


def _known(session: Session, kind: str, numbers: list[str]) -> dict[str, list[NumberConflict]]:
    """The conflicts under these numbers that wait or in which the stored record was kept, by number."""
    rows: dict[str, list[NumberConflict]] = {}
    for chunk in chunks(numbers):
        query = select(NumberConflict).where(
            col(NumberConflict.number).in_(chunk),
            col(NumberConflict.kind) == kind,
            col(NumberConflict.status) != ConflictStatus.REPLACED,
        )
        for row in session.execute(query.order_by(col(NumberConflict.id))).scalars():
            rows.setdefault(row.number, []).append(row)
    return rows


def _conflict(session: Session, kind: str, claim: Claim, known: list[NumberConflict]) -> NumberConflict:
    for row in known:
        if row.status == ConflictStatus.PENDING and row.digest == claim.digest:
            return row
    for row in known:
        if row.status == ConflictStatus.KEPT and _says_the_same(row.subject, claim.subject):
            return row
    row = NumberConflict(
        kind=kind,
        field=claim.field,
        number=claim.number,
        digest=claim.digest,
        record=claim.record.model_dump(mode="json"),
        name=claim.subject.name,
        owners=list(claim.subject.owners),
        record_id=claim.record_id,
        stored_name=claim.stored.name,
        stored_owners=list(claim.stored.owners),
        stored_at=claim.stored_at,
    )
    session.add(row)
    known.append(row)
    return row


def _says_the_same(one: Subject, other: Subject) -> bool:
    return one.has_name_of(other) and {*map(plain, one.owners)} == {*map(plain, other.owners)}


def withdraw(session: Session, import_id: int, record_ids: Sequence[int] | None = None) -> int:
    """Takes back the waiting rows of an import, those against these records only; returns how many.

    A conflict that no row of another import states goes with them.
    """
    waits = select(col(NumberConflict.id)).where(col(NumberConflict.status) == ConflictStatus.PENDING)
    of_import = col(ConflictRow.import_id) == import_id
    gone = 0
    for ids in [None] if record_ids is None else chunks(record_ids):
        mine = waits if ids is None else waits.where(col(NumberConflict.record_id).in_(ids))
        rows = of_import & col(ConflictRow.conflict_id).in_(mine)
        gone += session.execute(select(func.count()).select_from(ConflictRow).where(rows)).scalar_one()
        session.execute(delete(ConflictRow).where(rows))
    stated = exists().where(col(ConflictRow.conflict_id) == col(NumberConflict.id))
    session.execute(
        delete(NumberConflict).where(col(NumberConflict.status) == ConflictStatus.PENDING, ~stated),
        execution_options={"synchronize_session": False},
    )
    return gone


def reopen(session: Session, import_id: int) -> None:
    """Lets the conflicts wait again whose decision an undo of the import takes back, where rows of other imports state them."""
    put = select(NumberConflict).where(
        col(NumberConflict.put_by) == import_id, col(NumberConflict.status) == ConflictStatus.REPLACED
    )
    rows = session.execute(put).scalars().all()
    stating = {
        id_: [row for row in entries if row.import_id != import_id]
        for id_, entries in rows_of(session, [id_of(row) for row in rows]).items()
    }
    for row in rows:
        when = f"{row.decided_at:%Y-%m-%d %H:%M}" if row.decided_at else ""
        undone = f"{row.decided_by}于 {when}（UTC）采用新记录，随编号 {import_id} 的导入撤销"
        row.note = "；".join(filter(None, (undone, row.note)))[:MAX_NOTE]
        if stating[id_of(row)]:
            row.status, row.decided_by, row.decided_at = ConflictStatus.PENDING, "", None
        row.put_by = None
    session.flush()


def get(session: Session, conflict_id: int, *, to_change: bool = False) -> NumberConflict:
    """The conflict `conflict_id`, held for nobody else `to_change`. Raises NotFound."""
    row = session.get(NumberConflict, conflict_id, with_for_update=to_change)
    if row is None:
        raise NotFound(
            f"没有编号为 {conflict_id} 的冲突", hint="导入撤销后，其中待定的冲突随之消失；请重新查看列表"
        )
    return row


SORTS = Sorts(
    {
        "id": NumberConflict.id,
        "number": NumberConflict.number,
        "created_at": NumberConflict.created_at,
    },
    "id",
)


def page(session: Session, wanted: PageQuery, where: ConflictFilter) -> Rows[NumberConflict]:
    """The conflicts that meet all conditions, in the order in which they came up."""
    return paginate(session, _meeting(where), wanted, SORTS)


def listed(session: Session, wanted: PageQuery, where: ConflictFilter, *, at_most: int) -> list[int]:
    """The ids of all conflicts that meet the conditions, in the order of the list. Raises InvalidInput for too many."""
    return all_ids(session, _meeting(where), wanted, SORTS, at_most=at_most)


def many(session: Session, ids: Sequence[int]) -> list[NumberConflict]:
    """The conflicts with these ids, in that order; ids that are gone are left out."""
    rows = session.execute(select(NumberConflict).where(col(NumberConflict.id).in_(list(ids)))).scalars()
    found = {row.id: row for row in rows}
    return [found[id_] for id_ in ids if id_ in found]


def rows_of(session: Session, ids: Sequence[int]) -> dict[int, list[ConflictRow]]:
    """The rows that state these conflicts, by conflict, in the order of reading."""
    found: dict[int, list[ConflictRow]] = {}
    query = select(ConflictRow).where(col(ConflictRow.conflict_id).in_(list(ids)))
    for row in session.execute(query.order_by(col(ConflictRow.id))).scalars():
        found.setdefault(row.conflict_id, []).append(row)
    return found


def undecided(session: Session, import_id: int) -> int:
    """The number of rows of an import that still wait for a decision."""
    query = select(func.count()).select_from(ConflictRow).join(NumberConflict)
    query = query.where(
        col(ConflictRow.import_id) == import_id,
        col(NumberConflict.status) == ConflictStatus.PENDING,
    )
    return int(session.execute(query).scalar_one())


def _meeting(where: ConflictFilter) -> Select[NumberConflict]:
    query = select(NumberConflict)
    if where.status is not None:
        query = query.where(col(NumberConflict.status) == where.status)
    if where.kind:
        query = query.where(col(NumberConflict.kind) == where.kind)
    if where.import_id is not None:
        of_import = select(col(ConflictRow.conflict_id)).where(col(ConflictRow.import_id) == where.import_id)
        query = query.where(id_column(NumberConflict).in_(of_import))
    return query
