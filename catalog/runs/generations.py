"""Generations (索引版本) as the catalogue knows them; their files and manifests lie under the data directory."""

from collections.abc import Sequence, Set
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, select
from sqlmodel import Field, Session, col

from catalog.kit.base import Timestamps, UtcDateTime
from catalog.kit.terms import Term


class GenerationStatus(Term):
    """The state of a generation (索引版本)."""

    ACTIVE = "active", "使用中"
    RETIRED = "retired", "已被替换"
    PRUNED = "pruned", "已清除"


class GenerationRecord(Timestamps, table=True):
    """A generation that was built and swapped in."""

    __tablename__ = "generations"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=64, unique=True)
    status: str = Field(default=GenerationStatus.ACTIVE.value, max_length=16)
    patents: int = 0
    needs: int = 0
    manifest: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    activated_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


def record(
    session: Session, name: str, patents: int, needs: int, manifest: dict[str, Any], at: datetime
) -> None:
    """Note that generation `name` went into use; the one before is retired."""
    for row in session.execute(select(GenerationRecord)).scalars():
        if row.status == GenerationStatus.ACTIVE.value:
            row.status = GenerationStatus.RETIRED.value
    row = session.execute(
        select(GenerationRecord).where(col(GenerationRecord.name) == name)
    ).scalar_one_or_none()
    if row is None:
        row = GenerationRecord(name=name, patents=patents, needs=needs, manifest=manifest)
        session.add(row)
    row.status, row.activated_at = GenerationStatus.ACTIVE.value, at
    session.flush()


def mark_pruned(session: Session, kept: Set[str]) -> None:
    """Note that of all generations only the files of those named in `kept` are left."""
    for row in session.execute(select(GenerationRecord)).scalars():
        if row.name not in kept:
            row.status = GenerationStatus.PRUNED.value
    session.flush()


def history(session: Session) -> Sequence[GenerationRecord]:
    """All generations, newest first."""
    return session.execute(select(GenerationRecord).order_by(col(GenerationRecord.id).desc())).scalars().all()
