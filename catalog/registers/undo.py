"""Undo of an import (撤销导入): what it made goes, what it changed is as it was before.

An import can be undone as long as nothing has built on it: no later import or edit has touched the same records, nothing
refers to the records it made, and no index generation has been built since its beginning. What came along with its records
(holders, firms named by needs) and is used by others by now stays.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, Select, delete, exists, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, SQLModel, col

from catalog.imports import conflicts, imports
from catalog.imports.changes import Before, ImportChange, revived
from catalog.imports.imports import Import, ImportStatus
from catalog.kit.base import CHUNK, chunks, id_column, now
from catalog.kit.errors import Conflict
from catalog.registers.register import Register
from catalog.registers.registers import FACTS, HOLDERS, PATENTS, REGISTERS, holder_in_use
from catalog.runs import generations
from catalog.runs.generations import GenerationRecord
from catalog.segments import segments
from catalog.supply.facts import Fact
from catalog.supply.holders import Holder

NAMED = 5


class Undone(SQLModel):
    """The result of undoing an import; `kept` are holders and enterprises that it created and others now use.

    `withdrawn` are its rows that waited for a decision.
    """

    import_id: int
    kind: str
    file_name: str
    removed: int = 0
    restored: int = 0
    kept: int = 0
    withdrawn: int = 0


def undo(session: Session, import_id: int, *, actor: str = "") -> Undone:
    """Undoes an import, all or nothing within the session's transaction. Raises NotFound, and Conflict naming the obstacle."""
    imports.mark_orphans(session)
    row = imports.get(session, import_id)
    _check_state(row)
    _check_generation(session, row)
    _check_catalogue(session, row)
    for register in REGISTERS:
        if register.kind:
            _check_untouched(session, row, register)
    for register in REGISTERS:
        _check_unused(session, row, register)
    result = Undone(import_id=import_id, kind=row.kind, file_name=row.file_name)
    for register in REGISTERS:
        if register.prepare:
            changes = session.execute(_changes(import_id, register)).scalars().all()
            register.prepare(session, import_id, changes, actor)
    try:
        for register in REGISTERS:
            _undo_register(session, row, register, result)
    except IntegrityError as error:
        raise _refusal(row, "其新增的记录已被其他记录引用", "请先处理引用它们的记录") from error
    session.execute(delete(ImportChange).where(col(ImportChange.import_id) == import_id))
    conflicts.reopen(session, import_id)
    result.withdrawn = conflicts.withdraw(session, import_id)
    row.status, row.updated_at = ImportStatus.UNDONE.value, now()
    note = f"已于 {now():%Y-%m-%d %H:%M}（UTC）撤销" + (f"，操作者：{actor}" if actor else "")
    row.message = f"{row.message}\n{note}".strip()
    session.flush()
    return result


def _refusal(row: Import, reason: str, hint: str) -> Conflict:
    return Conflict(f"不能撤销编号 {row.id} 的导入（{row.file_name}）：{reason}", hint=hint)


def _check_state(row: Import) -> None:
    if row.status == ImportStatus.UNDONE.value:
        raise _refusal(row, "它已经撤销", "无需再撤销")
    if row.status == ImportStatus.RUNNING.value:
        raise _refusal(row, "该导入仍在进行", "请待其结束后撤销")


def _check_generation(session: Session, row: Import) -> None:
    later = [entry for entry in generations.history(session) if _began(entry) > row.created_at]
    if later:
        newest = later[0]
        raise _refusal(
            row,
            f"导入开始于 {row.created_at:%Y-%m-%d %H:%M:%S}，之后已建立索引版本 {newest.name}"
            f"（{_began(newest):%Y-%m-%d %H:%M:%S}，均为 UTC），其内容已参加匹配",
            "只能在建立新索引之前撤销；请改正原文件后重新导入",
        )


def _check_catalogue(session: Session, row: Import) -> None:
    """Refuse to bring back classes by a segment catalogue that is no longer in use."""
    catalogue = segments.catalogue(session)
    changed = exists().where(
        col(ImportChange.import_id) == row.id,
        col(ImportChange.kind).in_([register.noted for register in REGISTERS if register.classified]),
        col(ImportChange.before).is_not(None),
    )
    if catalogue.updated_at > row.created_at and session.execute(select(changed)).scalar_one():
        raise _refusal(
            row,
            f"导入之后产业目录改为 {catalogue.version}，全部记录已重新分类，被更新的记录不能恢复到原来的分类",
            "请改正原文件后重新导入",
        )


def _began(entry: GenerationRecord) -> datetime:
    """Start of the build: from then on it may have read what an import wrote."""
    started = entry.manifest.get("started_at")
    return datetime.fromisoformat(str(started)) if started else entry.created_at


def _changes(import_id: int | None, register: Register) -> Select[Any]:
    return select(ImportChange).where(
        col(ImportChange.import_id) == import_id, col(ImportChange.kind) == register.noted
    )


def _check_untouched(session: Session, row: Import, register: Register) -> None:
    """Refuse when a record has another stamp than the import gave it."""
    model = register.model
    touched = (
        _changes(row.id, register)
        .with_only_columns(col(ImportChange.record_id))
        .outerjoin(model, model.id == col(ImportChange.record_id))
        .where(or_(model.id.is_(None), model.updated_at != col(ImportChange.stamp)))
    )
    count = session.execute(select(func.count()).select_from(touched.subquery())).scalar_one()
    if not count:
        return
    first = session.execute(touched.order_by(col(ImportChange.record_id)).limit(NAMED)).scalars().all()
    names = "、".join(_name(session, register, record_id) for record_id in first)
    what = f"{names}{f' 等 {count} 条记录' if count > len(first) else ''}"
    later = _later(session, row, register)
    if later:
        by = "、".join(f"编号 {other.id} 的导入（{other.file_name}）" for other in later)
        raise _refusal(row, f"{by}其后改动了{what}", f"请先撤销{by}")
    raise _refusal(row, f"其后单独修改或合并了{what}", "请先撤回这些改动，或逐条改正")


