"""Recent changes for an index that follows the catalogue: records by the time of their last change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlmodel import Session, col

from catalog.demand.enterprises import Enterprise
from catalog.demand.needs import Need
from catalog.kit.terms import NeedStatus
from catalog.supply.patents import Patent

_MODELS: dict[str, Any] = {"patents": Patent, "needs": Need, "products": Enterprise}
"""What is indexed: patents, open needs, and products of enterprises."""


Place = tuple[datetime, int]
"""A place in the order of changes: the time of a change, and the id among those of that time."""


def changed(session: Session, side: str, since: Place, most: int) -> dict[int, datetime]:
    """The records that changed after `since` by id, with the time, the oldest change first; `most` of them."""
    model = _MODELS[side]
    query = select(col(model.id), col(model.updated_at)).where(_after(model, since))
    ordered = query.order_by(col(model.updated_at), col(model.id)).limit(most)
    return dict(session.execute(ordered).all())


def count_changed(session: Session, side: str, since: Place) -> int:
    """The number of records that changed after `since`."""
    model = _MODELS[side]
    query = select(func.count()).select_from(model).where(_after(model, since))
    return int(session.execute(query).scalar_one())


def indexed_ids(session: Session, side: str) -> Sequence[int]:
    """The ids of all records that an index is to hold by now."""
    return session.execute(_indexed(side, col(_MODELS[side].id))).scalars().all()


def count_indexed(session: Session, side: str) -> int:
    """The number of records that an index is to hold by now."""
    return int(session.execute(_indexed(side, func.count(col(_MODELS[side].id)))).scalar_one())


def _after(model: Any, since: Place) -> ColumnElement[bool]:
    time, id_ = since
    of_that_time = and_(col(model.updated_at) == time, col(model.id) > id_)
    # The first condition is redundant, but lets SQLite use the index on the time.
    return and_(col(model.updated_at) >= time, or_(col(model.updated_at) > time, of_that_time))


def _indexed(side: str, what: Any) -> Select[Any]:
    query = select(what)
    if side == "needs":
        query = query.where(col(Need.status) == NeedStatus.OPEN.value)
    if side == "products":
        query = query.where(col(Enterprise.products) != "")
    return query
