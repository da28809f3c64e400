"""Queries on the classes of patents: who has segments, who lacks them, and writing those inferred from text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import exists, insert, select
from sqlmodel import Session, col

from catalog.changes.kinds import PATENTS
from catalog.changes.record_changes import note_updated
from catalog.kit.base import ClassRef, chunks
from catalog.supply.patents import Patent, PatentClass

FROM_TEXT = "text"
INFERRED_SCHEMES = ("industry", "segment")


def labelled_ids(session: Session) -> list[int]:
    """Sorted ids of the patents whose segments rest on more than their text."""
    query = (
        select(col(PatentClass.patent_id))
        .where(col(PatentClass.scheme) == "segment", col(PatentClass.basis) != FROM_TEXT)
        .distinct()
        .order_by(col(PatentClass.patent_id))
    )
    return list(session.execute(query).scalars())


def unlabelled_ids(session: Session) -> list[int]:
    """Sorted ids of the patents that have no segment at all."""
    has_segment = exists().where(
        col(PatentClass.patent_id) == col(Patent.id), col(PatentClass.scheme) == "segment"
    )
    query = select(col(Patent.id)).where(~has_segment).order_by(col(Patent.id))
    return [patent_id for patent_id in session.execute(query).scalars() if patent_id is not None]


def with_segment(session: Session, codes: Sequence[str]) -> list[int]:
    """Sorted ids of the patents that belong to one of these segments."""
    query = (
        select(col(PatentClass.patent_id))
        .where(col(PatentClass.scheme) == "segment", col(PatentClass.code).in_(list(codes)))
        .distinct()
        .order_by(col(PatentClass.patent_id))
    )
    return list(session.execute(query).scalars())


def of_patents(session: Session, ids: Sequence[int]) -> dict[int, list[ClassRef]]:
    """Industries and segments of these patents by patent id, heaviest first."""
    found: dict[int, list[ClassRef]] = {}
    for chunk in chunks(ids):
        query = (
            select(PatentClass)
            .where(
                col(PatentClass.patent_id).in_(chunk),
                col(PatentClass.scheme).in_(INFERRED_SCHEMES),
            )
            .order_by(col(PatentClass.position))
        )
        for row in session.execute(query).scalars():
            ref = ClassRef(scheme=row.scheme, code=row.code, weight=row.weight, basis=row.basis)
            found.setdefault(row.patent_id, []).append(ref)
    return found


def add_inferred(session: Session, classes: Mapping[int, Sequence[ClassRef]]) -> None:
    """Stores classes inferred from the text of these patents, under the schemes in which they have none yet."""
    known = of_patents(session, list(classes))
    taken = {(patent_id, ref.scheme) for patent_id, refs in known.items() for ref in refs}
    rows = [
        {"patent_id": patent_id, "position": position, **ref.model_dump()}
        for patent_id, refs in classes.items()
        for position, ref in enumerate(refs)
        if (patent_id, ref.scheme) not in taken
    ]
    if rows:
        session.execute(insert(PatentClass), rows)
        # The time of change is of what is stated alone: an undo tells by it what was touched since.
        note_updated(session, PATENTS, sorted({row["patent_id"] for row in rows}))
