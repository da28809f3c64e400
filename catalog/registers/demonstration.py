"""Demonstration data (演示数据) and real records are kept apart: what a database holds of either."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from catalog.deals.deals import Deal
from catalog.demand.enterprises import Enterprise
from catalog.demand.needs import Need
from catalog.kit.errors import Conflict
from catalog.licences.licences import Licence
from catalog.supply.patents import Patent

NOTICE = "系统中有演示数据，匹配与统计将一并计入。正式使用请用 PATENTDOCK_DATA 另设数据目录"
_KINDS: dict[str, Any] = {
    "专利": Patent,
    "技术需求": Need,
    "企业": Enterprise,
    "开放许可声明": Licence,
    "交易": Deal,
}


def refuse_mixture(session: Session) -> None:
    """Raises Conflict when the database holds records that are no demonstration data."""
    counts = {label: _real(session, model) for label, model in _KINDS.items()}
    real = "，".join(f"{label} {count}" for label, count in counts.items() if count)
    if real:
        raise Conflict(
            f"系统中已有正式数据（{real}），未载入演示数据",
            hint="请用 PATENTDOCK_DATA 另设数据目录后重试；使用正式数据请直接运行 patentdock serve；确需混合请加 --force",
        )


def notices(session: Session) -> list[str]:
    """Notices to an import of real records where demonstration data came first, which the oldest records show."""
    oldest = [select(col(model.is_demo)).order_by(col(model.id)).limit(1) for model in _KINDS.values()]
    return [NOTICE] if any(session.execute(query).scalar_one_or_none() for query in oldest) else []


def _real(session: Session, model: Any) -> int:
    query = select(func.count()).select_from(model).where(col(model.is_demo).is_(False))
    return int(session.execute(query).scalar_one())
