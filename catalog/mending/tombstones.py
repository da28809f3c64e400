"""Tombstones (墓碑): what is left of deleted and merged records: their rows, by whom and why they went, and how they come back."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any, NamedTuple

from sqlalchemy import JSON, Index, Select, select
from sqlmodel import Field, Session, SQLModel, col

from catalog.imports.changes import Before
from catalog.kit.base import Schema, UtcDateTime, chunks, id_of, now
from catalog.kit.days import beijing_day
from catalog.kit.errors import Gone, InvalidInput, Merged, NotFound, PatentDockError
from catalog.kit.paging import PageQuery, Rows, Sorts, all_ids, paginate
from catalog.registers.register import Register
from catalog.registers.registers import register_named, register_of

MAX_REASON = 500


class Tombstone(SQLModel, table=True):
    """A deleted record. `images` holds its rows by table, in the order in which they are put back.

    `links` holds what a restoration has to tie again (`catalog.mending.links`). It may have been `taken_with` another tombstone,
    or `merged_into` another record of its kind.
    """

    __tablename__ = "tombstones"
    __table_args__ = (Index(None, "kind", "record_id"),)

    id: int | None = Field(default=None, primary_key=True)
    kind: str = Field(max_length=16)
    record_id: int
    name: str = Field(max_length=500)
    reason: str = Field(max_length=MAX_REASON)
    actor: str = Field(default="", max_length=100)
    deleted_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    taken_with: int | None = Field(default=None, index=True)
    merged_into: int | None = None
    images: dict[str, list[Before]] = Field(default_factory=dict, sa_type=JSON)
    links: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    restored_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    restored_by: str = Field(default="", max_length=100)


class TombstoneKey(SQLModel, table=True):
    """A digest of what an import would know a deleted record by (`catalog.registers.keys`)."""

    __tablename__ = "tombstone_keys"

    key: str = Field(max_length=32, primary_key=True)
    tombstone_id: int = Field(foreign_key="tombstones.id", primary_key=True)


class Why(NamedTuple):
    """The author and the reason of a mending."""

    actor: str
    reason: str

    def check(self) -> None:
        """Refuses an empty reason. Raises InvalidInput."""
        if not self.reason.strip():
            raise InvalidInput("请填写理由", hint="理由会记入删除记录，供以后查看和恢复")


class TombstonePublic(SQLModel):
    """A deleted record as shown to users."""

    id: int = Field(description="删除记录的编号，恢复时用")
    kind: str = Field(description="记录种类，与接口地址相同")
    kind_name: str = Field(description="记录种类的中文名称")
    record_id: int = Field(description="被删除的记录的编号；恢复后不变")
    name: str = Field(description="记录的名称")
    reason: str = Field(description="删除或合并的理由")
    actor: str = Field(description="操作者：接口密钥的名称，或命令行所写的姓名")
    deleted_at: datetime = Field(description="删除时间")
    taken_with: int | None = Field(description="随哪一条删除记录一并删除；空为单独删除")
    merged_into: int | None = Field(description="并入的记录的编号；空为删除")
    restored_at: datetime | None = Field(description="恢复时间；空为未恢复")
    restored_by: str = Field(description="恢复的操作者；未恢复为空")


class TombstoneFilter(Schema):
    """Conditions of a list of deleted records."""

    kind: str | None = Field(default=None, description="记录种类，如 patents")
    merged: bool | None = Field(default=None, description="只看合并（true）或只看删除（false）")
    restored: bool = Field(default=False, description="是否也列出已恢复的")


def public(row: Tombstone) -> TombstonePublic:
    """The tombstone as shown to users."""
    register = register_of(row.kind)
    values = row.model_dump(exclude={"images", "links", "kind"})
    return TombstonePublic(**values, kind=register.kind or row.kind, kind_name=register.label)


def get(session: Session, tombstone_id: int) -> Tombstone:
    """The tombstone `tombstone_id`. Raises NotFound."""
    row = session.get(Tombstone, tombstone_id)
    if row is None:
        raise NotFound(f"没有编号为 {tombstone_id} 的删除记录")
    return row


SORTS = Sorts({"id": Tombstone.id, "deleted_at": Tombstone.deleted_at, "name": Tombstone.name}, "-id")


def page(session: Session, wanted: PageQuery, where: TombstoneFilter) -> Rows[Tombstone]:
    """The deleted records that meet all conditions, the last first by default. Raises InvalidInput for an unknown kind."""
    return paginate(session, _meeting(where), wanted, SORTS)


def listed(session: Session, wanted: PageQuery, where: TombstoneFilter, *, at_most: int) -> list[int]:
    """The ids of all that meet the conditions, in the order of the list. Raises InvalidInput for too many."""
    return all_ids(session, _meeting(where), wanted, SORTS, at_most=at_most)


def many(session: Session, ids: Sequence[int]) -> dict[int, TombstonePublic]:
    """The tombstones with these ids as shown to users, by id."""
    rows = session.execute(select(Tombstone).where(col(Tombstone.id).in_(list(ids)))).scalars()
    return {id_of(row): public(row) for row in rows}


def _meeting(where: TombstoneFilter) -> Select[Tombstone]:
    query = select(Tombstone)
    if where.kind:
        query = query.where(col(Tombstone.kind) == register_named(where.kind).noted)
    if where.merged is not None:
        query = query.where(col(Tombstone.merged_into).is_not(None) == where.merged)
    return query if where.restored else query.where(col(Tombstone.restored_at).is_(None))


def taken_with(session: Session, row: Tombstone) -> Sequence[Tombstone]:
    """The records deleted together with a record and not restored, in the order of their deletion."""
    query = select(Tombstone).where(col(Tombstone.taken_with) == row.id, col(Tombstone.restored_at).is_(None))
    return session.execute(query.order_by(col(Tombstone.id))).scalars().all()


def of_record(session: Session, kind: str, record_id: int) -> Tombstone | None:
    """The tombstone of a record that is deleted now."""
    query = select(Tombstone).where(
        col(Tombstone.kind) == kind,
        col(Tombstone.record_id) == record_id,
        col(Tombstone.restored_at).is_(None),
    )
    return session.execute(query.order_by(col(Tombstone.id).desc()).limit(1)).scalar_one_or_none()


def lay(session: Session, register: Register, record_id: int, why: Why) -> Tombstone:
    """A tombstone for a record that is about to go. Raises NotFound."""
    name = register.named(session, record_of(session, register, record_id))
    row = Tombstone(
        kind=register.noted, record_id=record_id, name=name, reason=why.reason.strip(), actor=why.actor
    )
    session.add(row)
    session.flush()
    return row


def note_keys(session: Session, row: Tombstone, keys: Iterable[str]) -> None:
    """Note what an import would know the deleted record by."""
    digests = {_digest(row.kind, key) for key in keys}
    session.add_all(TombstoneKey(key=digest, tombstone_id=id_of(row)) for digest in digests)
    session.flush()


def are_there(session: Session) -> bool:
    """Whether any record is deleted now."""
    query = select(col(Tombstone.id)).where(col(Tombstone.restored_at).is_(None)).limit(1)
    return session.execute(query).first() is not None


def known_by(session: Session, wanted: Mapping[str, Iterable[str]]) -> dict[tuple[str, str], Tombstone]:
    """The tombstones of records deleted now that are known by these keys of their kinds, by kind and key."""
    digests = {_digest(kind, key): (kind, key) for kind, keys in wanted.items() for key in keys}
    found: dict[tuple[str, str], Tombstone] = {}
    for chunk in chunks(sorted(digests)):
        query = (
            select(col(TombstoneKey.key), Tombstone)
            .join(Tombstone, col(Tombstone.id) == col(TombstoneKey.tombstone_id))
            .where(col(TombstoneKey.key).in_(chunk), col(Tombstone.restored_at).is_(None))
            .order_by(col(Tombstone.id))
        )
        found.update((digests[digest], row) for digest, row in session.execute(query))
    return found


def _digest(kind: str, key: str) -> str:
    return blake2b(f"{kind} {key}".encode(), digest_size=16).hexdigest()


def last_of_merges(session: Session, row: Tombstone) -> int | None:
    """The record that a merged one is part of by now, over several merges."""
    kept, seen = row.merged_into, {row.record_id}
    while kept is not None and kept not in seen:
        seen.add(kept)
        again = of_record(session, row.kind, kept)
        if again is None:
            return kept
        kept = again.merged_into
    return row.merged_into


def in_words(row: Tombstone) -> str:
    """The deletion of a record in words: by whom, when and why."""
    how = f"并入编号 {row.merged_into} 的记录" if row.merged_into else "删除"
    who = f"由{row.actor}" if row.actor else ""
    return f"{row.name}已于 {beijing_day(row.deleted_at)} {who}{how}（{row.reason}）"


def explained(session: Session, error: PatentDockError) -> PatentDockError:
    """The error, where a record was not found that was deleted or merged with what became of it."""
    record = error.record if isinstance(error, NotFound) else None
    row = of_record(session, *record) if record else None
    return error if row is None else _gone(session, row)


def _gone(session: Session, row: Tombstone) -> Gone:
    kept = last_of_merges(session, row)
    hint = f"请改用编号 {kept} 的记录" if kept else f"可用删除记录 {row.id} 恢复"
    record = row.kind, row.record_id
    kind = Merged if kept else Gone
    return kind(in_words(row), hint=hint, record=record, deletion_id=id_of(row), merged_into=kept)


def refuse_known(session: Session, kind: str, key: str) -> None:
    """Raises Gone where a record known by this key is deleted or merged now."""
    row = known_by(session, {kind: [key]}).get((kind, key))
    if row is not None:
        raise _gone(session, row)


def record_of(session: Session, register: Register, record_id: int) -> Any:
    """The record of a register. Raises NotFound."""
    row = session.get(register.model, record_id)
    if row is None:
        raise NotFound(f"没有编号为 {record_id} 的{register.label}", record=(register.noted, record_id))
    return row
