"""History of open-licence declarations (声明变动记录): every change with when, who, and what it was before and after."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic_core import to_jsonable_python
from sqlalchemy import JSON, delete, insert, select, update
from sqlmodel import Field, Session, SQLModel, col

from catalog.imports.changes import ImportChange
from catalog.kit.base import NEVER_TWICE, UtcDateTime, chunks, enum_type, now, table_of
from catalog.kit.terms import DeclarationAction, LicenceStatus
from catalog.webhooks.events import LICENCE_CHANGED
from catalog.webhooks.outbox import announce, subscribers

Values = dict[str, Any]


class LicenceChange(SQLModel, table=True):
    """A change of a declaration; `before` and `after` hold the fields that differ."""

    __tablename__ = "licence_changes"
    __table_args__ = NEVER_TWICE

    id: int | None = Field(default=None, primary_key=True)
    licence_id: int = Field(foreign_key="licences.id", index=True)
    happened_at: datetime = Field(default_factory=now, sa_type=UtcDateTime, description="变动时间")
    actor: str = Field(default="", max_length=200)
    action: DeclarationAction = Field(sa_type=enum_type(DeclarationAction), description="变动")
    before: Values = Field(default_factory=dict, sa_type=JSON, description="变动前的内容（仅有变动的字段）")
    after: Values = Field(default_factory=dict, sa_type=JSON, description="变动后的内容（仅有变动的字段）")
    note: str = Field(default="", max_length=500, description="说明，如撤回理由")
    # No foreign key: an import may be removed from under a declaration's history, the history stays.
    import_id: int | None = Field(default=None, description="带来这次变动的导入")


class LicenceChangePublic(SQLModel):
    """A change as shown to users."""

    id: int = Field(description="改动的编号")
    happened_at: datetime = Field(description="时间")
    actor: str = Field(description="操作者：命令行，或接口密钥的名称")
    action: DeclarationAction = Field(description="操作")
    action_name: str = Field(description="操作的中文名称")
    before: Values = Field(description="改动前的内容")
    after: Values = Field(description="改动后的内容")
    note: str = Field(description="说明")
    import_id: int | None = Field(description="由哪次导入写入；不是导入的为空")


def record(
    session: Session,
    licence_id: int,
    action: DeclarationAction,
    before: Values,
    after: Values,
    *,
    actor: str = "",
    note: str = "",
    import_id: int | None = None,
) -> None:
    """Keep a change; values that are the same before and after are left out."""
    names = [name for name, value in after.items() if before.get(name) != value]
    row = LicenceChange(
        licence_id=licence_id,
        actor=actor,
        action=action,
        before=to_jsonable_python({name: before[name] for name in names if name in before}),
        after=to_jsonable_python({name: after[name] for name in names}),
        note=note,
        import_id=import_id,
    )
    session.add(row)
    session.flush()
    _tell(session, [licence_id], action)


def _tell(session: Session, licence_ids: Sequence[int], action: DeclarationAction) -> None:
    """Tells those who subscribe what became of declarations, which are stored as they are now."""
    if not subscribers(session, LICENCE_CHANGED):
        return
    licences = SQLModel.metadata.tables["licences"]
    query = select(licences.c.id, licences.c.patent_id, licences.c.status)
    data = {"action": action.value, "action_name": action.label}
    for chunk in chunks(licence_ids):
        found = session.execute(query.where(licences.c.id.in_(chunk)).order_by(licences.c.id))
        told = {id_: data | {"patent_id": patent, "status": status} for id_, patent, status in found}
        announce(session, LICENCE_CHANGED, told)


def of_licence(session: Session, licence_id: int) -> list[LicenceChangePublic]:
    """The changes of a declaration, oldest first."""
    query = (
        select(LicenceChange)
        .where(col(LicenceChange.licence_id) == licence_id)
        .order_by(col(LicenceChange.id))
    )
    return [
        LicenceChangePublic(
            **row.model_dump(exclude={"licence_id"}), action_name=DeclarationAction(row.action).label
        )
        for row in session.execute(query).scalars()
    ]


def take_back(session: Session, import_id: int, changes: Sequence[ImportChange], actor: str) -> None:
    """Prepares the undo of an import: deletes the history of declarations it created and logs the undo for those it changed.

    Deleted ones count as closed from here on, so that the ones they followed can become current again.
    """
    _forget(session, [change.record_id for change in changes if change.before is None])
    restored = [
        {
            "licence_id": change.record_id,
            "happened_at": now(),
            "actor": actor,
            "action": DeclarationAction.UNDONE,
            "before": {},
            "after": {name: value for name, value in change.before.items() if name != "updated_at"},
            "note": f"撤销编号 {import_id} 的导入",
            "import_id": import_id,
        }
        for change in changes
        if change.before is not None
    ]
    if restored:
        session.execute(insert(table_of(LicenceChange)), restored)


def follow(session: Session, licence_id: int, before: Values, actor: str, reason: str) -> None:
    """Records that empty values of a declaration were filled."""
    licences = SQLModel.metadata.tables["licences"]
    query = select(*(licences.c[name] for name in before)).where(licences.c.id == licence_id)
    after = dict(session.execute(query).mappings().one())
    record(session, licence_id, DeclarationAction.EDITED, before, after, actor=actor, note=reason)


def _forget(session: Session, licence_ids: Sequence[int]) -> None:
    licences = SQLModel.metadata.tables["licences"]
    for chunk in chunks(licence_ids):
        session.execute(
            update(licences).where(licences.c.id.in_(chunk)).values(status=LicenceStatus.EXPIRED.value)
        )
        session.execute(delete(LicenceChange).where(col(LicenceChange.licence_id).in_(chunk)))
