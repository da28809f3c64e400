"""The values of a record that were replaced: which of them still stand, and how they are put back."""

from typing import Any

from sqlalchemy import select, update
from sqlmodel import Session

from catalog.imports.changes import After, Before, digests, revived
from catalog.kit.base import table_of
from catalog.registers.register import Register


def digests_of(session: Session, register: Register, record_id: int, image: Before) -> After:
    """The digests of what stands in the place of the values of an import's image."""
    if register.present:
        return register.present(session, record_id, image)
    return digests_of_columns(session, register.model, record_id, image)


def put_back(session: Session, register: Register, record_id: int, image: Before) -> None:
    """Restores the values of an import's image. Raises Conflict, and IntegrityError where another record has them now."""
    if register.restore:
        register.restore(session, record_id, image)
    else:
        set_columns(session, register.model, record_id, image)


def digests_of_columns(session: Session, model: Any, record_id: int, image: Before) -> After:
    """The digests of what stands in the columns of these names."""
    table = table_of(model)
    query = select(*(table.c[name] for name in image)).where(table.c.id == record_id)
    return digests(dict(session.execute(query).mappings().one()))


def set_columns(session: Session, model: Any, record_id: int, image: Before) -> None:
    """Restores the values of columns. Raises IntegrityError where another record has them now."""
    if image:
        statement = update(model).where(model.id == record_id).values(**revived(model, image))
        session.execute(statement, execution_options={"synchronize_session": False})
