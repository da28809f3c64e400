"""Undo of an import (撤销导入), by what it changed: what it made goes, what it changed is as it was before.

It is possible at any time, also after nights, which change nothing of what an import states. What something else built on stays
and is reported: a value that was changed again since, a record that was changed since or that others refer to. A later import that
changed the same stands on what was before, once this one is undone. What came along with the records of the import (holders,
firms named by needs) stays where others use it.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, Select, delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Field, Session, SQLModel, col

from catalog.imports import conflicts, imports
from catalog.imports.changes import ImportChange, restamp, revived
from catalog.imports.imports import Import, ImportStatus
from catalog.kit.base import CHUNK, chunks, now
from catalog.kit.errors import PatentDockError, WrongState
from catalog.kit.ids import MAX_ID
from catalog.kit.terms import RecordAction
from catalog.mending.telling import tell
from catalog.mending.values import digests_of, put_back
from catalog.mending.words import joined, labels
from catalog.registers.register import Register
from catalog.registers.registers import REFERENCES, REGISTERS, register_of
from catalog.segments import segments

MOST_TOLD = 200


class Undone(SQLModel):
    """The result of undoing an import, or of trying it out."""

    import_id: int = Field(description="导入的编号")
    kind: str = Field(description="记录种类")
    file_name: str = Field(description="文件名")
    removed: int = Field(default=0, description="删去的新增记录")
    restored: int = Field(default=0, description="恢复的记录，含只恢复了一部分的")
    kept: int = Field(default=0, description="随之建立、现由其他记录使用而保留的专利权人和企业")
    left: int = Field(default=0, description="因后来的改动或引用，没有撤销或没有全部撤销的记录")
    withdrawn: int = Field(default=0, description="不再等待决定的行")
    told: list[str] = Field(default_factory=list, description=f"没有撤销的内容及原因，最多 {MOST_TOLD} 条")


def undo(session: Session, import_id: int, *, actor: str = "", dry_run: bool = False) -> Undone:
    """Undoes an import; a dry run leaves everything as it is. Raises NotFound, and Conflict for one that still runs or is undone."""
    imports.mark_orphans(session)
    row = imports.get(session, import_id)
    _check_state(row)
    work = _Undo(session, row, actor, _catalogue_since(session, row))
    for register in REGISTERS:
        work.undo_register(register)
    work.finish()
    if dry_run:
        session.rollback()
    return work.result


def _check_state(row: Import) -> None:
    obstacles = {
        ImportStatus.UNDONE.value: ("它已经撤销", "无需再撤销"),
        ImportStatus.RUNNING.value: ("该导入仍在进行", "请待其结束后撤销"),
    }
    if row.status in obstacles:
        reason, hint = obstacles[row.status]
        raise WrongState(f"不能撤销编号 {row.id} 的导入（{row.file_name}）：{reason}", hint=hint)


def _catalogue_since(session: Session, row: Import) -> str:
    """The segment catalogue that came into use since the import; all records have been classified by it."""
    catalogue = segments.catalogue(session)
    return catalogue.version if catalogue.updated_at > row.created_at else ""


@dataclass(frozen=True, slots=True)
class _Block:
    """The work on some records: changes with the names of the values to restore, and ids of new ones to remove."""

    changed: list[tuple[ImportChange, list[str]]]
    fresh: list[ImportChange]


@dataclass(slots=True)
class _Undo:
    """One undo on its way. `catalogue` is a segment catalogue by which classes before the import are no longer right."""

    session: Session
    row: Import
    actor: str
    catalogue: str
    moment: datetime = field(default_factory=now)
    result: Undone = field(init=False)

    def __post_init__(self) -> None:
        self.result = Undone(import_id=self.row.id or 0, kind=self.row.kind, file_name=self.row.file_name)

    def undo_register(self, register: Register) -> None:
        """Undoes what the import did to records of a register, block by block."""
        blocks: Iterator[_Block] | list[_Block] = self._blocks(register)
        if register.prepare:
            blocks = list(blocks)
            undone = [change for block in blocks for change in (*block.fresh, *(c for c, _ in block.changed))]
            register.prepare(self.session, self.result.import_id, undone, self.actor)
        for block in blocks:
            # What the import made may have a name or a number by now that it took from what it changed.
            if block.fresh:
                self._remove(register, [change.record_id for change in block.fresh])
            self._restore_all(register, block.changed)
            self.session.flush()
            self.session.expunge_all()
            self.session.add(self.row)

    def finish(self) -> None:
        """Notes in the import that it is undone, and by whom."""
        self.session.execute(delete(ImportChange).where(col(ImportChange.import_id) == self.result.import_id))
        conflicts.reopen(self.session, self.result.import_id)
        self.result.withdrawn = conflicts.withdraw(self.session, self.result.import_id)
        row, left = self.row, self.result.left
        row.status, row.updated_at = ImportStatus.UNDONE.value, now()
        note = f"已于 {now():%Y-%m-%d %H:%M}（UTC）撤销" + (f"，操作者：{self.actor}" if self.actor else "")
        note += f"；{left} 条记录因后来的改动或引用没有全部撤销" if left else ""
        row.message = f"{row.message}\n{note}".strip()
        self.session.flush()
        imports.announce_end(self.session, row)

    def _tell(self, text: str) -> None:
        self.result.left += 1
        if len(self.result.told) < MOST_TOLD:
            self.result.told.append(text)

    def _blocks(self, register: Register) -> Iterator[_Block]:
        """The changes of the import, the youngest records first: those that it made come before those that it changed."""
        last = MAX_ID + 1
        while True:
            query = _changes(self.row.id, register).where(col(ImportChange.record_id) < last)
            ordered = query.order_by(col(ImportChange.record_id).desc()).limit(CHUNK)
            changes = self.session.execute(ordered).scalars().all()
            if not changes:
                return
            last = changes[-1].record_id
            yield self._decided(register, changes)

    def _decided(self, register: Register, changes: Sequence[ImportChange]) -> _Block:
        """The part of these changes that can be undone; the rest is reported."""
        there = self._stamps(register, [change.record_id for change in changes])
        touched = [c.record_id for c in changes if there.get(c.record_id, c.stamp) != c.stamp]
        later = self._later(register, touched)
        block = _Block([], [])
        for change in changes:
            stamp, since = there.get(change.record_id), later.get(change.record_id, [])
            if stamp is None:
                self._tell(f"{register.label} {change.record_id}：导入后已删除")
            elif change.before is not None:
                names = self._still_its(register, change, since, touched=stamp != change.stamp)
                block.changed.extend([(change, names)] if names else [])
            elif stamp == change.stamp or not register.kind:
                block.fresh.append(change)
            else:
                self._keep_changed(register, change, since)
        used = self._referred_to(register, [c.record_id for c in block.fresh])
        for record_id, what in used.items():
            self._tell(f"{self._name(register, record_id)}：已有{what}，保留")
        self._leave_to_others(register, [change for change in block.fresh if change.record_id in used])
        kept = [change for change in block.fresh if change.record_id not in used]
        return _Block(block.changed, kept)

    def _stamps(self, register: Register, ids: Sequence[int]) -> dict[int, datetime]:
        model = register.model
        query = select(model.id, model.updated_at).where(model.id.in_(ids))
        return dict(self.session.execute(query).all())

    def _later(self, register: Register, ids: Sequence[int]) -> dict[int, list[ImportChange]]:
        """The changes of these records by later imports, the earliest first."""
        found: dict[int, list[ImportChange]] = {}
        for chunk in chunks(ids):
            query = select(ImportChange).where(
                col(ImportChange.kind) == register.noted,
                col(ImportChange.record_id).in_(chunk),
                col(ImportChange.import_id) > self.row.id,
            )
            for change in self.session.execute(query.order_by(col(ImportChange.import_id))).scalars():
                found.setdefault(change.record_id, []).append(change)
        return found

    def _still_its(
        self, register: Register, change: ImportChange, since: Sequence[ImportChange], *, touched: bool
    ) -> list[str]:
        """The names of the values in a record that are those of the import, to be restored; the others are reported."""
        before, after = change.before or {}, change.after or {}
        names = [name for name in before if name != "updated_at"]
        if not touched:
            return self._rightly_classified(register, names)
        present = digests_of(self.session, register, change.record_id, before)
        same = [name for name in names if name in after and present[name] == after[name]]
        if register.whole and len(same) < len(names):
            same = []
        lost = [name for name in names if name not in same]
        if since:
            _hand_on(since, change, [*lost, "updated_at"])
        if lost:
            by = self._by(since, lost)
            what = joined(labels(register, lost))
            self._tell(f"{self._name(register, change.record_id)}：{what}之后又被{by}改动，未恢复")
        return self._rightly_classified(register, same)

    def _rightly_classified(self, register: Register, names: list[str]) -> list[str]:
        if not (register.classified and self.catalogue and "classes" in names):
            return names
        text = f"导入之后产业目录改为 {self.catalogue}，全部记录已重新分类，被更新的记录不恢复原来的分类"
        if text not in self.result.told:
            self.result.told.append(text)
        return [name for name in names if name != "classes"]

    def _keep_changed(self, register: Register, change: ImportChange, since: Sequence[ImportChange]) -> None:
        """Keeps a new record that was changed since; the first later import that changed it has made it from here on."""
        self._tell(f"{self._name(register, change.record_id)}：导入后又被{self._by(since)}改动，保留")
        if since:
            since[0].before = since[0].after = None

    def _by(self, since: Sequence[ImportChange], names: Collection[str] = ()) -> str:
        """The imports that changed a record, or these values of it, since, in words."""
        ids = [c.import_id for c in since if not names or any(name in (c.before or {}) for name in names)]
        rows = self.session.execute(select(Import).where(col(Import.id).in_(ids))).scalars()
        return joined(f"编号 {row.id} 的导入（{row.file_name}）" for row in rows) or "单独修改或合并"

    def _name(self, register: Register, record_id: int) -> str:
        return register.named(self.session, self.session.get(register.model, record_id))

    def _referred_to(self, register: Register, ids: list[int]) -> dict[int, str]:
        """The references to these records, by id, in words; those that came along with others are kept without a word."""
        found: dict[int, list[str]] = {}
        if not ids or register.comes_along(self.row.kind):
            return {}
        for reference in REFERENCES:
            if reference.model is register.model:
                column = col(reference.column)
                query = select(column, func.count()).where(column.in_(ids)).group_by(column)
                for record_id, count in self.session.execute(query):
                    text = f" {count} 条{register_of(reference.by).label}"
                    found.setdefault(record_id, []).append(text)
        return {record_id: "、".join(texts) for record_id, texts in found.items()}

    def _leave_to_others(self, register: Register, made: Sequence[ImportChange]) -> None:
        """Lets the first other import whose records refer to these have made them: they go with that one, if it is undone."""
        ids = [change.record_id for change in made]
        heirs: dict[int, int] = {}
        for reference in REFERENCES if ids else ():
            if reference.model is not register.model:
                continue
            column = col(reference.column)
            owner_noted = (col(ImportChange.kind) == reference.by) & (
                col(ImportChange.record_id) == reference.owner
            )
            others = (
                owner_noted
                & col(ImportChange.before).is_(None)
                & (col(ImportChange.import_id) != self.row.id)
            )
            query = select(column, func.min(col(ImportChange.import_id))).join(ImportChange, others)
            for record_id, first in self.session.execute(query.where(column.in_(ids)).group_by(column)):
                heirs[record_id] = min(first, heirs.get(record_id, first))
        for change in made:
            if first_of := heirs.get(change.record_id):
                heir = {"import_id": first_of, "before": None, "after": None}
                self.session.merge(ImportChange(**change.model_dump() | heir))

    def _restore_all(self, register: Register, changed: Sequence[tuple[ImportChange, list[str]]]) -> None:
        """Restores changed records, those last whose former names or numbers others among them still have."""
        while changed:
            reasons = [self._restore(register, change, names) for change, names in changed]
            failed = [(one, reason) for one, reason in zip(changed, reasons, strict=True) if reason]
            if len(failed) == len(changed):
                for (change, _), reason in failed:
                    self._tell(f"{self._name(register, change.record_id)}：{reason}，未恢复")
                return
            changed = [one for one, _ in failed]

    def _restore(self, register: Register, change: ImportChange, names: Collection[str]) -> str:
        """Restores a record; answers why it cannot be."""
        before, record_id, model = change.before or {}, change.record_id, register.model
        stamp = self._stamps(register, [record_id])[record_id]
        try:
            with self.session.begin_nested():
                put_back(self.session, register, record_id, {name: before[name] for name in names})
        except (IntegrityError, PatentDockError) as error:
            return error.message if isinstance(error, PatentDockError) else "与现有记录重复"
        statement = update(model).where(model.id == record_id).values(updated_at=self.moment)
        self.session.execute(statement, execution_options={"synchronize_session": False})
        untouched = stamp == change.stamp
        former = revived(model, {"updated_at": before["updated_at"]})["updated_at"] if untouched else stamp
        restamp(self.session, register.noted, record_id, former, self.moment)
        self.result.restored += 1
        if register.restore is None:  # a restoration of its own tells by itself
            tell(self.session, register, [record_id], RecordAction.UNDONE)
        return ""

    def _remove(self, register: Register, ids: list[int]) -> None:
        """Deletes records that the import created, but for those that came along and are in use."""
        for part in reversed(register.parts):
            self.session.execute(delete(part.model).where(part.of(ids)))
        statement = delete(register.model).where(register.model.id.in_(ids))
        along = register.comes_along(self.row.kind)
        if register.in_use and along:
            statement = statement.where(~register.in_use())
        done = self.session.execute(statement, execution_options={"synchronize_session": False})
        tell(self.session, register, ids, RecordAction.UNDONE)
        gone = int(cast(CursorResult[Any], done).rowcount)
        if along:
            self.result.kept += len(ids) - gone
        else:
            self.result.removed += gone


def _changes(import_id: int | None, register: Register) -> Select[Any]:
    return select(ImportChange).where(
        col(ImportChange.import_id) == import_id, col(ImportChange.kind) == register.noted
    )


def _hand_on(since: Sequence[ImportChange], change: ImportChange, names: Collection[str]) -> None:
    """Lets later imports stand on what was before: undone, the first that replaced a value restores that, for want of one the first."""
    before, after = change.before or {}, change.after or {}
    for name in names:
        heir = next((c for c in since if c.before is not None and name in c.before), None)
        if heir is not None:
            heir.before = (heir.before or {}) | {name: before[name]}
        elif since[0].before is not None and name in after:
            since[0].before = since[0].before | {name: before[name]}
            since[0].after = (since[0].after or {}) | {name: after[name]}