def _later(session: Session, row: Import, register: Register) -> Sequence[Import]:
    """Later imports that touched a record of this register that this one touched."""
    mine = _changes(row.id, register).with_only_columns(col(ImportChange.record_id))
    others = select(col(ImportChange.import_id)).where(
        col(ImportChange.import_id) > row.id,
        col(ImportChange.kind) == register.noted,
        col(ImportChange.record_id).in_(mine),
    )
    query = select(Import).where(col(Import.id).in_(others)).order_by(col(Import.id).desc())
    return session.execute(query).scalars().all()


def _name(session: Session, register: Register, record_id: int) -> str:
    record = session.get(register.model, record_id)
    return f"编号 {record_id} 的记录" if record is None else register.named(session, record)


def _check_unused(session: Session, row: Import, register: Register) -> None:
    """Refuse when records of this register refer to one that the import made and that would have to go."""
    made = {other.model: other for other in REGISTERS if not other.comes_along(row.kind)}
    for reference in register.refers:
        if reference.model not in made:
            continue
        own = col(register.model.import_id)
        query = select(own).where(
            col(reference.column).in_(_new_ids(row, made[reference.model])), own.is_distinct_from(row.id)
        )
        found = session.execute(query).scalars().all()
        if found:
            by = "、".join(f"编号 {id_} 的导入" for id_ in sorted({id_ for id_ in found if id_}))
            what = f"它新增的记录已有 {len(found)} 条{reference.label}" + (f"（来自{by}）" if by else "")
            raise _refusal(row, what, f"请先撤销{by}" if by else "请先处理这些记录")


def _new_ids(row: Import, register: Register) -> Select[Any]:
    query = _changes(row.id, register).with_only_columns(col(ImportChange.record_id))
    return query.where(col(ImportChange.before).is_(None))


def _undo_register(session: Session, row: Import, register: Register, result: Undone) -> None:
    for block in _blocks(session, row.id, register):
        changed = [change for change in block if change.before is not None]
        fresh = [change.record_id for change in block if change.before is None]
        for change in changed:
            _restore(session, register, change.record_id, change.before or {})
        result.restored += len(changed)
        if fresh:
            gone = _remove(session, row.kind, register, fresh)
            if register.comes_along(row.kind):
                result.kept += len(fresh) - gone
            else:
                result.removed += gone
        session.expunge_all()
        session.add(row)


def _blocks(session: Session, import_id: int | None, register: Register) -> Iterator[Sequence[ImportChange]]:
    last = 0
    while True:
        query = _changes(import_id, register).where(col(ImportChange.record_id) > last)
        block = session.execute(query.order_by(col(ImportChange.record_id)).limit(CHUNK)).scalars().all()
        if not block:
            return
        last = block[-1].record_id
        yield block


def _restore(session: Session, register: Register, record_id: int, before: Before) -> None:
    if register.restore:
        register.restore(session, record_id, before)
        return
    model = register.model
    statement = update(model).where(model.id == record_id).values(**revived(model, before))
    session.execute(statement, execution_options={"synchronize_session": False})


def _remove(session: Session, kind: str, register: Register, ids: list[int]) -> int:
    """Deletes records that an import of this kind created; returns how many were deleted."""
    if register.erase:
        register.erase(session, ids)
    statement = delete(register.model).where(register.model.id.in_(ids))
    if register.in_use and register.comes_along(kind):
        statement = statement.where(~register.in_use())
    result = session.execute(statement, execution_options={"synchronize_session": False})
    return int(cast(CursorResult[Any], result).rowcount)


def take_back_patents(session: Session, import_ids: Sequence[int], patent_ids: Sequence[int]) -> None:
    """Takes back what imports, the newest first, did to these patents and their facts.

    A record that was changed otherwise since, or that others refer to by now, stays as it is.
    """
    facts_of = select(id_column(Fact)).where(col(Fact.patent_id).in_(patent_ids))
    for import_id in import_ids:
        for chunk in chunks(session.execute(facts_of).scalars().all()):
            _take_back(session, import_id, FACTS, chunk)
        for chunk in chunks(patent_ids):
            _take_back(session, import_id, PATENTS, chunk)


def _take_back(session: Session, import_id: int, register: Register, ids: list[int]) -> None:
    model = register.model
    own = _changes(import_id, register).where(col(ImportChange.record_id).in_(ids))
    as_left = (model.id == col(ImportChange.record_id)) & (model.updated_at == col(ImportChange.stamp))
    for change in session.execute(own.join(model, as_left)).scalars().all():
        with suppress(IntegrityError), session.begin_nested():
            if change.before is None:
                _remove(session, register.kind, register, [change.record_id])
            else:
                _restore(session, register, change.record_id, change.before)
            session.delete(change)


def drop_unused_holders(session: Session, import_id: int) -> None:
    """Deletes the holders that an import made for rows of which nothing is stored."""
    made = _changes(import_id, HOLDERS).where(col(ImportChange.before).is_(None))
    unused = made.join(Holder, col(Holder.id) == col(ImportChange.record_id)).where(~holder_in_use())
    ids = session.execute(unused.with_only_columns(col(ImportChange.record_id))).scalars().all()
    for chunk in chunks(ids):
        session.execute(delete(Holder).where(col(Holder.id).in_(chunk)))
        of_holders = (col(ImportChange.import_id) == import_id) & (col(ImportChange.kind) == HOLDERS.noted)
        session.execute(delete(ImportChange).where(of_holders, col(ImportChange.record_id).in_(chunk)))
