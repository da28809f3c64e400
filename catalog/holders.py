"""Holders (专利权人): universities, institutes, state-owned and other firms, persons."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlmodel import Field, Session, SQLModel, col

from catalog.base import PageQuery, Rows, Schema, Timestamps, fold, now, paginate
from catalog.errors import NotFound
from catalog.terms import HolderKind


class Holder(Timestamps, table=True):
    """A holder, known by its folded name."""

    __tablename__ = "holders"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=300)
    name_key: str = Field(max_length=300, unique=True)
    kind: str = Field(default=HolderKind.UNKNOWN.value, max_length=16, index=True)
    kind_basis: str = Field(default="", max_length=200, description="the rule that decided the kind")
    is_demo: bool = False


class HolderRef(Schema):
    """A holder as named on a patent, with the kind that its name shows and the rule that decided."""

    name: str = Field(min_length=1, max_length=300)
    kind: HolderKind = HolderKind.UNKNOWN
    kind_basis: str = Field(default="", max_length=200)


class HolderPublic(SQLModel):
    """A holder as shown to users."""

    id: int
    name: str
    kind: HolderKind
    kind_name: str
    is_demo: bool


def public(holder: Holder) -> HolderPublic:
    """The holder as shown to users."""
    kind = HolderKind(holder.kind)
    return HolderPublic(
        id=holder.id or 0, name=holder.name, kind=kind, kind_name=kind.label, is_demo=holder.is_demo
    )


def ensure(session: Session, refs: Iterable[HolderRef], *, is_demo: bool = False) -> dict[str, int]:
    """Find or create the holders named by `refs`; answers ids by folded name."""
    wanted = {fold(ref.name): ref for ref in refs}
    known: dict[str, int] = {}
    keys = list(wanted)
    for start in range(0, len(keys), 500):
        chunk = keys[start : start + 500]
        found = session.execute(
            select(col(Holder.name_key), col(Holder.id)).where(col(Holder.name_key).in_(chunk))
        )
        known.update({key: id_ for key, id_ in found if id_ is not None})
    common = {"is_demo": is_demo, "created_at": now(), "updated_at": now()}
    missing = [
        {"name": ref.name, "name_key": key, "kind": ref.kind.value, "kind_basis": ref.kind_basis} | common
        for key, ref in wanted.items()
        if key not in known
    ]
    if missing:
        table = SQLModel.metadata.tables["holders"]
        created = session.execute(table.insert().returning(table.c.name_key, table.c.id), missing)
        known.update({key: id_ for key, id_ in created})
    return known


def get(session: Session, holder_id: int) -> Holder:
    """The holder `holder_id`. Raises NotFound."""
    holder = session.get(Holder, holder_id)
    if holder is None:
        raise NotFound(f"没有编号为 {holder_id} 的专利权人")
    return holder


def page(
    session: Session, wanted: PageQuery, *, name: str | None = None, kind: str | None = None
) -> Rows[Holder]:
    """Holders whose folded name contains `name`, of the `kind`."""
    query = select(Holder)
    if name:
        query = query.where(col(Holder.name_key).contains(fold(name), autoescape=True))
    if kind:
        query = query.where(col(Holder.kind) == kind)
    return paginate(session, query, wanted, {"id": Holder.id, "name": Holder.name_key}, "id")
