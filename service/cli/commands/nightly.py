"""The command of the nightly run."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.terminal.output import print_error, print_json, step_progress
from service.cli.terminal.runtime import ready_runtime

if TYPE_CHECKING:
    from service.night.nightly import NightPlan

FILES_REFUSED, ALREADY_RUNNING = 3, 4
"""Exit codes beside 0 (done), 1 (failed) and 2 (wrong usage)."""


def nightly(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只检查并说明将做什么，不改动任何内容")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="从头开始，不续做今夜中断或失败的批处理")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="以一个 JSON 对象输出")] = False,
) -> int:
    """夜间批处理：导入投递文件、盘点筛选、重建索引、全量匹配、与上一次比较、写报告。

    中断后再次运行会从未完成的一步续做。退出码：0 完成；1 失败；2 用法有误；3 完成，但有文件被拒绝；4 已有一个在运行。
    """
    from service.night.nightly import AlreadyRunning, plan, run

    runtime = ready_runtime()
    if dry_run:
        return _show_plan(plan(runtime), as_json)
    try:
        with step_progress() as progress:
            done = run(runtime, fresh=fresh, progress=progress)
    except AlreadyRunning as error:
        print_error(error.message, error.hint)
        return ALREADY_RUNNING
    folder = runtime.settings.data / "reports"
    reports = [folder / name for name in done.stages["report"]["files"]]
    if as_json:
        print_json(done.model_dump(mode="json") | {"reports": [str(path) for path in reports]})
    else:
        _print_report(reports)
    return FILES_REFUSED if any(file["refused"] for file in done.stages["import"]["files"]) else 0


def _print_report(reports: list[Path]) -> None:
    for path in reports:
        if path.suffix == ".txt":
            print(path.read_text("utf-8"), end="")
    print(f"报告：{'、'.join(str(path) for path in reports)}")


def _show_plan(wanted: NightPlan, as_json: bool) -> int:
    if as_json:
        print_json(asdict(wanted) | {"files": [file.model_dump() for file in wanted.files]})
    else:
        if wanted.resumes:
            print(f"将续做第 {wanted.resumes} 次批处理")
        print("将依次：" + "、".join(wanted.stages))
        for file in wanted.files:
            counts = f"共 {file.rows} 行，新增 {file.new}，更新 {file.changed}，退回 {file.rejected}"
            print(f"  {file.kind}/{file.file}：" + (f"将被拒绝：{file.refused}" if file.refused else counts))
        if not wanted.files:
            print("  投递文件夹中没有文件")
    return FILES_REFUSED if any(file.refused for file in wanted.files) else 0


def register(app: typer.Typer, command: type, _group: type) -> None:
    """Add this command to the command line."""
    app.command("nightly", cls=command)(nightly)
