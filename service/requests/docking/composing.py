"""Composing as long work: it is begun, followed, stopped, resumed, and its schedule kept when it is done.

Each step is one transaction: a process that is killed leaves the schedule in force as it was. A stopped run keeps the best schedule
found so far, from which another can go on.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from threading import Thread
from typing import Any

from catalog.db import Database, Session
from catalog.docking import activities, history, meetings, rules, schedules
from catalog.docking.meetings import ScheduleRun
from catalog.docking.schedules import CandidatePair, PlannedMeeting
from catalog.docking.terms import (
    ActivityAction,
    ActivityStatus,
    ScheduleKind,
    ScheduleState,
)
from catalog.kit.base import now
from catalog.kit.errors import Conflict, InProgress, InvalidInput, PatentDockError, WrongState
from catalog.kit.processes import this_process
from matching.docking.checker import check
from matching.docking.compose import compose
from matching.docking.replan import replan
from matching.docking.schedule import (
    Composed,
    ComposeEffort,
    ComposeProgress,
    ComposeWatch,
    DayChange,
    NoSchedule,
    Schedule,
    gap_of,
)
from service.requests.docking.programmes import NOT_HELD, BuiltProgramme, Since, build, pair_id, wished

logger = logging.getLogger("patentdock")

BETWEEN_NOTES = 0.5
"""Seconds between two notes of progress in the catalogue."""
REPLANNING = "replan"
KILLED = "进行编排的进程已终止"


@dataclass(frozen=True, slots=True)
class ComposeWish:
    """The way in which an activity is to be composed: `quick` by the greedy method alone, `resumed` going on from a stopped schedule."""

    kind: ScheduleKind = ScheduleKind.COMPOSED
    quick: bool = False
    seed: int | None = None
    seconds: int | None = None
    since: Since = Since()  # noqa: RUF009 - frozen
    resumed: int | None = None


def begin(session: Session, activity_id: int, wish: ComposeWish, *, actor: str = "") -> ScheduleRun:
    """Notes that a schedule is being composed. Raises NotFound, Conflict (wrong status, another one goes on) and InvalidInput."""
    row = activities.get(session, activity_id)
    allowed = (ActivityStatus.INVITING, *rules.SCHEDULED)
    rules.require(row, allowed, "编排日程")
    if wish.kind is ScheduleKind.REPLANNED and row.run is None:
        raise WrongState("尚无日程，不能调整编排", hint="请先编排日程")
    mark_killed(session, activity_id)
    if going := next((one for one in meetings.runs_of(session, activity_id) if one.state.is_open), None):
        raise InProgress(f"第 {going.number} 份日程正在编排", hint="请等待完成，或先停止编排")
    settings = _settings(session, activity_id, wish)
    return meetings.add_run(
        session,
        ScheduleRun(
            activity_id=activity_id,
            number=0,
            kind=ScheduleKind(settings["kind"]),
            state=ScheduleState.RUNNING,
            process=this_process(),
            settings=settings,
            seed=row.seed if wish.seed is None else wish.seed,
            actor=actor,
        ),
    )


def _settings(session: Session, activity_id: int, wish: ComposeWish) -> dict[str, Any]:
    row = activities.get(session, activity_id)
    if wish.resumed is not None:
        before = meetings.run_of(session, activity_id, wish.resumed)
        if before.state not in (ScheduleState.CANCELLED, ScheduleState.INTERRUPTED, ScheduleState.FAILED):
            raise WrongState(
                f"第 {before.number} 份日程{before.state.label}，不能续排",
                hint="只能续排已停止、已中断的日程",
            )
        return before.settings | {"resumed": before.number}
    slots = {one.number: one.slots for one in activities.sessions_of(session, activity_id)}
    if not 1 <= wish.since.slot <= slots.get(wish.since.session, 0):
        raise InvalidInput(
            f"没有第 {wish.since.session} 场第 {wish.since.slot} 时段", hint="请核对场次与时段序号"
        )
    return {
        "kind": wish.kind.value,
        "quick": wish.quick,
        "seconds": wish.seconds or row.rules.seconds,
        "since": [wish.since.session, wish.since.slot],
        "limits": row.limits,
    }


def mark_killed(session: Session, activity_id: int | None = None) -> None:
    """Marks the runs of processes that have ended as interrupted; of one activity or of all."""
    for run in meetings.open_runs(session, activity_id):
        if run.standing == ScheduleState.INTERRUPTED:
            run.state, run.message, run.updated_at = ScheduleState.INTERRUPTED, KILLED, now()
    session.flush()


def stop(session: Session, activity_id: int, number: int) -> ScheduleRun:
    """Asks the work on a schedule to stop. Raises NotFound, and Conflict for one on which nobody works."""
    mark_killed(session, activity_id)
    run = meetings.run_of(session, activity_id, number)
    if not run.state.is_open:
        raise WrongState(f"第 {number} 份日程{run.state.label}，无须停止", hint="只能停止正在编排的日程")
    run.is_stopping, run.updated_at = True, now()
    session.flush()
    return run


class _Watching:
    """Keeps the progress of a run in the catalogue and hears whether it is to stop."""

    def __init__(self, database: Database, run_id: int) -> None:
        self._database, self._run_id = database, run_id
        self._known: dict[str, Any] = {}
        self._last, self._stops = 0.0, False

    def progress(self, progress: ComposeProgress) -> None:
        known = {"value": progress.value, "bound": progress.bound, "breaks": progress.breaks}
        # What re-planning maximises are meetings kept and people spared, not the value of the pairs.
        known = {} if progress.stage == REPLANNING else known
        # A stage that reports breaks alone leaves what was proven of the value.
        self._known |= {name: value for name, value in known.items() if value is not None}
        gap = gap_of(self._known.get("value"), self._known.get("bound"))
        self._known |= {"stage": progress.stage, "gap": gap}
        self.stopped()

    def stopped(self) -> bool:
        if not self._stops and time.monotonic() - self._last >= BETWEEN_NOTES:
            self._last = time.monotonic()
            with self._database.write() as session:
                self._stops = meetings.note_progress(session, self._run_id, self._known)
        return self._stops


def work(database: Database, run_id: int, today: date) -> ScheduleState:
    """Composes the schedule of a run that was begun, and keeps it; returns how it ended. Errors are kept in the run."""
    try:
        built, effort, start = _prepared(database, run_id, today)
        watching = _Watching(database, run_id)
        watch = ComposeWatch(watching.progress, watching.stopped)
        if built.records.on_the_day:
            return _replan(database, run_id, built, (effort, watch, start))
        composed = compose(built.programme, effort, watch, built.schedule_of(start) if start else None)
    except NoSchedule as error:
        return _failed(database, run_id, "规则不能同时满足", list(error.conflict.sentences))
    except PatentDockError as error:
        return _failed(database, run_id, error.message)
    except Exception as error:
        _failed(database, run_id, f"程序内部出错：{type(error).__name__}")
        raise
    return _keep(database, run_id, built, composed)


def in_background(database: Database, run_id: int, today: date) -> None:
    """Composes in a thread of this process; a process that ends meanwhile leaves the run interrupted."""

    def run() -> None:
        try:
            work(database, run_id, today)
        except Exception as error:
            logger.error("编排日程出错（记录 %s）", run_id, exc_info=error)

    Thread(target=run, name=f"composing-{run_id}", daemon=True).start()


def _prepared(
    database: Database, run_id: int, today: date
) -> tuple[BuiltProgramme, ComposeEffort, list[PlannedMeeting]]:
    with database.read() as session:
        run = meetings.run_with_id(session, run_id)
        row = activities.get(session, run.activity_id)
        replanned = run.kind == ScheduleKind.REPLANNED
        current = schedules.current(session, row)
        built = build(
            session,
            run.activity_id,
            today,
            pairs=schedules.pairs_of(current) if replanned else None,
            since=Since(*run.settings["since"]),
            on_the_day=replanned,
        )
        resumed = run.settings.get("resumed")
        # A run that was killed has no plan of its own.
        start = schedules.plan_of(meetings.run_of(session, run.activity_id, resumed)) if resumed else []
        start = start or (schedules.plan_of(current) if replanned else [])
    if not built.pairs:
        raise Conflict("没有可会谈的组合", hint="请登记参加的企业与团队，或先运行 patentdock nightly")
    seconds = float(run.settings["seconds"])
    effort = ComposeEffort(
        seed=run.seed, value_work=seconds / 3, timing_work=seconds * 2 / 3, quick=run.settings["quick"]
    )
    return built, effort, start


def _replan(
    database: Database,
    run_id: int,
    built: BuiltProgramme,
    how: tuple[ComposeEffort, ComposeWatch, list[PlannedMeeting]],
) -> ScheduleState:
    """Changes as little of the schedule as no-shows and late wishes demand."""
    effort, watch, start = how
    records, since = built.records, built.since
    over = {
        (one.firm_id, one.team_id)
        for one in records.meetings
        if since.is_after(one) and one.state in NOT_HELD
    }
    before = built.schedule_of(one for one in start if one.pair not in over)
    planned = {one.pair for one in start}
    wanted = {pair_id(pair) for pair in wished(records) if pair not in planned and pair in built.pairs}
    absent = frozenset(id_ for id_ in records.absent if id_ in built.programme.participant)
    now_ = built.index_of(since.session, since.slot)
    change = DayChange(now_, absent, frozenset(wanted & built.programme.pair.keys()))
    found = replan(built.programme, before, change, effort, watch)
    return _keep(database, run_id, built, found.composed, found.unmet)


def _failed(
    database: Database, run_id: int, message: str, findings: list[str] | None = None
) -> ScheduleState:
    with database.write() as session:
        run = meetings.run_with_id(session, run_id)
        run.state, run.message, run.findings = ScheduleState.FAILED, message, findings or []
        run.updated_at = now()
        activity = activities.get(session, run.activity_id)
        history.note(
            session,
            activity,
            ActivityAction.COMPOSED,
            run.actor,
            f"第 {run.number} 份日程",
            message=message,
            findings=findings or [],
        )
    return ScheduleState.FAILED


def _keep(
    database: Database, run_id: int, built: BuiltProgramme, composed: Composed, unmet: Sequence[str] = ()
) -> ScheduleState:
    """Stores what was composed; a whole and checked schedule comes into force with it, in the same transaction.

    `unmet` are rules that cannot be kept any more on the day: they are reported and hinder nothing.
    """
    try:
        with database.write() as session:
            run = meetings.run_with_id(session, run_id)
            fill(run, built, composed.schedule, composed.value, unmet)
            run.bound, run.gap, run.breaks = composed.bound, composed.gap, composed.breaks
            run.seconds, run.method = round(composed.seconds, 2), composed.method
            run.state = ScheduleState.FINISHED if composed.complete else ScheduleState.CANCELLED
            if composed.complete and run.is_checked:
                schedules.put_in_force(session, run, actor=run.actor)
            return run.state
    except PatentDockError as error:
        return _failed(database, run_id, error.message)


def fill(
    run: ScheduleRun, built: BuiltProgramme, schedule: Schedule, value: int, unmet: Sequence[str] = ()
) -> None:
    """Stores a schedule in a run, with the candidate pairs and what the checker says of it beyond what is `unmet`."""
    sentences = [one.sentence for one in check(built.programme, schedule)]
    broken = [one for one in sentences if one not in unmet]
    run.settings = run.settings | {"unmet": list(unmet)}
    run.plan = [list(one) for one in built.plan_of(schedule)]
    run.pairs = [list(pair) for pair in _ordered(built)]
    run.night_run_id = built.night_run_id
    run.value, run.is_checked = value, not broken
    run.findings = [*broken, *unmet, *built.notices]
    run.updated_at = now()


def _ordered(built: BuiltProgramme) -> list[CandidatePair]:
    return [built.pairs[key] for key in sorted(built.pairs)]
