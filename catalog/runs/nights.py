"""Nightly runs (夜间批处理): when each ran, what every stage found, and where it stopped."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Text, select
from sqlmodel import Field, Session, SQLModel, col

from catalog.kit.base import Timestamps, UtcDateTime, now
from catalog.kit.errors import NotFound
from catalog.kit.paging import PageQuery, Rows, Sorts, paginate
from catalog.kit.terms import Term
from catalog.webhooks.events import NIGHT_FINISHED
from catalog.webhooks.outbox import announce


class RunStatus(Term):
    """The status of a nightly run; one that was killed stays RUNNING until the next one resumes or abandons it."""

    RUNNING = "running", "进行中，或被中止"
    FINISHED = "finished", "已完成"
    FAILED = "failed", "失败"
    ABANDONED = "abandoned", "被中止且未续做"


class NightlyRun(Timestamps, table=True):
    """One nightly run. `stages` holds the result of every stage that is done, by its name."""

    __tablename__ = "nightly_runs"

    id: int | None = Field(default=None, primary_key=True)
    status: str = Field(default=RunStatus.RUNNING.value, max_length=16, index=True)
    generation: str = Field(default="", max_length=64)
    stages: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    resumed: int = 0
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    message: str = Field(default="", sa_type=Text)


class NightlyRunPublic(SQLModel):
    """A nightly run as shown to users."""

    id: int = Field(description="夜间批处理的编号")
    status: RunStatus = Field(description="状态")
    generation: str = Field(description="建立的索引版本；未建立为空")
    created_at: datetime = Field(description="开始时间")
    finished_at: datetime | None = Field(description="结束时间；未结束为空")
    resumed: int = Field(description="中断后继续的次数")
    message: str = Field(description="失败的原因；正常为空")
    stages: dict[str, Any] = Field(description="各步骤的结果")


def public(row: NightlyRun) -> NightlyRunPublic:
    """The run as shown to users."""
    return NightlyRunPublic.model_validate(row, from_attributes=True)


def start(session: Session) -> NightlyRun:
    """Note that a run begins; those that were killed and not resumed are abandoned."""
    for row in session.execute(
        select(NightlyRun).where(col(NightlyRun.status) == RunStatus.RUNNING)
    ).scalars():
        row.status, row.updated_at = RunStatus.ABANDONED.value, now()
    row = NightlyRun()
    session.add(row)
    session.flush()
    return row


def unfinished(session: Session, since: datetime) -> NightlyRun | None:
    """The last run, if it began after `since` and was killed or failed."""
    row = session.execute(
        select(NightlyRun).order_by(col(NightlyRun.id).desc()).limit(1)
    ).scalar_one_or_none()
    if row is None or row.created_at < since:
        return None
    return row if row.status in (RunStatus.RUNNING, RunStatus.FAILED) else None


def resume(session: Session, run_id: int) -> NightlyRun:
    """Note that a run goes on where it stopped. Raises NotFound."""
    row = get(session, run_id)
    row.status, row.message, row.resumed, row.updated_at = RunStatus.RUNNING.value, "", row.resumed + 1, now()
    session.flush()
    return row


def note_stage(
    session: Session, run_id: int, stage: str, result: dict[str, Any], *, generation: str = ""
) -> None:
    """Stores the result of a stage; where it built a generation, the run is linked to it. Raises NotFound."""
    row = get(session, run_id)
    # A new dictionary: a change within the old one would not be noticed.
    row.stages = {**row.stages, stage: result}
    row.generation = generation or row.generation
    row.updated_at = now()
    session.flush()


def finish(session: Session, run_id: int, *, failed: str = "") -> None:
    """Note that a run has ended, well or with the message `failed`. Raises NotFound."""
    row = get(session, run_id)
    row.status = (RunStatus.FAILED if failed else RunStatus.FINISHED).value
    row.message, row.finished_at, row.updated_at = failed, now(), now()
    session.flush()
    known = {"status": row.status, "generation": row.generation, **row.stages.get("compare", {})}
    announce(session, NIGHT_FINISHED, {run_id: {name: known.get(name) for name in NIGHT_FINISHED.data}})


def get(session: Session, run_id: int) -> NightlyRun:
    """The run `run_id`. Raises NotFound."""
    row = session.get(NightlyRun, run_id)
    if row is None:
        raise NotFound(f"没有编号为 {run_id} 的夜间批处理记录")
    return row


SORTS = Sorts({"id": NightlyRun.id, "created_at": NightlyRun.created_at}, "-id")


def page(session: Session, wanted: PageQuery) -> Rows[NightlyRun]:
    """Runs, the newest first by default."""
    return paginate(session, select(NightlyRun), wanted, SORTS)


def previous(session: Session, run_id: int) -> NightlyRun | None:
    """The last run before `run_id` that finished."""
    query = select(NightlyRun).where(
        col(NightlyRun.id) < run_id, col(NightlyRun.status) == RunStatus.FINISHED.value
    )
    return session.execute(query.order_by(col(NightlyRun.id).desc()).limit(1)).scalar_one_or_none()


def finished_ids(session: Session) -> Sequence[int]:
    """The runs that finished, newest first."""
    query = select(col(NightlyRun.id)).where(col(NightlyRun.status) == RunStatus.FINISHED.value)
    return [
        run_id for run_id in session.execute(query.order_by(col(NightlyRun.id).desc())).scalars() if run_id
    ]
