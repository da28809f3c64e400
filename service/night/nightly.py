"""The nightly run (夜间批处理): import, screen, index, match, compare, report.

Every finished stage is recorded in the catalogue with its result; after a kill the next start resumes with the
interrupted stage, which starts from its beginning. The service keeps the previous generation until the new one has been
verified.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Any

from catalog.accounts import repeats
from catalog.kit.base import id_of, now
from catalog.kit.days import beijing_today
from catalog.kit.errors import InProgress, PatentDockError
from catalog.kit.processes import this_process
from catalog.kit.progress import StepProgress
from catalog.kit.terms import Band
from catalog.runs import matches as night_matches
from catalog.runs import nights as nightly_runs
from catalog.runs.matches import NightChanges, NightSide
from catalog.runs.nights import NightlyRunPublic
from catalog.webhooks import deliveries
from service.installation.busy import NIGHT_LOCK
from service.installation.runtime import Runtime
from service.night import inbox
from service.night import report as nightly_report
from service.night.inbox import FileResult

Result = dict[str, Any]

RESUMED_WITHIN = timedelta(hours=20)
"""An unfinished run that began longer ago belongs to another night and is abandoned."""
KEPT_NIGHTS, KEPT_PATENT_NIGHTS = 30, 2
"""Nights whose matches of needs, and of patents, stay in the catalogue."""
KEPT_EVENTS = timedelta(days=30)
"""How long events that were delivered or given up can be looked up."""


class AlreadyRunning(InProgress):
    """Another nightly run is on its way."""


@dataclass(frozen=True, slots=True)
class NightPlan:
    """Plan of a nightly run: files with the expected result of importing them, stages, and the run it would resume."""

    files: list[FileResult]
    stages: list[str]
    resumes: int | None


@contextmanager
def locked(data: Path) -> Iterator[None]:
    """Hold the right to run; a killed holder loses it. Raises AlreadyRunning."""
    data.mkdir(parents=True, exist_ok=True)
    # Opened so that nobody who only tries takes the name of the process out of it.
    with (data / NIGHT_LOCK).open("a", encoding="utf-8") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunning(
                "另一个夜间批处理正在运行", hint="请待其结束后重试；异常中止时自动释放"
            ) from error
        handle.truncate(0)
        handle.write(this_process())
        handle.flush()
        try:
            yield
        finally:
            handle.truncate(0)


def run(runtime: Runtime, *, fresh: bool = False, progress: StepProgress | None = None) -> NightlyRunPublic:
    """Runs the night, or resumes tonight's run that was killed or failed, unless `fresh`.

    Returns the finished run. Raises AlreadyRunning, and the error of a failed stage after recording it.
    """
    with locked(runtime.settings.data):
        return _Night(runtime, _begin(runtime, fresh), progress or (lambda step, done, total: None)).run()


def plan(runtime: Runtime) -> NightPlan:
    """The files and stages that `run` would go through now; changes nothing. Raises NotReady as the stages would."""
    files: list[FileResult] = []
    inbox.import_waiting(runtime, "", dry_run=True, done=files.append)
    _ = runtime.model_path
    open_run = _unfinished(runtime)
    done = open_run.stages if open_run else {}
    stages = [LABELS[stage] for stage in STAGES if not _is_done(done.get(stage))]
    return NightPlan(files, stages, open_run.id if open_run else None)


def _unfinished(runtime: Runtime) -> NightlyRunPublic | None:
    with runtime.database.read() as session:
        row = nightly_runs.unfinished(session, now() - RESUMED_WITHIN)
        return nightly_runs.public(row) if row else None


def _begin(runtime: Runtime, fresh: bool) -> int:
    open_run = None if fresh else _unfinished(runtime)
    with runtime.database.write() as session:
        repeats.forget(session, now())
        row = nightly_runs.resume(session, open_run.id) if open_run else nightly_runs.start(session)
        return id_of(row)


def _is_done(result: Result | None) -> bool:
    # The seconds are noted at the end; what stands there before is what a stage has got so far.
    return result is not None and "seconds" in result


class _Night:
    """One run on its way."""

    def __init__(self, runtime: Runtime, run_id: int, progress: StepProgress) -> None:
        self.runtime, self.run_id, self.progress = runtime, run_id, progress

    def run(self) -> NightlyRunPublic:
        """All stages that are not done."""
        try:
            for stage, work in STAGES.items():
                if _is_done(self.state().stages.get(stage)):
                    continue
                start = monotonic()
                result = work(self)
                self.note(stage, result | {"seconds": round(monotonic() - start, 1)})
        except Exception as error:
            message = (
                str(error) if isinstance(error, PatentDockError) else f"程序内部出错：{type(error).__name__}"
            )
            with self.runtime.database.write() as session:
                nightly_runs.finish(session, self.run_id, failed=message)
            raise
        with self.runtime.database.write() as session:
            nightly_runs.finish(session, self.run_id)
            night_matches.announce_changes(session, self.run_id)
            deliveries.prune(session, now() - KEPT_EVENTS)
            kept = nightly_runs.finished_ids(session)
            night_matches.prune(session, kept[:KEPT_NIGHTS], kept[:KEPT_PATENT_NIGHTS])
        return self.state()

    def state(self) -> NightlyRunPublic:
        """The run as the catalogue has it."""
        with self.runtime.database.read() as session:
            return nightly_runs.public(nightly_runs.get(session, self.run_id))

    def note(self, stage: str, result: Result) -> None:
        """Stores the result of a stage."""
        with self.runtime.database.write() as session:
            name = str(result.get("generation", ""))
            nightly_runs.note_stage(session, self.run_id, stage, result, generation=name)

    def import_files(self) -> Result:
        """Import what lies in the drop folder; files done before a kill stay in the result."""
        result: Result = self.state().stages.get("import") or {"files": []}

        def done(file: FileResult) -> None:
            result["files"].append(file.model_dump())
            self.note("import", result)

        inbox.prepare(inbox.folder_of(self.runtime))
        label = f"{beijing_today():%Y%m%d}-{self.run_id}"
        inbox.import_waiting(self.runtime, label, done=done, progress=self.progress)
        return result

    def screen(self) -> Result:
        """Screen all patents as of today."""
        from service.installation.screening import screen

        report = screen(
            self.runtime,
            beijing_today(),
            lambda done, total: self.progress("盘点筛选", done, total or done),
        )
        return asdict(report) | {"as_of": report.as_of.isoformat()}

    def index(self) -> Result:
        """Builds, verifies and activates a generation."""
        from service.installation.indexing import rebuild

        report = rebuild(self.runtime, self.progress)
        return {
            "generation": report.build.name,
            "patents": report.build.patents,
            "needs": report.build.needs,
            "embedded": report.build.embedded,
            "reused": report.build.reused,
        }

    def match(self) -> Result:
        """Match all needs and patents of tonight's generation."""
        from matching.night.night import Found, match_all, with_settled_bands
        from matching.ranking.factors import load as load_factors

        with self.runtime.database.write() as session:
            night_matches.clear(session, self.run_id)
            before = nightly_runs.previous(session, self.run_id)
            bands = night_matches.settled_bands(session, id_of(before)) if before else {}

        def store(side: NightSide, found: Found) -> None:
            with self.runtime.database.write() as session:
                night_matches.store(session, self.run_id, side, with_settled_bands(found, bands))

        name = self.state().generation
        threads = self.runtime.settings.threads or os.cpu_count() or 1
        rules, day = load_factors(self.runtime.settings.data), beijing_today()
        report = match_all(
            self.runtime.store.open(name), day, store, rules, threads=threads, progress=self.progress
        )
        about = {"generation": name, "day": day.isoformat(), "factor_rules": rules.version}
        return asdict(report) | about

    def compare(self) -> Result:
        """Hold the matches of every need, those of the bands 高 and 中, against those of the run before."""
        database = self.runtime.database
        with database.read() as session:
            before = nightly_runs.previous(session, self.run_id)
            if before is None or not night_matches.knows_bands(session, id_of(before)):
                return {"previous": None}
            old = night_matches.settled_bands(session, id_of(before))
            new = night_matches.settled_bands(session, self.run_id)
        changes = [
            change for need, bands in new.items() if (change := difference(need, old.get(need, {}), bands))
        ]
        with database.write() as session:
            night_matches.set_changes(session, self.run_id, changes)
        return {
            "previous": before.id,
            "needs_new": len(new.keys() - old.keys()),
            "needs_gone": len(old.keys() - new.keys()),
            "needs_changed": len(changes),
            "needs_unchanged": len(new) - len(changes),
            "matches_new": sum(len(change.new) for change in changes),
            "matches_gone": sum(len(change.gone) for change in changes),
            "matches_rebanded": sum(len(change.rebanded) for change in changes),
        }

    def backup(self) -> Result:
        """Backs the installation up where a folder is set and removes old backups; a failure is told, but undoes nothing."""
        from service.backup.nightly_backup import back_up

        return back_up(self.runtime, self.progress)

    def report(self) -> Result:
        """Write the report for the morning."""
        paths = nightly_report.write(self.runtime, self.state(), LABELS)
        return {"files": [path.name for path in paths]}


def difference(need_id: int, before: Mapping[int, Band], after: Mapping[int, Band]) -> NightChanges | None:
    """The changes among the pairs of a need that count as matches, given their bands by patent; None if nothing did."""
    old, new = (
        {patent: band for patent, band in bands.items() if band.is_match} for bands in (before, after)
    )
    if old == new:
        return None
    return NightChanges(
        need_id=need_id,
        new=[patent for patent in new if patent not in old],
        gone=[patent for patent in old if patent not in new],
        rebanded=[
            (patent, old[patent], band)
            for patent, band in new.items()
            if patent in old and old[patent] is not band
        ],
    )


STAGES: dict[str, Callable[[_Night], Result]] = {
    "import": _Night.import_files,
    "screen": _Night.screen,
    "reindex": _Night.index,
    "match": _Night.match,
    "compare": _Night.compare,
    "backup": _Night.backup,
    "report": _Night.report,
}
LABELS = {
    "import": "导入新文件",
    "screen": "盘点筛选",
    "reindex": "重建、校验并启用索引",
    "match": "全量匹配",
    "compare": "与上一次比较",
    "backup": "备份",
    "report": "写报告",
}
