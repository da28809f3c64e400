"""Rows of tables as tombstones keep them, by the names of their tables, and the way back."""

from collections.abc import Iterable, Iterator
from typing import Any

from pydantic_core import to_jsonable_python
from sqlalchemy import ColumnElement, Index, Table, UniqueConstraint, and_, delete, insert, select, text
from sqlmodel import Session, SQLModel

from catalog.imports.changes import Before, revived
from catalog.kit.base import table_of
from catalog.mending.words import labels
from catalog.registers.register import Register
from catalog.registers.registers import REFERENCES, REMOVABLE

Images = dict[str, list[Before]]
MODELS: dict[str, Any] = {
    str(model.__tablename__): model
    for model in (
        *(
            one
            for register in REMOVABLE
            for one in (register.model, *(part.model for part in register.parts))
        ),
        *(reference.column.class_ for reference in REFERENCES),
    )
}
"""All tables of which rows are kept or pointed elsewhere, by name."""


def images_of(session: Session, register: Register, record_id: int) -> Images:
    """The row of a record and those that belong to it, in the order in which they can be put back."""
    session.flush()
    found = {_name(register.model): selected(session, register.model, register.model.id == record_id)}
    for part in register.parts:
        found[_name(part.model)] = selected(session, part.model, part.of([record_id]))
    return found


def erase(session: Session, register: Register, record_id: int) -> None:
    """Removes a record and what belongs to it from their tables."""
    for part in reversed(register.parts):
        session.execute(delete(part.model).where(part.of([record_id])))
    session.execute(delete(register.model).where(register.model.id == record_id))
    row = session.identity_map.get(session.identity_key(register.model, record_id))
    if row is not None:
        session.expunge(row)


def put_in(session: Session, model: type[SQLModel], rows: Iterable[Before]) -> None:
    """Puts kept rows back into their table. Raises IntegrityError."""
    values = [revived(model, row) for row in rows]
    if values:
        session.execute(insert(table_of(model)), values)


def matching(model: type[SQLModel], values: Before) -> ColumnElement[bool]:
    """The condition that a row has these kept values; an empty one is like any other."""
    table = table_of(model)
    return and_(
        *(table.c[name].is_not_distinct_from(value) for name, value in revived(model, values).items())
    )


def taken(session: Session, register: Register, images: Images) -> str:
    """The numbers of a kept record that belong to another by now, in words; empty where none do."""
    found = (
        _owner(session, register, model, {name: row[name] for name in columns}, where)
        for model in (register.model, *(part.model for part in register.parts))
        for row in images.get(_name(model), ())
        for columns, where in _unique(table_of(model))
    )
    return next(filter(None, found), "")


def missing(session: Session, register: Register, images: Images) -> str:
    """The record that a kept one belongs to and that is gone, in words; empty where none is."""
    (row,) = images[_name(register.model)]
    for key in table_of(register.model).foreign_keys:
        table, value = key.column.table, row[key.parent.name]
        if value is not None and not session.execute(select(table.c.id).where(table.c.id == value)).first():
            other = next((one for one in REMOVABLE if _name(one.model) == table.name), None)
            return f"它所属的{other.label if other else '记录'}（编号 {value}）不在目录中，请先恢复"
    return ""


def selected(session: Session, model: type[SQLModel], where: ColumnElement[bool]) -> list[Before]:
    """The rows of a table that meet a condition, in the order of their keys."""
    table = table_of(model)
    rows = session.execute(select(table).where(where).order_by(*table.primary_key)).mappings()
    return [to_jsonable_python(dict(row)) for row in rows]


def _name(model: type[SQLModel]) -> str:
    return str(model.__tablename__)


def _unique(table: Table) -> Iterator[tuple[list[str], Any]]:
    """The sets of columns in which no two rows agree, each with the condition under which that holds."""
    yield [column.name for column in table.primary_key], None
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            yield [column.name for column in constraint.columns], None
    for index in table.indexes:
        if index.unique:
            yield [column.name for column in index.columns], _partial(index)


def _partial(index: Index) -> Any:
    return index.dialect_options["sqlite"]["where"]


def _owner(session: Session, register: Register, model: type[SQLModel], values: Before, where: Any) -> str:
    """The record that has these values, in words."""
    if None in values.values():
        return ""
    table = table_of(model)
    query = select(table).where(matching(model, values))
    found = session.execute(query if where is None else query.where(text(str(where)))).mappings().first()
    if found is None:
        return ""
    part = next((part for part in register.parts if part.model is model), None)
    owner, shown = found[part.key if part else "id"], " ".join(map(str, values.values()))
    what = part.label if part else "、".join(labels(register, list(values)))
    return f"{what} {shown} 已属于编号 {owner} 的{register.label}"
