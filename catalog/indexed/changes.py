"""Recent changes for an index that follows the catalogue: records in the order of their changes, by sequence and by no clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlmodel import Session, col

from catalog.changes import feed, record_changes
from catalog.changes.kinds import ENTERPRISES, NEEDS, PATENTS, ChangingKind
from catalog.changes.record_changes import ChangePlace, RecordChange, order_of, place_of

_KINDS: Mapping[str, ChangingKind] = {"patents": PATENTS, "needs": NEEDS, "products": ENTERPRISES}
"""The kinds that are indexed: patents, open needs, and products of enterprises."""
_FOREVER = ChangePlace(2**63 - 1, 2**63 - 1)
_OVERLAP = timedelta(seconds=30)


def start(session: Session) -> ChangePlace:
    """The place after which an index that is built from now on may lack changes."""
    return record_changes.settled(session)


def start_at(session: Session, moment: datetime) -> ChangePlace:
    """The place from which to follow an index of which only the time of its build is known."""
    return feed.begin_at(session, moment - _OVERLAP, record_changes.settled(session))


def changed(session: Session, side: str, since: ChangePlace, most: int) -> dict[int, ChangePlace]:
    """The records that changed after `since`, or were deleted, by id, with the place, the oldest change first; `most` of them.

    All that is committed is among them, settled or not.
    """
    query = select(RecordChange).where(_after(session, side, since))
    rows = session.execute(query.order_by(*order_of(session)).limit(most)).scalars()
    return {row.record_id: place_of(row) for row in rows}


def count_changed(session: Session, side: str, since: ChangePlace) -> int:
    """The number of records that changed after `since`."""
    query = select(func.count()).select_from(RecordChange).where(_after(session, side, since))
    return int(session.execute(query).scalar_one())


def _after(session: Session, side: str, since: ChangePlace) -> ColumnElement[bool]:
    of_side = col(RecordChange.kind) == _KINDS[side].name
    return of_side & record_changes.between(session, since, _FOREVER)
