"""Holders (专利权人): universities, institutes, state-owned and other firms, persons."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import Select, func, select
from sqlmodel import Field, Session, SQLModel, col

from catalog.imports.changes import Change, note
from catalog.kit import facets
from catalog.kit.base import (
    NEVER_TWICE,
    PartSchema,
    Stamps,
    Timestamps,
    chunks,
    fold,
    id_column,
    id_of,
    now,
    table_of,
)
from catalog.kit.bulk import insert_rows, reserve_ids, rows_in
from catalog.kit.errors import NotFound
from catalog.kit.paging import ListQuery, MainList, Rows, Sorts
from catalog.kit.terms import HolderKind


class Holder(Timestamps, table=True):
    """A holder, identified by its normalised name; one that was merged into another remains as a spelling of that one."""

    __tablename__ = "holders"
    __table_args__ = NEVER_TWICE
    __noted_as__ = "holder"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=300)
    name_key: str = Field(max_length=300, unique=True)
    kind: str = Field(default=HolderKind.UNKNOWN.value, max_length=16, index=True)
    kind_basis: str = Field(default="", max_length=200, description="the rule that decided the kind")
    # No foreign key: adding one to a table in use makes SQLite rebuild it.
    merged_into: int | None = Field(default=None, index=True)
    is_demo: bool = False


class HolderRef(PartSchema):
    """A holder as named on a patent, with the kind that its name shows and the rule that decided."""

    name: str = Field(min_length=1, max_length=300)
    kind: HolderKind = HolderKind.UNKNOWN
    kind_basis: str = Field(default="", max_length=200)


@lru_cache(maxsize=65_536)
def name_key(name: str) -> str:
    """The folded name under which a holder is known; registers name the same few again and again."""
    return fold(name)


class HolderPublic(Stamps):
    """A holder as shown to users."""

    id: int = Field(description="专利权人的编号")
    name: str = Field(description="名称")
    kind: HolderKind = Field(description="专利权人类型")
    kind_name: str = Field(description="专利权人类型的中文名称")
    kind_basis: str = Field(description="判定类型所依据的规则")
    patents: int = Field(description="名下专利件数，含共有")
    spellings: list[str] = Field(description="已合并到此专利权人的其他写法")
    is_demo: bool = Field(description="是否为演示数据")


def publics(session: Session, rows: Sequence[Holder]) -> list[HolderPublic]:
    """The holders as shown to users, in the order given."""
    ids = [id_of(row) for row in rows]
    counts = patent_counts(session, ids)
    spellings: dict[int, list[str]] = {}
    query = select(col(Holder.merged_into), col(Holder.name)).where(col(Holder.merged_into).in_(ids))
    for kept, name in session.execute(query.order_by(col(Holder.id))):
        spellings.setdefault(kept or 0, []).append(name)
    return [
        HolderPublic(
            id=id_of(row),
            name=row.name,
            kind=HolderKind(row.kind),
            kind_name=HolderKind(row.kind).label,
            kind_basis=row.kind_basis,
            patents=counts.get(id_of(row), 0),
            spellings=spellings.get(id_of(row), []),
            is_demo=row.is_demo,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )
        for row in rows
    ]


def patent_counts(session: Session, ids: Sequence[int] | None = None) -> dict[int, int]:
    """The number of patents that these holders (all, without `ids`) have or share, by holder id."""
    held = SQLModel.metadata.tables["patent_holders"]
    query = select(held.c.holder_id, func.count()).group_by(held.c.holder_id)
    if ids is not None:
        query = query.where(held.c.holder_id.in_(ids))
    return dict(session.execute(query).all())


def ensure(
    session: Session, refs: Iterable[HolderRef], *, is_demo: bool = False, import_id: int | None = None
) -> dict[str, int]:
    """Finds or creates the holders named by `refs`; returns ids by normalised name, the kept holder's for a merged spelling."""
    wanted = {name_key(ref.name): ref for ref in refs}
    known = _by_key(session, list(wanted))
    moment = now()
    missing = {key: ref for key, ref in wanted.items() if key not in known}
    if missing:
        created = _insert(session, missing, moment, is_demo)
        known |= created
        note(session, import_id, Holder.__noted_as__, [Change(id_, None, moment) for id_ in created.values()])
    return known


