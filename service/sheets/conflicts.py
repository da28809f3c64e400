"""Conflicts under a number as a list for Excel or CSV."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from catalog.conflicts import shown as conflicts_shown
from catalog.conflicts.shown import ConflictPublic
from catalog.db import Session
from catalog.imports import conflicts
from catalog.kit.base import chunks
from ingestion.kinds.kinds import KIND_NAMES
from service.sheets.lists import Listing, Value

COLUMNS = (
    ("编号", 8), ("处理", 12), ("种类", 8), ("号码", 20), ("原记录名称", 40), ("原记录所有者", 28), ("新记录名称", 40),
    ("新记录所有者", 28), ("不同之处（原 → 新）", 60), ("原记录此后", 30), ("所在的行", 40), ("决定人", 14), ("决定时间（UTC）", 18),
    ("说明", 30),
)  # fmt: skip


def conflicts_list(session: Session, ids: Sequence[int], conditions: Sequence[str]) -> Listing:
    """The conflicts with these ids."""

    def rows() -> Iterator[Sequence[Value]]:
        for chunk in chunks(ids):
            yield from map(_row, conflicts_shown.publics(session, conflicts.many(session, chunk)))
            session.expunge_all()

    return Listing("冲突清单", COLUMNS, rows(), conditions)


def _row(conflict: ConflictPublic) -> Sequence[Value]:
    return (
        conflict.id, conflict.status_name, KIND_NAMES.get(conflict.kind, conflict.kind), f"{conflict.field} {conflict.number}",
        conflict.stored_name, "；".join(conflict.stored_owners), conflict.name, "；".join(conflict.owners),
        "\n".join(f"{value.label}：{value.stored or '（空）'} → {value.stated or '（空）'}" for value in conflict.differs),
        conflict.remark, "；".join(places(conflict)), conflict.decided_by,
        f"{conflict.decided_at:%Y-%m-%d %H:%M}" if conflict.decided_at else None, conflict.note,
    )  # fmt: skip


def places(conflict: ConflictPublic) -> list[str]:
    """The place of the new record in words."""
    return [f"导入 {row.import_id}（{row.file_name}）{row.sheet} 第 {row.line} 行" for row in conflict.rows]
