"""Versions of the segment catalogue (产业目录版本): exported as an operator wrote them, activated, compared."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, Field
from sqlalchemy import update
from sqlmodel import Session, col

from catalog.kit.base import now
from catalog.segments import segments
from catalog.segments.segments import CatalogueEntry, SegmentCatalogue, SegmentEntry

LABELS = {
    "name": "细分领域",
    "group_name": "类别",
    "industry_codes": "国民经济行业代码",
    "ipc_subclasses": "IPC 小类",
    "source": "名称来源",
    "note": "说明",
}


class FieldChange(BaseModel):
    """One field of a segment that differs between two versions."""

    code: str
    field: str = Field(description="字段的中文名称")
    old: str
    new: str


class CatalogueDiff(BaseModel):
    """The differences between two versions: segments by code and name, and the fields of those in both."""

    old_version: str
    new_version: str
    added: list[str]
    removed: list[str]
    changed: list[FieldChange]

    @property
    def changes_classes(self) -> bool:
        """Whether this difference can change the segments of a record."""
        codes = {LABELS["industry_codes"], LABELS["ipc_subclasses"]}
        return bool(self.added or self.removed) or any(change.field in codes for change in self.changed)


def entry_of(session: Session, version: str | None = None) -> CatalogueEntry:
    """The version (by default the one in use) as an operator writes it. Raises NotFound and NotReady."""
    row = segments.catalogue(session, version)
    own = set(CatalogueEntry.model_fields) - {"segments"}
    return CatalogueEntry(
        **row.model_dump(include=own),
        segments=[
            SegmentEntry(**segment.model_dump(include=set(SegmentEntry.model_fields)))
            for segment in segments.segments_of(session, row)
        ],
    )


def use(session: Session, version: str) -> SegmentCatalogue:
    """Put this version in use in place of the other. Raises NotFound."""
    row = segments.catalogue(session, version)
    if not row.in_use:
        session.execute(update(SegmentCatalogue).where(col(SegmentCatalogue.in_use)).values(in_use=False))
        row.in_use, row.updated_at = True, now()
        session.flush()
    return row


def diff(old: CatalogueEntry, new: CatalogueEntry) -> CatalogueDiff:
    """The changes from `old` to `new`, in the order of the lists."""
    before = {segment.code: segment for segment in old.segments}
    after = {segment.code: segment for segment in new.segments}
    return CatalogueDiff(
        old_version=old.version,
        new_version=new.version,
        added=[_named(segment) for code, segment in after.items() if code not in before],
        removed=[_named(segment) for code, segment in before.items() if code not in after],
        changed=[
            FieldChange(
                code=code,
                field=label,
                old=_shown(getattr(before[code], name)),
                new=_shown(getattr(segment, name)),
            )
            for code, segment in after.items()
            if code in before
            for name, label in LABELS.items()
            if getattr(before[code], name) != getattr(segment, name)
        ],
    )


def _named(segment: SegmentEntry) -> str:
    return f"{segment.code} {segment.name}"


def _shown(value: str | Sequence[str]) -> str:
    return value if isinstance(value, str) else " ".join(value)
