"""Merging of holders (专利权人合并): several spellings of one holder become one, on an operator's word, and can be taken back.

The merged holder stays in the table as a spelling that points to the kept one, so that later imports of the old spelling go
there. A merge keeps what each patent's list of holders was. Which holders may be the same is offered by
`catalog.supply.holder_duplicates`; nothing is ever merged by itself.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import JSON, Select, delete, insert, or_, select, update
from sqlmodel import Field, Session, SQLModel, col

from catalog.kit.base import Timestamps, UtcDateTime, chunks, id_column, id_of, now, table_of
from catalog.kit.errors import InvalidInput, NotFound, WrongState
from catalog.kit.paging import PageQuery, Rows, Sorts, paginate
from catalog.kit.terms import HolderKind
from catalog.supply import holders
from catalog.supply.holders import Holder
from catalog.supply.patents import Patent, PatentHolder
from catalog.supply.screenings import Screening


class HolderMerge(Timestamps, table=True):
    """One merge: `merged_id` became a spelling of `kept_id`."""

    __tablename__ = "holder_merges"

    id: int | None = Field(default=None, primary_key=True)
    kept_id: int = Field(foreign_key="holders.id", index=True)
    merged_id: int = Field(foreign_key="holders.id", index=True)
    actor: str = Field(default="", max_length=100)
    reason: str = Field(default="", max_length=500)
    patents: int = 0
    undone_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class MergedPatent(SQLModel, table=True):
    """A patent whose holders a merge changed: ids of its holders before, its stamps before and after."""

    __tablename__ = "holder_merge_patents"

    merge_id: int = Field(foreign_key="holder_merges.id", primary_key=True)
    patent_id: int = Field(foreign_key="patents.id", primary_key=True, index=True)
    holder_ids: list[int] = Field(default_factory=list, sa_type=JSON)
    screened: bool = False
    was_updated_at: datetime = Field(sa_type=UtcDateTime)
    stamp: datetime = Field(sa_type=UtcDateTime)


class MergePublic(SQLModel):
    """A merge as shown to users."""

    id: int = Field(description="合并的编号")
    kept_id: int = Field(description="保留的专利权人的编号")
    kept_name: str = Field(description="保留的专利权人的名称")
    merged_id: int = Field(description="被并入的专利权人的编号")
    merged_name: str = Field(description="被并入的专利权人的名称")
    actor: str = Field(description="操作者：命令行，或接口密钥的名称")
    reason: str = Field(description="合并的理由")
    patents: int = Field(description="转到保留者名下的专利件数")
    created_at: datetime = Field(description="合并时间")
    undone_at: datetime | None = Field(description="撤回时间；未撤回为空")


class TakenBack(SQLModel):
    """The result of taking a merge back: patents that got their old holders again, and those changed since, left alone."""

    merge_id: int = Field(description="合并的编号")
    restored: int = Field(description="恢复原专利权人的专利件数")
    left: int = Field(description="此后又被改动、未恢复的专利件数")


class Spelling(NamedTuple):
    """A holder that is not merged, with the number of its patents."""

    id: int
    name: str
    kind: HolderKind
    patents: int


def spellings(session: Session) -> Iterator[Spelling]:
    """All holders that are not merged into another, in the order of their ids."""
    counts = holders.patent_counts(session)
    query = select(id_column(Holder), col(Holder.name), col(Holder.kind)).where(
        col(Holder.merged_into).is_(None)
    )
    for id_, name, kind in session.execute(query.order_by(col(Holder.id))):
        yield Spelling(id_, name, HolderKind(kind), counts.get(id_, 0))


def merge(
    session: Session, kept_id: int, other_ids: Sequence[int], *, actor: str = "", reason: str = ""
) -> list[HolderMerge]:
    """Make the other holders spellings of `kept_id`. Raises NotFound, InvalidInput, and Conflict for one merged already."""
    kept = _unmerged(session, kept_id)
    others = [_unmerged(session, other_id) for other_id in dict.fromkeys(other_ids)]
    if not others:
        raise InvalidInput("没有指出要合并的专利权人", hint="请给出保留的编号和至少一个被合并的编号")
    if kept_id in other_ids:
        raise InvalidInput(f"专利权人“{kept.name}”不能与自己合并")
    return [_merge(session, kept, other, actor, reason) for other in others]


def _unmerged(session: Session, holder_id: int) -> Holder:
    holder = holders.get(session, holder_id)
    if holder.merged_into is not None:
        kept = holders.get(session, holder.merged_into)
        raise WrongState(
            f"“{holder.name}”已并入“{kept.name}”（编号 {kept.id}）", hint="请改用保留的那一个，或先撤回原合并"
        )
    return holder


def _merge(session: Session, kept: Holder, other: Holder, actor: str, reason: str) -> HolderMerge:
    kept_id, other_id = id_of(kept), id_of(other)
    row = HolderMerge(kept_id=kept_id, merged_id=other_id, actor=actor, reason=reason)
    session.add(row)
    session.flush()
    moment = now()
    other.merged_into, other.updated_at = kept_id, moment
    session.execute(update(Holder).where(col(Holder.merged_into) == other_id).values(merged_into=kept_id))
    session.flush()
    held = select(col(PatentHolder.patent_id)).where(col(PatentHolder.holder_id) == other_id)
    ids = sorted(session.execute(held).scalars())
    for chunk in chunks(ids):
        _move(session, id_of(row), other_id, chunk, moment)
    session.execute(update(Screening).where(col(Screening.holder_id) == other_id).values(holder_id=kept_id))
    row.patents = len(ids)
    session.flush()
    return row


def _move(session: Session, merge_id: int, other_id: int, ids: list[int], moment: datetime) -> None:
    """Note the holders of these patents, then name the kept holder."""
    lists = _holder_lists(session, ids)
    stamps = dict(
        session.execute(select(col(Patent.id), col(Patent.updated_at)).where(col(Patent.id).in_(ids))).all()
    )
    screened = set(
        session.execute(
            select(col(Screening.patent_id)).where(
                col(Screening.patent_id).in_(ids), col(Screening.holder_id) == other_id
            )
        ).scalars()
    )
    noted = [
        {
            "merge_id": merge_id,
            "patent_id": id_,
            "holder_ids": lists[id_],
            "screened": id_ in screened,
            "was_updated_at": stamps[id_],
            "stamp": moment,
        }
        for id_ in ids
    ]
    session.execute(insert(table_of(MergedPatent)), noted)
    kept = holders.roots(session, (holder_id for holder_ids in lists.values() for holder_id in holder_ids))
    _write_lists(session, {id_: _under(lists[id_], kept) for id_ in ids})
    session.execute(update(Patent).where(col(Patent.id).in_(ids)).values(updated_at=moment))


def _holder_lists(session: Session, ids: Sequence[int]) -> dict[int, list[int]]:
    lists: dict[int, list[int]] = {}
    query = select(col(PatentHolder.patent_id), col(PatentHolder.holder_id)).where(
        col(PatentHolder.patent_id).in_(ids)
    )
    for patent_id, holder_id in session.execute(query.order_by(col(PatentHolder.position))):
        lists.setdefault(patent_id, []).append(holder_id)
    return lists


def _under(holder_ids: Iterable[int], kept: dict[int, int]) -> list[int]:
    """The list with each merged holder replaced by the one that was kept, without repetitions."""
    return list(dict.fromkeys(kept[id_] for id_ in holder_ids))


def _write_lists(session: Session, lists: dict[int, list[int]]) -> None:
    session.execute(delete(PatentHolder).where(col(PatentHolder.patent_id).in_(list(lists))))
    rows = [
        {"patent_id": patent_id, "position": position, "holder_id": holder_id}
        for patent_id, holder_ids in lists.items()
        for position, holder_id in enumerate(holder_ids)
    ]
    if rows:
        session.execute(insert(table_of(PatentHolder)), rows)


def take_back(session: Session, merge_id: int) -> TakenBack:
    """Undo a merge: the holder is one of its own again, with the patents it had. Raises NotFound and Conflict.

    Patents whose holders have changed since are left alone; those that came under the old spelling after the merge stay
    with the kept holder until they are imported again. Where an index has been built since, all count as changed now.
    """
    row = session.get(HolderMerge, merge_id)
    if row is None:
        raise NotFound(f"没有编号为 {merge_id} 的合并记录")
    if row.undone_at is not None:
        raise WrongState(f"编号为 {merge_id} 的合并已经撤回")
    moved = (
        session.execute(select(MergedPatent).where(col(MergedPatent.merge_id) == merge_id)).scalars().all()
    )
    involved = {id_ for patent in moved for id_ in patent.holder_ids}
    before = holders.roots(session, involved)
    _part(session, row)
    after = holders.roots(session, involved)
    restored = 0
    for chunk in chunks(moved):
        restored += _restore(session, row, chunk, before, after)
    session.execute(delete(MergedPatent).where(col(MergedPatent.merge_id) == merge_id))
    row.undone_at = row.updated_at = now()
    session.flush()
    return TakenBack(merge_id=merge_id, restored=restored, left=len(moved) - restored)


def _part(session: Session, row: HolderMerge) -> None:
    """Restores the merged holder, together with all that had been merged into it before."""
    holder = holders.get(session, row.merged_id)
    holder.merged_into, holder.updated_at = None, now()
    session.flush()
    under, found = {row.merged_id}, {row.merged_id}
    while found:
        query = select(col(HolderMerge.merged_id)).where(
            col(HolderMerge.kept_id).in_(found), col(HolderMerge.undone_at).is_(None)
        )
        found = set(session.execute(query).scalars()) - under
        under |= found
    spellings_of = sorted(under - {row.merged_id})
    session.execute(update(Holder).where(col(Holder.id).in_(spellings_of)).values(merged_into=row.merged_id))


def _restore(
    session: Session,
    row: HolderMerge,
    moved: Sequence[MergedPatent],
    before: dict[int, int],
    after: dict[int, int],
) -> int:
    present = _holder_lists(session, [patent.patent_id for patent in moved])
    same = [p for p in moved if present.get(p.patent_id) == _under(p.holder_ids, before)]
    _write_lists(session, {patent.patent_id: _under(patent.holder_ids, after) for patent in same})
    for patent in same:
        stamp = patent.was_updated_at if _untouched(session, patent) else now()
        session.execute(update(Patent).where(col(Patent.id) == patent.patent_id).values(updated_at=stamp))
    screened = [patent.patent_id for patent in same if patent.screened]
    session.execute(
        update(Screening).where(col(Screening.patent_id).in_(screened)).values(holder_id=row.merged_id)
    )
    return len(same)


def _untouched(session: Session, patent: MergedPatent) -> bool:
    query = select(col(Patent.updated_at)).where(col(Patent.id) == patent.patent_id)
    return bool(session.execute(query).scalar_one() == patent.stamp)


SORTS = Sorts({"id": HolderMerge.id}, "-id")


def page(session: Session, wanted: PageQuery, *, holder_id: int | None = None) -> Rows[HolderMerge]:
    """Merges, the newest first; with `holder_id` those that this holder was part of."""
    query: Select[HolderMerge] = select(HolderMerge)
    if holder_id is not None:
        query = query.where(
            or_(col(HolderMerge.kept_id) == holder_id, col(HolderMerge.merged_id) == holder_id)
        )
    return paginate(session, query, wanted, SORTS)


def publics(session: Session, rows: Sequence[HolderMerge]) -> list[MergePublic]:
    """The merges as shown to users, in the order given."""
    ids = {id_ for row in rows for id_ in (row.kept_id, row.merged_id)}
    names = dict(
        session.execute(select(col(Holder.id), col(Holder.name)).where(col(Holder.id).in_(ids))).all()
    )
    return [
        MergePublic(
            **row.model_dump(exclude={"updated_at"}),
            kept_name=names[row.kept_id],
            merged_name=names[row.merged_id],
        )
        for row in rows
    ]
