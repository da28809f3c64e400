"""Restoring deleted and merged records (恢复): their rows are put back under the same ids, and what referred to them is tied again."""

from datetime import datetime
from typing import Any

from pydantic_core import to_jsonable_python
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Field, Session, SQLModel

from catalog.imports.changes import Before, restamp, revived
from catalog.kit.base import now, table_of
from catalog.kit.errors import Conflict, PatentDockError, WrongState
from catalog.kit.terms import RecordAction
from catalog.mending import rows, tombstones
from catalog.mending.merging import touch
from catalog.mending.telling import tell
from catalog.mending.tombstones import Tombstone, TombstonePublic, Why
from catalog.mending.values import digests_of_columns, set_columns
from catalog.mending.words import joined, labels
from catalog.registers.register import Register
from catalog.registers.registers import register_of
from catalog.segments import segments


class RestorationReport(SQLModel):
    """The records that a restoration brought back."""

    deletion: TombstonePublic = Field(description="删除记录")
    restored: int = Field(description="恢复的记录数，含随之恢复的")
    notes: list[str] = Field(description="没有恢复的内容及原因")


def restore(session: Session, tombstone_id: int, *, actor: str = "") -> RestorationReport:
    """Restores a record with all that was deleted together with it.

    Raises NotFound, and Conflict where it is back already, where its number belongs to another by now, or where what it belongs to
    is deleted.
    """
    stone = tombstones.get(session, tombstone_id)
    if stone.restored_at is not None:
        raise WrongState(f"{stone.name}已于 {stone.restored_at:%Y-%m-%d} 恢复", hint="无需再恢复")
    work = _Restoration(session, actor, now())
    work.restore(stone)
    return RestorationReport(deletion=tombstones.public(stone), restored=work.count, notes=work.notes)


class _Restoration:
    """One restoration on its way."""

    def __init__(self, session: Session, actor: str, moment: datetime) -> None:
        self.session, self.actor, self.moment = session, actor, moment
        self.count, self.notes = 0, list[str]()

    def restore(self, stone: Tombstone) -> None:
        """Restores a record, then what went with it; of that, what cannot be restored stays deleted and is reported. Raises Conflict."""
        register = register_of(stone.kind)
        try:
            with self.session.begin_nested():
                self._untie(register, stone)
                self._put_in(register, stone)
                self._tie(stone)
        except IntegrityError as error:
            gone = rows.missing(self.session, register, stone.images)
            reason = gone or rows.taken(self.session, register, stone.images) or "与现有记录重复"
            raise Conflict(
                f"不能恢复{stone.name}：{reason}", hint="请先处理与之冲突的记录，再恢复"
            ) from error
        stone.restored_at, stone.restored_by = self.moment, self.actor
        self.session.flush()
        tell(self.session, register, [stone.record_id], RecordAction.RESTORED)
        self.count += 1
        for other in tombstones.taken_with(self.session, stone):
            try:
                self.restore(other)
            except PatentDockError as error:
                self.notes.append(error.message)

    def _put_in(self, register: Register, stone: Tombstone) -> None:
        images = stone.images
        (own,) = images[str(register.model.__tablename__)]
        put = own | ({"updated_at": self.moment.isoformat()} if "updated_at" in own else {})
        rows.put_in(self.session, register.model, [put])
        for part in register.parts:
            part_rows = images.get(str(part.model.__tablename__), [])
            rows.put_in(
                self.session, part.model, part.mended(self.session, part_rows) if part.mended else part_rows
            )
        if "updated_at" in own:
            former = revived(register.model, {"updated_at": own["updated_at"]})["updated_at"]
            restamp(self.session, stone.kind, stone.record_id, former, self.moment)
        if register.classified and segments.catalogue(self.session).updated_at > stone.deleted_at:
            self.notes.append(f"{stone.name}的产业细分领域是删除时产业目录的，请核对")

    def _tie(self, stone: Tombstone) -> None:
        """Lets the rows that were pointed elsewhere refer to the record again, as far as they have not changed since."""
        for link in stone.links.get("moved", []):
            model = rows.MODELS[link["table"]]
            still = {link["column"]: link["to"]}
            values: dict[str, Any] = {link["column"]: stone.record_id}
            if "updated_at" in model.model_fields:
                values["updated_at"] = self.moment
            for key in link["rows"]:
                where = rows.matching(model, key | still)
                self.session.execute(update(table_of(model)).where(where).values(values))
        for table, dropped in stone.links.get("dropped", {}).items():
            for row in dropped:
                self._put_if_possible(rows.MODELS[table], row, stone)
        self.session.expire_all()

    def _put_if_possible(self, model: Any, row: Before, stone: Tombstone) -> None:
        try:
            with self.session.begin_nested():
                rows.put_in(self.session, model, [row])
        except IntegrityError:
            self.notes.append(f"{stone.name}原来所在的记录已有变动，没有重新写入")

    def _untie(self, register: Register, stone: Tombstone) -> None:
        """Takes back from the record that it was merged into what that one got, as far as it has not changed since."""
        kept, links = stone.merged_into, stone.links
        if kept is None:
            return
        there = self.session.execute(select(register.model.id).where(register.model.id == kept)).first()
        if there is None:
            return
        for table, given in reversed(links.get("given", {}).items()):
            model = rows.MODELS[table]
            for row in given:
                self.session.execute(delete(table_of(model)).where(rows.matching(model, row)))
        self._empty_again(register, kept, links.get("filled", {}), links.get("after", {}))

    def _empty_again(self, register: Register, kept: int, filled: Before, after: dict[str, str]) -> None:
        present = digests_of_columns(self.session, register.model, kept, filled) if filled else {}
        same = {name: value for name, value in filled.items() if present[name] == after[name]}
        was = {name: getattr(self.session.get(register.model, kept), name) for name in same}
        set_columns(self.session, register.model, kept, same)
        touch(self.session, register, kept, to_jsonable_python(was), Why(self.actor, "恢复被合并的记录"))
        if changed := [name for name in filled if name not in same]:
            self.notes.append(
                f"编号 {kept} 的{register.label}的{joined(labels(register, changed))}之后又有改动，未还原"
            )
