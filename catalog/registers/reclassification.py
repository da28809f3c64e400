"""Reading and rewriting the segments of all records under another catalogue version, block by block.

How far a reclassification has come stands with the version in use, so that one that was interrupted is resumed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import delete, or_, select, update
from sqlmodel import Session, col

from catalog.changes.kinds import PATENTS
from catalog.changes.record_changes import note_updated
from catalog.demand.needs import Need
from catalog.kit.base import ClassRef, chunks, table_of
from catalog.kit.bulk import insert_rows
from catalog.kit.errors import InProgress
from catalog.segments import segments
from catalog.segments.segments import SegmentCatalogue
from catalog.supply.patents import Patent, PatentClass

DERIVED = frozenset({"ipc", "industry"})


@dataclass(slots=True)
class Classes:
    """The input of a record's segments, and the segments themselves: (code, weight, basis), heaviest first."""

    ipcs: list[str] = field(default_factory=list)
    industries: list[str] = field(default_factory=list)
    segments: list[tuple[str, float, str]] = field(default_factory=list)

    def add(self, scheme: str, code: str, weight: float, basis: str) -> None:
        """Adds one class; an inferred industry leads to no segment."""
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


def begin(session: Session, row: SegmentCatalogue) -> None:
    """Note that all records are to be classified by this version, unless that was begun before and not ended."""
    if row.reclassified_to is None:
        row.reclassified_to = 0
        session.flush()


def advance(session: Session, version: str, done: int, upto: int | None) -> None:
    """Note that the patents up to `upto` are done, None for all records; `done` is how far this process had come.

    Raises Conflict when another version came into use, or another process went on with this one.
    """
    row = segments.catalogue(session)
    if row.version != version or row.reclassified_to != done:
        raise InProgress(
            f"按产业目录 {version} 重新分类时，另一个进程启用了目录或也在重新分类，本次停止",
            hint=f"请待其结束；分类如未完成，请再运行 patentdock segments use {row.version}",
        )
    row.reclassified_to = upto
    session.flush()


def next_block(session: Session, after: int, size: int) -> list[int]:
    """Ids of the next patents in their order, at most `size`."""
    query = select(col(Patent.id)).where(col(Patent.id) > after).order_by(col(Patent.id)).limit(size)
    return [id_ or 0 for id_ in session.execute(query).scalars()]


def classes_of(session: Session, ids: Collection[int]) -> dict[int, Classes]:
    """The classes of those of these patents that have any."""
    found: dict[int, Classes] = {}
    for chunk in chunks(sorted(ids)):
        found |= _classes(session, chunk)
    return found


def _classes(session: Session, ids: list[int]) -> dict[int, Classes]:
    found: dict[int, Classes] = {}
    scheme, basis = col(PatentClass.scheme), col(PatentClass.basis)
    query = (
        select(col(PatentClass.patent_id), scheme, col(PatentClass.code), col(PatentClass.weight), basis)
        .where(
            col(PatentClass.patent_id).in_(ids),
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
    """Replaces the segments derived from IPC or industry by these; the times of change stay."""
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
        (patent_id, ref.scheme, ref.code, position, ref.weight, ref.basis)
        for patent_id, refs in classes.items()
        for position, ref in enumerate(refs)
    ]
    columns = ("patent_id", "scheme", "code", "position", "weight", "basis")
    insert_rows(session, table_of(PatentClass), columns, rows)
    note_updated(session, PATENTS, ids)


def needs(session: Session) -> Iterator[tuple[int, list[ClassRef], Classes]]:
    """Every need that has classes: its id, all its classes as stored, and the same grouped."""
    query = select(col(Need.id), col(Need.classes)).order_by(col(Need.id))
    for need_id, stored in session.execute(query).all():
        refs = [ClassRef.model_validate(ref) for ref in stored]
        found = Classes()
        for ref in refs:
            found.add(ref.scheme, ref.code, ref.weight, ref.basis)
        if refs:
            yield need_id or 0, refs, found


def replace_of_need(session: Session, need_id: int, classes: Sequence[ClassRef]) -> None:
    """Stores the classes of a need; its text and the time of its last change are unchanged."""
    values = [ref.model_dump() for ref in classes]
    session.execute(update(Need).where(col(Need.id) == need_id).values(classes=values))
