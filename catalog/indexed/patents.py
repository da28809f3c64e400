"""The index's view of patents: text and filter values."""

from collections.abc import Iterator, Sequence
from datetime import date

from sqlalchemy import select
from sqlmodel import Session, SQLModel, col

from catalog.kit.base import chunks, id_of
from catalog.kit.terms import HolderKind
from catalog.supply import screenings
from catalog.supply.holders import Holder
from catalog.supply.patents import Patent, PatentClass, PatentHolder, force_of, possible_of


class PatentText(SQLModel):
    """The fields of a patent that are indexed."""

    id: int
    title: str
    abstract: str
    first_claim: str
    kind: str | None
    province: str | None
    prefecture: str | None
    holder_kind: str
    ipc: list[str]
    industries: list[str]
    segments: list[str]
    force: tuple[date, date] | None
    possible: tuple[date, date] | None
    open_licence: bool
    dormant: bool | None = None
    potential: int = 0


def texts(session: Session, licensed: set[int]) -> Iterator[PatentText]:
    """All patents in the order of their ids, as the index needs them.

    `licensed` holds the ids of patents with an open licence in force. Rows come in blocks of a thousand, so that memory
    stays bounded at a million patents.
    """
    last = 0
    while True:
        query = select(Patent).where(col(Patent.id) > last).order_by(col(Patent.id)).limit(1000)
        rows = session.execute(query).scalars().all()
        if not rows:
            return
        last = id_of(rows[-1])
        yield from _text_block(session, rows, licensed)
        session.expunge_all()


def texts_of(session: Session, ids: Sequence[int], licensed: set[int]) -> Iterator[PatentText]:
    """The existing patents among these ids, in blocks, as `texts` gives them."""
    for chunk in chunks(ids):
        rows = session.execute(select(Patent).where(col(Patent.id).in_(chunk))).scalars().all()
        yield from _text_block(session, rows, licensed)
        session.expunge_all()


def _text_block(session: Session, rows: Sequence[Patent], licensed: set[int]) -> Iterator[PatentText]:
    ids = [id_of(row) for row in rows]
    first = (
        select(col(PatentHolder.patent_id), col(Holder.kind))
        .join(Holder, col(Holder.id) == col(PatentHolder.holder_id))
        .where(col(PatentHolder.patent_id).in_(ids), col(PatentHolder.position) == 0)
    )
    first_kind = dict(session.execute(first).all())
    codes: dict[tuple[int, str], list[str]] = {}
    query = (
        select(col(PatentClass.patent_id), col(PatentClass.scheme), col(PatentClass.code))
        .where(col(PatentClass.patent_id).in_(ids))
        .order_by(col(PatentClass.position))
    )
    for patent_id, scheme, code in session.execute(query):
        codes.setdefault((patent_id, scheme), []).append(code)
    screened = screenings.verdicts(session, ids)
    for row in rows:
        key = id_of(row)
        force, possible = force_of(row), possible_of(row)
        dormant, potential = screened.get(key, (None, 0))
        yield PatentText(
            id=key,
            title=row.title,
            abstract=row.abstract,
            first_claim=row.first_claim,
            kind=row.kind,
            province=row.province,
            prefecture=row.prefecture,
            holder_kind=first_kind.get(key, HolderKind.UNKNOWN.value),
            ipc=codes.get((key, "ipc"), []),
            industries=codes.get((key, "industry"), []),
            segments=codes.get((key, "segment"), []),
            force=(force.first, force.last) if force else None,
            possible=(possible.first, possible.last) if possible else None,
            open_licence=key in licensed,
            dormant=dormant,
            potential=potential,
        )
