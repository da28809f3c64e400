"""Undo of an import (撤销导入): what it made goes, what it changed is as it was before.

An import can be undone as long as nothing has built on it: no later import or edit has touched the same records, nothing
refers to the records it made, and no index generation has been built since its beginning. What came along with its records
(holders, firms named by needs) and is used by others by now stays.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, Select, delete, exists, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, SQLModel, col

from catalog.deals.deals import Deal
from catalog.demand.enterprises import Enterprise
from catalog.demand.needs import Need
from catalog.imports import imports
from catalog.imports.changes import ImportChange, RecordKind, revived
from catalog.imports.imports import Import, ImportStatus
from catalog.kit.base import CHUNK, now
from catalog.kit.errors import Conflict
from catalog.licences import history as declaration_history
from catalog.licences.licences import Licence
from catalog.registers import deals as deal_upserts
from catalog.registers import images as patent_images
from catalog.runs import generations
from catalog.runs.generations import GenerationRecord
from catalog.segments import segments
from catalog.supply.facts import Fact
from catalog.supply.holder_merges import HolderMerge
from catalog.supply.holders import Holder
from catalog.supply.patents import Patent, PatentClass, PatentHolder, Publication
from catalog.supply.screenings import Screening

MODELS: dict[RecordKind, Any] = {
    RecordKind.DEAL: Deal,
    RecordKind.FACT: Fact,
    RecordKind.LICENCE: Licence,
    RecordKind.NEED: Need,
    RecordKind.PATENT: Patent,
    RecordKind.ENTERPRISE: Enterprise,
    RecordKind.HOLDER: Holder,
}
NAMED = 5
BELONGING = (Publication, PatentHolder, PatentClass, Screening)


class Undone(SQLModel):
    """What the undo of an import did; `kept` are holders and firms that it made and others use by now."""

    import_id: int
    kind: str
    file_name: str
    removed: int = 0
    restored: int = 0
    kept: int = 0


def undo(session: Session, import_id: int, *, actor: str = "") -> Undone:
    """Undo an import, all or nothing within the session's transaction. Raises NotFound, and Conflict saying what is in the way."""
    imports.mark_orphans(session)
    row = imports.get(session, import_id)
    _check_state(row)
    _check_generation(session, row)
    _check_catalogue(session, row)
    for kind, model in MODELS.items():
        if kind is not RecordKind.HOLDER:
            _check_untouched(session, row, kind, model)
    _check_unused(session, row)
    result = Undone(import_id=import_id, kind=row.kind, file_name=row.file_name)
    declaration_history.take_back(session, import_id, actor=actor)
    try:
        for kind, model in MODELS.items():
            _undo_kind(session, row, kind, model, result)
    except IntegrityError as error:
        raise _refusal(row, "其新增的记录已被其他记录引用", "请先处理引用它们的记录") from error
    session.execute(delete(ImportChange).where(col(ImportChange.import_id) == import_id))
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
        raise _refusal(row, "它还在进行", "请等它结束后再撤销")


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
        col(ImportChange.kind).in_([RecordKind.PATENT.value, RecordKind.NEED.value]),
        col(ImportChange.before).is_not(None),
    )
    if catalogue.updated_at > row.created_at and session.execute(select(changed)).scalar_one():
        raise _refusal(
            row,
            f"导入之后产业目录改为 {catalogue.version}，全部记录已重新分类，被更新的记录不能恢复到原来的分类",
            "请改正原文件后重新导入",
        )


def _began(entry: GenerationRecord) -> datetime:
    """When the build began: from then on it may have read what an import wrote."""
    started = entry.manifest.get("started_at")
    return datetime.fromisoformat(str(started)) if started else entry.created_at


def _changes(import_id: int | None, kind: RecordKind) -> Select[Any]:
    return select(ImportChange).where(
        col(ImportChange.import_id) == import_id, col(ImportChange.kind) == kind.value
    )


def _check_untouched(session: Session, row: Import, kind: RecordKind, model: Any) -> None:
    """Refuse when a record has another stamp than the import gave it."""
    touched = (
        _changes(row.id, kind)
        .with_only_columns(col(ImportChange.record_id))
        .outerjoin(model, model.id == col(ImportChange.record_id))
        .where(or_(model.id.is_(None), model.updated_at != col(ImportChange.stamp)))
    )
    count = session.execute(select(func.count()).select_from(touched.subquery())).scalar_one()
    if not count:
        return
    first = session.execute(touched.order_by(col(ImportChange.record_id)).limit(NAMED)).scalars().all()
    names = "、".join(_name(session, kind, model, record_id) for record_id in first)
    what = f"{names}{f' 等 {count} 条记录' if count > len(first) else ''}"
    later = _later(session, row, kind)
    if later:
        by = "、".join(f"编号 {other.id} 的导入（{other.file_name}）" for other in later)
        raise _refusal(row, f"{what}之后又被{by}改动", f"请先撤销{by}")
    raise _refusal(row, f"{what}之后又被单独修改或合并", "请先撤回这些改动，或逐条改正")


def _later(session: Session, row: Import, kind: RecordKind) -> Sequence[Import]:
    """Later imports that touched a record of this kind that this one touched."""
    mine = _changes(row.id, kind).with_only_columns(col(ImportChange.record_id))
    others = select(col(ImportChange.import_id)).where(
        col(ImportChange.import_id) > row.id,
        col(ImportChange.kind) == kind.value,
        col(ImportChange.record_id).in_(mine),
    )
    query = select(Import).where(col(Import.id).in_(others)).order_by(col(Import.id).desc())
    return session.execute(query).scalars().all()


