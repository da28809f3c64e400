"""Deletion of records (删除): their rows leave the tables and stand in a tombstone, so that nothing shows or counts them.

What refers to a record prevents its deletion, goes with it when that is asked for, or is loosened, as the registers say.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, update
from sqlmodel import Field, Session, SQLModel, col

from catalog.imports.changes import Before
from catalog.kit.base import id_of, now, table_of
from catalog.kit.errors import PatentDockError, Referenced
from catalog.kit.terms import RecordAction
from catalog.mending import rows, tombstones
from catalog.mending.telling import tell
from catalog.mending.tombstones import Tombstone, TombstonePublic, Why
from catalog.mending.words import joined
from catalog.registers.register import OnDeletion, Reference, Register
from catalog.registers.registers import REFERENCES, register_of

MOST_AT_ONCE = 1000


class DeletionResult(SQLModel):
    """The result for one of several records to be deleted."""

    record_id: int = Field(description="记录编号")
    deletion: TombstonePublic | None = Field(description="删除记录；空为没有删除")
    problem: str = Field(default="", description="没有删除的原因")
    hint: str | None = Field(default=None, description="下一步操作")


def delete(
    session: Session, register: Register, record_id: int, why: Why, *, cascade: bool = False
) -> Tombstone:
    """Deletes a record, with `cascade` also what refers to it and may go with it.

    Raises NotFound, InvalidInput without a reason, and Conflict naming what prevents it.
    """
    why.check()
    _refuse_referred(session, register, record_id, cascade)
    return bury(session, register, record_id, why)


def delete_all(
    session: Session, register: Register, ids: Sequence[int], why: Why, *, cascade: bool = False
) -> list[DeletionResult]:
    """Deletes records one by one; one that cannot be deleted stays, with the reason, and the others go."""
    results = []
    for record_id in dict.fromkeys(ids):
        try:
            with session.begin_nested():
                stone = delete(session, register, record_id, why, cascade=cascade)
        except PatentDockError as error:
            explained = tombstones.explained(session, error)
            result = DeletionResult(
                record_id=record_id, deletion=None, problem=explained.message, hint=explained.hint
            )
        else:
            result = DeletionResult(record_id=record_id, deletion=tombstones.public(stone))
        results.append(result)
    return results


def bury(
    session: Session, register: Register, record_id: int, why: Why, taken_with: int | None = None
) -> Tombstone:
    """Puts a tombstone in the place of a record; what may go with it goes. Raises NotFound and Conflict."""
    stone = tombstones.lay(session, register, record_id, why)
    stone.taken_with = taken_with
    for reference in references_to(register):
        _settle(session, reference, stone, why)
    close(session, register, stone)
    return stone


def close(session: Session, register: Register, stone: Tombstone) -> None:
    """Moves the rows of a record, to which nothing refers any more, into its tombstone."""
    record = tombstones.record_of(session, register, stone.record_id)
    if register.keys:
        tombstones.note_keys(session, stone, register.keys(session, record))
    stone.images = rows.images_of(session, register, stone.record_id)
    rows.erase(session, register, stone.record_id)
    action = RecordAction.DELETED if stone.merged_into is None else RecordAction.MERGED
    tell(session, register, [stone.record_id], action)


def references_to(register: Register) -> list[Reference]:
    """All that may refer to records of a register."""
    return [reference for reference in REFERENCES if reference.model is register.model]


def referring(session: Session, reference: Reference, record_id: int) -> list[int]:
    """The ids of the records that refer to a record, ascending."""
    owner = col(reference.owner)
    query = select(owner).where(col(reference.column) == record_id).distinct().order_by(owner)
    return list(session.execute(query).scalars())


def _refuse_referred(session: Session, register: Register, record_id: int, cascade: bool) -> None:
    """Refuses to delete a record as long as others refer to it. Raises NotFound and Conflict."""
    row = tombstones.record_of(session, register, record_id)
    stand: dict[OnDeletion, list[str]] = {OnDeletion.ON_REQUEST: [], OnDeletion.PREVENTS: []}
    for reference in references_to(register):
        if reference.effect in stand:
            by = register_of(reference.by)
            found = (session.get(by.model, id_) for id_ in referring(session, reference, record_id))
            stand[reference.effect] += [
                f"{by.named(session, one)}（编号 {id_of(one)}）" for one in found if one
            ]
    prevents, on_request = stand[OnDeletion.PREVENTS], [] if cascade else stand[OnDeletion.ON_REQUEST]
    if prevents or on_request:
        raise Referenced(
            f"{register.named(session, row)}已有{joined([*prevents, *on_request])}，不能删除",
            hint="请先删除这些记录" + ("" if prevents else "，或选择一并删除（cascade）"),
        )


def _settle(session: Session, reference: Reference, stone: Tombstone, why: Why) -> None:
    """Does to what refers to a record what its deletion means for it. Raises Conflict."""
    if reference.effect is OnDeletion.GOES:
        return
    owners = referring(session, reference, stone.record_id)
    if owners and reference.effect is OnDeletion.PREVENTS:
        raise Referenced(
            f"{stone.name}已有{register_of(reference.by).label} {owners[0]}，不能删除",
            hint=f"请先删除该{register_of(reference.by).label}",
        )
    if reference.effect is OnDeletion.LOOSENED:
        loosen(session, reference, stone)
        return
    for owner in owners:
        bury(session, register_of(reference.by), owner, why, id_of(stone))


def loosen(session: Session, reference: Reference, stone: Tombstone) -> None:
    """Lets all that refers to a deleted record refer to nothing."""
    repoint(session, reference, stone, referring_rows(session, reference, stone.record_id), None)


def referring_rows(session: Session, reference: Reference, record_id: int) -> list[Before]:
    """The primary keys of the rows that refer to a record."""
    table = table_of(reference.column.class_)
    query = select(*table.primary_key).where(table.c[reference.column.key] == record_id)
    return [dict(row) for row in session.execute(query).mappings()]


def repoint(
    session: Session, reference: Reference, stone: Tombstone, keys: Sequence[Before], to: int | None
) -> None:
    """Lets rows that referred to a record refer to another, or to nothing, and notes them in its tombstone."""
    if not keys:
        return
    model, column = reference.column.class_, reference.column.key
    values: dict[str, Any] = {column: to} | (
        {"updated_at": now()} if "updated_at" in model.model_fields else {}
    )
    for key in keys:
        session.execute(update(table_of(model)).where(rows.matching(model, key)).values(values))
    link = {"table": model.__tablename__, "column": column, "rows": list(keys), "to": to}
    stone.links = stone.links | {"moved": [*stone.links.get("moved", []), link]}
    session.flush()
    session.expire_all()
