"""Single patents as a caller of the interface writes them: created once, replaced as a whole.

Registers go through `catalog.registers.patents` instead, where empty values erase nothing.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlmodel import Session, col

from catalog.kit.base import ClassRef, fold, id_of, now
from catalog.kit.errors import RecordExists
from catalog.kit.terms import HolderKind
from catalog.supply import holders
from catalog.supply.holders import Holder, HolderRef
from catalog.supply.patents import (
    Patent,
    PatentBase,
    PatentClass,
    PatentCreate,
    PatentHolder,
    Publication,
    PublicationRef,
    get,
    key_of,
)


def create(session: Session, data: PatentCreate) -> Patent:
    """Store a new patent. Raises Conflict when its number, a publication or, for a draft, its title is taken."""
    _refuse_taken(session, data, 0)
    row = Patent(**_values(data), fingerprint=key_of(data))
    session.add(row)
    session.flush()
    _add_links(session, id_of(row), data)
    return row


def stated(session: Session, row: Patent) -> PatentCreate:
    """The patent as creation input, without its facts."""
    patent_id = id_of(row)

    def belonging(table: Any, *order: Any) -> Sequence[Any]:
        query = select(table).where(col(table.patent_id) == patent_id).order_by(*order)
        return session.execute(query).scalars().all()

    owners = select(Holder).join(PatentHolder, col(PatentHolder.holder_id) == col(Holder.id))
    held = owners.where(col(PatentHolder.patent_id) == patent_id).order_by(col(PatentHolder.position))
    return PatentCreate.model_construct(
        **_values(row),
        holders=[
            HolderRef.model_construct(name=one.name, kind=HolderKind(one.kind), kind_basis=one.kind_basis)
            for one in session.execute(held).scalars()
        ],
        publications=[
            PublicationRef(**one.model_dump(exclude={"patent_id"}))
            for one in belonging(Publication, col(Publication.number))
        ],
        classes=[
            ClassRef(**one.model_dump(exclude={"patent_id", "position"}))
            for one in belonging(PatentClass, col(PatentClass.scheme), col(PatentClass.position))
        ],
        facts=[],
    )


def replace(session: Session, patent_id: int, data: PatentCreate) -> Patent:
    """Replace the state of a patent, its holders, publications and classes. Raises NotFound and Conflict.

    What says no more than what is stored changes nothing.
    """
    row = get(session, patent_id)
    _refuse_taken(session, data, patent_id)
    if _meaning(session, data) == _meaning(session, stated(session, row)):
        return row
    row.sqlmodel_update(_values(data))
    row.fingerprint, row.updated_at = key_of(data), now()
    for table in (Publication, PatentHolder, PatentClass):
        session.execute(delete(table).where(col(table.patent_id) == patent_id))
    _add_links(session, patent_id, data)
    return row


def _meaning(session: Session, data: PatentCreate) -> tuple[Any, ...]:
    """The statements of a record on a patent, for comparison."""
    names = [fold(holder.name) for holder in data.holders]
    ids = holders.ids_of(session, names)
    classes: dict[str, list[ClassRef]] = {}
    for ref in data.classes:
        classes.setdefault(ref.scheme, []).append(ref)
    return (
        _values(data),
        list(dict.fromkeys(ids.get(name, name) for name in names)),
        {publication.number: publication.published_on for publication in data.publications},
        classes,
    )


def _values(data: PatentBase) -> dict[str, Any]:
    return {name: getattr(data, name) for name in PatentBase.model_fields}


def _add_links(session: Session, patent_id: int, data: PatentCreate) -> None:
    ids = holders.ensure(session, data.holders)
    publications = {publication.number: publication for publication in data.publications}
    classes = {(ref.scheme, ref.code): ref for ref in data.classes}
    session.add_all(Publication(**p.model_dump(), patent_id=patent_id) for p in publications.values())
    session.add_all(
        PatentHolder(patent_id=patent_id, position=position, holder_id=holder_id)
        for position, holder_id in enumerate(dict.fromkeys(ids[fold(ref.name)] for ref in data.holders))
    )
    session.add_all(
        PatentClass(**ref.model_dump(), patent_id=patent_id, position=position)
        for position, ref in enumerate(classes.values())
    )
    session.flush()


def _refuse_taken(session: Session, data: PatentCreate, own_id: int) -> None:
    conditions: dict[str, Any] = {}
    if data.application_number:
        conditions[f"申请号 {data.application_number}"] = (
            col(Patent.application_number) == data.application_number
        )
    if bodies := [publication.body for publication in data.publications]:
        published = select(col(Publication.patent_id)).where(col(Publication.body).in_(bodies))
        conditions["公开（公告）号 " + "、".join(bodies)] = col(Patent.id).in_(published)
    if not conditions:
        conditions["同样的名称与第一申请人"] = col(Patent.fingerprint) == key_of(data)
    for what, condition in conditions.items():
        others = select(Patent).where(condition, col(Patent.id) != own_id).limit(1)
        taken = session.execute(others).scalar_one_or_none()
        if taken is not None:
            message = f"编号 {taken.id} 的专利“{taken.title[:50]}”已使用{what}"
            raise RecordExists(message, hint="请改为更新那件专利", existing_id=taken.id)
