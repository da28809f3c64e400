"""Reclassification (重新分类) of all records when another segment catalogue is activated.

Segments derived from IPC or from a stated industry are computed again; those that a record states itself and those
inferred from text are kept. The version is active at once for all later imports; the records follow block by block, each
in a short transaction, so that others can write meanwhile. An interrupted reclassification is resumed when the version is
activated again. The index uses the new segments after the next build.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from catalog.db import Database, Session
from catalog.kit.base import ClassRef
from catalog.kit.progress import Progress
from catalog.registers import reclassification
from catalog.registers.reclassification import Classes
from catalog.segments import segments
from catalog.segments import versions as segment_versions
from catalog.segments.segments import CatalogueEntry
from catalog.supply import patent_lists
from ingestion.records.classification import Classifier

BLOCK = 2000
"""Patents that are read and rewritten in one transaction."""


@dataclass(slots=True)
class ReclassifyReport:
    """The result of a switch to `version`: records seen and changed; segments kept because they were stated or read from text.

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


def adopt(
    database: Database, entry: CatalogueEntry, progress: Progress | None = None, *, block: int = BLOCK
) -> ReclassifyReport:
    """Store this catalogue version, put it in use and reclassify. Raises InvalidInput, and Conflict as `switch` does."""
    with database.write() as session:
        row = segments.store(session, entry)
        row.reclassified_to = None  # anything done before belongs to other content
        reclassification.begin(session, row)
    return _reclassify(database, progress, block)


def switch(
    database: Database, version: str, progress: Progress | None = None, *, block: int = BLOCK
) -> ReclassifyReport:
    """Put a stored catalogue version in use and reclassify. Raises NotFound, and Conflict when another does the same."""
    with database.write() as session:
        row = segments.catalogue(session, version)
        if not row.in_use:
            row.reclassified_to = None  # other versions were in use since
        segment_versions.use(session, version)
        reclassification.begin(session, row)
    return _reclassify(database, progress, block)


def _reclassify(database: Database, progress: Progress | None, block: int) -> ReclassifyReport:
    with database.read() as session:
        catalogue = segments.catalogue(session)
        known = segments.segments_of(session, catalogue)
        total = patent_lists.count(session)
    work = _Work(
        Classifier(known), {segment.code for segment in known}, ReclassifyReport(catalogue.version), block
    )
    done = catalogue.reclassified_to or 0
    while (upto := work.take_patents(database, done)) > done:
        done = upto
        if progress:
            progress(min(work.report.patents, total), total)
    with database.write() as session:
        work.take_needs(session)
        reclassification.advance(session, catalogue.version, done, None)
    if progress:
        progress(total, total)
    return work.report


@dataclass(slots=True)
class _Work:
    classifier: Classifier
    codes: set[str]
    report: ReclassifyReport
    block: int

    def take_patents(self, database: Database, done: int) -> int:
        """Reclassifies the patents of the block after the id `done`; returns the last of them, `done` at the end."""
        with database.read() as session:
            ids = reclassification.next_block(session, done, self.block)
            if not ids:
                return done
            classes = reclassification.classes_of(session, ids)
        stale = [patent_id for patent_id, found in classes.items() if self._anew(found) is not None]
        with database.write() as session:
            # The classes may have changed before the lock was taken.
            changed = {
                patent_id: refs
                for patent_id, found in reclassification.classes_of(session, stale).items()
                if (refs := self._anew(found)) is not None
            }
            reclassification.replace_of_patents(session, changed)
            reclassification.advance(session, self.report.version, done, ids[-1])
        for found in classes.values():
            self._count_kept(found)
        self.report.patents += len(classes)
        self.report.patents_changed += len(changed)
        return ids[-1]

    def take_needs(self, session: Session) -> None:
        for need_id, stored, classes in reclassification.needs(session):
            self.report.needs += 1
            self._count_kept(classes)
            refs = self._anew(classes)
            if refs is not None:
                others = [ref for ref in stored if ref.scheme != "segment"]
                reclassification.replace_of_need(session, need_id, [*others, *refs])
                self.report.needs_changed += 1

    def _anew(self, classes: Classes) -> Sequence[ClassRef] | None:
        """The segments of a record under this catalogue, None where they stay as they are."""
        if not classes.derived:
            return None
        refs = self.classifier.segments(classes.ipcs, classes.industries)
        same = [(ref.code, ref.weight, ref.basis) for ref in refs] == classes.segments
        return None if same else refs

    def _count_kept(self, classes: Classes) -> None:
        if classes.derived:
            return
        bases = {basis for _, _, basis in classes.segments}
        self.report.stated += "official" in bases
        self.report.from_text += "text" in bases
        self.report.unknown += any(code not in self.codes for code, _, _ in classes.segments)
