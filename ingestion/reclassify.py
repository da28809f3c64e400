"""Reclassification (重新分类) of all records when another segment catalogue comes into use.

Segments that follow from IPC or from a stated industry are worked out anew; those that a record states itself and those
inferred from text stay. The switch and the new segments are one transaction: a reader sees the old catalogue with its
segments or the new one with its own. The index knows the new segments after the next build.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from catalog import patents, reclassification, segment_versions, segments
from catalog.base import ClassRef
from catalog.db import Database, Session
from catalog.reclassification import Classes
from catalog.segments import CatalogueEntry
from ingestion.classification import Classifier

Progress = Callable[[int, int], None]


@dataclass(slots=True)
class ReclassifyReport:
    """What a switch to `version` did: records seen and changed; segments kept because they were stated or read from text.

    `unknown` counts records that state a segment which this version does not have.
    """

    version: str
    patents: int = 0
    patents_changed: int = 0
    needs: int = 0
    needs_changed: int = 0
    stated: int = 0
    from_text: int = 0
    unknown: int = 0


def adopt(database: Database, entry: CatalogueEntry, progress: Progress | None = None) -> ReclassifyReport:
    """Store this catalogue version, put it in use and reclassify. Raises InvalidInput."""
    with database.write() as session:
        segments.store(session, entry)
        return _reclassify(session, progress)


def switch(database: Database, version: str, progress: Progress | None = None) -> ReclassifyReport:
    """Put a stored catalogue version in use and reclassify. Raises NotFound."""
    with database.write() as session:
        segment_versions.use(session, version)
        return _reclassify(session, progress)


def _reclassify(session: Session, progress: Progress | None) -> ReclassifyReport:
    catalogue = segments.catalogue(session)
    known = segments.segments_of(session, catalogue)
    work = _Work(Classifier(known), {segment.code for segment in known}, ReclassifyReport(catalogue.version))
    total = patents.count(session)
    for block in reclassification.patents(session):
        work.take_patents(session, block)
        if progress:
            progress(work.report.patents, total)
    if progress:
        progress(total, total)
    work.take_needs(session)
    return work.report


@dataclass(slots=True)
class _Work:
    classifier: Classifier
    codes: set[str]
    report: ReclassifyReport

    def take_patents(self, session: Session, block: dict[int, Classes]) -> None:
        changed = {}
        for patent_id, classes in block.items():
            refs = self._anew(classes)
            if refs is not None:
                changed[patent_id] = refs
        reclassification.replace_of_patents(session, changed)
        self.report.patents += len(block)
        self.report.patents_changed += len(changed)

    def take_needs(self, session: Session) -> None:
        for need_id, stored, classes in reclassification.needs(session):
            self.report.needs += 1
            refs = self._anew(classes)
            if refs is not None:
                others = [ref for ref in stored if ref.scheme != "segment"]
                reclassification.replace_of_need(session, need_id, [*others, *refs])
                self.report.needs_changed += 1

    def _anew(self, classes: Classes) -> list[ClassRef] | None:
        """The segments of a record under this catalogue, None where they stay as they are."""
        if not classes.derived:
            self._count_kept(classes)
            return None
        refs = self.classifier.segments(classes.ipcs, classes.industries)
        same = [(ref.code, ref.weight, ref.basis) for ref in refs] == classes.segments
        return None if same else refs

    def _count_kept(self, classes: Classes) -> None:
        bases = {basis for _, _, basis in classes.segments}
        self.report.stated += "official" in bases
        self.report.from_text += "text" in bases
        self.report.unknown += any(code not in self.codes for code, _, _ in classes.segments)
