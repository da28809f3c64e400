"""Decisions on conflicts (对冲突的决定): the stored record is kept, or the new one takes its place.

Who decided what, when and why stands with the conflict. What takes a place is noted under the import that its row came
from, so that an undo of that import brings the stored record back.
"""

from collections.abc import Sequence

from sqlmodel import Field, Session, SQLModel

from catalog.imports import conflicts, imports
from catalog.imports.conflicts import ConflictFilter, NumberConflict
from catalog.imports.imports import Import, ImportStatus
from catalog.kit.base import id_of, now
from catalog.kit.errors import InProgress, PatentDockError, WrongState
from catalog.kit.paging import PageQuery
from catalog.kit.terms import ConflictStatus, Decision
from catalog.registers.registers import contested_of

MOST_DECIDED = 100_000
STATUSES = {Decision.KEEP: ConflictStatus.KEPT, Decision.REPLACE: ConflictStatus.REPLACED}


class Undecided(SQLModel):
    """A conflict that could not be decided so, and why; it still waits."""

    id: int = Field(description="冲突的编号")
    number: str = Field(description="号码")
    reason: str = Field(description="未能决定的原因")


class DecidedTogether(SQLModel):
    """The outcome of one decision on all conflicts of an import that waited."""

    import_id: int = Field(description="导入的编号")
    decided: int = Field(default=0, description="已决定的条数")
    undecided: list[Undecided] = Field(default=[], description="未能决定的冲突，仍待决定")


def decide(
    session: Session, conflict_id: int, decision: Decision, *, actor: str, note: str = ""
) -> NumberConflict:
    """Decides a conflict. Raises NotFound, and Conflict when it is decided already or the record cannot be stored."""
    row = conflicts.get(session, conflict_id, to_change=True)
    if row.status != ConflictStatus.PENDING:
        when = f"{row.decided_at:%Y-%m-%d %H:%M}（UTC）" if row.decided_at else ""
        raise WrongState(
            f"编号 {conflict_id} 的冲突已由{row.decided_by or '他人'}于 {when}决定：{row.status.label}",
            hint="决定不能重复作出；如有误，请撤销采用的那次导入，或直接修改该记录",
        )
    if decision is Decision.REPLACE:
        contested, origin = contested_of(row.kind), _origin(session, row)
        contested.put(session, contested.model.model_validate(row.record), origin)
        row.put_by = origin.id
    row.status, row.note = STATUSES[decision], note
    row.decided_by, row.decided_at = actor, now()
    row.updated_at = row.decided_at
    session.flush()
    return row


def decide_all(
    session: Session, import_id: int, decision: Decision, *, actor: str, note: str = ""
) -> DecidedTogether:
    """Decides all conflicts of an import that wait, each by itself: one that cannot be decided so keeps waiting.

    Raises NotFound.
    """
    imports.get(session, import_id)
    where = ConflictFilter(status=ConflictStatus.PENDING, import_id=import_id)
    found = DecidedTogether(import_id=import_id)
    for id_ in conflicts.listed(session, PageQuery(), where, at_most=MOST_DECIDED):
        try:
            with session.begin_nested():
                decide(session, id_, decision, actor=actor, note=note)
            found.decided += 1
        except PatentDockError as error:
            number = conflicts.get(session, id_).number
            found.undecided.append(Undecided(id=id_, number=number, reason=str(error)))
    return found


def _origin(session: Session, row: NumberConflict) -> Import:
    """The last import with a row of the conflict; not one that is still running, whose rows may yet contradict it."""
    stated: Sequence[int] = [
        entry.import_id for entry in conflicts.rows_of(session, [id_of(row)]).get(id_of(row), [])
    ]
    origin = imports.get(session, max(stated))
    if origin.status == ImportStatus.RUNNING.value and not imports.is_orphan(origin):
        raise InProgress(
            f"编号 {origin.id} 的导入（{origin.file_name}）还在进行", hint="请等它结束后再作决定"
        )
    return origin