def _insert(session: Session, refs: dict[str, HolderRef], moment: datetime, is_demo: bool) -> dict[str, int]:
    table = table_of(Holder)
    ids = dict(zip(refs, reserve_ids(session, table, len(refs)), strict=True))
    columns = ("created_at", "updated_at", "id", "name", "name_key", "kind", "kind_basis", "is_demo")
    rows = [
        (moment, moment, ids[key], ref.name, key, ref.kind.value, ref.kind_basis, is_demo)
        for key, ref in refs.items()
    ]
    insert_rows(session, table, columns, rows)
    return ids


def names_of(session: Session, ids: Sequence[int]) -> dict[int, str]:
    """The names of these holders by id."""
    found: dict[int, str] = {}
    for chunk in chunks(ids):
        query = select(id_column(Holder), col(Holder.name)).where(col(Holder.id).in_(chunk))
        found.update((id_, name) for id_, name in session.execute(query))
    return found


def ids_of(session: Session, names: Iterable[str]) -> dict[str, int]:
    """Ids of the holders of these names, by folded name, for a merged spelling the kept holder's; unknown ones are left out."""
    return _by_key(session, sorted({fold(name) for name in names}))


def _by_key(session: Session, keys: Sequence[str]) -> dict[str, int]:
    table = table_of(Holder)
    query = select(table.c.name_key, func.coalesce(table.c.merged_into, table.c.id))
    return dict(rows_in(session, query, table.c.name_key, keys))


def roots(session: Session, ids: Iterable[int]) -> dict[int, int]:
    """The effective holders: themselves, or the one they were merged into."""
    wanted = sorted(set(ids))
    found: dict[int, int] = {}
    for chunk in chunks(wanted):
        root = func.coalesce(col(Holder.merged_into), col(Holder.id))
        query = select(id_column(Holder), root).where(col(Holder.id).in_(chunk))
        found.update((id_, kept) for id_, kept in session.execute(query))
    return found


def get(session: Session, holder_id: int) -> Holder:
    """The holder `holder_id`. Raises NotFound."""
    holder = session.get(Holder, holder_id)
    if holder is None:
        raise NotFound(f"没有编号为 {holder_id} 的专利权人")
    return holder


def positions(session: Session, holder_id: int) -> dict[int, int]:
    """The place of the holder (0: first) on each of its patents, by patent id, also under spellings merged into it.

    Raises NotFound.
    """
    holder = get(session, holder_id)
    held = SQLModel.metadata.tables["patent_holders"]
    query = select(held.c.patent_id, held.c.position).where(
        held.c.holder_id == (holder.merged_into or holder_id)
    )
    return dict(session.execute(query).all())


def named(text: str) -> Select[Any]:
    """Query for the ids of the holders of which one spelling, folded, contains `text`."""
    root = func.coalesce(col(Holder.merged_into), col(Holder.id))
    return select(root).where(col(Holder.name_key).contains(fold(text), autoescape=True))


@cache
def main_list() -> MainList:
    """The list of holders; the number of patents is counted in a table that is defined later."""
    held = SQLModel.metadata.tables["patent_holders"]
    count = select(func.count()).where(held.c.holder_id == col(Holder.id)).scalar_subquery()
    dated = {"created_at": Holder.created_at, "updated_at": Holder.updated_at}
    return MainList(
        Holder,
        Sorts({"id": Holder.id, "name": Holder.name_key, "patents": count, **dated}, "id"),
        {"kind": facets.of_column(col(Holder.kind), facets.labels(HolderKind))},
    )


def page(
    session: Session, wanted: ListQuery, *, name: str | None = None, kind: str | None = None
) -> Rows[Holder]:
    """Holders of the `kind` of which one spelling, folded, contains `name`; merged ones are not listed themselves."""
    query = select(Holder).where(col(Holder.merged_into).is_(None))
    if name:
        query = query.where(col(Holder.id).in_(named(name)))
    if kind:
        query = query.where(col(Holder.kind) == kind)
    return main_list().page(session, query, wanted)
