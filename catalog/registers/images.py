"""Images of patents before an import changed them: the values, holders, publications and classes that it replaced."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlmodel import Session, SQLModel, col

from catalog.imports.changes import After, Before, digests, revived
from catalog.kit.base import chunks, table_of
from catalog.kit.errors import Conflict
from catalog.registers.meaning import FIELDS, KnownPatent
from catalog.supply import holders, patents
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


def digests_of(values: Before) -> After:
    """The digests of values and parts; the order of the rows of a part does not count."""
    return digests({name: sorted(rows, key=repr) if name in PARTS else rows for name, rows in values.items()})


def present(session: Session, patent_id: int, names: Before) -> After:
    """The digests of the present values and parts of the names in an image."""
    table = table_of(Patent)
    columns = [table.c[name] for name in names if name not in PARTS] or [table.c.id]
    values = session.execute(select(*columns).where(table.c.id == patent_id)).mappings().one()
    parts = {
        part: [row for _, row in _rows(session, *PARTS[part], [patent_id])] for part in PARTS if part in names
    }
    return digests_of({name: value for name, value in values.items() if name in names} | parts)


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
    if values:
        session.execute(update(Patent).where(col(Patent.id) == patent_id).values(**revived(Patent, values)))
    for part, (model, columns) in PARTS.items():
        if part in image:
            rows = [dict(zip(columns, row, strict=True)) for row in image[part]]
            if part == "holders":
                rows = held(session, rows)
            _replace(session, model, patent_id, [revived(model, row) for row in rows])


def held(session: Session, rows: list[Before]) -> list[Before]:
    """The holders of a patent as they can be put back: one that was merged since is named by the one that was kept.

    Raises Conflict where one is gone.
    """
    ordered = {row["holder_id"]: row for row in sorted(rows, key=lambda row: int(row["position"]))}
    kept = holders.roots(session, ordered)
    if gone := ordered.keys() - kept.keys():
        raise Conflict(f"原专利权人（编号 {min(gone)}）已不在目录中", hint="请重新导入该专利")
    firsts = {kept[id_]: row for id_, row in reversed(ordered.items())}
    return [
        firsts[id_] | {"position": position, "holder_id": id_}
        for position, id_ in enumerate(dict.fromkeys(kept[id_] for id_ in ordered))
    ]


def screened(session: Session, rows: list[Before]) -> list[Before]:
    """The screening of a patent as it can be put back: for the holder that was kept, and not for one that is gone."""
    kept = holders.roots(session, [row["holder_id"] for row in rows])
    return [row | {"holder_id": kept[row["holder_id"]]} for row in rows if row["holder_id"] in kept]


def follow(session: Session, patent_id: int, before: Before, actor: str, reason: str) -> None:
    """Reckons the fingerprint of a patent anew, after its holders were filled in."""
    patent = patents.get(session, patent_id)
    names = patents.holder_names(session, [patent_id]).get(patent_id, [""])
    patent.fingerprint = patents.fingerprint(patent.title, names[0])


def _replace(session: Session, model: type[SQLModel], patent_id: int, rows: list[dict[str, Any]]) -> None:
    table = table_of(model)
    session.execute(delete(table).where(table.c.patent_id == patent_id))
    if rows:
        session.execute(insert(table), [row | {"patent_id": patent_id} for row in rows])
