"""The changes of records page by page (变更订阅), from a place on: nothing is lost, and nothing repeated that did not change again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from sqlmodel import Session, col

from catalog.changes.kinds import kind_named
from catalog.changes.record_changes import (
    ChangePlace,
    RecordChange,
    between,
    newest,
    order_of,
    place_of,
    settled,
)
from catalog.kit.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class FeedQuery:
    """Changes after a place, or from the first one at or after a time on; of these kinds, where any are named."""

    after: ChangePlace | None = None
    since: datetime | None = None
    kinds: Sequence[str] = ()
    size: int = 100


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Changes in their order, the place to read on from, and whether there are more by now."""

    rows: Sequence[RecordChange]
    next: ChangePlace
    more: bool


def page(session: Session, wanted: FeedQuery) -> FeedPage:
    """The next changes. Without anything newer the place stays the same; changes of other kinds are passed over.

    Raises InvalidInput for an unknown kind, a place and a time at once, and a place that this catalogue has not reached.
    """
    kinds = [kind_named(name).name for name in wanted.kinds]
    # Read before the rows: what is settled stays so, whatever is committed in between.
    end = settled(session)
    start = _start(session, wanted, end)
    query = select(RecordChange).where(between(session, start, end))
    if kinds:
        query = query.where(col(RecordChange.kind).in_(kinds))
    rows = session.execute(query.order_by(*order_of(session)).limit(wanted.size + 1)).scalars().all()
    if len(rows) > wanted.size:
        rows = rows[: wanted.size]
        return FeedPage(rows, place_of(rows[-1]), more=True)
    return FeedPage(rows, max(start, newest(session, end)), more=False)


def _start(session: Session, wanted: FeedQuery, end: ChangePlace) -> ChangePlace:
    if wanted.after is not None and wanted.since is not None:
        raise InvalidInput("after 与 since 不能同时使用", hint="首次读取用 since，以后用应答中的 next")
    if wanted.since is not None:
        return begin_at(session, wanted.since, end)
    start = wanted.after or ChangePlace()
    if start > end:
        raise InvalidInput(
            f"游标 {start} 在本系统全部变更之后，可能来自恢复备份以前",
            hint="请从头读取（不带 after），或用 since 从备份的时间读起",
        )
    return start


def begin_at(session: Session, since: datetime, upto: ChangePlace) -> ChangePlace:
    """The place before the first change at or after a time; without one, the last place up to `upto`."""
    query = select(RecordChange).where(
        col(RecordChange.at) >= since.astimezone(UTC), between(session, ChangePlace(), upto)
    )
    found = session.execute(query.order_by(*order_of(session)).limit(1)).scalars().first()
    if found is None:
        return newest(session, upto)
    transaction, seq = place_of(found)
    return ChangePlace(transaction, seq - 1)
