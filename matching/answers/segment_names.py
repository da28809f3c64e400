"""The segment catalogue in use (产业目录) compared with that of a generation, and other ways in which the generation is stale.

Records are reclassified as soon as a catalogue is put in use; the filters of a generation follow with the next reindex.
Until then names are those of the catalogue in use, and results carry a notice.
"""

from __future__ import annotations

from dataclasses import dataclass

from catalog.db import Session
from catalog.segments import segments
from index.generations.generation import Generation

LEFT = "另有 {} 条新增或变更的记录尚未纳入索引，请运行 patentdock reindex"


@dataclass(frozen=True, slots=True)
class SegmentNames:
    """Names of the segments in use by code, their version, and notices where the index is stale."""

    version: str
    names: dict[str, str]
    notices: list[str]


def segment_names(session: Session, generation: Generation) -> SegmentNames:
    """The names of the segments in use. Raises NotReady when no catalogue is in use."""
    row = segments.catalogue(session)
    return SegmentNames(row.version, segments.names(session, row), _notices(row, generation))


def notices(session: Session, generation: Generation) -> list[str]:
    """Notices where the generation was built on another or older catalogue, or lacks some changes."""
    return _notices(segments.catalogue(session), generation)


def _notices(row: segments.SegmentCatalogue, generation: Generation) -> list[str]:
    manifest = generation.manifest
    left = [LEFT.format(generation.left)] if generation.left else []
    if row.version == manifest.segment_catalogue and row.updated_at <= manifest.started_at:
        return left
    return [
        *left,
        f"产业目录已更新为 {row.version}，索引 {generation.name} 仍按建立时的目录 {manifest.segment_catalogue} 筛选细分领域；"
        "请运行 patentdock reindex",
    ]
