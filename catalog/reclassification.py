"""Reading and rewriting the segments of all records under another catalogue version, block by block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import delete, insert, or_, select, update
from sqlmodel import Session, col

from catalog.base import ClassRef, chunks, table_of
from catalog.needs import Need
from catalog.patents import Patent, PatentClass

BLOCK = 5000
DERIVED = frozenset({"ipc", "industry"})


@dataclass(slots=True)
class Classes:
    """What the segments of a record follow from, and what they are: (code, weight, basis), heaviest first."""

    ipcs: list[str] = field(default_factory=list)
    industries: list[str] = field(default_factory=list)
    segments: list[tuple[str, float, str]] = field(default_factory=list)

    def add(self, scheme: str, code: str, weight: float, basis: str) -> None:
        """Take in one class; an inferred industry leads to no segment."""
        if scheme == "ipc":
            self.ipcs.append(code)
        elif scheme == "segment":
            self.segments.append((code, weight, basis))
        elif basis == "official":
            self.industries.append(code)

    @property
    def derived(self) -> bool:
        """Whether the segments, if any, all follow from IPC or industry."""
        return all(basis in DERIVED for _, _, basis in self.segments)


def patents(session: Session) -> Iterator[dict[int, Classes]]:
    """The classes of all patents that have any, by patent id, a block at a time."""
    last = 0
    while True:
        ids = select(col(Patent.id)).where(col(Patent.id) > last).order_by(col(Patent.id)).limit(BLOCK)
        block = session.execute(ids).scalars().all()
        if not block:
            return
        yield _classes(session, last, block[-1] or 0)
        last = block[-1] or 0


def _classes(session: Session, after: int, upto: int) -> dict[int, Classes]:
    found: dict[int, Classes] = {}
    scheme, basis = col(PatentClass.scheme), col(PatentClass.basis)
    query = (
        select(col(PatentClass.patent_id), scheme, col(PatentClass.code), col(PatentClass.weight), basis)
        .where(
            col(PatentClass.patent_id) > after,
            col(PatentClass.patent_id) <= upto,
            or_(scheme != "industry", basis == "official"),
        )
        .order_by(col(PatentClass.patent_id), col(PatentClass.position))
    )
    for patent_id, *values in session.execute(query):
        if patent_id not in found:
            found[patent_id] = Classes()
        found[patent_id].add(*values)
    return found


def replace_of_patents(session: Session, classes: Mapping[int, Sequence[ClassRef]]) -> None:
    """Put these segments in the place of those that followed from IPC or industry."""
    ids = list(classes)
    for chunk in chunks(ids):
        session.execute(
            delete(PatentClass).where(
                col(PatentClass.patent_id).in_(chunk),
                col(PatentClass.scheme) == "segment",
                col(PatentClass.basis).in_(DERIVED),
            )
        )
    rows = [
        {"patent_id": patent_id, "position": position, **ref.model_dump()}
        for patent_id, refs in classes.items()
        for position, ref in enumerate(refs)
    ]
    if rows:
        session.execute(insert(table_of(PatentClass)), rows)


def needs(session: Session) -> Iterator[tuple[int, list[ClassRef], Classes]]:
    """Every need that has classes: its id, all its classes as stored, and the same sorted out."""
    query = select(col(Need.id), col(Need.classes)).order_by(col(Need.id))
    for need_id, stored in session.execute(query).all():
        refs = [ClassRef.model_validate(ref) for ref in stored]
        found = Classes()
        for ref in refs:
            found.add(ref.scheme, ref.code, ref.weight, ref.basis)
        if refs:
            yield need_id or 0, refs, found


def replace_of_need(session: Session, need_id: int, classes: Sequence[ClassRef]) -> None:
    """Store the classes of a need; its text and the time of its last change stay."""
    values = [ref.model_dump() for ref in classes]
    session.execute(update(Need).where(col(Need.id) == need_id).values(classes=values))
