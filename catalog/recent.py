"""What has changed lately, for an index that follows the catalogue: records by the time of their last change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlmodel import Session, col

from catalog.enterprises import Enterprise
from catalog.needs import Need
from catalog.patents import Patent
from catalog.terms import NeedStatus

_MODELS: dict[str, Any] = {"patents": Patent, "needs": Need, "products": Enterprise}
SIDES = tuple(_MODELS)
"""What is indexed: patents, open needs, and products of enterprises."""


def changed(session: Session, side: str, since: datetime, most: int) -> dict[int, datetime]:
    """The records that changed after `since` by id, with the time, the oldest change first; `most` of them."""
    model = _MODELS[side]
    query = select(col(model.id), col(model.updated_at)).where(col(model.updated_at) > since)
    ordered = query.order_by(col(model.updated_at), col(model.id)).limit(most)
    return dict(session.execute(ordered).all())


def count_changed(session: Session, side: str, since: datetime) -> int:
    """How many records changed after `since`."""
    model = _MODELS[side]
    query = select(func.count()).select_from(model).where(col(model.updated_at) > since)
    return int(session.execute(query).scalar_one())


def indexed_ids(session: Session, side: str) -> Sequence[int]:
    """The ids of all records that an index is to hold by now."""
    return session.execute(_indexed(side, col(_MODELS[side].id))).scalars().all()


def count_indexed(session: Session, side: str) -> int:
    """How many records an index is to hold by now."""
    return int(session.execute(_indexed(side, func.count(col(_MODELS[side].id)))).scalar_one())


def _indexed(side: str, what: Any) -> Select[Any]:
    query = select(what)
    if side == "needs":
        query = query.where(col(Need.status) == NeedStatus.OPEN.value)
    if side == "products":
        query = query.where(col(Enterprise.products) != "")
    return query
