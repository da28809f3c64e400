"""Rows that contradict a stored record under its number: kept for a decision, or treated as decided before."""

from __future__ import annotations

from collections.abc import Sequence

from catalog.db import Session
from catalog.imports import conflicts
from catalog.imports.conflicts import Claim
from catalog.kit.terms import ConflictStatus
from ingestion.storing.rows import Origin, Taken

KEPT = "号码属于另一条记录，此前已决定保留原记录，本行未写入"


def wait(session: Session, origin: Origin, kind: str, rows: Sequence[tuple[Taken, Claim]]) -> None:
    """Keeps these rows for a decision; one that was decided against before changes nothing."""
    claims = [claim for _, claim in rows]
    found = conflicts.wait(session, origin.import_id, kind, claims) if claims else []
    for (taken, claim), conflict in zip(rows, found, strict=True):
        if conflict.status == ConflictStatus.PENDING:
            taken.claim, taken.outcome = claim, "waiting"
        else:
            taken.outcome = "unchanged"
            stated = f"{claim.field} {claim.number} 登记为{conflict.stored}，本行为{claim.subject}"
            taken.remarks = [(KEPT, stated)]
