"""Images of patents before an import changed them: the values, holders, publications and classes that it replaced."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlmodel import Session, SQLModel, col

from catalog.imports.changes import Before, revived
from catalog.kit.base import chunks, table_of
from catalog.registers.meaning import FIELDS, KnownPatent
from catalog.supply import holders
from catalog.supply.patents import Patent, PatentClass, PatentHolder, Publication

PARTS: dict[str, tuple[type[SQLModel], tuple[str, ...]]] = {
    "publications": (Publication, ("number", "body", "published_on")),
    "holders": (PatentHolder, ("position", "holder_id")),
    "classes": (PatentClass, ("scheme", "code", "position", "weight", "basis")),
}


def before(session: Session, stale: Sequence[KnownPatent]) -> dict[int, Before]:
    """The values about to be replaced in these patents, by patent id: differing columns, and whole parts that differ."""
    images: dict[int, Before] = {}
    for some in chunks(stale):
        chunk = {known.id: known for known in some}
        _add_values(session, chunk, images)
        for part, (model, columns) in PARTS.items():
            ids = [key for key, known in chunk.items() if part in known.dirty]
            for key in ids:
                images[key][part] = []
            for key, values in _rows(session, model, columns, ids):
                images[key][part].append(values)
    return images


def _add_values(session: Session, chunk: dict[int, KnownPatent], images: dict[int, Before]) -> None:
    table = table_of(Patent)
    names = (*FIELDS, "fingerprint", "updated_at")
    query = select(table.c.id, *(table.c[name] for name in names)).where(table.c.id.in_(list(chunk)))
    for row in session.execute(query).mappings():
        known = chunk[row["id"]]
        new = known.values | {"fingerprint": known.fingerprint, "updated_at": None}
        images[row["id"]] = {name: row[name] for name in names if row[name] != new[name]}


def _rows(
    session: Session, model: type[SQLModel], columns: tuple[str, ...], ids: list[int]
) -> list[tuple[int, list[Any]]]:
    if not ids:
        return []
    table = table_of(model)
    query = select(table.c.patent_id, *(table.c[name] for name in columns)).where(table.c.patent_id.in_(ids))
    return [(key, list(values)) for key, *values in session.execute(query)]


def restore(session: Session, patent_id: int, image: Before) -> None:
    """Put the patent back as it was; a holder that was merged since is named by the one that was kept."""
    values = {name: value for name, value in image.items() if name not in PARTS}
    session.execute(update(Patent).where(col(Patent.id) == patent_id).values(**revived(Patent, values)))
    for part, (model, columns) in PARTS.items():
        if part in image:
            rows = [dict(zip(columns, row, strict=True)) for row in image[part]]
            if part == "holders":
                rows = _held(session, rows)
            _replace(session, model, patent_id, [revived(model, row) for row in rows])


def _held(session: Session, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    ids = [row["holder_id"] for row in sorted(rows, key=lambda row: int(row["position"]))]
    kept = holders.roots(session, ids)
    return [
        {"position": position, "holder_id": holder_id}
        for position, holder_id in enumerate(dict.fromkeys(kept[id_] for id_ in ids))
    ]


def _replace(session: Session, model: type[SQLModel], patent_id: int, rows: list[dict[str, Any]]) -> None:
    table = table_of(model)
    session.execute(delete(table).where(table.c.patent_id == patent_id))
    if rows:
        session.execute(insert(table), [row | {"patent_id": patent_id} for row in rows])