def _name(session: Session, kind: RecordKind, model: Any, record_id: int) -> str:
    record = session.get(model, record_id)
    if record is None:
        return f"编号 {record_id} 的记录"
    if kind is RecordKind.PATENT:
        return f"专利 {record.application_number or f'“{record.title[:30]}”'}"
    if kind is RecordKind.NEED:
        return f"需求 {record.code}"
    if kind is RecordKind.ENTERPRISE:
        return f"企业“{record.name}”"
    if kind is RecordKind.DEAL:
        return f"交易 {record.code}"
    patent = session.get(Patent, record.patent_id)
    label = {RecordKind.FACT: "运用记录", RecordKind.LICENCE: "开放许可声明"}[kind]
    return f"专利 {patent.application_number if patent else record.patent_id} 的{label}"


def _check_unused(session: Session, row: Import) -> None:
    """Refuse when something refers to a record that the import made and that would have to go."""
    new_patents = _new_ids(row, RecordKind.PATENT)
    uses: list[tuple[str, Any, Any]] = [
        ("开放许可声明", Licence, col(Licence.patent_id).in_(new_patents)),
        (
            "运用与评价记录",
            Fact,
            col(Fact.patent_id).in_(new_patents) & col(Fact.import_id).is_distinct_from(row.id),
        ),
    ]
    if row.kind == "enterprises":
        new_firms = _new_ids(row, RecordKind.ENTERPRISE)
        uses.append(("技术需求", Need, col(Need.enterprise_id).in_(new_firms)))
    for label, model, condition in uses:
        query = select(model.import_id).where(condition)
        found = session.execute(query).scalars().all()
        if found:
            by = "、".join(f"编号 {id_} 的导入" for id_ in sorted({id_ for id_ in found if id_}))
            hint = f"请先撤销{by}" if by else "请先处理这些记录"
            raise _refusal(
                row, f"它新增的记录已有 {len(found)} 条{label}" + (f"（来自{by}）" if by else ""), hint
            )


def _new_ids(row: Import, kind: RecordKind) -> Select[Any]:
    query = _changes(row.id, kind).with_only_columns(col(ImportChange.record_id))
    return query.where(col(ImportChange.before).is_(None))


def _undo_kind(session: Session, row: Import, kind: RecordKind, model: Any, result: Undone) -> None:
    for block in _blocks(session, row.id, kind):
        changed = [change for change in block if change.before is not None]
        fresh = [change.record_id for change in block if change.before is None]
        for change in changed:
            _restore(session, kind, model, change)
        result.restored += len(changed)
        if fresh:
            gone = _remove(session, row, kind, fresh)
            came_along = kind is RecordKind.HOLDER or (kind is RecordKind.ENTERPRISE and row.kind == "needs")
            if came_along:
                result.kept += len(fresh) - gone
            else:
                result.removed += gone
        session.expunge_all()
        session.add(row)


def _blocks(session: Session, import_id: int | None, kind: RecordKind) -> Iterator[Sequence[ImportChange]]:
    last = 0
    while True:
        query = _changes(import_id, kind).where(col(ImportChange.record_id) > last)
        block = session.execute(query.order_by(col(ImportChange.record_id)).limit(CHUNK)).scalars().all()
        if not block:
            return
        last = block[-1].record_id
        yield block


def _restore(session: Session, kind: RecordKind, model: Any, change: ImportChange) -> None:
    before = change.before or {}
    if kind is RecordKind.PATENT:
        patent_images.restore(session, change.record_id, before)
    elif kind is RecordKind.DEAL:
        deal_upserts.restore(session, change.record_id, before)
    else:
        statement = update(model).where(model.id == change.record_id).values(**revived(model, before))
        session.execute(statement, execution_options={"synchronize_session": False})


def _remove(session: Session, row: Import, kind: RecordKind, ids: list[int]) -> int:
    """Remove records that the import made; answers how many went."""
    if kind is RecordKind.PATENT:
        for table in BELONGING:
            session.execute(delete(table).where(col(table.patent_id).in_(ids)))
    if kind is RecordKind.DEAL:
        deal_upserts.erase(session, ids)
    if kind is RecordKind.HOLDER:
        session.execute(
            delete(Screening).where(col(Screening.holder_id).in_(ids), ~_holds(Screening.holder_id))
        )
    statement = delete(MODELS[kind]).where(MODELS[kind].id.in_(ids))
    if kind in _IN_USE and (kind is RecordKind.HOLDER or row.kind == "needs"):
        statement = statement.where(~_IN_USE[kind]())
    result = session.execute(statement, execution_options={"synchronize_session": False})
    return int(cast(CursorResult[Any], result).rowcount)


def _holds(holder_id: Any) -> Any:
    return exists().where(col(PatentHolder.holder_id) == col(holder_id))


def _holder_in_use() -> Any:
    spelling = Holder.__table__.alias()  # type: ignore[attr-defined]
    own = col(Holder.id)
    return or_(
        exists().where(col(PatentHolder.holder_id) == own),
        exists().where(spelling.c.merged_into == own),
        exists().where(or_(col(HolderMerge.kept_id) == own, col(HolderMerge.merged_id) == own)),
    )


_IN_USE: dict[RecordKind, Callable[[], Any]] = {
    RecordKind.HOLDER: _holder_in_use,
    RecordKind.ENTERPRISE: lambda: exists().where(col(Need.enterprise_id) == col(Enterprise.id)),
}
