"""Taking back, while an import runs, of the changes by rows found to contradict each other."""

from collections.abc import Sequence
from contextlib import suppress

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from catalog.imports.changes import ImportChange
from catalog.kit.base import chunks, id_column
from catalog.kit.errors import PatentDockError
from catalog.mending.values import put_back
from catalog.registers.register import Register
from catalog.registers.registers import ENTERPRISES, FACTS, HOLDERS, PATENTS, holder_in_use
from catalog.supply.facts import Fact
from catalog.supply.holders import Holder


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


def take_back_firms(session: Session, import_ids: Sequence[int], firm_ids: Sequence[int]) -> None:
    """Takes back what imports, the newest first, did to these enterprises, but for those changed or referred to since."""
    for import_id in import_ids:
        for chunk in chunks(firm_ids):
            _take_back(session, import_id, ENTERPRISES, chunk)


def _take_back(session: Session, import_id: int, register: Register, ids: list[int]) -> None:
    model = register.model
    own = select(ImportChange).where(
        col(ImportChange.import_id) == import_id,
        col(ImportChange.kind) == register.noted,
        col(ImportChange.record_id).in_(ids),
    )
    as_left = (model.id == col(ImportChange.record_id)) & (model.updated_at == col(ImportChange.stamp))
    # What the import made goes first: it may have a name that it took from what it changed.
    youngest = own.join(model, as_left).order_by(col(ImportChange.record_id).desc())
    for change in session.execute(youngest).scalars().all():
        with suppress(IntegrityError, PatentDockError), session.begin_nested():
            if change.before is None:
                _remove(session, register, change.record_id)
            else:
                put_back(session, register, change.record_id, change.before)
            session.delete(change)


def _remove(session: Session, register: Register, record_id: int) -> None:
    """Deletes a record with its parts but for facts, which keep their patent where they are of another import."""
    for part in reversed(register.parts):
        if part.model is not Fact:
            session.execute(delete(part.model).where(part.of([record_id])))
    session.execute(delete(register.model).where(register.model.id == record_id))


def drop_unused_holders(session: Session, import_id: int) -> None:
    """Deletes the holders that an import made for rows of which nothing is stored."""
    of_holders = (col(ImportChange.import_id) == import_id) & (col(ImportChange.kind) == HOLDERS.noted)
    made = select(col(ImportChange.record_id)).where(of_holders, col(ImportChange.before).is_(None))
    unused = made.join(Holder, col(Holder.id) == col(ImportChange.record_id)).where(~holder_in_use())
    for chunk in chunks(session.execute(unused).scalars().all()):
        session.execute(delete(Holder).where(col(Holder.id).in_(chunk)))
        session.execute(delete(ImportChange).where(of_holders, col(ImportChange.record_id).in_(chunk)))
